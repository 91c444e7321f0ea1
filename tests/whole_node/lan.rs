//! Discovery in the local network, on loopback and at a port of its own, so that nobody else is met: not another test,
//! and nobody beyond this machine.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use bitpie::api::answers::Services;
use bitpie::api::methods::{GetId, ListPeers, ListServices, SetSetting};
use bitpie::identity::NodeId;
use bitpie::transports::lan::SERVICE_TYPE;
use mdns_sd::{IfKind, ServiceDaemon, ServiceEvent, ServiceInfo};
use socket2::{Domain, Protocol, Socket, Type};

use super::nodes::{DEADLINE, Node, free_port, until};

/// The group of multicast DNS.
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);

/// How long a datagram may take from a socket of this machine to another one.
const DATAGRAM_PATIENCE: Duration = Duration::from_secs(5);

/// The name of the loopback interface.
fn loopback() -> String {
    let all = if_addrs::get_if_addrs().expect("there are interfaces");
    let it = all.into_iter().find(|it| it.ip() == Ipv4Addr::LOCALHOST).expect("every machine has 127.0.0.1");
    it.name
}

/// A port for multicast DNS that nobody else uses.
///
/// # Panics
/// If multicast does not work on loopback here: then nothing can be tried, and a test that tries nothing must not pass.
fn mdns_port() -> u16 {
    mdns_socket().0
}

/// The same, with a socket from which it can be spoken to.
fn mdns_socket() -> (u16, UdpSocket) {
    let port = free_port();
    let try_it = || {
        let open = || {
            let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
            socket.set_reuse_address(true)?;
            socket.set_reuse_port(true)?;
            socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
            socket.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST)?;
            socket.set_multicast_if_v4(&Ipv4Addr::LOCALHOST)?;
            Ok::<UdpSocket, std::io::Error>(socket.into())
        };
        let (one, other) = (open()?, open()?);
        one.send_to(b"heard?", (GROUP, port))?;
        other.set_read_timeout(Some(DATAGRAM_PATIENCE))?;
        let mut bytes = [0; 16];
        other.recv(&mut bytes)?;
        Ok::<UdpSocket, std::io::Error>(one)
    };
    match try_it() {
        Ok(socket) => (port, socket),
        Err(error) => panic!(
            "multicast does not work on the loopback interface of this machine ({error}), so discovery in the local network cannot be tested here: \
             allow UDP from 127.0.0.1 to {GROUP} in the firewall, or run the tests where that is allowed"
        ),
    }
}

/// A node that looks around on loopback.
fn node(port: u16, network: &str) -> Node {
    Node::with(&[
        ("network", &format!("\"{network}\"")),
        ("services/lan-discovery/enabled", "true"),
        ("services/lan-discovery/interfaces", &format!("[\"{}\"]", loopback())),
        ("testing/mdns-port", &port.to_string()),
    ])
}

fn found(node: &Node) -> u64 {
    node.status().lan_discovery.found
}

/// Whether the node knows that one.
fn knows(node: &Node, id: NodeId) -> bool {
    node.call(&ListPeers {}).peers.iter().any(|peer| peer.id == Some(id))
}

/// What stands in the way, of which the list of services and the status say the same.
fn problem(node: &Node) -> Option<String> {
    until("both have looked at the same moment", || {
        let Services { services } = node.call(&ListServices {});
        let listed = services.into_iter().find(|it| it.name.as_str() == "lan-discovery").expect("it is listed").problem;
        (listed == node.status().lan_discovery.problem).then_some(listed)
    })
}

/// Somebody who announces whatever is wanted, and hears what is announced.
struct Announcer {
    daemon: ServiceDaemon,
    heard: mdns_sd::Receiver<ServiceEvent>,
    /// Who is announced, as far as it was looked at.
    present: BTreeSet<String>,
}

impl Announcer {
    fn new(port: u16) -> Self {
        let daemon = ServiceDaemon::new_with_port(port).expect("it starts");
        daemon.disable_interface(IfKind::All).expect("it is told");
        daemon.enable_interface(loopback().as_str()).expect("it is told");
        daemon.disable_interface(IfKind::IPv6).expect("it is told");
        let heard = daemon.browse(SERVICE_TYPE).expect("it listens");
        Self { daemon, heard, present: BTreeSet::new() }
    }

    /// Announces something, and waits until it is heard.
    fn announce(&mut self, instance: &str, port: u16, txt: &[(&str, &str)]) {
        let host = format!("{instance}.local.");
        let info =
            ServiceInfo::new(SERVICE_TYPE, instance, &host, "127.0.0.1", port, txt).expect("it can be announced");
        self.daemon.register(info).expect("it is told");
        self.until_heard(instance);
    }

