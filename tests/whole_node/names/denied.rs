//! What others do so that a name is not found, or that somebody else is found by it; and what is left when the DHT
//! goes.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use bitpie::dht::{CLAIM_VALIDITY_S, Dht, NicknameClaim};
use bitpie::identity::IdentityKey;

use super::super::nodes::{Node, free_port, until_both_online, until_within};
use super::super::peer::now_unix_ms;
use super::{DHT_NODES, Network, Stranger, alice, bob, dht_options, key, node};

/// A server of a DHT that knows nobody else, and its address.
fn server() -> (Dht, String) {
    let port = free_port();
    let dht = Dht::open(&dht_options(Vec::new(), port, true)).expect("a socket on loopback");
    (dht, format!("127.0.0.1:{port}"))
}

/// What a command writes to standard output and standard error, whatever comes of it.
fn said(node: &Node, arguments: &[&str]) -> String {
    let output = node.command(arguments).output().expect("it can be run");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn whatever_others_write_into_a_place_its_owner_takes_it_back() {
    let network = Network::new();
    let (mut a, b) = (network.node(), network.node());
    a.wish(&alice());
    assert_eq!(a.until_held(), 0);
    let id = a.id();
    let is_back = |node: &Node| node.finds(&alice()) == BTreeMap::from([(0, id)]);
    let stranger = network.stranger();
    // Garbage; a claim that is not signed by whom it is for; a true claim of somebody whose own document does not name
    // the nickname; and one that has expired, of somebody whose document does.
    let (mallory, trent) = (key(7), key(8));
    stranger.publish(&trent, Some(alice()), &[]);
    let claim = |key: &IdentityKey, at| NicknameClaim::new("test", alice(), 0, key.id(), at).sign(key);
    let now = now_unix_ms();
    let mut forged = claim(&trent, now).as_bytes().to_vec();
    *forged.last_mut().expect("a signature") ^= 1;
    let expired = claim(&trent, now - (CLAIM_VALIDITY_S + 1) * 1000);
    let silent = claim(&mallory, now);
    let values = [b"garbage", &*forged, silent.as_bytes(), expired.as_bytes()];
    for (sequence, value) in (1..).zip(values) {
        stranger.overwrite(0, value, sequence * 100);
        b.until("it is taken back", is_back);
    }
    // The last sequence number there is: nobody can write here any more, and she moves on.
    stranger.overwrite(0, b"nobody", i64::MAX);
    b.until("she has moved", |node| node.finds(&alice()) == BTreeMap::from([(1, id)]));
    a.until("she knows", |node| node.held() == Some(1));
}

#[test]
fn a_claim_that_has_expired_leaves_the_place_free() {
    let network = Network::new();
    let (mut a, b) = (network.node(), network.node());
    let (stranger, gone) = (network.stranger(), key(9));
    stranger.publish(&gone, Some(alice()), &[]);
    stranger.claim(&gone, 0, now_unix_ms(), 1);
    assert_eq!(b.finds(&alice()), BTreeMap::from([(0, gone.id())]));
    stranger.claim(&gone, 0, now_unix_ms() - (CLAIM_VALIDITY_S + 1) * 1000, 2);
    assert_eq!(b.finds(&alice()), BTreeMap::new());
    a.wish(&alice());
    assert_eq!(a.until_held(), 0);
    assert_eq!(b.finds(&alice()), BTreeMap::from([(0, a.id())]));
}

/// Of those who are near to a name two in three have to answer before anything is concluded. Where more have gone, a new
/// name waits until they are forgotten.
#[test]
fn a_third_of_the_dht_may_go() {
    let mut network = Network::new();
    let (mut a, b) = (network.node(), network.node());
    a.wish(&alice());
    a.until_held();
    a.until("its identity is in the DHT", Node::is_published);
    network.0.nodes.truncate(DHT_NODES - DHT_NODES / 3);
    // One who has known the DHT before, and one who comes now.
    let c = network.node();
    for seeker in [&b, &c] {
        seeker.until("she is still found", |node| node.finds(&alice()) == BTreeMap::from([(0, a.id())]));
    }
    a.wish(&bob());
    // Each read waits for silent nodes, and one to which too few answer in time is tried again; a machine that is busy
    // makes more of them silent.
    let is_held = |node: &Node| node.nickname().name == Some(bob()) && node.held() == Some(0);
    until_within(Duration::from_secs(180), "the new name is held", || is_held(&a).then_some(()));
    for seeker in [&b, &c] {
        let id = a.id();
        seeker.until("she is found by the new name", |node| node.finds(&bob()) == BTreeMap::from([(0, id)]));
    }
}

#[test]
fn without_a_dht_that_answers_people_who_know_each_other_talk() {
    // Nodes that take every question and answer none.
    let silent: Vec<UdpSocket> =
        (0..3).map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket on loopback")).collect();
    let addresses: Vec<String> =
        silent.iter().map(|socket| socket.local_addr().expect("an address").to_string()).collect();
    let (mut a, mut b) = (node(&addresses, &[]), node(&addresses, &[]));
    a.start();
    b.start();
    a.add(&b.idurl(), "b");
    b.add(&a.idurl(), "a");
    until_both_online(&mut a, &mut b);
    a.wish(&alice());
    a.until("it is told why nobody finds the name", |node| {
        node.nickname().problem.is_some_and(|problem| problem.contains("nobody in the DHT answers"))
    });
    // While it looks again it says so.
    for (node, asks) in [(&a, &["nick", "show"]), (&b, &["find", "alice"])] {
        node.until("the command tells why", |node| said(node, asks).contains("nobody in the DHT answers this node"));
    }
    let message = b.send("a", "we do not need it");
    b.until_delivered(&message.id);
}

#[test]
fn what_has_not_answered_is_told_and_is_no_reason_to_believe_anything() {
    let (dht, address) = server();
    let sockets: Vec<UdpSocket> =
        (0..2).map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket on loopback")).collect();
    let silent = sockets.iter().map(|socket| socket.local_addr().expect("an address").to_string());
    let partial: Vec<String> = [address.clone()].into_iter().chain(silent).collect();
    let quick = [("services/entangled-dht/request-timeout", "\"100ms\"")];
    let [mut a, mut b, mut c] = [&vec![address], &partial, &partial].map(|bootstrap| node(bootstrap, &quick));
    a.start();
    b.start();
    a.add(&format!("bitpie:{}", b.key().id()), "b");
    let find = |node: &Node| node.find(&alice(), false);
    let nobody = find(&b);
    assert_eq!((nobody.complete, nobody.answered, nobody.places), (false, 0, 10));
    let found = said(&b, &["find", "alice"]);
    assert!(found.contains("It is not known who claims alice: none of the 10 places"), "{found}");

    a.wish(&alice());
    assert_eq!(a.until_held(), 0);
    assert!(find(&a).complete && find(&a).answered == 10);
    let found = find(&b);
    assert_eq!((found.claimants.len(), found.complete, found.answered), (1, false, 0));
    let refused = said(&b, &["contact", "add", "alice", "--yes"]);
    assert!(refused.contains("others may claim the nickname `alice` too: none of the 10 places"), "{refused}");
    let fingerprint = bitpie::identity::Fingerprint::of(&a.id()).to_string();
    let added = said(&b, &["contact", "add", "alice", "--fingerprint", &fingerprint]);
    assert!(added.contains("alice is a contact now"), "{added}");

    // The claim cannot be seen any more, and that says nothing of its owner.
    a.stop();
    drop(dht);
    let missing = find(&b);
    assert_eq!((missing.claimants.len(), missing.complete, missing.missing), (0, false, None));
    let found = said(&b, &["find", "alice"]);
    assert!(!found.contains("does not claim it any more"), "{found}");

    // Nobody takes a place of which too few tell.
    let (_dht, address) = server();
    let partial = [std::slice::from_ref(&address), &partial[1..]].concat();
    c.set("services/entangled-dht/bootstrap", Some(&format!("{partial:?}")));
    c.start();
    c.wish(&alice());
    c.until("it is told why", |node| {
        node.nickname().problem.is_some_and(|problem| problem == "too few nodes of the DHT have answered: 1 of 3")
    });
    assert_eq!(Stranger::new(&[address], "test").sequence(0), None, "nothing is written");
}

#[test]
fn an_address_inside_a_private_network_is_dialled_only_in_a_network_of_ones_own() {
    let dht = Network::new();
    for (network, is_dialled) in [("test", true), ("main", false)] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket on loopback");
        listener.set_nonblocking(true).expect("it is a socket");
        let inside = [listener.local_addr().expect("an address"), SocketAddr::from((Ipv4Addr::new(10, 0, 0, 1), 1))];
        let (stranger, mallory) = (Stranger::new(dht.bootstrap(), network), key(5));
        stranger.publish(&mallory, Some(alice()), &inside);
        stranger.claim(&mallory, 0, now_unix_ms(), 1);
        let node = dht.node_with(&[("network", &format!("\"{network}\""))]);
        let is_known = |node: &Node| {
            let found = node.find(&alice(), true);
            let all = found.claimants.iter();
            all.map(|it| (it.id, it.address.contains("127.0.0.1"), it.answers)).next()
        };
        node.until("it is known whether she is there", |node| {
            is_known(node).is_some_and(|(id, is_told, answers)| {
                assert_eq!((id, is_told), (mallory.id(), is_dialled), "{network}");
                // Whoever accepts and says nothing is waited for.
                answers == Some(false) || is_dialled
            })
        });
        if is_dialled {
            node.until("it has dialled", |_| listener.accept().is_ok());
        } else {
            assert!(said(&node, &["find", "alice"]).contains("names only addresses inside a private network"));
            // As a contact too: the address is still one that a stranger has named.
            let pinned = said(&node, &["contact", "add", "alice", "--yes"]);
            assert!(pinned.contains("alice is a contact now"), "{pinned}");
            let answered = said(&node, &["contact", "ping", "alice"]);
            assert!(answered.contains("not there"), "{answered}");
            assert_eq!(listener.accept().expect_err("nobody has dialled").kind(), ErrorKind::WouldBlock);
        }
    }
}

