//! The socket under QUIC. Only what may be QUIC's comes through; the rest is dropped without an answer, as a packet of
//! a version that nobody speaks here would have one and say that QUIC is there.
//!
//! Answers of STUN that come by it are told (RFC 9443): what others see of this socket is what they have to know.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "the rim: sockets are its business")]

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, Runtime as _, TokioRuntime, UdpPoller};
use socket2::Socket;

use crate::stun::is_stun;
use crate::stun::message::MESSAGE_BYTES;

/// The one version of QUIC that is spoken (RFC 9000).
pub const QUIC_VERSION: u32 = 1;

/// The bit that all packets of QUIC have (RFC 9000, section 17), and those of STUN do not (RFC 9443).
const FIXED_BIT: u8 = 0x40;

/// The bit of packets that say their version (RFC 8999, section 5.1).
const LONG_HEADER: u8 = 0x80;

/// Hears answers of STUN: from where, and what. It must not wait.
pub type StunHeard = Box<dyn Fn(SocketAddr, &[u8]) + Send + Sync>;

/// A socket of UDP that is read by QUIC, less the answers of STUN, which are told.
pub struct QuicSocket {
    inner: Arc<dyn AsyncUdpSocket>,
    stun_heard: StunHeard,
    ignored: Mutex<BTreeMap<SocketAddr, Instant>>,
}

/// Addresses that are ignored at the same time, at most; the one whose time ends first is heard again.
const IGNORED: usize = 1_024;

impl fmt::Debug for QuicSocket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("QuicSocket").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl QuicSocket {
    /// Reads a socket that does not block. To be called within a tokio runtime.
    ///
    /// # Errors
    /// If the system does not let it be read.
    pub fn new(socket: Socket, stun_heard: StunHeard) -> io::Result<Arc<Self>> {
        let inner = TokioRuntime.wrap_udp_socket(socket.into())?;
        Ok(Arc::new(Self { inner, stun_heard, ignored: Mutex::default() }))
    }

    /// Hears nothing from this address for so long. A connection that nobody can close ends by its silence.
    pub fn ignore(&self, from: SocketAddr, time: Duration) {
        let now = Instant::now();
        let mut ignored = self.ignored();
        ignored.retain(|_, until| *until > now);
        if ignored.len() >= IGNORED {
            let first = ignored.iter().min_by_key(|(_, until)| **until).map(|(from, _)| *from);
            first.map(|first| ignored.remove(&first));
        }
        ignored.insert(canonical(from), now + time);
    }

    fn is_ignored(&self, from: SocketAddr) -> bool {
        let mut ignored = self.ignored();
        if ignored.is_empty() {
            return false;
        }
        let from = canonical(from);
        let is_ignored = ignored.get(&from).is_some_and(|until| Instant::now() < *until);
        if !is_ignored {
            ignored.remove(&from);
        }
        is_ignored
    }

