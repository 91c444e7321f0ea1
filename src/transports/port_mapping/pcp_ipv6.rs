//! PCP (RFC 6887) for an address of IPv6, where nothing is translated and a firewall lets in what is mapped (section
//! 11.2). The request has to come from the address that it is for (section 8.1), and `crab_nat` leaves that to the
//! system, which would take a link-local one towards a router that has one.

use std::io::ErrorKind;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::gateway::Way6;
use super::protocol::IpProtocol;
use super::terms::Unmapped;

/// How long an answer is waited for after each request.
const WAITS: [Duration; 3] = [Duration::from_millis(250), Duration::from_millis(500), Duration::from_millis(1_000)];

/// Bytes of a request to map, and of its answer if that has no options (sections 7.1, 7.2 and 11.1).
const BYTES: usize = 60;

/// Bytes of any answer, at most (section 7).
const ANSWER_BYTES: usize = 1_100;

/// By which the router knows that a later request is for the same mapping.
pub(super) type Nonce = [u8; 12];

/// Has what comes to that address and port let in for so many seconds; 0 ends it. Says for how long it is.
pub(super) async fn map(
    way: Way6,
    protocol: IpProtocol,
    local: SocketAddrV6,
    lifetime_s: u32,
    nonce: Nonce,
) -> Result<Duration, Unmapped> {
    let socket = UdpSocket::bind(SocketAddr::from((*local.ip(), 0))).await.map_err(|_| Unmapped::Elsewhere)?;
    socket.connect(way.at(way.pcp_port)).await.map_err(|_| Unmapped::Silent)?;
    let request = request(protocol, local, lifetime_s, nonce);
    let mut buffer = [0; ANSWER_BYTES];
    for wait in WAITS {
        match socket.send(&request).await {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Err(Unmapped::Unable),
            Err(_) => return Err(Unmapped::Silent),
            Ok(_) => {}
        }
        let answer = timeout(wait, async {
            loop {
                let length = socket.recv(&mut buffer).await?;
                // What belongs to something else is passed over.
                if let Some(answer) = read(&buffer[..length], &request) {
                    return Ok::<_, std::io::Error>(answer);
                }
            }
        });
        match answer.await {
            Ok(Ok(answer)) => return answer,
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => return Err(Unmapped::Unable),
            Ok(Err(_)) => return Err(Unmapped::Silent),
            Err(_) => {}
        }
    }
    Err(Unmapped::Silent)
}

/// The request: header (section 7.1), and the opcode MAP (section 11.1), which suggests that nothing is translated.
fn request(protocol: IpProtocol, local: SocketAddrV6, lifetime_s: u32, nonce: Nonce) -> [u8; BYTES] {
    let mut request = [0; BYTES];
    (request[0], request[1]) = (2, 1);
    request[4..8].copy_from_slice(&lifetime_s.to_be_bytes());
    request[8..24].copy_from_slice(&local.ip().octets());
    request[24..36].copy_from_slice(&nonce);
    request[36] = protocol.number();
    request[40..42].copy_from_slice(&local.port().to_be_bytes());
    request[42..44].copy_from_slice(&local.port().to_be_bytes());
    request[44..60].copy_from_slice(&local.ip().octets());
    request
}

/// What a router has answered to that request; nothing if it answers something else.
fn read(answer: &[u8], request: &[u8; BYTES]) -> Option<Result<Duration, Unmapped>> {
    // NAT-PMP alone is spoken there, and it says that it does not know this version (RFC 6886, section 3.5).
    if let [0, _, 0, 1, ..] = answer {
        return Some(Err(Unmapped::Unable));
    }
    let is_answer = answer.len() >= 24 && answer.len().is_multiple_of(4) && answer[0] == 2 && answer[1] == 0x81;
    if !is_answer {
        return None;
    }
    // Nonce, protocol and internal port have to be those of the request. An error may come without them.
    let is_ours = answer.len() >= BYTES && answer[24..42] == request[24..42];
    if answer[3] != 0 {
        return Some(Err(refusal(answer[3]))).filter(|_| is_ours || answer.len() < BYTES);
    }
    if !is_ours {
        return None;
    }
    let lifetime_s = u32::from_be_bytes(answer[4..8].try_into().ok()?);
    let outer: [u8; 16] = answer[44..60].try_into().ok()?;
    let is_removal = request[4..8] == [0; 4];
    // A prefix that is translated (RFC 6296) would be another address, which nobody here could tell others of.
    if !is_removal && (answer[42..44] != request[42..44] || Ipv6Addr::from(outer).octets() != request[44..60]) {
        return Some(Err(Unmapped::Between));
    }
    Some(Ok(Duration::from_secs(lifetime_s.into())))
}

/// Why it refuses (section 7.4).
fn refusal(code: u8) -> Unmapped {
    match code {
        1 | 4 | 9 => Unmapped::Unable,
        2 => Unmapped::Forbidden,
        7 => Unmapped::Cut,
        8 | 10 | 11 => Unmapped::Full,
        12 => Unmapped::Between,
        _ => Unmapped::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked() -> [u8; BYTES] {
        let local = SocketAddrV6::new("2600::5".parse().expect("an address"), 7_772, 0, 0);
        request(IpProtocol::Udp, local, 3_600, [7; 12])
    }

    fn answer(request: &[u8; BYTES]) -> Vec<u8> {
        let mut answer = request.to_vec();
        answer[1] = 0x81;
        answer[4..8].copy_from_slice(&120_u32.to_be_bytes());
        answer[8..24].fill(0);
        answer
    }

    #[test]
    fn an_answer_counts_if_it_is_to_this_request_and_opens_this_port() {
        let asked = asked();
        assert_eq!(read(&answer(&asked), &asked), Some(Ok(Duration::from_secs(120))));
        for (place, expected) in [
            (0, None),
            (1, None),
            (24, None),
            (36, None),
            (41, None),
            (43, Some(Err(Unmapped::Between))),
            (59, Some(Err(Unmapped::Between))),
        ] {
            let mut other = answer(&asked);
            other[place] ^= 1;
            assert_eq!(read(&other, &asked), expected, "byte {place}");
        }
        for length in 0..BYTES {
            assert_eq!(read(&answer(&asked)[..length], &asked), None, "{length} bytes");
        }
    }

    #[test]
    fn a_router_says_why_it_refuses() {
        let asked = asked();
        for (code, why) in
            [(2, Unmapped::Forbidden), (8, Unmapped::Full), (12, Unmapped::Between), (99, Unmapped::Unclear)]
        {
            let mut refused = answer(&asked);
            refused[3] = code;
            assert_eq!(read(&refused, &asked), Some(Err(why)));
            assert_eq!(read(&refused[..24], &asked), Some(Err(why)), "without what was asked");
            refused[24] ^= 1;
            assert_eq!(read(&refused, &asked), None, "it was asked something else");
        }
        assert_eq!(read(&[0, 0x80, 0, 1, 0, 0, 0, 9], &asked), Some(Err(Unmapped::Unable)), "it speaks NAT-PMP");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_fall_over(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let _ = read(&bytes, &asked());
        }
    }
}
