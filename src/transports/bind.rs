//! Sockets at an address of this machine, and why there can be none.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};

use super::ListenError;

/// Connections that the system keeps before they are accepted.
const BACKLOG: i32 = 1_024;

/// A TCP socket that listens. On a machine without IPv6, what is meant by `::` is all that there is.
pub(crate) fn listening(address: SocketAddr) -> io::Result<Socket> {
    or_v4(address, |address| {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // So that a node that starts again has its port at once. On Windows it would let two programs share the port.
        #[cfg(not(windows))]
        socket.set_reuse_address(true)?;
        bind(&socket, address)?;
        socket.listen(BACKLOG)?;
        Ok(socket)
    })
}

/// A UDP socket, likewise.
pub(crate) fn datagrams(address: SocketAddr) -> io::Result<Socket> {
    or_v4(address, |address| {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        bind(&socket, address)?;
        Ok(socket)
    })
}

fn bind(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    if address.is_ipv6() {
        // `[::]` stands for all addresses of this machine, those of IPv4 included.
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())
}

fn or_v4(address: SocketAddr, bound: impl Fn(SocketAddr) -> io::Result<Socket>) -> io::Result<Socket> {
    match bound(address) {
        Err(error) if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) && is_without_ipv6(&error) => {
            bound(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port()))
        }
        bound => bound,
    }
}

/// The system knows no such addresses, or has none at all.
fn is_without_ipv6(error: &io::Error) -> bool {
    let is_unknown = error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error());
    is_unknown || error.kind() == io::ErrorKind::AddrNotAvailable
}

/// Why it cannot be had, as a user understands it.
pub(crate) fn named(address: SocketAddr, error: &io::Error) -> ListenError {
    match error.kind() {
        io::ErrorKind::AddrInUse => ListenError::AddrInUse { address },
        io::ErrorKind::AddrNotAvailable => ListenError::AddrNotAvailable { address },
        io::ErrorKind::PermissionDenied => ListenError::PermissionDenied { address },
        _ => ListenError::Other { address, error: error.to_string() },
    }
}
