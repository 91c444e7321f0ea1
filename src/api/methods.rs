//! The methods of the local API: what each is called, what it takes, and what it answers.
//!
//! One list at the end of this file says it all: parameters, answer, summary. A method is added by an entry there and,
//! if no answer fits, one in [`answers`](super::answers); the compiler then asks the driver for its [`Answers`].

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::oneshot;

use super::answers;
use super::errors::RpcError;
use super::hidden::Hidden;
use super::reply::{Reply, to_json};
use crate::calendar::Month;
use crate::identity::{InvitationName, NodeId};
use crate::name::ServiceName;
use crate::nickname::Nickname;

/// Messages in one answer, at most; more are asked for page by page.
pub const MESSAGES_PER_ANSWER: u32 = 500;

/// Milliseconds that a request may wait for something to happen, at most.
pub const WAIT_MS: u64 = 30_000;

/// A request that somebody waits for.
#[derive(Debug)]
pub struct Call {
    /// What is wanted.
    pub request: Request,
    /// Where the answer goes. Dropping it without an answer tells the caller that the node is stopping.
    pub reply: oneshot::Sender<Result<Value, RpcError>>,
}

/// A method: its parameters are the type itself.
pub trait Method: Serialize + DeserializeOwned {
    /// As in JSON-RPC's `method`.
    const NAME: &'static str;
    /// What comes of it.
    type Answer: Serialize + DeserializeOwned;
}

/// Answers the requests of a method.
pub trait Answers<M: Method> {
    /// Answers now, or keeps the reply until there is an answer.
    fn answer(&mut self, request: M, reply: Reply<M::Answer>);
}

/// The answer to a request of that method, as JSON.
///
/// # Errors
/// If the answer cannot be JSON, which is a mistake in this program.
pub fn answer<M: Method>(answer: &M::Answer) -> Result<Value, RpcError> {
    to_json(answer)
}

fn a_page() -> u32 {
    50
}

/// Who may ask for a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, where the ports of the API are open to them.
    Public,
    /// The user of the node: at the socket, or with the token.
    User,
}

/// A method in the list of all.
#[derive(Clone, Copy, Debug)]
pub struct MethodDescription {
    /// As in JSON-RPC's `method`.
    pub name: &'static str,
    /// Who may ask for it.
    pub access: Access,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// The JSON Schema of its parameters.
    pub parameters: fn(&mut SchemaGenerator) -> Schema,
    /// The JSON Schema of its answer.
    pub answer: fn(&mut SchemaGenerator) -> Schema,
}

