//! The test vectors of docs/PROTOCOL.md: everything that travels, made from fixed seeds, and read again from the files.
//!
//! `UPDATE_EXPECT=1 cargo test --test wire` writes them anew, and at the second time the seeds of the fuzz
//! targets, which are made from them. Another node is right if it makes and takes the same bytes.

use std::path::Path;

use bitpie::codec::{Text, encode};
use bitpie::dht::{NicknameClaim, Slot, VerifiedClaim};
use bitpie::identity::Signed;
use bitpie::identity::key_file::{self, PassphraseCost};
use bitpie::identity::{Domain, GREATEST_REVISION, IdentityDocument, Idurl, Invitation, SealingKey, VerifiedDocument};
use bitpie::messages::{Expected, MessageHeader, MessageText, Sealing, conversation_of, open};
use bitpie::nickname::Nickname;
use bitpie::wire::{
    Ack, BulkAnswer, BulkOpening, CarryRefusal, Fail, FailReason, Frame, Packet, PacketId, PacketKind, Refusal, Role,
    VerifiedPacket, constants, constants_digest, write_prefixed,
};
use data_encoding::HEXLOWER;
use expect_test::expect_file;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::samples::{HANDSHAKE_HASH, NOW_UNIX_MS, alice, bob, document, entrypoints, frames as sample_frames, packet};

const RANDOMNESS: [u8; 32] = [0x42; 32];
/// One that Alice or Bob has given away.
fn invitation() -> Invitation {
    Invitation::from_bytes([0x17; 16])
}

const PASSPHRASE: &str = "correct horse battery staple";

#[test]
fn keys() {
    let keys: Vec<Value> = [("alice", alice()), ("bob", bob())]
        .iter()
        .map(|(name, key)| {
            let idurl = Idurl {
                id: key.id(),
                at: entrypoints(),
                name: Some("Zoë".parse().expect("a nickname")),
                invitation: Some(invitation()),
            };
            let sealing = |rotation| hex(&SealingKey::derive(key, rotation).public().key);
            json!({
                "name": name,
                "seed": hex(&*key.seed()),
                "public_key": hex(key.id().as_bytes()),
                "id": key.id(),
                "idurl": Idurl { invitation: None, ..idurl.clone() },
                "idurl_with_invitation": idurl,
                "sealing_public_keys": [sealing(0), sealing(1)],
                "conversation_with_alice": hex(&conversation_of(&key.id(), &alice().id())),
            })
        })
        .collect();
    expected("keys", &keys);
}

#[test]
fn signatures() {
    let signatures: Vec<Value> = Domain::ALL
        .iter()
        .map(|domain| {
            let signed = Signed::sign(&alice(), *domain, b"body");
            let bytes = signed.as_bytes();
            json!({ "by": "alice", "domain": domain.text(), "body": hex(b"body"), "signed": hex(bytes) })
        })
        .collect();
    expected("signatures", &signatures);
    for (vector, domain) in read("signatures").iter().zip(Domain::ALL) {
        let signed = Signed::parse(&bytes(&vector["signed"])).expect("a body and a signature");
        assert_eq!(signed.verify(&alice().id(), domain), Ok(&bytes(&vector["body"])[..]));
    }
}

#[test]
fn documents() {
    let least = document(&alice());
    let named = IdentityDocument { name: Some("Zoë".parse().expect("a nickname")), revision: 2, ..least.clone() };
    let full = IdentityDocument {
        contacts: entrypoints().into(),
        services: ["private-messages", "gateway"].iter().map(|name| name.parse().expect("a name")).collect(),
        external: entrypoints()[..1].iter().cloned().collect(),
        revision: GREATEST_REVISION,
        ..named.clone()
    };
    let documents: Vec<Value> = [("least", least), ("named", named), ("full", full)]
        .into_iter()
        .map(|(name, document)| {
            let signed = document.sign(&alice()).0;
            json!({
                "name": name,
                "signed": hex(signed.as_bytes()),
                "digest": hex(&signed.digest()),
                "says": shown(signed.document()),
            })
        })
        .collect();
    expected("documents", &documents);
    for vector in read("documents") {
        let verified = VerifiedDocument::verify(&bytes(&vector["signed"]), NOW_UNIX_MS).expect("it is sound");
        assert_eq!(shown(verified.document()), vector["says"]);
        assert_eq!(hex(&verified.digest()), vector["digest"]);
    }
}

