//! Somebody in the demo: a node that can be started and stopped, and a user who speaks to it as any program would,
//! through its local API.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::teller::Teller;
use crate::api::answers::{ContactState, Direction, MessageState};
use crate::api::hidden::Hidden;
use crate::api::methods::{
    AcceptContact, AddContact, FindName, FoundNames, GetId, GetMessage, GetStatus, ListContacts, ListMessages,
    ListPeers, MarkRead, Method, SendMessage, ShowNickname, StopService,
};
use crate::client::Connection;
use crate::home::Home;
use crate::home::config::{Config, Settings};
use crate::name::TransportName;
use crate::nickname::{Nickname, NicknameResult};
use crate::runtime::run::Started;
use crate::runtime::whose::KeyOptions;

/// A step of the story may take so long; each takes a second or two.
const STEP_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(20);

/// How often it is looked whether something has come about.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(40);

/// A node that runs.
struct Running {
    task: JoinHandle<anyhow::Result<()>>,
    end: oneshot::Sender<()>,
}

/// Somebody.
pub struct Person {
    /// What the others call them.
    pub name: &'static str,
    home: Home,
    running: Option<Running>,
    idurl: Option<String>,
    /// The last message that was heard.
    heard: u64,
}

impl Person {
    /// A home is made below the folder; nothing runs. `dht` is the address of a node that carries the DHT, or empty for
    /// the first one.
    pub fn new(name: &'static str, folder: &Path, dht: &str) -> anyhow::Result<Self> {
        let home = Home::at(folder.join(name));
        home.prepare()?;
        let config = home.config_file();
        for (path, value) in [
            ("network", "demo"),
            ("identity/name", name),
            ("services/tcp-transport/address", "127.0.0.1"),
            ("services/tcp-transport/port", "0"),
            ("services/udp-transport/address", "127.0.0.1"),
            ("services/udp-transport/port", "0"),
            ("services/stun/address", "127.0.0.1"),
            ("services/stun/port", "0"),
            ("services/entangled-dht/address", "127.0.0.1"),
            ("services/entangled-dht/port", "0"),
            ("services/entangled-dht/bootstrap", dht),
            ("services/entangled-dht/server", "true"),
            ("services/entangled-dht/request-timeout", "100ms"),
        ] {
            Config::change(&config, path, Some(value))?;
        }
        Ok(Self { name, home, running: None, idurl: None, heard: 0 })
    }

