//! Interoperation with what others wrote: libtorrent carries the DHT, nodes of ours publish and find through it, and
//! each side reads what the other has signed. What a caller by aioquic hears is in a file of its own.
//!
//! `cargo xtask interop` installs libtorrent and runs this; without it there is nothing to run against.

mod aioquic;
mod api;
mod libtorrent;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use bitpie::api::answers::MessageState;
use bitpie::api::methods::AcceptContact;
use bitpie::dht::{Bootstrap, Dht, DhtOptions, ITEM_BYTES, Item, Slot, VerifiedClaim};
use bitpie::home::clock::unix_ms;
use bitpie::identity::{IdentityKey, NodeId, SEED_BYTES, VerifiedDocument};
use bitpie::nickname::Nickname;
use ed25519_dalek::{Signature, VerifyingKey};

use self::libtorrent::{Libtorrent, Record};
use super::nodes::{Node, until};

/// Nodes of libtorrent; eight of them keep a record.
const NODES: usize = 20;

/// So many of them leave at the end.
const LEAVING: usize = 10;

/// From so many of them our nodes hear of the others.
const BOOTSTRAP: usize = 3;

/// The node of libtorrent that is asked: none of those that our nodes know at first.
const ASKED: usize = 5;

/// The network of the nodes under test.
const NETWORK: &str = "test";

/// Tells what is done and what was seen.
struct Teller {
    step: u32,
    began: Instant,
}

impl Teller {
    fn does(&mut self, what: &str) {
        self.step += 1;
        println!("{:>6.2} s  {}. {what}", self.began.elapsed().as_secs_f64(), self.step);
    }

    fn saw(&self, what: impl Display) {
        println!("{:>6.2} s     {what}", self.began.elapsed().as_secs_f64());
    }
}

fn name(text: &str) -> Nickname {
    text.parse().expect("a nickname")
}

/// A client of the DHT as a node has it.
fn client(libtorrent: &Libtorrent) -> Dht {
    let options = DhtOptions {
        address: Ipv4Addr::LOCALHOST,
        port: 0,
        bootstrap: Bootstrap::Nodes(libtorrent.bootstrap(BOOTSTRAP)),
        known: Vec::new(),
        is_server: false,
        request_timeout: Duration::from_millis(200),
    };
    Dht::open(&options).expect("a socket on loopback")
}

/// A node of ours whose DHT is carried by libtorrent.
fn node(libtorrent: &mut Libtorrent) -> Node {
    let bootstrap = format!("{:?}", libtorrent.bootstrap(BOOTSTRAP));
    let mut node = Node::with(&[
        ("services/entangled-dht/bootstrap", &bootstrap),
        ("services/lan-discovery/enabled", "false"),
        ("testing/nickname-check", "\"2s\""),
    ]);
    node.spawn();
    libtorrent.guard(&node);
    node.wait_until_it_answers();
    node.until("it has joined the DHT", |node| node.status().dht.state == "JOINED");
    node
}

/// Checks a record's signature without libtorrent and without what has signed it, and that it holds for nothing else.
fn demand_signature(record: &Record, key: &[u8; 32]) {
    let key = VerifyingKey::from_bytes(key).expect("a public key");
    let signature = Signature::from_bytes(&record.signature());
    let text = record.signed_text();
    key.verify_strict(&text, &signature).expect("the signature that libtorrent tells is the record's");
    for byte in 0..text.len() {
        let mut changed = text.clone();
        changed[byte] ^= 1;
        assert!(key.verify_strict(&changed, &signature).is_err(), "byte {byte} can be changed");
    }
}

