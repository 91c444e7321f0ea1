//! Gets from a peer what it says that it has, parents before their children, and notices when it does not keep to that.

use std::collections::{BTreeSet, VecDeque};

use super::fault::SyncFault;
use super::message::{ASKED_IDS, StreamEnd, SyncMessage};
use super::serve::STREAM_STATEMENTS;
use crate::commons::id::{Place, StatementId};

/// What a message of a stream means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchEvent {
    /// Take this statement. [`Fetch::placed`] says what its place turned out to be.
    Take(Vec<u8>),
    /// This stream is over; ask again.
    AskAgain,
    /// All is here that there was to get from this peer.
    Over,
    /// The peer cannot go on; another one may.
    Failed(StreamEnd),
}

/// What is fetched from one peer.
pub struct Fetch {
    what: What,
    is_asked: bool,
    sent: usize,
}

enum What {
    /// These, of which those in the second list were asked for and have not come yet; and the first that was passed over.
    These { left: VecDeque<Place>, awaited: VecDeque<Place>, missed: Option<StatementId> },
    /// All after a place; the last that has come, and whether any has come since the last question.
    After { last: Place, came: bool },
}

impl Fetch {
    /// What a walk has found.
    #[must_use]
    pub fn of(places: &BTreeSet<Place>) -> Self {
        let left = places.iter().copied().collect();
        Self::new(What::These { left, awaited: VecDeque::new(), missed: None })
    }

    /// Everything, in order: for a node that has nothing, or nothing after this place.
    #[must_use]
    pub fn after(place: Place) -> Self {
        Self::new(What::After { last: place, came: false })
    }

    fn new(what: What) -> Self {
        Self { what, is_asked: false, sent: 0 }
    }

    /// The next question; nothing while a stream is under way, and when all is asked for.
    pub fn ask(&mut self) -> Option<SyncMessage> {
        if self.is_asked {
            return None;
        }
        let question = match &mut self.what {
            What::These { left, awaited, .. } => {
                if left.is_empty() {
                    return None;
                }
                *awaited = left.drain(..left.len().min(ASKED_IDS)).collect();
                SyncMessage::AskStatements(awaited.iter().map(|place| place.id).collect())
            }
            What::After { last, came } => {
                *came = false;
                SyncMessage::AskAfter(*last)
            }
        };
        (self.is_asked, self.sent) = (true, 0);
        Some(question)
    }

    /// Takes a message of the stream.
    ///
    /// # Errors
    /// If the peer breaks the rules.
    pub fn received(&mut self, message: SyncMessage) -> Result<FetchEvent, SyncFault> {
        if !self.is_asked {
            return Err(SyncFault::NotAsked);
        }
        match message {
            SyncMessage::Statement(bytes) => {
                self.statement(StatementId::of(&bytes))?;
                Ok(FetchEvent::Take(bytes))
            }
            SyncMessage::End(end) => self.end(end),
            _ => Err(SyncFault::NotAsked),
        }
    }

    fn statement(&mut self, id: StatementId) -> Result<(), SyncFault> {
        self.sent += 1;
        if self.sent > STREAM_STATEMENTS {
            return Err(SyncFault::Unexpected(id));
        }
        match &mut self.what {
            What::These { awaited, missed, .. } => {
                let at = awaited.iter().position(|place| place.id == id).ok_or(SyncFault::Unexpected(id))?;
                // Those before it will not come any more; the end of the stream is the time to say so.
                let passed_over = awaited.drain(..=at).take(at).next();
                *missed = missed.or(passed_over.map(|place| place.id));
                Ok(())
            }
            What::After { .. } => Ok(()),
        }
    }

    /// A statement of the stream was taken, and this is its place; `claimed` is what the walk had said of it.
    ///
    /// # Errors
    /// If the peer did not keep to the order.
    pub fn placed(&mut self, place: Place, claimed: Option<Place>) -> Result<(), SyncFault> {
        if claimed.is_some_and(|claimed| claimed != place) {
            return Err(SyncFault::WrongGeneration(place.id));
        }
        if let What::After { last, came } = &mut self.what {
            if place <= *last {
                return Err(SyncFault::Unexpected(place.id));
            }
            (*last, *came) = (place, true);
        }
        Ok(())
    }

    fn end(&mut self, end: StreamEnd) -> Result<FetchEvent, SyncFault> {
        self.is_asked = false;
        let is_over = match &mut self.what {
            What::These { left, awaited, missed } => match end {
                StreamEnd::Complete | StreamEnd::NotHere | StreamEnd::Limit
                    if self.sent > 0 || end != StreamEnd::Limit =>
                {
                    let owed = if end == StreamEnd::Limit { None } else { awaited.front().map(|place| place.id) };
                    // It said that it has them, a moment ago, and statements are never removed.
                    if let Some(withheld) = missed.or(owed) {
                        return Err(SyncFault::Withheld(withheld));
                    }
                    while let Some(place) = awaited.pop_back() {
                        left.push_front(place);
                    }
                    left.is_empty()
                }
                other => return Ok(FetchEvent::Failed(other)),
            },
            What::After { came, .. } => match end {
                StreamEnd::Complete => true,
                StreamEnd::Limit if *came => false,
                // A stream that ends at a limit without having brought anything would go on for ever.
                other => return Ok(FetchEvent::Failed(other)),
            },
        };
        Ok(if is_over { FetchEvent::Over } else { FetchEvent::AskAgain })
    }
}
