//! Who asks, and what they may ask for.

use std::net::IpAddr;

use super::errors::{ErrorKind, RpcError};
use super::methods::Access;
use crate::household::Household;

/// Whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    /// What they may ask for.
    pub rights: Rights,
    /// With whom they are counted together.
    pub counted_as: CountedAs,
}

/// What somebody may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rights {
    /// The methods that are public.
    Public,
    /// Everything.
    User,
}

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CountedAs {
    /// A process at the socket; none if the system does not tell which.
    Process(Option<i32>),
    /// Everybody at an address.
    Address(Household),
}

impl CountedAs {
    /// Everybody at that address.
    #[must_use]
    pub fn address(address: IpAddr) -> Self {
        Self::Address(Household::of(address))
    }
}

impl Asker {
    /// Whether they may ask for that.
    ///
    /// # Errors
    /// If it is for the user alone.
    pub fn may(&self, method: &str, access: Access) -> Result<(), RpcError> {
        if access == Access::Public || self.rights == Rights::User {
            return Ok(());
        }
        let error = RpcError::new(ErrorKind::Forbidden, format!("`{method}` is for the user of this node alone"));
        Err(error.help(
            "its programs on the same machine can ask for it, with the token of api.json in the node's home folder",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_user_may_ask_for_what_is_not_public() {
        let counted_as = CountedAs::address([203, 0, 113, 5].into());
        let public = Asker { rights: Rights::Public, counted_as };
        let user = Asker { rights: Rights::User, counted_as };
        assert!(public.may("getnodeinfo", Access::Public).is_ok() && user.may("getnodeinfo", Access::Public).is_ok());
        assert!(user.may("messages.list", Access::User).is_ok());
        let error = public.may("messages.list", Access::User).expect_err("it is not public");
        assert_eq!(error.kind(), ErrorKind::Forbidden);
    }
}
