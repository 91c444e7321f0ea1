//! The methods that the API answers by itself, or by asking the node for several things: what it can do, who asks, what
//! they want to be told of.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answers;
use super::hidden::Hidden;
use super::methods::{Access, Method, MethodDescription, Misfit};
use crate::nickname::Nickname;

/// `rpc.discover`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Discover {}

/// `findnickname`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindNickname {
    /// The nickname.
    pub name: Nickname,
    /// One claimant suffices.
    #[serde(default)]
    pub first: bool,
    /// How long to search, in milliseconds (30000 at most).
    #[serde(default = "a_search")]
    pub wait_ms: u64,
}

fn a_search() -> u64 {
    10_000
}

/// `web.link`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeWebLink {}

/// `web.qr`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawQrCode {
    /// What it says.
    pub text: Hidden,
}

/// `authenticate`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Authenticate {
    /// The token of api.json, or the one that the web page was given.
    pub token: Hidden,
}

/// `subscribe`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// Of what to be told.
    pub topic: Topic,
}

/// `unsubscribe`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unsubscribe {
    /// What `subscribe` answered.
    pub subscription: u64,
}

impl Method for MakeWebLink {
    const NAME: &'static str = "web.link";
    type Answer = answers::WebLink;
}

/// What somebody can be told of as it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The peers with a session: what `getpeerinfo` answers, when it has changed.
    Peers,
    /// How the node is: what `status` answers, when more than times and counters has changed.
    Status,
    /// The contacts: what `contact.list` answers, when it has changed.
    Contacts,
    /// New messages, as `messages.watch` answers them.
    Messages,
    /// That messages or their states have changed; which, is asked for.
    Conversations,
    /// What the automata do: the lines of the trace as they are written, after a snapshot of all of them.
    Automata,
}

impl Topic {
    /// Who may be told of it. Who talks with whom is nobody's business, so contacts are not public.
    #[must_use]
    pub fn access(self) -> Access {
        match self {
            Self::Peers => Access::Public,
            Self::Status | Self::Contacts | Self::Messages | Self::Conversations | Self::Automata => Access::User,
        }
    }
}

/// The answer to `authenticate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Authenticated {
    /// From now on this connection may ask for everything.
    pub is_user: bool,
}

/// The answer to `subscribe`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subscribed {
    /// Its number in this connection. What is told then comes as notifications `subscription`, with `subscription`,
    /// `topic` and `data`.
    pub subscription: u64,
}

/// The answer to `unsubscribe`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unsubscribed {
    /// Whether there was one of that number.
    pub was_there: bool,
}

/// What is wanted of the API itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DoorRequest {
    /// What the API can do.
    Discover(Discover),
    /// Everybody who claims a nickname.
    FindNickname(FindNickname),
    /// A way to the web page.
    MakeWebLink(MakeWebLink),
    /// A text as a QR code.
    DrawQrCode(DrawQrCode),
    /// To be let in.
    Authenticate(Authenticate),
    /// To be told of something.
    Subscribe(Subscribe),
    /// No longer to be told.
    Unsubscribe(Unsubscribe),
}

/// An OpenRPC document, whose own schema is somewhere else.
fn any_object(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "object" })
}

/// All of them.
pub const DOOR_METHODS: &[MethodDescription] = &[
    MethodDescription {
        name: "rpc.discover",
        access: Access::Public,
        summary: "What this API can do: its OpenRPC document.",
        parameters: |schemas| schemas.subschema_for::<Discover>(),
        answer: any_object,
    },
    MethodDescription {
        name: "findnickname",
        access: Access::Public,
        summary: "Finds everybody who claims a nickname, and answers when the search is over or its time is up.",
        parameters: |schemas| schemas.subschema_for::<FindNickname>(),
        answer: |schemas| schemas.subschema_for::<answers::PublicClaimants>(),
    },
    MethodDescription {
        name: "web.link",
        access: Access::User,
        summary: "An address of the web page with a token that lets one browser in, once.",
        parameters: |schemas| schemas.subschema_for::<MakeWebLink>(),
        answer: |schemas| schemas.subschema_for::<answers::WebLink>(),
    },
    MethodDescription {
        name: "web.qr",
        access: Access::User,
        summary: "A text as a QR code, as SVG.",
        parameters: |schemas| schemas.subschema_for::<DrawQrCode>(),
        answer: |schemas| schemas.subschema_for::<answers::QrCode>(),
    },
    MethodDescription {
        name: "authenticate",
        access: Access::Public,
        summary: "Lets the user's program in, on this connection (WebSocket, WebTransport).",
        parameters: |schemas| schemas.subschema_for::<Authenticate>(),
        answer: |schemas| schemas.subschema_for::<Authenticated>(),
    },
    MethodDescription {
        name: "subscribe",
        access: Access::Public,
        summary: "Tells of something as it changes, on this connection (WebSocket, WebTransport).",
        parameters: |schemas| schemas.subschema_for::<Subscribe>(),
        answer: |schemas| schemas.subschema_for::<Subscribed>(),
    },
    MethodDescription {
        name: "unsubscribe",
        access: Access::Public,
        summary: "Ends a subscription of this connection.",
        parameters: |schemas| schemas.subschema_for::<Unsubscribe>(),
        answer: |schemas| schemas.subschema_for::<Unsubscribed>(),
    },
];

impl DoorRequest {
    /// The method's name.
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self {
            Self::Discover(_) => "rpc.discover",
            Self::FindNickname(_) => "findnickname",
            Self::MakeWebLink(_) => "web.link",
            Self::DrawQrCode(_) => "web.qr",
            Self::Authenticate(_) => "authenticate",
            Self::Subscribe(_) => "subscribe",
            Self::Unsubscribe(_) => "unsubscribe",
        }
    }

    /// Who may ask for it.
    #[must_use]
    pub fn access(&self) -> Access {
        match self {
            Self::MakeWebLink(_) | Self::DrawQrCode(_) => Access::User,
            _ => Access::Public,
        }
    }

    /// Reads the parameters of a method; `None` if there is no such method.
    pub(super) fn read(method: &str, parameters: Value) -> Option<Result<Self, Misfit>> {
        let read = match method {
            "rpc.discover" => serde_path_to_error::deserialize(parameters).map(Self::Discover),
            "findnickname" => serde_path_to_error::deserialize(parameters).map(Self::FindNickname),
            "web.qr" => serde_path_to_error::deserialize(parameters).map(Self::DrawQrCode),
            "web.link" => serde_path_to_error::deserialize(parameters).map(Self::MakeWebLink),
            "authenticate" => serde_path_to_error::deserialize(parameters).map(Self::Authenticate),
            "subscribe" => serde_path_to_error::deserialize(parameters).map(Self::Subscribe),
            "unsubscribe" => serde_path_to_error::deserialize(parameters).map(Self::Unsubscribe),
            _ => return None,
        };
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_read_by_the_name_in_the_list() {
        let parameters = |name: &str| match name {
            "authenticate" => serde_json::json!({ "token": "x" }),
            "web.qr" => serde_json::json!({ "text": "x" }),
            "findnickname" => serde_json::json!({ "name": "alice" }),
            "subscribe" => serde_json::json!({ "topic": "peers" }),
            "unsubscribe" => serde_json::json!({ "subscription": 1 }),
            _ => serde_json::json!({}),
        };
        for method in DOOR_METHODS {
            let read = DoorRequest::read(method.name, parameters(method.name)).expect("there is such a method");
            let read = read.expect("the parameters fit");
            assert_eq!((read.method(), read.access()), (method.name, method.access));
        }
    }
}
