//! The local API's calls about services: listed, switched on and off.

use crate::api::errors::{ErrorKind, RpcError};
use crate::api::methods;
use crate::automata::senders::api::local_service;
use crate::name::ServiceName;
use crate::services::{SERVICES, find};
use crate::world::{Input, RequestId};

use crate::runtime::driver::{Driver, WaitingService};
use crate::runtime::presentation;
use crate::runtime::replies::{Reply, bad, now, refuse};

impl Driver {
    pub(super) fn services(&self, reply: Reply) {
        let enabled = |name: &str| self.settings.is_enabled(name);
        now::<methods::ListServices>(reply, Ok(presentation::services(&self.node, enabled)));
    }

    pub(super) fn change_service(&mut self, name: ServiceName, is_to_be_on: bool, enable: Option<bool>, reply: Reply) {
        let Some(service) = find(name.as_str()) else {
            let known = SERVICES.iter().map(|service| service.name);
            let error = RpcError::new(ErrorKind::NotFound, format!("there is no service `{name}`"));
            let help = format!("there are: {}", known.collect::<Vec<_>>().join(", "));
            return refuse(reply, error.help(help));
        };
        if let Some(enabled) = enable {
            match self.settings.change(&service.setting(), Some(if enabled { "true" } else { "false" })) {
                Ok(config) => self.apply(config),
                Err(error) => return refuse(reply, bad(error.to_string())),
            }
        }
        let enabled = self.settings.is_enabled(service.name);
        let request = self.callers.wait_for_service(WaitingService { service, enabled, reply });
        self.switch(request, name, is_to_be_on);
    }

    pub(super) fn switch(&mut self, request: RequestId, service: ServiceName, is_to_be_on: bool) {
        let wanted = if is_to_be_on { local_service::start_requested } else { local_service::stop_requested };
        self.input(Input::Event(wanted(service, request)));
    }
}
