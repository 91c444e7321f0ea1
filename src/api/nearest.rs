//! What somebody may have meant by a word that is not known.

/// Characters of a word that are compared.
const COMPARED_CHARACTERS: usize = 64;

/// The candidate that differs least, if it differs little: by a third of its letters at most.
#[must_use]
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if written.chars().count() > COMPARED_CHARACTERS {
        return None;
    }
    let near = candidates.into_iter().map(|candidate| (distance(written, candidate), candidate)).min()?;
    (near.0 <= near.1.chars().count().max(3) / 3).then_some(near.1)
}

/// How many letters have to be put in, taken out, changed, or swapped with their neighbour (optimal string alignment).
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows: [Vec<usize>; 3] = [vec![0; to.len() + 1], vec![0; to.len() + 1], (0..=to.len()).collect()];
    for (row, &letter) in from.iter().enumerate() {
        rows.rotate_left(1);
        rows[2][0] = row + 1;
        for (column, &other) in to.iter().enumerate() {
            let changed = rows[1][column] + usize::from(letter != other);
            let mut least = changed.min(rows[1][column + 1] + 1).min(rows[2][column] + 1);
            if row > 0 && column > 0 && letter == to[column - 1] && from[row - 1] == other {
                least = least.min(rows[0][column - 1] + 1);
            }
            rows[2][column + 1] = least;
        }
    }
    rows[2][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted() {
        for (from, to, count) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("statsu", "status", 1),
            ("ab", "ba", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!((distance(from, to), distance(to, from)), (count, count), "{from} {to}");
        }
    }

    #[test]
    fn only_what_is_near_is_offered() {
        let words = ["status", "peers.list", "id"];
        assert_eq!(nearest("peer.list", words), Some("peers.list"));
        assert_eq!(nearest("stauts", words), Some("status"));
        assert_eq!(nearest("something", words), None);
        assert_eq!(nearest(&"s".repeat(1_000_000), words), None);
    }
}
