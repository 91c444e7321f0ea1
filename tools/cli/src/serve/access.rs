//! Who may ask: the page of this server, and programs of this machine; not a page from elsewhere, and not through a
//! name that was made to point here.

use axum::http::{HeaderMap, HeaderValue, Method, header};

/// Why a request is refused; nothing if it may come in. `port` is that of this server.
pub fn refusal(method: &Method, path: &str, headers: &HeaderMap, port: u16) -> Option<&'static str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let is_here = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().is_ok_and(|host| is_own(host, port)),
        _ => false,
    };
    if !is_here {
        return Some("the `Host` header does not name this server");
    }
    let is_own_page = |origin: &HeaderValue| {
        let place = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
        place.is_some_and(|place| is_own(place, port))
    };
    if !headers.get_all(header::ORIGIN).iter().all(is_own_page) {
        return Some("the request comes from a page that is not of this server");
    }
    let is = |name: &str, values: &[&str]| {
        headers.get_all(name).iter().all(|value| values.iter().any(|allowed| value == allowed))
    };
    // A link to the page may be anywhere: the page it stands on learns nothing from it.
    let is_visit = method == Method::GET
        && path == "/"
        && headers.contains_key("sec-fetch-mode")
        && is("sec-fetch-mode", &["navigate"])
        && headers.contains_key("sec-fetch-dest")
        && is("sec-fetch-dest", &["document"]);
    if !is_visit && !is("sec-fetch-site", &["same-origin", "none"]) {
        return Some("the request comes from a page that is not of this server");
    }
    None
}

/// `127.0.0.1` or `localhost`, with the port of this server. (80 is the one that is not written.)
fn is_own(place: &str, port: u16) -> bool {
    let (name, written) = match place.rsplit_once(':') {
        Some((name, written)) => (name, written.parse::<u16>().ok()),
        None => (place, Some(80)),
    };
    (name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost")) && written == Some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|&(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)));
        refusal(&Method::GET, "/", &headers.collect(), 4000).is_none()
    }

    #[test]
    fn only_the_own_page_and_programs_of_this_machine_come_in() {
        let host = ("host", "127.0.0.1:4000");
        assert!(judged(&[host]));
        assert!(judged(&[("host", "LocalHost:4000")]));
        assert!(judged(&[host, ("origin", "http://127.0.0.1:4000"), ("sec-fetch-site", "same-origin")]));
        assert!(judged(&[host, ("sec-fetch-site", "none")]));
        for other in
            ["evil.example:4000", "127.0.0.1:4001", "127.0.0.1", "127.0.0.1.evil.example:4000", "[::1]:4000", ""]
        {
            assert!(!judged(&[("host", other)]), "{other}");
        }
        assert!(!judged(&[]), "no host at all");
        assert!(!judged(&[host, host]), "two of them");
        for other in ["http://evil.example", "https://127.0.0.1:4000", "http://127.0.0.1:4001", "null"] {
            assert!(!judged(&[host, ("origin", other)]), "{other}");
        }
        assert!(!judged(&[host, ("sec-fetch-site", "cross-site")]));
        assert!(!judged(&[host, ("sec-fetch-site", "same-site")]));
    }

    #[test]
    fn a_link_elsewhere_may_lead_to_the_page_and_to_nothing_else() {
        let headers: HeaderMap = [
            ("host", "127.0.0.1:4000"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ]
        .into_iter()
        .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect();
        assert_eq!(refusal(&Method::GET, "/", &headers, 4000), None);
        assert!(refusal(&Method::GET, "/definitions", &headers, 4000).is_some());
        assert!(refusal(&Method::POST, "/", &headers, 4000).is_some());
    }
}
