//! Tests what the router in front of us lets in, with the help of a server that answers from elsewhere (RFC 5780, section
//! 4.4). Each test has a new socket, which has sent nothing to where the answer is to come from.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep, timeout_at};

use crate::stun::message::MESSAGE_BYTES;
use crate::stun::{Answered, Asked, Elsewhere, FilteringTest, TransactionId, Unbelievable};

/// How long an answer is waited for after each request. What gets lost three times in a row counts as kept out.
const WAITS: [Duration; 3] = [Duration::from_millis(500), Duration::from_millis(1_000), Duration::from_millis(1_500)];

/// How long to wait when a socket cannot be read.
const PAUSE: Duration = Duration::from_millis(50);

/// What one question has led to.
enum Outcome {
    Came(Answered),
    /// The server cannot do that.
    Refused,
    Nothing,
}

/// Asks the server from a new socket, and then for answers from elsewhere. Says the socket's address here, and what came
/// in; nothing if the server does not answer at all.
pub(super) async fn test(
    server: SocketAddr,
    ids: [TransactionId; 3],
) -> io::Result<Option<(SocketAddr, FilteringTest)>> {
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    let towards = std::net::UdpSocket::bind((any, 0))?;
    towards.connect(server)?;
    let local = SocketAddr::new(towards.local_addr()?.ip(), socket.local_addr()?.port());
    let [plain, address, port] = ids.map(|id| Asked { id, server });
    let Outcome::Came(answered) = ask(&socket, server, &plain.request(), |from, bytes| plain.read(from, bytes)).await?
    else {
        return Ok(None);
    };
    let from_elsewhere = async |asked: Asked, elsewhere| {
        ask(&socket, server, &asked.request_from(elsewhere), |from, bytes| asked.read_from(elsewhere, from, bytes))
            .await
    };
    let from_address = match answered.other {
        Some(_) => from_elsewhere(address, Elsewhere::AddressAndPort).await?,
        None => Outcome::Refused,
    };
    let result = match from_address {
        Outcome::Came(_) => FilteringTest::EndpointIndependent,
        tried => match (from_elsewhere(port, Elsewhere::Port).await?, tried) {
            (Outcome::Came(_), Outcome::Nothing) => FilteringTest::AddressDependent,
            (Outcome::Came(_), _) => FilteringTest::NotPortDependent,
            (Outcome::Refused, _) => FilteringTest::Impossible,
            (Outcome::Nothing, _) => FilteringTest::AddressAndPortDependent,
        },
    };
    Ok(Some((local, result)))
}

/// Sends a request until something comes that answers it.
async fn ask(
    socket: &UdpSocket,
    server: SocketAddr,
    request: &[u8],
    read: impl Fn(SocketAddr, &[u8]) -> Result<Answered, Unbelievable>,
) -> io::Result<Outcome> {
    let mut buffer = vec![0; MESSAGE_BYTES + 1];
    for wait in WAITS {
        socket.send_to(request, server).await?;
        let until = Instant::now() + wait;
        // A port that nobody has is an error of the next receive; the silence after it says the same.
        while let Ok(received) = timeout_at(until, socket.recv_from(&mut buffer)).await {
            let Ok((length, from)) = received else {
                sleep(PAUSE).await;
                continue;
            };
            match read(from, &buffer[..length]) {
                Ok(answered) => return Ok(Outcome::Came(answered)),
                Err(Unbelievable::Refused { .. }) => return Ok(Outcome::Refused),
                Err(_) => {}
            }
        }
    }
    Ok(Outcome::Nothing)
}
