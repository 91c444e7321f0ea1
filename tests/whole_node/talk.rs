//! What users do: they talk, go away and come back, are found by strangers, and lose power at the worst moment.

use std::time::{Duration, Instant};

use bitpie::api::answers::{ContactState, Direction, MessageState};
use bitpie::api::hidden::Hidden;
use bitpie::api::methods::{
    AcceptContact, ListMessages, PingContact, RefuseContact, SearchMessages, SetSetting, WatchMessages,
};
use bitpie::wire::{Frame, PacketKind, VerifiedPacket};
use bitpie::world::services::ServiceResult;

use super::nodes::{Node, acquaint, pair, pair_online, until, until_both_online};
use super::peer::Peer;
use super::proxy::Proxy;

/// In this time a node that was killed and started again is back in touch. The machine may be slow; a session that is
/// believed dead only after its pings have failed would take more than a minute.
const BACK_IN_TOUCH: Duration = Duration::from_secs(20);

#[test]
fn two_talk_both_ways_and_see_what_was_read() {
    let (a, b) = pair_online();
    let first = a.send("b", "hello");
    let delivered = a.until_delivered(&first.id);
    assert_eq!((delivered.state, delivered.attempts), (MessageState::Delivered, 1));
    assert_eq!(b.received(), ["hello"]);
    assert_eq!(b.contact(first_id(&a)).expect("a is there").unread, 1);

    let back = b.send("a", "hello yourself, at length: привет, 你好");
    b.until_delivered(&back.id);
    assert_eq!(a.received(), ["hello yourself, at length: привет, 你好"]);

    assert_eq!(b.mark_read("a"), 1);
    a.until_state(&first.id, &[MessageState::Read]);
    assert_eq!(b.message(&back.id).state, MessageState::Delivered, "nobody has read that one");

    let found = |node: &Node, query: &str| {
        let query = Hidden(query.to_owned());
        node.call(&SearchMessages { query, limit: 10 }).messages.len()
    };
    assert_eq!((found(&a, "length"), found(&b, "привет"), found(&a, "goodbye")), (1, 1, 0));
    let exported: Vec<_> = a.all_messages().into_iter().map(|message| (message.direction, message.text.0)).collect();
    let said = |direction, text: &str| (direction, text.to_owned());
    assert_eq!(
        exported,
        [said(Direction::Outgoing, "hello"), said(Direction::Incoming, "hello yourself, at length: привет, 你好")]
    );
    assert!(a.call(&PingContact { who: "b".into() }).online);
    let status = a.status();
    assert_eq!((status.sessions.incoming + status.sessions.outgoing, status.sessions.half_open), (1, 0));
}

#[test]
fn the_command_line_talks_too() {
    let (a, b) = (Node::started(), Node::started());
    b.until("it listens", |node| node.output(&["id"]).contains("at=tcp://"));
    let (of_a, of_b) = (a.output(&["--json", "id"]), b.output(&["--json", "id"]));
    let idurl = |text: &str| {
        let id: serde_json::Value = serde_json::from_str(text).expect("JSON");
        id["idurl"].as_str().expect("an address").to_owned()
    };
    a.output(&["contact", "add", &idurl(&of_b), "--name", "bob"]);
    b.output(&["contact", "add", &idurl(&of_a), "--name", "alice"]);
    a.output(&["msg", "send", "bob", "by the command line", "--wait"]);
    assert!(b.output(&["msg", "list"]).contains("by the command line"));
    let exported = b.output(&["msg", "export"]);
    assert_eq!(exported.lines().count(), 1, "{exported}");
    assert!(b.output(&["msg", "search", "command"]).contains("by the command line"));
    // Nor is anything left of what was refused.
    let refused = a.command(&["msg", "send", "bob", "for ever", "--expires", "31d"]).output().expect("it runs");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("no message is tried for longer than 30 days"), "{said}");
    let file = a.home().join("export");
    let export = ["msg", "export", "nobody", "--out", file.to_str().expect("UTF-8")];
    assert!(!a.command(&export).output().expect("it runs").status.success() && !file.exists());
    assert!(!a.output(&["msg", "list"]).contains("for ever"));
}

