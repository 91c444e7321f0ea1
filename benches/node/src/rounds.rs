//! Rounds: every contender has its turn in each of them, and each begins another one.

use anyhow::Context as _;

/// What a contender came to in one round, in the order of the columns.
pub type Figures = Vec<f64>;

/// A table: who is compared, and by what.
pub struct Table {
    /// What it is about.
    pub title: String,
    /// What the figures are, with their units. The first one is compared.
    pub columns: Vec<&'static str>,
    /// The contender against which the others are compared.
    pub against: usize,
}

/// Lets every contender have its turn in every round, and prints the medians with the ratios of the first column.
///
/// # Errors
/// What went wrong with a contender.
pub fn compare<C>(
    table: &Table,
    rounds: u32,
    contenders: &[(&str, C)],
    mut turn: impl FnMut(&C) -> anyhow::Result<Figures>,
) -> anyhow::Result<()> {
    println!("\n{}; median of {rounds}, in turns", table.title);
    let mut found: Vec<Vec<Figures>> = vec![Vec::new(); contenders.len()];
    for round in 0..rounds as usize {
        for place in 0..contenders.len() {
            // Whoever comes after a noisy one does not always do so.
            let who = (place + round) % contenders.len();
            let (name, contender) = &contenders[who];
            found[who].push(turn(contender).with_context(|| format!("{name}, round {}", round + 1))?);
        }
    }
    let medians: Vec<Figures> = found
        .iter()
        .map(|rounds| (0..table.columns.len()).map(|column| median(rounds.iter().map(|round| round[column]))).collect())
        .collect();
    let width = contenders.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    print!("  {:width$}", "");
    table.columns.iter().for_each(|column| print!("  {column:>14}"));
    println!("  {:>9}  {:>15}", "ratio", "least to most");
    let base = medians[table.against][0];
    for ((name, _), (medians, rounds)) in contenders.iter().zip(medians.iter().zip(&found)) {
        print!("  {name:width$}");
        medians.iter().for_each(|figure| print!("  {:>14}", shown(*figure)));
        let first = || rounds.iter().map(|round| round[0]);
        let (least, most) = (first().fold(f64::INFINITY, f64::min), first().fold(0.0, f64::max));
        println!("  {:>9.3}  {:>15}", medians[0] / base, format!("{} to {}", shown(least), shown(most)));
    }
    Ok(())
}

/// The one in the middle; of an even number, the mean of the two.
pub fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = figures.collect();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => (sorted[even / 2 - 1] + sorted[even / 2]) / 2.0,
    }
}

/// The figure below which such a part of them is, by the nearest rank; they are sorted for it.
pub fn quantile(figures: &mut [f64], part: f64) -> f64 {
    figures.sort_by(f64::total_cmp);
    let rank = (part * figures.len() as f64).ceil() as usize;
    figures.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// Three digits that say something.
fn shown(figure: f64) -> String {
    match figure {
        figure if figure >= 100.0 => format!("{figure:.0}"),
        figure if figure >= 10.0 => format!("{figure:.1}"),
        figure => format!("{figure:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_quantiles_are_those_of_the_sorted_figures() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        let mut figures: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!((quantile(&mut figures, 0.5), quantile(&mut figures, 0.99)), (50.0, 99.0));
        assert_eq!(quantile(&mut [7.0], 0.99), 7.0);
    }

    #[test]
    fn each_contender_has_its_turn_in_each_round_and_none_is_always_the_first() {
        let table = Table { title: "a test".to_owned(), columns: vec!["figure"], against: 0 };
        let mut turns = Vec::new();
        compare(&table, 2, &[("a", 'a'), ("b", 'b')], |who| {
            turns.push(*who);
            Ok(vec![1.0])
        })
        .expect("nothing fails");
        assert_eq!(turns, ['a', 'b', 'b', 'a']);
    }
}
