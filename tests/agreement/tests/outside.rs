//! What parts outside are asked for comes out as commands, with the key of its instance; everything else stays an
//! action of its automaton.

use agreement::generated::of_parts_outside::outside::{Bell, Command, Shelves};
use agreement::generated::of_parts_outside::system::{Action, Message, Settings, System};
use agreement::generated::of_parts_outside::types::Place;
use agreement::generated::of_parts_outside::{keeper, lamp, outside_};
use automata_runtime::{Bus, Input, Milliseconds};

fn actions(messages: Vec<Message>) -> Vec<Action> {
    let mut bus = Bus::new(System::new(Settings::default()));
    let mut actions = Vec::new();
    bus.start(0, &mut (), &mut actions);
    for message in messages {
        bus.handle(0, message, &mut (), &mut actions);
    }
    actions
}

fn brought(action: Option<&str>) -> Message {
    let action = action.map(str::to_owned);
    Message::Keeper("cup".to_owned(), Input::Event(keeper::Event::Bring { place: Place::Front, action }))
}

#[test]
fn commands_carry_the_key_and_the_arguments_in_the_order_in_which_they_were_asked_for() {
    let item = || "cup".to_owned();
    let store = |place, item_, action| Shelves::KeeperStore { item: item(), place, item_, action };
    let asked = actions(vec![
        brought(Some("wrap")),
        brought(None),
        Message::Lamp(Input::Event(lamp::Event::Press)),
        Message::Outside2(Input::Event(outside_::Event::Press)),
    ]);
    let outside = |command| Action::Outside(command);
    assert_eq!(
        asked,
        [
            outside(Command::Shelves(store(Place::Front, 1, Some("wrap".to_owned())))),
            Action::Keeper(item(), keeper::Inside::Note { match_: 1 }),
            outside(Command::Bell(Bell::KeeperRing { item: item(), pause: Milliseconds(2000) })),
            outside(Command::Shelves(Shelves::KeeperTidy { item: item() })),
            outside(Command::Shelves(store(Place::Back, 7, None))),
            outside(Command::Bell(Bell::LampShine { bright: true })),
            Action::Outside2(outside_::Action::See),
        ]
    );
}
