//! The local API's calls, answered: at once from what the core knows, or by the store, or when the automata have come to rest.

mod contacts;
mod nicknames;
mod status;

use crate::api::answers;
use crate::api::errors::{ErrorKind, RpcError};
use crate::api::methods::{self, Call, MESSAGES_PER_ANSWER, Method, Request, answer};
use crate::identity::Entrypoint;
use crate::messages::NewMessage;
use crate::name::ServiceName;
use crate::store::Store;
use crate::wire::PacketId;
use crate::world::{Input, QueuedMessage, RequestId, UserRequest};

use super::driver::{Done, Driver, WaitingPing, WaitingService};
use super::lookup::{self, address_of, resolve};
use super::presentation;
use super::replies::{Reply, bad, failed, now};
use crate::home::clock::unix_ms;
use crate::home::config::Config;
use crate::home::entropy::random;

/// A call that the store answers, and what comes of it for the core.
type Answered<A> = Result<(A, Vec<Input>), RpcError>;

impl Driver {
    /// Answers a call, or sees to it that it will be.
    pub(in crate::runtime) fn call(&mut self, call: Call) {
        let Call { request, reply } = call;
        match request {
            Request::GetStatus(_) => self.status(reply),
            Request::GetId(_) => now::<methods::GetId>(reply, Ok(self.who_we_are())),
            Request::ListPeers(_) => self.peers(reply),
            Request::ListServices(_) => {
                let enabled = |name: &str| self.settings.is_enabled(name);
                now::<methods::ListServices>(reply, Ok(presentation::services(&self.node, enabled)));
            }
            Request::StartService(methods::StartService { name }) => self.change_service(name, true, None, reply),
            Request::StopService(methods::StopService { name }) => self.change_service(name, false, None, reply),
            Request::EnableService(methods::EnableService { name }) => {
                self.change_service(name, true, Some(true), reply)
            }
            Request::DisableService(methods::DisableService { name }) => {
                self.change_service(name, false, Some(false), reply)
            }
            Request::AddContact(parameters) => self.add_contact(parameters, reply),
            Request::ListContacts(_) => self.contacts(reply),
            Request::RemoveContact(methods::RemoveContact { who }) => self.remove_contact(who, reply),
            Request::AcceptContact(parameters) => self.accept_contact(parameters, reply),
            Request::RefuseContact(methods::RefuseContact { who }) => self.refuse_contact(who, reply),
            Request::PingContact(methods::PingContact { who }) => self.ping(who, reply),
            Request::SendMessage(parameters) => self.send_message(parameters, reply),
            Request::GetMessage(methods::GetMessage { id, .. }) => {
                self.ask::<methods::GetMessage>(reply, false, move |store| {
                    let id: PacketId = id.parse().map_err(|_| bad(format!("`{id}` is no id of a message")))?;
                    let item = store.outgoing(&id).map_err(failed)?;
                    let item = item.ok_or_else(|| {
                        RpcError::new(ErrorKind::NotFound, format!("there is no message {id} of yours"))
                    })?;
                    let names = lookup::names(store)?;
                    Ok((presentation::message(&item, &names, store)?, Vec::new()))
                });
            }
            Request::ListMessages(methods::ListMessages { with, limit, before }) => {
                let limit = limit.clamp(1, MESSAGES_PER_ANSWER) as usize;
                self.ask::<methods::ListMessages>(reply, false, move |store| {
                    let with = with.map(|who| resolve(store, &who)).transpose()?;
                    let items = store.messages_before(with.as_ref().map(|it| &it.id), before, limit).map_err(failed)?;
                    let next = (items.len() == limit).then(|| items.first().map(|item| item.position)).flatten();
                    Ok((presentation::messages(store, items, next)?, Vec::new()))
                });
            }
            Request::SearchMessages(methods::SearchMessages { query, limit }) => {
                let limit = limit.clamp(1, MESSAGES_PER_ANSWER) as usize;
                self.ask::<methods::SearchMessages>(reply, false, move |store| {
                    let items = store.search(&query.0, limit).map_err(failed)?;
                    Ok((presentation::messages(store, items, None)?, Vec::new()))
                });
            }
            Request::WatchMessages(methods::WatchMessages { with, after, .. }) => {
                self.ask::<methods::WatchMessages>(reply, false, move |store| {
                    let with = with.map(|who| resolve(store, &who)).transpose()?;
                    let last = store.last_position().map_err(failed)?;
                    let after = after.unwrap_or(last);
                    let limit = MESSAGES_PER_ANSWER as usize;
                    let items = store.messages_after(with.as_ref().map(|it| &it.id), after, limit).map_err(failed)?;
                    let next = items.last().map_or(after, |item| item.position);
                    Ok((presentation::messages(store, items, Some(next))?, Vec::new()))
                });
            }
            Request::ExportMessages(methods::ExportMessages { with, after, limit }) => {
                let limit = limit.clamp(1, MESSAGES_PER_ANSWER) as usize;
                self.ask::<methods::ExportMessages>(reply, false, move |store| {
                    let with = with.map(|who| resolve(store, &who)).transpose()?;
                    let items = store.messages_after(with.as_ref().map(|it| &it.id), after, limit).map_err(failed)?;
                    let next = (items.len() == limit).then(|| items.last().map(|item| item.position)).flatten();
                    Ok((presentation::messages(store, items, next)?, Vec::new()))
                });
            }
            Request::MarkRead(parameters) => self.mark_read(parameters, reply),
            Request::SetNickname(methods::SetNickname { name }) => self.change_nickname(Some(name), reply),
            Request::ClearNickname(_) => self.change_nickname(None, reply),
            Request::ShowNickname(_) => now::<methods::ShowNickname>(reply, Ok(self.nickname())),
            Request::FindName(parameters) => self.find_name(parameters, reply),
            Request::FoundNames(methods::FoundNames { search, .. }) => self.found_names(search, reply),
            Request::StopSearch(methods::StopSearch { search }) => self.end_search(search, reply),
            Request::GetSetting(methods::GetSetting { path }) => {
                now::<methods::GetSetting>(reply, presentation::setting(&self.settings.config, &path));
            }
            Request::SetSetting(methods::SetSetting { path, value }) => self.set(&path, value.as_deref(), reply),
            Request::ListSettings(_) => {
                now::<methods::ListSettings>(reply, presentation::settings(&self.settings.config))
            }
            Request::MakeBackup(methods::MakeBackup { to }) => self.backup(to, reply),
            Request::ShutDown(_) => {
                now::<methods::ShutDown>(reply, Ok(answers::ShuttingDown { process: std::process::id() }));
                self.begin_to_end();
            }
            Request::Reconnect(_) => {
                self.input(Input::Request(UserRequest::Reconnect));
                let network_connector = presentation::network_connector(&self.node);
                now::<methods::Reconnect>(reply, Ok(answers::Reconnecting { network_connector }));
            }
        }
    }