    /// The node starts. Its port is kept for the next time, so that others find it again.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let config = Config::load(&self.home.config_file())?;
        let settings = Settings::of(&config)?;
        let started = Started::prepare(self.home.clone(), config, settings, &KeyOptions::default())?;
        let (end, told) = oneshot::channel();
        let task = tokio::task::spawn_local(started.run(None, async {
            let _ = told.await;
        }));
        self.running = Some(Running { task, end });
        let this = &*self;
        until("its API is there", || async { Ok(this.home.read_api_file()?.map(|_| ())) }).await?;
        let id = until("it listens", || async {
            let id = this.call(GetId {}).await?;
            let by = |transport: &str| id.entrypoints.iter().any(|it| it.transport.as_str() == transport);
            Ok((by("tcp") && by("udp")).then_some(id))
        });
        let id = id.await?;
        self.idurl = Some(id.idurl);
        for entrypoint in id.entrypoints {
            let setting = format!("services/{}-transport/port", entrypoint.transport);
            Config::change(&self.home.config_file(), &setting, Some(&entrypoint.address.port().to_string()))?;
        }
        Ok(())
    }

    /// The node stops in order.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let Some(Running { task, end }) = self.running.take() else { return Ok(()) };
        let _ = end.send(());
        task.await.context("the node has panicked")?
    }

    /// The address to give to others.
    pub fn address(&self) -> anyhow::Result<&str> {
        self.idurl.as_deref().context("it has been started")
    }

    /// Where its node carries the DHT.
    pub async fn dht(&self) -> anyhow::Result<String> {
        until("its part of the DHT is there", || async {
            Ok(self.call(GetStatus {}).await?.dht.listening.map(|address| address.to_string()))
        })
        .await
    }

    /// Waits until the nickname is registered. Says in which place.
    pub async fn is_known(&self) -> anyhow::Result<u8> {
        until("a nickname is registered", || async {
            let nickname = self.call(ShowNickname { wait_ms: 0 }).await?;
            let is_ours = matches!(nickname.result, Some(NicknameResult::Registered | NicknameResult::Own));
            Ok(nickname.index.filter(|_| is_ours && nickname.settled))
        })
        .await
    }

    /// Somebody is found by name, and becomes a contact. Says how the id begins.
    pub async fn finds(&self, name: &str) -> anyhow::Result<String> {
        let name: Nickname = name.parse()?;
        let search = self.call(FindName { name: name.clone(), first: true }).await?.search;
        let claimant = until("a name is found", || async {
            Ok(self.call(FoundNames { search, seen: None, wait_ms: 0 }).await?.claimants.into_iter().next())
        });
        let claimant = claimant.await?;
        self.call(AddContact { idurl: claimant.address.into(), name: Some(name.clone()), found_as: Some(name) })
            .await?;
        Ok(claimant.id.to_string().chars().take(16).collect())
    }

    /// Waits until a contact is seen to be there, or to be away.
    pub async fn sees(&self, name: &str, online: bool) -> anyhow::Result<()> {
        until(if online { "a contact is seen" } else { "a contact is missed" }, || async {
            let contacts = self.call(ListContacts {}).await?.contacts;
            let is_so = |it: &crate::api::answers::Contact| {
                it.name.as_ref().is_some_and(|it| it.as_str() == name) && it.online == online
            };
            Ok(contacts.iter().any(is_so).then_some(()))
        })
        .await
    }

    /// Writes, and does not wait. Returns the message's id.
    pub async fn writes(&self, teller: &Teller, to: &str, text: &str) -> anyhow::Result<String> {
        teller.tell(self.name, &format!("→ {to}: {text}"));
        let sent =
            self.call(SendMessage { to: to.to_owned(), text: Hidden(text.to_owned()), expires_ms: None }).await?;
        Ok(sent.id)
    }

    /// Writes, and waits until it is so far.
    pub async fn says(&self, teller: &Teller, to: &str, text: &str, state: MessageState) -> anyhow::Result<()> {
        let message = self.writes(teller, to, text).await?;
        self.awaits(&message, state).await
    }

    /// Waits until a message is so far.
    pub async fn awaits(&self, message: &str, state: MessageState) -> anyhow::Result<()> {
        until("a message is delivered", || async {
            let found = self.call(GetMessage { id: message.to_owned(), other_than: None, wait_ms: 0 }).await?;
            Ok((found.state == state).then_some(()))
        })
        .await
    }

    /// Waits for the next message of somebody, and tells it.
    pub async fn hears(&mut self, teller: &Teller, from: &str) -> anyhow::Result<()> {
        let heard = self.heard;
        let this = &*self;
        let message = until("a message is there", || async {
            let found =
                this.call(ListMessages { with: Some(from.to_owned()), limit: 50, before: None }).await?.messages;
            Ok(found.into_iter().find(|it| it.direction == Direction::Incoming && it.position > heard))
        });
        let message = message.await?;
        self.heard = message.position;
        teller.tell(self.name, &format!("← {from}: {}", message.text.0));
        Ok(())
    }

    /// Waits until a stranger asks, and accepts.
    pub async fn accepts(&self, other: &Person) -> anyhow::Result<()> {
        let id = until("a stranger asks", || async {
            let contacts = self.call(ListContacts {}).await?.contacts;
            Ok(contacts.into_iter().find(|it| it.state == ContactState::Request).map(|it| it.id))
        });
        let who = id.await?.to_string();
        self.call(AcceptContact { who, name: Some(other.name.parse()?) }).await?;
        Ok(())
    }

    /// Has read what somebody wrote.
    pub async fn reads(&self, from: &str) -> anyhow::Result<()> {
        self.call(MarkRead { with: from.to_owned(), up_to: None }).await?;
        Ok(())
    }

    /// Waits until somebody has read the last message.
    pub async fn sees_read(&self, by: &str) -> anyhow::Result<()> {
        until("a message is read", || async {
            let found = self.call(ListMessages { with: Some(by.to_owned()), limit: 1, before: None }).await?.messages;
            Ok(found.iter().any(|it| it.state == MessageState::Read).then_some(()))
        })
        .await
    }

    /// By which way this node talks with that person's, once there is one; another one than that, if it is said.
    pub async fn way_to(&self, name: &str, but_not: Option<&TransportName>) -> anyhow::Result<TransportName> {
        until("there is a session", || async {
            let peers = self.call(ListPeers {}).await?.peers;
            let peer = peers.into_iter().find(|peer| peer.name.as_ref().is_some_and(|it| it.as_str() == name));
            let session = peer.and_then(|peer| peer.session).filter(|session| session.state == "STEADY");
            Ok(session.map(|session| session.transport).filter(|transport| Some(transport) != but_not))
        })
        .await
    }

    /// Has no sessions by that transport any more, until the node starts again.
    pub async fn switch_off(&self, transport: &TransportName) -> anyhow::Result<()> {
        let name = format!("{transport}-connections").parse()?;
        self.call(StopService { name }).await?;
        Ok(())
    }

    /// Frames that went to and fro.
    pub async fn frames(&self) -> anyhow::Result<u64> {
        let counters = self.call(GetStatus {}).await?.counters;
        Ok(counters.frames_in + counters.frames_out)
    }

    /// The files of its trace, the oldest first.
    pub fn trace_files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(self.home.traces_folder()).context("there is a folder of traces")?;
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.sort();
        Ok(files)
    }

    /// Asks the node, over its socket.
    async fn call<M: Method + Send + 'static>(&self, method: M) -> anyhow::Result<M::Answer>
    where
        M::Answer: Send + 'static,
    {
        let home = self.home.folder().to_owned();
        let ask =
            move || Connection::open(&home).and_then(|node| node.call(&method)).map_err(|failure| failure.to_string());
        let answered = tokio::task::spawn_blocking(ask).await.context("the call has panicked")?;
        match answered {
            Ok(answered) => Ok(answered.answer),
            Err(failure) => bail!("{} was asked for {}: {failure}", self.name, M::NAME),
        }
    }
}

/// Waits until there is something.
async fn until<T, F>(what: &str, mut look: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<Option<T>>>,
{
    let deadline = Instant::now() + STEP_TIMEOUT;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            bail!("not within {} s: {what}", STEP_TIMEOUT.as_secs());
        }
        sleep(LOOK_EVERY).await;
    }
}
