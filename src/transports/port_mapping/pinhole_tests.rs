//! Pinholes, against a router of the test at `::1`.

use std::net::{Ipv6Addr, SocketAddr};
use std::sync::{Mutex as StdMutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

use super::*;

/// What a router has heard, in words.
#[derive(Clone, Default)]
struct Heard(Arc<StdMutex<Vec<String>>>);

impl Heard {
    fn note(&self, what: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

const LOCAL: Ipv6Addr = Ipv6Addr::LOCALHOST;

async fn socket() -> (UdpSocket, u16) {
    let socket = UdpSocket::bind((LOCAL, 0)).await.expect("some port is free");
    let port = socket.local_addr().expect("it is bound").port();
    (socket, port)
}

/// A router that speaks nothing at these ports.
async fn deaf() -> Way6 {
    let ((_, pcp_port), (_, ssdp_port)) = (socket().await, socket().await);
    Way6 { gateway: LOCAL, scope_id: 0, pcp_port, ssdp_port }
}

/// A router that opens pinholes by PCP, for so many seconds.
async fn by_pcp(lifetime_s: u32) -> (Way6, Heard) {
    let (socket, pcp_port) = socket().await;
    let heard = Heard::default();
    let hears = heard.clone();
    tokio::spawn(async move {
        let mut request = [0; 60];
        while let Ok((60, from)) = socket.recv_from(&mut request).await {
            let asked_s = u32::from_be_bytes(request[4..8].try_into().expect("four bytes"));
            let port = u16::from_be_bytes(request[40..42].try_into().expect("two bytes"));
            assert_eq!(SocketAddr::from((<[u8; 16]>::try_from(&request[8..24]).expect("16 bytes"), 0)).ip(), from.ip());
            hears.note(format!("{asked_s} s for {port} of {} by {:02x?}", request[36], &request[24..36]));
            let mut answer = request;
            answer[1] = 0x81;
            answer[4..8].copy_from_slice(&asked_s.min(lifetime_s).to_be_bytes());
            answer[8..24].fill(0);
            let _ = socket.send_to(&answer, from).await;
        }
    });
    (Way6 { pcp_port, ..deaf().await }, heard)
}

const DESCRIPTION: &str = "<root><service><serviceType>urn:schemas-upnp-org:service:WANIPv6FirewallControl:1\
    </serviceType><controlURL>/ctl</controlURL></service></root>";

/// A router that opens pinholes by UPnP; it refuses these actions.
async fn by_upnp(refuses: &'static [&'static str]) -> (Way6, Heard) {
    let (discovery, ssdp_port) = socket().await;
    let server = TcpListener::bind((LOCAL, 0)).await.expect("some port is free");
    let at = server.local_addr().expect("it is bound");
    let heard = Heard::default();
    let hears = heard.clone();
    tokio::spawn(async move {
        let mut request = [0; 1_500];
        while let Ok((length, from)) = discovery.recv_from(&mut request).await {
            assert!(request[..length].starts_with(b"M-SEARCH * HTTP/1.1\r\n"));
            let answer = format!("HTTP/1.1 200 OK\r\nST: x\r\nLOCATION: http://{at}/root.xml\r\n\r\n");
            let _ = discovery.send_to(answer.as_bytes(), from).await;
        }
    });
    tokio::spawn(async move {
        let mut number = 100;
        while let Ok((mut connection, _)) = server.accept().await {
            let request = request(&mut connection).await;
            let (status, body) = match request.split_once("#") {
                None => ("200 OK", DESCRIPTION.to_owned()),
                Some((_, action)) => {
                    let name: String = action.chars().take_while(char::is_ascii_alphabetic).collect();
                    let values = request.split_once("<u:").map_or("", |(_, body)| body);
                    hears.note(format!("{name} {}", values_of(values)));
                    if refuses.contains(&name.as_str()) {
                        ("500 Internal Server Error", "<errorCode>704</errorCode>".to_owned())
                    } else {
                        number += 1;
                        ("200 OK", format!("<UniqueID>{number}</UniqueID>"))
                    }
                }
            };
            let answer = format!("HTTP/1.0 {status}\r\nContent-Type: text/xml\r\n\r\n{body}");
            let _ = connection.write_all(answer.as_bytes()).await;
        }
    });
    (Way6 { ssdp_port, ..deaf().await }, heard)
}

/// A request, whole.
async fn request(connection: &mut tokio::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a number")) {
                return text;
            }
        }
        let mut buffer = [0; 2_000];
        let length = connection.read(&mut buffer).await.expect("it is whole");
        assert_ne!(length, 0, "it ends early: {text}");
        bytes.extend(&buffer[..length]);
    }
}

