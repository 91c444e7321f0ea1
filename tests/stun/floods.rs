//! A server under a flood.

use std::net::UdpSocket;
use std::time::Instant;

use bitpie::stun::TransactionId;
use bitpie::stun::message::{Class, Message, Writer};

use super::{PATIENCE, server_at};

/// Answers at once to one network, and in a second, as `stun/rates.rs` has them.
const BURST: usize = 100;
const PER_SECOND: usize = 20;

fn socket(at: &str) -> UdpSocket {
    let socket = UdpSocket::bind((at, 0)).expect("some port is free");
    socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
    socket
}

fn request(number: u32) -> Vec<u8> {
    let mut id = [0; 12];
    id[..4].copy_from_slice(&number.to_be_bytes());
    Writer::new(Class::Request, TransactionId(id)).finish(false)
}

#[tokio::test]
async fn a_flood_is_answered_at_its_rate_and_others_are_answered_meanwhile() {
    let server = server_at("127.0.0.1");
    let to = server.address();
    tokio::task::spawn_blocking(move || {
        let (flood, other) = (socket("127.0.7.1"), socket("127.0.8.1"));
        let began = Instant::now();
        for round in 0..20 {
            for number in 0..100 {
                flood.send_to(&request(round * 100 + number), to).expect("sent");
            }
            flood.send_to(&[0x40; 1_200], to).expect("sent");
            // The system delivers in order, so once this is answered the server is through with all before.
            other.send_to(&request(round), to).expect("sent");
            let mut buffer = [0; 256];
            let (length, from) = other.recv_from(&mut buffer).expect("answered");
            assert_eq!(from, to);
            let answer = Message::read(&buffer[..length]).expect("it is whole");
            assert_eq!(answer.xor_mapped(), other.local_addr().ok());
        }
        let seconds = usize::try_from(began.elapsed().as_secs()).expect("it is short") + 1;
        flood.set_nonblocking(true).expect("a socket");
        let mut buffer = [0; 256];
        let answered = std::iter::from_fn(|| flood.recv_from(&mut buffer).ok()).count();
        assert!((1..=BURST + PER_SECOND * seconds).contains(&answered), "{answered} in {seconds} s");
    })
    .await
    .expect("it does not panic");
}
