//! Who is refused, and why: the reason is told, has a name, and is counted; and honest peers notice nothing of it.

use std::net::TcpStream;

use bitpie::api::methods::{PingContact, RemoveContact};
use bitpie::identity::CLOCK_SKEW_MS;
use bitpie::identity::{DOCUMENT_VALIDITY_S, IdentityKey};
use bitpie::store::Store;
use bitpie::wire::{Frame, Hello, PeerId, Refusal, Role};

use super::nodes::{Node, until, until_both_online};
use super::peer::{Peer, now_unix_ms};

/// A node, and a contact of it which goes on talking whatever others do.
pub struct Friends {
    pub node: Node,
    /// Strangers pretend to be the node itself.
    pub strangers_have_its_key: bool,
    friend: Node,
    /// The node's number of their session.
    pub session: Vec<u64>,
    /// How often they have talked.
    pub rounds: usize,
}

impl Friends {
    /// The node has these settings. Their session was opened by the node, so that it takes no place that strangers
    /// could have.
    pub fn new(settings: &[(&str, &str)]) -> Self {
        let (mut node, mut friend) = (Node::with(settings), Node::started());
        node.start_listening();
        friend.add(&node.id().to_string(), "node");
        node.add(&friend.idurl(), "friend");
        until_both_online(&mut node, &mut friend);
        let session = node.sessions_with(friend.id());
        Self { node, strangers_have_its_key: false, friend, session, rounds: 0 }
    }

    /// The node is stopped, something is done to what it keeps, and it is started again.
    pub fn with_store(&mut self, change: impl FnOnce(&Store)) {
        self.node.stop();
        change(&self.node.store());
        self.node.start_listening();
        until_both_online(&mut self.node, &mut self.friend);
        // Each may have called the other; of that nothing is to be counted later.
        self.node.until("one session is left", |node| {
            let sessions = node.status().sessions;
            (sessions.incoming + sessions.outgoing, sessions.half_open) == (1, 0)
        });
        self.session = self.node.sessions_with(self.friend.id());
    }

    /// They talk, and in the same session as ever.
    #[track_caller]
    pub fn are_undisturbed(&mut self, by: &str) {
        let there = self.node.send("friend", by);
        let back = self.friend.send("node", by);
        self.node.until_delivered(&there.id);
        self.friend.until_delivered(&back.id);
        self.rounds += 1;
        assert_eq!(self.node.received().len(), self.rounds, "{by}");
        assert_eq!(self.node.sessions_with(self.friend.id()), self.session, "{by}");
    }

    /// What a peer that is driven by hand does leads to this refusal, which is counted once.
    #[track_caller]
    pub fn refuse(&mut self, what: &str, refusal: Refusal, mut deed: impl FnMut(&Node) -> Refusal) {
        let name = bitpie::words::snake_case(&refusal);
        let before = self.node.refusals(&name);
        assert_eq!(deed(&self.node), refusal, "{what}");
        assert_eq!(self.node.refusals(&name), before + 1, "{what}");
        self.are_undisturbed(what);
    }
}