/// It was taken for sent when a session had it, and lost with that session, or with the node.
#[test]
fn a_receipt_that_was_lost_with_its_session_is_sent_again() {
    for is_killed in [false, true] {
        let (mut a, mut b) = (Node::started(), Node::started());
        let proxy = Proxy::to(b.address());
        let (a_id, at_proxy) = (a.id(), b.idurl_at(proxy.address()));
        // Only a calls, so the session goes through the proxy.
        b.add(&format!("bitpie:{a_id}"), "a");
        a.add(&at_proxy, "b");
        until_both_online(&mut a, &mut b);
        let sent = a.send("b", "have you read it?");
        a.until_delivered(&sent.id);
        proxy.swallow();
        let before = b.status().counters.packets_out;
        assert_eq!(b.mark_read("a"), 1);
        b.until("the session has the receipt", |b| b.status().counters.packets_out > before);
        assert_eq!(a.message(&sent.id).state, MessageState::Delivered);
        if is_killed {
            b.kill();
        }
        proxy.cut();
        if is_killed {
            b.start();
        }
        a.until_state(&sent.id, &[MessageState::Read]);
    }
}

#[test]
fn what_is_written_to_somebody_who_is_away_arrives_once_when_they_are_back() {
    let (mut a, mut b) = pair();
    a.start();
    let waiting: Vec<_> = ["one", "two", "three"].iter().map(|text| a.send("b", text)).collect();
    assert!(waiting.iter().all(|sent| a.message(&sent.id).state == MessageState::Queued));
    b.start();
    waiting.iter().for_each(|sent| drop(a.until_delivered(&sent.id)));
    assert_eq!(b.received(), ["one", "two", "three"]);

    b.stop();
    a.until("it is noticed that b has gone", |a| !a.is_online(first_id(&b)));
    let later = a.send("b", "later");
    a.stop();
    a.start();
    assert_eq!(a.message(&later.id).state, MessageState::Queued);
    b.start();
    a.until_delivered(&later.id);
    assert_eq!(b.received(), ["one", "two", "three", "later"]);
}

/// As many as no session could take at once, and long ones.
#[test]
fn much_that_was_written_to_somebody_who_is_away_arrives_in_its_order() {
    let (mut a, mut b) = pair();
    a.start();
    const MESSAGES: usize = 70;
    let text = |number: usize| format!("{number} {}", "o".repeat(16_000));
    let sent: Vec<_> = (0..MESSAGES).map(|number| a.send("b", &text(number)).id).collect();
    b.start();
    sent.iter().for_each(|id| assert_eq!(a.until_delivered(id).attempts, 1));
    let numbers: Vec<_> =
        b.received().iter().map(|text| text.split(' ').next().expect("a number").parse::<usize>()).collect();
    assert_eq!(numbers, (0..MESSAGES).map(Ok).collect::<Vec<_>>());
}

#[test]
fn a_node_that_stops_refuses_nothing_and_loses_nothing() {
    let (a, mut b) = pair_online();
    let mut sent = Vec::new();
    for round in 0..2 {
        // Some of them arrive while it is on its way down.
        sent.extend((0..12).map(|number| a.send("b", &format!("{round}, {number}")).id));
        b.stop();
        sent.extend((12..15).map(|number| a.send("b", &format!("{round}, {number}")).id));
        b.start();
    }
    for id in &sent {
        let message = a.until_state(id, &[MessageState::Delivered, MessageState::Refused]);
        assert_eq!((message.state, message.why), (MessageState::Delivered, None));
    }
    assert_each_once(&b.received(), sent.len());
}

