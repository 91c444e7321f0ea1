//! STUN by the socket that QUIC goes by (RFC 9443), while QUIC has much to do: neither disturbs the other.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bitpie::stun::message::{Class, Message, Writer};
use bitpie::stun::{Asked, TransactionId};
use bitpie::transports::stun::{Place, StunServer};
use bitpie::transports::{BulkStream, Transport as _, TransportEvent};
use quinn::udp::{Transmit, UdpSocketState};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::timeout;

use super::sides::{DEADLINE, Pair, Side, localhost, wide};

/// Questions that are asked during a transfer.
const QUESTIONS: u8 = 20;

/// Each is answered within this time.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);

/// A question that has no answer yet is sent again after this time, as a client does (RFC 8489, section 6.2.1).
const SENT_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Pieces of the transfer that come between two questions, at least.
const PIECES_BETWEEN: u64 = 16;

/// Bytes that are written at a time.
const PIECE_BYTES: usize = 65_536;

/// A transfer, piece by piece: the bytes are not the same anywhere in a piece, and its number is in front.
struct Pieces {
    bytes: Vec<u8>,
    number: u64,
}

impl Pieces {
    fn new() -> Self {
        let words = 0..PIECE_BYTES as u64 / 8;
        let bytes = words.flat_map(|index| index.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()).collect();
        Self { bytes, number: 0 }
    }

    fn next(&mut self) -> &[u8] {
        self.bytes[..8].copy_from_slice(&self.number.to_be_bytes());
        self.number += 1;
        &self.bytes
    }
}

/// Writes as fast as it goes, until it is told to stop. How many pieces it has written.
async fn write_until(stream: &mut (impl AsyncWrite + Unpin), stop: &AtomicBool) -> u64 {
    let mut pieces = Pieces::new();
    while !stop.load(Ordering::Relaxed) {
        stream.write_all(pieces.next()).await.expect("it is taken");
    }
    stream.shutdown().await.expect("it ends");
    pieces.number
}

/// Reads to the end, looks at each byte, and tells how many pieces have come so far. How many there were.
async fn read_all(stream: &mut (impl AsyncRead + Unpin), progress: &watch::Sender<u64>) -> u64 {
    let (mut pieces, mut bytes) = (Pieces::new(), vec![0; PIECE_BYTES]);
    loop {
        match stream.read_exact(&mut bytes).await {
            Ok(_) => {
                assert!(bytes == pieces.next(), "piece {} is another one", pieces.number);
                progress.send_replace(pieces.number);
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return pieces.number,
            Err(error) => panic!("piece {}: {error}", pieces.number),
        }
    }
}

/// A bulk stream of a session, both ends of it.
async fn bulk(pair: &Pair) -> (BulkStream, BulkStream) {
    let mut incoming = pair.there.transport.incoming_bulk();
    let opened = pair.here.transport.open_bulk(pair.here_session).await.expect("a stream");
    let taken = timeout(DEADLINE, incoming.recv()).await.expect("in time").expect("the transport is there");
    (opened, taken.stream)
}

/// Asks by the socket of the sessions, one question after the other, each when some more of the transfer has come; the
/// longest time that an answer took.
async fn ask(side: &mut Side, server: SocketAddr, own: SocketAddr, progress: &mut watch::Receiver<u64>) -> Duration {
    let mut longest = Duration::ZERO;
    for number in 0..QUESTIONS {
        progress.wait_for(|pieces| *pieces >= u64::from(number) * PIECES_BETWEEN).await.expect("it goes on");
        let asked = Asked { id: TransactionId([number; 12]), server };
        let began = Instant::now();
        let mapped = 'answered: loop {
            assert_eq!(side.transport.send_stun(server, &asked.request()), Some(own.port()));
            let again = tokio::time::Instant::now() + SENT_AGAIN_AFTER;
            while let Ok(event) = tokio::time::timeout_at(again, side.events.0.recv()).await {
                match event.expect("the transport is there") {
                    // One that was sent again is answered twice.
                    TransportEvent::Stun { from, bytes } => {
                        if let Ok(answered) = asked.read(from, &bytes) {
                            break 'answered answered.mapped;
                        }
                    }
                    TransportEvent::Closed { reason, detail, .. } => panic!("{reason:?}: {detail}"),
                    _ => {}
                }
            }
            assert!(began.elapsed() < DEADLINE, "question {number} is not answered");
        };
        assert_eq!(mapped, own, "the address is that of the socket by which the sessions go");
        longest = longest.max(began.elapsed());
    }
    longest
}