    /// Waits until somebody is announced.
    fn until_heard(&mut self, instance: &str) {
        self.until(|present| present.iter().any(|name| name.starts_with(instance)));
    }

    /// Waits until that is withdrawn.
    fn until_withdrawn(&mut self, instance: &str) {
        self.until(|present| present.iter().all(|name| !name.starts_with(instance)));
    }

    fn until(&mut self, is_so: impl Fn(&BTreeSet<String>) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !is_so(&self.present) {
            match self.heard.recv_deadline(deadline).expect("it comes about in time") {
                ServiceEvent::ServiceResolved(it) => drop(self.present.insert(it.fullname)),
                ServiceEvent::ServiceRemoved(_, name) => drop(self.present.remove(&name)),
                _ => {}
            }
        }
    }
}

impl Drop for Announcer {
    fn drop(&mut self) {
        let _ = self.daemon.shutdown();
    }
}

#[test]
fn a_node_that_listens_by_udp_too_announces_that_port() {
    let port = mdns_port();
    let mut node = Node::with(&[
        ("network", "\"test\""),
        ("services/lan-discovery/enabled", "true"),
        ("services/lan-discovery/interfaces", &format!("[\"{}\"]", loopback())),
        ("services/udp-transport/enabled", "true"),
        ("services/udp-connections/enabled", "true"),
        ("testing/mdns-port", &port.to_string()),
    ]);
    node.start();
    let by_udp = until("it listens by UDP", || {
        let entrypoints = node.call(&GetId {}).entrypoints;
        entrypoints.into_iter().find(|it| it.transport.as_str() == "udp").map(|it| it.address.port().to_string())
    });
    let listener = Announcer::new(port);
    let deadline = Instant::now() + DEADLINE;
    let is_announced = |event: ServiceEvent| match event {
        ServiceEvent::ServiceResolved(it) => it.txt_properties.get_property_val_str("udp") == Some(&by_udp),
        _ => false,
    };
    while !is_announced(listener.heard.recv_deadline(deadline).expect("it is announced in time")) {}
}

#[test]
fn contacts_whose_addresses_nobody_knows_find_each_other_and_lose_each_other() {
    let port = mdns_port();
    let (mut a, mut b) = (node(port, "test"), node(port, "test"));
    let (a_id, b_id) = (a.id(), b.id());
    a.start();
    a.add(&format!("bitpie:{b_id}"), "b");
    b.start();
    b.add(&format!("bitpie:{a_id}"), "a");
    a.until_online(b_id);
    b.until_online(a_id);
    let sent = a.send("b", "nobody told me where you are");
    a.until_delivered(&sent.id);
    a.until("each has found the other", |a| (found(a), found(&b)) == (1, 1));
    assert_eq!((problem(&a), problem(&b)), (None, None));
    assert!(a.output(&["status"]).contains("1 node found"));

    // Whoever does not want to be found any more says so, and still finds others when that is wanted again.
    let mut listener = Announcer::new(port);
    listener.until_heard(&b_id.to_string());
    b.stop_service("lan-discovery");
    listener.until_withdrawn(&b_id.to_string());
    a.until("b has withdrawn", |a| found(a) == 0);
    assert_eq!(b.status().lan_discovery.found, 0);
    assert!(a.is_online(b_id), "the session has nothing to do with it");
    b.start_service("lan-discovery");
    listener.until_heard(&b_id.to_string());
    a.until("b is announced again", |a| found(a) == 1);
    b.until("and sees others", |b| found(b) == 1);

    // The end of a node withdraws it too.
    b.stop();
    a.until("b has gone", |a| found(a) == 0);
    listener.until_withdrawn(&b_id.to_string());
}

