//! The service WANIPv6FirewallControl:1 of UPnP, by which a router lets in what comes to an address and port of IPv6.
//! Routers take such requests only from the address that they are for, so each connection begins there; `igd-next` leaves
//! that to the system.
//!
//! Everything that comes is a stranger's: what is read is bounded in size and time, and no text of it is told.

use std::io;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, UdpSocket};
use tokio::time::{sleep, timeout};

use super::gateway::Way6;
use super::protocol::IpProtocol;
use super::terms::Unmapped;

/// The type of the service.
const SERVICE: &str = "urn:schemas-upnp-org:service:WANIPv6FirewallControl:1";

/// The group of discovery at one link (UPnP Device Architecture 2.0, annex A).
const SSDP_GROUP: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xc);

/// How long an answer to discovery is waited for: from the router alone, and then from the link, where the router alone
/// is believed.
const SEARCHES: [Duration; 2] = [Duration::from_millis(700), Duration::from_millis(1_500)];

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long to wait when a socket cannot be read.
const PAUSE: Duration = Duration::from_millis(50);

/// Bytes of an answer that are read, at most. Descriptions of routers have some ten thousand.
const ANSWER_BYTES: u64 = 256 * 1024;

/// Bytes of a datagram of discovery.
const DATAGRAM_BYTES: usize = 1_500;

/// A lease is at least a second and at most a day (WANIPv6FirewallControl:1, section 2.3).
const LONGEST_LEASE_S: u32 = 86_400;

/// Where a router is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Firewall {
    at: SocketAddrV6,
    path: String,
}

impl Firewall {
    /// Finds it, for requests from that address.
    pub(super) async fn find(way: Way6, local: Ipv6Addr) -> Result<Self, Unmapped> {
        let (at, path) = search(way, local).await?;
        let head = format!("GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", host(at));
        let (_, description) = ask(at, local, head).await?;
        let path = control_path(&description).ok_or(Unmapped::Unable)?;
        Ok(Self { at, path })
    }

    /// Opens a pinhole; says its number.
    pub(super) async fn add(&self, local: SocketAddrV6, protocol: IpProtocol, lease_s: u32) -> Result<u16, Unmapped> {
        let arguments = [
            ("RemoteHost", String::new()),
            ("RemotePort", "0".to_owned()),
            ("InternalClient", local.ip().to_string()),
            ("InternalPort", local.port().to_string()),
            ("Protocol", protocol.number().to_string()),
            ("LeaseTime", lease(lease_s)),
        ];
        let answer = self.call("AddPinhole", &arguments, *local.ip()).await?;
        element(&answer, "UniqueID").and_then(|number| number.parse().ok()).ok_or(Unmapped::Unclear)
    }

    /// Renews it.
    pub(super) async fn renew(&self, local: Ipv6Addr, number: u16, lease_s: u32) -> Result<(), Unmapped> {
        let arguments = [("UniqueID", number.to_string()), ("NewLeaseTime", lease(lease_s))];
        self.call("UpdatePinhole", &arguments, local).await.map(drop)
    }

    /// Closes it.
    pub(super) async fn delete(&self, local: Ipv6Addr, number: u16) -> Result<(), Unmapped> {
        self.call("DeletePinhole", &[("UniqueID", number.to_string())], local).await.map(drop)
    }

    async fn call(&self, action: &str, arguments: &[(&str, String)], local: Ipv6Addr) -> Result<String, Unmapped> {
        let arguments: String = arguments.iter().map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
        let body = format!(
            "<?xml version=\"1.0\"?>\r\n<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
             s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body><u:{action} xmlns:u=\"{SERVICE}\">\
             {arguments}</u:{action}></s:Body></s:Envelope>\r\n"
        );
        let request = format!(
            "POST {} HTTP/1.0\r\nHost: {}\r\nContent-Type: text/xml; charset=\"utf-8\"\r\nContent-Length: {}\r\n\
             SOAPAction: \"{SERVICE}#{action}\"\r\n\r\n{body}",
            self.path,
            host(self.at),
            body.len(),
        );
        let (status, answer) = ask(self.at, local, request).await?;
        match (status, element(&answer, "errorCode").and_then(|code| code.parse().ok())) {
            (200, _) => Ok(answer),
            (_, Some(code)) => Err(refusal(code)),
            (404 | 405 | 501, None) => Err(Unmapped::Unable),
            _ => Err(Unmapped::Unclear),
        }
    }
}

