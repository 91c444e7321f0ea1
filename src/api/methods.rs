//! The methods of the local API: what each is called, what it takes, and what it answers.
//!
//! One list at the end of this file makes the requests, their names and their summaries. A method is added by a struct
//! here, an answer in [`answers`](super::answers), and a line in the list; the compiler then asks the driver for its
//! [`Answers`].

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::oneshot;

use super::answers;
use super::errors::RpcError;
use super::hidden::Hidden;
use super::reply::{Reply, to_json};
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
pub trait Method: Serialize + DeserializeOwned + Into<Request> {
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

/// `status`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetStatus {}

/// `id`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetId {}

/// `peers.list`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListPeers {}

/// `service.list`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListServices {}

/// `service.start`: until the node's next start, whatever the settings say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartService {
    /// Which.
    pub name: ServiceName,
}

/// `service.stop`: until the node's next start, whatever the settings say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopService {
    /// Which.
    pub name: ServiceName,
}

/// `service.enable`: sets `services/<name>/enabled`, and starts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnableService {
    /// Which.
    pub name: ServiceName,
}

/// `service.disable`: unsets `services/<name>/enabled`, and stops it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisableService {
    /// Which.
    pub name: ServiceName,
}

/// `contact.add`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddContact {
    /// Their address: `bitpie:<id>`, with hints or without, or the id alone.
    pub idurl: String,
    /// The user's name for them; without it, the one that they have already, the nickname by which they were found, or
    /// the one that the address proposes.
    #[serde(default)]
    pub name: Option<Nickname>,
    /// The nickname by which they were found, if by one: that they give it up is told.
    #[serde(default)]
    pub found_as: Option<Nickname>,
}

/// `contact.list`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListContacts {}

/// `contact.remove`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveContact {
    /// The user's name for them, their id, `bitpie:` and an unambiguous beginning of it, its fingerprint, or their
    /// address.
    pub who: String,
}

/// `contact.accept`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptContact {
    /// As in [`RemoveContact::who`].
    pub who: String,
    /// The user's name for them.
    #[serde(default)]
    pub name: Option<Nickname>,
}

/// `contact.refuse`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefuseContact {
    /// As in [`RemoveContact::who`].
    pub who: String,
}

/// `contact.ping`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PingContact {
    /// As in [`RemoveContact::who`].
    pub who: String,
}

/// `messages.send`: answered when the message is on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    /// As in [`RemoveContact::who`].
    pub to: String,
    /// What it says.
    pub text: Hidden,
    /// How long it is tried; without it, as `messages/expiry` says.
    #[serde(default)]
    pub expires_ms: Option<u64>,
}

/// `messages.get`: one message; with `other_than`, as soon as its state is another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetMessage {
    /// Which.
    pub id: String,
    /// Wait as long as it is in this state.
    #[serde(default)]
    pub other_than: Option<answers::MessageState>,
    /// But not longer than this ([`WAIT_MS`] at most).
    #[serde(default)]
    pub wait_ms: u64,
}

/// `messages.list`: the newest, or those before a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListMessages {
    /// Only those with them; as in [`RemoveContact::who`].
    #[serde(default)]
    pub with: Option<String>,
    /// How many, up to [`MESSAGES_PER_ANSWER`].
    #[serde(default = "a_page")]
    pub limit: u32,
    /// Only those before this position.
    #[serde(default)]
    pub before: Option<u64>,
}

/// `messages.search`: the newest that hold all the words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchMessages {
    /// The words.
    pub query: Hidden,
    /// How many, up to [`MESSAGES_PER_ANSWER`].
    #[serde(default = "a_page")]
    pub limit: u32,
}

/// `messages.watch`: those behind a place, as soon as there are any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchMessages {
    /// Only those with them; as in [`RemoveContact::who`].
    #[serde(default)]
    pub with: Option<String>,
    /// Behind this position; without it, behind the last that is there now.
    #[serde(default)]
    pub after: Option<u64>,
    /// How long to wait ([`WAIT_MS`] at most).
    #[serde(default)]
    pub wait_ms: u64,
}

/// `messages.mark_read`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarkRead {
    /// Whose; as in [`RemoveContact::who`].
    pub with: String,
    /// Only up to this position.
    #[serde(default)]
    pub up_to: Option<u64>,
}

/// `messages.export`: one page after the other, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportMessages {
    /// Only those with them; as in [`RemoveContact::who`].
    #[serde(default)]
    pub with: Option<String>,
    /// Behind this position: 0 at first, then `next` of the page before.
    #[serde(default)]
    pub after: u64,
    /// How many, up to [`MESSAGES_PER_ANSWER`].
    #[serde(default = "a_page")]
    pub limit: u32,
}

/// `nick.set`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetNickname {
    /// The nickname.
    pub name: Nickname,
}

/// `nick.clear`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClearNickname {}

/// `nick.show`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShowNickname {
    /// How long to wait until it is settled ([`WAIT_MS`] at most).
    #[serde(default)]
    pub wait_ms: u64,
}

