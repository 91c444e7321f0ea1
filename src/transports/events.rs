//! What transports report.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;

use futures_util::task::AtomicWaker;

use serde::Serialize;

use crate::identity::NodeId;

/// A session of a transport. Even numbers are given by whoever dials; odd ones by the transport, to sessions that it
/// accepts.
pub type SessionNumber = u64;

/// What happened at a transport.
///
/// For each session that was dialled or accepted there is exactly one [`Closed`](TransportEvent::Closed), and nothing
/// about it afterwards.
#[derive(Debug)]
pub enum TransportEvent {
    /// The answer to `listen`: connections are accepted from now on.
    Listening {
        /// Where; with the port that the system chose, if it was to choose one.
        address: SocketAddr,
    },
    /// The other answer to `listen`.
    ListenFailed {
        /// Where it was wanted.
        address: SocketAddr,
        /// Why it cannot be.
        error: ListenError,
    },
    /// The answer to `stop_listening`; sessions go on.
    ListeningStopped,
    /// Somebody opened a connection; nothing is known yet of who it is, and the transport's handshake is under way.
    Accepted {
        /// Its number, odd.
        session: SessionNumber,
        /// The remote address: that of the node that carries it, if one does.
        remote: SocketAddr,
        /// Who carries it, if anybody does.
        through: Option<NodeId>,
    },
    /// What was dialled is connected, and waits for `begin_handshake`.
    Connected {
        /// As it was given to `dial`.
        session: SessionNumber,
        /// Where.
        remote: SocketAddr,
    },
    /// The handshake proved who is there. Nothing but keep-alives is carried before `open_stream`.
    Authenticated {
        /// Which session.
        session: SessionNumber,
        /// Who it is. It may be oneself: that is for the receiver of this event to see.
        peer: NodeId,
        /// The hash of the whole handshake, the same at both ends and in no other session.
        handshake_hash: [u8; 32],
        /// Whether this side opened the session.
        outgoing: bool,
    },
    /// The peer says that it is alive, outside of all streams.
    KeepAlive {
        /// Which session.
        session: SessionNumber,
    },
    /// The addresses of this machine have changed, and the session goes on from another one, if the peer can still be
    /// reached. A keep-alive that is answered shows that.
    Moved {
        /// Which session.
        session: SessionNumber,
    },
    /// The peer goes on from another address.
    PeerMoved {
        /// Which session.
        session: SessionNumber,
        /// The remote address from now on.
        remote: SocketAddr,
    },
    /// An answer of STUN came by the socket that the transport's sessions go by, or what looks like one.
    Stun {
        /// From where.
        from: SocketAddr,
        /// The message.
        bytes: Vec<u8>,
    },
    /// A frame of the control stream.
    Frame {
        /// Which session.
        session: SessionNumber,
        /// What was in it, at least one byte.
        bytes: Vec<u8>,
        /// Drop this when the frame is done with: as long as too much of a session waits, no more of it is read.
        waiting: Waiting,
    },
    /// The session has ended.
    Closed {
        /// Which session.
        session: SessionNumber,
        /// Why, in kind.
        reason: CloseReason,
        /// Why, in words.
        detail: String,
    },
    /// Connections were refused at a limit. A flood makes few of these, not one for each.
    Refused {
        /// The remote address of the last of them.
        remote: SocketAddr,
        /// At which limit.
        why: RefusedWhy,
        /// How many since the last event of this kind, at least one.
        count: u64,
    },
}

/// Why a session ended, in kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum CloseReason {
    /// This side wanted it.
    Local,
    /// The other side wanted it, or went away.
    Remote,
    /// Something took too long.
    TimedOut,
    /// It could not be opened, or there was no room for it.
    Failed,
    /// What came first was no handshake, or one that proves nothing.
    BadHandshake,
    /// What came was not authentic: the other side, or somebody on its way, damaged it, repeated it or left something
    /// out.
    Spoilt,
    /// Another node answered than the one that was dialled.
    UnexpectedId,
    /// The other side, and nobody else, broke the rules of what is beneath the session's protocol.
    Violation,
}

/// At which limit a connection was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusedWhy {
    /// This address comes faster than it may.
    AddressRate,
    /// As many handshakes under way with this address as there may be.
    AddressHalfOpenLimit,
    /// Too many handshakes under way: the oldest of them made room for a new one.
    HalfOpenLimit,
}

impl RefusedWhy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AddressRate, Self::AddressHalfOpenLimit, Self::HalfOpenLimit];

    /// As it stands in counters and logs.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::AddressRate => "address_rate",
            Self::AddressHalfOpenLimit => "address_half_open_limit",
            Self::HalfOpenLimit => "half_open_limit",
        }
    }
}

impl fmt::Display for RefusedWhy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

/// Why a transport cannot listen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// It listens already.
    #[error("it listens already, at {at}: stop that first")]
    AlreadyListening {
        /// Where.
        at: SocketAddr,
    },
    /// Another program, or another node, has the port.
    #[error("port {} of {} is in use by another program: stop that, or choose another port", .address.port(), .address.ip())]
    AddrInUse {
        /// What was wanted.
        address: SocketAddr,
    },
    /// This machine does not have the address.
    #[error("this machine has no address {}: choose one that it has, or :: for all", .address.ip())]
    AddrNotAvailable {
        /// What was wanted.
        address: SocketAddr,
    },
    /// Ports below 1024 are for privileged programs.
    #[error("this program may not use port {}: choose one above 1023", .address.port())]
    PermissionDenied {
        /// What was wanted.
        address: SocketAddr,
    },
    /// Something else.
    #[error("{address} cannot be listened on: {error}")]
    Other {
        /// What was wanted.
        address: SocketAddr,
        /// What the system said.
        error: String,
    },
}

/// How much of a session's frames waits to be dealt with, and what is to be woken when it is less.
#[derive(Debug, Default)]
pub(crate) struct ReceiveWindow {
    frames: AtomicUsize,
    bytes: AtomicUsize,
    waker: AtomicWaker,
}

impl ReceiveWindow {
    /// Whether fewer frames and bytes than these wait.
    pub(crate) fn has_room(&self, frames: usize, bytes: usize) -> bool {
        self.frames.load(Ordering::Acquire) < frames && self.bytes.load(Ordering::Acquire) < bytes
    }

    /// One more frame waits.
    pub(crate) fn enter(self: &Arc<Self>, bytes: usize) -> Waiting {
        self.frames.fetch_add(1, Ordering::AcqRel);
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
        Waiting { window: Arc::clone(self), bytes }
    }

    /// Wakes this task when a frame has been dealt with.
    pub(crate) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }
}

/// A frame that waits to be dealt with: it counts against the limits of its session until this is dropped.
#[derive(Debug)]
#[must_use = "a frame that is dropped at once does not hold its sender back"]
pub struct Waiting {
    window: Arc<ReceiveWindow>,
    bytes: usize,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.window.frames.fetch_sub(1, Ordering::AcqRel);
        self.window.bytes.fetch_sub(self.bytes, Ordering::AcqRel);
        self.window.waker.wake();
    }
}