#[test]
#[ignore = "`cargo xtask interop` installs libtorrent and runs it"]
fn libtorrent_carries_documents_and_names() {
    // The harness has not ended its line.
    println!();
    let mut teller = Teller { step: 0, began: Instant::now() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");

    teller.does(&format!("{NODES} nodes of libtorrent make a DHT on loopback."));
    let (mut libtorrent, came_up) = Libtorrent::start(NODES);
    let (least, most) = (came_up.known.iter().min(), came_up.known.iter().max());
    teller.saw(format!(
        "libtorrent {}: each knows {} to {} others",
        came_up.version,
        least.expect("there are some"),
        most.expect("there are some")
    ));

    ours_reads_theirs(&mut teller, &mut libtorrent, &runtime);

    teller.does("Two nodes of bitpie start, and know three of them.");
    let (mut a, mut b) = (node(&mut libtorrent), node(&mut libtorrent));
    let ids = BTreeMap::from([("a", a.id()), ("b", b.id())]);
    ids.iter().for_each(|(name, id)| teller.saw(format!("{name} has joined: {id}")));

    documents(&mut teller, &mut libtorrent, &[(&a, ids["a"]), (&b, ids["b"])]);
    names_and_messages(&mut teller, (&a, ids["a"]), (&b, ids["b"]));
    slot_is_read(&mut teller, &mut libtorrent, ids["a"]);
    nothing_else_comes_back(&mut teller, &mut libtorrent, &runtime, ids["a"]);
    largest_record(&mut teller, &mut libtorrent, &runtime);
    collision(&mut teller, &mut libtorrent, (&a, ids["a"]), (&b, ids["b"]));
    half_leaves(&mut teller, &mut libtorrent, &a, &b);

    teller.does("Both nodes stop, and what their automata did is run again.");
    a.stop();
    b.stop();
    // Dropped, a node demands that its traces replay.
    drop((a, b));
    teller.saw("both traces replay");
}

/// libtorrent reads the identity documents.
fn documents(teller: &mut Teller, libtorrent: &mut Libtorrent, nodes: &[(&Node, NodeId)]) {
    teller.does("Both publish their identity documents; libtorrent reads them under their keys.");
    for (node, id) in nodes {
        node.until("its identity is in the DHT", Node::is_published);
        let record = libtorrent.get(ASKED, id.as_bytes(), b"").expect("the document is there");
        demand_signature(&record, id.as_bytes());
        let document = VerifiedDocument::verify(&record.value(), unix_ms()).expect("it is a document");
        assert_eq!(document.id(), *id);
        assert_eq!(i64::try_from(document.document().revision), Ok(record.sequence));
        let bytes = record.value().len();
        teller.saw(format!("{id}: {bytes} bytes, sequence {}, both signatures hold", record.sequence));
    }
    teller.saw(format!("records that each node of libtorrent keeps: {:?}", libtorrent.kept()));
}

/// Nicknames are taken, found, and written to.
fn names_and_messages(teller: &mut Teller, (a, a_id): (&Node, NodeId), (b, b_id): (&Node, NodeId)) {
    teller.does("a takes the nickname alice, b the nickname bob.");
    a.wish(&name("alice"));
    b.wish(&name("bob"));
    teller.saw(format!("alice is a's, in place {}; bob is b's, in place {}", a.until_held(), b.until_held()));

    teller.does("Each finds the other by name.");
    for (seeker, sought, wanted) in [(b, "alice", a_id), (a, "bob", b_id)] {
        // The claim may be a moment older than the document that agrees with it.
        seeker.until("the name is found", |node| node.finds(&name(sought)) == BTreeMap::from([(0, wanted)]));
        teller.saw(format!("{sought} is {wanted}, and nobody else"));
    }

    teller.does("b writes to alice by name, and a answers by name.");
    b.output(&["msg", "send", "alice", "hello, by way of libtorrent", "--yes"]);
    a.until("somebody would like to talk", |node| node.status().contacts.requests == 1);
    a.call(&AcceptContact { who: b_id.to_string(), name: None });
    a.until("the message is there", |node| node.received() == ["hello, by way of libtorrent"]);
    let answer = a.send(&b_id.to_string(), "heard");
    a.until_delivered(&answer.id);
    assert_eq!(b.received(), ["heard"]);
    let outgoing = b.all_messages().into_iter().find(|message| message.text.0.starts_with("hello"));
    let state = b.until_delivered(&outgoing.expect("b has written it").id).state;
    assert!(matches!(state, MessageState::Delivered | MessageState::Read));
    teller.saw("both messages are delivered and acknowledged");
}

/// libtorrent reads the record of a nickname.
fn slot_is_read(teller: &mut Teller, libtorrent: &mut Libtorrent, holder: NodeId) {
    teller.does("libtorrent reads the record of alice, place 0.");
    let key = Slot::new(NETWORK, name("alice"), 0).public_key();
    let record = libtorrent.get(ASKED, &key, b"").expect("the claim is there");
    demand_signature(&record, &key);
    let claim = VerifiedClaim::verify(&record.value(), NETWORK, &name("alice"), 0, unix_ms()).expect("it is a claim");
    assert_eq!(claim.id(), holder);
    teller.saw(format!(
        "{} bytes, sequence {}: the slot's signature holds, and the claim in it is signed by {holder}",
        record.value().len(),
        record.sequence
    ));
}

/// What was not signed is neither kept nor told.
fn nothing_else_comes_back(
    teller: &mut Teller,
    libtorrent: &mut Libtorrent,
    runtime: &tokio::runtime::Runtime,
    id: NodeId,
) {
    teller.does("What was not signed does not come back.");
    let key = id.as_bytes();
    assert!(libtorrent.get(ASKED, key, b"salt").is_none(), "there is nothing with a salt");
    teller.saw("with a salt, libtorrent finds nothing under the same key");

    let before = libtorrent.get(ASKED, key, b"").expect("the document is there");
    let true_item = Item { key: *key, signature: before.signature(), value: before.value(), sequence: before.sequence };
    let client = runtime.block_on(async { client(libtorrent) });
    let mut changed = true_item.clone();
    changed.value[0] ^= 1;
    let later = Item { sequence: true_item.sequence + 1, ..true_item.clone() };
    for (what, forged) in [("a changed value", changed), ("a later number", later)] {
        let refused = runtime.block_on(client.write(&forged, None)).expect_err("nobody takes what is not signed");
        assert!(libtorrent.has(ASKED, &true_item), "the document is as it was");
        teller.saw(format!("{what} under the old signature: {refused}"));
    }
}

/// A client of ours reads what libtorrent has signed.
fn ours_reads_theirs(teller: &mut Teller, libtorrent: &mut Libtorrent, runtime: &tokio::runtime::Runtime) {
    teller.does("libtorrent writes records of its own; a client as our nodes have it reads them.");
    let seed = [0x5e; SEED_BYTES];
    let key = *IdentityKey::from_seed(&seed).id().as_bytes();
    // Before anything else is there, so that what has a salt cannot hide behind what has none.
    let nodes = libtorrent.put(3, &seed, &key, b"salt", b"with a salt");
    assert!(nodes > 0, "libtorrent keeps its own record");
    let client = runtime.block_on(async { client(libtorrent) });
    let found = runtime.block_on(client.read(&key));
    assert!(found.is_answered && found.values.is_empty(), "what has a salt is another record: {found:?}");
    for (sequence, value) in [(1, b"signed by libtorrent".as_slice()), (2, b"and changed by it")] {
        let nodes = libtorrent.put(3, &seed, &key, b"", value);
        let found = runtime.block_on(client.read(&key));
        let last = found.values.last_key_value().expect("our client finds it");
        assert_eq!(last.0, &(sequence, value.to_vec()), "{found:?}");
        let read = String::from_utf8_lossy(value);
        teller
            .saw(format!("{nodes} nodes keep `{read}`, sequence {sequence}; {} of them gave it to our client", last.1));
    }
}

/// The limits of both sides are the same.
fn largest_record(teller: &mut Teller, libtorrent: &mut Libtorrent, runtime: &tokio::runtime::Runtime) {
    teller.does("The largest record that we write is one that libtorrent takes.");
    let key = IdentityKey::from_seed(&[0x1a; SEED_BYTES]);
    let client = runtime.block_on(async { client(libtorrent) });
    let item = Item::sign_own(&key, &[b'x'; ITEM_BYTES], 1).expect("it fits");
    let nodes = runtime.block_on(client.write(&item, None)).expect("libtorrent takes it");
    assert!(libtorrent.has(ASKED, &item));
    teller.saw(format!("{ITEM_BYTES} bytes: taken by {nodes} nodes, and read by libtorrent"));
    // One byte more is refused by us; without that check, by libtorrent.
    assert!(Item::sign_own(&key, &[b'x'; ITEM_BYTES + 1], 2).is_err());
    let longer = Item { value: vec![b'x'; ITEM_BYTES + 1], sequence: 2, ..item.clone() };
    let refused = runtime.block_on(client.write(&longer, None)).expect_err("it is too long");
    assert!(libtorrent.has(ASKED, &item));
    teller.saw(format!("one more: {refused}"));
}

/// Two nodes want one name.
fn collision(teller: &mut Teller, libtorrent: &mut Libtorrent, (a, a_id): (&Node, NodeId), (b, b_id): (&Node, NodeId)) {
    teller.does("Both want the nickname carol, at the same moment.");
    let carol = name("carol");
    a.wish(&carol);
    b.wish(&carol);
    let places = until("each has a place of its own, and both see both", || {
        let (of_a, of_b) = (a.held()?, b.held()?);
        let places = BTreeMap::from([(of_a, a_id), (of_b, b_id)]);
        (places.len() == 2 && a.finds(&carol) == places && b.finds(&carol) == places).then_some(places)
    });
    for (place, id) in &places {
        let key = Slot::new(NETWORK, carol.clone(), *place).public_key();
        let record = libtorrent.get(ASKED, &key, b"").expect("the claim is there");
        demand_signature(&record, &key);
        let claim = VerifiedClaim::verify(&record.value(), NETWORK, &carol, *place, unix_ms()).expect("a claim");
        assert_eq!(claim.id(), *id);
        teller.saw(format!("place {place} is {id}'s; both nodes and libtorrent agree"));
    }
    let slot = Slot::new(NETWORK, name("alice"), 0);
    until("alice is given up", || {
        let record = libtorrent.get(ASKED, &slot.public_key(), b"")?;
        VerifiedClaim::verify(&record.value(), NETWORK, &name("alice"), 0, unix_ms()).is_err().then_some(())
    });
    teller.saw("libtorrent finds no claim to alice any more");
}

/// Half of libtorrent's nodes go.
fn half_leaves(teller: &mut Teller, libtorrent: &mut Libtorrent, a: &Node, b: &Node) {
    teller.does(&format!("{LEAVING} of the {NODES} nodes of libtorrent go without a word."));
    libtorrent.leave(LEAVING);
    let carol = name("carol");
    let found = until("both are found still", || {
        let found = b.finds(&carol);
        (found.len() == 2 && found == a.finds(&carol)).then_some(found)
    });
    teller.saw(format!("carol is found in the places {:?}", found.keys().collect::<Vec<_>>()));
}
