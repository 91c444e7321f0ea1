//! What the loop waits for, and what comes of it.

use std::pin::Pin;

use futures_util::stream::Stream;

use crate::dht::Claimant;
use crate::identity::VerifiedDocument;
use crate::messages::DeliveryUpdate;
use crate::wire::PacketId;
use crate::world::Input;

use super::callers::WaitingPing;
use super::dht_socket::OpenDht;
use super::our_identity::Built;

/// Something that is waited for.
pub type Task = Pin<Box<dyn Future<Output = Done>>>;

/// The slots of a search that have not answered yet.
pub(super) type Answers = Pin<Box<dyn Stream<Item = (u8, Option<Claimant>)>>>;

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
    /// Messages, contacts or their states changed: whoever waits looks again. And these things happened.
    Changed(Vec<Input>),
    /// What became of these messages could not be written down.
    Unrecorded(Vec<(PacketId, DeliveryUpdate)>),
    /// The socket of the DHT is open, or why it cannot be.
    DhtOpened(Result<OpenDht, String>),
    /// All slots of a search have answered.
    SlotsRead { search: u64 },
    /// A slot of a search has answered.
    SlotRead { search: u64, index: u8, document: Option<VerifiedDocument>, rest: Answers },
    /// It is known who is to be pinged.
    Ping(WaitingPing),
}
