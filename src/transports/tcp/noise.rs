//! A connection after its handshake: bytes in and out, in Noise transport messages of at most 65 535 bytes, each behind
//! its length.
//!
//! Writing is gathered: what yamux writes in small parts becomes as few messages, and as few writes to the line, as
//! it can. yamux asks for a flush after every frame; that is not obeyed, for the session flushes itself when there is
//! nothing more to gather. Buffers are held only while there is something in them.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};

use futures_util::{AsyncRead, AsyncWrite};
use snow::TransportState;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

use super::buffers::{BUFFER_BYTES, Buffer};
use super::line::Line;
use super::yamux_watch::{Passed, Unread, Walk};
use crate::transports::sessions::lock;

/// Bytes that authenticate a message.
const TAG_BYTES: usize = 16;

/// Bytes of a message.
const MESSAGE_BYTES: usize = 65_535;

/// Bytes that a message carries.
pub(super) const PAYLOAD_BYTES: usize = MESSAGE_BYTES - TAG_BYTES;

/// What a peer did that it must not, or what became of the line.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("a message of {0} bytes is too short to be authentic")]
    TooShort(usize),
    #[error("message {0} is not authentic: it was damaged, repeated, or left out")]
    NotAuthentic(u64),
    #[error("the connection ended in the middle of a message")]
    CutOff,
    #[error("the peer broke the rules of yamux (code {0})")]
    PeerBrokeYamux(u32),
    #[error("the peer says that this side broke the rules of yamux (code {0})")]
    PeerComplains(u32),
    #[error("the connection failed: {0}")]
    Line(io::Error),
}

/// The connection, shared by yamux, which reads and writes, and by the session, which flushes.
#[derive(Clone)]
pub(super) struct NoiseStream(Arc<Mutex<Noise>>);

/// What is behind it.
pub(super) struct Noise {
    line: Option<Line>,
    ciphers: TransportState,
    incoming: Incoming,
    outgoing: Outgoing,
    unread: Arc<Unread>,
    failure: Option<Failure>,
}

#[derive(Default)]
struct Incoming {
    /// As it came from the line, from `raw_at` to `raw_end`.
    raw: Option<Buffer>,
    raw_at: usize,
    raw_end: usize,
    /// The beginning of a message whose rest is waited for; it is kept here, in no more than it needs.
    begun: Vec<u8>,
    /// Decrypted, from `plain_at` to `plain_end`.
    plain: Option<Buffer>,
    plain_at: usize,
    plain_end: usize,
    walk: Walk,
    messages: u64,
    keep_alives: u64,
    ended: bool,
}

#[derive(Default)]
struct Outgoing {
    /// To be encrypted, up to `plain_end`.
    plain: Option<Buffer>,
    plain_end: usize,
    /// Encrypted, from `raw_at` to `raw_end`.
    raw: Option<Buffer>,
    raw_at: usize,
    raw_end: usize,
    walk: Walk,
}

