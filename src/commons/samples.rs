//! Authors and statements for tests.

use super::database::{Commons, Taken};
use super::id::StatementId;
use super::payload::{Note, Payload};
use super::stamp::Stamp;
use super::statement::{Network, Statement, StatementBody};
use super::store::Store;
use crate::codec::Text;
use crate::identity::{IdentityKey, NodeId};

/// The time of tests: unix time in milliseconds.
pub const NOW: u64 = 1_700_000_000_000;

/// The network of tests.
pub fn network() -> Network {
    Network::named("test")
}

/// Somebody who makes statements.
pub struct Author {
    /// Their key.
    pub key: IdentityKey,
}

impl Author {
    pub fn numbered(number: u8) -> Self {
        Self { key: IdentityKey::from_seed(&[number; 32]) }
    }

    pub fn id(&self) -> NodeId {
        self.key.id()
    }

    /// A first note that stands on these.
    pub fn note_on(&self, parents: &[StatementId], text: &str) -> Statement {
        let mut parents = parents.to_vec();
        parents.sort();
        let payload = note(text);
        self.sign(&StatementBody {
            network: network().name,
            author: self.id(),
            sequence: 1,
            previous: None,
            parents: parents.into(),
            time_unix_ms: NOW,
            kind: payload.kind(),
            payload: payload.encode(),
            stamp: Stamp(0),
        })
    }

    pub fn sign(&self, body: &StatementBody) -> Statement {
        let signed = body.sign(&self.key);
        Statement::verify(signed.as_bytes(), &network(), body.time_unix_ms).expect("it is valid by itself")
    }

    /// Says something, at a node that has this database.
    pub fn say<S: Store>(&self, commons: &mut Commons<S>, payload: &Payload, now_unix_ms: u64) -> Statement {
        let body = commons.next_statement(self.id(), payload, now_unix_ms).expect("the store can be read");
        let statement = self.sign(&body);
        let taken = commons.take(statement.as_bytes(), self.id(), body.time_unix_ms, 0).expect("it is valid");
        assert!(matches!(taken, Taken::New(_)), "{taken:?}");
        statement
    }
}

pub fn note(text: &str) -> Payload {
    Payload::Note(Note { text: Text::cut(text), answers: None })
}