/// The first words of bulk streams, and the answers to them.
#[test]
fn bulk_streams() {
    let openings = [("carry", BulkOpening::Carry(bob().id())), ("call", BulkOpening::Call(alice().id()))];
    let refusals = CarryRefusal::ALL.iter().map(|reason| BulkAnswer::TurnedDown(*reason));
    let answers: Vec<BulkAnswer> = [BulkAnswer::Taken].into_iter().chain(refusals).collect();
    let openings = openings
        .map(|(name, opening)| json!({ "opening": name, "with_length": hex(&write_prefixed(&opening.encode())) }));
    let answers = answers.iter().map(|answer| {
        let name = match answer {
            BulkAnswer::Taken => json!("taken"),
            BulkAnswer::TurnedDown(reason) => json!(reason),
        };
        json!({ "answer": name, "with_length": hex(&write_prefixed(&answer.encode())) })
    });
    expected("bulk_streams", &openings.into_iter().chain(answers).collect::<Vec<Value>>());
    for vector in read("bulk_streams") {
        let bytes = bytes(&vector["with_length"]);
        if vector["opening"].is_string() {
            assert_eq!(BulkOpening::decode(&bytes[4..]).expect("an opening").encode(), bytes[4..]);
        } else {
            assert_eq!(BulkAnswer::decode(&bytes[4..]).expect("an answer").encode(), bytes[4..]);
        }
    }
}

#[test]
fn frames() {
    let frames: Vec<Value> = sample_frames()
        .iter()
        .map(|frame| {
            let bytes = write_prefixed(&frame.encode());
            json!({ "name": frame.name(), "tag": frame.tag(), "with_length": hex(&bytes) })
        })
        .collect();
    expected("frames", &frames);
    for vector in read("frames") {
        let bytes = bytes(&vector["with_length"]);
        let frame = Frame::decode(&bytes[4..]).expect("a frame");
        assert_eq!(vector["name"], frame.name());
        assert_eq!(write_prefixed(&frame.encode()), bytes);
        match frame {
            Frame::PeerId(peer_id) => {
                let verified = peer_id.verify(&HANDSHAKE_HASH, Role::Initiator, &alice().id(), NOW_UNIX_MS);
                assert_eq!(verified.map(|verified| verified.id()), Ok(alice().id()));
            }
            Frame::Hello(hello) => assert_eq!(hello.constants, constants_digest("main")),
            _ => {}
        }
    }
}

#[test]
fn packets() {
    let fail = Fail { reason: FailReason::Blocked, text: Text::cut("no, thank you") }.encode();
    let identity = document(&alice()).sign(&alice()).0.as_bytes().to_vec();
    let further = [PacketId([0xfe; 16]), PacketId([0xfd; 16])];
    let of_several = Ack { further: further.into_iter().collect() }.encode();
    let of_kind = |&kind| match kind {
        PacketKind::Fail => packet(kind, fail.clone()),
        PacketKind::Identity => Packet { answers: None, ..packet(kind, identity.clone()) },
        _ => packet(kind, Vec::new()),
    };
    let packets: Vec<Value> = PacketKind::ALL
        .iter()
        .map(|kind| (snake_case(kind), of_kind(kind)))
        .chain([("ack_of_several".to_owned(), packet(PacketKind::Ack, of_several))])
        .map(|(name, packet)| {
            let signed = packet.sign(&alice()).expect("it is short");
            json!({
                "name": name,
                "signed": hex(signed.as_bytes()),
                "kind": packet.kind.code(),
                "id": packet.id,
                "sender": packet.sender,
                "recipient": packet.recipient,
                "time_unix_ms": packet.time_unix_ms,
                "answers": packet.answers,
                "payload": hex(&packet.payload),
            })
        })
        .collect();
    expected("packets", &packets);
    for vector in read("packets") {
        let verified = VerifiedPacket::verify(&bytes(&vector["signed"])).expect("it is sound");
        assert_eq!(hex(&verified.packet().payload), vector["payload"]);
        assert_eq!(u64::from(verified.packet().kind.code()), vector["kind"].as_u64().expect("a number"));
        if verified.packet().kind == PacketKind::Ack {
            let named = Ack::decode(&verified.packet().payload).expect("it is sound").further;
            let expected: &[PacketId] = if vector["name"] == "ack_of_several" { &further } else { &[] };
            assert_eq!(&*named, expected);
        }
    }
}