    /// Asks the store; what it answers goes back, and what comes of it to the core.
    pub(in crate::runtime) fn ask<M: Method>(
        &mut self,
        reply: Reply,
        changes: bool,
        work: impl FnOnce(&Store) -> Answered<M::Answer> + Send + 'static,
    ) where
        M::Answer: Send + 'static,
    {
        let store = self.storage.store.clone();
        self.task(async move {
            // An error of the call is no error of the store, and must not undo what others do in the same commit.
            let answered = store.run(move |store| Ok(work(store))).await;
            let (result, inputs) = match answered {
                Ok(Ok((found, inputs))) => (answer::<M>(&found), inputs),
                Ok(Err(error)) => (Err(error), Vec::new()),
                Err(error) => (Err(failed(error)), Vec::new()),
            };
            let is_changed = changes && result.is_ok();
            let _ = reply.send(result);
            if is_changed { Done::Changed(inputs) } else { Done::Inputs(inputs) }
        });
    }

    pub(in crate::runtime) fn who_we_are(&self) -> answers::Id {
        let entrypoints = self.listening();
        address_of(self.identity.id(), entrypoints, self.settings.values.name.clone())
    }

    fn listening(&self) -> Vec<Entrypoint> {
        self.node.world().identity.entrypoints.values().flatten().cloned().collect()
    }

