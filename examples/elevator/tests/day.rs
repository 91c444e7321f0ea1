//! The elevator with a clock moved by hand: what it does, to the millisecond.

use automata_runtime::{Outcome, Record, Records};
use elevator::automata::senders::building::dispatcher::{closed, opened};
use elevator::automata::senders::cabin;
use elevator::automata::{dispatcher, elevator as car};
use elevator::building::{Building, a_day};
use elevator::trace::Line;

/// Nothing in these tests takes longer; a longer run would never end.
const LONGEST_MS: u64 = 10 * 60 * 1000;

/// Runs what was planned, without waiting.
fn run(building: &mut Building<Records>) -> Vec<Record> {
    building.run(|due_ms| {
        assert!(due_ms < LONGEST_MS, "the house is never locked");
        due_ms
    });
    std::mem::take(&mut building.recorder_mut().0)
}

fn house(plan: impl FnOnce(&mut Building<Records>)) -> (Building<Records>, Vec<Record>) {
    let mut building = Building::new(Records::default());
    building.plan(0, opened());
    plan(&mut building);
    let records = run(&mut building);
    (building, records)
}

/// The deliveries of an instance that changed its state: when, and to which.
fn path<'a>(records: &'a [Record], instance: &str) -> Vec<(u64, &'a str)> {
    let taken = records.iter().filter(|record| record.instance == instance && record.outcome == Outcome::Taken);
    taken.map(|record| (record.at_ms, record.after.as_deref().expect("it is in a state"))).collect()
}

fn count(records: &[Record], instance: &str, event: &str, outcome: Outcome) -> usize {
    records.iter().filter(|r| r.instance == instance && r.event == event && r.outcome == outcome).count()
}

#[test]
fn everybody_arrives_and_the_house_is_locked() {
    let mut building = Building::new(Records::default());
    a_day(&mut building);
    let records = run(&mut building);
    let mut arrived = building.arrived().to_vec();
    arrived.sort_unstable();
    assert_eq!(arrived, [("Ada", 0), ("Emmy", 2), ("Kurt", 5)]);
    let system = building.system();
    assert_eq!(system.dispatcher.get().map(|dispatcher| dispatcher.state()), Some(dispatcher::State::Night));
    assert_eq!((system.elevator.iter().count(), system.door.iter().count()), (0, 0));
    let surprises: Vec<_> = records.iter().filter(|record| !record.outcome.is_intended()).map(Line).collect();
    assert!(
        building.is_clean() && surprises.is_empty(),
        "{}",
        surprises.iter().map(|line| format!("{line}\n")).collect::<String>()
    );
}

#[test]
fn a_surprise_shows_without_a_recorder() {
    let mut building = Building::new(automata_runtime::Off);
    // Nobody can be in a car at night: there is none.
    building.plan(0, cabin::elevator::floor_chosen(1, 3));
    building.run(|due_ms| due_ms);
    assert!(!building.is_clean());
}

#[test]
fn the_same_day_is_the_same_to_the_last_line() {
    let day = || {
        let mut building = Building::new(Records::default());
        a_day(&mut building);
        run(&mut building)
    };
    assert_eq!(day(), day());
}

#[test]
fn a_trip_takes_what_its_parts_take() {
    // Two floors of 2 s; 1 s until the door is open, 3 s and 500 ms more for the passenger who steps in at 6.5 s, 1 s until it is shut.
    let (building, records) = house(|building| {
        building.plan_call(1_000, 2, "Ada", 1);
        building.plan(12_500, closed());
    });
    let expected = [
        (1_000, "UP"),
        (5_000, "BOARDING"),
        (10_500, "IDLE"),
        (10_500, "DOWN"),
        (12_500, "BOARDING"),
        (17_500, "IDLE"),
        (17_500, "RETIRED"),
    ];
    assert_eq!(path(&records, "elevator[1]"), expected);
    assert_eq!(building.arrived(), [("Ada", 1)]);
}

#[test]
fn calls_wait_in_order_while_all_cars_are_under_way() {
    let (building, records) = house(|building| {
        building.plan_call(1_000, 2, "Ada", 0);
        building.plan_call(1_000, 3, "Kurt", 0);
        building.plan_call(1_100, 1, "Emmy", 0);
        building.plan_call(1_200, 4, "Max", 0);
        building.plan(1_300, closed());
    });
    assert_eq!(count(&records, "dispatcher", "called", Outcome::Deferred), 2);
    assert_eq!(count(&records, "dispatcher", "closed", Outcome::Deferred), 1);
    let taken = records.iter().filter(|record| record.event == "called" && record.outcome == Outcome::Taken);
    let floors: Vec<_> = taken.map(|record| record.fields["floor"].as_i64()).collect();
    assert_eq!(floors, [Some(2), Some(3), Some(1), Some(4)], "in the order in which they were called");
    assert_eq!(building.arrived().len(), 4, "everybody who called before the house closed is fetched");
}

