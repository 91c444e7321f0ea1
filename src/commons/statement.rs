//! Statements: what authors say to everybody, signed, each with a stamp and with its place in a graph.
//!
//! A [`Statement`] is made by signing or by verifying and in no other way, so code that holds one need not ask whether
//! it is valid by itself. Whether it is valid in its place among others is the matter of [`super::place`].

use std::sync::Arc;

use minicbor::{Decode, Encode};

use super::id::StatementId;
use super::limits::{GREATEST_NUMBER, STATEMENT_BYTES, STATEMENT_PARENTS};
use super::payload::{Payload, StatementKind};
use super::refusal::Refusal;
use super::stamp::{Stamp, StampRule, Stamping, zero_bits};
use crate::codec::{AtMost, Text, decode, encode};
use crate::identity::{CLOCK_SKEW_MS, Domain, IdentityKey, NodeId, Signed};

/// Bytes of a network's name, at most; as in HELLO.
const NETWORK_BYTES: usize = 32;

/// What all nodes of a network agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its name.
    pub name: Text<NETWORK_BYTES>,
    /// What its first statement names as its parent.
    pub genesis: StatementId,
    /// What stamps it asks for.
    pub stamps: StampRule,
}

impl Network {
    /// The network with this name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let name = Text::cut(name);
        Self { genesis: StatementId::genesis(name.as_str()), stamps: StampRule::of_network(name.as_str()), name }
    }
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StatementBody {
    /// In which network.
    #[n(0)]
    pub network: Text<NETWORK_BYTES>,
    /// Who says it.
    #[n(1)]
    pub author: NodeId,
    /// Counts the author's statements, from 1.
    #[n(2)]
    pub sequence: u64,
    /// The author's statement before this one; the first has none.
    #[n(3)]
    pub previous: Option<StatementId>,
    /// Statements that the author knew and that no other had named yet, without `previous`, in ascending order. A
    /// statement without parents and previous names the network's constant.
    #[cbor(n(4), skip_if = "AtMost::is_empty")]
    pub parents: AtMost<StatementId, STATEMENT_PARENTS>,
    /// When: unix time in milliseconds, by the author's clock.
    #[n(5)]
    pub time_unix_ms: u64,
    /// What it is about.
    #[n(6)]
    pub kind: StatementKind,
    /// What the kind needs.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub payload: Vec<u8>,
    /// The work that was put into it.
    #[n(8)]
    pub stamp: Stamp,
}

impl StatementBody {
    /// The search for its stamp.
    #[must_use]
    pub fn stamping(&self, rule: StampRule, first: u64) -> Stamping {
        Stamping::new(encode(self), rule.bits(self.kind, self.payload.len()), first)
    }

    /// Signs it as it is, whether its stamp counts or not.
    ///
    /// # Panics
    /// If the key is not the author's.
    #[must_use]
    pub fn sign(&self, key: &IdentityKey) -> Signed {
        assert_eq!(key.id(), self.author, "a statement is signed by its author");
        Signed::sign(key, Domain::Statement, &encode(self))
    }

    /// The statements on which it stands: previous and parents. The network's constant can be among them.
    pub fn stands_on(&self) -> impl Iterator<Item = StatementId> + '_ {
        self.previous.iter().chain(self.parents.iter()).copied()
    }

    /// What is wrong with it, whatever else there is.
    fn check(&self, network: &Network) -> Result<Payload, Refusal> {
        if self.network != network.name {
            return Err(Refusal::OtherNetwork);
        }
        if self.sequence == 0 || self.sequence > GREATEST_NUMBER {
            return Err(Refusal::Sequence { sequence: self.sequence });
        }
        if self.previous.is_some() != (self.sequence > 1) {
            return Err(Refusal::Previous { sequence: self.sequence });
        }
        self.check_parents(network.genesis)?;
        if self.time_unix_ms > GREATEST_NUMBER {
            return Err(Refusal::Time);
        }
        let payload = Payload::decode(self.kind, &self.payload).map_err(Refusal::Payload)?;
        if let Payload::Rating(rating) = &payload
            && rating.target == super::payload::Target::Author(self.author)
        {
            return Err(Refusal::OwnRating);
        }
        Ok(payload)
    }

    fn check_parents(&self, genesis: StatementId) -> Result<(), Refusal> {
        let is_ascending = self.parents.windows(2).all(|pair| pair[0] < pair[1]);
        let is_previous_once = self.previous.is_none_or(|previous| !self.parents.contains(&previous));
        if !is_ascending || !is_previous_once {
            return Err(Refusal::Parents);
        }
        let named = usize::from(self.previous.is_some()) + self.parents.len();
        if named == 0 {
            return Err(Refusal::NoParents);
        }
        // The constant is not a statement of anybody, and stands for having no parents.
        let names_genesis = self.stands_on().any(|id| id == genesis);
        if names_genesis && (named > 1 || self.previous.is_some()) {
            return Err(Refusal::Parents);
        }
        Ok(())
    }
}

