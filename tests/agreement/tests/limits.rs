//! What happens at the limits of the bus: too long to be written down as records.

use std::sync::Arc;

use agreement::generated::Generated;
use agreement::implementation::{Implementation, Interpreted};
use agreement::{definitions, generated, system};
use automata_compiler::model::System;
use automata_runtime::dynamic::{Run, recording};
use automata_runtime::{Bus, Fault, Record};
use serde_json::{Map, Value as Json};

fn endless() -> Arc<System> {
    system(&definitions().into_iter().find(|of| of.name == "endless").expect("a case of that name"))
}

fn throw(implementation: &mut impl Implementation, more: u8) -> Vec<Record> {
    let fields: Map<String, Json> = [("more".to_owned(), Json::from(more))].into_iter().collect();
    implementation.records();
    implementation.deliver("left", "ball", &fields);
    implementation.records()
}

fn faults(records: &[Record]) -> Vec<(usize, Vec<Fault>)> {
    let faulty = records.iter().enumerate().filter(|(_, record)| !record.faults.is_empty());
    faulty.map(|(index, record)| (index, record.faults.clone())).collect()
}

/// Each `left` makes two for `right`, each of which makes one for `left`: the queue grows, and there is no end.
fn one_input_has_an_end(implementation: &mut impl Implementation) {
    implementation.start();
    let records = throw(implementation, 1);
    assert_eq!(records.len(), 10_000);
    assert_eq!(faults(&records), [(9_999, vec![Fault::DeliveryLimit])]);
    let records = throw(implementation, 0);
    let events: Vec<&str> = records.iter().map(|record| record.instance.as_str()).collect();
    assert_eq!(events, ["left", "right", "right"], "the rest of the earlier input was dropped");
}

#[test]
fn generated_rust_ends_an_input_after_ten_thousand_deliveries() {
    one_input_has_an_end(&mut Generated::new("endless", &endless()));
}

#[test]
fn the_interpreter_ends_an_input_after_ten_thousand_deliveries() {
    one_input_has_an_end(&mut Interpreted::new(&endless()));
}

/// With room for 3: 1 left → 2 for right; right 1 of 2 → 1 + left; right 2 of 2 → left, left; left → left, right,
/// right; left → right, right and no room for the two of its own: after that every `left` loses what does not fit.
fn a_full_queue_drops(implementation: &mut impl Implementation) {
    implementation.start();
    let records = throw(implementation, 1);
    let (first, noted) = faults(&records).remove(0);
    assert_eq!((first, noted), (4, vec![Fault::QueueFull]));
    assert_eq!(records[4].instance, "left");
    assert_eq!(records[4].sends.len(), 2, "what was lost was sent all the same");
    assert_eq!(records.len(), 10_000);
    let last = records.last().expect("ten thousand");
    assert!(last.faults.contains(&Fault::DeliveryLimit), "{last:?}");
}

#[test]
fn generated_rust_drops_what_does_not_fit_into_the_queue() {
    let bus = Bus::with_recorder(generated::of_endless::system::System::new(Default::default()), recording());
    let dynamic = Box::new(Run::with_bus(bus.queue_limit(3)));
    a_full_queue_drops(&mut Generated::running(dynamic, &endless()));
}

#[test]
fn the_interpreter_drops_what_does_not_fit_into_the_queue() {
    let mut interpreted = Interpreted::new(&endless());
    interpreted.interpreter.set_queue_limit(3);
    a_full_queue_drops(&mut interpreted);
}