/// What stands between the tags, apart from those that hold others.
fn values_of(text: &str) -> String {
    let parts = text.split('<').filter(|part| !part.starts_with('/')).filter_map(|part| part.split_once('>'));
    parts.map(|(_, value)| value.trim()).filter(|value| !value.is_empty()).collect::<Vec<_>>().join(" ")
}

fn wish() -> Wish {
    Wish {
        protocol: IpProtocol::Udp,
        listens_at: (Ipv6Addr::UNSPECIFIED, 7772).into(),
        lifetime: Duration::from_secs(3_600),
        maps_ipv4: false,
        pinholes: vec![LOCAL],
    }
}

fn ways(way: Way6) -> Ways {
    Ways { ipv4: None, ipv6: Some(way) }
}

fn opened(lifetime_s: u64, protocol: MappingProtocol) -> Mapped {
    let pinholes = vec![(LOCAL, 7772).into()];
    Mapped { external: None, pinholes, lifetime: Duration::from_secs(lifetime_s), protocol, missing: None }
}

#[tokio::test]
async fn a_pinhole_is_opened_renewed_and_closed_by_pcp() {
    let (way, heard) = by_pcp(600).await;
    let (mut mapper, udp) = (PortMapper::default(), crate::name::udp_name());
    for _ in 0..2 {
        let answer = mapper.request_by(&udp, wish(), || ways(way)).await;
        assert_eq!(answer, Some(Ok(opened(600, MappingProtocol::Pcp))));
    }
    mapper.remove(&udp).await;
    mapper.remove(&udp).await;
    let [made, renewed, closed] = &heard.all()[..] else { panic!("{:?}", heard.all()) };
    assert!(made.starts_with("3600 s for 7772 of 17 by "), "{made}");
    assert_eq!(made, renewed, "the nonce says that it is the same");
    assert_eq!(*closed, made.replace("3600 s", "0 s"));
}

#[tokio::test]
async fn where_pcp_is_not_spoken_it_is_done_by_upnp() {
    let (way, heard) = by_upnp(&[]).await;
    let (mut mapper, udp) = (PortMapper::default(), crate::name::udp_name());
    for _ in 0..2 {
        let answer = mapper.request_by(&udp, wish(), || ways(way)).await;
        assert_eq!(answer, Some(Ok(opened(3_600, MappingProtocol::Upnp))));
    }
    mapper.remove(&udp).await;
    assert_eq!(heard.all(), ["AddPinhole 0 ::1 7772 17 3600", "UpdatePinhole 101 3600", "DeletePinhole 101"]);
}

#[tokio::test]
async fn a_pinhole_that_is_gone_is_opened_once_more() {
    let (way, heard) = by_upnp(&["UpdatePinhole"]).await;
    let (mut mapper, udp) = (PortMapper::default(), crate::name::udp_name());
    for _ in 0..2 {
        assert!(matches!(mapper.request_by(&udp, wish(), || ways(way)).await, Some(Ok(_))));
    }
    let actions: Vec<String> = heard.all().iter().map(|it| it.split(' ').next().unwrap_or("").to_owned()).collect();
    assert_eq!(actions, ["AddPinhole", "UpdatePinhole", "AddPinhole"]);
    mapper.remove(&udp).await;
    assert_eq!(heard.all().last().map(String::as_str), Some("DeletePinhole 102"), "the one that there is");
}

#[tokio::test]
async fn what_cannot_be_had_is_told_beside_what_can() {
    let (way, _) = by_pcp(600).await;
    let (mut mapper, udp) = (PortMapper::default(), crate::name::udp_name());
    let both = || Wish { maps_ipv4: true, ..wish() };
    let here = Some(Way { gateway: [10, 0, 0, 1].into(), local: [10, 0, 0, 2].into() });
    // IPv4 listens elsewhere, so nobody is asked.
    let elsewhere = Wish { listens_at: (Ipv6Addr::LOCALHOST, 7772).into(), ..both() };
    let answer = mapper.request_by(&udp, elsewhere, || Ways { ipv4: here, ipv6: Some(way) }).await;
    let Some(Ok(Mapped { external: None, pinholes, missing: Some(why), .. })) = answer else { panic!("{answer:?}") };
    assert_eq!(pinholes, [(LOCAL, 7772).into()]);
    assert!(why.contains("does not listen on the side of the router"), "{why}");
}

#[tokio::test]
async fn a_router_that_is_deaf_is_told_in_a_sentence() {
    let (mut mapper, udp) = (PortMapper::default(), crate::name::udp_name());
    let way = deaf().await;
    let answer = mapper.request_by(&udp, wish(), || ways(way)).await;
    assert_eq!(answer, Some(Err("the router ::1 does not open pinholes for IPv6 (PCP, UPnP tried)".to_owned())));
    let answer = mapper.request_by(&udp, wish(), Ways::default).await;
    assert_eq!(answer, Some(Err("this machine has no router for IPv6".to_owned())));
}
