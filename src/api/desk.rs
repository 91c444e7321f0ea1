//! Where requests are answered, whichever way they came by: bodies in, bodies out.
//!
//! Requests of a batch are answered one after the other, and the list of answers is in the order of the requests.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use qrcodegen::{QrCode, QrCodeEcc};
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::access::Token;
use super::answers::{self, MessageState};
use super::asker::{Asker, CountedAs, Rights};
use super::door_methods::{DoorRequest, FindNickname};
use super::errors::{ErrorKind, RpcError};
use super::feeds::Feeds;
use super::methods::{Access, Call, FindName, FoundNames, GetPeerInfo, ListedPeers, Request, StopSearch, WAIT_MS};
use super::openrpc;
use super::reply::to_json;
use super::rpc::{self, Asked, Body, Wanted};
use super::web_sessions::WebSessions;

/// Requests that wait for something to happen, at once; further ones are refused.
pub const WAITING_REQUESTS: usize = 64;

/// Requests that wait for something to happen, of one program or one address, at once.
pub const WAITING_OF_ONE: usize = 32;

/// The same, of one address from which public methods are asked for.
const WAITING_OF_STRANGER: usize = 2;

/// Searches for a nickname on behalf of strangers, at once.
const SEARCHES_OF_STRANGERS: usize = 4;

/// How long the node may take to answer.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// How long the node may take for a backup.
pub const BACKUP_TIMEOUT: Duration = Duration::from_secs(3600);

/// What the API needs of the node.
#[derive(Clone, Debug)]
pub struct Doors {
    /// What lets a program of the user in at a port.
    pub token: Token,
    /// Where requests go. Each is to be answered at once with what is there: the desk does the waiting.
    pub calls: mpsc::Sender<Call>,
    /// What happens in the node, for those who want to be told.
    pub feeds: Feeds,
    /// Browsers that were let in.
    pub web_sessions: Arc<WebSessions>,
}

/// Answers requests.
#[derive(Debug)]
pub struct Desk {
    doors: Doors,
    waiting: Mutex<HashMap<CountedAs, usize>>,
    searches: Semaphore,
    /// Where the web page is, as soon as it is somewhere.
    pub page: watch::Sender<Option<SocketAddr>>,
    ending: watch::Receiver<bool>,
}

impl Desk {
    /// One that refuses to wait once `ending` says so.
    #[must_use]
    pub fn new(doors: Doors, ending: watch::Receiver<bool>) -> Self {
        Self {
            doors,
            waiting: Mutex::default(),
            searches: Semaphore::new(SEARCHES_OF_STRANGERS),
            page: watch::Sender::new(None),
            ending,
        }
    }

    /// What it stands before.
    #[must_use]
    pub fn doors(&self) -> &Doors {
        &self.doors
    }

    /// Says when the API is to end.
    #[must_use]
    pub fn ending(&self) -> watch::Receiver<bool> {
        self.ending.clone()
    }

    /// Answers a body by a way that ends with the answer. None if nothing in it is to be answered.
    pub async fn answer(&self, body: Body, asker: Asker) -> Option<Vec<u8>> {
        match body {
            Body::One(asked) => self.answer_one(asked, asker).await,
            Body::Batch(batch) => {
                let mut answers = Vec::new();
                for asked in batch {
                    answers.extend(self.answer_one(asked, asker).await);
                }
                (!answers.is_empty()).then(|| rpc::batch(&answers))
            }
        }
    }

    async fn answer_one(&self, Asked { id, request }: Asked, asker: Asker) -> Option<Vec<u8>> {
        let outcome = match request {
            Ok(Wanted::Door(request)) => self.answer_at_door(request, asker).await,
            Ok(Wanted::Node(request)) => self.ask_as(request, asker).await,
            Err(error) => Err(*error),
        };
        id.map(|id| rpc::answer(&id, &outcome))
    }

    /// What the node answers to somebody.
    ///
    /// # Errors
    /// If they may not ask for it, or what the node has against it.
    pub async fn ask_as(&self, request: Request, asker: Asker) -> Result<Value, RpcError> {
        asker.may(request.method(), request.access())?;
        match request {
            // Who talks with whom is nobody's business, so strangers hear of those alone that want it.
            Request::GetPeerInfo(GetPeerInfo { id }) if asker.rights == Rights::Public => {
                self.ask(ListedPeers { id }.into()).await
            }
            request => self.wait(request, asker).await,
        }
    }