/// A statement that is valid by itself, with the exact bytes that were signed. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    id: StatementId,
    body: Arc<StatementBody>,
    payload: Arc<Payload>,
    bytes: Arc<[u8]>,
}

impl Statement {
    /// Reads a statement that somebody has sent. What is cheap to find out is looked at first, the signature last.
    ///
    /// # Errors
    /// Why it is not valid by itself.
    pub fn verify(bytes: &[u8], network: &Network, now_unix_ms: u64) -> Result<Self, Refusal> {
        let (signed, body) = Self::parse(bytes)?;
        let payload = body.check(network)?;
        let (needed, found) = (network.stamps.bits(body.kind, body.payload.len()), zero_bits(signed.unverified_body()));
        if found < needed {
            return Err(Refusal::Stamp { found, needed });
        }
        signed.verify(&body.author, Domain::Statement).map_err(Refusal::Signature)?;
        if body.time_unix_ms > now_unix_ms.saturating_add(CLOCK_SKEW_MS) {
            return Err(Refusal::FromFuture { time_unix_ms: body.time_unix_ms });
        }
        Ok(Self::of(&signed, body, payload))
    }

    /// Reads a statement that was verified before it was kept: signature, stamp and time are not looked at.
    ///
    /// # Errors
    /// If the bytes are not a statement: something has changed them since.
    pub fn kept(bytes: &[u8], network: &Network) -> Result<Self, Refusal> {
        let (signed, body) = Self::parse(bytes)?;
        let payload = body.check(network)?;
        Ok(Self::of(&signed, body, payload))
    }

    fn parse(bytes: &[u8]) -> Result<(Signed, StatementBody), Refusal> {
        if bytes.len() > STATEMENT_BYTES {
            return Err(Refusal::TooLong { bytes: bytes.len() });
        }
        let signed = Signed::parse(bytes).map_err(Refusal::Malformed)?;
        let body = decode(signed.unverified_body()).map_err(Refusal::Malformed)?;
        Ok((signed, body))
    }