    fn change_service(&mut self, name: ServiceName, is_to_be_on: bool, enable: Option<bool>, reply: Reply) {
        if crate::services::find(name.as_str()).is_none() {
            let known = crate::services::SERVICES.iter().map(|service| service.name);
            let error = RpcError::new(ErrorKind::NotFound, format!("there is no service `{name}`"));
            let help = format!("there are: {}", known.collect::<Vec<_>>().join(", "));
            let _ = reply.send(Err(error.help(help)));
            return;
        }
        if let Some(enabled) = enable {
            let path = format!("services/{name}/enabled");
            match self.settings.change(&path, Some(if enabled { "true" } else { "false" })) {
                Ok(config) => self.apply(config),
                Err(error) => {
                    let _ = reply.send(Err(bad(error.to_string())));
                    return;
                }
            }
        }
        let enabled = self.settings.is_enabled(name.as_str());
        let request = self.callers.wait_for_service(WaitingService { name: name.clone(), enabled, reply });
        self.switch(request, name, is_to_be_on);
    }

    fn switch(&mut self, request: RequestId, service: ServiceName, is_to_be_on: bool) {
        let wanted = if is_to_be_on { UserRequest::StartService } else { UserRequest::StopService };
        self.input(Input::Request(wanted(request, service)));
    }

    fn apply(&mut self, config: Config) {
        self.task(async move { Done::Settings(Box::new(config)) });
    }

    fn set(&mut self, path: &str, value: Option<&str>, reply: Reply) {
        match self.settings.change(path, value) {
            Ok(config) => {
                now::<methods::SetSetting>(reply, presentation::setting(&config.of_file(), path));
                // A service that is switched on or off is so at once.
                let service = path.strip_prefix("services/").and_then(|rest| rest.strip_suffix("/enabled"));
                let service = service.and_then(|name| name.parse::<ServiceName>().ok());
                if let Some(name) = service.filter(|name| crate::services::find(name.as_str()).is_some()) {
                    let is_on = matches!(config.get(path), Ok(crate::home::config::Value::Switch(true)));
                    let request = self.callers.request_id();
                    self.switch(request, name, is_on);
                }
                self.apply(config);
            }
            Err(error) => {
                let _ = reply.send(Err(bad(error.to_string())));
            }
        }
    }

    fn ping(&mut self, who: String, reply: Reply) {
        let store = self.storage.store.clone();
        let asked_ms = self.clock.now().ms;
        self.task(async move {
            match store.run(move |store| Ok(resolve(store, &who))).await {
                Ok(Ok(contact)) => Done::Ping { peer: contact.id, name: contact.name, asked_ms, reply },
                Ok(Err(error)) => {
                    let _ = reply.send(Err(error));
                    Done::Nothing
                }
                Err(error) => {
                    let _ = reply.send(Err(failed(error)));
                    Done::Nothing
                }
            }
        });
    }

    /// Asks a contact whether it is there; answered when its handshake is over.
    pub(in crate::runtime) fn begin_ping(&mut self, waiting: WaitingPing) {
        let peer = waiting.peer;
        if self.node.system().contact_status.get(&peer).is_none() {
            let error = RpcError::new(ErrorKind::Unavailable, "nobody looks after contacts now".to_owned());
            let help = "`bitpie service start p2p-hookups`; a stranger has to be accepted first";
            let _ = waiting.reply.send(Err(error.help(help)));
            return;
        }
        self.callers.wait_for_ping(waiting);
        self.input(Input::Request(UserRequest::PingContact(peer)));
    }