/// What is wrong with a HELLO: in words, how it is refused, and how it is made.
type Case = (&'static str, Refusal, fn(&mut Hello));

#[test]
fn a_hello_that_does_not_fit_is_refused_by_name() {
    let mut friends = Friends::new(&[]);
    let cases: [Case; 6] = [
        ("another network", Refusal::WrongNetwork, |hello| *hello = Hello::new("other", now_unix_ms(), None)),
        ("other constants", Refusal::ConstantsDiffer, |hello| hello.constants = [7; 32]),
        ("a clock that is late", Refusal::ClocksApart, |hello| hello.time_unix_ms -= CLOCK_SKEW_MS + 60_000),
        ("a clock that is early", Refusal::ClocksApart, |hello| hello.time_unix_ms += CLOCK_SKEW_MS + 60_000),
        ("a version of later", Refusal::NoCommonVersion, |hello| hello.versions = vec![2, 99].into()),
        ("a version of later, with constants of its own", Refusal::NoCommonVersion, |hello| {
            hello.versions = vec![2].into();
            hello.constants = [7; 32];
        }),
    ];
    let mut peer = Peer::new(1);
    for (what, refusal, alter) in cases {
        friends.refuse(what, refusal, |node| {
            let session = peer.dial(node).expect("a session");
            let mut hello = peer.hello();
            alter(&mut hello);
            peer.say(session, &Frame::Hello(hello));
            peer.refusal(session)
        });
    }
    // Clocks that are apart by less do not matter, and neither does a version more.
    let session = peer.dial(&friends.node).expect("a session");
    let mut hello = peer.hello();
    hello.time_unix_ms += CLOCK_SKEW_MS - 60_000;
    hello.versions = vec![2, 1].into();
    peer.say(session, &Frame::Hello(hello));
    peer.say(session, &peer.peer_id(session, &peer.document(now_unix_ms())));
    peer.hear_until(session, |frame| matches!(frame, Frame::PeerId(_)).then_some(()));
}

#[test]
fn who_does_not_prove_to_be_who_it_says_is_refused_by_name() {
    let mut friends = Friends::new(&[]);
    let mut peer = Peer::new(2);

    friends.refuse("a document that has expired", Refusal::BadDocument, |node| {
        let session = peer.dial(node).expect("a session");
        peer.say(session, &Frame::Hello(peer.hello()));
        let old = peer.document(now_unix_ms() - (DOCUMENT_VALIDITY_S + 3_600) * 1_000);
        peer.say(session, &peer.peer_id(session, &old));
        peer.refusal(session)
    });

    friends.refuse("the document of somebody else", Refusal::UnexpectedId, |node| {
        let other = Peer::new(3).document(now_unix_ms());
        let session = peer.dial(node).expect("a session");
        peer.say(session, &Frame::Hello(peer.hello()));
        peer.say(session, &peer.peer_id(session, &other));
        peer.refusal(session)
    });

    friends.refuse("a PEER-ID of another session, said again", Refusal::BadProof, |node| {
        let document = peer.document(now_unix_ms());
        let first = peer.dial(node).expect("a session");
        let said = peer.peer_id(first, &document);
        peer.close(first);
        let second = peer.dial(node).expect("a session");
        peer.say(second, &Frame::Hello(peer.hello()));
        peer.say(second, &said);
        peer.refusal(second)
    });

    friends.refuse("the node's own PEER-ID, said back", Refusal::BadProof, |node| {
        // Only whoever has proved who it is hears it.
        let honest = peer.dial(node).expect("a session");
        peer.introduce(honest);
        let its_own = peer.hear_until(honest, |frame| match frame {
            Frame::PeerId(peer_id) => Some(peer_id.clone()),
            _ => None,
        });
        peer.close(honest);
        let session = peer.dial(node).expect("a session");
        peer.say(session, &Frame::Hello(peer.hello()));
        peer.say(session, &Frame::PeerId(its_own));
        peer.refusal(session)
    });

    friends.refuse("a proof for the other side of the session", Refusal::BadProof, |node| {
        let session = peer.dial(node).expect("a session");
        peer.say(session, &Frame::Hello(peer.hello()));
        let document = peer.document(now_unix_ms());
        let wrong = PeerId::new(&peer.key, &document, &session.handshake_hash, Role::Responder, Vec::new());
        peer.say(session, &Frame::PeerId(wrong));
        peer.refusal(session)
    });

    let own_key = friends.node.key();
    let mut myself = Peer::with_key(own_key);
    friends.refuse("the node's own id", Refusal::IsMyself, |node| {
        let session = myself.dial(node).expect("a session");
        myself.introduce(session);
        myself.refusal(session)
    });

    // After all that an honest session under the same key is taken.
    peer.join(&friends.node);
    friends.are_undisturbed("the same peer, which is honest now");
}

#[test]
fn an_older_document_than_one_that_was_seen_is_refused() {
    let mut friends = Friends::new(&[]);
    let mut peer = Peer::new(4);
    let session = peer.join(&friends.node);
    peer.close(session);
    friends.refuse("a rollback", Refusal::BadDocument, |node| {
        let session = peer.dial(node).expect("a session");
        peer.say(session, &Frame::Hello(peer.hello()));
        peer.say(session, &peer.peer_id(session, &peer.document(now_unix_ms() - 3_600_000)));
        peer.refusal(session)
    });
}

#[test]
fn nodes_of_two_networks_refuse_each_other() {
    let mut friends = Friends::new(&[]);
    let mut other = Node::with(&[("network", "\"other\"")]);
    other.start_listening();
    other.add(&friends.node.idurl(), "node");
    until("both have refused", || {
        (friends.node.refusals("wrong_network") > 0 && other.refusals("wrong_network") > 0).then_some(())
    });
    let ping = other.call(&PingContact { who: "node".into() });
    assert!(!ping.online);
    assert_eq!(ping.why.as_deref(), Some("it is in another network than yours (`other`)"));
    friends.are_undisturbed("a node of another network");
}

#[test]
fn another_node_than_the_one_that_was_called_is_refused() {
    let mut friends = Friends::new(&[]);
    let mut other = Node::new();
    other.start_listening();
    let wanted = IdentityKey::from_seed(&[77; 32]).id();
    friends.node.add(&format!("bitpie:{wanted}?at=tcp://{}", other.address()), "wanted");
    let ping = friends.node.call(&PingContact { who: "wanted".into() });
    assert!(!ping.online);
    let why = ping.why.expect("a reason");
    assert!(why.contains(&format!("does not answer as {wanted}")), "{why}");
    assert!(!why.contains(&other.id().to_string()), "nobody learns who is there instead: {why}");
    assert_eq!(other.sessions_with(friends.node.id()), [0; 0]);
    friends.node.call(&RemoveContact { who: "wanted".into(), with_messages: false });
    friends.are_undisturbed("somebody who has another's address");
}

#[test]
fn more_sessions_than_there_may_be_are_refused_by_name() {
    for setting in ["sessions/inbound-per-address", "sessions/inbound"] {
        let mut friends = Friends::new(&[(setting, "3")]);
        let mut peers: Vec<_> = (10..13).map(Peer::new).collect();
        let sessions: Vec<_> = peers.iter_mut().map(|peer| peer.join(&friends.node)).collect();
        let mut late = Peer::new(13);
        friends.refuse(setting, Refusal::LimitReached, |node| {
            let session = late.dial(node).expect("the handshake still happens");
            late.introduce(session);
            late.refusal(session)
        });
        // Whoever goes makes room.
        peers[0].close(sessions[0]);
        friends.node.until("it is gone", |node| node.status().sessions.incoming == 2);
        late.join(&friends.node);
        friends.are_undisturbed("a newcomer");
    }
}

#[test]
fn handshakes_that_nobody_goes_on_with_do_not_shut_out_others() {
    let mut friends = Friends::new(&[("sessions/half-open-per-address", "4"), ("sessions/half-open", "64")]);
    let connect = || TcpStream::connect(friends.node.address()).expect("somebody listens");
    let silent: Vec<_> = (0..4).map(|_| connect()).collect();
    friends.node.until("they are counted", |node| node.status().sessions.half_open == 4);
    let _one_more = connect();
    friends.node.until("one is refused", |node| node.refusals("address_half_open_limit") == 1);
    friends.are_undisturbed("silent connections");
    drop(silent);
    friends.node.until("they are gone", |node| node.status().sessions.half_open == 0);
    Peer::new(20).join(&friends.node);
}
