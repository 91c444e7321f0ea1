//! Two nodes that talk: one asks, whatever the other answers, and says what it makes of it.

use std::collections::BTreeMap;

use bitpie::commons::sync::{Fetch, FetchEvent, PeerState, Salt, Serving, SyncFault, SyncMessage, Walk, parts, state};
use bitpie::commons::{Blame, Commons, MemoryStore, Place, Statement, StatementId, Store, TakeError, Taken};
use bitpie::identity::NodeId;

use super::history::network;

/// The side that answers, which may lie.
pub trait Peer {
    /// What comes back, or nothing if it was lost on the way.
    fn answer(&mut self, question: &SyncMessage) -> Option<Vec<SyncMessage>>;
}

/// One that answers as it should.
pub struct Honest<'a>(pub &'a Commons<MemoryStore>);

impl Peer for Honest<'_> {
    fn answer(&mut self, question: &SyncMessage) -> Option<Vec<SyncMessage>> {
        let Ok(answers) = self.answers(question);
        Some(answers)
    }
}

impl Honest<'_> {
    fn answers(&self, question: &SyncMessage) -> Result<Vec<SyncMessage>, std::convert::Infallible> {
        let (store, tree) = (self.0.store(), self.0.tree());
        let stream = |mut serving: Serving| {
            let mut sent = Vec::new();
            while let Some(message) = serving.next(store)? {
                sent.push(message);
            }
            Ok(sent)
        };
        match question {
            SyncMessage::AskState => Ok(vec![SyncMessage::State(state(store, tree)?)]),
            SyncMessage::AskParts { salt, prefixes } => {
                Ok(vec![SyncMessage::Parts(parts(store, tree, salt, prefixes)?)])
            }
            SyncMessage::AskStatements(ids) => stream(Serving::of(ids)),
            SyncMessage::AskAfter(place) => stream(Serving::after(*place)),
            other => panic!("{other:?} is not a question"),
        }
    }
}

/// What talking has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub questions: usize,
    pub asked_bytes: usize,
    pub answered_bytes: usize,
    /// Of these, the statements themselves.
    pub statement_bytes: usize,
}

/// How an exchange has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Both have the same, or at least we have what the peer has; what it lacks.
    Learnt(Vec<StatementId>),
    /// A message was lost; what has come is kept.
    Lost,
    /// The peer has broken the rules.
    Fault(SyncFault),
}

/// What verifies statements: `Statement::verify`, whose answers a simulation may remember.
pub type Verify<'a> = dyn FnMut(&[u8]) -> Result<Statement, bitpie::commons::Refusal> + 'a;

/// Asks a peer for all that it has and we lack.
pub struct Exchange<'a> {
    pub ours: &'a mut Commons<MemoryStore>,
    pub peer_id: NodeId,
    pub salt: Salt,
    pub verify: &'a mut Verify<'a>,
    pub cost: Cost,
}

