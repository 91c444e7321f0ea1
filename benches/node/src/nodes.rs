//! Two nodes of this project, whole, each on a thread of its own: asked without a socket in between, so that the node
//! is measured and not its API.

use std::path::Path;
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use bitpie::api::answers;
use bitpie::api::methods::{AddContact, Call, GetId, GetStatus, ListContacts, Method, Request};
use bitpie::home::Home;
use bitpie::home::config::{Config, Settings};
use bitpie::runtime::run::Started;
use bitpie::runtime::whose::KeyOptions;
use tokio::sync::{mpsc, oneshot, watch};

use crate::sides::runtime;

/// Within this time everything comes about that is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Where a node can be called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Listens {
    /// By TCP, and it calls nobody by another way.
    ByTcp,
    /// By UDP, likewise.
    ByUdp,
    /// Nowhere; it calls others by UDP.
    Nowhere,
}

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
    pub fn start(folder: &Path, name: &'static str, listens: Listens, is_recorded: bool) -> anyhow::Result<Self> {
        let home = Home::at(folder.join(name));
        home.prepare()?;
        let on = |is_on: bool| if is_on { "true" } else { "false" };
        for (path, value) in [
            ("network", "bench"),
            ("services/tcp-transport/address", "127.0.0.1"),
            ("services/tcp-transport/port", "0"),
            ("services/tcp-transport/enabled", on(listens == Listens::ByTcp)),
            ("services/tcp-connections/enabled", on(listens == Listens::ByTcp)),
            ("services/udp-transport/address", "127.0.0.1"),
            ("services/udp-transport/port", "0"),
            ("services/udp-transport/enabled", on(listens == Listens::ByUdp)),
            ("services/udp-connections/enabled", on(listens != Listens::ByTcp)),
            // Nobody else's ports.
            ("api/http-port", "0"),
            ("api/ws-port", "0"),
            ("api/wt-port", "0"),
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
    pub async fn ask<M: Method + Into<Request>>(&self, method: M) -> anyhow::Result<M::Answer> {
        answer_of::<M>(self.begin(method).await?).await
    }

    /// Asks it something, and does not wait for the answer ([`answer_of`]).
    ///
    /// # Errors
    /// If it has ended.
    pub async fn begin<M: Method + Into<Request>>(&self, method: M) -> anyhow::Result<Answer> {
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

    /// Its IDURL, which names its id, and no address yet if it does not listen.
    ///
    /// # Errors
    /// If it has ended.
    pub async fn id(&self) -> anyhow::Result<String> {
        Ok(self.ask(GetId {}).await?.idurl)
    }

    /// Makes another node a contact.
    ///
    /// # Errors
    /// What the node says against it.
    pub async fn add(&self, idurl: &str, name: &str) -> anyhow::Result<()> {
        let name = Some(name.parse()?);
        self.ask(AddContact { idurl: idurl.to_owned().into(), name, found_as: None }).await?;
        Ok(())
    }

    /// Its IDURL, as soon as it names an address.
    ///
    /// # Errors
    /// If it does not listen.
    pub async fn address(&self) -> anyhow::Result<String> {
        let found = until("it listens", async || {
            let id = self.ask(GetId {}).await?;
            Ok((!id.entrypoints.is_empty()).then_some(id.idurl))
        });
        found.await
    }

    /// Waits until a session is READY.
    ///
    /// # Errors
    /// If none comes.
    pub async fn is_ready(&self) -> anyhow::Result<()> {
        let found = until("a session is READY", async || {
            let sessions = self.ask(GetStatus {}).await?.sessions;
            Ok((sessions.incoming + sessions.outgoing > 0).then_some(()))
        });
        found.await
    }

    /// Waits until a contact is there.
    ///
    /// # Errors
    /// If none comes.
    pub async fn sees_the_other(&self) -> anyhow::Result<()> {
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
    let start = |name| Node::start(folder, name, Listens::ByTcp, is_recorded);
    let (here, there) = (start("here")?, start("there")?);
    here.add(&there.address().await?, "there").await?;
    there.add(&here.address().await?, "here").await?;
    here.sees_the_other().await?;
    there.sees_the_other().await?;
    Ok((here, there))
}

/// Waits until there is something.
///
/// # Errors
/// If it does not come, or what the look came to.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
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
