//! Where the API is bound: on loopback, at the port that the user wants.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

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

/// A socket that is bound.
#[derive(Debug)]
pub struct Bound {
    /// It listens already, and does not block.
    pub listener: TcpListener,
    /// Where.
    pub address: SocketAddr,
    /// The default port that was taken, so that another was used.
    pub instead_of: Option<u16>,
}

/// Binds on loopback.
///
/// # Errors
/// If the port that the user set cannot be had, or no port can.
pub fn bind(choice: PortChoice) -> Result<Bound, BindError> {
    let at = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let failed = |error: io::Error| match choice {
        PortChoice::Set { port, setting } if error.kind() == io::ErrorKind::AddrInUse => {
            BindError::Taken { port, setting }
        }
        PortChoice::Set { port, setting } => BindError::Refused { port, setting, error },
        PortChoice::Default(_) => BindError::NoPort { error },
    };
    let (listener, instead_of) = match choice {
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
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(Bound { listener, address, instead_of })
}

/// Why the API could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
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
    #[error("no port on 127.0.0.1 can be had: {error}")]
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
        let first = bind(PortChoice::Set { port: 0, setting: "api/http-port" }).expect("some port is free");
        let port = first.address.port();
        let error = bind(PortChoice::Set { port, setting: "api/http-port" }).expect_err("it is taken").to_string();
        assert!(error.contains("bitpie config set api/http-port PORT") && error.contains(&port.to_string()), "{error}");
    }

    #[test]
    fn a_default_port_that_is_taken_gives_way() {
        let first = bind(PortChoice::Set { port: 0, setting: "api/http-port" }).expect("some port is free");
        let port = first.address.port();
        let second = bind(PortChoice::Default(port)).expect("another is used");
        assert_eq!(second.instead_of, Some(port));
        assert_ne!(second.address.port(), port);
        assert!(second.address.ip().is_loopback());
    }
}
