//! Where the API is bound: at a socket in the home folder, or at a port of loopback if the folder can have no sockets;
//! and at the ports that services ask for.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;

use super::access::{Access, HttpAccess, Token};
use super::socket::{NodeSocket, SOCKET_FILE, SocketError};

/// Which port is wanted, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortChoice {
    /// The user has set it: this one or none. 0 takes any that is free.
    Set {
        /// The port.
        port: u16,
        /// The path of the setting, for the error.
        setting: &'static str,
    },
    /// Nobody has: this one, or any that is free.
    Default(u16),
}

/// From where a port can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Loopback alone.
    ThisMachine,
    /// All addresses, of IPv4 and, where the system has it, of IPv6.
    Everywhere,
}

/// Everything that is bound at the start.
#[derive(Debug, Default)]
pub struct Bound {
    /// The socket in the home folder.
    pub socket: Option<NodeSocket>,
    /// The port.
    pub port: Option<BoundPort>,
}

impl Bound {
    /// Binds what a node needs. The home folder is this process's alone. A port is bound if there can be no socket.
    ///
    /// # Errors
    /// If neither can be had.
    pub fn of_home(home: &Path) -> Result<Self, BindError> {
        let socket = match NodeSocket::bind(home) {
            Ok(socket) => Some(socket),
            Err(error) if error.has_no_sockets() => {
                tracing::warn!(%error, "the API is at a port of loopback instead");
                None
            }
            Err(error) => return Err(error.into()),
        };
        let port = match socket {
            Some(_) => None,
            None => Some(bind_port(PortChoice::Default(0), Reach::ThisMachine)?),
        };
        Ok(Self { socket, port })
    }

    /// What `api.json` says of it, for this process.
    #[must_use]
    pub fn access(&self, token: &Token) -> Access {
        Access {
            process: std::process::id(),
            socket: self.socket.as_ref().map(|_| SOCKET_FILE.to_owned()),
            http: self.port.as_ref().map(|port| HttpAccess { address: port.address, token: token.clone() }),
        }
    }
}

/// A port that is bound: of TCP if nothing else is said.
#[derive(Debug)]
pub struct BoundPort<S = TcpListener> {
    /// It listens already, and does not block.
    pub listener: S,
    /// Where.
    pub address: SocketAddr,
    /// The default port that was taken, so that another was used.
    pub instead_of: Option<u16>,
}

/// Binds a port of TCP.
///
/// # Errors
/// If the port that the user set cannot be had, or no port can.
pub fn bind_port(choice: PortChoice, reach: Reach) -> Result<BoundPort, BindError> {
    bind_with(choice, reach, |at| {
        let listener = TcpListener::bind(at)?;
        listener.set_nonblocking(true)?;
        Ok((listener.local_addr()?, listener))
    })
}

/// Binds a port of UDP.
///
/// # Errors
/// If the port that the user set cannot be had, or no port can.
pub fn bind_datagrams(choice: PortChoice, reach: Reach) -> Result<BoundPort<UdpSocket>, BindError> {
    bind_with(choice, reach, |at| {
        let socket = UdpSocket::bind(at)?;
        socket.set_nonblocking(true)?;
        Ok((socket.local_addr()?, socket))
    })
}

fn bind_with<S>(
    choice: PortChoice,
    reach: Reach,
    bind: impl Fn(&[SocketAddr]) -> io::Result<(SocketAddr, S)>,
) -> Result<BoundPort<S>, BindError> {
    let at = |port: u16| match reach {
        Reach::ThisMachine => bind(&[(Ipv4Addr::LOCALHOST, port).into()]),
        Reach::Everywhere => {
            let all: [IpAddr; 2] = [Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()];
            bind(&all.map(|address| SocketAddr::new(address, port)))
        }
    };
    let failed = |error: io::Error| match choice {
        PortChoice::Set { port, setting } if error.kind() == io::ErrorKind::AddrInUse => {
            BindError::Taken { port, setting }
        }
        PortChoice::Set { port, setting } => BindError::Refused { port, setting, error },
        PortChoice::Default(_) => BindError::NoPort { error },
    };
    let ((address, listener), instead_of) = match choice {
        PortChoice::Set { port, .. } => (at(port).map_err(failed)?, None),
        PortChoice::Default(port) => match at(port) {
            Ok(listener) => (listener, None),
            Err(error) => {
                let listener = at(0).map_err(failed)?;
                tracing::warn!(port, %error, "the API's default port cannot be had, another is used");
                (listener, Some(port))
            }
        },
    };
    Ok(BoundPort { listener, address, instead_of })
}

