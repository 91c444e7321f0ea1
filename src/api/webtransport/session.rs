//! A session: who may open one, and its streams, each of which is a conversation.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use quinn::{Incoming, VarInt};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use wtransport::endpoint::{IncomingSessionFuture, SessionRequest};
use wtransport::{Connection, VarInt as Code};

use super::super::asker::Asker;
use super::super::line::{Line, Shared};
use super::super::server::END_TIMEOUT;
use super::super::visitor::judge;
use super::ending::{code, ends};
use super::stream::{self, Ended};

/// What has come of a connection.
pub(super) enum Opened {
    /// A session, with what its client may ask for.
    Session(Connection, Asker),
    /// The client was told that it may have none.
    Refused,
    /// It has ended, or spoke something else.
    Nothing,
}

/// Opens a session, if this client may have one.
pub(super) async fn open(incoming: Incoming, line: &Line, shared: &Shared) -> Opened {
    let Ok(request) = IncomingSessionFuture::with_quic_incoming(incoming).await else { return Opened::Nothing };
    let headers = headers(&request);
    let page_port = shared.desk.page.borrow().map(|address| address.port());
    let asker = judge(&headers, line.way, page_port).ok().and_then(|()| line.who(&headers, &shared.desk).ok());
    let Some(asker) = asker else {
        request.forbidden().await;
        return Opened::Refused;
    };
    request.accept().await.map_or(Opened::Nothing, |session| Opened::Session(session, asker))
}

/// What a request says of whom it is from, as HTTP/1.1 would have it (RFC 9114, section 4.3.1).
fn headers(request: &SessionRequest) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in request.headers() {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
    // What cannot stand in a header names no place of this machine.
    headers.remove(header::HOST);
    if let Ok(authority) = HeaderValue::from_str(request.authority()) {
        headers.insert(header::HOST, authority);
    }
    headers
}

/// Until the session ends.
pub(super) async fn talk(
    session: Connection,
    asker: Asker,
    line: Arc<Line>,
    shared: Arc<Shared>,
    mut ending: watch::Receiver<bool>,
) {
    let mut conversations = JoinSet::new();
    let (end, all_end) = watch::channel(false);
    let (why, reason) = loop {
        tokio::select! {
            () = ends(&mut ending) => break (code::AWAY, "the node is stopping"),
            _ = line.place.is_to_leave() => break (code::AGAIN, "another needs this place"),
            stream = session.accept_bi() => {
                let Ok((to, from)) = stream else { return };
                let (line, shared, all_end) = (Arc::clone(&line), Arc::clone(&shared), all_end.clone());
                conversations.spawn(stream::talk(to, from, asker, line, shared, all_end));
            }
            // Nobody hears what is said by a stream in one direction.
            stream = session.accept_uni() => match stream {
                Ok(stream) => stream.stop(Code::from_u32(code::UNSUPPORTED)),
                Err(_) => return,
            },
            Some(ended) = conversations.join_next() => match ended {
                Ok(Ended::Stream) => {}
                Ok(Ended::Session(why, reason)) => break (why, reason),
                // It has panicked, and the panic is told elsewhere.
                Err(_) => break (code::AWAY, "something went wrong"),
            },
        }
    };
    end.send_replace(true);
    let _ = timeout(END_TIMEOUT, async { while conversations.join_next().await.is_some() {} }).await;
    session.quic_connection().close(VarInt::from_u32(why), reason.as_bytes());
}