#[test]
fn two_that_call_each_other_at_once_end_in_one_session() {
    let (mut a, mut b) = pair();
    for round in 0..4 {
        // Both at the same time, in either order.
        if round % 2 == 0 {
            a.spawn()
        } else {
            b.spawn()
        }
        if round % 2 == 0 {
            b.spawn()
        } else {
            a.spawn()
        }
        a.wait_until_it_answers();
        b.wait_until_it_answers();
        until_both_online(&mut a, &mut b);
        let (a_id, b_id) = (a.id(), b.id());
        until("there is one session, and no other on its way", || {
            let (of_a, of_b) = (a.status().sessions, b.status().sessions);
            let one = |sessions: bitpie::api::answers::SessionCounts| {
                sessions.incoming + sessions.outgoing == 1 && sessions.half_open == 0
            };
            (one(of_a) && one(of_b) && of_a.incoming == of_b.outgoing).then_some(())
        });
        let session = (a.sessions_with(b_id), b.sessions_with(a_id));
        let there = a.send("b", &format!("there {round}"));
        let back = b.send("a", &format!("back {round}"));
        a.until_delivered(&there.id);
        b.until_delivered(&back.id);
        assert_eq!((a.sessions_with(b_id), b.sessions_with(a_id)), session, "it is the same session still");
        a.stop();
        b.stop();
    }
}

#[test]
fn what_a_stranger_has_written_is_told_and_can_be_read_before_the_user_decides() {
    let (mut a, mut c) = (Node::started(), Node::started());
    c.add(&a.idurl(), "a");
    let began = a.call(&WatchMessages { with: None, after: None, after_request: None, wait_ms: 0 });
    let asked = c.send("a", "may I?");
    // Whoever watches is told, once.
    let (after, after_request) = (began.next, began.next_request);
    let told = a.call(&WatchMessages { with: None, after, after_request, wait_ms: 30_000 });
    let [request] = told.messages.as_slice() else { panic!("{told:?}") };
    assert_eq!((request.state, request.position, request.text.0.as_str()), (MessageState::Waiting, 0, "may I?"));
    let after_request = told.next_request;
    let more = a.call(&WatchMessages { with: None, after, after_request, wait_ms: 0 });
    assert_eq!(more.messages, []);
    c.until_delivered(&asked.id);
    assert!(a.said().contains("a stranger asks to talk"), "the log tells it");
    assert!(a.output(&["status"]).contains("1 waiting to be accepted"));

    // It can be read as often as one likes, and is neither read nor answered by that.
    let who = format!("bitpie:{}", &c.id().to_string()[..8]);
    for _ in 0..2 {
        let shown = a.output(&["msg", "list", &who]);
        assert!(shown.contains("may I?") && shown.contains("waiting") && shown.contains("contact accept"), "{shown}");
        assert_eq!(a.mark_read(&who), 0);
    }
    let contact = a.contact(c.id()).expect("it is listed");
    assert_eq!((contact.state, contact.waiting, contact.unread), (ContactState::Request, 1, 0));
    assert_eq!(a.received(), [""; 0]);
    // A receipt would have come before the answer to what was sent behind it.
    let second = c.send("a", "please?");
    c.until_delivered(&second.id);
    assert_eq!(c.message(&asked.id).state, MessageState::Delivered);
    a.call(&AcceptContact { who: who.clone(), name: None });
    assert_eq!(a.contact(c.id()).expect("there").unread, 2);
    assert_eq!(a.mark_read(&who), 2);
    c.until_state(&asked.id, &[MessageState::Read]);
}

