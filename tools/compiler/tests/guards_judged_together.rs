//! Guards are judged together; here every judgement is held against all values that the variables can have.
//!
//! What is said to be always answered must be so for all values, what is said to be open must be so for some, and what
//! is said never to be reached must be so for all. What is left open must be known, and where no guard compares two
//! variables or calculates, what is reached too.

use automata_compiler::analyse;
use automata_compiler::selection::{Cause, Remainder, answers};
use automata_compiler::source::{Source, Sources};
use proptest::prelude::*;

/// What the variables of the definition are: `a` and `b` from 0 to 3, `p`, `q`, and `c`, a `Cause?` (3 is `none`).
#[derive(Clone, Copy, Debug)]
struct Values {
    a: u8,
    b: u8,
    p: bool,
    q: bool,
    c: usize,
}

const CAUSES: [&str; 4] = ["Lost", "Closed", "TimedOut", "none"];
const OPERATORS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

fn compare(operator: &str, left: u8, right: u8) -> bool {
    match operator {
        "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        _ => left >= right,
    }
}

#[derive(Clone, Debug)]
enum Guard {
    P,
    Q,
    SameBools,
    AWith(&'static str, u8),
    WithB(u8, &'static str),
    AWithB(&'static str),
    SumWith(&'static str, u8),
    QuotientWith(&'static str, u8),
    CauseIs(usize),
    CauseIsNot(usize),
    Not(Box<Guard>),
    And(Box<Guard>, Box<Guard>),
    Or(Box<Guard>, Box<Guard>),
}

impl Guard {
    fn text(&self) -> String {
        match self {
            Guard::P => "p".to_owned(),
            Guard::Q => "q".to_owned(),
            Guard::SameBools => "p == q".to_owned(),
            Guard::AWith(operator, constant) => format!("a {operator} {constant}"),
            Guard::WithB(constant, operator) => format!("{constant} {operator} b"),
            Guard::AWithB(operator) => format!("a {operator} b"),
            Guard::SumWith(operator, constant) => format!("a + b {operator} {constant}"),
            Guard::QuotientWith(operator, constant) => format!("a / b {operator} {constant}"),
            Guard::CauseIs(cause) => format!("c == {}", CAUSES[*cause]),
            Guard::CauseIsNot(cause) => format!("{} != c", CAUSES[*cause]),
            Guard::Not(of) => format!("not ({})", of.text()),
            Guard::And(left, right) => format!("({}) and ({})", left.text(), right.text()),
            Guard::Or(left, right) => format!("({}) or ({})", left.text(), right.text()),
        }
    }

    /// `None` after a division by zero, which makes the whole guard false.
    fn value(&self, of: Values) -> Option<bool> {
        Some(match self {
            Guard::P => of.p,
            Guard::Q => of.q,
            Guard::SameBools => of.p == of.q,
            Guard::AWith(operator, constant) => compare(operator, of.a, *constant),
            Guard::WithB(constant, operator) => compare(operator, *constant, of.b),
            Guard::AWithB(operator) => compare(operator, of.a, of.b),
            Guard::SumWith(operator, constant) => compare(operator, of.a + of.b, *constant),
            Guard::QuotientWith(operator, constant) => compare(operator, of.a.checked_div(of.b)?, *constant),
            Guard::CauseIs(cause) => of.c == *cause,
            Guard::CauseIsNot(cause) => of.c != *cause,
            Guard::Not(inner) => !inner.value(of)?,
            Guard::And(left, right) => left.value(of)? && right.value(of)?,
            Guard::Or(left, right) => left.value(of)? || right.value(of)?,
        })
    }

    /// It neither compares variables with one another, nor calculates.
    fn is_plain(&self) -> bool {
        match self {
            Guard::AWithB(_) | Guard::SumWith(..) | Guard::QuotientWith(..) => false,
            Guard::Not(of) => of.is_plain(),
            Guard::And(left, right) | Guard::Or(left, right) => left.is_plain() && right.is_plain(),
            _ => true,
        }
    }
}

fn guards() -> impl Strategy<Value = Guard> {
    let operator = || proptest::sample::select(OPERATORS.as_slice());
    let leaf = prop_oneof![
        Just(Guard::P),
        Just(Guard::Q),
        Just(Guard::SameBools),
        (operator(), 0..5_u8).prop_map(|(operator, constant)| Guard::AWith(operator, constant)),
        (0..5_u8, operator()).prop_map(|(constant, operator)| Guard::WithB(constant, operator)),
        operator().prop_map(Guard::AWithB),
        (operator(), 0..7_u8).prop_map(|(operator, constant)| Guard::SumWith(operator, constant)),
        (operator(), 0..4_u8).prop_map(|(operator, constant)| Guard::QuotientWith(operator, constant)),
        (0..4_usize).prop_map(Guard::CauseIs),
        (0..4_usize).prop_map(Guard::CauseIsNot),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|of| Guard::Not(Box::new(of))),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| Guard::And(Box::new(left), Box::new(right))),
            (inner.clone(), inner).prop_map(|(left, right)| Guard::Or(Box::new(left), Box::new(right))),
        ]
    })
}

fn all_values() -> Vec<Values> {
    let mut all = Vec::new();
    for code in 0..(4 * 4 * 2 * 2 * 4_usize) {
        let (a, b, p, q, c) = (code % 4, code / 4 % 4, code / 16 % 2, code / 32 % 2, code / 64);
        all.push(Values { a: a as u8, b: b as u8, p: p == 1, q: q == 1, c });
    }
    all
}

/// What the compiler says of these cases: what they leave over, and which are reached.
fn judged(guards: &[Guard]) -> (Remainder, Vec<bool>) {
    let mut text = "automaton: machine
summary: Guards, judged together.
variables:
  a: { type: u8, initial: 0, max: 3 }
  b: { type: u8, initial: 0, max: 3 }
  p: { type: bool, initial: false }
  q: { type: bool, initial: false }
  c: { type: \"Cause?\", initial: none }
events: { e: { from: node } }
on:
  e:
"
    .to_owned();
    for guard in guards {
        text.push_str(&format!("    - {{ if: {}, stay: here }}\n", guard.text()));
    }
    let file = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let types = "types: { Cause: { enum: [Lost, Closed, TimedOut], summary: Why. } }\n";
    let sources = Sources::new(vec![
        file("machine.yaml", &text),
        file("parts.yaml", "parts: { node: The program. }\n"),
        file("types.yaml", types),
    ]);
    let analysis = analyse(&sources);
    let system = analysis.system.unwrap_or_else(|| panic!("{text}\n{:?}", analysis.findings));
    let answers = answers(&system, &system.automata[0]);
    let chain = &answers[0].events[0];
    assert!(matches!(chain.cause, Cause::Event(_)));
    (chain.remainder, chain.steps.iter().map(|step| step.reached).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_said_of_guards_is_so(guards in proptest::collection::vec(guards(), 1..5)) {
        let (remainder, reached) = judged(&guards);
        let mut is_open = false;
        let mut is_reached = vec![false; guards.len()];
        for values in all_values() {
            match guards.iter().position(|guard| guard.value(values) == Some(true)) {
                Some(first) => is_reached[first] = true,
                None => is_open = true,
            }
        }
        match remainder {
            Remainder::Nothing => prop_assert!(!is_open, "said to be closed: {guards:?}"),
            Remainder::Something => prop_assert!(is_open, "said to be open: {guards:?}"),
            Remainder::Unknown => prop_assert!(false, "so few values can all be tried: {guards:?}"),
        }
        for (index, guard) in guards.iter().enumerate() {
            prop_assert!(reached[index] || !is_reached[index], "said never to be reached: {}", guard.text());
        }
        if guards.iter().all(Guard::is_plain) {
            prop_assert_eq!(reached, is_reached);
        }
    }
}

#[test]
fn a_division_that_is_not_made_is_no_fault() {
    // Where `b` is 0 the first is false, and the second holds if `p` does: its right side is not looked at.
    let either = Guard::Or(Box::new(Guard::QuotientWith("==", 1)), Box::new(Guard::QuotientWith("!=", 1)));
    let lazy = Guard::Or(Box::new(Guard::P), Box::new(Guard::QuotientWith("==", 1)));
    let (remainder, reached) = judged(&[either, lazy]);
    assert_eq!(reached, [true, true]);
    assert_eq!(remainder, Remainder::Something, "`b` may be 0, and `p` false");
}
