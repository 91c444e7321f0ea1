//! The plainest exchange, over any stream of bytes: what comes behind its length goes back as it came. With a journal, not before it is committed
//! there.

use anyhow::Context as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

use crate::journal::Journal;
use crate::sides::{Line, REQUESTS_WAITING, Request};

/// Bytes of a payload, at most.
const PAYLOAD_BYTES: usize = 65_536;

/// An answer that goes out when the commit has come about.
type Answer = (Vec<u8>, Option<oneshot::Receiver<()>>);

/// Answers whatever comes by one connection, until it ends.
///
/// # Errors
/// If the connection or the journal fails.
pub async fn serve_socket(socket: TcpStream, journal: Option<Journal>) -> anyhow::Result<()> {
    socket.set_nodelay(true)?;
    let (from, to) = socket.into_split();
    serve(from, to, journal).await
}

/// The same over the two halves of any stream.
///
/// # Errors
/// If the stream or the journal fails.
pub async fn serve(
    from: impl AsyncRead + Unpin,
    to: impl AsyncWrite + Unpin,
    journal: Option<Journal>,
) -> anyhow::Result<()> {
    let (answers, waiting) = mpsc::channel(REQUESTS_WAITING);
    let read = async move {
        let mut from = BufReader::new(from);
        let mut id = 0;
        while let Some(payload) = receive(&mut from).await? {
            let committed = match &journal {
                Some(journal) => Some(journal.begin_insert(id, payload.clone()).await?),
                None => None,
            };
            id += 1;
            if answers.send((payload, committed)).await.is_err() {
                break;
            }
        }
        drop(answers);
        anyhow::Ok(())
    };
    tokio::try_join!(read, answer(to, waiting)).map(drop)
}

async fn answer(mut to: impl AsyncWrite + Unpin, mut waiting: mpsc::Receiver<Answer>) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    while let Some((payload, committed)) = waiting.recv().await {
        if let Some(committed) = committed {
            committed.await.context("the journal has failed")?;
        }
        put(&mut bytes, &payload);
        // What is ready goes out together, as it does in any program that is not careless.
        if waiting.is_empty() || bytes.len() > PAYLOAD_BYTES {
            to.write_all(&bytes).await?;
            bytes.clear();
        }
    }
    to.write_all(&bytes).await?;
    to.shutdown().await?;
    Ok(())
}

/// Where requests are left for the other side of a connection. It ends when this is dropped.
///
/// # Errors
/// If the socket cannot be used.
pub fn connect_socket(socket: TcpStream) -> anyhow::Result<Line> {
    socket.set_nodelay(true)?;
    let (from, to) = socket.into_split();
    Ok(connect(from, to))
}

/// The same over the two halves of any stream.
pub fn connect(from: impl AsyncRead + Unpin + 'static, mut to: impl AsyncWrite + Unpin + 'static) -> Line {
    let (requests, mut waiting) = mpsc::channel::<Request>(REQUESTS_WAITING);
    let (sent, unanswered) = mpsc::channel(REQUESTS_WAITING);
    let ended = tokio::task::spawn_local(async move {
        let mut group = Vec::new();
        let mut bytes = Vec::new();
        while waiting.recv_many(&mut group, REQUESTS_WAITING).await > 0 {
            for Request { payload, answered } in group.drain(..) {
                put(&mut bytes, &payload);
                let _ = sent.send(answered).await;
            }
            to.write_all(&bytes).await.expect("the other side takes it");
            bytes.clear();
        }
    });
    tokio::task::spawn_local(receive_answers(from, unanswered));
    Line { requests, ended }
}

async fn receive_answers(from: impl AsyncRead + Unpin, mut unanswered: mpsc::Receiver<oneshot::Sender<()>>) {
    let mut from = BufReader::new(from);
    // A request whose answer does not come is seen by whoever waits for it.
    while let Ok(Some(_)) = receive(&mut from).await
        && let Some(answered) = unanswered.recv().await
    {
        let _ = answered.send(());
    }
}

fn put(bytes: &mut Vec<u8>, payload: &[u8]) {
    let length = u32::try_from(payload.len()).expect("a payload is short");
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(payload);
}

async fn receive(from: &mut BufReader<impl AsyncRead + Unpin>) -> anyhow::Result<Option<Vec<u8>>> {
    let length = match from.read_u32().await {
        Ok(length) => length as usize,
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    anyhow::ensure!(length <= PAYLOAD_BYTES, "a payload of {length} bytes");
    let mut payload = vec![0; length];
    from.read_exact(&mut payload).await?;
    Ok(Some(payload))
}
