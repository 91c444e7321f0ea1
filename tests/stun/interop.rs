//! STUN of others: coturn's clients ask our server, and our clients ask coturn's. `cargo xtask interop stun` runs it.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bitpie::transports::stun::{Place, StunEvent, StunServer};
use tokio::time::timeout;

use super::{PATIENCE, clients, ids, ip, peer, seen, server_at};

/// A program that ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a program of coturn says, both streams together.
async fn said(program: &str, arguments: &[&str]) -> String {
    println!("$ {program} {}", arguments.join(" "));
    // The clients of coturn wait for ever for what does not come.
    let mut command = Command::new("timeout");
    command.arg(PATIENCE.as_secs().to_string()).arg(program).args(arguments).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it does not panic");
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    println!("{said}");
    said
}

#[tokio::test]
#[ignore = "`cargo xtask interop` looks for coturn and runs it"]
async fn coturn_asks_and_answers() {
    println!();
    let plain = server_at("127.0.4.1");
    let port = plain.address().port().to_string();
    let address = said("turnutils_stunclient", &["-p", &port, "127.0.4.1"]).await;
    assert!(address.contains("UDP reflexive addr: 127.0.0.1:"), "an address");

    // Of a server with two addresses `turnutils_stunclient` wants answers to other ports, which nobody gets of us.
    let place = Place { at: SocketAddr::new(ip("127.0.4.1"), 0), other: Some(ip("127.0.5.1")) };
    let server = StunServer::open(place, seen(), || 7).expect("some port is free");
    let port = server.address().port().to_string();
    let mapping = said("turnutils_natdiscovery", &["-m", "-p", &port, "127.0.4.1"]).await;
    assert!(mapping.contains("Endpoint Independent Mapping") || mapping.contains("No NAT"), "what loopback does");
    let filtering = said("turnutils_natdiscovery", &["-f", "-p", &port, "127.0.4.1"]).await;
    assert!(filtering.contains("Endpoint Independent Filtering"), "answers come from all four addresses");
    let padded = said("turnutils_natdiscovery", &["-m", "-P", "-p", &port, "127.0.4.1"]).await;
    assert!(padded.contains("Endpoint Independent Mapping") || padded.contains("No NAT"), "with 1500 bytes too");

    // The other way round.
    let theirs = std::net::UdpSocket::bind("127.0.6.1:0").expect("some port is free");
    let at = theirs.local_addr().expect("it is bound");
    drop(theirs);
    let port = at.port().to_string();
    let arguments =
        ["-n", "--stun-only", "--no-tls", "--no-dtls", "--no-cli", "--log-file=stdout", "-L", "127.0.6.1", "-p"];
    println!("$ turnserver {} {port}", arguments.join(" "));
    let mut turnserver = Command::new("turnserver");
    turnserver.args(arguments).arg(&port).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _turnserver = Ended(turnserver.spawn().expect("it can be run"));
    let (mut clients, mut events) = clients();
    let began = Instant::now();
    clients.ask(peer(1), at, ids(1), |_, _| None).expect("asked");
    let event = loop {
        // It takes its time to listen; what it does not hear is sent again.
        match timeout(Duration::from_millis(200), events.recv()).await {
            Ok(event) => break event.expect("the clients are there"),
            Err(_) if began.elapsed() < PATIENCE => clients.ask_again(&peer(1), |_, _| None),
            Err(_) => panic!("turnserver does not answer"),
        }
    };
    println!("turnserver answers: {event:?}");
    assert!(matches!(event, StunEvent::Answered { local, mapped, .. } if local == mapped), "{event:?}");
}
