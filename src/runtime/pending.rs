//! Calls that wait until automata have come to rest.

use std::collections::HashMap;

use crate::api::answers;
use crate::api::methods::{self, answer};
use crate::identity::NodeId;
use crate::name::ServiceName;
use crate::nickname::Nickname;
use crate::node::Node;
use crate::world::RequestId;
use crate::world::services::ServiceResult;

use super::presentation;
use super::recording::Recorder;
use super::replies::Reply;

/// Calls that wait until automata have come to rest.
#[derive(Default)]
pub struct Pending {
    pub(super) services: HashMap<RequestId, (ServiceName, bool, Reply)>,
    /// Starts of services which are on, and yet have to find out whether they can do what they are for.
    pub(super) settling: Vec<(ServiceName, bool, Reply)>,
    pub(super) pings: Vec<WaitingPing>,
}

pub(super) struct WaitingPing {
    pub(super) peer: NodeId,
    pub(super) name: Option<Nickname>,
    pub(super) asked_ms: u64,
    pub(super) reply: Reply,
}

impl Pending {
    /// A service has come to rest.
    pub fn answer_service(&mut self, request: RequestId, result: ServiceResult, node: &Node<Recorder>) {
        let Some((name, enabled, reply)) = self.services.remove(&request) else { return };
        if result == ServiceResult::Started {
            return self.settling.push((name, enabled, reply));
        }
        let why = (result == ServiceResult::DependsOff).then(|| {
            let off = presentation::dependencies_off(node, name.as_str());
            format!("it needs {}, which is off: start that first", off.join(" and "))
        });
        let change = answers::ServiceChange { name, result, enabled, why };
        let _ = reply.send(answer::<methods::StartService>(&change));
    }
}