/// Why it refuses (WANIPv6FirewallControl:1, table 2-15, and UPnP Device Architecture 2.0, table 3-3).
fn refusal(code: u16) -> Unmapped {
    match code {
        // The second: the firewall is off, and so lets in everybody.
        401 | 702 => Unmapped::Unable,
        606 | 703 => Unmapped::Forbidden,
        701 => Unmapped::Full,
        _ => Unmapped::Unclear,
    }
}

fn lease(lease_s: u32) -> String {
    lease_s.clamp(1, LONGEST_LEASE_S).to_string()
}

/// The address as it stands in a header, without the number of an interface, which means nothing to others.
fn host(at: SocketAddrV6) -> String {
    format!("[{}]:{}", at.ip(), at.port())
}

/// Where the description of the router is.
async fn search(way: Way6, local: Ipv6Addr) -> Result<(SocketAddrV6, String), Unmapped> {
    let socket = UdpSocket::bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))).await.map_err(|_| Unmapped::Silent)?;
    let group = SocketAddrV6::new(SSDP_GROUP, way.ssdp_port, 0, way.scope_id);
    let mut why = Unmapped::Silent;
    for (to, wait) in [way.at(way.ssdp_port), group].into_iter().zip(SEARCHES) {
        let request = format!(
            "M-SEARCH * HTTP/1.1\r\nHOST: {}\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: {SERVICE}\r\n\r\n",
            host(to)
        );
        // A link without multicast has no router that could be found there.
        if socket.send_to(request.as_bytes(), to).await.is_err() {
            continue;
        }
        let mut buffer = [0; DATAGRAM_BYTES];
        let found = timeout(wait, async {
            loop {
                let Ok((length, from)) = socket.recv_from(&mut buffer).await else {
                    sleep(PAUSE).await;
                    continue;
                };
                if from.ip() != way.gateway {
                    why = Unmapped::Stranger;
                    continue;
                }
                let said = std::str::from_utf8(&buffer[..length]).ok().and_then(location);
                if let Some((at, path)) = said.and_then(|(at, path)| Some((near(at, way, local)?, path))) {
                    return (at, path);
                }
                why = Unmapped::Unclear;
            }
        });
        if let Ok(found) = found.await {
            return Ok(found);
        }
    }
    Err(why)
}

/// The place that the router names, if it can be its own: the address that it answers from, or one of our own network. A
/// neighbour that answers in its name does not make us call others.
fn near(at: SocketAddrV6, way: Way6, local: Ipv6Addr) -> Option<SocketAddrV6> {
    let network = |ip: &Ipv6Addr| ip.segments()[..4].to_vec();
    if *at.ip() == way.gateway {
        Some(way.at(at.port()))
    } else {
        Some(at).filter(|at| network(at.ip()) == network(&local))
    }
}

/// The header LOCATION of an answer to discovery.
fn location(answer: &str) -> Option<(SocketAddrV6, String)> {
    let mut lines = answer.lines();
    lines.next().filter(|first| first.starts_with("HTTP/1.1 200"))?;
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
    };
    url(&lines.find_map(header)?)
}

/// The parts of a URL of HTTP with an address of IPv6.
fn url(text: &str) -> Option<(SocketAddrV6, String)> {
    let rest = text.strip_prefix("http://")?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
    let with_port = || format!("{authority}:80").parse().ok();
    Some((authority.parse().ok().or_else(with_port)?, path.to_owned())).filter(|(_, path)| is_path(path))
}

/// Whether it can stand in the first line of a request.
fn is_path(path: &str) -> bool {
    path.starts_with('/') && path.len() <= 256 && path.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Where the service is controlled, by the description of the router.
fn control_path(description: &str) -> Option<String> {
    let kind = format!("<serviceType>{SERVICE}</serviceType>");
    let place = description.find(&kind)?;
    let begin = description[..place].rfind("<service>")?;
    let end = place + description[place..].find("</service>")?;
    let control = element(&description[begin..end], "controlURL")?;
    let path = url(control).map_or_else(|| control.to_owned(), |(_, path)| path);
    let path = if path.starts_with('/') { path } else { format!("/{path}") };
    Some(path).filter(|path| is_path(path))
}

/// The text of the first element of that name.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, behind) = text.split_once(&format!("<{name}>"))?;
    behind.split_once(&format!("</{name}>")).map(|(inner, _)| inner.trim())
}

