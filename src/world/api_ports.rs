//! Where the API is reached, as the core knows it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::name::ServiceName;

/// The ports of the API, by their services.
#[derive(Clone, Debug, Default)]
pub struct ApiPorts {
    /// Other machines may ask for what is public.
    pub is_public: bool,
    /// Those that are open.
    pub open: BTreeMap<ServiceName, SocketAddr>,
    /// Why others are not.
    pub problems: BTreeMap<ServiceName, String>,
}
