//! What was probably meant: the known name that is nearest to a mistyped one.
//!
//! The distance counts inserted, deleted and replaced characters, and neighbours swapped (optimal string alignment),
//! without regard to case and `_`/`-`, so that `conected`, `Connected` and `CONNECTED` are near one another.

/// Longer names are not compared: the effort is quadratic.
const LONGEST: usize = 100;

/// More candidates than any definition has are not compared: many unknown names would be compared with each.
const MOST_CANDIDATES: usize = 2_000;

/// The nearest of the candidates, if it is near enough to suggest; the first of several equally near ones.
#[must_use]
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(written);
    let limit = (folded.len() / 3).max(1);
    candidates
        .into_iter()
        .take(MOST_CANDIDATES)
        .filter(|candidate| *candidate != written)
        .filter_map(|candidate| Some((distance(&folded, &fold(candidate), limit)?, candidate)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn fold(name: &str) -> Vec<char> {
    name.chars().take(LONGEST + 1).filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// The number of edits from what was written to another word, if it is not over the limit and less than the whole of
/// either.
pub(crate) fn edits(written: &str, other: &str, limit: usize) -> Option<usize> {
    distance(&fold(written), &fold(other), limit)
}

/// The number of edits between the two, if it is not over the limit and less than the whole of either.
fn distance(a: &[char], b: &[char], limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit || a.len() > LONGEST || b.len() > LONGEST || a.is_empty() || b.is_empty() {
        return None;
    }
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut current = vec![0; b.len() + 1];
    for i in 1..=a.len() {
        current[0] = i;
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            current[j] = replaced.min(last[j] + 1).min(current[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                current[j] = current[j].min(before_last[j - 2] + 1);
            }
        }
        std::mem::swap(&mut before_last, &mut last);
        std::mem::swap(&mut last, &mut current);
    }
    let edits = last[b.len()];
    (edits <= limit && edits < a.len().min(b.len())).then_some(edits)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_the_usual_slips() {
        let names = ["CONNECTED", "DISCONNECTED", "DISCONNECTING", "peer", "missed"];
        assert_eq!(nearest("CONECTED", names), Some("CONNECTED"));
        assert_eq!(nearest("DISCONECTED", names), Some("DISCONNECTED"));
        assert_eq!(nearest("pere", names), Some("peer"), "neighbours swapped are one slip");
        assert_eq!(nearest("Missed", names), Some("missed"), "case alone is no distance");
    }

    #[test]
    fn is_silent_where_nothing_is_near() {
        assert_eq!(nearest("banana", ["CONNECTED", "peer"]), None);
        assert_eq!(nearest("a", ["b"]), None, "one letter has nothing in common with another");
        assert_eq!(nearest("peer", ["peer"]), None, "the name itself is not what was meant");
        assert_eq!(nearest("", ["x"]), None);
    }

    #[test]
    fn does_not_grow_with_absurd_names() {
        let long = "x".repeat(1_000_000);
        assert_eq!(nearest(&long, [long.as_str(), "x"]), None);
    }
}
