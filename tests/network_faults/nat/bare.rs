//! What bare UDP sockets see of a router, without a node: the measure for what nodes can reach.

use std::collections::BTreeSet;
use std::fs::File;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::lab::{Machine, Namespace};

/// How long an answer may take. Nothing is far away, and all is tried again.
const PATIENCE: Duration = Duration::from_millis(50);

/// Packets may be lost, and machines busy, so each thing is tried so often.
const TRIES: usize = 8;

/// Ports of the servers; no node uses them.
const PORTS: [u16; 2] = [9_001, 9_002];

/// On which of whom we spoke to, or who speaks to us, something depends (RFC 4787, sections 4.1 and 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depends {
    Nothing,
    Address,
    AddressAndPort,
}

/// What a router does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// On what the outer port depends.
    pub mapping: Depends,
    /// On what depends who may send to it.
    pub filtering: Depends,
    /// The address outside is not the one inside.
    pub translates: bool,
}

/// A socket of that namespace. It stays there, and so does the thread that makes it.
fn socket_in(namespace: &Namespace, address: SocketAddr) -> UdpSocket {
    let entrance = File::open(namespace.entrance()).expect("the namespace is there");
    let make = move || {
        move_into_link_name_space(entrance.as_fd(), Some(LinkNameSpaceType::Network)).expect("root may");
        let socket = UdpSocket::bind(address).expect("the address is its");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        socket
    };
    std::thread::spawn(make).join().expect("it does not panic")
}

fn client(machine: &Machine) -> UdpSocket {
    socket_in(machine.namespace(), SocketAddr::from(([0, 0, 0, 0], 0)))
}

/// What comes next, if anything does. An ICMP answer to something that was sent earlier is not it.
fn next(socket: &UdpSocket) -> Option<(Vec<u8>, SocketAddr)> {
    let mut buffer = [0; 64];
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Ok((length, from)) = socket.recv_from(&mut buffer) {
            return Some((buffer[..length].to_vec(), from));
        }
    }
    None
}

/// Two addresses with two ports each, in the internet.
pub struct Servers([UdpSocket; 4]);

impl Servers {
    /// At two machines of the internet.
    pub fn at(machines: [(&Machine, SocketAddr); 2]) -> Self {
        let at = |place: usize, port: u16| {
            let (machine, address) = machines[place];
            socket_in(machine.namespace(), SocketAddr::new(address.ip(), port))
        };
        Self([at(0, PORTS[0]), at(0, PORTS[1]), at(1, PORTS[0]), at(1, PORTS[1])])
    }

    /// The address of a client as one of the servers sees it.
    fn sees(&self, client: &UdpSocket, server: usize) -> Option<SocketAddr> {
        let server = &self.0[server];
        let to = server.local_addr().expect("it is bound");
        for number in 0..TRIES {
            let question = [b'?', u8::try_from(number).expect("they are few")];
            let _ = client.send_to(&question, to);
            // What is left of an earlier try is of this client too, or of another one that has spoken before.
            while let Some((got, from)) = next(server) {
                if got == question {
                    return Some(from);
                }
            }
        }
        None
    }

    /// What the router in front of a machine does; nothing if it lets no UDP out.
    pub fn classify(&self, machine: &Machine) -> Option<Behaviour> {
        let asking = client(machine);
        let [first, same_address, other_address] =
            [self.sees(&asking, 0)?, self.sees(&asking, 1)?, self.sees(&asking, 2)?];
        let mapping = match (first == same_address, first == other_address) {
            (true, true) => Depends::Nothing,
            (true, false) => Depends::Address,
            (false, _) => Depends::AddressAndPort,
        };
        let filtering = self.filtering(machine)?;
        let inside = socket_address(machine, first);
        Some(Behaviour { mapping, filtering, translates: first.ip() != inside.ip() })
    }

    /// Who may send to a socket that has spoken to the first server alone.
    fn filtering(&self, machine: &Machine) -> Option<Depends> {
        let asking = client(machine);
        let outer = self.sees(&asking, 0)?;
        // The one that may send is the last, so what has not come before it does not come.
        for (server, name) in [(3, b'a'), (1, b'p'), (0, b'.')] {
            let _ = self.0[server].send_to(&[name], outer);
        }
        let mut heard = BTreeSet::new();
        for _ in 0..TRIES * TRIES {
            heard.extend(next(&asking).map(|(bytes, _)| bytes[0]));
            if heard.contains(&b'.') {
                break;
            }
        }
        Some(match (heard.contains(&b'a'), heard.contains(&b'p')) {
            (true, _) => Depends::Nothing,
            (false, true) => Depends::Address,
            (false, false) => Depends::AddressAndPort,
        })
    }

    /// Punches a hole between two machines: how long it took until both had heard, if they did.
    pub fn punch(&self, one: &Machine, other: &Machine) -> Option<Duration> {
        let sockets = [client(one), client(other)];
        let outer = [self.sees(&sockets[0], 0)?, self.sees(&sockets[1], 0)?];
        let mut to = [outer[1], outer[0]];
        let mut heard = [false; 2];
        let began = Instant::now();
        for _ in 0..TRIES {
            for (socket, to) in sockets.iter().zip(to) {
                let _ = socket.send_to(b"hole", to);
            }
            for place in [0, 1] {
                // An answer goes to where the packet came from, not to where it was said to come from.
                if let Some((_, from)) = next(&sockets[place]) {
                    (heard[place], to[place]) = (true, from);
                }
            }
            if heard == [true; 2] {
                return Some(began.elapsed());
            }
        }
        None
    }
}

/// The inner address of a machine towards somebody.
fn socket_address(machine: &Machine, towards: SocketAddr) -> SocketAddr {
    let socket = client(machine);
    // Connecting a UDP socket sends nothing.
    socket.connect(towards).expect("there is a way out");
    socket.local_addr().expect("it is bound")
}
