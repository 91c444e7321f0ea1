//! By which way a request came, and what its headers say of whom it is from. Pure.
//!
//! At a port, nothing is believed that a page in the user's browser can send: `Host` has to be local (or a name that was
//! made to point here could do as its pages like), and a foreign `Origin` is refused. Whoever is on another machine may
//! ask for what is public, and for nothing else.

use std::net::SocketAddr;

use axum::http::{HeaderMap, HeaderValue, header};

use super::asker::CountedAs;
use super::errors::{ErrorKind, RpcError};

/// By which way a connection came.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// At the socket: a program of this user; which process, if the system tells.
    Socket(Option<i32>),
    /// At a port: who it is has to show.
    Port {
        /// This end.
        here: SocketAddr,
        /// The other end.
        from: SocketAddr,
    },
}

impl Way {
    /// Whether it can be the user: nobody on another machine is.
    #[must_use]
    pub fn is_local(self) -> bool {
        match self {
            Self::Socket(_) => true,
            Self::Port { from, .. } => from.ip().to_canonical().is_loopback(),
        }
    }

    /// With whom its requests are counted together.
    #[must_use]
    pub fn counted_as(self) -> CountedAs {
        match self {
            Self::Socket(process) => CountedAs::Process(process),
            Self::Port { from, .. } => CountedAs::address(from.ip()),
        }
    }
}

/// Refuses what comes from, or through, a page that is not this node's. The page is at `page_port`.
///
/// # Errors
/// Why it is refused.
pub fn judge(headers: &HeaderMap, way: Way, page_port: Option<u16>) -> Result<(), RpcError> {
    if !way.is_local() {
        return Ok(());
    }
    let forbidden = |message: &str| RpcError::new(ErrorKind::Forbidden, message);
    let mut hosts = headers.get_all(header::HOST).iter();
    let is_local = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().is_ok_and(is_local_host),
        _ => false,
    };
    if !is_local {
        return Err(forbidden("the `Host` header does not name this machine")
            .help("use the address that stands in api.json, or localhost"));
    }
    // No page comes from the socket, so there no `Origin` is ours.
    let page_port = page_port.filter(|_| matches!(way, Way::Port { .. }));
    let is_own = |origin: &HeaderValue| {
        let place = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
        place.is_some_and(|place| is_local_host(place) && page_port.is_some() && port_of(place) == page_port)
    };
    let is_cross_site = headers.get_all("sec-fetch-site").iter().any(|site| site == "cross-site");
    // A link that somebody clicks on elsewhere leads to the page, and tells nobody anything.
    let is_navigation = headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
    if !headers.get_all(header::ORIGIN).iter().all(is_own) || (is_cross_site && !is_navigation) {
        return Err(forbidden("the request comes from a page that is not this node's"));
    }
    Ok(())
}

/// Whether it is `127.0.0.1`, `localhost` or `[::1]`, with a port or without.
fn is_local_host(host: &str) -> bool {
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|local| {
        host.get(..local.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(local))
            && (host.len() == local.len() || port_of(host).is_some())
            && host[local.len()..].bytes().all(|byte| byte == b':' || byte.is_ascii_digit())
    })
}

fn port_of(host: &str) -> Option<u16> {
    host.rsplit_once(':')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let parsed = lines.iter().map(|(name, value)| {
            (header::HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"))
        });
        let mut headers = HeaderMap::new();
        for (name, value) in parsed {
            headers.append(name, value);
        }
        headers
    }

    fn port(from: &str) -> Way {
        Way::Port { here: "127.0.0.1:38081".parse().expect("an address"), from: from.parse().expect("an address") }
    }

    #[test]
    fn only_this_machine_and_its_own_page_get_in() {
        let local = port("127.0.0.1:5000");
        let is_let_in = |lines: &[_], way| judge(&headers(lines), way, Some(38081)).is_ok();
        for host in ["127.0.0.1", "127.0.0.1:38081", "localhost:38081", "LOCALHOST", "[::1]:38081", "[::1]"] {
            assert!(is_let_in(&[("host", host)], local), "{host}");
        }
        assert!(is_let_in(&[("host", "localhost"), ("origin", "http://localhost:38081")], local));
        assert!(is_let_in(&[("host", "localhost"), ("origin", "http://127.0.0.1:38081")], local));
        for foreign in
            ["http://localhost", "http://localhost:38082", "https://localhost:38081", "null", "http://a.example"]
        {
            assert!(!is_let_in(&[("host", "localhost"), ("origin", foreign)], local), "{foreign}");
        }
        let socket = Way::Socket(None);
        assert!(is_let_in(&[("host", "localhost")], socket));
        assert!(!is_let_in(&[("host", "localhost"), ("origin", "http://localhost:38081")], socket));
        assert!(!is_let_in(&[], local) && !is_let_in(&[("host", "localhost"), ("host", "localhost")], local));
        for foreign in [
            "",
            "example.org",
            "example.org:38081",
            "127.0.0.1.example.org",
            "127.0.0.10",
            "localhost.example.org:80",
            "localhost:",
            "localhost:x",
            "localhost:80:80a",
            "localhost:99999",
            "[::1]x",
            "::1",
        ] {
            assert!(!is_let_in(&[("host", foreign)], local), "{foreign}");
        }
    }

    #[test]
    fn what_a_foreign_page_fetches_is_refused_and_a_link_to_ours_is_not() {
        let local = port("127.0.0.1:5000");
        let is_let_in = |site, mode| {
            let lines = headers(&[("host", "localhost"), ("sec-fetch-site", site), ("sec-fetch-mode", mode)]);
            judge(&lines, local, Some(38081)).is_ok()
        };
        assert!(
            is_let_in("same-origin", "cors") && is_let_in("none", "navigate") && is_let_in("same-site", "websocket")
        );
        assert!(is_let_in("cross-site", "navigate"));
        assert!(!is_let_in("cross-site", "no-cors") && !is_let_in("cross-site", "cors"));
    }

    #[test]
    fn nobody_elsewhere_is_the_user() {
        for (from, is_local) in
            [("127.0.0.1:1", true), ("[::1]:1", true), ("[::ffff:127.0.0.1]:1", true), ("192.168.1.2:1", false)]
        {
            assert_eq!(port(from).is_local(), is_local, "{from}");
        }
        let lines = headers(&[("host", "anything.example"), ("origin", "https://a.example")]);
        assert!(judge(&lines, port("192.168.1.2:1"), None).is_ok(), "what they get is public");
    }
}
