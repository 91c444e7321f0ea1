//! What goes through the gateway: counted by transport and by peer, and no faster than the user lets it.

use std::time::{Duration, Instant};

use bitpie::api::answers::Traffic;
use bitpie::api::methods::ListPeers;

use super::nodes::{Node, pair_online, until};

fn with_peer(node: &Node, peer: &Node) -> Traffic {
    let peers = node.call(&ListPeers {}).peers;
    let peer = peers.into_iter().find(|it| it.id == Some(peer.key().id())).expect("it is known");
    peer.traffic.expect("something has gone")
}

#[test]
fn frames_are_counted_by_transport_and_by_peer() {
    let (a, b) = pair_online();
    let before = (with_peer(&a, &b), with_peer(&b, &a));
    let text = "x".repeat(2_000);
    for _ in 0..5 {
        let sent = a.send("b", &text);
        a.until_delivered(&sent.id);
    }
    let (of_a, of_b) = (with_peer(&a, &b), with_peer(&b, &a));
    assert!(of_a.bytes_out - before.0.bytes_out > 10_000 && of_b.bytes_in - before.1.bytes_in > 10_000);
    assert!(of_a.frames_in > before.0.frames_in, "acknowledgements");
    let all: u64 = a.status().transports.iter().map(|transport| transport.traffic.bytes_out).sum();
    assert!(all >= of_a.bytes_out, "there is one peer");
    assert!(a.output(&["status", "-v"]).contains(" KiB"), "{}", a.output(&["status", "-v"]));
}

/// More waits than goes at once, and comes all the same, in its order.
#[test]
fn a_limit_of_bandwidth_holds_back_and_loses_nothing() {
    // What comes is held back only once as much waits as a session may have unread.
    for (setting, limit, count, bytes) in
        [("services/gateway/upload", "4KiB", 8, 3_000), ("services/gateway/download", "64KiB", 40, 16_000)]
    {
        let (a, b) = pair_online();
        let limited = if setting.ends_with("upload") { &a } else { &b };
        limited.output(&["config", "set", setting, limit]);
        let begun = Instant::now();
        let texts: Vec<String> = (0..count).map(|number| format!("{number}{}", "x".repeat(bytes))).collect();
        let sent: Vec<String> = texts.iter().map(|text| a.send("b", text).id).collect();
        sent.iter().for_each(|id| drop(a.until_delivered(id)));
        let took = begun.elapsed();
        assert!(took > Duration::from_secs(3), "{setting}: {took:?}");
        assert_eq!(b.received(), texts);
        limited.output(&["config", "set", setting, "--default"]);
        let sent = a.send("b", &"y".repeat(3_000));
        a.until_delivered(&sent.id);
        until("nothing waits", || (b.received().len() == texts.len() + 1).then_some(()));
    }
}
