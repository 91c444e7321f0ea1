//! Figures, not tests: `cargo test --release -p bitpie --test tcp_transport measure -- --ignored --nocapture --test-threads 1`.

use std::net::SocketAddr;
use std::time::Instant;

use bitpie::transports::TransportEvent;
use bitpie::transports::tcp::raise_descriptor_limit;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::sides::{Side, localhost, wide};

const BULK_BYTES: usize = 1 << 30;
const CHUNK_BYTES: usize = 1 << 18;
const FRAMES: usize = 1_000_000;
const SESSIONS: u64 = 2_000;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Runs `there` in a thread of its own, which tells its address, and `here` in this one.
fn across<F: Future<Output = ()>>(
    there: impl FnOnce(std::sync::mpsc::Sender<SocketAddr>) -> F + Send + 'static,
    here: impl AsyncFnOnce(SocketAddr) -> f64,
) -> f64 {
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || runtime().block_on(there(sender)));
    let figure = runtime().block_on(async { here(receiver.recv().expect("it listens")).await });
    thread.join().expect("it ends");
    figure
}

async fn write_all(mut stream: impl AsyncWrite + AsyncRead + Unpin) -> f64 {
    let chunk = vec![7; CHUNK_BYTES];
    let started = Instant::now();
    for _ in 0..BULK_BYTES / CHUNK_BYTES {
        stream.write_all(&chunk).await.expect("it is taken");
    }
    stream.shutdown().await.expect("it ends");
    assert_eq!(stream.read_u8().await.expect("an answer"), 1);
    BULK_BYTES as f64 / started.elapsed().as_secs_f64() / 1e6
}

async fn read_all(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut octets = 0;
    loop {
        match stream.read(&mut chunk).await.expect("it comes") {
            0 => break,
            read => octets += read,
        }
    }
    assert_eq!(octets, BULK_BYTES);
    stream.write_all(&[1]).await.expect("it is taken");
    stream.shutdown().await.expect("it ends");
}

#[test]
#[ignore = "a figure"]
fn measure_bulk_throughput() {
    let plain = across(
        |told| async move {
            let listener = TcpListener::bind(localhost()).await.expect("a port");
            told.send(listener.local_addr().expect("an address")).expect("somebody waits");
            let (socket, _) = listener.accept().await.expect("a connection");
            read_all(socket).await;
        },
        async |address| write_all(TcpStream::connect(address).await.expect("a connection")).await,
    );
    let ours = across(
        |told| async move {
            let mut there = Side::new(2, wide());
            let mut incoming = there.transport.incoming_bulk();
            told.send(there.listen().await).expect("somebody waits");
            let (session, ..) = there.authenticated().await;
            there.transport.open_stream(session);
            read_all(incoming.recv().await.expect("a stream").stream).await;
            there.closed().await;
        },
        async |address| {
            let mut here = Side::new(1, wide());
            here.dial(2, address, None).await;
            here.authenticated().await;
            here.transport.open_stream(2);
            let stream = here.transport.open_bulk(2).await.expect("a stream");
            let figure = write_all(stream).await;
            here.transport.close(2, bitpie::transports::CloseReason::Local, "");
            here.closed().await;
            figure
        },
    );
    println!("bulk: {ours:.0} MB/s; plain TCP {plain:.0} MB/s; ratio {:.2}", ours / plain);
}

#[test]
#[ignore = "a figure"]
fn measure_frames() {
    let figure = across(
        |told| async move {
            let mut there = Side::with_capacity(2, wide(), 1_024);
            told.send(there.listen().await).expect("somebody waits");
            let (session, ..) = there.authenticated().await;
            there.transport.open_stream(session);
            for _ in 0..FRAMES {
                there.frame().await;
            }
            there.transport.send(session, vec![1]).expect("there is room");
            there.closed().await;
        },
        async |address| {
            let mut here = Side::new(1, wide());
            here.dial(2, address, None).await;
            here.authenticated().await;
            here.transport.open_stream(2);
            let started = Instant::now();
            for _ in 0..FRAMES {
                while here.transport.send(2, vec![7; 100]).is_err() {
                    tokio::task::yield_now().await;
                }
            }
            here.frame().await;
            let figure = FRAMES as f64 / started.elapsed().as_secs_f64();
            here.transport.close(2, bitpie::transports::CloseReason::Local, "");
            here.closed().await;
            figure
        },
    );
    println!("frames of 100 octets, one way: {figure:.0} a second");
}

#[test]
#[ignore = "a figure"]
fn measure_idle_sessions() {
    let resident = || {
        let statm = std::fs::read_to_string("/proc/self/statm").expect("this is Linux");
        let pages: usize = statm.split(' ').nth(1).expect("the second field").parse().expect("a number");
        pages * 4_096
    };
    println!("descriptors: {:?}", raise_descriptor_limit());
    runtime().block_on(async {
        let (mut here, mut there) = (Side::new(1, wide()), Side::new(2, wide()));
        let address = there.listen().await;
        let before = resident();
        let started = Instant::now();
        for number in 1..=SESSIONS {
            here.dial(number * 2, address, None).await;
            here.authenticated().await;
            let (session, ..) = there.authenticated().await;
            here.transport.open_stream(number * 2);
            there.transport.open_stream(session);
            // Something has gone each way, as it has in any session.
            here.transport.send(number * 2, vec![1; 1_000]).expect("there is room");
            there.frame().await;
            there.transport.send(session, vec![1; 1_000]).expect("there is room");
            here.frame().await;
        }
        let each = (resident() - before) as f64 / (2 * SESSIONS) as f64 / 1_024.0;
        println!(
            "idle: {each:.1} KiB for each end of {SESSIONS} sessions; {:.0} sessions opened a second",
            SESSIONS as f64 / started.elapsed().as_secs_f64()
        );
        while let Ok(event) = here.events.try_recv() {
            assert!(!matches!(event, TransportEvent::Closed { .. }));
        }
    });
}
