//! What the methods of the local API answer, a file for each topic. `--json` prints these as they are, so a field that is
//! there once stays.
//!
//! Times are unix times in milliseconds. States of automata stand as their diagrams name them.

mod contacts;
mod direction;
mod identity;
mod messages;
mod names;
mod node;
mod peers;
mod public;
mod ratings;
mod services;
mod settings;
mod status;
mod transports;

pub use contacts::{
    Alike, AlikeIn, Contact, ContactAdded, ContactRemoved, ContactState, Contacts, KnownContact, NicknameChange, Ping,
    Rating,
};
pub use direction::Direction;
pub use identity::{Id, Invitation, InvitationRemoved, InvitationUser, Invitations, Invited};
pub use messages::{MarkedRead, Message, MessageCount, MessageSent, MessageState, Messages, SentTime};
pub use names::{Claimant, FoundNames, NicknameStatus, Search};
pub use node::{
    ApiAddress, ApiCertificate, ApiPort, AutomataSnapshot, BackedUp, Health, HealthFinding, IdentityInfo, NodeInfo,
    QrCode, Reconnecting, Repaired, ShuttingDown, WebLink,
};
pub use peers::{Peer, PeerInfo, PeerInfos, PeerSession, Peers, StunRequests};
pub use public::{PublicClaimant, PublicClaimants, PublicService, PublicServices};
pub use ratings::{ContactRatings, RatedDay, RatedHour, RatedMonth, Ratings};
pub use services::{Service, ServiceChange, Services};
pub use settings::{Setting, Settings};
pub use status::{CameIn, ClockStatus, ContactCounts, Counters, DhtStatus, ServiceOff, SessionCounts, Status};
pub use transports::{
    ExternalAddress, LanStatus, MappingStatus, RelayStatus, StunStatus, Traffic, TransportStability, TransportStatus,
};