impl NoiseStream {
    pub(super) fn new(line: Line, ciphers: TransportState, unread: Arc<Unread>) -> Self {
        Self(Arc::new(Mutex::new(Noise {
            line: Some(line),
            ciphers,
            incoming: Incoming::default(),
            outgoing: Outgoing::default(),
            unread,
            failure: None,
        })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Noise> {
        lock(&self.0)
    }
}

impl Noise {
    /// Why nothing more can come or go, if so; told once.
    pub(super) fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Whether a keep-alive has come since this was asked last.
    pub(super) fn take_keep_alive(&mut self) -> bool {
        std::mem::take(&mut self.incoming.keep_alives) > 0
    }

    /// Messages that have come, and whether a part of another has.
    pub(super) fn progress(&self) -> (u64, bool) {
        let incoming = &self.incoming;
        (incoming.messages, !incoming.begun.is_empty() || incoming.raw_at < incoming.raw_end)
    }

    /// The line is of no use any more.
    pub(super) fn disconnect(&mut self) -> Option<Line> {
        self.line.take()
    }

    /// Writes an empty message.
    pub(super) fn write_keep_alive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.seal(context))?;
        ready!(self.make_room(context, 0))?;
        let Self { outgoing, ciphers, .. } = self;
        outgoing.encrypt(ciphers, None)?;
        Poll::Ready(Ok(()))
    }

    /// Encrypts what was gathered, and writes all to the line.
    pub(super) fn flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.seal(context))?;
        self.write_out(context)
    }

    fn read(&mut self, context: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            let incoming = &mut self.incoming;
            if incoming.plain_at < incoming.plain_end {
                return Poll::Ready(Ok(incoming.copy_plain(into)));
            }
            incoming.plain = None;
            if self.failure.is_some() {
                return Poll::Ready(Err(broken()));
            }
            if !self.unread.has_room() {
                return Poll::Pending;
            }
            match self.decrypt() {
                Ok(true) => {}
                Ok(false) => {
                    if ready!(self.fill(context))? == 0 {
                        return Poll::Ready(Ok(0));
                    }
                }
                Err(failure) => return Poll::Ready(Err(self.fail(failure))),
            }
        }
    }

    /// Decrypts the next message, if the whole of it is there.
    fn decrypt(&mut self) -> Result<bool, Failure> {
        let incoming = &mut self.incoming;
        let Some(raw) = &incoming.raw else { return Ok(false) };
        let waiting = &raw[incoming.raw_at..incoming.raw_end];
        let Some((length, rest)) = waiting.split_first_chunk::<2>() else { return Ok(false) };
        let length = usize::from(u16::from_be_bytes(*length));
        if length < TAG_BYTES {
            return Err(Failure::TooShort(length));
        }
        let Some(message) = rest.get(..length) else { return Ok(false) };
        let plain = incoming.plain.get_or_insert_with(Buffer::take);
        let read = self.ciphers.read_message(message, plain);
        let plain_bytes = read.map_err(|_| Failure::NotAuthentic(incoming.messages))?;
        incoming.messages += 1;
        incoming.raw_at += 2 + length;
        (incoming.plain_at, incoming.plain_end) = (0, plain_bytes);
        if plain_bytes == 0 {
            incoming.keep_alives += 1;
        }
        let mut complaint = None;
        incoming.walk.pass(&plain[..plain_bytes], |passed| match passed {
            Passed::Opens { stream } => self.unread.open(stream),
            Passed::Data { stream } => self.unread.came(stream),
            Passed::Ends { stream } => self.unread.ended(stream),
            Passed::GoAway { code: 0 } => {}
            Passed::GoAway { code } => complaint = Some(Failure::PeerComplains(code)),
        });
        // yamux reads it too, and ends; this says why.
        self.failure = self.failure.take().or(complaint);
        Ok(true)
    }

    /// Reads from the line; 0 if the peer sends no more.
    fn fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(line) = &mut self.line else { return Poll::Ready(Ok(0)) };
        if self.incoming.ended {
            return Poll::Ready(Ok(0));
        }
        let read = match line.poll_read_ready(context) {
            Poll::Ready(Ok(())) => {
                let mut space = ReadBuf::new(self.incoming.space());
                Pin::new(line).poll_read(context, &mut space).map_ok(|()| space.filled().len())
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        };
        match read {
            Poll::Pending => {
                self.incoming.put_away();
                Poll::Pending
            }
            Poll::Ready(Ok(0)) if self.incoming.raw_at < self.incoming.raw_end => {
                Poll::Ready(Err(self.fail(Failure::CutOff)))
            }
            Poll::Ready(Ok(0)) => {
                self.incoming.ended = true;
                self.incoming.put_away();
                Poll::Ready(Ok(0))
            }
            Poll::Ready(Ok(bytes)) => {
                self.incoming.raw_end += bytes;
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.fail(Failure::Line(error)))),
        }
    }

    fn write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.outgoing.plain_end == PAYLOAD_BYTES {
            ready!(self.seal(context))?;
        }
        let outgoing = &mut self.outgoing;
        let written = bytes.len().min(PAYLOAD_BYTES - outgoing.plain_end);
        let plain = outgoing.plain.get_or_insert_with(Buffer::take);
        plain[outgoing.plain_end..outgoing.plain_end + written].copy_from_slice(&bytes[..written]);
        outgoing.plain_end += written;
        let mut broke = None;
        outgoing.walk.pass(&bytes[..written], |passed| {
            if let Passed::GoAway { code: code @ 1.. } = passed {
                broke = Some(Failure::PeerBrokeYamux(code));
            }
        });
        self.failure = self.failure.take().or(broke);
        Poll::Ready(Ok(written))
    }

    /// Encrypts what was gathered.
    fn seal(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.outgoing.plain_end > 0 {
            ready!(self.make_room(context, self.outgoing.plain_end))?;
            let Self { outgoing, ciphers, .. } = self;
            let plain = outgoing.plain.take();
            outgoing.encrypt(ciphers, plain.as_deref())?;
        }
        Poll::Ready(Ok(()))
    }

    /// Makes room for a message that carries `bytes`.
    fn make_room(&mut self, context: &mut Context<'_>, bytes: usize) -> Poll<io::Result<()>> {
        if BUFFER_BYTES - self.outgoing.raw_end < 2 + bytes + TAG_BYTES {
            ready!(self.write_out(context))?;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes to the line all that is encrypted.
    fn write_out(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(raw) = &self.outgoing.raw {
            if self.outgoing.raw_at == self.outgoing.raw_end {
                self.outgoing.raw = None;
                (self.outgoing.raw_at, self.outgoing.raw_end) = (0, 0);
                break;
            }
            let Some(line) = &mut self.line else { return Poll::Ready(Err(broken())) };
            let waiting = &raw[self.outgoing.raw_at..self.outgoing.raw_end];
            match ready!(Pin::new(line).poll_write(context, waiting)) {
                Ok(0) => return Poll::Ready(Err(self.fail(Failure::Line(io::ErrorKind::WriteZero.into())))),
                Ok(bytes) => self.outgoing.raw_at += bytes,
                Err(error) => return Poll::Ready(Err(self.fail(Failure::Line(error)))),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn shut_down(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.flush(context))?;
        match &mut self.line {
            Some(line) => Pin::new(line).poll_shutdown(context),
            None => Poll::Ready(Ok(())),
        }
    }

    /// The first failure is the one to tell.
    fn fail(&mut self, failure: Failure) -> io::Error {
        self.failure.get_or_insert(failure);
        broken()
    }
}

impl Incoming {
    fn copy_plain(&mut self, into: &mut [u8]) -> usize {
        let Some(plain) = &self.plain else { return 0 };
        let bytes = into.len().min(self.plain_end - self.plain_at);
        into[..bytes].copy_from_slice(&plain[self.plain_at..self.plain_at + bytes]);
        self.plain_at += bytes;
        bytes
    }

    /// Room for at least one more byte of the message that is being read.
    fn space(&mut self) -> &mut [u8] {
        let raw = self.raw.get_or_insert_with(Buffer::take);
        if !self.begun.is_empty() {
            raw[..self.begun.len()].copy_from_slice(&self.begun);
            (self.raw_at, self.raw_end) = (0, self.begun.len());
            self.begun = Vec::new();
        } else if self.raw_at > 0 {
            raw.copy_within(self.raw_at..self.raw_end, 0);
            (self.raw_at, self.raw_end) = (0, self.raw_end - self.raw_at);
        }
        &mut raw[self.raw_end..]
    }

    /// Holds no more than what is needed until the next byte comes.
    fn put_away(&mut self) {
        if let Some(raw) = self.raw.take() {
            self.begun = raw[self.raw_at..self.raw_end].to_vec();
            (self.raw_at, self.raw_end) = (0, 0);
        }
    }
}

impl Outgoing {
    /// Adds a message; there is room for it. `None` is a keep-alive.
    fn encrypt(&mut self, ciphers: &mut TransportState, plain: Option<&[u8]>) -> io::Result<()> {
        let payload = plain.map_or(&[][..], |plain| &plain[..self.plain_end]);
        let raw = self.raw.get_or_insert_with(Buffer::take);
        let length = ciphers.write_message(payload, &mut raw[self.raw_end + 2..]).map_err(io::Error::other)?;
        let announced = u16::try_from(length).expect("a payload fits into a message");
        raw[self.raw_end..self.raw_end + 2].copy_from_slice(&announced.to_be_bytes());
        self.raw_end += 2 + length;
        self.plain_end = 0;
        Ok(())
    }
}

/// What yamux is told; the session looks for the reason itself.
fn broken() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

impl AsyncRead for NoiseStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        self.lock().read(context, into)
    }
}

impl AsyncWrite for NoiseStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.lock().write(context, bytes)
    }

    /// Nothing: the session flushes when yamux has nothing more to write.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lock().shut_down(context)
    }
}
