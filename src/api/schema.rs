//! What the texts of the API look like, as JSON Schema (2020-12): [`openrpc`](super::openrpc) puts them together.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::hidden::Hidden;
use crate::calendar::Month;
use crate::identity::{Entrypoint, InvitationName, NodeId};
use crate::name::{ServiceName, TransportName};
use crate::nickname::Nickname;
use crate::stun::{Filtering, Mapping};

macro_rules! texts {
    ($($Type:ty = $name:literal: $description:literal;)*) => {$(
        impl JsonSchema for $Type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "description": $description })
            }
        }
    )*};
}

texts! {
    Entrypoint = "Entrypoint": "Where a node may be reached, by one transport: tcp://203.0.113.5:7771";
    Filtering = "Filtering": "Whom the router lets in: everybody, those to whom something was sent, or not known.";
    InvitationName = "InvitationName": "The name of an invitation.";
    Mapping = "Mapping": "How the router maps ports: the same for all, another for each, or not known.";
    Month = "Month": "A month: 2026-11";
    Nickname = "Nickname": "A nickname: at most 32 visible characters, single spaces between them.";
    NodeId = "NodeId": "The id of a node: its public key (Ed25519) in z-base-32, 52 characters.";
    ServiceName = "ServiceName": "The name of a service: tcp-transport";
    TransportName = "TransportName": "A transport: tcp, udp, or relay.";
}

impl JsonSchema for Hidden {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}
