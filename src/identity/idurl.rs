//! The address of an identity, as people hand it to each other: `bitpie:<id>?at=tcp://203.0.113.5:7771&name=alice`.
//!
//! The id is what counts. Where the node may be found and what its user is called are hints: whoever uses them has to
//! check them. With an invitation (`invite=`) the address is a secret between the one who gives it and those who get
//! it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Entrypoint, Invitation, NodeId, ParseEntrypointError, ParseInvitationError, ParseNodeIdError};
use crate::nickname::{Nickname, ParseNicknameError};

/// What an address of an identity begins with.
pub const IDURL_SCHEME: &str = "bitpie:";

/// Bytes of an address, at most: what a QR code still shows well.
pub const IDURL_BYTES: usize = 1024;

/// Entrypoints in an address, at most.
pub const IDURL_ENTRYPOINTS: usize = 8;

/// An identity, and hints how to reach it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Idurl {
    /// Who.
    pub id: NodeId,
    /// Where the node may be found. The first [`IDURL_ENTRYPOINTS`] are written.
    pub at: Vec<Entrypoint>,
    /// What its user is called.
    pub name: Option<Nickname>,
    /// What lets the first messages get through that are written to this address.
    pub invitation: Option<Invitation>,
}

impl From<NodeId> for Idurl {
    fn from(id: NodeId) -> Self {
        Self { id, at: Vec::new(), name: None, invitation: None }
    }
}

impl fmt::Display for Idurl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{IDURL_SCHEME}{}", self.id)?;
        let at = self.at.iter().take(IDURL_ENTRYPOINTS).map(|entrypoint| ("at", entrypoint.to_string()));
        let name = self.name.iter().map(|name| ("name", name.as_str().to_owned()));
        let invitation = self.invitation.iter().map(|invitation| ("invite", invitation.text().to_string()));
        let hints = at.chain(name).chain(invitation);
        for ((key, value), separator) in hints.zip(std::iter::once('?').chain(std::iter::repeat('&'))) {
            write!(formatter, "{separator}{key}={}", encoded(&value))?;
        }
        Ok(())
    }
}

impl FromStr for Idurl {
    type Err = ParseIdurlError;

    fn from_str(text: &str) -> Result<Self, ParseIdurlError> {
        if text.len() > IDURL_BYTES {
            return Err(ParseIdurlError::Long { bytes: text.len() });
        }
        let rest = text.strip_prefix(IDURL_SCHEME).ok_or(ParseIdurlError::Scheme)?;
        let (id, query) = rest.split_once('?').map_or((rest, None), |(id, query)| (id, Some(query)));
        let mut idurl = Self::from(id.parse::<NodeId>()?);
        for hint in query.into_iter().flat_map(|query| query.split('&')) {
            let (key, value) = hint.split_once('=').ok_or_else(|| ParseIdurlError::hint(hint))?;
            let value = decoded(value).ok_or_else(|| ParseIdurlError::PercentEncoding { key: quoted(key) })?;
            match key {
                "at" if idurl.at.len() == IDURL_ENTRYPOINTS => return Err(ParseIdurlError::ManyEntrypoints),
                "at" => idurl.at.push(value.parse()?),
                "name" if idurl.name.is_some() => return Err(ParseIdurlError::TwoNames),
                "name" => idurl.name = Some(value.parse()?),
                "invite" if idurl.invitation.is_some() => return Err(ParseIdurlError::TwoInvitations),
                "invite" => idurl.invitation = Some(value.parse()?),
                _ => return Err(ParseIdurlError::hint(key)),
            }
        }
        Ok(idurl)
    }
}

/// A value as it may stand in a query (RFC 3986): what has no meaning there is left as it is.
fn encoded(value: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte);
    value
        .bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The value that stands there.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        if *first == b'%' {
            let (digits, behind) = behind.split_at_checked(2)?;
            bytes.push(data_encoding::HEXLOWER_PERMISSIVE.decode(digits).ok()?[0]);
            rest = behind;
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8(bytes).ok()
}

fn quoted(text: &str) -> Box<str> {
    text.chars().take(32).collect()
}

impl TryFrom<String> for Idurl {
    type Error = ParseIdurlError;

    fn try_from(text: String) -> Result<Self, ParseIdurlError> {
        text.parse()
    }
}

impl From<Idurl> for String {
    fn from(idurl: Idurl) -> Self {
        idurl.to_string()
    }
}

