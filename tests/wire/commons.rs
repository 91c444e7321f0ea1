//! The test vectors of the shared database: statements of every kind, what is refused, a digest with a proof, what a node
//! signs about its database, and each message of the synchroniser.

use bitpie::codec::Text;
use bitpie::commons::digest::{DigestTree, InclusionProof, Prefix, VerifiedAttestation};
use bitpie::commons::sync::{PartAnswer, StreamEnd, SyncMessage, fingerprint, state};
use bitpie::commons::{
    Claim, Commons, MemoryStore, Network, Note, Payload, Place, Profile, Rating, Retraction, Stamp, Statement,
    StatementBody, StatementId, Store, Target, zero_bits,
};
use bitpie::identity::{Domain, IdentityKey, Signed};
use bitpie::wire::NETWORK_BYTES;
use serde_json::{Value, json};

use super::samples::{NOW_UNIX_MS, alice, bob};
use super::vectors::{bytes, expected, hex, read, seed};

fn note(text: &str, answers: Option<StatementId>) -> Payload {
    Payload::Note(Note { text: Text::cut(text), answers })
}

/// Signs what somebody says next, and lets it in.
fn say(commons: &mut Commons<MemoryStore>, key: &IdentityKey, payload: &Payload, after_ms: u64) -> Statement {
    let Ok(body) = commons.next_statement(key.id(), payload, NOW_UNIX_MS + after_ms);
    let statement = Statement::verify(body.sign(key).as_bytes(), commons.network(), u64::MAX).expect("it is valid");
    commons.take_verified(statement.clone(), key.id(), 0).expect("it is valid in its place");
    statement
}