#[tokio::test]
async fn stun_is_answered_while_a_transfer_runs_at_full_rate_in_both_directions() {
    let place = Place { at: localhost(), other: None };
    let server = StunServer::open(place, Arc::default(), || 7).expect("some port is free");
    // The side that listens knows the address of its socket.
    let (mut here, mut there) = (Side::new(1, wide()), Side::new(2, wide()));
    let own = here.listen().await;
    there.dial(2, own, here.id()).await;
    let (there_session, ..) = there.authenticated().await;
    let (here_session, ..) = here.authenticated().await;
    here.transport.open_stream(here_session);
    there.transport.open_stream(there_session);
    here.transport.admit(here_session);
    let mut pair = Pair { here, there, here_session, there_session };

    let (opened, taken) = bulk(&pair).await;
    let (mut from_there, mut to_there) = tokio::io::split(opened);
    let (mut from_here, mut to_here) = tokio::io::split(taken);
    let stop = Arc::new(AtomicBool::new(false));
    let stop_too = Arc::clone(&stop);
    // What comes to the side that asks is counted.
    let (progress, mut so_far) = watch::channel(0);
    let there_too = watch::Sender::default();
    let transfer = tokio::spawn(async move {
        tokio::join!(
            write_until(&mut to_there, &stop),
            write_until(&mut to_here, &stop),
            read_all(&mut from_here, &there_too),
            read_all(&mut from_there, &progress),
        )
    });
    let asking = ask(&mut pair.here, server.address(), own, &mut so_far);
    let longest = timeout(DEADLINE, asking).await.expect("all are answered");
    assert!(!transfer.is_finished(), "the transfer runs as long as there are questions");
    stop_too.store(true, Ordering::Relaxed);
    let (sent, sent_back, got, got_back) = timeout(DEADLINE, transfer).await.expect("in time").expect("it is whole");
    println!("{sent} and {sent_back} pieces of {PIECE_BYTES} bytes; the longest answer took {longest:?}");
    assert_eq!((got, got_back), (sent, sent_back));
    assert!(sent > 1, "both directions were busy: {sent} pieces");
    assert!(longest < ANSWERED_WITHIN, "{longest:?}");
}

