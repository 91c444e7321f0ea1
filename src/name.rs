//! Names of services and transports: lower case, digits and dashes, as in the paths of settings
//! (`services/tcp-transport/enabled`).
//!
//! They are texts and not enums, so that to add a service or a transport stays one file and one line in its registry;
//! and they are checked where they come in, so that a name can stand in a path, a table or a URL as it is.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Bytes of a name, at most.
pub const NAME_BYTES: usize = 64;

/// The text of a name, checked. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(Arc<str>);

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = ParseNameError;

    fn from_str(text: &str) -> Result<Self, ParseNameError> {
        let word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let fits = text.len() <= NAME_BYTES
            && text.split('-').all(word)
            && text.starts_with(|first: char| first.is_ascii_lowercase());
        if fits { Ok(Self(text.into())) } else { Err(ParseNameError { text: text.into() }) }
    }
}

/// A text that is no name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseNameError {
    text: Box<str>,
}

impl fmt::Display for ParseNameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.text.chars().take(NAME_BYTES).collect();
        write!(
            formatter,
            "`{}` is no name: lower-case letters, digits and single dashes between them, a letter first, at most {NAME_BYTES}",
            shown.escape_debug()
        )
    }
}

impl std::error::Error for ParseNameError {}

/// Declares a type of names, so that one kind is not taken for another.
macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type($crate::name::Name);

        impl $type {
            /// The name's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::name::ParseNameError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl TryFrom<String> for $type {
            type Error = $crate::name::ParseNameError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.as_str().into()
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.as_str().fmt(formatter)
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, concat!(stringify!($type), "({})"), self.as_str())
            }
        }
    };
}

name! {
    /// A service of this node, as in `services/<name>/enabled`.
    ServiceName
}

name! {
    /// A way to carry bytes: `tcp`, `udp`, `relay`.
    TransportName
}

/// The transport over TCP.
#[must_use]
pub fn tcp_name() -> TransportName {
    "tcp".parse().expect("it is a name")
}

/// The transport over UDP.
#[must_use]
pub fn udp_name() -> TransportName {
    "udp".parse().expect("it is a name")
}

/// What carries sessions that go through another node.
#[must_use]
pub fn relay_name() -> TransportName {
    "relay".parse().expect("it is a name")
}

/// The name under which a document says where the node's STUN server is. No session is opened by it.
#[must_use]
pub fn stun_name() -> TransportName {
    "stun".parse().expect("it is a name")
}

/// The service of the API's port of WebTransport.
#[must_use]
pub fn webtransport_api_name() -> ServiceName {
    "webtransport-api".parse().expect("it is a name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_with_dashes() {
        for good in ["tcp", "tcp-transport", "entangled-dht", "a", "h3", &"x".repeat(NAME_BYTES)] {
            assert_eq!(good.parse::<Name>().map(|name| name.as_str().to_owned()).as_deref(), Ok(good));
        }
        for bad in
            ["", "-", "a-", "-a", "a--b", "3h", "TCP", "tcp_transport", "a/b", "..", "ä", "a b", "a\n", &"x".repeat(65)]
        {
            let error = bad.parse::<Name>().map(|_| ()).expect_err(bad);
            assert!(error.to_string().contains("is no name"), "{error}");
        }
    }

    #[test]
    fn json_is_checked_like_any_other_text() {
        let name: ServiceName = serde_json::from_str("\"tcp-transport\"").expect("a good name");
        assert_eq!(serde_json::to_string(&name).expect("a string"), "\"tcp-transport\"");
        let error = serde_json::from_str::<ServiceName>("\"../etc\"").expect_err("no name");
        assert!(error.to_string().contains("`../etc` is no name"), "{error}");
    }
}