#[test]
fn a_stranger_waits_until_the_user_decides() {
    let (mut a, mut c, mut d) = (Node::started(), Node::started(), Node::started());
    c.add(&a.idurl(), "a");
    d.add(&a.idurl(), "a");
    let (asked, unwanted) = (c.send("a", "may I?"), d.send("a", "buy this"));
    c.until_delivered(&asked.id);
    d.until_delivered(&unwanted.id);
    assert_eq!(a.received(), [""; 0], "nothing is shown that nobody has accepted");
    for stranger in [c.id(), d.id()] {
        let request = a.contact(stranger).expect("it is listed");
        assert_eq!((request.state, request.waiting, request.unread), (ContactState::Request, 1, 0));
    }
    assert_eq!(a.status().contacts.requests, 2);

    let who = c.id().to_string();
    let accepted = a.call(&AcceptContact { who, name: Some("c".parse().expect("a name")) });
    assert_eq!((accepted.state, accepted.waiting), (ContactState::Accepted, 0));
    assert_eq!(a.received(), ["may I?"]);
    let answer = a.send("c", "of course");
    a.until_delivered(&answer.id);
    assert_eq!(c.received(), ["of course"]);
    assert_eq!(a.mark_read("c"), 1);
    c.until_state(&asked.id, &[MessageState::Read]);

    let refused = a.call(&RefuseContact { who: d.id().to_string() });
    assert_eq!((refused.state, refused.waiting), (ContactState::Refused, 0));
    // The refused are told nothing: what they send is not answered, neither as taken nor as refused.
    let again = d.send("a", "are you sure?");
    // The refused see somebody who is away.
    d.until("there is no session any more", |d| d.sessions_with(a.key().id()).is_empty() && !d.is_online(a.key().id()));
    let ping = d.call(&PingContact { who: "a".into() });
    assert!(!ping.online, "{ping:?}");
    a.stop();
    let unanswered = d.until_state(&again.id, &[MessageState::Queued, MessageState::Sent]);
    assert_eq!(unanswered.why, None);
    a.start();
    assert_eq!(a.received(), ["may I?"]);
    let all = a.call(&ListMessages { with: None, limit: 50, before: None });
    assert_eq!(all.messages.len(), 2);
}

/// That it was sent is not written down at once, since the answer mostly is.
#[test]
fn a_message_to_which_no_answer_comes_is_known_to_be_sent() {
    let node = Node::started();
    let mut peer = Peer::new(60);
    node.add(&peer.id().to_string(), "p");
    let session = peer.join(&node);
    let sent = node.send("p", "into the silence");
    loop {
        let Some(frame) = peer.hear(session) else { panic!("the session has ended") };
        let Frame::Packet(bytes) = frame else { continue };
        let packet = VerifiedPacket::verify(&bytes).expect("an honest node signs");
        match packet.packet().kind {
            PacketKind::Message => break,
            // Only then is the peer a contact that is there.
            PacketKind::Identity => peer.acknowledge(session, packet.packet().id),
            _ => {}
        }
    }
    assert_eq!(node.until_state(&sent.id, &[MessageState::Sent]).attempts, 1);
}

#[test]
fn a_service_can_be_stopped_and_started_again() {
    let (mut a, mut b) = pair_online();
    let (a_id, b_id) = (a.id(), b.id());
    let services_on = |node: &Node| node.status().services.get("ON").copied().unwrap_or(0);
    let all = services_on(&b);

    // Nobody takes messages for a while; what is sent meanwhile waits.
    assert_eq!(b.stop_service("private-messages").result, ServiceResult::Stopped);
    let waits = a.send("b", "into the silence");
    a.until("it was sent in vain", |a| a.message(&waits.id).attempts > 0);
    assert_eq!(b.received(), [""; 0]);
    assert_eq!(b.start_service("private-messages").result, ServiceResult::Started);
    a.until_delivered(&waits.id);

    // Without the hookups nobody is looked after.
    assert_eq!(b.stop_service("p2p-hookups").result, ServiceResult::Stopped);
    assert_eq!(b.start_service("p2p-hookups").result, ServiceResult::Started);
    until_both_online(&mut a, &mut b);

    // What the others stand on takes them along.
    for service in ["network", "gateway", "tcp-connections", "tcp-transport"] {
        assert_eq!(b.stop_service(service).result, ServiceResult::Stopped, "{service}");
        b.until("the sessions end", |b| services_on(b) < all);
        for service in ["tcp-transport", "private-messages", "p2p-hookups"] {
            assert_eq!(b.start_service(service).result, ServiceResult::Started, "{service}");
        }
        until_both_online(&mut a, &mut b);
        let (there, back) = (a.send("b", service), b.send("a", service));
        a.until_delivered(&there.id);
        b.until_delivered(&back.id);
    }
    assert_eq!((a.sessions_with(b_id).len(), b.sessions_with(a_id).len()), (1, 1));

    // What is switched off in the settings stays off.
    b.call(&SetSetting { path: "services/private-messages/enabled".into(), value: Some("false".into()) });
    b.until("it is off", |b| services_on(b) < all);
}

