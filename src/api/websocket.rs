//! JSON-RPC over WebSocket (RFC 6455): a text message is a request or a batch, and each answer and notification is one.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use axum::http::Response;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::asker::{Asker, Rights};
use super::conversation::Conversation;
use super::line::{BODY_BYTES, Line, STRANGERS_BODY_BYTES, Shared};
use super::rpc;

/// Answers and notifications that wait to be sent, at most; further ones wait with whoever makes them.
const WAITING: usize = 32;

/// How often the other side is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(30);

/// How long a message may take to be sent, and how long nothing may come, not even an answer to a ping.
const PATIENCE: Duration = Duration::from_secs(75);

/// Goes over to WebSocket.
pub fn open(upgrade: WebSocketUpgrade, shared: Arc<Shared>, line: Arc<Line>, asker: Asker) -> Response<Body> {
    // Somebody on this machine can still show that they are the user.
    let most = if line.way.is_local() { BODY_BYTES } else { STRANGERS_BODY_BYTES };
    upgrade.max_message_size(most).max_frame_size(most).on_upgrade(move |socket| talk(socket, shared, line, asker))
}

async fn talk(socket: WebSocket, shared: Arc<Shared>, line: Arc<Line>, asker: Asker) {
    let mut busy = None;
    let (outgoing, mut waiting) = mpsc::channel(WAITING);
    let conversation = Conversation::new(Arc::clone(&shared.desk), asker, line.way.is_local(), outgoing);
    let (mut to, mut from) = socket.split();
    let mut pings = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    let mut ending = shared.desk.ending();
    let mut place = None;
    let goodbye = loop {
        // Whoever has not shown that they are the user gives way to others, however much they say.
        if busy.is_none() && conversation.asker().rights == Rights::User {
            line.place.is_known();
            busy = Some(line.place.busy());
        }
        let message = tokio::select! {
            _ = line.place.is_to_leave() => break close(close_code::AGAIN, "another needs this place"),
            _ = ending.wait_for(|ends| *ends) => break close(close_code::AWAY, "the node is stopping"),
            Some(answer) = waiting.recv() => Message::Text(String::from_utf8(answer).expect("JSON is UTF-8").into()),
            _ = pings.tick() => {
                if heard.elapsed() > PATIENCE {
                    return;
                }
                Message::Ping(Vec::new().into())
            }
            free = conversation.place(), if place.is_none() => {
                place = Some(free);
                continue;
            }
            came = from.next(), if place.is_some() => {
                heard = Instant::now();
                match came {
                    Some(Ok(Message::Text(body))) => match judged(&shared, &conversation, body.as_bytes()) {
                        Ok(parsed) => {
                            conversation.heard(parsed, place.take().expect("it is guarded"));
                            continue;
                        }
                        Err(goodbye) => break goodbye,
                    },
                    Some(Ok(Message::Binary(_))) => break close(close_code::UNSUPPORTED, "a request is a text"),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                }
            }
        };
        let is_sent = tokio::select! {
            sent = timeout(PATIENCE, to.send(message)) => matches!(sent, Ok(Ok(()))),
            // Whoever does not read waits for nothing.
            _ = line.place.is_to_leave() => false,
        };
        if !is_sent {
            return;
        }
    };
    let _ = timeout(Duration::from_secs(1), to.send(goodbye)).await;
}

/// What a message holds, if it does not come too fast.
fn judged(shared: &Shared, conversation: &Conversation, body: &[u8]) -> Result<rpc::Body, Message> {
    let asker = conversation.asker();
    if asker.rights == Rights::Public && body.len() > STRANGERS_BODY_BYTES {
        return Err(close(close_code::SIZE, "a message of a stranger is shorter"));
    }
    let parsed = rpc::parse(body);
    match shared.clients.count(asker, parsed.requests()) {
        Ok(()) => Ok(parsed),
        Err(_) => Err(close(close_code::POLICY, "requests come too fast")),
    }
}

fn close(code: u16, reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame { code, reason: reason.into() }))
}
