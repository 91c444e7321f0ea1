//! The local API's calls, answered: at once from what the core knows, or by the store, or when the automata have come
//! to rest.

mod contacts;
mod messages;
mod nicknames;
mod services;
mod settings;
mod status;

use crate::api::answers;
use crate::api::errors::RpcError;
use crate::api::methods::{self, Call, Method, Request, answer};
use crate::automata::senders::api::network_connector;
use crate::store::Store;
use crate::world::Input;

use super::driver::{Done, Driver};
use super::presentation;
use super::replies::{Reply, failed, now};

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
            Request::ListServices(_) => self.services(reply),
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
            Request::GetMessage(methods::GetMessage { id, .. }) => self.message(id, reply),
            Request::ListMessages(parameters) => self.messages(parameters, reply),
            Request::SearchMessages(parameters) => self.search_messages(parameters, reply),
            Request::WatchMessages(parameters) => self.watch_messages(parameters, reply),
            Request::ExportMessages(parameters) => self.export_messages(parameters, reply),
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
                self.input(Input::Event(network_connector::reconnect()));
                let network_connector = presentation::network_connector(&self.node);
                now::<methods::Reconnect>(reply, Ok(answers::Reconnecting { network_connector }));
            }
        }
    }

    /// Asks the store; what it answers goes back, and what comes of it to the core.
    pub(super) fn ask<M: Method>(
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
            let answered = store.run(move |store| Ok(work(store))).await.map_err(failed).and_then(|answered| answered);
            let (result, inputs) = match answered {
                Ok((found, inputs)) => (answer::<M>(&found), inputs),
                Err(error) => (Err(error), Vec::new()),
            };
            let is_changed = changes && result.is_ok();
            let _ = reply.send(result);
            if is_changed { Done::Changed(inputs) } else { Done::Inputs(inputs) }
        });
    }
}
