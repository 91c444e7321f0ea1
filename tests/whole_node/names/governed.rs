//! Who decides whether a name is ours: services that are off, wishes that come too fast, and somebody else whose claim
//! is as good.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use bitpie::dht::Slot;
use bitpie::identity::IdentityKey;
use bitpie::world::services::ServiceResult;

use super::super::nodes::Node;
use super::super::peer::{key_with, now_unix_ms};
use super::{Network, alice, bob};

#[test]
fn a_name_that_nobody_could_verify_is_not_claimed_and_the_user_is_told() {
    for service in ["identity-propagate", "p2p-hookups"] {
        let network = Network::new();
        let (mut a, b) = (network.node(), network.node());
        a.until("its identity is in the DHT", Node::is_published);
        assert_eq!(a.stop_service(service).result, ServiceResult::Stopped);
        a.wish(&alice());
        a.until("it is told why", |node| {
            let nickname = node.nickname();
            nickname.state == "FAILED" && nickname.problem.is_some_and(|problem| problem.contains(service))
        });
        assert_eq!(network.stranger().sequence(0), None, "{service}: nothing is written");
        assert_eq!(b.finds(&alice()), BTreeMap::new());
        // Both come with the one that needs the other.
        assert_eq!(a.start_service("p2p-hookups").result, ServiceResult::Started);
        assert_eq!(a.until_held(), 0);
        assert_eq!(a.nickname().problem, None);
        assert_eq!(b.finds(&alice()), BTreeMap::from([(0, a.id())]));
    }
}

#[test]
fn the_last_of_two_wishes_is_what_comes_true() {
    let network = Network::new();
    let (mut a, b) = (network.node(), network.node());
    a.until("its identity is in the DHT", Node::is_published);
    for _ in 0..5 {
        a.wish(&alice());
        a.wish(&bob());
        a.wish(&alice());
        a.wish(&bob());
        let id = a.id();
        // The document has to name it too, or the claim would not be found.
        b.until("it is found by the last one", |node| node.finds(&bob()) == BTreeMap::from([(0, id)]));
        b.until("and not by the other", |node| node.finds(&alice()).is_empty());
    }
}

/// Somebody to whom the first place of `alice` belongs, beside the node, or not.
fn somebody(node: &mut Node, prevails: bool) -> IdentityKey {
    let slot = Slot::new("test", alice(), 0);
    let wanted = if prevails { Ordering::Less } else { Ordering::Greater };
    let id = node.id();
    key_with(|other| slot.compare(other, &id) == wanted)
}

#[test]
fn of_two_good_claims_to_a_place_that_is_held_the_one_that_prevails_stays() {
    let network = Network::new();
    let (mut a, b) = (network.node(), network.node());
    a.wish(&alice());
    assert_eq!(a.until_held(), 0);
    let id = a.id();
    let stranger = network.stranger();

    let yields = somebody(&mut a, false);
    stranger.publish(&yields, Some(alice()), &[]);
    stranger.claim(&yields, 0, now_unix_ms(), 1_000);
    b.until("she takes it back", |node| node.finds(&alice()) == BTreeMap::from([(0, id)]));

    let prevails = somebody(&mut a, true);
    stranger.publish(&prevails, Some(alice()), &[]);
    stranger.claim(&prevails, 0, now_unix_ms(), 2_000);
    let both = BTreeMap::from([(0, prevails.id()), (1, id)]);
    b.until("she gives way and takes the next", |node| node.finds(&alice()) == both);
    a.until("she knows", |node| node.held() == Some(1));
    assert_eq!(a.nickname().lost, Some(0));
    let told = a.status().notices.into_iter().find(|notice| notice.starts_with("place 0 of the nickname alice"));
    assert!(told.is_some_and(|told| told.contains("which was yours, is somebody else's now")));
    assert!(a.output(&["nick", "show"]).contains("place 0 of alice was yours, and is not any more"));
    assert_eq!(b.finds(&alice()), both, "nobody writes over a claim that prevails");
}