    /// Answers what is asked of the API itself, by a way that ends with the answer.
    ///
    /// # Errors
    /// If they may not ask for it, or why there is no answer.
    pub async fn answer_at_door(&self, request: DoorRequest, asker: Asker) -> Result<Value, RpcError> {
        asker.may(request.method(), request.access())?;
        match request {
            DoorRequest::Discover(_) => Ok(openrpc::document(match asker.rights {
                Rights::User => Access::User,
                Rights::Public => Access::Public,
            })),
            DoorRequest::FindNickname(find) => self.find(find, asker).await,
            DoorRequest::MakeWebLink(_) => to_json(&self.web_link()?),
            DoorRequest::DrawQrCode(draw) => to_json(&qr_code(&draw.text.0)?),
            DoorRequest::Authenticate(_) | DoorRequest::Subscribe(_) | DoorRequest::Unsubscribe(_) => {
                let method = request.method();
                let said = format!("`{method}` belongs to a connection that stays, and this request came alone");
                let error = RpcError::new(ErrorKind::Unavailable, said);
                Err(error
                    .help("use WebSocket or WebTransport; over HTTP, a token goes into the header `Authorization`"))
            }
        }
    }

    /// A way to the web page, for one browser.
    ///
    /// # Errors
    /// If there is no page now.
    pub fn web_link(&self) -> Result<answers::WebLink, RpcError> {
        let Some(page) = *self.page.borrow() else {
            let error = RpcError::new(ErrorKind::Unavailable, "the web page is not served now");
            return Err(error.help("`bitpie service list` says why; `bitpie service start http-api` starts it"));
        };
        let token = self.doors.web_sessions.new_link();
        let token = token.map_err(|_| RpcError::new(ErrorKind::Internal, "the system gives no random bytes"))?;
        // In the part of an address that browsers keep to themselves.
        let link = format!("http://127.0.0.1:{}/#link={}", page.port(), token.text());
        Ok(answers::WebLink { link: link.into() })
    }

    /// The answer of the node; if the request wants to wait, the first one that is worth it, or the last one within its
    /// time.
    async fn wait(&self, mut request: Request, asker: Asker) -> Result<Value, RpcError> {
        let wait = Duration::from_millis(wait_ms(&request).min(WAIT_MS));
        if wait.is_zero() {
            return self.ask(request).await;
        }
        let _waiting = self.begin_to_wait(asker)?;
        let until = Instant::now() + wait;
        let (mut changes, mut ending) = (self.doors.feeds.conversations(), self.ending.clone());
        loop {
            // Before the question: what changes behind it is then seen.
            changes.mark_unchanged();
            let answer = self.ask(request.clone()).await?;
            if is_worth_telling(&mut request, &answer) {
                return Ok(answer);
            }
            tokio::select! {
                changed = changes.changed() => changed.map_err(|_| stopping())?,
                _ = ending.wait_for(|ending| *ending) => return Err(stopping()),
                () = sleep_until(until) => return Ok(answer),
            }
        }
    }

    /// A search from its beginning to its end. Strangers share a few.
    async fn find(&self, FindNickname { name, first, wait_ms }: FindNickname, asker: Asker) -> Result<Value, RpcError> {
        let _place = match asker.rights {
            Rights::User => None,
            Rights::Public => Some(self.searches.try_acquire().map_err(|_| {
                let said = format!("{SEARCHES_OF_STRANGERS} searches for others are under way already");
                RpcError::new(ErrorKind::Busy, said).help("try again in some seconds")
            })?),
        };
        let _waiting = self.begin_to_wait(asker)?;
        let until = Instant::now() + Duration::from_millis(wait_ms.min(WAIT_MS));
        let begun = self.ask(FindName { name, first }.into()).await?;
        let search = begun["search"]
            .as_u64()
            .ok_or_else(|| RpcError::new(ErrorKind::Internal, "a search has no number".to_owned()))?;
        // Ended too if nobody waits for the answer any more.
        let mut searching = Searching { calls: self.doors.calls.clone(), search: Some(search) };
        let (mut changes, mut ending) = (self.doors.feeds.conversations(), self.ending.clone());
        loop {
            changes.mark_unchanged();
            let found = self.ask(FoundNames { search, seen: None, wait_ms: 0 }.into()).await?;
            if found["over"] == true {
                searching.search = None;
                return claimants(found);
            }
            tokio::select! {
                changed = changes.changed() => changed.map_err(|_| stopping())?,
                _ = ending.wait_for(|ending| *ending) => return Err(stopping()),
                () = sleep_until(until) => return claimants(found),
            }
        }
    }

