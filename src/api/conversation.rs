//! A connection that stays: requests in, answers and notifications out, in whichever order they are ready.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

use super::asker::{Asker, Rights};
use super::desk::Desk;
use super::door_methods::{Authenticated, DoorRequest, Subscribed, Topic, Unsubscribed};
use super::errors::{ErrorKind, RpcError};
use super::methods::{GetPeerInfo, GetSnapshot, GetStatus, ListContacts, Request, WatchMessages};
use super::reply::to_json;
use super::rpc::{self, Asked, Body, Wanted};

/// Requests of a connection that are answered at the same time; further ones wait, and with them what comes behind.
const AT_A_TIME: usize = 16;

/// Subscriptions of a connection, at most.
pub const SUBSCRIPTIONS: usize = 16;

/// The same, of a connection that is not the user's.
pub const SUBSCRIPTIONS_OF_STRANGER: usize = 2;

/// What changes more often is told of so often.
const CALM: Duration = Duration::from_millis(200);

/// The same, to somebody who is not the user: each look costs the node something.
const CALM_OF_STRANGER: Duration = Duration::from_secs(2);

/// How a notification is called.
const NOTIFICATION: &str = "subscription";

/// One connection.
#[derive(Debug)]
pub struct Conversation {
    desk: Arc<Desk>,
    /// Whether a token is believed: only from this machine.
    may_be_user: bool,
    outgoing: mpsc::Sender<Vec<u8>>,
    places: Arc<Semaphore>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    asker: Asker,
    last: u64,
    subscriptions: HashMap<u64, AbortHandle>,
    /// Ends what is under way when the connection does.
    tasks: JoinSet<()>,
}

impl Conversation {
    /// With somebody who is not known yet. What is to be sent goes to `outgoing`.
    #[must_use]
    pub fn new(desk: Arc<Desk>, asker: Asker, may_be_user: bool, outgoing: mpsc::Sender<Vec<u8>>) -> Arc<Self> {
        let inner = Inner { asker, last: 0, subscriptions: HashMap::new(), tasks: JoinSet::new() };
        let places = Arc::new(Semaphore::new(AT_A_TIME));
        Arc::new(Self { desk, may_be_user, outgoing, places, inner: Mutex::new(inner) })
    }

    /// Who asks, as far as it is known by now.
    #[must_use]
    pub fn asker(&self) -> Asker {
        self.inner().asker
    }