/// `FileOffer` is `file_offer`.
fn snake_case(variant: impl std::fmt::Debug) -> String {
    let mut words = String::new();
    for letter in format!("{variant:?}").chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

/// A kind that only a later version knows is read, as one that means nothing here.
#[test]
fn a_packet_of_a_later_version() {
    let mut body = encode(&packet(PacketKind::Ack, vec![1, 2, 3]));
    assert_eq!(body[1..3], [0, 2], "the kind comes first");
    body.splice(2..3, [0x18, 199]);
    let signed = Signed::sign(&alice(), Domain::Packet, &body);
    let verified = VerifiedPacket::verify(signed.as_bytes()).expect("it is sound");
    assert_eq!(verified.packet().kind, PacketKind::Other);
}

/// Each number that travels has a row in a table of PROTOCOL.md.
#[test]
fn the_protocol_names_every_kind_and_every_reason() {
    let text = include_str!("../../docs/PROTOCOL.md");
    let kinds = PacketKind::ALL.iter().map(|kind| (u64::from(kind.code()), snake_case(kind).replace('_', " ")));
    let rows = text.to_lowercase();
    for (code, name) in kinds {
        assert!(rows.contains(&format!("| {code} | {name} |")), "packet kind {code}, {name}");
    }
    let reasons = FailReason::ALL.iter().map(|reason| (u64::from(reason.code()), snake_case(reason)));
    let refusals = Refusal::ALL.iter().map(|refusal| (u64::from(refusal.code()), snake_case(refusal)));
    for (code, name) in reasons.chain(refusals) {
        assert!(text.contains(&format!("| {code} | `{name}` |")), "reason {code}, {name}");
    }
}

#[test]
fn sealed_messages() {
    let (alice, bob) = (alice(), bob());
    let plain = MessageHeader::new(alice.id(), bob.id(), PacketId([3; 16]), NOW_UNIX_MS, NOW_UNIX_MS + 604_800_000);
    let answer = MessageHeader { reply_to: Some(PacketId([4; 16])), ..plain.clone() };
    let invited = MessageHeader::new(alice.id(), bob.id(), PacketId([5; 16]), NOW_UNIX_MS, NOW_UNIX_MS + 604_800_000);
    let second = MessageHeader::new(alice.id(), bob.id(), PacketId([6; 16]), NOW_UNIX_MS, NOW_UNIX_MS + 604_800_000);
    let sealing = |rotation| {
        Sealing::begin(bob.id(), SealingKey::derive(&bob, rotation).public(), RANDOMNESS).expect("a sound key")
    };
    // One agreement for each key.
    let mut by = [sealing(0), sealing(1)];
    let messages: Vec<Value> = [
        ("first", 0, plain, "Hello, Bob.", None),
        ("answer", 1, answer, "Привет, мир 🌍", None),
        ("invited", 0, invited, "Hello, Bob. You gave me this.", Some(invitation())),
        ("third_of_one_agreement", 0, second, "And one more.", None),
    ]
    .into_iter()
    .map(|(name, rotation, header, text, invitation)| {
        let text = MessageText::new(text).expect("short");
        let number = by[rotation].sealed();
        let sealed = by[rotation].seal(&alice, &header, &text, invitation.as_ref());
        json!({
            "name": name,
            "from": "alice",
            "to": "bob",
            "rotation": rotation,
            "randomness": hex(&RANDOMNESS),
            "number": number,
            "message": header.message,
            "time_unix_ms": header.time_unix_ms,
            "expires_unix_ms": header.expires_unix_ms,
            "reply_to": header.reply_to,
            "text": text.as_str(),
            "invitation": invitation.map(|invitation| hex(invitation.as_bytes())),
            "sealed": hex(&sealed),
        })
    })
    .collect();
    expected("sealed_messages", &messages);
    let keys = [SealingKey::derive(&bob, 1), SealingKey::derive(&bob, 0)];
    for vector in read("sealed_messages") {
        let message = vector["message"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        let expected = Expected { sender: alice.id(), recipient: bob.id(), message };
        let opened = open(&keys, &expected, &bytes(&vector["sealed"])).expect("it is for Bob");
        assert_eq!(opened.text.as_str(), vector["text"]);
        let invitation = opened.invitation.map_or(Value::Null, |invitation| hex(invitation.as_bytes()).into());
        assert_eq!(invitation, vector["invitation"]);
    }
}

#[test]
fn key_files() {
    let cost = PassphraseCost { memory_kib: 1024, passes: 2, lanes: 1 };
    let encrypted =
        key_file::encode_encrypted(&alice(), PASSPHRASE.as_bytes(), cost, &[6; 16], &[7; 12]).expect("it is cheap");
    let files = [
        json!({ "name": "plain", "text": *key_file::encode_plain(&alice()) }),
        json!({ "name": "encrypted", "passphrase": PASSPHRASE, "text": *encrypted }),
    ];
    expected("key_files", &files);
    for vector in read("key_files") {
        let passphrase = vector["passphrase"].as_str().map(str::as_bytes);
        let key = key_file::decode(vector["text"].as_str().expect("a text"), passphrase).expect("a key");
        assert_eq!(key.id(), alice().id());
    }
}

#[test]
fn networks() {
    let named = |network: &str| json!({ "network": network, "digest": hex(&constants_digest(network)) });
    let constants: serde_json::Map<String, Value> =
        constants().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    expected("constants", &[json!({ "constants": constants, "digests": [named("main"), named("test")] })]);
}

#[test]
fn nicknames() {
    let name = |text: &str| text.parse::<Nickname>().expect("a nickname");
    let slots = [("main", "alice", 0), ("main", "alice", 9), ("test", "Zoë", 0)];
    let vectors: Vec<Value> = slots
        .iter()
        .map(|(network, nickname, index)| {
            let slot = Slot::new(network, name(nickname), *index);
            let claim = NicknameClaim::new(network, name(nickname), *index, alice().id(), NOW_UNIX_MS).sign(&alice());
            let item = slot.item(claim.as_bytes(), 1).expect("it fits");
            let prevails = if slot.compare(&alice().id(), &bob().id()).is_lt() { "alice" } else { "bob" };
            json!({
                "name": format!("{network} {nickname} {index}"),
                "network": network,
                "nickname": nickname,
                "index": index,
                "public_key": hex(&slot.public_key()),
                "claim_of_alice": hex(claim.as_bytes()),
                "record": { "sequence": 1, "signature": hex(&item.signature) },
                "of_alice_and_bob_prevails": prevails,
            })
        })
        .collect();
    expected("nicknames", &vectors);
    for (vector, (network, nickname, index)) in read("nicknames").iter().zip(slots) {
        let claim = bytes(&vector["claim_of_alice"]);
        let claim = VerifiedClaim::verify(&claim, network, &name(nickname), index, NOW_UNIX_MS).expect("it holds");
        assert_eq!(claim.id(), alice().id());
    }
}

/// The fuzz targets begin from the vectors.
#[test]
fn seeds_of_the_fuzz_targets() {
    let name = |vector: &Value| vector["name"].as_str().expect("a name").replace(' ', "_");
    for vector in read("frames") {
        let bytes = bytes(&vector["with_length"]);
        seed("frame", &name(&vector), &bytes[4..]);
        // The first byte says in what pieces the stream comes.
        seed("frame", &format!("stream_{}", name(&vector)), &[&[7], &bytes[..]].concat());
        if matches!(vector["name"].as_str(), Some("hello" | "peer_id")) {
            seed("handshake", &name(&vector), &bytes[4..]);
        }
    }
    for vector in read("bulk_streams") {
        let what = vector["opening"].as_str().or(vector["answer"].as_str()).expect("a name");
        seed("frame", &format!("bulk_{}", what.to_lowercase()), &bytes(&vector["with_length"])[4..]);
    }
    for vector in read("packets") {
        let frame = Frame::Packet(bytes(&vector["signed"])).encode();
        seed("frame", &format!("packet_{}", name(&vector)), &frame);
    }
    for vector in read("documents") {
        let signed = bytes(&vector["signed"]);
        seed("document", &name(&vector), &signed);
        let body = Signed::parse(&signed).expect("a body and a signature").unverified_body().to_vec();
        seed("document", &format!("body_{}", name(&vector)), &body);
    }
    for vector in read("nicknames") {
        let claim = bytes(&vector["claim_of_alice"]);
        seed("claim", &name(&vector), &claim);
        let body = Signed::parse(&claim).expect("a body and a signature").unverified_body().to_vec();
        seed("claim", &format!("body_{}", name(&vector)), &body);
    }
    for vector in read("key_files") {
        seed("key_file", &name(&vector), vector["text"].as_str().expect("a text").as_bytes());
    }
    for vector in read("sealed_messages") {
        seed("sealed", &name(&vector), &bytes(&vector["sealed"]));
        seed("sealed", &format!("body_{}", name(&vector)), &body_of_sealed(&vector));
    }
}

/// What the writer of a sealed message signs, put together as docs/PROTOCOL.md says.
fn body_of_sealed(vector: &Value) -> Vec<u8> {
    let sealed = bytes(&vector["sealed"]);
    let mut envelope = minicbor::Decoder::new(&sealed);
    assert_eq!(envelope.map().expect("a map"), Some(5));
    let mut field = |number: u8| {
        assert_eq!(envelope.u8().expect("a number"), number);
        if number == 0 { envelope.u32().map(|_| &[][..]) } else { envelope.bytes() }.expect("a field")
    };
    let [_, encapsulated_key, header, _] = [field(0), field(1), field(2), field(3)];
    let mut body = minicbor::Encoder::new(Vec::new());
    let invitation = vector["invitation"].as_str().map(|_| bytes(&vector["invitation"]));
    let written = body.map(4 + u64::from(invitation.is_some())).and_then(|body| {
        body.u8(0)?.bytes(bob().id().as_bytes())?.u8(1)?.bytes(encapsulated_key)?;
        body.u8(2)?.bytes(&Sha256::digest(header))?.u8(3)?.str(vector["text"].as_str().expect("a text"))?;
        if let Some(invitation) = &invitation { body.u8(4)?.bytes(invitation) } else { Ok(body) }
    });
    written.expect("a list of bytes takes everything");
    body.into_writer()
}

pub(super) fn seed(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let path = folder.join(format!("{name}.bin"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        std::fs::write(&path, bytes).expect("the seed can be written");
    }
    let kept = std::fs::read(&path).unwrap_or_default();
    assert!(kept == bytes, "{} is not what the vectors say: UPDATE_EXPECT=1 writes it anew", path.display());
}

fn shown(document: &IdentityDocument) -> Value {
    json!({
        "id": document.id,
        "name": document.name,
        "sealing_key": { "rotation": document.sealing_key.rotation, "key": hex(&document.sealing_key.key) },
        "contacts": *document.contacts,
        "services": *document.services,
        "external": *document.external,
        "revision": document.revision,
        "time_unix_s": document.time_unix_s,
        "valid_until_unix_s": document.valid_until_unix_s,
    })
}

/// Compares what is made now with what is kept.
pub(super) fn expected(name: &str, vectors: &[Value]) {
    let mut text = serde_json::to_string_pretty(vectors).expect("JSON");
    text.push('\n');
    expect_file![path(name)].assert_eq(&text);
}

pub(super) fn read(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path(name)).expect("the vectors can be read");
    let vectors: Vec<Value> = serde_json::from_str(&text).expect("a list");
    assert!(!vectors.is_empty());
    vectors
}

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(format!("{name}.json"))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

pub(super) fn bytes(hex: &Value) -> Vec<u8> {
    HEXLOWER.decode(hex.as_str().expect("a text").as_bytes()).expect("hexadecimal digits")
}