#[test]
fn the_usual_car_is_sent_and_another_one_if_it_is_away() {
    let (_, records) = house(|building| {
        building.plan_call(1_000, 1, "Ada", 2);
        building.plan_call(1_100, 2, "Kurt", 1);
        building.plan(1_200, closed());
    });
    let sent: Vec<_> = records.iter().flat_map(|r| &r.sends).filter(|sent| sent.event == "go_to").collect();
    let to: Vec<_> = sent.iter().map(|sent| (sent.to.as_str(), sent.fields["floor"].as_i64())).collect();
    assert_eq!(to, [("elevator[1]", Some(1)), ("elevator[2]", Some(2))]);
    let called = records.iter().find(|record| record.event == "called").expect("somebody called");
    assert_eq!(called.conditions.iter().filter(|asked| asked.ask == "usual_car").count(), 1, "asked once");
}

#[test]
fn after_the_red_handle_it_goes_on_in_the_same_direction() {
    let (_, records) = house(|building| {
        building.plan_call(1_000, 2, "Ada", 0);
        building.plan(2_000, cabin::elevator::stop_pulled(1));
        building.plan(2_500, cabin::elevator::stop_pulled(1));
        building.plan(9_000, cabin::elevator::stop_released(1));
        // On the way down again.
        building.plan(19_000, cabin::elevator::stop_pulled(1));
        building.plan(20_000, cabin::elevator::stop_released(1));
        building.plan(21_000, closed());
    });
    let path = path(&records, "elevator[1]");
    assert_eq!(path[..4], [(1_000, "UP"), (2_000, "HALTED"), (9_000, "UP"), (13_000, "BOARDING")]);
    assert_eq!(path[5..8], [(18_500, "DOWN"), (19_000, "HALTED"), (20_000, "DOWN")]);
    assert_eq!(count(&records, "elevator[1]", "stop_pulled", Outcome::Ignored), 1, "it stands already");
}

#[test]
fn the_door_opens_again_for_latecomers_but_not_for_ever() {
    // Called where the car stands: open from 2 s on, closing from 5.5 s on (Ada steps in at 2.5 s).
    let (_, records) = house(|building| {
        building.plan_call(1_000, 0, "Ada", 1);
        for at_ms in [6_000, 10_500, 15_000, 19_500] {
            building.plan(at_ms, cabin::door::beam_broken(1));
        }
        building.plan(20_000, closed());
    });
    let openings = path(&records, "door[1]").iter().filter(|(_, state)| *state == "OPENING").count();
    assert_eq!(openings, 1 + 3 + 1, "called, three latecomers, and at Ada's floor");
    let last = records.iter().rfind(|record| record.event == "beam_broken" && record.at_ms == 19_500);
    let last = last.expect("the fourth latecomer");
    assert_eq!((last.outcome, last.after.as_deref()), (Outcome::Internal, Some("CLOSING")));
}

#[test]
fn whoever_is_in_the_door_holds_it_open() {
    let (_, records) = house(|building| {
        building.plan_call(1_000, 0, "Ada", 1);
        building.plan(5_400, cabin::door::beam_broken(1));
        building.plan(6_000, closed());
    });
    let closing = path(&records, "door[1]").into_iter().find(|(_, state)| *state == "CLOSING");
    assert_eq!(closing, Some((8_400, "CLOSING")), "three seconds after the last one");
}

#[test]
fn a_vacant_car_goes_home_and_stays_there() {
    let (building, records) = house(|building| building.plan(60_000, closed()));
    // Car 1 is at home; car 2 goes to 4 when its patience of 8 s is over, and opens its door there.
    assert_eq!(path(&records, "elevator[1]"), [(60_000, "RETIRED")]);
    let expected = [(8_000, "UP"), (16_000, "BOARDING"), (21_000, "IDLE"), (60_000, "RETIRED")];
    assert_eq!(path(&records, "elevator[2]"), expected);
    assert_eq!(building.arrived(), []);
}

#[test]
fn at_night_nobody_is_carried() {
    let mut building = Building::new(Records::default());
    building.plan_call(0, 3, "Ada", 0);
    let records = run(&mut building);
    assert_eq!(count(&records, "dispatcher", "called", Outcome::Ignored), 1);
    assert_eq!(building.system().elevator.iter().count(), 0);
}

#[test]
fn the_day_shows_every_state_of_a_car() {
    let mut building = Building::new(Records::default());
    a_day(&mut building);
    let records = run(&mut building);
    let seen = |state: &car::State| records.iter().any(|record| record.after.as_deref() == Some(state.name()));
    let unseen: Vec<_> = car::State::ALL.iter().filter(|state| !seen(state)).collect();
    assert_eq!(unseen, [&car::State::Departing], "which is passed through at once");
    let reopened = path(&records, "door[1]").contains(&(8_500, "OPENING"));
    assert!(reopened, "somebody is late");
}