    fn send_message(&mut self, parameters: methods::SendMessage, reply: Reply) {
        let now = unix_ms();
        let lifetime_ms = parameters.expires_ms.unwrap_or(self.settings.values.message_expiry_ms);
        let id = PacketId(random());
        let sealer = self.storage.sealer.clone();
        self.ask::<methods::SendMessage>(reply, true, move |store| {
            let contact = resolve(store, &parameters.to)?;
            let text = crate::messages::MessageText::new(parameters.text.0).map_err(|error| bad(error.to_string()))?;
            let expires_unix_ms = now.saturating_add(lifetime_ms.min(crate::wire::MESSAGE_LIFETIME_MS));
            let new = NewMessage { id, to: contact.id, text, reply_to: None, created_unix_ms: now, expires_unix_ms };
            store.queue_message(&new, now).map_err(failed)?;
            // In the same commit, so that it costs none of its own. If it cannot be done now, it is done before the message is sent.
            if let Err(error) = sealer.sealed(store, id, contact.id) {
                tracing::warn!(%error, "a message was accepted, and could not be sealed yet");
            }
            let nickname_change = presentation::nickname_change(&contact, store)?;
            let sent = answers::MessageSent {
                id: id.to_string(),
                to: contact.id,
                name: contact.name,
                state: answers::MessageState::Queued,
                expires_unix_ms,
                nickname_change,
            };
            let queued = QueuedMessage { message: id, peer: contact.id, expires_unix_ms, attempts: 0, pause_ms: 0 };
            Ok((sent, vec![Input::MessageQueued(queued)]))
        });
    }

    fn mark_read(&mut self, parameters: methods::MarkRead, reply: Reply) {
        let now = unix_ms();
        let receipts = self.settings.values.read_receipts;
        self.ask::<methods::MarkRead>(reply, true, move |store| {
            let contact = resolve(store, &parameters.with)?;
            let up_to = parameters.up_to.unwrap_or(u64::MAX >> 1);
            let count = store.mark_read(&contact.id, up_to, receipts, now).map_err(failed)?;
            Ok((answers::MarkedRead { count }, Vec::new()))
        });
        let here = self.node.world().sessions.ready_peers().map(|(peer, _)| *peer).collect();
        self.task(self.storage.receipts_to(here));
    }

    fn backup(&mut self, to: String, reply: Reply) {
        let home = self.settings.home.clone();
        self.task(async move {
            let made = tokio::task::spawn_blocking(move || {
                let path = std::path::PathBuf::from(&to);
                if !path.is_absolute() {
                    return Err(bad(format!("`{to}` is no absolute path")));
                }
                crate::home::backup::backup(&home, &path)
                    .map_err(|error| RpcError::new(ErrorKind::Refused, error.to_string()))?;
                let bytes = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
                Ok(answers::BackedUp { path: to, bytes })
            });
            let made = made.await.unwrap_or_else(|error| Err(RpcError::new(ErrorKind::Internal, error.to_string())));
            now::<methods::MakeBackup>(reply, made);
            Done::Nothing
        });
    }

    fn peers(&mut self, reply: Reply) {
        let names_of = |store: &Store| lookup::names(store);
        let peers = presentation::peers(&self.node, unix_ms(), self.callers.started_unix_ms);
        self.ask::<methods::ListPeers>(reply, false, move |store| {
            let names = names_of(store)?;
            let mut peers = peers;
            for peer in &mut peers {
                peer.name = peer.id.and_then(|id| names.get(&id).cloned().flatten());
            }
            Ok((answers::Peers { peers }, Vec::new()))
        });
    }

    /// States and last signs of life of contacts, as the core knows them.
    pub(in crate::runtime) fn online(&self) -> presentation::Presence {
        presentation::presence(&self.node)
    }
}
