//! The API over WebTransport in the whole program: its certificates over restarts and over time, `bitpie compare` by all
//! three ways, and the addresses at which others reach the ports.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use bitpie::api::access::Access;
use bitpie::api::answers::{ApiCertificate, ApiPort};
use bitpie::api::methods::GetNodeInfo;
use bitpie::home::Home;
use wtransport::endpoint::ConnectOptions;
use wtransport::tls::Sha256Digest;
use wtransport::{ClientConfig, Endpoint};

use super::nodes::{Node, until};

fn port(node: &Node, service: &str) -> Option<ApiPort> {
    node.call(&GetNodeInfo {}).api.into_iter().find(|port| port.service.as_str() == service)
}

fn open_port(node: &Node, service: &str) -> ApiPort {
    node.until("the port is open", |node| port(node, service).is_some());
    port(node, service).expect("it is open")
}

fn certificates(node: &Node) -> Vec<ApiCertificate> {
    port(node, "webtransport-api").map(|port| port.certificates).unwrap_or_default()
}

fn shown(certificates: &[ApiCertificate]) -> Option<&str> {
    certificates.iter().find(|certificate| certificate.is_shown).map(|certificate| certificate.sha256.as_str())
}

#[test]
fn a_certificate_outlasts_a_restart_and_nobody_else_can_read_it() {
    let mut node = Node::started();
    open_port(&node, "webtransport-api");
    let before = certificates(&node);
    let [ApiCertificate { begins_unix_ms, ends_unix_ms, is_shown: true, .. }] = before[..] else {
        panic!("{before:?}")
    };
    let hour = 60 * 60 * 1_000;
    assert_eq!(ends_unix_ms - begins_unix_ms, 13 * 24 * hour + hour);
    let file = Home::at(node.home()).certificates_file();
    assert_eq!(fs::metadata(&file).expect("it is kept").permissions().mode() & 0o777, 0o600);
    node.stop();
    node.start();
    open_port(&node, "webtransport-api");
    assert_eq!(certificates(&node), before);
    // What is damaged is told, and replaced.
    node.stop();
    fs::write(&file, "[{}]").expect("written");
    node.start();
    open_port(&node, "webtransport-api");
    assert_ne!(shown(&certificates(&node)), shown(&before));
    assert!(node.said().contains("the certificates that were kept are of no use"), "{}", node.said());
    node.stop();
}

#[test]
fn the_next_certificate_is_told_before_it_is_shown_and_then_shown() {
    let mut node = Node::with(&[("testing/certificate-lifetime", "\"8s\"")]);
    node.start();
    open_port(&node, "webtransport-api");
    let first = shown(&certificates(&node)).expect("one is shown").to_owned();
    node.until("there are two", |node| {
        let told = certificates(node);
        told.len() == 2 && shown(&told) == Some(first.as_str())
    });
    node.until("the next one is shown", |node| shown(&certificates(node)).is_some_and(|hash| hash != first));
    node.stop();
}

#[test]
fn all_ways_say_the_same_and_a_certificate_that_is_not_the_named_one_is_refused() {
    let mut node = Node::started();
    let [http, websocket, webtransport] =
        ["http-api", "websocket-api", "webtransport-api"].map(|service| open_port(&node, service).address.to_string());
    let hash = shown(&certificates(&node)).expect("one is shown").to_owned();
    let (by_websocket, by_webtransport) = (format!("ws://{websocket}"), format!("https://{webtransport}#{hash}"));
    let said = node.output(&["compare", &http, &by_websocket, &by_webtransport, "--method", "getidentity"]);
    assert!(said.contains("3 nodes say the same"), "{said}");
    let wrong = format!("https://{webtransport}#{}", "ab".repeat(32));
    let compared = node.command(&["compare", &http, &wrong]).output().expect("it can be run");
    let said = String::from_utf8_lossy(&compared.stdout);
    assert!(compared.status.code() == Some(1) && said.contains("does not answer"), "{said}");
    node.stop();
}

#[test]
fn peers_say_where_the_ports_are_reached_as_long_as_others_may_ask() {
    let mut near = Node::new();
    let mut node = Node::with(&[("services/public-api/enabled", "true")]);
    near.start_listening();
    node.start_listening();
    near.until("it answers", |near| near.status().stun.state == "SERVING");
    let me = node.id();
    node.add(&near.idurl(), "near");
    near.add(&format!("bitpie:{me}"), "node");
    let external = |node: &Node, service: &str| {
        let port = port(node, service)?;
        let seen = port.external.first()?.address;
        (seen.port() == port.address.port()).then(|| seen.to_string())
    };
    let services = ["websocket-api", "webtransport-api"];
    for service in services {
        node.until("a peer says where it is", |node| external(node, service).is_some());
    }
    let [websocket, webtransport] = services.map(|service| external(&node, service).expect("it was told"));
    let hash = shown(&certificates(&node)).expect("one is shown").to_owned();
    let (by_websocket, by_webtransport) = (format!("ws://{websocket}"), format!("https://{webtransport}#{hash}"));
    let said = node.output(&["compare", &by_websocket, &by_webtransport, "--method", "getidentity"]);
    assert!(said.contains("2 nodes say the same"), "{said}");
    node.stop_service("public-api");
    node.until("nothing is told any more", |node| services.iter().all(|service| external(node, service).is_none()));
    node.stop();
    near.stop();
}

#[test]
fn a_token_in_the_headers_of_a_session_lets_in_and_is_in_no_log() {
    let mut node = Node::with(&[("log/level", "\"trace\"")]);
    node.start();
    let address = open_port(&node, "webtransport-api").address;
    let hash: bitpie::world::CertificateHash =
        shown(&certificates(&node)).expect("one is shown").parse().expect("it is a hash");
    let access = until("api.json names the token", || Access::read(node.home()).ok().flatten()?.http);
    let token = access.token.text().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let answer = runtime.block_on(async {
        let config = ClientConfig::builder()
            .with_bind_address("127.0.0.1:0".parse().expect("an address"))
            .with_server_certificate_hashes([Sha256Digest::new(hash.0)]);
        let asked = ConnectOptions::builder(format!("https://{address}/"))
            .add_header("authorization", format!("Bearer {token}"))
            .build();
        let session = Endpoint::client(config.build()).expect("a socket").connect(asked).await.expect("it is let in");
        let (mut to, mut from) = session.open_bi().await.expect("a stream").await.expect("a stream");
        to.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"id\"}").await.expect("it is there");
        to.finish().await.expect("it is heard");
        let (mut answer, mut piece) = (Vec::new(), [0; 4_096]);
        while let Some(length) = from.read(&mut piece).await.expect("it is there") {
            answer.extend_from_slice(&piece[..length]);
        }
        String::from_utf8(answer).expect("it is text")
    });
    assert!(answer.contains("\"result\""), "{answer}");
    node.stop();
    let logs = node.files().into_iter().filter(|path| path.starts_with(Home::at(node.home()).log_folder()));
    let logs: String = logs.map(|path| fs::read_to_string(path).expect("it is text")).collect();
    assert!(logs.contains("quinn"), "libraries are heard");
    assert!(!logs.contains(&token), "the token is in the log");
}