macro_rules! methods {
    ($($access:ident $name:literal $parameters:ident {
        $($(#[$attribute:meta])* $field:ident: $type:ty,)*
    } -> $answer:ident: $summary:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $summary)]
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
            #[serde(deny_unknown_fields)]
            pub struct $parameters {
                $($(#[$attribute])* pub $field: $type,)*
            }
        )*

        /// What is wanted of the node.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Request {
            $(#[doc = $summary] $parameters($parameters),)*
        }

        /// All methods.
        pub const METHODS: &[MethodDescription] = &[$(MethodDescription {
            name: $name,
            access: Access::$access,
            summary: $summary,
            parameters: |schemas| schemas.subschema_for::<$parameters>(),
            answer: |schemas| schemas.subschema_for::<answers::$answer>(),
        },)*];

        impl Request {
            /// The method's name.
            #[must_use]
            pub fn method(&self) -> &'static str {
                match self {
                    $(Self::$parameters(_) => $name,)*
                }
            }

            /// Who may ask for it.
            #[must_use]
            pub fn access(&self) -> Access {
                match self {
                    $(Self::$parameters(_) => Access::$access,)*
                }
            }

            /// Reads the parameters of a method; `None` if there is no such method.
            pub(super) fn read(method: &str, parameters: Value) -> Option<Result<Self, Misfit>> {
                match method {
                    $($name => Some(serde_path_to_error::deserialize(parameters).map(Self::$parameters)),)*
                    _ => None,
                }
            }
        }

        impl Call {
            /// Has the call answered.
            pub fn hand_to<A: $(Answers<$parameters> +)*>(self, answers: &mut A) {
                match self.request {
                    $(Request::$parameters(request) => answers.answer(request, Reply::new(self.reply)),)*
                }
            }
        }

        $(
            impl Method for $parameters {
                const NAME: &'static str = $name;
                type Answer = answers::$answer;
            }

            impl From<$parameters> for Request {
                fn from(parameters: $parameters) -> Self {
                    Self::$parameters(parameters)
                }
            }
        )*
    };
}

/// Why parameters are not those of the method, and where.
pub(super) type Misfit = serde_path_to_error::Error<serde_json::Error>;

methods! {
    User "status" GetStatus {} -> Status: "How the node is: its states, transports, sessions, counters.";

    User "health" GetHealth {} -> Health: "What of the node is as it should be, what is not, and what to do about it.";

    User "id" GetId {} -> Id: "Who the node is, and the address to give to others.";

    User "invite.new" NewInvitation {
        /// Everybody who has it may use it for so many milliseconds. Without this, only the first may, within 7 days.
        #[serde(default)]
        for_ms: Option<u64>,
    } -> Invited: "Makes an invitation, which lets a stranger's first message through, and an address with it.";

    User "invite.list" ListInvitations {} -> Invitations: "The invitations that count, and who has used them.";

    User "invite.remove" RemoveInvitation {
        /// Its name, as `invite.list` says it.
        name: InvitationName,
    } -> InvitationRemoved: "Takes an invitation back.";

    User "peers.list" ListPeers {} -> Peers: "The nodes that this one knows, and its sessions with them.";

    User "peers.ratings" ListRatings {
        /// Of the months only this one; the totals stay those of all months.
        #[serde(default)]
        month: Option<Month>,
    } -> Ratings: "How often each contact was there while this node was, by month and hour of the day.";

    Public "getnodeinfo" GetNodeInfo {} -> NodeInfo: "Where this node listens, and at which addresses others see it.";

    Public "getpeerinfo" GetPeerInfo {
        /// Only of this peer.
        #[serde(default)]
        id: Option<NodeId>,
    } -> PeerInfos: "What each peer with a session sees of this node, and this node of it.";

    Public "getidentity" GetIdentity {} -> IdentityInfo: "Who this node is: its signed identity document, and what stands in it.";

    Public "getservices" GetServices {} -> PublicServices: "The services of this node that are on.";

    User "peers.listed" ListedPeers {
        /// Only of this peer.
        #[serde(default)]
        id: Option<NodeId>,
    } -> PeerInfos: "The same as getpeerinfo, of those peers that want to be known of.";

    User "automata.snapshot" GetSnapshot {} -> AutomataSnapshot: "Every automaton as it is, as the beginning of a trace.";

    User "service.list" ListServices {} -> Services: "The services of this node, and what depends on what.";

    User "service.start" StartService {
        /// Which.
        name: ServiceName,
    } -> ServiceChange: "Starts a service, for this run of the node.";

    User "service.stop" StopService {
        /// Which.
        name: ServiceName,
    } -> ServiceChange: "Stops a service and what needs it, for this run of the node.";

    User "service.enable" EnableService {
        /// Which.
        name: ServiceName,
    } -> ServiceChange: "Starts a service, now and at each start of the node.";

    User "service.disable" DisableService {
        /// Which.
        name: ServiceName,
    } -> ServiceChange: "Stops a service, now and at each start of the node.";

    User "contact.add" AddContact {
        /// Their address: `bitpie:<id>`, with hints or without, or the id alone. It may hold an invitation.
        idurl: Hidden,
        /// The user's name for them; without it, the one that they have already, the nickname by which they were found,
        /// or the one that the address proposes.
        #[serde(default)]
        name: Option<Nickname>,
        /// The nickname by which they were found, if by one: that they give it up is told.
        #[serde(default)]
        found_as: Option<Nickname>,
    } -> ContactAdded: "Makes somebody a contact; whoever was refused has to be accepted instead.";

    User "contact.list" ListContacts {} -> Contacts: "The contacts, and the strangers who would like to be.";

    User "contact.remove" RemoveContact {
        /// The user's name for them, their id, `bitpie:` and an unambiguous beginning of it, its fingerprint, or their
        /// address.
        who: String,
        /// Delete the conversation too. Of somebody who was removed before, this deletes what was kept.
        #[serde(default)]
        with_messages: bool,
    } -> ContactRemoved: "Forgets a contact; the conversation stays unless it is to be deleted too.";

    User "contact.accept" AcceptContact {
        /// As in [`RemoveContact::who`].
        who: String,
        /// The user's name for them.
        #[serde(default)]
        name: Option<Nickname>,
    } -> Contact: "Makes a stranger who has written a contact, and takes their messages.";

    User "contact.refuse" RefuseContact {
        /// As in [`RemoveContact::who`].
        who: String,
    } -> Contact: "Refuses somebody, now and in future, and deletes what waits from them.";

    User "contact.ping" PingContact {
        /// As in [`RemoveContact::who`].
        who: String,
    } -> Ping: "Asks a contact's node whether it is there.";

    User "messages.send" SendMessage {
        /// As in [`RemoveContact::who`].
        to: String,
        /// What it says.
        text: Hidden,
        /// How long it is tried; without it, as `messages/expiry` says.
        #[serde(default)]
        expires_ms: Option<u64>,
    } -> MessageSent: "Sends a message; answered when it is on disk.";

    User "messages.get" GetMessage {
        /// Which.
        id: String,
        /// Wait as long as it is in this state.
        #[serde(default)]
        other_than: Option<answers::MessageState>,
        /// But not longer than this ([`WAIT_MS`] at most).
        #[serde(default)]
        wait_ms: u64,
    } -> Message: "One message; can wait until its state is another.";

    User "messages.list" ListMessages {
        /// Only those with them; as in [`RemoveContact::who`].
        #[serde(default)]
        with: Option<String>,
        /// How many, up to [`MESSAGES_PER_ANSWER`].
        #[serde(default = "a_page")]
        limit: u32,
        /// Only those before this position.
        #[serde(default)]
        before: Option<u64>,
    } -> Messages: "The newest messages, or those before a place; with a stranger, what waits of them too.";

    User "messages.count" CountMessages {
        /// With whom; as in [`RemoveContact::who`].
        with: String,
    } -> MessageCount: "How many messages a conversation has.";

    User "messages.search" SearchMessages {
        /// The words.
        query: Hidden,
        /// How many, up to [`MESSAGES_PER_ANSWER`].
        #[serde(default = "a_page")]
        limit: u32,
    } -> Messages: "The newest messages that hold all the words.";

    User "messages.watch" WatchMessages {
        /// Only those with them; as in [`RemoveContact::who`].
        #[serde(default)]
        with: Option<String>,
        /// Behind this position; without it, behind the last that is there now.
        #[serde(default)]
        after: Option<u64>,
        /// Messages of strangers behind this place: `next_request` of the answer before; without it, those that come
        /// from now on.
        #[serde(default)]
        after_request: Option<u64>,
        /// How long to wait ([`WAIT_MS`] at most).
        #[serde(default)]
        wait_ms: u64,
    } -> Messages: "The messages behind a place, as soon as there are any, and those by which strangers ask to talk.";

    User "messages.mark_read" MarkRead {
        /// Whose; as in [`RemoveContact::who`].
        with: String,
        /// Only up to this position.
        #[serde(default)]
        up_to: Option<u64>,
    } -> MarkedRead: "Marks what somebody has written as read.";

    User "messages.export" ExportMessages {
        /// Only those with them; as in [`RemoveContact::who`].
        #[serde(default)]
        with: Option<String>,
        /// Behind this position: 0 at first, then `next` of the page before.
        #[serde(default)]
        after: u64,
        /// How many, up to [`MESSAGES_PER_ANSWER`].
        #[serde(default = "a_page")]
        limit: u32,
    } -> Messages: "All messages, page by page.";

    User "nick.set" SetNickname {
        /// The nickname.
        name: Nickname,
    } -> NicknameStatus: "Be known by this nickname from now on, now and at each start of the node.";

    User "nick.clear" ClearNickname {} -> NicknameStatus: "Be known by no nickname.";

    User "nick.show" ShowNickname {
        /// How long to wait until it is settled ([`WAIT_MS`] at most).
        #[serde(default)]
        wait_ms: u64,
    } -> NicknameStatus: "How our nickname stands; can wait until that is settled.";

    User "names.find" FindName {
        /// The nickname.
        name: Nickname,
        /// One claimant suffices.
        #[serde(default)]
        first: bool,
    } -> Search: "Begins to find everybody who claims a nickname.";

    User "names.found" FoundNames {
        /// The search, as `names.find` gave it.
        search: u64,
        /// What the asker has seen: `seen` of the last answer. Without it, nothing is waited for.
        #[serde(default)]
        seen: Option<u64>,
        /// How long to wait for more than that ([`WAIT_MS`] at most).
        #[serde(default)]
        wait_ms: u64,
    } -> FoundNames: "What a search has found; can wait until there is more.";

    User "names.stop" StopSearch {
        /// The search, as `names.find` gave it.
        search: u64,
    } -> FoundNames: "Ends a search of which nobody wants to know more.";

    User "config.get" GetSetting {
        /// Which.
        path: String,
    } -> Setting: "One setting.";

    User "config.set" SetSetting {
        /// Which.
        path: String,
        /// To what, as one writes it on the command line; `null` for its default.
        value: Option<String>,
    } -> Setting: "Changes a setting, or sets it back to its default.";

    User "config.list" ListSettings {} -> Settings: "All settings.";

    User "backup" MakeBackup {
        /// Where, on this machine: an absolute path at which there is nothing yet.
        to: String,
    } -> BackedUp: "Writes a backup of key, settings, contacts and messages.";

    User "shutdown" ShutDown {} -> ShuttingDown: "Stops the node, in order.";

    User "network.reconnect" Reconnect {} -> Reconnecting: "Takes the network down and up again.";
}
