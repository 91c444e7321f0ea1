//! Ways between nodes: TCP, UDP, and both. Whatever the way, the same is true of the conversation; and one way that
//! dies leaves the other.

use bitpie::api::methods::{GetId, ListPeers};

use super::nodes::{Node, until_both_online};

const BOTH: &[&str] = &["tcp", "udp"];

/// A node with these transports, which listens by each of them.
fn node(transports: &[&str]) -> Node {
    let mut settings = Vec::new();
    for transport in BOTH {
        for service in ["connections", "transport"] {
            let is_on = transports.contains(transport).to_string();
            settings.push((format!("services/{transport}-{service}/enabled"), is_on));
        }
    }
    let settings: Vec<(&str, &str)> = settings.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect();
    let mut node = Node::with(&settings);
    node.start();
    listens(&node, transports);
    node
}

fn listens(node: &Node, transports: &[&str]) {
    node.until("it listens", |node| {
        let entrypoints = node.call(&GetId {}).entrypoints;
        transports.iter().all(|transport| entrypoints.iter().any(|it| it.transport.as_str() == *transport))
    });
}

/// Each has the other as a contact, and a session with it.
fn acquaint(a: &mut Node, b: &mut Node) {
    let (of_a, of_b) = (a.call(&GetId {}).idurl, b.call(&GetId {}).idurl);
    a.add(&of_b, "b");
    b.add(&of_a, "a");
    until_both_online(a, b);
}

/// By which way one talks with the other.
fn way(node: &Node, other: &Node) -> String {
    let peers = node.call(&ListPeers {}).peers;
    let session = peers.into_iter().find(|peer| peer.id == Some(other.key().id())).and_then(|peer| peer.session);
    session.expect("there is a session").transport.to_string()
}

fn talk(a: &Node, b: &Node, texts: &[&str]) {
    for text in texts {
        let sent = a.send("b", text);
        a.until_delivered(&sent.id);
        let back = b.send("a", text);
        b.until_delivered(&back.id);
    }
}

#[test]
fn nodes_with_one_way_in_common_talk_by_that() {
    for (of_a, of_b, expected) in
        [(&["udp"][..], &["udp"][..], "udp"), (&["udp"], BOTH, "udp"), (BOTH, &["udp"], "udp"), (&["tcp"], BOTH, "tcp")]
    {
        let (mut a, mut b) = (node(of_a), node(of_b));
        acquaint(&mut a, &mut b);
        talk(&a, &b, &["one", "two"]);
        assert_eq!((way(&a, &b), way(&b, &a)), (expected.to_owned(), expected.to_owned()));
        assert_eq!((a.received(), b.received()), (vec!["one".into(), "two".into()], vec!["one".into(), "two".into()]));
        let of_way = |node: &Node| node.status().transports.into_iter().find(|it| it.name.as_str() == expected);
        assert_eq!(of_way(&a).expect("it is there").stability.sessions, 1);
    }
}

#[test]
fn a_way_that_dies_in_the_middle_leaves_the_other_and_nothing_is_lost_or_doubled() {
    let (mut a, mut b) = (node(BOTH), node(BOTH));
    acquaint(&mut a, &mut b);
    let mut expected = Vec::new();
    for round in 0..2 {
        let before = way(&a, &b);
        let texts: Vec<String> = (0..20).map(|number| format!("{round}: {number}")).collect();
        let mut sent = Vec::new();
        for (number, text) in texts.iter().enumerate() {
            if number == 10 {
                // Without waiting for what is on its way.
                for service in ["transport", "connections"] {
                    b.stop_service(&format!("{before}-{service}"));
                }
            }
            sent.push(a.send("b", text).id);
        }
        sent.iter().for_each(|id| drop(a.until_delivered(id)));
        expected.extend(texts);
        let after = way(&a, &b);
        assert_ne!(before, after);
        assert_eq!(b.received(), expected);
        // And back again.
        for service in ["connections", "transport"] {
            b.start_service(&format!("{before}-{service}"));
        }
        listens(&b, BOTH);
    }
}

#[test]
fn a_node_that_is_killed_is_found_again_by_udp_and_by_both() {
    for transports in [&["udp"][..], BOTH] {
        let (mut a, mut b) = (node(transports), node(transports));
        // So that it is found where it was.
        let at = b.call(&GetId {}).entrypoints;
        acquaint(&mut a, &mut b);
        for entrypoint in at {
            let setting = format!("services/{}-transport/port", entrypoint.transport);
            b.set(&setting, Some(&entrypoint.address.port().to_string()));
        }
        talk(&a, &b, &["before"]);
        b.kill();
        let meanwhile = a.send("b", "meanwhile");
        b.start();
        a.until_delivered(&meanwhile.id);
        assert_eq!(b.received(), ["before", "meanwhile"]);
    }
}
