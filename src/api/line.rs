//! A connection, and what is known of it: by which way it came, and who may ask for what.

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::access::Token;
use super::asker::{Asker, Rights};
use super::clients::{Clients, StrangersPlace};
use super::desk::Desk;
use super::errors::{ErrorKind, RpcError};
use super::places::Place;
use super::proof::{Exchange, PROOF_SCHEME, Side};
use super::visitor::Way;

/// Bytes of a request's body, at most.
pub const BODY_BYTES: usize = 1 << 20;

/// The same, of somebody who may ask for public methods only.
pub const STRANGERS_BODY_BYTES: usize = 1 << 16;

/// What the handlers share.
#[derive(Debug)]
pub struct Shared {
    /// Where requests are answered.
    pub desk: Arc<Desk>,
    /// How much strangers may ask for.
    pub clients: Arc<Clients>,
}

impl Shared {
    /// What stands before that desk.
    #[must_use]
    pub fn new(desk: Desk) -> Self {
        Self { desk: Arc::new(desk), clients: Arc::default() }
    }
}

/// What is known of a connection.
#[derive(Debug)]
pub struct Line {
    /// By which way it came.
    pub way: Way,
    /// What it does.
    pub serves: Serves,
    /// Its place.
    pub place: Place,
    /// Its place among those of strangers, if it is one's.
    _strangers_place: Option<StrangersPlace>,
    /// What the node has proved its knowledge of the token with.
    pub(super) exchange: Mutex<Option<Exchange>>,
}

/// What a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serves {
    /// Programs of this user: requests, and nothing else.
    Programs,
    /// Everything that goes over HTTP.
    Http,
    /// WebSocket alone.
    WebSocket,
    /// WebTransport alone.
    WebTransport,
}

impl Line {
    /// One that has just come.
    #[must_use]
    pub fn new(way: Way, serves: Serves, place: Place, strangers_place: Option<StrangersPlace>) -> Arc<Self> {
        Arc::new(Self { way, serves, place, _strangers_place: strangers_place, exchange: Mutex::default() })
    }

    /// Who asks by it, with these rights.
    pub(super) fn asker(&self, rights: Rights) -> Asker {
        Asker { rights, counted_as: self.way.counted_as() }
    }

    /// Who asks. Whoever is at the socket is the user; at a port, who has the token or a page that was let in.
    ///
    /// # Errors
    /// If what they show is not what lets anybody in.
    pub(super) fn who(&self, headers: &HeaderMap, desk: &Desk) -> Result<Asker, (StatusCode, RpcError)> {
        let user = Ok(self.asker(Rights::User));
        if matches!(self.way, Way::Socket(_)) {
            return user;
        }
        let Some(presented) = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes) else {
            return match self.serves {
                Serves::Programs => Err(unauthorized(
                    "the request has no token",
                    "send the header `Authorization: Bearer TOKEN`, with the token of api.json in the node's home folder",
                )),
                Serves::Http | Serves::WebSocket | Serves::WebTransport => Ok(self.asker(Rights::Public)),
            };
        };
        if !self.way.is_local() {
            let error = RpcError::new(ErrorKind::Forbidden, "a token counts only on the machine of the node");
            return Err((StatusCode::FORBIDDEN, error.help("without one, the public methods can be asked for")));
        }
        let doors = desk.doors();
        if let Some(presented) = presented.strip_prefix(b"Bearer ") {
            if doors.token.matches(presented) || doors.web_sessions.is_known(presented) {
                return user;
            }
            Err(unauthorized(
                "the token is not that of this node",
                "it is new at each start of the node: read it from api.json again, or open the page by `bitpie web`",
            ))
        } else if let Some(presented) = presented.strip_prefix(PROOF_SCHEME.as_bytes()) {
            if self.is_proved(&doors.token, presented) {
                return user;
            }
            Err(unauthorized(
                "the proof is not one of this node's token in this connection",
                "ask /prove first, in the same connection, and read api.json again",
            ))
        } else {
            Err(unauthorized("this kind of authorization is not known", "send `Authorization: Bearer TOKEN`"))
        }
    }

    fn is_proved(&self, token: &Token, presented: &[u8]) -> bool {
        let exchange = *self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        exchange.is_some_and(|exchange| exchange.is_proved(Side::Client, token, presented))
    }
}

fn unauthorized(said: &str, help: &str) -> (StatusCode, RpcError) {
    (StatusCode::UNAUTHORIZED, RpcError::new(ErrorKind::Forbidden, said).help(help))
}