/// What is between two sides: datagrams of each go to the other, and to one of them together with answers of STUN, in
/// one buffer where the system can do that.
struct Between {
    /// Where the side that calls calls.
    at: SocketAddr,
    /// Answers of STUN that were put to packets of QUIC.
    put: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Between {
    fn start(called: SocketAddr) -> Self {
        let (outer, inner) = (UdpSocket::bind(localhost()), UdpSocket::bind(localhost()));
        let (outer, inner) = (outer.expect("some port is free"), inner.expect("some port is free"));
        let at = outer.local_addr().expect("it is bound");
        inner.connect(called).expect("it is there");
        for socket in [&outer, &inner] {
            socket.set_read_timeout(Some(Duration::from_millis(20))).expect("it can be set");
        }
        let (put, ended) = (Arc::default(), Arc::default());
        let (counts, ends) = (Arc::clone(&put), Arc::clone(&ended));
        let thread = std::thread::spawn(move || Self::pass_on(&outer, &inner, called, &counts, &ends));
        Self { at, put, ended, thread: Some(thread) }
    }

    fn pass_on(outer: &UdpSocket, inner: &UdpSocket, called: SocketAddr, put: &AtomicUsize, ended: &AtomicBool) {
        let state = UdpSocketState::new(inner.into()).expect("a socket");
        let caller = std::sync::OnceLock::new();
        std::thread::scope(|threads| {
            threads.spawn(|| {
                let mut buffer = vec![0; 65_536];
                while !ended.load(Ordering::Relaxed) {
                    if let (Ok(length), Some(caller)) = (inner.recv(&mut buffer), caller.get()) {
                        let _ = outer.send_to(&buffer[..length], caller);
                    }
                }
            });
            let mut buffer = vec![0; 65_536];
            while !ended.load(Ordering::Relaxed) {
                let Ok((length, from)) = outer.recv_from(&mut buffer) else { continue };
                caller.get_or_init(|| from);
                let number = u64::try_from(put.fetch_add(1, Ordering::Relaxed)).expect("it is small");
                send_with_stun(&state, inner, called, &buffer[..length], number);
            }
        });
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// An answer of STUN with this number.
fn answer(number: u64) -> Vec<u8> {
    let mut id = [0; 12];
    id[..8].copy_from_slice(&number.to_be_bytes());
    Writer::new(Class::Success, TransactionId(id)).with_xor_mapped(localhost()).finish(true)
}

/// Sends a packet of QUIC and an answer of STUN as two segments of one buffer, of which the second may be the shorter
/// one: a long packet goes first, and a short one behind.
fn send_with_stun(state: &UdpSocketState, socket: &UdpSocket, to: SocketAddr, packet: &[u8], number: u64) {
    let stun = answer(number);
    let (first, second) = if packet.len() >= stun.len() { (packet, &stun[..]) } else { (&stun[..], packet) };
    let send = |contents: &[u8], segment_size| {
        let transmit = Transmit { destination: to, ecn: None, contents, segment_size, src_ip: None };
        // What does not get through is sent again.
        let _ = state.try_send(socket.into(), &transmit);
    };
    if state.max_gso_segments() >= 2 {
        send(&[first, second].concat(), Some(first.len()));
    } else {
        send(first, None);
        send(second, None);
    }
}

#[tokio::test]
async fn packets_of_quic_and_answers_of_stun_in_one_buffer_are_both_heard() {
    let (mut here, mut there) = (Side::with_capacity(1, wide(), 4_096), Side::new(2, wide()));
    let between = Between::start(here.listen().await);
    there.dial(2, between.at, here.id()).await;
    let (there_session, ..) = there.authenticated().await;
    let (here_session, ..) = here.authenticated().await;
    here.transport.open_stream(here_session);
    there.transport.open_stream(there_session);
    here.transport.admit(here_session);
    let mut pair = Pair { here: there, there: here, here_session: there_session, there_session: here_session };

    let (mut opened, mut taken) = bulk(&pair).await;
    const PIECES: u64 = 32;
    let write = async {
        let mut pieces = Pieces::new();
        for _ in 0..PIECES {
            opened.write_all(pieces.next()).await.expect("it is taken");
        }
        opened.shutdown().await.expect("it ends");
    };
    let mut heard = std::collections::BTreeSet::new();
    let listen = async {
        let called = &mut pair.there;
        loop {
            let TransportEvent::Stun { bytes, .. } = called.next().await else { continue };
            let message = Message::read(&bytes).expect("it is whole");
            assert_eq!(message.xor_mapped(), Some(localhost()));
            heard.insert(message.id.0);
        }
    };
    let progress = watch::Sender::default();
    let transfer = async { tokio::join!(write, read_all(&mut taken, &progress)).1 };
    let pieces = tokio::select! {
        pieces = timeout(DEADLINE, transfer) => pieces.expect("in time"),
        () = listen => unreachable!("it listens for ever"),
    };
    assert_eq!(pieces, PIECES);
    // The system may drop some under such a load, and what is told has room for so many.
    let put = between.put.load(Ordering::Relaxed);
    println!("{put} answers were put to packets, {} of them are heard", heard.len());
    assert!(put > 100 && heard.len() * 2 > put, "{} of {put} are heard", heard.len());
}
