//! Errors among the answers of the local API.

use crate::api::errors::{ErrorKind, RpcError};
use crate::store::StoreError;

/// The error for an invalid value.
pub(super) fn bad(message: String) -> RpcError {
    RpcError::new(ErrorKind::BadValue, message)
}

/// What the store says, as an error of the call.
pub(super) fn failed(error: StoreError) -> RpcError {
    let kind = match &error {
        StoreError::NoContact { .. } | StoreError::NoMessage { .. } | StoreError::NoInvitation { .. } => {
            ErrorKind::NotFound
        }
        StoreError::NameTaken { .. } | StoreError::ManyInvitations { .. } => ErrorKind::Conflict,
        StoreError::NotAccepted { .. } | StoreError::ReadOnly => ErrorKind::Refused,
        StoreError::QueueFull { .. } | StoreError::Busy { .. } => ErrorKind::Busy,
        _ => ErrorKind::Internal,
    };
    RpcError::new(kind, error.to_string())
}