#[test]
fn a_node_that_was_killed_is_back_in_touch_at_once() {
    let (mut a, mut b) = pair_online();
    for round in 0..2 {
        for is_recipient in [true, false] {
            let victim = if is_recipient { &mut b } else { &mut a };
            victim.kill();
            victim.start();
            let begun = Instant::now();
            let (there, back) = (a.send("b", &format!("{round} {is_recipient}")), b.send("a", "back"));
            a.until_delivered(&there.id);
            b.until_delivered(&back.id);
            assert!(begun.elapsed() < BACK_IN_TOUCH, "{:?}", begun.elapsed());
        }
    }
    assert_each_once(&b.received(), 4);
}

/// Nobody tells `a` that its session with `b` is dead: it was opened by the one that comes back, or by `a` itself.
#[test]
fn a_node_that_was_killed_is_back_in_touch_in_spite_of_its_own_dead_session() {
    for is_opened_by_a in [true, false] {
        let (mut a, mut b) = (Node::started(), Node::started());
        let proxy = Proxy::to(if is_opened_by_a { b.address() } else { a.address() });
        let (a_id, b_id) = (a.id(), b.id());
        if is_opened_by_a {
            b.add(&a_id.to_string(), "a");
            a.add(&b.idurl_at(proxy.address()), "b");
        } else {
            a.add(&b_id.to_string(), "b");
            b.add(&a.idurl_at(proxy.address()), "a");
        }
        until_both_online(&mut a, &mut b);
        let dead = a.sessions_with(b_id);
        assert_eq!(dead.len(), 1);

        proxy.be_silent();
        b.kill();
        let begun = Instant::now();
        let first = a.send("b", "into the dark");
        b.start();
        b.until_online(a_id);
        a.until("there is another session", |a| {
            let sessions = a.sessions_with(b_id);
            !sessions.is_empty() && sessions != dead
        });
        let second = a.send("b", "into the light");
        a.until_delivered(&first.id);
        a.until_delivered(&second.id);
        assert!(begun.elapsed() < BACK_IN_TOUCH, "{:?}, opened by a: {is_opened_by_a}", begun.elapsed());
        assert_each_once(&b.received(), 2);
    }
}

#[test]
fn a_contact_is_found_at_the_address_that_it_tells_others() {
    // b knows where a is; a knows of b only who it is, and learns the rest.
    let (mut a, mut b) = (Node::new(), Node::new());
    acquaint(&mut a, &mut b);
    let mut c = Node::started();
    c.add(&a.id().to_string(), "a");
    a.start();
    a.add(&c.idurl(), "c");
    c.until_online(a.id());
    c.stop();
    a.stop();
    a.start();
    c.start();
    until("they meet again", || c.is_online(first_id(&a)).then_some(()));
}

/// Who a node is.
fn first_id(node: &Node) -> bitpie::identity::NodeId {
    node.key().id()
}

/// All are there, and none of them twice.
fn assert_each_once(received: &[String], count: usize) {
    let mut sorted = received.to_vec();
    sorted.sort();
    sorted.dedup();
    assert_eq!((sorted.len(), received.len()), (count, count), "{received:?}");
}
