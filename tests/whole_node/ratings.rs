//! How often a contact was there while this node was: counted as it happens, kept over a restart, in a backup, and
//! gone with the contact.

use bitpie::api::answers::{ContactRatings, Ratings};
use bitpie::api::methods::ListRatings;
use serde_json::Value;

use super::nodes::{Node, until_both_online};

fn ratings(node: &Node) -> Ratings {
    node.call(&ListRatings { month: None })
}

fn of_friend(node: &Node) -> ContactRatings {
    let Ratings { contacts, .. } = ratings(node);
    assert_eq!(contacts.len(), 1, "there is one contact");
    contacts.into_iter().next().expect("it was just counted")
}

#[test]
fn a_friend_is_counted_while_both_are_there_and_the_count_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let saved = folder.path().join("saved.bitpie");
    let mut node = Node::with(&[("testing/count-interval", "\"100ms\"")]);
    node.start();
    let mut friend = Node::started();
    assert!(node.output(&["peers", "--ratings"]).starts_with("No contacts yet."));
    node.add(&friend.idurl(), "friend");
    friend.add(&node.idurl(), "node");
    until_both_online(&mut node, &mut friend);
    node.until("the friend is counted", |node| of_friend(node).total.here >= 3);
    let all = ratings(&node);
    assert!(all.counting && all.problem.is_none(), "{all:?}");

    // It goes, and what is counted from now on is that it is not there.
    let id = friend.id();
    friend.stop();
    node.until("the friend has gone", |node| !node.is_online(id));
    let gone = of_friend(&node).total;
    node.until("it is counted that the friend is not there", |node| {
        let total = of_friend(node).total;
        // One may have been on its way to the store.
        assert!(total.here <= gone.here + 1, "{gone:?}, then {total:?}");
        total.counted >= gone.counted + 3
    });
    node.output(&["backup", saved.to_str().expect("UTF-8")]);

    // Where this node is away, nobody is counted.
    node.output(&["service", "stop", "p2p-hookups"]);
    node.until("it is told that nobody is counted", |node| !ratings(node).counting);
    let said = node.output(&["peers", "--ratings"]);
    assert!(said.contains("not counted now: the service p2p-hookups is off; `bitpie service start"), "{said}");

    node.stop();
    // From now on nobody is counted before the test is over.
    node.set("testing/count-interval", Some("\"1h\""));
    node.start();
    let kept = of_friend(&node);
    assert!(kept.total.here >= 3 && kept.total.counted > kept.total.here, "{kept:?}");
    let month = kept.months.last().expect("a month was counted").month.to_string();
    let printed: Value = serde_json::from_str(&node.output(&["peers", "--ratings", "--json"])).expect("JSON");
    let printed = &printed["contacts"][0];
    assert_eq!((&printed["name"], &printed["total"]["here"]), (&"friend".into(), &kept.total.here.into()));
    assert_eq!(printed["months"][0]["hours"].as_array().expect("a list").len(), 24);
    let shown = node.output(&["peers", "--ratings", "--month", &month]);
    assert!(shown.contains("friend") && shown.contains(&format!("MONTH: {month}.")), "{shown}");

    let restored = Node::in_place_of(&node);
    restored.output(&["restore", saved.to_str().expect("UTF-8")]);
    let of_backup = restored.store().ratings(&id).expect("it can be read").expect("the backup has it");
    let counted: u64 = of_backup.total.iter().map(|hour| hour.seen_minutes).sum();
    assert!((3..=kept.total.here).contains(&counted), "{of_backup:?}");

    node.output(&["contact", "remove", "friend"]);
    assert_eq!(ratings(&node).contacts, []);
    node.add(&format!("bitpie:{id}"), "friend");
    let again = of_friend(&node);
    assert_eq!((again.total.counted, again.since_unix_ms, again.months.len()), (0, None, 0), "{again:?}");
    assert!(node.output(&["peers", "--ratings"]).starts_with("Nothing was counted yet."));
}