/// A conversation with a statement of each kind; at its end Bob says two things under one number.
fn conversation() -> (Commons<MemoryStore>, Vec<(&'static str, Statement)>) {
    let mut commons = Commons::open(Network::named("test"), MemoryStore::default()).expect("memory can be read");
    let (alice, bob) = (alice(), bob());
    let name = "Zoë".parse().expect("a nickname");
    let about = Some(Text::cut("first line\nsecond line"));
    let mut said =
        vec![("profile", say(&mut commons, &alice, &Payload::Profile(Profile { name: Some(name), about }), 0))];
    let hello = say(&mut commons, &alice, &note("Hello, all.", None), 1);
    said.push(("note", hello.clone()));
    said.push(("answer", say(&mut commons, &bob, &note("Hello, Alice.", Some(hello.id())), 2)));
    let of_note = Rating { target: Target::Statement(hello.id()), stars: 5 };
    said.push(("rating of a statement", say(&mut commons, &bob, &Payload::Rating(of_note), 3)));
    let of_author = Rating { target: Target::Author(bob.id()), stars: 1 };
    said.push(("rating of an author", say(&mut commons, &alice, &Payload::Rating(of_author), 4)));
    let nickname = "bob".parse().expect("a nickname");
    said.push(("claim", say(&mut commons, &bob, &Payload::Claim(Claim { nickname }), 5)));
    said.push(("retraction", say(&mut commons, &alice, &Payload::Retraction(Retraction { of: hello.id() }), 6)));
    let Ok(next) = commons.next_statement(bob.id(), &note("One thing.", None), NOW_UNIX_MS + 7);
    for (name, text) in [("one half of an equivocation", "One thing."), ("the other half", "Another thing.")] {
        let body = StatementBody { payload: note(text, None).encode(), ..next.clone() };
        let half = Statement::verify(body.sign(&bob).as_bytes(), commons.network(), u64::MAX).expect("it is valid");
        commons.take_verified(half.clone(), bob.id(), 0).expect("both are kept");
        said.push((name, half));
    }
    (commons, said)
}

#[test]
fn statements() {
    assert_eq!(Network::named(&"n".repeat(99)).name.as_str().len(), NETWORK_BYTES, "one limit for a network's name");
    let (commons, said) = conversation();
    let vectors: Vec<Value> = said
        .iter()
        .map(|(name, statement)| {
            let body = statement.body();
            let Ok(entry) = commons.store().entry(&statement.id());
            json!({
                "name": name,
                "by": if body.author == alice().id() { "alice" } else { "bob" },
                "id": statement.id(),
                "sequence": body.sequence,
                "previous": body.previous,
                "parents": *body.parents,
                "time_unix_ms": body.time_unix_ms,
                "kind": body.kind.code(),
                "payload": hex(&body.payload),
                "generation": entry.expect("it is there").place.generation,
                "stands": commons.stands(&statement.id()).expect("memory can be read"),
                "signed": hex(statement.as_bytes()),
            })
        })
        .collect();
    expected("statements", &vectors);
    // Read in the opposite order, they come to the same.
    let mut again = Commons::open(Network::named("test"), MemoryStore::default()).expect("memory can be read");
    for vector in read("statements").iter().rev() {
        again.take(&bytes(&vector["signed"]), bob().id(), u64::MAX, 0).expect("it is valid");
    }
    assert!(again.store() == commons.store());
    for vector in read("statements") {
        let id: StatementId = serde_json::from_value(vector["id"].clone()).expect("an id");
        assert_eq!(json!(again.stands(&id).expect("memory can be read")), vector["stands"]);
        let Ok(entry) = again.store().entry(&id);
        assert_eq!(json!(entry.expect("it is there").place.generation), vector["generation"]);
    }
}

/// A statement of the network `main`, which asks for a stamp.
#[test]
fn stamps() {
    let network = Network::named("main");
    let payload = Payload::Rating(Rating { target: Target::Author(bob().id()), stars: 4 });
    let body = StatementBody {
        network: network.name.clone(),
        author: alice().id(),
        sequence: 1,
        previous: None,
        parents: vec![network.genesis].into(),
        time_unix_ms: NOW_UNIX_MS,
        kind: payload.kind(),
        payload: payload.encode(),
        // The first that serves, counted from 0.
        stamp: Stamp(1_575_425),
    };
    let bits = network.stamps.bits(body.kind, body.payload.len());
    let mut search = body.stamping(network.stamps, body.stamp.0);
    let found = search.work(1).expect("this one serves");
    let signed = Signed::sign(&alice(), Domain::Statement, &found);
    let statement = Statement::verify(signed.as_bytes(), &network, NOW_UNIX_MS).expect("it is valid");
    expected(
        "stamps",
        &[json!({
            "name": "rating in main",
            "genesis": network.genesis,
            "needed_bits": bits,
            "found_bits": zero_bits(&found),
            "stamp": statement.body().stamp.0,
            "id": statement.id(),
            "signed": hex(statement.as_bytes()),
        })],
    );
    let without = body.stamping(network.stamps, 0).work(100);
    assert_eq!(without, None, "a stamp takes some work");
}

#[test]
fn commons_digests() {
    let (commons, said) = conversation();
    let many: Vec<StatementId> = (0..100_u32).map(|number| StatementId::of(&number.to_be_bytes())).collect();
    let of = |name: &str, ids: Vec<StatementId>| {
        let tree: DigestTree = ids.iter().copied().collect();
        let proof = ids.first().map(|id| hex(&tree.prove(id).expect("it is there").encode()));
        json!({ "name": name, "ids": ids, "root": hex(&tree.root()), "proof_of_the_first": proof })
    };
    let talk = said.iter().map(|(_, statement)| statement.id()).collect();
    let vectors =
        [of("none", vec![]), of("one", many[..1].to_vec()), of("the statements above", talk), of("a hundred", many)];
    expected("commons_digests", &vectors);
    for vector in read("commons_digests") {
        let ids: Vec<StatementId> = serde_json::from_value(vector["ids"].clone()).expect("ids");
        let root = bytes(&vector["root"]).try_into().expect("32 bytes");
        if let Some(first) = ids.first() {
            let proof = InclusionProof::decode(&bytes(&vector["proof_of_the_first"])).expect("a proof");
            assert_eq!(proof.check(first, &root), Ok(ids.len() as u64));
        }
    }
    let attested = [("of all", 0, None), ("until a time", 1, Some(NOW_UNIX_MS + 3))].map(|(name, after_ms, until)| {
        let Ok(attestation) = commons.attest(alice().id(), NOW_UNIX_MS + after_ms, until, 99);
        (name, attestation.expect("few are later").sign(&alice()))
    });
    let vectors = attested.each_ref().map(|(name, signed)| {
        let said = signed.attestation();
        json!({
            "name": name,
            "by": "alice",
            "moment_unix_ms": said.moment_unix_ms,
            "until_unix_ms": said.until_unix_ms,
            "root": hex(&said.root),
            "count": said.count,
            "tip_count": said.tip_count,
            "tips": *said.tips,
            "ratings": said.ratings,
            "stars": said.stars,
            "signed": hex(signed.as_bytes()),
        })
    });
    expected("attestations", &vectors);
    for (vector, (_, signed)) in read("attestations").iter().zip(attested) {
        assert_eq!(VerifiedAttestation::verify(&bytes(&vector["signed"])), Ok(signed));
    }
}

#[test]
fn commons_messages() {
    let (commons, said) = conversation();
    let ids: Vec<StatementId> = said.iter().take(2).map(|(_, statement)| statement.id()).collect();
    let Ok(state) = state(commons.store(), commons.tree());
    let salt = [0x5a; 16];
    let child = fingerprint(&salt, &commons.tree().root());
    let children = std::array::from_fn(|digit| if digit == 3 { child } else { [0; 8] });
    let place = Place { generation: 2, id: ids[1] };
    let prefixes = vec![Prefix::ROOT, Prefix::ROOT.child(0xa).child(0xb).child(0xc)];
    let messages: Vec<Value> = [
        ("ask state", SyncMessage::AskState),
        ("state", SyncMessage::State(state)),
        ("ask parts", SyncMessage::AskParts { salt, prefixes: prefixes.into() }),
        ("parts", SyncMessage::Parts(vec![PartAnswer::Leaf(vec![place]), PartAnswer::Children(children)].into())),
        ("ask statements", SyncMessage::AskStatements(ids.clone().into())),
        ("ask after", SyncMessage::AskAfter(place)),
        ("statement", SyncMessage::Statement(said[0].1.as_bytes().to_vec())),
        ("end", SyncMessage::End(StreamEnd::Complete)),
        ("announce", SyncMessage::Announce(ids.into())),
    ]
    .into_iter()
    .map(|(name, message)| json!({ "name": name, "message": hex(&message.encode()) }))
    .collect();
    expected("commons_messages", &messages);
    for vector in read("commons_messages") {
        let bytes = bytes(&vector["message"]);
        assert_eq!(SyncMessage::decode(&bytes).expect("a message").encode(), bytes);
    }
}

/// Each number that travels has a row in a table of PROTOCOL.md.
#[test]
fn the_protocol_names_every_kind_of_statement_and_every_end() {
    let text = include_str!("../../docs/PROTOCOL.md");
    for kind in bitpie::commons::StatementKind::ALL {
        assert!(text.contains(&format!("| {} | {} |", kind.code(), format!("{kind:?}").to_lowercase())), "{kind:?}");
    }
    for end in StreamEnd::ALL {
        let name = match end {
            StreamEnd::NotHere => "not here".to_owned(),
            other => format!("{other:?}").to_lowercase(),
        };
        assert!(text.contains(&format!("{} {name}", end.code())), "{end:?}");
    }
}

/// The fuzz targets begin from the vectors.
#[test]
fn seeds_of_the_fuzz_targets() {
    for vector in read("statements").iter().chain(&read("stamps")) {
        let (name, signed) = (vector["name"].as_str().expect("a name").replace(' ', "_"), bytes(&vector["signed"]));
        seed("statement", &name, &signed);
        let body = Signed::parse(&signed).expect("a body and a signature").unverified_body().to_vec();
        seed("statement", &format!("body_{name}"), &body);
    }
    let mut all = Vec::new();
    for vector in read("commons_messages") {
        let (name, message) = (vector["name"].as_str().expect("a name").replace(' ', "_"), bytes(&vector["message"]));
        seed("commons_sync", &name, &message);
        all.extend([&u16::try_from(message.len()).expect("short").to_be_bytes()[..], &message].concat());
    }
    // The target takes several, one after another, each behind its length.
    seed("commons_sync", "all", &all);
    seed("commons_sync", "proof", &bytes(&read("commons_digests")[3]["proof_of_the_first"]));
    seed("commons_sync", "attestation", &bytes(&read("attestations")[0]["signed"]));
}
