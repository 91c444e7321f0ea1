//! Two nodes of this project, whole, each on a thread of its own: asked without a socket in between, so that the node
//! is measured and not its API.

use std::path::Path;
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use bitpie::api::answers;
use bitpie::api::methods::{AddContact, Call, GetId, ListContacts, Method};
use bitpie::home::Home;
use bitpie::home::config::{Config, Settings};
use bitpie::runtime::run::Started;
use bitpie::runtime::whose::KeyOptions;
use tokio::sync::{mpsc, oneshot, watch};

use crate::sides::runtime;

/// Within this time everything comes about that is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A node that runs.
pub struct Node {
    /// Its home.
    pub home: Home,
    /// Is another number whenever messages or contacts have changed.
    pub changes: watch::Receiver<u64>,
    calls: mpsc::Sender<Call>,
    end: oneshot::Sender<()>,
    thread: JoinHandle<anyhow::Result<()>>,
}

/// What is known of a node as soon as it is there.
type Door = (mpsc::Sender<Call>, watch::Receiver<u64>);

impl Node {
    /// A new one, with a home below that folder.
    ///
    /// # Errors
    /// What stood in its way.
    pub fn start(folder: &Path, name: &'static str, is_recorded: bool) -> anyhow::Result<Self> {
        let home = Home::at(folder.join(name));
        home.prepare()?;
        for (path, value) in [
            ("network", "bench"),
            ("services/tcp-transport/address", "127.0.0.1"),
            ("services/tcp-transport/port", "0"),
            ("services/udp-connections/enabled", "false"),
            ("services/udp-transport/enabled", "false"),
            // What is measured is not what is asked by the way.
            ("services/stun/enabled", "false"),
            // Nobody of the public DHT is ever asked by a benchmark.
            ("services/entangled-dht/address", "127.0.0.1"),
            ("services/entangled-dht/port", "0"),
            ("services/entangled-dht/bootstrap", ""),
        ] {
            Config::change(&home.config_file(), path, Some(value))?;
        }
        let (told, door) = std_mpsc::channel::<Door>();
        let (end, ended) = oneshot::channel();
        let of_thread = home.clone();
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || {
            runtime()?.block_on(async {
                let config = Config::load(&of_thread.config_file())?;
                let settings = Settings::of(&config)?;
                let mut started = Started::prepare(of_thread, config, settings, &KeyOptions::default())?;
                if !is_recorded {
                    started = started.without_trace();
                }
                told.send((started.calls(), started.changes()))?;
                started.run(None, async { drop(ended.await) }).await
            })
        })?;
        match door.recv() {
            Ok((calls, changes)) => Ok(Self { home, changes, calls, end, thread }),
            Err(_) => match thread.join() {
                Ok(Err(error)) => Err(error),
                _ => bail!("a node has panicked"),
            },
        }
    }

    /// Asks it something; the answer comes when it is true.
    ///
    /// # Errors
    /// What the node says against it.
    pub async fn ask<M: Method>(&self, method: M) -> anyhow::Result<M::Answer> {
        answer_of::<M>(self.begin(method).await?).await
    }

    /// Asks it something, and does not wait for the answer ([`answer_of`]).
    ///
    /// # Errors
    /// If it has ended.
    pub async fn begin<M: Method>(&self, method: M) -> anyhow::Result<Answer> {
        let (reply, answer) = oneshot::channel();
        let request = method.into();
        self.calls.send(Call { request, reply }).await.ok().context("the node has ended")?;
        Ok(answer)
    }

    /// Stops it in order.
    ///
    /// # Errors
    /// What went wrong in it.
    pub fn stop(self) -> anyhow::Result<()> {
        let _ = self.end.send(());
        drop(self.calls);
        match self.thread.join() {
            Ok(ended) => ended,
            Err(_) => bail!("a node has panicked"),
        }
    }

    async fn address(&self) -> anyhow::Result<String> {
        let found = until("it listens", async || {
            let id = self.ask(GetId {}).await?;
            Ok((!id.entrypoints.is_empty()).then_some(id.idurl))
        });
        found.await
    }

    async fn sees_the_other(&self) -> anyhow::Result<()> {
        let found = until("the contact is there", async || {
            let contacts = self.ask(ListContacts {}).await?.contacts;
            Ok(contacts.iter().any(|contact: &answers::Contact| contact.online).then_some(()))
        });
        found.await
    }
}

/// An answer that is to come.
pub type Answer = oneshot::Receiver<Result<serde_json::Value, bitpie::api::errors::RpcError>>;

/// The answer to a method.
///
/// # Errors
/// What the node says against it.
pub async fn answer_of<M: Method>(answer: Answer) -> anyhow::Result<M::Answer> {
    match answer.await.context("the node has ended")? {
        Ok(value) => Ok(serde_json::from_value(value)?),
        Err(error) => bail!("{}: {error:?}", M::NAME),
    }
}

/// Two nodes that have each other as contacts, `here` and `there`, and see each other.
///
/// # Errors
/// What stood in the way.
pub async fn pair(folder: &Path, is_recorded: bool) -> anyhow::Result<(Node, Node)> {
    let (here, there) = (Node::start(folder, "here", is_recorded)?, Node::start(folder, "there", is_recorded)?);
    for (one, other, name) in [(&here, &there, "there"), (&there, &here, "here")] {
        let idurl = other.address().await?;
        one.ask(AddContact { idurl: idurl.into(), name: Some(name.parse()?), found_as: None }).await?;
    }
    here.sees_the_other().await?;
    there.sees_the_other().await?;
    Ok((here, there))
}

/// Waits until there is something.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            bail!("not within {} s: {what}", PATIENCE.as_secs());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
