//! Bulk streams beside the control stream.

use std::io::ErrorKind;

use bitpie::transports::CloseReason;
use bitpie::transports::Transport as _;
use bitpie::transports::{BulkStream, IncomingBulk, Limits, OpenBulkError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::sides::{DEADLINE, Pair, pair, wide};

async fn next(incoming: &mut mpsc::Receiver<IncomingBulk>) -> IncomingBulk {
    timeout(DEADLINE, incoming.recv()).await.expect("a stream comes in time").expect("the transport is there")
}

/// Bytes that are not the same anywhere.
fn bytes(count: u32) -> Vec<u8> {
    (0..count / 4).flat_map(|index| index.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

#[tokio::test]
async fn bytes_arrive_whole_while_frames_go_by() {
    let Pair { here, mut there, here_session, there_session } = pair(wide(), wide()).await;
    let mut incoming = there.transport.incoming_bulk();
    let mut opened = here.transport.open_bulk(here_session).await.expect("a stream");
    let taken = next(&mut incoming).await;
    assert_eq!((taken.session, taken.peer), (there_session, here.id()));
    let all = bytes(8 * 1_048_576);
    let (mut from_there, mut to_there) = tokio::io::split(opened);
    let (mut from_here, mut to_here) = tokio::io::split(taken.stream);
    let send = async {
        to_there.write_all(&all).await.expect("it is taken");
        to_there.shutdown().await.expect("it ends");
    };
    let send_back = async {
        to_here.write_all(&all).await.expect("it is taken");
        to_here.shutdown().await.expect("it ends");
    };
    let frames = async {
        for index in 0..200u8 {
            here.transport.send(here_session, vec![index]).expect("there is room");
            assert_eq!(there.frame().await, [index]);
        }
    };
    let (mut there_got, mut here_got) = (Vec::new(), Vec::new());
    let (.., read_there, read_here) = timeout(DEADLINE, async {
        tokio::join!(
            send,
            send_back,
            frames,
            from_here.read_to_end(&mut there_got),
            from_there.read_to_end(&mut here_got)
        )
    })
    .await
    .expect("it is done in time");
    read_there.expect("it is whole");
    read_here.expect("it is whole");
    assert!(there_got == all && here_got == all);
    opened = from_there.unsplit(to_there);
    drop(opened);
}

#[tokio::test]
async fn a_reader_that_does_not_read_holds_back_only_its_own_stream() {
    let Pair { here, mut there, here_session, .. } = pair(wide(), wide()).await;
    let mut incoming = there.transport.incoming_bulk();
    let mut stuck = here.transport.open_bulk(here_session).await.expect("a stream");
    let not_read = next(&mut incoming).await;
    let filling = tokio::spawn(async move {
        let mut bytes = 0usize;
        while let Ok(written) = stuck.write(&[0; 65_536]).await {
            bytes += written;
        }
        bytes
    });
    let mut other = here.transport.open_bulk(here_session).await.expect("a stream");
    let mut read = next(&mut incoming).await.stream;
    other.write_all(b"through").await.expect("it is taken");
    let mut got = [0; 7];
    timeout(DEADLINE, read.read_exact(&mut got)).await.expect("in time").expect("it is there");
    assert_eq!(&got, b"through");
    here.transport.send(here_session, vec![3]).expect("there is room");
    assert_eq!(there.frame().await, [3]);
    assert!(!filling.is_finished());
    drop(not_read);
    let bytes = timeout(DEADLINE, filling).await.expect("the writer learns it").expect("it ends");
    assert!(bytes < 4 * 1_048_576, "{bytes}");
}

#[tokio::test]
async fn a_stream_that_is_cut_off_does_not_look_complete() {
    for by_session in [false, true] {
        let Pair { here, there, here_session, .. } = pair(wide(), wide()).await;
        let mut incoming = there.transport.incoming_bulk();
        let mut opened = here.transport.open_bulk(here_session).await.expect("a stream");
        opened.write_all(b"a part").await.expect("it is taken");
        let mut taken = next(&mut incoming).await.stream;
        let mut part = [0; 6];
        timeout(DEADLINE, taken.read_exact(&mut part)).await.expect("in time").expect("it is there");
        if by_session {
            here.transport.close(here_session, CloseReason::Local, "".to_owned());
        } else {
            drop(opened);
        }
        let read = timeout(DEADLINE, taken.read(&mut part)).await.expect("it ends in time");
        assert_eq!(read.expect_err("it is not complete").kind(), ErrorKind::ConnectionReset, "{by_session}");
    }
}

#[tokio::test]
async fn there_are_no_more_streams_than_there_may_be() {
    let Pair { here, there, here_session, there_session } = pair(wide(), wide()).await;
    let mut incoming = there.transport.incoming_bulk();
    let _back = here.transport.incoming_bulk();
    let mut streams: Vec<BulkStream> = Vec::new();
    for _ in 0..8 {
        streams.push(here.transport.open_bulk(here_session).await.expect("a stream"));
    }
    let refused = here.transport.open_bulk(here_session).await.map(|_| ());
    assert_eq!(refused, Err(OpenBulkError::TooMany { limit: 8 }));
    // The other side has as many of its own.
    there.transport.open_bulk(there_session).await.expect("a stream");
    // Many more, one after the other; those that are done with do not count.
    let mut taken = Vec::new();
    for _ in 0..8 {
        taken.push(next(&mut incoming).await);
    }
    streams.clear();
    taken.clear();
    for _ in 0..300 {
        let stream = here.transport.open_bulk(here_session).await.expect("a stream");
        next(&mut incoming).await;
        drop(stream);
    }
    assert_eq!(here.transport.open_bulk(1_000).await.map(|_| ()), Err(OpenBulkError::Closed));
}

#[tokio::test]
async fn streams_that_nobody_takes_are_refused_and_the_session_goes_on() {
    for (limits, takes) in [(wide(), false), (Limits { bulk_streams: 0, ..wide() }, true)] {
        let Pair { here, mut there, here_session, .. } = pair(wide(), limits).await;
        let _incoming = takes.then(|| there.transport.incoming_bulk());
        let mut stream = here.transport.open_bulk(here_session).await.expect("it does not know yet");
        let read = timeout(DEADLINE, stream.read(&mut [0])).await.expect("it learns it in time");
        assert_eq!(read.expect_err("it is refused").kind(), ErrorKind::ConnectionReset);
        here.transport.send(here_session, vec![1]).expect("there is room");
        assert_eq!(there.frame().await, [1]);
    }
}
