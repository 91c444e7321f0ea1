//! A stream: a conversation by lines.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use wtransport::{RecvStream, SendStream};

use super::super::asker::{Asker, Rights};
use super::super::conversation::Conversation;
use super::super::errors::{ErrorKind, RpcError};
use super::super::line::{BODY_BYTES, Line, STRANGERS_BODY_BYTES, Shared};
use super::super::rpc;
use super::ending::{code, ends};
use super::lines::{Lines, Next};

/// Answers and notifications that wait to be sent, at most; further ones wait where they are made.
const WAITING: usize = 32;

/// How long a line may take to be sent to somebody who reads slowly.
const PATIENCE: Duration = Duration::from_secs(75);

/// What ends with a stream.
pub(super) enum Ended {
    /// The stream alone.
    Stream,
    /// All of the session, with that code, for that reason.
    Session(u32, &'static str),
}

/// Until the stream or the session ends.
pub(super) async fn talk(
    mut to: SendStream,
    from: RecvStream,
    asker: Asker,
    line: Arc<Line>,
    shared: Arc<Shared>,
    mut ending: watch::Receiver<bool>,
) -> Ended {
    let (outgoing, mut waiting) = mpsc::channel(WAITING);
    let conversation = Conversation::new(Arc::clone(&shared.desk), asker, line.way.is_local(), outgoing);
    let mut lines = Lines::new(from);
    // Somebody on this machine can still show that they are the user.
    let most = if line.way.is_local() { BODY_BYTES } else { STRANGERS_BODY_BYTES };
    let (mut busy, mut place) = (None, None);
    let reason = loop {
        // A client that has not shown that it is the user gives way to others, however much it says.
        if busy.is_none() && conversation.asker().rights == Rights::User {
            line.place.is_known();
            busy = Some(line.place.busy());
        }
        tokio::select! {
            () = ends(&mut ending) => return Ended::Stream,
            Some(answer) = waiting.recv() => {
                if !send(&mut to, answer, &mut ending).await {
                    return Ended::Stream;
                }
            }
            free = conversation.place(), if place.is_none() => place = Some(free),
            came = lines.next(most), if place.is_some() => match came {
                Next::Line(body) => match judged(&shared, &conversation, &body) {
                    Ok(parsed) => conversation.heard(parsed, place.take().expect("it is guarded")),
                    Err(Refused::TooLong) => break Next::TooLong,
                    Err(Refused::TooFast) => return Ended::Session(code::POLICY, "requests come too fast"),
                },
                reason => break reason,
            },
        }
    };
    drop(place);
    match reason {
        Next::TooLong => {
            let most = if conversation.asker().rights == Rights::User { most } else { STRANGERS_BODY_BYTES };
            let error = RpcError::new(ErrorKind::TooLarge, format!("a line has at most {most} bytes"));
            send(&mut to, rpc::answer(&Value::Null, &Err(error)), &mut ending).await;
            // The rest of the line is not read.
            lines.refuse(code::SIZE);
            let _ = timeout(PATIENCE, to.finish()).await;
        }
        // Nothing more is asked: what was asked is answered.
        Next::End => {
            loop {
                tokio::select! {
                    biased;
                    () = ends(&mut ending) => return Ended::Stream,
                    Some(answer) = waiting.recv() => {
                        if !send(&mut to, answer, &mut ending).await {
                            return Ended::Stream;
                        }
                    }
                    () = conversation.has_answered() => break,
                }
            }
            while let Ok(answer) = waiting.try_recv() {
                if !send(&mut to, answer, &mut ending).await {
                    return Ended::Stream;
                }
            }
            let _ = timeout(PATIENCE, to.finish()).await;
        }
        Next::Lost | Next::Line(_) => {}
    }
    Ended::Stream
}

enum Refused {
    TooLong,
    TooFast,
}

/// What a line holds, if it does not come too fast.
fn judged(shared: &Shared, conversation: &Conversation, body: &[u8]) -> Result<rpc::Body, Refused> {
    let asker = conversation.asker();
    if asker.rights == Rights::Public && body.len() > STRANGERS_BODY_BYTES {
        return Err(Refused::TooLong);
    }
    let parsed = rpc::parse(body);
    shared.clients.count(asker, parsed.requests()).map_err(|_| Refused::TooFast)?;
    Ok(parsed)
}

/// Sends a line; whether it was sent in time. A client that does not read ends with its session.
async fn send(to: &mut SendStream, mut line: Vec<u8>, ending: &mut watch::Receiver<bool>) -> bool {
    line.push(b'\n');
    tokio::select! {
        sent = timeout(PATIENCE, to.write_all(&line)) => matches!(sent, Ok(Ok(()))),
        () = ends(ending) => false,
    }
}