    fn of(signed: &Signed, body: StatementBody, payload: Payload) -> Self {
        let id = StatementId::of(signed.as_bytes());
        Self { id, body: Arc::new(body), payload: Arc::new(payload), bytes: signed.to_shared() }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> StatementId {
        self.id
    }

    /// What was signed.
    #[must_use]
    pub fn body(&self) -> &StatementBody {
        &self.body
    }

    /// What it says.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// What it says, shared.
    #[must_use]
    pub fn shared_payload(&self) -> Arc<Payload> {
        Arc::clone(&self.payload)
    }

    /// The exact bytes, to be sent and stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The exact bytes, shared.
    #[must_use]
    pub fn to_shared(&self) -> Arc<[u8]> {
        Arc::clone(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commons::payload::{Note, Rating, Target};

    const NOW: u64 = 1_700_000_000_000;

    fn key() -> IdentityKey {
        IdentityKey::from_seed(&[7; 32])
    }

    fn network() -> Network {
        Network::named("test")
    }

    fn body() -> StatementBody {
        let payload = Payload::Note(Note { text: Text::cut("hello"), answers: None });
        StatementBody {
            network: network().name,
            author: key().id(),
            sequence: 1,
            previous: None,
            parents: vec![network().genesis].into(),
            time_unix_ms: NOW,
            kind: payload.kind(),
            payload: payload.encode(),
            stamp: Stamp(0),
        }
    }

    fn verify(body: &StatementBody) -> Result<Statement, Refusal> {
        Statement::verify(body.sign(&key()).as_bytes(), &network(), NOW)
    }

    fn id(byte: u8) -> StatementId {
        StatementId([byte; 32])
    }

    #[test]
    fn what_was_signed_is_verified() {
        let signed = body().sign(&key());
        let statement = verify(&body()).expect("it is valid");
        assert_eq!(statement.body(), &body());
        assert_eq!(statement.as_bytes(), signed.as_bytes());
        assert_eq!(statement.id(), StatementId::of(signed.as_bytes()));
        assert_eq!(Statement::kept(signed.as_bytes(), &network()), Ok(statement));
    }

    #[test]
    fn no_bit_can_be_another() {
        let signed = body().sign(&key());
        for bit in 0..signed.as_bytes().len() * 8 {
            let mut bytes = signed.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Statement::verify(&bytes, &network(), NOW).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn each_rule_has_its_refusal() {
        let later = StatementBody { sequence: 2, previous: Some(id(9)), parents: AtMost::default(), ..body() };
        assert!(verify(&later).is_ok(), "previous is enough");
        let with_parents =
            |parents: &[StatementId]| StatementBody { parents: parents.to_vec().into(), ..later.clone() };
        assert!(verify(&with_parents(&[id(1), id(2)])).is_ok());
        let own = Payload::Rating(Rating { target: Target::Author(key().id()), stars: 5 });
        let genesis = network().genesis;
        for (wrong, refusal) in [
            (StatementBody { network: Text::cut("main"), ..body() }, Refusal::OtherNetwork),
            (StatementBody { sequence: 0, ..body() }, Refusal::Sequence { sequence: 0 }),
            (StatementBody { sequence: 1 << 63, ..later.clone() }, Refusal::Sequence { sequence: 1 << 63 }),
            (StatementBody { sequence: 2, ..body() }, Refusal::Previous { sequence: 2 }),
            (StatementBody { sequence: 1, ..later.clone() }, Refusal::Previous { sequence: 1 }),
            (StatementBody { parents: AtMost::default(), ..body() }, Refusal::NoParents),
            (with_parents(&[id(2), id(1)]), Refusal::Parents),
            (with_parents(&[id(1), id(1)]), Refusal::Parents),
            (with_parents(&[id(9)]), Refusal::Parents),
            (with_parents(&[genesis]), Refusal::Parents),
            (StatementBody { previous: Some(genesis), ..later.clone() }, Refusal::Parents),
            (StatementBody { parents: vec![genesis, StatementId([0xff; 32])].into(), ..body() }, Refusal::Parents),
            (StatementBody { time_unix_ms: 1 << 63, ..body() }, Refusal::Time),
            (
                StatementBody { time_unix_ms: NOW + CLOCK_SKEW_MS + 1, ..body() },
                Refusal::FromFuture { time_unix_ms: NOW + CLOCK_SKEW_MS + 1 },
            ),
            (StatementBody { kind: own.kind(), payload: own.encode(), ..body() }, Refusal::OwnRating),
        ] {
            assert_eq!(verify(&wrong), Err(refusal), "{wrong:?}");
        }
        let unknown = verify(&StatementBody { kind: StatementKind::Other, ..body() });
        assert!(matches!(unknown, Err(Refusal::Payload(_))));
        assert!(verify(&StatementBody { time_unix_ms: NOW + CLOCK_SKEW_MS, ..body() }).is_ok());
        let other = IdentityKey::from_seed(&[8; 32]);
        let forged = Signed::sign(&other, Domain::Statement, &encode(&body()));
        assert!(matches!(Statement::verify(forged.as_bytes(), &network(), NOW), Err(Refusal::Signature(_))));
        let long = Statement::verify(&[0; STATEMENT_BYTES + 1], &network(), NOW);
        assert_eq!(long, Err(Refusal::TooLong { bytes: STATEMENT_BYTES + 1 }));
    }

    #[test]
    fn the_longest_note_has_room_for_all_parents() {
        let payload = Payload::Note(Note { text: Text::cut(&"x".repeat(4096)), answers: Some(id(3)) });
        let longest = StatementBody {
            network: Text::cut(&"n".repeat(NETWORK_BYTES)),
            sequence: GREATEST_NUMBER,
            previous: Some(id(0)),
            parents: (1..=8).map(id).collect(),
            time_unix_ms: GREATEST_NUMBER,
            kind: payload.kind(),
            payload: payload.encode(),
            ..body()
        };
        let network = Network::named(&"n".repeat(NETWORK_BYTES));
        let signed = longest.sign(&key());
        assert!(signed.as_bytes().len() <= STATEMENT_BYTES, "{}", signed.as_bytes().len());
        assert!(Statement::verify(signed.as_bytes(), &network, GREATEST_NUMBER).is_ok());
    }

    #[test]
    fn a_stamp_is_asked_for_where_the_network_wants_one() {
        let network = Network { stamps: StampRule::with_base(10), ..network() };
        let verify = |signed: &Signed| Statement::verify(signed.as_bytes(), &network, NOW).map(|_| ());
        let unstamped = verify(&body().sign(&key()));
        assert!(matches!(unstamped, Err(Refusal::Stamp { needed: 12, found }) if found < 12));
        let mut search = body().stamping(network.stamps, 0);
        let stamped = (0..).find_map(|_| search.work(1000)).expect("some stamp serves");
        assert_eq!(verify(&Signed::sign(&key(), Domain::Statement, &stamped)), Ok(()));
    }
}