#[test]
fn that_a_name_goes_over_to_somebody_else_is_told_and_never_followed() {
    let network = Network::new();
    let (mut a, b) = (network.node(), network.node());
    a.add(&format!("bitpie:{}", b.key().id()), "b");
    a.wish(&alice());
    a.until_held();
    b.until("it is in the DHT", |node| node.status().dht.state == "JOINED");
    let pinned = said(&b, &["contact", "add", "alice", "--yes"]);
    assert!(pinned.contains("alice is a contact now"), "{pinned}");
    b.until_online(a.id());
    assert!(!said(&b, &["msg", "send", "alice", "hello"]).contains("Note"));

    a.wish(&bob());
    a.until("the new name is held", |node| node.nickname().name == Some(bob()) && node.held() == Some(0));
    let (stranger, mallory) = (network.stranger(), key(6));
    stranger.publish(&mallory, Some(alice()), &[]);
    stranger.claim(&mallory, 0, now_unix_ms(), 1_000);
    let is_told = |node: &Node| node.contact(a.key().id()).is_some_and(|contact| contact.nickname_change.is_some());
    b.until("the change is known", is_told);

    let sent = said(&b, &["msg", "send", "alice", "still you?"]);
    assert!(sent.contains("alice, whom you found as alice, calls itself bob now"), "{sent}");
    a.until("both messages came", |node| node.received() == ["hello", "still you?"]);
    b.until("another is found", |node| node.finds(&alice()) == BTreeMap::from([(0, mallory.id())]));
    let found = said(&b, &["find", "alice"]);
    assert!(found.contains("your contact alice was found by this name, and does not claim it any more"), "{found}");
    assert!(said(&b, &["contact", "list"]).contains("calls itself bob now"));
}

#[test]
fn a_name_that_looks_like_that_of_a_contact_is_told() {
    let mut b = Node::started();
    b.add(&format!("bitpie:{}", key(1).id()), "alice");
    let address = format!("bitpie:{}", key(2).id());
    // The first letter is Cyrillic.
    let said = said(&b, &["contact", "add", &address, "--name", "аlice"]);
    assert!(said.contains("looks like that of your contact alice"), "{said}");
    let list = b.output(&["contact", "list"]);
    assert!(list.contains("Beware: the name of аlice looks like that of alice, who is somebody else"), "{list}");
    b.stop();
}