    /// A place for one more request. As long as there is none, nothing more is to be read.
    pub async fn place(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.places).acquire_owned().await.expect("it is never closed")
    }

    /// Completes when everything that came is answered.
    pub async fn has_answered(&self) {
        let all = u32::try_from(AT_A_TIME).expect("it is small");
        let _ = self.places.acquire_many(all).await;
    }

    /// A message came; it is answered by and by.
    pub fn heard(self: &Arc<Self>, parsed: Body, place: OwnedSemaphorePermit) {
        let conversation = Arc::downgrade(self);
        let work = async move {
            let _place = place;
            let Some(conversation) = conversation.upgrade() else { return };
            if let Some(answer) = conversation.answer(parsed).await {
                // Nobody there any more is no failure.
                let _ = conversation.outgoing.send(answer).await;
            }
        };
        let mut inner = self.inner();
        while inner.tasks.try_join_next().is_some() {}
        inner.tasks.spawn(work);
    }

    async fn answer(self: &Arc<Self>, body: Body) -> Option<Vec<u8>> {
        match body {
            Body::One(asked) => self.answer_one(asked).await,
            Body::Batch(batch) => {
                let mut answers = Vec::new();
                for asked in batch {
                    answers.extend(self.answer_one(asked).await);
                }
                (!answers.is_empty()).then(|| rpc::batch(&answers))
            }
        }
    }

    async fn answer_one(self: &Arc<Self>, Asked { id, request }: Asked) -> Option<Vec<u8>> {
        let asker = self.inner().asker;
        let outcome = match request {
            Ok(Wanted::Door(request)) => self.answer_at_door(request, asker).await,
            Ok(Wanted::Node(request)) => self.desk.ask_as(request, asker).await,
            Err(error) => Err(*error),
        };
        id.map(|id| rpc::answer(&id, &outcome))
    }

    async fn answer_at_door(self: &Arc<Self>, request: DoorRequest, asker: Asker) -> Result<Value, RpcError> {
        match request {
            DoorRequest::Authenticate(asked) => {
                if !self.may_be_user {
                    let error = RpcError::new(ErrorKind::Forbidden, "a token counts only on the machine of the node");
                    return Err(error);
                }
                let (doors, token) = (self.desk.doors(), asked.token.0.as_bytes());
                if !doors.token.matches(token) && !doors.web_sessions.is_known(token) {
                    let error = RpcError::new(ErrorKind::Forbidden, "the token is not one of this node");
                    return Err(error.help("it is new at each start of the node: read it from api.json again, or open the page by `bitpie web`"));
                }
                self.inner().asker.rights = Rights::User;
                to_json(&Authenticated { is_user: true })
            }
            DoorRequest::Subscribe(asked) => self.subscribe(asked.topic, asker).await,
            DoorRequest::Unsubscribe(asked) => {
                let ended = self.inner().subscriptions.remove(&asked.subscription);
                if let Some(ended) = &ended {
                    ended.abort();
                }
                to_json(&Unsubscribed { was_there: ended.is_some() })
            }
            request => self.desk.answer_at_door(request, asker).await,
        }
    }

    async fn subscribe(self: &Arc<Self>, topic: Topic, asker: Asker) -> Result<Value, RpcError> {
        asker.may("subscribe", topic.access())?;
        let mut inner = self.inner();
        inner.subscriptions.retain(|_, task| !task.is_finished());
        let most = match asker.rights {
            Rights::User => SUBSCRIPTIONS,
            Rights::Public => SUBSCRIPTIONS_OF_STRANGER,
        };
        if inner.subscriptions.len() >= most {
            let said = format!("{most} subscriptions of this connection are there already");
            return Err(RpcError::new(ErrorKind::Busy, said).help("end one by `unsubscribe`"));
        }
        inner.last += 1;
        let teller = Teller {
            subscription: inner.last,
            topic,
            asker,
            desk: Arc::clone(&self.desk),
            outgoing: self.outgoing.clone(),
        };
        let subscription = inner.last;
        let task = inner.tasks.spawn(async move {
            // It ends with the connection, or with the node.
            let _ = teller.tell().await;
        });
        inner.subscriptions.insert(subscription, task);
        drop(inner);
        to_json(&Subscribed { subscription })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells of one topic.
struct Teller {
    subscription: u64,
    topic: Topic,
    asker: Asker,
    desk: Arc<Desk>,
    outgoing: mpsc::Sender<Vec<u8>>,
}

/// Nobody listens any more, or the node has ended.
struct Over;

impl Teller {
    async fn tell(self) -> Result<(), Over> {
        match self.topic {
            Topic::Peers => self.tell_changes(GetPeerInfo { id: None }.into(), &["asked_from"]).await,
            Topic::Status => self.tell_changes(GetStatus {}.into(), &["uptime_ms", "counters"]).await,
            Topic::Contacts => self.tell_changes(ListContacts {}.into(), &[]).await,
            Topic::Conversations => self.tell_of_conversations().await,
            Topic::Messages => self.tell_messages().await,
            Topic::Automata => self.tell_lines().await,
        }
    }

    fn calm(&self) -> Duration {
        match self.asker.rights {
            Rights::User => CALM,
            Rights::Public => CALM_OF_STRANGER,
        }
    }

    async fn send(&self, data: &Value) -> Result<(), Over> {
        #[derive(Serialize)]
        struct Told<'a> {
            subscription: u64,
            topic: Topic,
            data: &'a Value,
        }
        let told = Told { subscription: self.subscription, topic: self.topic, data };
        let told = serde_json::to_value(told).expect("JSON values are JSON");
        self.outgoing.send(rpc::notification(NOTIFICATION, &told)).await.map_err(|_| Over)
    }

    async fn ask(&self, request: Request) -> Result<Value, Over> {
        loop {
            match self.desk.ask_as(request.clone(), self.asker).await {
                Ok(answer) => return Ok(answer),
                Err(error) if error.kind() == ErrorKind::Unavailable => return Err(Over),
                // The node is busy; what is told is only later.
                Err(_) => sleep(CALM).await,
            }
        }
    }

    /// The answer to a request, and then whenever it is another; what changes all the time does not count.
    async fn tell_changes(&self, request: Request, restless: &[&str]) -> Result<(), Over> {
        let feeds = &self.desk.doors().feeds;
        let (mut node, mut conversations) = (feeds.node(), feeds.conversations());
        let mut told = None;
        loop {
            node.mark_unchanged();
            conversations.mark_unchanged();
            let answer = self.ask(request.clone()).await?;
            let mut compared = answer.clone();
            forget(&mut compared, restless);
            if told.as_ref() != Some(&compared) {
                self.send(&answer).await?;
                told = Some(compared);
            }
            sleep(self.calm()).await;
            tokio::select! {
                changed = node.changed() => changed.map_err(|_| Over)?,
                changed = conversations.changed() => changed.map_err(|_| Over)?,
            }
        }
    }

    async fn tell_of_conversations(&self) -> Result<(), Over> {
        let mut changes = self.desk.doors().feeds.conversations();
        loop {
            changes.changed().await.map_err(|_| Over)?;
            self.send(&json!({})).await?;
            sleep(CALM).await;
        }
    }

    async fn tell_messages(&self) -> Result<(), Over> {
        let mut changes = self.desk.doors().feeds.conversations();
        let mut watch = WatchMessages { with: None, after: None, after_request: None, wait_ms: 0 };
        loop {
            changes.mark_unchanged();
            let answer = self.ask(watch.clone().into()).await?;
            watch.after = answer["next"].as_u64().or(watch.after);
            watch.after_request = answer["next_request"].as_u64().or(watch.after_request);
            if answer["messages"].as_array().is_some_and(|messages| !messages.is_empty()) {
                self.send(&answer).await?;
            } else {
                changes.changed().await.map_err(|_| Over)?;
            }
        }
    }

    /// A snapshot, and then the lines as they are written. Who falls behind gets another snapshot.
    async fn tell_lines(&self) -> Result<(), Over> {
        let mut pieces = self.desk.doors().feeds.automata();
        loop {
            let snapshot = self.ask(GetSnapshot {}.into()).await?;
            let from = snapshot["position"].as_u64().unwrap_or_default();
            self.send(&json!({ "begins": true, "lines": snapshot["lines"] })).await?;
            loop {
                match pieces.recv().await {
                    Ok(piece) if piece.position < from => {}
                    Ok(piece) => self.send(&json!({ "lines": String::from_utf8_lossy(&piece.lines) })).await?,
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return Err(Over),
                }
            }
        }
    }
}

/// Takes fields out of an answer, wherever they stand.
fn forget(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !names.contains(&name.as_str()));
            fields.values_mut().for_each(|inside| forget(inside, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| forget(item, names)),
        _ => {}
    }
}