impl Exchange<'_> {
    pub fn learn(&mut self, peer: &mut dyn Peer) -> Ended {
        match self.try_learn(peer) {
            Ok(ended) => ended,
            Err(fault) => Ended::Fault(fault),
        }
    }

    fn try_learn(&mut self, peer: &mut dyn Peer) -> Result<Ended, SyncFault> {
        let Some(before) = self.ask_state(peer)? else { return Ok(Ended::Lost) };
        if before.root == self.ours.tree().root() {
            return Ok(Ended::Learnt(Vec::new()));
        }
        let mut walk = Walk::new(self.ours.tree().clone(), self.salt, before.count);
        while let Some(question) = walk.ask() {
            let Some(answers) = self.ask(peer, &question) else { return Ok(Ended::Lost) };
            let [SyncMessage::Parts(parts)] = &answers[..] else { return Err(SyncFault::NotAsked) };
            walk.answered(parts)?;
        }
        let Some(after) = self.ask_state(peer)? else { return Ok(Ended::Lost) };
        if before == after {
            walk.compare(&after)?;
        }
        let claimed: BTreeMap<StatementId, Place> = walk.lacking().iter().map(|place| (place.id, *place)).collect();
        let ended = self.fetch(peer, Fetch::of(walk.lacking()), &claimed)?;
        Ok(ended.unwrap_or_else(|| Ended::Learnt(walk.offers().to_vec())))
    }

    /// Runs a fetch to its end; nothing if all has come.
    pub fn fetch(
        &mut self,
        peer: &mut dyn Peer,
        mut fetch: Fetch,
        claimed: &BTreeMap<StatementId, Place>,
    ) -> Result<Option<Ended>, SyncFault> {
        while let Some(question) = fetch.ask() {
            let Some(answers) = self.ask(peer, &question) else { return Ok(Some(Ended::Lost)) };
            let mut is_ended = false;
            for message in answers {
                match fetch.received(message)? {
                    FetchEvent::Take(bytes) => {
                        self.cost.statement_bytes += bytes.len();
                        if let Some(place) = self.take(&bytes)? {
                            fetch.placed(place, claimed.get(&place.id).copied())?;
                        }
                    }
                    FetchEvent::AskAgain => is_ended = true,
                    FetchEvent::Over => return Ok(None),
                    FetchEvent::Failed(_) => return Ok(Some(Ended::Lost)),
                }
            }
            if !is_ended {
                return Ok(Some(Ended::Lost));
            }
        }
        Ok(None)
    }

    /// Lets a statement in. Returns its place, unless its time is still to come.
    fn take(&mut self, bytes: &[u8]) -> Result<Option<Place>, SyncFault> {
        let id = StatementId::of(bytes);
        let invalid = |refusal| SyncFault::Invalid { id, refusal };
        let place = |commons: &Commons<MemoryStore>| {
            let Ok(entry) = commons.store().entry(&id);
            entry.map(|entry| entry.place)
        };
        if let Some(place) = place(self.ours) {
            return Ok(Some(place));
        }
        let statement = match (self.verify)(bytes) {
            Ok(statement) => statement,
            Err(refusal) if refusal.blame() < Blame::Invalid => return Ok(None),
            Err(refusal) => return Err(invalid(refusal)),
        };
        match self.ours.take_verified(statement, self.peer_id, 0) {
            Ok(Taken::New(_) | Taken::Known) => Ok(place(self.ours)),
            // Parents come first, so one that has to wait is not in its place.
            Ok(Taken::Waits(_)) => Err(SyncFault::Unexpected(id)),
            Err(TakeError::Refused { refusal, .. }) if refusal.blame() < Blame::Invalid => Ok(None),
            Err(TakeError::Refused { refusal, .. }) => Err(invalid(refusal)),
            Err(TakeError::Store(never)) => match never {},
        }
    }

    fn ask_state(&mut self, peer: &mut dyn Peer) -> Result<Option<PeerState>, SyncFault> {
        match self.ask(peer, &SyncMessage::AskState).as_deref() {
            None => Ok(None),
            Some([SyncMessage::State(state)]) => Ok(Some(state.clone())),
            Some(_) => Err(SyncFault::NotAsked),
        }
    }

    /// Asks, by bytes as they would travel.
    fn ask(&mut self, peer: &mut dyn Peer, question: &SyncMessage) -> Option<Vec<SyncMessage>> {
        let bytes = question.encode();
        self.cost.questions += 1;
        self.cost.asked_bytes += bytes.len();
        let answers = peer.answer(&SyncMessage::decode(&bytes).expect("we wrote it"))?;
        let read = answers.iter().map(|answer| {
            let bytes = answer.encode();
            self.cost.answered_bytes += bytes.len();
            SyncMessage::decode(&bytes).expect("a peer of the tests writes well-formed messages")
        });
        Some(read.collect())
    }
}

/// One learns from the other; both honest, nothing lost.
pub fn learn(ours: &mut Commons<MemoryStore>, theirs: &Commons<MemoryStore>, salt: u8) -> (Ended, Cost) {
    let mut verify = |bytes: &[u8]| Statement::verify(bytes, &network(), u64::MAX);
    let peer_id = NodeId::from_bytes([salt; 32]);
    let mut exchange = Exchange { ours, peer_id, salt: [salt; 16], verify: &mut verify, cost: Cost::default() };
    let ended = exchange.learn(&mut Honest(theirs));
    (ended, exchange.cost)
}
