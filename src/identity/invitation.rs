//! An invitation: a secret in an address, by which a friend's first message gets through when strangers are too many.
//!
//! The node that made it keeps a digest alone, so that a database or a backup that is read gives nobody an invitation.
//! It is written in z-base-32, as the id before it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::node_id::Z_BASE_32;

/// Bytes of an invitation.
pub const INVITATION_BYTES: usize = 16;

/// Characters of an invitation in an address: 128 bits, five to a character.
const CHARACTERS: usize = 26;

/// What is hashed in front of an invitation.
const LABEL: &[u8] = b"bitpie/invitation/1\0";

/// Bytes of the digest that a name shows.
const NAME_BYTES: usize = 5;

/// Characters of a name.
const NAME_CHARACTERS: usize = 8;

/// The secret itself. Wiped when it is dropped, and not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation(Zeroizing<[u8; INVITATION_BYTES]>);

impl Invitation {
    /// One of these bytes, which have to be random.
    #[must_use]
    pub fn from_bytes(bytes: [u8; INVITATION_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; INVITATION_BYTES] {
        &self.0
    }

    /// By what it is recognised.
    #[must_use]
    pub fn digest(&self) -> InvitationDigest {
        InvitationDigest(Sha256::new_with_prefix(LABEL).chain_update(*self.0).finalize().into())
    }

    /// As it stands in an address. No `Display`, so that nobody writes it down by accident.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(Z_BASE_32.encode(&*self.0))
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Invitation(…)")
    }
}

impl std::hash::Hash for Invitation {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl FromStr for Invitation {
    type Err = ParseInvitationError;

    fn from_str(text: &str) -> Result<Self, ParseInvitationError> {
        if text.len() != CHARACTERS {
            return Err(ParseInvitationError);
        }
        let bytes = Zeroizing::new(Z_BASE_32.decode(text.as_bytes()).map_err(|_| ParseInvitationError)?);
        bytes.as_slice().try_into().map(Self::from_bytes).map_err(|_| ParseInvitationError)
    }
}

/// SHA-256 of `bitpie/invitation/1`, a zero byte, and the invitation. Nobody gets the invitation out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvitationDigest(pub [u8; 32]);

impl InvitationDigest {
    /// What the user calls it.
    #[must_use]
    pub fn name(&self) -> InvitationName {
        InvitationName(Z_BASE_32.encode(&self.0[..NAME_BYTES]))
    }
}

/// What the user calls an invitation: the beginning of its digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InvitationName(String);

impl fmt::Display for InvitationName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for InvitationName {
    type Err = ParseInvitationNameError;

    fn from_str(text: &str) -> Result<Self, ParseInvitationNameError> {
        let is_one = text.len() == NAME_CHARACTERS && Z_BASE_32.decode(text.as_bytes()).is_ok();
        if is_one { Ok(Self(text.to_owned())) } else { Err(ParseInvitationNameError) }
    }
}

impl TryFrom<String> for InvitationName {
    type Error = ParseInvitationNameError;

    fn try_from(text: String) -> Result<Self, ParseInvitationNameError> {
        text.parse()
    }
}

impl From<InvitationName> for String {
    fn from(name: InvitationName) -> Self {
        name.0
    }
}

/// A text that is no invitation. What it says is not repeated: it may be one in which a letter is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an invitation has {CHARACTERS} characters of z-base-32, and this is none: copy the whole address again")]
pub struct ParseInvitationError;

/// A text that is no name of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an invitation has a name of {NAME_CHARACTERS} characters: `bitpie invite list` shows it")]
pub struct ParseInvitationNameError;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_invitation_is_not_shown_and_its_name_says_nothing_of_it() {
        let invitation = Invitation::from_bytes([7; INVITATION_BYTES]);
        assert_eq!(format!("{invitation:?}"), "Invitation(…)");
        let (text, name) = (invitation.text(), invitation.digest().name().to_string());
        assert_eq!((text.len(), name.len()), (CHARACTERS, NAME_CHARACTERS));
        assert!(!text.contains(&name));
        assert_ne!(Invitation::from_bytes([8; INVITATION_BYTES]).digest().name(), invitation.digest().name());
        let error = format!("{}x", *text).parse::<Invitation>().expect_err("too long");
        assert!(!error.to_string().contains(&**text));
    }

    #[test]
    fn one_invitation_has_one_text() {
        let text = "y".repeat(CHARACTERS - 1);
        // The last character carries three bits; the other two must be 0.
        let taken: Vec<char> = "ybndrfg8ejkmcpqxot1uwisza345h769"
            .chars()
            .filter(|last| format!("{text}{last}").parse::<Invitation>().is_ok())
            .collect();
        assert_eq!(taken, ['y', 'r', 'e', 'c', 'o', 'w', 'a', 'h']);
        for wrong in ["", "y", &"y".repeat(CHARACTERS + 1), &"Y".repeat(CHARACTERS), &"ж".repeat(CHARACTERS / 2)] {
            assert_eq!(wrong.parse::<Invitation>(), Err(ParseInvitationError), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for wrong in ["", "yyyyyyy", "yyyyyyyyy", "YYYYYYYY", "yyyy yyy", "жжжж"] {
            assert_eq!(wrong.parse::<InvitationName>(), Err(ParseInvitationNameError), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn texts_and_names_are_read_as_they_are_written(bytes: [u8; INVITATION_BYTES]) {
            let invitation = Invitation::from_bytes(bytes);
            prop_assert_eq!(invitation.text().parse(), Ok(invitation.clone()));
            let name = invitation.digest().name();
            prop_assert_eq!(name.to_string().parse(), Ok(name));
        }
    }
}
