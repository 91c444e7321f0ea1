//! The local API's calls about services: listed, switched on and off.

use crate::api::answers::{self, ServiceChange};
use crate::api::errors::{ErrorKind, RpcError};
use crate::api::methods::{Answers, DisableService, EnableService, ListServices, StartService, StopService};
use crate::api::reply::Reply;
use crate::automata::senders::api::local_service;
use crate::name::ServiceName;
use crate::services::{SERVICES, find};
use crate::store::StoreError;
use crate::world::{Input, RequestId};

use crate::runtime::driver::{Driver, WaitingService};
use crate::runtime::errors::{bad, failed};
use crate::runtime::presentation;

impl Answers<ListServices> for Driver {
    fn answer(&mut self, ListServices {}: ListServices, reply: Reply<answers::Services>) {
        let enabled = |name: &str| self.settings.is_enabled(name);
        reply.give(Ok(presentation::services(&self.node, enabled)));
    }
}

impl Answers<StartService> for Driver {
    fn answer(&mut self, StartService { name }: StartService, reply: Reply<ServiceChange>) {
        self.change_service(name, true, None, reply);
    }
}

impl Answers<StopService> for Driver {
    fn answer(&mut self, StopService { name }: StopService, reply: Reply<ServiceChange>) {
        self.change_service(name, false, None, reply);
    }
}

impl Answers<EnableService> for Driver {
    fn answer(&mut self, EnableService { name }: EnableService, reply: Reply<ServiceChange>) {
        self.change_service(name, true, Some(true), reply);
    }
}

impl Answers<DisableService> for Driver {
    fn answer(&mut self, DisableService { name }: DisableService, reply: Reply<ServiceChange>) {
        self.change_service(name, false, Some(false), reply);
    }
}

impl Driver {
    fn change_service(
        &mut self,
        name: ServiceName,
        is_to_be_on: bool,
        enable: Option<bool>,
        reply: Reply<ServiceChange>,
    ) {
        let Some(service) = find(name.as_str()) else {
            let known = SERVICES.iter().map(|service| service.name);
            let error = RpcError::new(ErrorKind::NotFound, format!("there is no service `{name}`"));
            let help = format!("there are: {}", known.collect::<Vec<_>>().join(", "));
            return reply.refuse(error.help(help));
        };
        if is_to_be_on && self.is_damaged {
            return reply.refuse(failed(StoreError::ReadOnly));
        }
        if let Some(enabled) = enable {
            match self.settings.change(&service.setting(), Some(if enabled { "true" } else { "false" })) {
                // Before anything is answered: the answer says what is set from now on.
                Ok(config) => self.settings_changed(config),
                Err(error) => return reply.refuse(bad(error.to_string())),
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
