//! What the loop waits for, and what comes of it.

use std::pin::Pin;
use std::rc::Rc;

use futures_util::stream::{FuturesUnordered, Stream};
use futures_util::{FutureExt as _, StreamExt as _};

use crate::dht::SlotAnswer;
use crate::identity::{NodeId, VerifiedDocument};
use crate::messages::DeliveryUpdate;
use crate::name::ServiceName;
use crate::runtime::trace_budget::Charged;
use crate::transports::Waiting;
use crate::wire::PacketId;
use crate::world::Input;

use super::callers::WaitingPing;
use super::dht_socket::OpenDht;
use super::our_identity::Built;

/// Something that is waited for.
pub type Task = Pin<Box<dyn Future<Output = Done>>>;

/// What a session has led to; nothing where none has.
pub type Cause = Option<Rc<BySession>>;

/// What came by a session.
pub struct BySession {
    /// The place of its frame among those that wait, if it is one; held until all is done that the frame has led to.
    _held: Option<Waiting>,
    charged: Option<Charged>,
}

impl BySession {
    /// A frame that holds a place, or something else; and to whom it is charged in the trace.
    pub fn cause(held: Option<Waiting>, charged: Option<Charged>) -> Cause {
        Some(Rc::new(Self { _held: held, charged }))
    }
}

/// Something that is waited for, and because of what.
type Caused = Pin<Box<dyn Future<Output = (Done, Cause)>>>;

/// All that is waited for. Whatever a frame causes holds it until it is done, and whatever follows from that: so a
/// session is not read while too much waits that its peer has caused, whoever has to be waited for.
#[derive(Default)]
pub struct Tasks {
    waiting: FuturesUnordered<Caused>,
    /// Because of what everything is done at the moment.
    pub cause: Cause,
}

impl Tasks {
    /// Another one.
    pub fn push(&mut self, task: Task) {
        let cause = self.cause.clone();
        self.waiting.push(Box::pin(async move { (task.await, cause) }));
    }

    /// To whom what is done at the moment is charged in the trace.
    pub fn charged(&self) -> Option<Charged> {
        self.cause.as_ref().and_then(|cause| cause.charged)
    }

    /// What has come of one of them, and because of what it was begun.
    pub async fn next(&mut self) -> Option<(Done, Cause)> {
        self.waiting.next().await
    }

    /// What has come of another one, if it is known already.
    pub fn next_at_hand(&mut self) -> Option<(Done, Cause)> {
        self.waiting.next().now_or_never().flatten()
    }
}

impl Extend<Task> for Tasks {
    fn extend<I: IntoIterator<Item = Task>>(&mut self, tasks: I) {
        tasks.into_iter().for_each(|task| self.push(task));
    }
}

/// The slots of a search that have not been read yet.
pub(super) type Answers = Pin<Box<dyn Stream<Item = SlotAnswer>>>;

/// A message that came by a session, and is on disk.
#[derive(Clone, Copy)]
pub struct Committed {
    /// By which session.
    pub session: u64,
    /// Who sent it.
    pub sender: NodeId,
    /// Its id.
    pub packet: PacketId,
}

/// What comes of something that was waited for.
pub enum Done {
    /// Nothing that the core has to know.
    Nothing,
    /// These things happened.
    Inputs(Vec<Input>),
    /// Our identity document was built.
    Built(Built),
    /// A document of ours went above one that others had seen.
    Raised(Built),
    /// A PEER-ID has come, and is to be told; before it goes what is newer of its sender, if something is.
    Introduced { session: u64, newest: Option<Vec<u8>>, event: Input },
    /// The DHT has a newer document of ours than this home; what else there is to tell.
    Outdated { published: VerifiedDocument, event: Input },
    /// A message is sealed, or cannot be.
    MessagePacket { session: u64, message: PacketId, bytes: Option<Vec<u8>> },
    /// A message that came by a session is on disk, and is to be acknowledged.
    Committed(Committed),
    /// Messages, contacts or their states changed: whoever waits looks again. And these things happened.
    Changed(Vec<Input>),
    /// What became of these messages could not be written down.
    Unrecorded(Vec<(PacketId, DeliveryUpdate)>),
    /// The socket of the DHT is open, or why it cannot be.
    DhtOpened(Result<OpenDht, String>),
    /// All slots of a search have been read.
    SlotsRead { search: u64 },
    /// A slot of a search has been read: the document of whoever holds it, and whether enough have answered to know.
    SlotRead { search: u64, index: u8, document: Option<VerifiedDocument>, is_answered: bool, rest: Answers },
    /// The server that had a port of the API has given it back.
    OpenApiPort(ServiceName),
    /// It is known who is to be pinged.
    Ping(WaitingPing),
}
