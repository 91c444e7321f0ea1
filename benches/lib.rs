//! What the benchmarks share: interleaved rounds, medians, and the table of ratios.
//!
//! A time alone means nothing on a machine that is not known, so every figure stands beside the alternative that ran in
//! the same round. Rounds are interleaved so that a slow moment of the machine hits all contenders alike.

use std::time::Instant;

/// Rounds of each comparison.
pub const ROUNDS: usize = 20;

/// One thing to be measured: a name, and a closure that does `operations` operations.
pub struct Contender<'a> {
    name: &'static str,
    run: Box<dyn FnMut() + 'a>,
    nanoseconds: Vec<f64>,
    /// On a processor, of the thread that measures.
    processor: Vec<f64>,
}

impl<'a> Contender<'a> {
    /// A contender; the closure does all operations of one round.
    pub fn new(name: &'static str, run: impl FnMut() + 'a) -> Self {
        Self { name, run: Box::new(run), nanoseconds: Vec::new(), processor: Vec::new() }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// Medians of one comparison, in nanoseconds per operation, in the order of the contenders.
pub struct Comparison {
    /// Name and median.
    pub medians: Vec<(&'static str, f64)>,
    processor: Vec<f64>,
}

impl Comparison {
    /// The median of that contender.
    ///
    /// # Panics
    /// If there is none of that name.
    #[must_use]
    pub fn of(&self, name: &str) -> f64 {
        self.medians[self.place(name)].1
    }

    /// Likewise, of the time that the thread that measures was on a processor, without that in which others were; none
    /// if the system does not tell.
    ///
    /// # Panics
    /// If there is none of that name.
    #[must_use]
    pub fn processor_of(&self, name: &str) -> Option<f64> {
        Some(self.processor[self.place(name)]).filter(|nanoseconds| *nanoseconds > 0.0)
    }

    fn place(&self, name: &str) -> usize {
        self.medians.iter().position(|(candidate, _)| *candidate == name).expect("a contender of that name")
    }
}

/// Runs the contenders in turn, [`ROUNDS`] times (and once to warm up), and takes medians.
#[must_use]
pub fn compare(operations: u64, mut contenders: Vec<Contender<'_>>) -> Comparison {
    for contender in &mut contenders {
        (contender.run)();
    }
    for round in 0..ROUNDS {
        let count = contenders.len();
        for offset in 0..count {
            let contender = &mut contenders[(round + offset) % count];
            let (begin, processor) = (Instant::now(), on_processor());
            (contender.run)();
            contender.nanoseconds.push(begin.elapsed().as_nanos() as f64 / operations as f64);
            contender.processor.push((on_processor() - processor) as f64 / operations as f64);
        }
    }
    let medians = contenders.iter_mut().map(|it| (it.name, median(std::mem::take(&mut it.nanoseconds)))).collect();
    let processor = contenders.into_iter().map(|contender| median(contender.processor)).collect();
    Comparison { medians, processor }
}

/// Nanoseconds that this thread was on a processor so far, as Linux tells; 0 if it does not.
fn on_processor() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0)
}

/// The middle of the values; of an even number of them, the mean of the two in the middle.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}