/// Sends a request from that address; says the status and the body of the answer.
async fn ask(at: SocketAddrV6, local: Ipv6Addr, request: String) -> Result<(u16, String), Unmapped> {
    let exchange = async {
        let socket = TcpSocket::new_v6()?;
        socket.bind(SocketAddr::from((local, 0)))?;
        let mut connection = socket.connect(at.into()).await?;
        connection.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        connection.take(ANSWER_BYTES).read_to_end(&mut answer).await?;
        Ok::<_, io::Error>(answer)
    };
    let answer = timeout(PATIENCE, exchange).await.ok().and_then(Result::ok).ok_or(Unmapped::Silent)?;
    read(&String::from_utf8_lossy(&answer)).ok_or(Unmapped::Unclear)
}

/// Status and body of an answer of HTTP.
fn read(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.").and_then(|rest| rest.split_ascii_whitespace().nth(1))?;
    Some((status.parse().ok()?, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ip(text: &str) -> Ipv6Addr {
        text.parse().expect("an address")
    }

    const DESCRIPTION: &str = "<root><device><serviceList><service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1\
        </serviceType><controlURL>/ctl/IPConn</controlURL></service><service>\n<serviceType>\
        urn:schemas-upnp-org:service:WANIPv6FirewallControl:1</serviceType><serviceId>x</serviceId>\
        <controlURL>/ctl/IP6FCtl</controlURL></service></serviceList></device></root>";

    #[test]
    fn the_service_of_the_description_is_the_one_for_ipv6() {
        assert_eq!(control_path(DESCRIPTION).as_deref(), Some("/ctl/IP6FCtl"));
        for (written, read) in [
            ("http://[fe80::1]:5000/ctl", Some("/ctl")),
            ("ctl", Some("/ctl")),
            ("/c tl", None),
            ("/ctl HTTP/1.1\r\nX: y", None),
            (&format!("/{}", "x".repeat(300)), None),
        ] {
            let description = DESCRIPTION.replace("/ctl/IP6FCtl", written);
            assert_eq!(control_path(&description).as_deref(), read, "{written}");
        }
        assert_eq!(control_path(&DESCRIPTION.replace("IPv6Fire", "IPv6Water")), None);
        assert_eq!(control_path(&DESCRIPTION.replace("</service>", "")), None);
    }

    #[test]
    fn nobody_is_called_but_the_router() {
        let way = Way6 { gateway: ip("fe80::1"), scope_id: 3, pcp_port: 5351, ssdp_port: 1900 };
        let answer = |at: &str| format!("HTTP/1.1 200 OK\r\nST: x\r\nLocation: http://{at}/rootDesc.xml\r\n\r\n");
        let found = |at: &str| {
            let (at, path) = location(&answer(at))?;
            Some((near(at, way, ip("2600:1::5"))?.to_string(), path))
        };
        let path = "/rootDesc.xml".to_owned();
        assert_eq!(found("[fe80::1]:5000"), Some(("[fe80::1%3]:5000".to_owned(), path.clone())));
        assert_eq!(found("[2600:1::1]:5000"), Some(("[2600:1::1]:5000".to_owned(), path.clone())));
        assert_eq!(found("[2600:1::1]"), Some(("[2600:1::1]:80".to_owned(), path)));
        for other in ["[2600:2::1]:5000", "[fe80::2]:5000", "192.168.1.1:5000", "router:5000", ""] {
            assert_eq!(found(other), None, "{other}");
        }
        assert_eq!(location("NOTIFY * HTTP/1.1\r\nLocation: http://[fe80::1]:1/\r\n\r\n"), None);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_fall_over(text in ".{0,200}", inner in "[ -~]{0,60}") {
            let _ = (location(&text), control_path(&text), read(&text), url(&inner));
            let _ = control_path(&DESCRIPTION.replace("/ctl/IP6FCtl", &inner));
        }
    }
}
