//! Sockets that others can reach.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};

/// A kind of socket, to be bound to an address.
pub(in crate::transports) struct Bound {
    kind: Type,
    protocol: Protocol,
    /// Whether a program that starts again has its port at once, though connections of before are not forgotten yet.
    takes_again: bool,
}

impl Bound {
    /// For TCP. Windows would let two programs share the port.
    pub const TCP: Self = Self { kind: Type::STREAM, protocol: Protocol::TCP, takes_again: cfg!(not(windows)) };

    /// For UDP, where the same word lets two programs share the port everywhere.
    pub const UDP: Self = Self { kind: Type::DGRAM, protocol: Protocol::UDP, takes_again: false };

    /// A socket at that address. On a machine without IPv6, what is meant by `::` is all that there is.
    pub fn at(&self, address: SocketAddr) -> io::Result<Socket> {
        match self.at_exactly(address) {
            Err(error) if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) && is_without_ipv6(&error) => {
                self.at_exactly(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port()))
            }
            bound => bound,
        }
    }

    fn at_exactly(&self, address: SocketAddr) -> io::Result<Socket> {
        let socket = Socket::new(Domain::for_address(address), self.kind, Some(self.protocol))?;
        if self.takes_again {
            socket.set_reuse_address(true)?;
        }
        if address.is_ipv6() {
            // `[::]` stands for all addresses of this machine, those of IPv4 included.
            socket.set_only_v6(false)?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        Ok(socket)
    }
}

/// The system knows no such addresses, or has none at all.
fn is_without_ipv6(error: &io::Error) -> bool {
    let is_unknown = error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error());
    is_unknown || error.kind() == io::ErrorKind::AddrNotAvailable
}