#[test]
fn what_is_of_another_network_or_makes_no_sense_is_ignored_and_strangers_are_only_remembered() {
    let port = mdns_port();
    let (mut a, mut other) = (node(port, "test"), node(port, "another"));
    let (a_id, other_id) = (a.id(), other.id());
    let [stranger, cheat] = [NodeId::from_bytes([7; 32]), NodeId::from_bytes([8; 32])];
    let (stranger_text, cheat_text) = (stranger.to_string(), cheat.to_string());
    let mut announcer = Announcer::new(port);
    for (node, id) in [(&mut other, other_id), (&mut a, a_id)] {
        node.start();
        announcer.until_heard(&id.to_string());
    }
    announcer.announce("nothing", 4001, &[]);
    announcer.announce("garbage", 4002, &[("id", "\u{1b}[31m\u{202e}"), ("network", "test"), ("port", "4002")]);
    announcer.announce("long", 4003, &[("id", &"y".repeat(200)), ("network", "test"), ("port", "4003")]);
    announcer.announce("two-ports", 4004, &[("id", &cheat_text), ("network", "test"), ("port", "4005")]);
    announcer.announce("foreign", 4006, &[("id", &cheat_text), ("network", "tests"), ("port", "4006")]);
    // All are heard in their order, so this is looked at last.
    announcer.announce("stranger", 4007, &[("id", &stranger_text), ("network", "test"), ("port", "4007")]);
    a.until("the stranger is seen", |a| knows(a, stranger));
    assert_eq!(found(&a), 1);
    for ignored in [cheat, other_id, a_id] {
        assert!(!knows(&a, ignored));
    }
    assert_eq!(found(&other), 0);
    let peer = a.call(&ListPeers {}).peers.into_iter().find(|peer| peer.id == Some(stranger)).expect("it is known");
    assert!(peer.session.is_none() && peer.failures == 0, "nobody calls strangers");
    assert_eq!(peer.entrypoints, ["tcp://127.0.0.1:4007".parse().expect("an entrypoint")]);

    announcer.daemon.unregister(&format!("stranger.{SERVICE_TYPE}")).expect("it is told");
    a.until("the stranger is forgotten", |a| !knows(a, stranger));
    assert_eq!(found(&a), 0);
}

#[test]
fn what_stands_in_the_way_is_told_and_stops_nothing_else() {
    let port = free_port();
    let keeper = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).expect("it is free");
    let mut a = node(port, "test");
    a.start_listening();
    let told = until("it is told that the port is taken", || problem(&a));
    assert!(told.contains(&format!("UDP port {port}")), "{told}");
    assert!(a.output(&["service", "list"]).contains("cannot be opened"));
    assert!(a.output(&["status"]).contains("cannot be opened"));

    // Something else is in the way, and mended while the node runs.
    let set = |value: &str| {
        a.call(&SetSetting { path: "services/lan-discovery/interfaces".into(), value: Some(value.into()) })
    };
    drop(keeper);
    set("no-such-0");
    a.until("it is told that there is no such interface", |a| problem(a).is_some_and(|it| it.contains("`no-such-0`")));
    set(&loopback());
    a.until("nothing is in the way", |a| problem(a).is_none());
    assert!(a.status().lan_discovery.state == "ON");
}

/// The library keeps whatever is announced; that it does not grow for ever is for us to see to.
#[test]
fn a_flood_of_announcements_is_noticed_and_looked_away_from() {
    let (port, socket) = mdns_socket();
    let mut a = node(port, "test");
    let a_id = a.id();
    a.start();
    Announcer::new(port).until_heard(&a_id.to_string());
    let mut number = 0_u32;
    let told = until("the flood is noticed", || {
        for _ in 0..16 {
            socket.send_to(&announcements(number), (GROUP, port)).expect("it is sent");
            number += u32::from(RECORDS_AT_ONCE);
        }
        problem(&a)
    });
    assert!(told.contains("flooded"), "{told}");
    assert_eq!(found(&a), 0);
}

/// Announcements in one packet of [`announcements`].
const RECORDS_AT_ONCE: u16 = 16;

/// A packet that names instances of our service, each of which it has never named before (RFC 1035, section 4).
fn announcements(first: u32) -> Vec<u8> {
    let name = |labels: &[&str]| -> Vec<u8> {
        let label = |label: &&str| [&[u8::try_from(label.len()).expect("it is short")], label.as_bytes()].concat();
        labels.iter().flat_map(label).chain([0]).collect()
    };
    // An answer, with authority; so many records, and nothing else.
    let mut packet = [[0, 0], [0x84, 0], [0, 0], RECORDS_AT_ONCE.to_be_bytes(), [0, 0], [0, 0]].concat();
    for number in first..first + u32::from(RECORDS_AT_ONCE) {
        let instance = name(&[&format!("instance {number}"), "_bitpie", "_tcp", "local"]);
        packet.extend(name(&["_bitpie", "_tcp", "local"]));
        // PTR, of the internet, for 4500 s.
        packet.extend([[0, 12], [0, 1]].concat());
        packet.extend(4_500_u32.to_be_bytes());
        packet.extend(u16::try_from(instance.len()).expect("it is short").to_be_bytes());
        packet.extend(instance);
    }
    packet
}