/// Why a text is no address of an identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseIdurlError {
    /// It is too long.
    #[error("the address of an identity has at most {IDURL_BYTES} bytes, and this has {bytes}")]
    Long {
        /// How many.
        bytes: usize,
    },
    /// It does not begin as all of them do.
    #[error(
        "the address of an identity begins with `{IDURL_SCHEME}`: `bitpie id` prints it, on the machine of whom you want to reach"
    )]
    Scheme,
    /// What follows is no node id.
    #[error("the address names no identity: {0}")]
    Id(#[from] ParseNodeIdError),
    /// An `at` is no entrypoint.
    #[error("in the address of an identity, {0}")]
    Entrypoint(#[from] ParseEntrypointError),
    /// The name is no nickname.
    #[error("the address of an identity holds no good name: {0}")]
    Name(#[from] ParseNicknameError),
    /// The invitation is none.
    #[error("the address of an identity holds no good invitation: {0}")]
    Invitation(#[from] ParseInvitationError),
    /// Some hint that there is not.
    #[error("the address of an identity holds `{}`: it can hold `at=`, `name=` and `invite=`", .hint.escape_debug())]
    Hint {
        /// What stands there.
        hint: Box<str>,
    },
    /// A percent sign without two digits behind it, or bytes that are no text.
    #[error("in the address of an identity, `{}=` is not percent-encoded well", .key.escape_debug())]
    PercentEncoding {
        /// In which hint.
        key: Box<str>,
    },
    /// There are too many entrypoints.
    #[error("the address of an identity holds at most {IDURL_ENTRYPOINTS} times `at=`")]
    ManyEntrypoints,
    /// There are two names.
    #[error("the address of an identity holds `name=` twice")]
    TwoNames,
    /// There are two invitations.
    #[error("the address of an identity holds `invite=` twice")]
    TwoInvitations,
}

impl ParseIdurlError {
    fn hint(hint: &str) -> Self {
        Self::Hint { hint: quoted(hint) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id() -> NodeId {
        NodeId::from_bytes([7; 32])
    }

    #[test]
    fn an_address_is_read_and_written_alike() {
        for hints in [
            "",
            "?at=tcp://203.0.113.5:7771",
            "?at=tcp://%5B2001:db8::5%5D:7771&at=udp://203.0.113.5:7772&name=alice",
            "?name=Zo%C3%AB%20%26%20%3D%25",
            "?invite=yyyyyyyyyyyyyyyyyyyyyyyyyy",
            "?at=tcp://203.0.113.5:7771&name=alice&invite=ct1sc35epfigs5dpp3zzyhm1qc",
        ] {
            let text = format!("bitpie:{}{hints}", id());
            let idurl: Idurl = text.parse().expect(hints);
            assert_eq!(idurl.to_string(), text);
            assert_eq!(idurl.id, id());
        }
        let idurl: Idurl = format!("bitpie:{}?name=Zo%c3%ab", id()).parse().expect("digits in lower case");
        assert_eq!(idurl.name.expect("a name").as_str(), "Zoë");
    }

    proptest! {
        #[test]
        fn any_name_and_invitation_survive(name in "\\PC{1,40}", invitation: Option<[u8; 16]>) {
            if let Ok(name) = name.parse::<Nickname>() {
                let invitation = invitation.map(Invitation::from_bytes);
                let idurl = Idurl { id: id(), at: Vec::new(), name: Some(name), invitation };
                prop_assert_eq!(idurl.to_string().parse(), Ok(idurl));
            }
        }

        #[test]
        fn no_text_makes_it_fall_over(text in "\\PC*") {
            let _ = text.parse::<Idurl>();
            let _ = format!("bitpie:{}?{text}", id()).parse::<Idurl>();
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        let said = |text: String| text.parse::<Idurl>().expect_err(&text).to_string();
        let hint = |hint: &str| said(format!("bitpie:{}?{hint}", id()));
        assert!(said("alice".into()).contains("begins with `bitpie:`"));
        assert!(said("bitpie:abc".into()).contains("a node id has 52 characters, and this has 3"));
        assert!(hint("at=nowhere").contains("`nowhere` is no entrypoint"));
        assert!(hint("name=").contains("at least one character"));
        assert!(hint("who=me").contains("holds `who`: it can hold `at=`, `name=` and `invite=`"));
        assert!(hint("").contains("holds ``"));
        assert!(hint("name").contains("holds `name`"));
        for wrong in ["name=%", "name=%4", "name=%zz", "name=%FF", "at=%+1"] {
            assert!(hint(wrong).contains("percent-encoded"), "{wrong}");
        }
        assert!(hint("name=a&name=b").contains("`name=` twice"));
        let invitation = format!("invite={}", "y".repeat(26));
        assert!(hint(&format!("{invitation}&{invitation}")).contains("`invite=` twice"));
        for wrong in ["", "y", &"y".repeat(27), &"Y".repeat(26), &format!("{}b", "y".repeat(25))] {
            let said = hint(&format!("invite={wrong}"));
            assert!(said.contains("no good invitation") && said.contains("26 characters"), "{said}");
            assert!(wrong.len() < 25 || !said.contains(wrong), "{said}");
        }
        assert!(hint(&["at=tcp://127.0.0.1:1"; 9].join("&")).contains("at most 8 times"));
        assert!(said(format!("bitpie:{}?name={}", id(), "x".repeat(1024))).contains("at most 1024 bytes"));
    }
}
