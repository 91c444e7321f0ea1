//! Against a router of the test, at an address of loopback of its own; UPnP is tested in `tests/network_faults`.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex as StdMutex, PoisonError};
use std::time::Instant;

use tokio::net::UdpSocket;

use super::*;

/// What a router answers to a request.
type Answer = fn(&[u8]) -> Vec<u8>;

/// What a router has heard.
type Heard = Arc<StdMutex<Vec<Vec<u8>>>>;

/// A router at an address of loopback that only this test has, which answers what the function says.
async fn router(mut answer: impl FnMut(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> (Way, Heard) {
    static TAKEN: AtomicU8 = AtomicU8::new(1);
    let gateway = Ipv4Addr::new(127, 77, process_byte(), TAKEN.fetch_add(1, Ordering::Relaxed));
    let socket = UdpSocket::bind((gateway, crab_nat::GATEWAY_PORT)).await.expect("all of 127.0.0.0/8 is loopback");
    let heard = Heard::default();
    let hears = Arc::clone(&heard);
    tokio::spawn(async move {
        let mut buffer = [0; 2_000];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let request = buffer[..length].to_vec();
            let answer = answer(&request);
            hears.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            if let Some(answer) = answer {
                let _ = socket.send_to(&answer, from).await;
            }
        }
    });
    (Way { gateway, local: Ipv4Addr::LOCALHOST }, heard)
}

/// Two runs of these tests side by side do not meet.
fn process_byte() -> u8 {
    u8::try_from(std::process::id() % 251).expect("it is below 251") + 1
}

fn heard(heard: &Heard) -> Vec<Vec<u8>> {
    heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn wish() -> Wish {
    let listens_at = (Ipv4Addr::UNSPECIFIED, 7771).into();
    let lifetime = Duration::from_secs(3_600);
    Wish { protocol: IpProtocol::Tcp, listens_at, lifetime, maps_ipv4: true, pinholes: Vec::new() }
}

fn by(way: Way) -> Ways {
    Ways { ipv4: Some(way), ipv6: None }
}

/// The answer to a request of PCP to map (RFC 6887, sections 7.2 and 11.1): that port, at that address, for so long.
fn pcp_answer(request: &[u8], lifetime_s: u32, ip: Ipv4Addr, port: u16) -> Vec<u8> {
    let mut answer = vec![2, 0x81, 0, 0];
    answer.extend(lifetime_s.to_be_bytes());
    answer.extend([0; 16]);
    // Nonce, protocol and internal port as they were asked for.
    answer.extend(&request[24..42]);
    answer.extend(port.to_be_bytes());
    answer.extend(ip.to_ipv6_mapped().octets());
    answer
}

/// The answers of NAT-PMP (RFC 6886, sections 3.2 and 3.3); to a request of PCP, that its version is not known.
fn nat_pmp_answer(request: &[u8], lifetime_s: u32, ip: Ipv4Addr, port: u16) -> Vec<u8> {
    match request {
        [0, 0] => [&[0, 0x80, 0, 0, 0, 0, 0, 9][..], &ip.octets()].concat(),
        [0, operation, _, _, high, low, _, _, asked_s @ ..] => {
            let is_removal = asked_s == [0; 4];
            let (port, lifetime_s) = if is_removal { (0, 0) } else { (port, lifetime_s) };
            let head = [0, operation | 0x80, 0, 0, 0, 0, 0, 9, *high, *low];
            [&head[..], &port.to_be_bytes(), &lifetime_s.to_be_bytes()].concat()
        }
        _ => vec![0, 0x80, 0, 1, 0, 0, 0, 9],
    }
}

const OUTSIDE: Ipv4Addr = Ipv4Addr::new(8, 8, 4, 4);

#[tokio::test]
async fn a_port_is_mapped_renewed_and_removed_by_pcp() {
    let (way, told) = router(|request| {
        let lifetime_s = u32::from_be_bytes(request[4..8].try_into().expect("four bytes"));
        Some(pcp_answer(request, lifetime_s.min(120), OUTSIDE, 40_001))
    })
    .await;
    let (mut mapper, tcp) = (PortMapper::default(), crate::name::tcp_name());
    let wanted = Mapped {
        external: Some((OUTSIDE, 40_001).into()),
        pinholes: Vec::new(),
        missing: None,
        lifetime: Duration::from_secs(120),
        protocol: MappingProtocol::Pcp,
    };
    for _ in 0..2 {
        assert_eq!(mapper.request_by(&tcp, wish(), || by(way)).await, Some(Ok(wanted.clone())));
    }
    mapper.remove(&tcp).await;
    let [made, renewed, removed] = &heard(&told)[..] else { panic!("{:?}", heard(&told)) };
    assert_eq!(made[24..36], renewed[24..36], "the nonce says that it is the same mapping");
    assert_eq!(made[24..36], removed[24..36]);
    assert_eq!([&made[4..8], &renewed[4..8], &removed[4..8]].map(|it| it[2..] != [0, 0]), [true, true, false]);
    assert_eq!(renewed[42..44], 40_001_u16.to_be_bytes(), "the port that it has is asked for again");
    mapper.remove(&tcp).await;
    assert_eq!(heard(&told).len(), 3, "what is removed is removed once");
}

#[tokio::test]
async fn a_router_of_the_older_protocol_is_asked_in_it() {
    let (way, told) = router(|request| Some(nat_pmp_answer(request, 60, OUTSIDE, 7_771))).await;
    let (mut mapper, tcp) = (PortMapper::default(), crate::name::tcp_name());
    let wanted = Mapped {
        external: Some((OUTSIDE, 7_771).into()),
        pinholes: Vec::new(),
        missing: None,
        lifetime: Duration::from_secs(60),
        protocol: MappingProtocol::NatPmp,
    };
    for _ in 0..2 {
        assert_eq!(mapper.request_by(&tcp, wish(), || by(way)).await, Some(Ok(wanted.clone())));
    }
    let of_pcp = heard(&told).iter().filter(|request| request[0] == 2).count();
    assert_eq!(of_pcp, 1, "a mapping is renewed as it was made");
    mapper.remove(&tcp).await;
    let last = heard(&told).pop().expect("it was told");
    assert_eq!(last, [0, 2, 0, 0, 30, 91, 0, 0, 0, 0, 0, 0], "port 7771, and no lifetime");
}

#[tokio::test]
async fn what_a_router_makes_up_is_not_believed() {
    let answers: [(&str, Answer); 6] = [
        ("no address", |request| pcp_answer(request, 60, Ipv4Addr::UNSPECIFIED, 1)),
        ("loopback", |request| pcp_answer(request, 60, Ipv4Addr::LOCALHOST, 1)),
        ("port 0", |request| pcp_answer(request, 60, OUTSIDE, 0)),
        ("another nonce", |request| {
            let mut answer = pcp_answer(request, 60, OUTSIDE, 1);
            answer[24] ^= 1;
            answer
        }),
        ("cut off", |request| pcp_answer(request, 60, OUTSIDE, 1)[..33].to_vec()),
        ("too long", |_| vec![0xff; 1_999]),
    ];
    for (name, answer) in answers {
        let (way, _) = router(move |request| Some(answer(request))).await;
        let mapped = pcp::by_pcp(way, &wish(), None).await;
        let mapped = mapped.and_then(|(_, granted)| granted.mapped(MappingProtocol::Pcp));
        assert!(mapped.is_err(), "{name}: {mapped:?}");
    }
    let (way, _) = router(|request| Some(pcp_answer(request, u32::MAX, OUTSIDE, 1))).await;
    let (_, granted) = pcp::by_pcp(way, &wish(), None).await.expect("it is mapped");
    // That it is not believed for so long says the automaton.
    assert_eq!(granted.lifetime, Duration::from_secs(u32::MAX.into()));
}

#[tokio::test]
async fn each_length_of_noise_is_an_answer_that_means_nothing() {
    let mut length = 0;
    let (way, _) = router(move |_| {
        length += 7;
        Some((0..length).map(|byte| byte as u8 ^ 0x81).collect())
    })
    .await;
    for _ in 0..40 {
        assert!(pcp::by_pcp(way, &wish(), None).await.is_err());
        assert!(pcp::by_nat_pmp(way, &wish(), None).await.is_err());
    }
}

#[tokio::test]
async fn a_request_that_is_no_longer_wanted_comes_to_nothing_soon() {
    let (way, _) = router(|_| None).await;
    let (mut mapper, tcp) = (PortMapper::default(), crate::name::tcp_name());
    let began = Instant::now();
    let asked = mapper.request_by(&tcp, wish(), || by(way));
    let removed = mapper.remove(&tcp);
    let (asked, ()) = tokio::join!(asked, removed);
    assert_eq!(asked, None);
    assert!(began.elapsed() < PATIENCE / 4, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_node_that_listens_elsewhere_asks_nobody() {
    let (way, told) = router(|_| None).await;
    let (mut mapper, tcp) = (PortMapper::default(), crate::name::tcp_name());
    let elsewhere = Wish { listens_at: ([10, 9, 8, 7], 7771).into(), ..wish() };
    let answer = mapper.request_by(&tcp, elsewhere, || by(way)).await;
    assert!(matches!(answer, Some(Err(why)) if why.contains("does not listen on the side of the router")));
    assert!(heard(&told).is_empty());
}

#[tokio::test]
async fn a_machine_without_a_router_asks_nobody() {
    let (mut mapper, tcp) = (PortMapper::default(), crate::name::tcp_name());
    let answer = mapper.request_by(&tcp, wish(), Ways::default).await;
    assert!(matches!(answer, Some(Err(why)) if why.contains("no default route")));
}

#[test]
fn why_nothing_is_mapped_is_said_in_a_sentence() {
    use MappingProtocol::{NatPmp, Pcp, Upnp};
    let way = Some(Way { gateway: Ipv4Addr::new(192, 168, 1, 1), local: Ipv4Addr::new(192, 168, 1, 5) });
    let all = [(Pcp, Unmapped::Silent), (NatPmp, Unmapped::Unable), (Upnp, Unmapped::Silent)];
    assert_eq!(in_words(way, &all), "the router 192.168.1.1 does not map ports (PCP, NAT-PMP, UPnP tried)");
    assert_eq!(in_words(None, &all[2..]), "the router does not map ports (UPnP tried)");
    assert_eq!(
        in_words(way, &[(Pcp, Unmapped::Forbidden), (Upnp, Unmapped::Silent)]),
        "the router 192.168.1.1 has not mapped the port (PCP: not allowed by the router; UPnP: no answer)"
    );
}

#[test]
fn a_lifetime_is_never_the_one_that_removes() {
    let of = |lifetime| Wish { lifetime, ..wish() }.lifetime_s();
    assert_eq!([of(Duration::ZERO), of(Duration::from_millis(2_900)), of(Duration::MAX)], [1, 2, u32::MAX]);
}