/// `names.find`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindName {
    /// The nickname.
    pub name: Nickname,
    /// One claimant suffices.
    #[serde(default)]
    pub first: bool,
}

/// `names.found`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundNames {
    /// The search, as `names.find` gave it.
    pub search: u64,
    /// What the asker has seen: `seen` of the last answer. Without it, nothing is waited for.
    #[serde(default)]
    pub seen: Option<u64>,
    /// How long to wait for more than that ([`WAIT_MS`] at most).
    #[serde(default)]
    pub wait_ms: u64,
}

/// `names.stop`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopSearch {
    /// The search, as `names.find` gave it.
    pub search: u64,
}

/// `config.get`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetSetting {
    /// Which.
    pub path: String,
}

/// `config.set`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetSetting {
    /// Which.
    pub path: String,
    /// To what, as one writes it on the command line; `null` for its default.
    pub value: Option<String>,
}

/// `config.list`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListSettings {}

/// `backup`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MakeBackup {
    /// Where, on this machine: an absolute path at which there is nothing yet.
    pub to: String,
}

/// `shutdown`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShutDown {}

/// `network.reconnect`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reconnect {}

fn a_page() -> u32 {
    50
}

/// A method in the list of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodDescription {
    /// As in JSON-RPC's `method`.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
}

macro_rules! methods {
    ($($name:literal $parameters:ident -> $answer:ident: $summary:literal,)*) => {
        /// What is wanted of the node.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Request {
            $(#[doc = $summary] $parameters($parameters),)*
        }

        /// All methods.
        pub const METHODS: &[MethodDescription] = &[$(MethodDescription { name: $name, summary: $summary },)*];

        impl Request {
            /// The method's name.
            #[must_use]
            pub fn method(&self) -> &'static str {
                match self {
                    $(Self::$parameters(_) => $name,)*
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
    "status" GetStatus -> Status: "How the node is: its states, transports, sessions, counters.",
    "id" GetId -> Id: "Who the node is, and the address to give to others.",
    "peers.list" ListPeers -> Peers: "The nodes that this one knows, and its sessions with them.",
    "service.list" ListServices -> Services: "The services of this node, and what depends on what.",
    "service.start" StartService -> ServiceChange: "Starts a service, for this run of the node.",
    "service.stop" StopService -> ServiceChange: "Stops a service and what needs it, for this run of the node.",
    "service.enable" EnableService -> ServiceChange: "Starts a service, now and at each start of the node.",
    "service.disable" DisableService -> ServiceChange: "Stops a service, now and at each start of the node.",
    "contact.add" AddContact -> ContactAdded: "Makes somebody a contact; whoever was refused has to be accepted instead.",
    "contact.list" ListContacts -> Contacts: "The contacts, and the strangers who would like to be.",
    "contact.remove" RemoveContact -> ContactRemoved: "Forgets a contact; the conversation stays.",
    "contact.accept" AcceptContact -> Contact: "Makes a stranger who has written a contact, and takes their messages.",
    "contact.refuse" RefuseContact -> Contact: "Refuses somebody, now and in future, and deletes what waits from them.",
    "contact.ping" PingContact -> Ping: "Asks a contact's node whether it is there.",
    "messages.send" SendMessage -> MessageSent: "Sends a message; answered when it is on disk.",
    "messages.get" GetMessage -> Message: "One message; can wait until its state is another.",
    "messages.list" ListMessages -> Messages: "The newest messages, or those before a place.",
    "messages.search" SearchMessages -> Messages: "The newest messages that hold all the words.",
    "messages.watch" WatchMessages -> Messages: "The messages behind a place, as soon as there are any.",
    "messages.mark_read" MarkRead -> MarkedRead: "Marks what somebody has written as read.",
    "messages.export" ExportMessages -> Messages: "All messages, page by page.",
    "nick.set" SetNickname -> NicknameStatus: "Be known by this nickname from now on, now and at each start of the node.",
    "nick.clear" ClearNickname -> NicknameStatus: "Be known by no nickname.",
    "nick.show" ShowNickname -> NicknameStatus: "How our nickname stands; can wait until that is settled.",
    "names.find" FindName -> Search: "Begins to find everybody who claims a nickname.",
    "names.found" FoundNames -> FoundNames: "What a search has found; can wait until there is more.",
    "names.stop" StopSearch -> FoundNames: "Ends a search of which nobody wants to know more.",
    "config.get" GetSetting -> Setting: "One setting.",
    "config.set" SetSetting -> Setting: "Changes a setting, or sets it back to its default.",
    "config.list" ListSettings -> Settings: "All settings.",
    "backup" MakeBackup -> BackedUp: "Writes a backup of key, settings, contacts and messages.",
    "shutdown" ShutDown -> ShuttingDown: "Stops the node, in order.",
    "network.reconnect" Reconnect -> Reconnecting: "Takes the network down and up again.",
}