    fn ignored(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, Instant>> {
        self.ignored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a datagram, if the system takes it now, and says from which port.
    ///
    /// # Errors
    /// If it does not take it.
    pub fn send(&self, to: SocketAddr, contents: &[u8]) -> io::Result<u16> {
        let own = self.inner.local_addr()?;
        let destination = match to.ip() {
            IpAddr::V4(ip) if own.is_ipv6() => SocketAddr::new(ip.to_ipv6_mapped().into(), to.port()),
            _ => to,
        };
        let transmit = Transmit { destination, ecn: None, contents, segment_size: None, src_ip: None };
        // A socket that is new may say that it cannot take it yet, and says the truth the second time.
        self.inner.try_send(&transmit).or_else(|_| self.inner.try_send(&transmit))?;
        Ok(own.port())
    }

    fn tell(&self, from: SocketAddr, datagram: &[u8]) {
        (self.stun_heard)(canonical(from), datagram);
    }
}

/// An address of IPv4 as what it is, also if it came by a socket for both.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Whether a datagram may be QUIC's, of the version that is spoken.
fn is_quic(datagram: &[u8]) -> bool {
    match datagram {
        [first, version @ ..] if first & (LONG_HEADER | FIXED_BIT) == LONG_HEADER | FIXED_BIT => {
            version.first_chunk() == Some(&QUIC_VERSION.to_be_bytes())
        }
        [first, ..] => first & (LONG_HEADER | FIXED_BIT) == FIXED_BIT,
        [] => false,
    }
}

/// Whether a datagram is an answer of STUN. Who asks here hears nothing: there is a server for that.
fn is_answer(datagram: &[u8]) -> bool {
    /// The bit of the class that answers have, and requests do not (RFC 8489, section 5).
    const ANSWERS: u8 = 0x01;
    is_stun(datagram) && datagram[0] & ANSWERS != 0 && datagram.len() <= MESSAGE_BYTES
}

/// Moves the datagrams of QUIC to the front of a buffer, which holds several of `stride` bytes, and says how many bytes
/// they are. The system puts several together where it can (generic receive offload); only the last may be shorter.
fn keep_quic(buffer: &mut [u8], length: usize, stride: usize, mut stun: impl FnMut(&[u8])) -> usize {
    let (mut kept, mut at) = (0, 0);
    while at < length {
        let end = (at + stride.max(1)).min(length);
        if is_quic(&buffer[at..end]) {
            buffer.copy_within(at..end, kept);
            kept += end - at;
        } else if is_answer(&buffer[at..end]) {
            stun(&buffer[at..end]);
        }
        at = end;
    }
    kept
}

impl AsyncUdpSocket for QuicSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Arc::clone(&self.inner).create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.inner.try_send(transmit)
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [io::IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(self.inner.poll_recv(context, buffers, meta))?;
        for (meta, buffer) in meta[..count].iter_mut().zip(buffers) {
            // One without any bytes is passed over.
            let from = meta.addr;
            if self.is_ignored(from) {
                meta.len = 0;
                continue;
            }
            meta.len = keep_quic(buffer, meta.len, meta.stride, |datagram| self.tell(from, datagram));
        }
        Poll::Ready(Ok(count))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.inner.max_transmit_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.inner.max_receive_segments()
    }

    fn may_fragment(&self) -> bool {
        self.inner.may_fragment()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn initial(version: u32) -> Vec<u8> {
        [&[0xc3][..], &version.to_be_bytes(), &[8; 20]].concat()
    }

    #[test]
    fn only_this_version_of_quic_comes_through() {
        assert!(is_quic(&initial(QUIC_VERSION)) && is_quic(&[0x41; 30]));
        for other in [&initial(0)[..], &initial(0x6b33_43cf), &initial(0x0a1a_2a3a), &[0xc3, 0, 0], &[]] {
            assert!(!is_quic(other), "{other:?}");
        }
        let stun = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat();
        assert!(!is_quic(&stun));
    }

    #[test]
    fn of_several_in_one_buffer_each_is_looked_at() {
        let (quic, other) = (initial(1), initial(2));
        let mut buffer = [&quic[..], &other, &quic, &other[..9]].concat();
        let length = buffer.len();
        let kept = keep_quic(&mut buffer, length, quic.len(), |_| panic!("there is no STUN"));
        assert_eq!(buffer[..kept], [&quic[..], &quic].concat());
        assert_eq!(keep_quic(&mut [0; 4], 4, 0, |_| {}), 0, "a stride of nothing ends, too");
    }

    #[test]
    fn an_answer_of_stun_among_packets_of_quic_is_told_and_a_request_is_not() {
        let message = |class: u8| [&[class, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat();
        let quic = [&[0x41][..], &[9; 19]].concat();
        let mut buffer = [&quic[..], &message(1), &message(0), &quic].concat();
        let (length, mut told) = (buffer.len(), Vec::new());
        let kept = keep_quic(&mut buffer, length, 20, |datagram| told.push(datagram.to_vec()));
        assert_eq!((buffer[..kept].to_vec(), told), ([&quic[..], &quic].concat(), vec![message(1)]));
    }

    /// All that a socket takes from the system, by two buffers at a time, until `enough`. Of each buffer the bytes that
    /// came through.
    async fn taken(socket: &QuicSocket, enough: impl Fn(&[Vec<u8>]) -> bool) -> Vec<Vec<u8>> {
        let mut taken = Vec::new();
        while !enough(&taken) {
            let mut bytes = [vec![0; 65_536], vec![0; 65_536]];
            let mut meta = [RecvMeta::default(); 2];
            let receive = std::future::poll_fn(|context| {
                let mut buffers = bytes.each_mut().map(|buffer| io::IoSliceMut::new(buffer));
                socket.poll_recv(context, &mut buffers, &mut meta)
            });
            let count = tokio::time::timeout(std::time::Duration::from_secs(20), receive).await;
            let count = count.expect("all comes in time").expect("the socket is there");
            let received = bytes.iter().zip(&meta).take(count).filter(|(_, meta)| meta.len > 0);
            taken.extend(received.map(|(buffer, meta)| buffer[..meta.len].to_vec()));
        }
        taken
    }

    /// The system itself puts several datagrams into one buffer here: the sender hands over all of them at once
    /// (generic segmentation offload), and they are received as they were sent.
    #[tokio::test]
    async fn what_the_system_has_put_together_is_taken_apart() {
        let message = |class: u8| [&[class, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat();
        let quic = |number: u8| [&[0x41][..], &[number; 19]].concat();
        let (sender, events) = std::sync::mpsc::channel();
        let heard = Box::new(move |from, bytes: &[u8]| sender.send((from, bytes.to_vec())).expect("it is there"));
        let loopback = SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
        let bound = std::net::UdpSocket::bind(loopback).expect("some port is free");
        bound.set_nonblocking(true).expect("it can wait");
        let socket = QuicSocket::new(bound.into(), heard).expect("a socket");
        let other = std::net::UdpSocket::bind(loopback).expect("some port is free");
        let from = other.local_addr().expect("it is bound");
        let state = quinn::udp::UdpSocketState::new((&other).into()).expect("a socket");

        // An answer of STUN is the second and the last of them, a question the third; the last QUIC packet is short.
        let batch = [quic(1), message(1), message(0), quic(2), initial(2)[..20].to_vec(), quic(3)[..9].to_vec()];
        let destination = socket.local_addr().expect("it is bound");
        let is_put_together = state.max_gso_segments() >= batch.len() && socket.max_receive_segments() >= batch.len();
        let send = |contents: &[u8], segment_size| {
            let transmit = Transmit { destination, ecn: None, contents, segment_size, src_ip: None };
            state.try_send((&other).into(), &transmit).expect("it is sent");
        };
        if is_put_together {
            send(&batch.concat(), Some(20));
        } else {
            batch.iter().for_each(|datagram| send(datagram, None));
        }
        let expected = [&quic(1)[..], &quic(2), &quic(3)[..9]].concat();
        let taken = taken(&socket, |taken| taken.concat().len() >= expected.len()).await;
        assert_eq!(taken.concat(), expected);
        assert!(!is_put_together || taken.len() == 1, "the system has not put them together: {taken:?}");
        assert_eq!(events.try_recv(), Ok((from, message(1))), "the answer is told");
        assert!(events.try_recv().is_err(), "the question is not");
    }

    #[tokio::test]
    async fn what_is_ignored_is_not_heard_until_its_time_is_over_and_others_are() {
        let loopback = SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
        let bound = std::net::UdpSocket::bind(loopback).expect("some port is free");
        bound.set_nonblocking(true).expect("it can wait");
        let socket = QuicSocket::new(bound.into(), Box::new(|_, _| {})).expect("a socket");
        let to = socket.local_addr().expect("it is bound");
        let [one, other] = [(); 2].map(|()| std::net::UdpSocket::bind(loopback).expect("some port is free"));
        let from = one.local_addr().expect("it is bound");
        socket.ignore(from, Duration::from_secs(600));
        one.send_to(&[0x41; 20], to).expect("sent");
        other.send_to(&[0x42; 20], to).expect("sent");
        assert_eq!(taken(&socket, |taken| !taken.is_empty()).await, [vec![0x42; 20]]);
        socket.ignore(from, Duration::ZERO);
        one.send_to(&[0x43; 20], to).expect("sent");
        assert_eq!(taken(&socket, |taken| !taken.is_empty()).await, [vec![0x43; 20]]);
        for port in 1..=3_000 {
            socket.ignore((std::net::Ipv4Addr::LOCALHOST, port).into(), Duration::from_secs(600));
        }
        assert_eq!(socket.ignored().len(), IGNORED);
    }
}
