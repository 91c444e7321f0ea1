//! STUN over TCP from the port at which a socket of ours listens, so that what the server sees is where others may reach
//! that socket.
//!
//! TCP has one socket for each connection, so another one has to share the port of the one that listens: both say
//! `SO_REUSEPORT`, the listening one only while the other is bound, for otherwise a second node would take the port and not
//! give way. What is seen is the mapping of a router for this connection. Routers that map each port to one outer port for
//! all (RFC 5382, REQ-1), and let everybody in by it, lead others to the socket that listens, as long as the connection is
//! there; others do not.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::stun::Asked;
use crate::stun::message::{HEADER_BYTES, MESSAGE_BYTES, length_of};

/// How long the connection and its answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the connection is held when it has been answered, unless the server ends it earlier.
const HELD: Duration = Duration::from_secs(30);

/// A socket at the port of another one, which listens.
#[derive(Debug)]
pub struct SharingSocket(TcpSocket);

/// Asks by such a socket; what came back. The connection is there as long as the second value.
///
/// # Errors
/// If there is no server, or it does not answer in time.
pub async fn ask_by(socket: SharingSocket, asked: Asked) -> io::Result<(Vec<u8>, HeldConnection)> {
    timeout(PATIENCE, async {
        let mut stream = socket.0.connect(asked.server).await?;
        stream.write_all(&asked.request()).await?;
        let mut message = vec![0; MESSAGE_BYTES];
        stream.read_exact(&mut message[..HEADER_BYTES]).await?;
        let header = message.first_chunk().expect("it is longer");
        let length = length_of(header).filter(|length| *length <= MESSAGE_BYTES);
        let length = length.ok_or_else(|| io::Error::other("this is not a STUN server"))?;
        stream.read_exact(&mut message[HEADER_BYTES..length]).await?;
        message.truncate(length);
        Ok((message, HeldConnection(stream)))
    })
    .await
    .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// A connection that is held for its mapping.
#[derive(Debug)]
pub struct HeldConnection(TcpStream);

impl HeldConnection {
    /// Holds it until the server ends it, half a minute at most.
    pub async fn hold(mut self) {
        let _ = timeout(HELD, self.0.read(&mut [0])).await;
    }
}

/// A socket at the port of another one, which listens, for a connection to that address.
///
/// # Errors
/// If the system does not let the port be shared.
pub fn sharing(listener: &TcpListener, to: SocketAddr) -> io::Result<SharingSocket> {
    let port = listener.local_addr()?.port();
    let from: SocketAddr = match to {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, port).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, port).into(),
    };
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    let listening = SockRef::from(listener);
    listening.set_reuse_port(true)?;
    let bound = socket.bind(&from.into());
    listening.set_reuse_port(false)?;
    bound?;
    Ok(SharingSocket(TcpSocket::from_std_stream(socket.into())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stun::{Carrier, Received, TransactionId, answer};

    fn listening() -> TcpListener {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("some port is free");
        listener.set_nonblocking(true).expect("it can wait");
        listener
    }

    #[tokio::test]
    async fn a_server_sees_the_port_that_listens_again_and_again_and_that_port_is_still_ours_alone() {
        let server = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("some port is free");
        let at = server.local_addr().expect("it is bound");
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut stream, from)) = server.accept().await {
                let mut request = vec![0; MESSAGE_BYTES];
                let length = stream.read(&mut request).await.expect("a request");
                let how = Received { carrier: Carrier::Tcp, from, at, other: None, other_port: None };
                let answer = answer(&request[..length], &how).expect("it is one");
                stream.write_all(&answer.bytes).await.expect("sent");
                kept.push(stream);
            }
        });
        let listener = listening();
        let address = listener.local_addr().expect("it is bound");
        let asked = Asked { id: TransactionId([7; 12]), server: at };
        let socket = sharing(&listener, at).expect("the port is shared");
        let (message, held) = ask_by(socket, asked).await.expect("an answer");
        let mapped = asked.read(at, &message).expect("it answers").mapped;
        assert_eq!(mapped, SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()));
        // The same connection cannot be there twice.
        assert!(ask_by(sharing(&listener, at).expect("the port is shared"), asked).await.is_err());
        // Another client reaches the socket that listens.
        TcpStream::connect(mapped).await.expect("it listens");
        let (_, came_from) = listener.accept().expect("it has come");
        assert!(came_from.ip().is_loopback());
        let error = TcpListener::bind(address).expect_err("a second node gives way");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        drop(held);
    }

    #[tokio::test]
    async fn where_no_server_is_there_is_an_error_and_no_waiting_without_end() {
        let nobody = listening().local_addr().expect("it is bound").port();
        let server = (Ipv4Addr::LOCALHOST, nobody).into();
        let socket = sharing(&listening(), server).expect("the port is shared");
        assert!(ask_by(socket, Asked { id: TransactionId([7; 12]), server }).await.is_err());
    }
}
