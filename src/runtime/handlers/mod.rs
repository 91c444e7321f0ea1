//! The local API's calls, answered: at once from what the core knows, or by the store, or when the automata have come
//! to rest.

mod contacts;
mod info;
mod invitations;
mod messages;
mod nicknames;
mod ratings;
mod services;
mod settings;
mod status;

use serde::Serialize;

use crate::api::answers;
use crate::api::errors::RpcError;
use crate::api::methods::{Answers, Reconnect, ShutDown};
use crate::api::reply::Reply;
use crate::automata::senders::api::network_connector;
use crate::store::Store;
use crate::world::Input;

use super::driver::{Done, Driver};
use super::errors::failed;
use super::presentation;

/// A call that the store answers, and what comes of it for the core.
type Answered<A> = Result<(A, Vec<Input>), RpcError>;

impl Answers<ShutDown> for Driver {
    fn answer(&mut self, ShutDown {}: ShutDown, reply: Reply<answers::ShuttingDown>) {
        reply.give(Ok(answers::ShuttingDown { process: std::process::id() }));
        self.begin_to_end();
    }
}

impl Answers<Reconnect> for Driver {
    fn answer(&mut self, Reconnect {}: Reconnect, reply: Reply<answers::Reconnecting>) {
        self.input(Input::Event(network_connector::reconnect()));
        let network_connector = presentation::network_connector(&self.node);
        reply.give(Ok(answers::Reconnecting { network_connector }));
    }
}

impl Driver {
    /// Asks the store; what it answers goes back, and what comes of it to the core.
    fn ask<A: Serialize + Send + 'static>(
        &mut self,
        reply: Reply<A>,
        changes: bool,
        work: impl FnOnce(&Store) -> Answered<A> + Send + 'static,
    ) {
        let store = self.storage.store.clone();
        self.task(async move {
            // An error of the call is no error of the store, and must not undo what others do in the same commit.
            let answered = store.run(move |store| Ok(work(store))).await.map_err(failed).and_then(|answered| answered);
            match answered {
                Ok((found, inputs)) => {
                    reply.give(Ok(found));
                    if changes { Done::Changed(inputs) } else { Done::Inputs(inputs) }
                }
                Err(error) => {
                    reply.refuse(error);
                    Done::Nothing
                }
            }
        });
    }
}
