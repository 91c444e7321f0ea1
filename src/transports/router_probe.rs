//! What a router does with what comes unasked.
//!
//! A Linux router without a firewall takes such a packet for its own, answers that nobody is there, and remembers the
//! flow. What its own host sends to that address afterwards leaves by another port, and so no hole is opened where the
//! other side looks for it. Whoever is behind such a router has to send first.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the rim: sockets and time-outs are its business"
)]

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::timeout;

/// How long an answer is waited for. Whoever is further away counts as silent.
const PATIENCE: Duration = Duration::from_millis(250);

/// Whether a packet from an address that nothing was ever sent to is answered by "nobody is there" (ICMP, which the
/// system tells as a refused connection).
pub async fn answers_what_is_unasked(at: SocketAddr) -> bool {
    timeout(PATIENCE, ask(at))
        .await
        .is_ok_and(|answer| answer.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused))
}

async fn ask(at: SocketAddr) -> io::Result<()> {
    let any: IpAddr = if at.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(at).await?;
    socket.send(&[0]).await?;
    socket.recv(&mut [0; 16]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_nobody_has_answers_and_one_that_somebody_has_is_silent() {
        let taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let at = taken.local_addr().expect("bound");
        assert!(!answers_what_is_unasked(at).await);
        drop(taken);
        assert!(answers_what_is_unasked(at).await);
    }
}