    /// Counts a request that waits: so many of all, and so many of one.
    fn begin_to_wait(&self, asker: Asker) -> Result<Waiting<'_>, RpcError> {
        let counted_as = asker.counted_as;
        let most = match asker.rights {
            Rights::User => WAITING_OF_ONE,
            Rights::Public => WAITING_OF_STRANGER,
        };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let of_all: usize = waiting.values().sum();
        let of_one = waiting.get(&counted_as).copied().unwrap_or(0);
        let said = if of_all >= WAITING_REQUESTS {
            format!("{WAITING_REQUESTS} requests wait already")
        } else if of_one >= most {
            match counted_as {
                CountedAs::Process(_) => format!("{most} requests of this program wait already"),
                CountedAs::Address(_) => format!("{most} requests from this address wait already"),
            }
        } else {
            *waiting.entry(counted_as).or_default() += 1;
            return Ok(Waiting { desk: self, counted_as });
        };
        let help = "end one of the programs that watch, or ask without waiting";
        Err(RpcError::new(ErrorKind::Busy, said).help(help))
    }

    /// One question to the node.
    ///
    /// # Errors
    /// What the node has against it, or that it does not answer.
    pub async fn ask(&self, request: Request) -> Result<Value, RpcError> {
        let (method, limit) = (request.method(), answer_timeout(&request));
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.doors.calls.send(Call { request, reply }).await.map_err(|_| stopping())?;
            answer.await.unwrap_or_else(|_| Err(stopping()))
        };
        timeout(limit, asked).await.unwrap_or_else(|_| {
            let said = format!("the node has not answered `{method}` within {} s", limit.as_secs());
            Err(RpcError::new(ErrorKind::TimedOut, said).help("it may still do it: look before you try again"))
        })
    }
}

/// What everybody may know of what a search has found: not who is a contact of the user.
fn claimants(found: Value) -> Result<Value, RpcError> {
    let found: answers::FoundNames = serde_json::from_value(found).map_err(|error| {
        RpcError::new(ErrorKind::Internal, format!("what was found is not as it should be: {error}"))
    })?;
    let claimant = |claimant: answers::Claimant| {
        let answers::Claimant { index, id, address, .. } = claimant;
        answers::PublicClaimant { index, id, address }
    };
    to_json(&answers::PublicClaimants {
        name: found.name,
        claimants: found.claimants.into_iter().map(claimant).collect(),
        complete: found.complete,
    })
}

/// Modules of light around a QR code (ISO/IEC 18004, 5.3.8).
const QUIET_ZONE: i32 = 4;

fn qr_code(text: &str) -> Result<answers::QrCode, RpcError> {
    let code = QrCode::encode_text(text, QrCodeEcc::Low)
        .map_err(|_| RpcError::new(ErrorKind::TooLarge, "the text is too long for a QR code"))?;
    let size = code.size();
    let dark = (0..size).flat_map(|y| (0..size).map(move |x| (x, y))).filter(|(x, y)| code.get_module(*x, *y));
    let path: String = dark.map(|(x, y)| format!("M{x} {y}h1v1h-1z")).collect();
    let all = size + 2 * QUIET_ZONE;
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-{QUIET_ZONE} -{QUIET_ZONE} {all} {all}\" \
         shape-rendering=\"crispEdges\"><path d=\"{path}\"/></svg>"
    );
    Ok(answers::QrCode { svg })
}

/// A request that waits is counted for as long as this is there.
struct Waiting<'a> {
    desk: &'a Desk,
    counted_as: CountedAs,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waiting = self.desk.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = waiting.get_mut(&self.counted_as) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.counted_as);
            }
        }
    }
}

/// A search that goes on is ended when this goes.
struct Searching {
    calls: mpsc::Sender<Call>,
    search: Option<u64>,
}

impl Drop for Searching {
    fn drop(&mut self) {
        if let Some(search) = self.search {
            // If there is no room, it is forgotten when others begin.
            let _ = self.calls.try_send(Call { request: StopSearch { search }.into(), reply: oneshot::channel().0 });
        }
    }
}

pub(super) fn stopping() -> RpcError {
    RpcError::new(ErrorKind::Unavailable, "the node is stopping")
}

fn wait_ms(request: &Request) -> u64 {
    match request {
        Request::WatchMessages(watch) => watch.wait_ms,
        Request::GetMessage(get) if get.other_than.is_some() => get.wait_ms,
        Request::FoundNames(found) if found.seen.is_some() => found.wait_ms,
        Request::ShowNickname(show) => show.wait_ms,
        _ => 0,
    }
}

fn answer_timeout(request: &Request) -> Duration {
    match request {
        Request::MakeBackup(_) => BACKUP_TIMEOUT,
        _ => ANSWER_TIMEOUT,
    }
}

/// Whether the answer is what the request waits for. If not, the request is made one that does not miss what comes
/// meanwhile.
fn is_worth_telling(request: &mut Request, answer: &Value) -> bool {
    match request {
        Request::WatchMessages(watch) => {
            watch.after = watch.after.or_else(|| answer["next"].as_u64());
            watch.after_request = watch.after_request.or_else(|| answer["next_request"].as_u64());
            answer["messages"].as_array().is_none_or(|messages| !messages.is_empty())
        }
        Request::GetMessage(get) => {
            let state = serde_json::from_value::<MessageState>(answer["state"].clone()).ok();
            state.is_none() || state != get.other_than
        }
        Request::FoundNames(found) => answer["over"] == true || answer["seen"].as_u64() != found.seen,
        Request::ShowNickname(_) => answer["settled"] == true,
        _ => true,
    }
}
