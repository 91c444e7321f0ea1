//! What one dispatch costs: generated code beside a hand-written nested `match`, `statig` with native nesting, and
//! (flat) `smlang` and `rust-fsm`.
//!
//! All contenders keep the same three counters (ticks, states entered, states left) and handle the same events; that
//! they do the same work is checked before anything is measured. `cargo bench -p bitpie-benches --bench dispatch`

mod flat;
mod generated;
mod hand;
mod nested;

use std::hint::black_box;

use bitpie_benches::{Comparison, Contender, compare};
use hand::Event;
use statig::blocking::IntoStateMachineExt as _;

/// Dispatches of one contender in one round.
const OPERATIONS: u64 = 2_048_000;
/// Machines of each contender, which take turns. One machine alone, hit again and again, measures above all whether the
/// processor forwards its counter from the last store to the next load: the hand-written match alone then jumps between
/// 1.1 and 3.4 ns.
const MACHINES: usize = 64;
/// Events are read from memory in runs of this length, so that no contender can guess them.
const RUN: usize = 16 * MACHINES;

/// The situations that are measured.
const CASES: [(&str, Event); 4] = [
    ("steady, handled by the leaf", Event::Tick),
    ("steady, handled by the root", Event::RootTick),
    ("to the sibling and back", Event::Sibling),
    ("far transition and back", Event::Far),
];

fn main() {
    println!("ns per dispatch, median of {} interleaved rounds of {OPERATIONS}", bitpie_benches::ROUNDS);
    println!(
        "{:<8}{:<30}{:>10}{:>10}{:>9}{:>15}{:>9}{:>10}",
        "depth", "case", "generated", "match", "ratio", "statig nested", "smlang", "rust-fsm"
    );
    let mut missed = 0;
    for (name, event) in CASES {
        missed += u32::from(!report(1, name, &depth_1(event)));
    }
    for (name, event) in CASES {
        missed += u32::from(!report(3, name, &depth_3(event)));
    }
    for (name, event) in CASES {
        missed += u32::from(!report(6, name, &depth_6(event)));
    }
    println!("aim: generated ≤ 1.2 × the match, or within 1 ns of it: missed in {missed} of {} cases", 3 * CASES.len());
}

/// Prints a row, and tells whether the aim is reached.
fn report(depth: u32, case: &str, comparison: &Comparison) -> bool {
    let (generated, hand) = (comparison.of("generated"), comparison.of("match"));
    let reached = generated <= hand * 1.2 || generated - hand <= 1.0;
    let optional = |name| {
        let found = comparison.medians.iter().find(|(candidate, _)| *candidate == name);
        found.map_or_else(|| "–".to_owned(), |(_, median)| format!("{median:.2}"))
    };
    println!(
        "{depth:<8}{case:<30}{generated:>10.2}{hand:>10.2}{:>8.2}{}{:>15}{:>9}{:>10}",
        generated / hand,
        if reached { " " } else { "!" },
        optional("statig nested"),
        optional("smlang"),
        optional("rust-fsm"),
    );
    reached
}

/// Hands [`OPERATIONS`] events, read from memory, to machines that take turns.
#[inline(always)]
fn repeat<E, M>(events: &[E], machines: &mut [M], mut handle: impl FnMut(&mut M, &E)) {
    for _ in 0..OPERATIONS as usize / RUN {
        for turn in black_box(events).chunks_exact(MACHINES) {
            for (event, machine) in turn.iter().zip(machines.iter_mut()) {
                handle(machine, event);
            }
        }
    }
    black_box(machines);
}

fn machines<M>(make: impl Fn() -> M) -> Vec<M> {
    std::iter::repeat_with(make).take(MACHINES).collect()
}

/// The contenders that know hierarchy, at one depth; checks first that they count alike.
macro_rules! contenders {
    ($depth:literal, $event:expr, $generated:ident) => {{
        let event = $event;
        let make_nested = || {
            let mut nested = nested::Nested::<$depth>::default().state_machine();
            nested.init();
            nested
        };
        let (mut by_hand, mut nested) = (hand::Machine::<$depth>::new(), make_nested());
        let mut generated = generated::$generated::new();
        for event in std::iter::repeat_n(event, RUN + 1).chain([Event::Report]) {
            by_hand.handle(event);
            nested.handle(&event);
            generated.handle(&generated::$generated::event(event));
        }
        let expected = (by_hand.count, by_hand.entered, by_hand.left);
        let counted = (nested.inner().count, nested.inner().entered, nested.inner().left);
        assert_eq!(counted, expected, "statig counts alike");
        assert_eq!(generated.counters(), expected, "generated code counts alike");
        assert_eq!(by_hand.actions, [expected], "the match reports");
        assert_eq!(nested.inner().actions, [expected], "statig reports");
        assert_eq!(generated.actions(), 1, "generated code reports");

        let events = vec![event; RUN];
        let hand_events = events.clone();
        let generated_events: Vec<_> = events.iter().map(|&event| generated::$generated::event(event)).collect();
        let mut all_generated = machines(generated::$generated::new);
        let mut all_by_hand = machines(hand::Machine::<$depth>::new);
        let mut all_nested = machines(make_nested);
        vec![
            Contender::new("generated", move || {
                repeat(&generated_events, &mut all_generated, |machine, event| {
                    black_box(machine.handle(event));
                });
            }),
            Contender::new("match", move || {
                repeat(&hand_events, &mut all_by_hand, |machine, event| {
                    black_box(machine.handle(*event));
                });
            }),
            Contender::new("statig nested", move || {
                repeat(&events, &mut all_nested, |machine, event| machine.handle(event));
            }),
        ]
    }};
}

fn depth_3(event: Event) -> Comparison {
    compare(OPERATIONS, contenders!(3, event, Depth3))
}

fn depth_6(event: Event) -> Comparison {
    compare(OPERATIONS, contenders!(6, event, Depth6))
}

/// The flat case, with the two libraries that know no hierarchy.
fn depth_1(event: Event) -> Comparison {
    let mut contenders = contenders!(1, event, Depth1);

    let mut all_smlang = machines(|| flat::in_smlang::StateMachine::new(flat::in_smlang::Counters::default()));
    let smlang_events = vec![event; RUN];
    contenders.push(Contender::new("smlang", move || {
        repeat(&smlang_events, &mut all_smlang, |machine, event| {
            let event = match event {
                Event::Tick => flat::in_smlang::Events::Tick,
                Event::RootTick => flat::in_smlang::Events::RootTick,
                Event::Sibling => flat::in_smlang::Events::Sibling,
                Event::Far => flat::in_smlang::Events::Far,
                Event::Report => flat::in_smlang::Events::Report,
            };
            let _ = black_box(machine.process_event(event).is_ok());
        });
    }));

    let mut all_rust_fsm = machines(flat::in_rust_fsm::Counting::new);
    let input = || match event {
        Event::Tick => flat::in_rust_fsm::machine::Input::Tick,
        Event::RootTick => flat::in_rust_fsm::machine::Input::RootTick,
        Event::Sibling => flat::in_rust_fsm::machine::Input::Sibling,
        Event::Far => flat::in_rust_fsm::machine::Input::Far,
        Event::Report => flat::in_rust_fsm::machine::Input::Report,
    };
    let inputs: Vec<_> = (0..RUN).map(|_| input()).collect();
    contenders.push(Contender::new("rust-fsm", move || {
        repeat(&inputs, &mut all_rust_fsm, |machine, event| machine.handle(event));
    }));
    compare(OPERATIONS, contenders)
}
