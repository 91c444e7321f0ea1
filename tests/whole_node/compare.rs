//! `bitpie compare`: several nodes are asked the same, each by the way that its address names.

use std::net::SocketAddr;

use serde_json::Value;

use crate::nodes::{Node, free_port, until};

/// Where its API is reached by the way of this service.
fn api_address(node: &Node, service: &str) -> SocketAddr {
    until("its API listens", || {
        node.status().api.into_iter().find(|port| port.service.as_str() == service).map(|port| port.address)
    })
}

/// The exit code of `compare`, and what it says as JSON.
fn compared(asks: &Node, arguments: &[&str]) -> (Option<i32>, Value) {
    let mut command = asks.command(&["--json", "compare"]);
    let output = command.args(arguments).output().expect("the program runs");
    let said = String::from_utf8(output.stdout).expect("it writes text");
    (output.status.code(), serde_json::from_str(&said).unwrap_or_else(|_| panic!("not JSON: {said}")))
}

#[test]
fn nodes_that_say_the_same_agree_and_others_are_shown_where_they_differ() {
    let (one, other) = (Node::started(), Node::started());
    let http = format!("http://{}", api_address(&one, "http-api"));
    let websocket = format!("ws://{}", api_address(&other, "websocket-api"));

    let (code, said) = compared(&one, &[&http, &websocket, "--method", "getservices"]);
    assert_eq!((code, &said["agree"]), (Some(0), &Value::Bool(true)), "{said}");

    let (code, said) = compared(&one, &[&http, &websocket, "--method", "getidentity"]);
    assert_eq!((code, &said["agree"]), (Some(1), &Value::Bool(false)), "{said}");
    let differences = said["differences"].as_array().expect("a list");
    let id = differences.iter().find(|difference| difference["path"] == "id").expect("their ids differ");
    assert_eq!(id["values"][0], said["nodes"][0]["answer"]["id"]);
    assert_eq!(id["values"][1], said["nodes"][1]["answer"]["id"]);
    assert_ne!(id["values"][0], id["values"][1]);

    other.stop_service("stun");
    let text = one.command(&["compare", &http, &websocket, "--method", "getservices"]).output().expect("it runs");
    let text = String::from_utf8(text.stdout).expect("it writes text");
    assert!(text.contains("They differ in 1 place.") && text.contains("services[stun]"), "{text}");
}

#[test]
fn a_node_that_does_not_answer_or_says_no_is_named() {
    let node = Node::started();
    let here = api_address(&node, "http-api").to_string();
    let nobody = format!("127.0.0.1:{}", free_port());
    let (code, said) = compared(&node, &[&here, &nobody, "--method", "getservices"]);
    assert_eq!((code, &said["agree"]), (Some(1), &Value::Bool(false)), "{said}");
    assert!(said["nodes"][0]["answer"].is_array() || said["nodes"][0]["answer"].is_object(), "{said}");
    assert!(said["nodes"][1]["problem"].as_str().is_some_and(|why| why.contains("refused")), "{said}");

    // Nobody is told what only the user may see, and no answer is no agreement.
    let (code, said) = compared(&node, &[&here, &here, "--method", "messages.list"]);
    assert_eq!((code, &said["agree"]), (Some(1), &Value::Bool(false)), "{said}");
    assert!(said["nodes"].as_array().expect("a list").iter().all(|node| node["problem"].is_string()), "{said}");
}