/// Why the API could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// There can be no socket in the home folder.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// Another program has the port that the user set.
    #[error(
        "port {port} is taken by another program, and the setting {setting} asks for it: set another with \
         `bitpie config set {setting} PORT` (0 takes any that is free), or end the other program"
    )]
    Taken {
        /// The port.
        port: u16,
        /// The path of the setting.
        setting: &'static str,
    },
    /// The system does not give the port that the user set.
    #[error(
        "port {port} cannot be had ({error}), and the setting {setting} asks for it: set another with \
         `bitpie config set {setting} PORT` (0 takes any that is free)"
    )]
    Refused {
        /// The port.
        port: u16,
        /// The path of the setting.
        setting: &'static str,
        /// What the system says.
        error: io::Error,
    },
    /// Not even a free one.
    #[error("no port can be had: {error}")]
    NoPort {
        /// What the system says.
        error: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_the_user_set_and_that_is_taken_is_an_error_that_names_the_setting() {
        let first = bind_port(PortChoice::Set { port: 0, setting: "api/http-port" }, Reach::ThisMachine)
            .expect("some port is free");
        let port = first.address.port();
        let error = bind_port(PortChoice::Set { port, setting: "api/http-port" }, Reach::ThisMachine)
            .expect_err("it is taken")
            .to_string();
        assert!(error.contains("bitpie config set api/http-port PORT") && error.contains(&port.to_string()), "{error}");
    }

    #[test]
    fn a_default_port_that_is_taken_gives_way() {
        let first = bind_port(PortChoice::Set { port: 0, setting: "api/http-port" }, Reach::ThisMachine)
            .expect("some port is free");
        let port = first.address.port();
        let second = bind_port(PortChoice::Default(port), Reach::ThisMachine).expect("another is used");
        assert_eq!(second.instead_of, Some(port));
        assert_ne!(second.address.port(), port);
        assert!(second.address.ip().is_loopback());
    }

    #[test]
    fn a_port_of_udp_gives_way_likewise() {
        let first = bind_datagrams(PortChoice::Default(0), Reach::ThisMachine).expect("some port is free");
        let port = first.address.port();
        let second = bind_datagrams(PortChoice::Default(port), Reach::ThisMachine).expect("another is used");
        assert_eq!(second.instead_of, Some(port));
        let error = bind_datagrams(PortChoice::Set { port, setting: "api/wt-port" }, Reach::ThisMachine)
            .expect_err("it is taken")
            .to_string();
        assert!(error.contains("bitpie config set api/wt-port PORT"), "{error}");
    }

    #[test]
    fn a_home_that_can_have_a_socket_has_no_port() {
        let home = tempfile::tempdir().expect("a folder");
        let access = Bound::of_home(home.path()).expect("bound").access(&Token::from_bytes(&[1; 32]));
        assert!(access.socket.is_some() && access.http.is_none());
        assert!(!access.to_text().contains("0101"), "a token that nobody needs is not written down");
    }

    #[test]
    fn a_port_for_everybody_is_reached_by_each_address() {
        let port = bind_port(PortChoice::Default(0), Reach::Everywhere).expect("some port is free").address.port();
        // It is free again, and has been bound at all addresses.
        let bound = bind_port(PortChoice::Default(port), Reach::Everywhere).expect("some port is free");
        assert!(bound.address.ip().is_unspecified());
        std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, bound.address.port())).expect("IPv4 leads there");
    }
}
