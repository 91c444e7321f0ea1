//! Programs that others wrote ask the API of a node: curl over HTTP, `websockets` over WebSocket, aioquic over
//! WebTransport (`tests/interop/api_client.py`); promtool reads its figures, and `@open-rpc/schema-utils-js` its OpenRPC
//! document (`tests/interop/openrpc/validate.cjs`).
//!
//! `cargo xtask interop api` installs what comes from package indexes and runs this; without it there is nothing to run.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use bitpie::api::access::Access;
use bitpie::api::answers::ApiPort;
use bitpie::api::methods::GetNodeInfo;
use serde_json::{Value, json};

use crate::nodes::Node;

/// Where `cargo xtask interop` says which Python has the packages.
const PYTHON: &str = "BITPIE_INTEROP_PYTHON";

/// Where it says in which folder those of npm are.
const NPM: &str = "BITPIE_INTEROP_NPM";

fn set_by_xtask(name: &str) -> std::ffi::OsString {
    std::env::var_os(name).unwrap_or_else(|| panic!("{name} is set by `cargo xtask interop api`"))
}

/// What a program says when it is given that text.
fn said_by(command: &mut Command, given: &str) -> String {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    child.stdin.take().expect("it is a pipe").write_all(given.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {complaint}", command.get_program());
    String::from_utf8(output.stdout).expect("it is text")
}

fn curl(arguments: &[&str]) -> String {
    said_by(
        Command::new("curl").args(["--silent", "--show-error", "--fail-with-body", "--max-time", "20"]).args(arguments),
        "",
    )
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
#[ignore = "`cargo xtask interop api` installs what is needed and runs it"]
fn programs_of_others_ask_the_api() {
    println!();
    let mut node = Node::new();
    node.start();
    let service = |node: &Node, name: &str| -> Option<ApiPort> {
        node.call(&GetNodeInfo {}).api.into_iter().find(|port| port.service.as_str() == name)
    };
    node.until("all ports are open", |node| {
        ["http-api", "websocket-api", "webtransport-api"].iter().all(|name| service(node, name).is_some())
    });
    let port = |name: &str| service(&node, name).expect("it is open").address.port();
    let at = format!("http://127.0.0.1:{}", port("http-api"));
    let id = node.call(&GetNodeInfo {}).id.to_string();

    let request = r#"{"jsonrpc": "2.0", "id": 7, "method": "getnodeinfo"}"#;
    let answer = json_of(&curl(&["--json", request, &format!("{at}/rpc")]));
    assert_eq!((&answer["id"], &answer["result"]["id"]), (&json!(7), &json!(id)), "{answer}");
    println!("        curl: {}", curl(&["--version"]).lines().next().unwrap_or_default());

    let figures = curl(&[&format!("{at}/metrics")]);
    said_by(Command::new("promtool").args(["check", "metrics"]), &figures);
    println!("        promtool finds nothing against {} lines of figures", figures.lines().count());

    // The document of everything is asked for with the token, which goes into no argument.
    let access = Access::read(node.home()).expect("private").expect("it runs").http.expect("the port is there");
    let head = format!("header = \"Authorization: Bearer {}\"\n", access.token.text());
    let discover = r#"{"jsonrpc": "2.0", "id": 1, "method": "rpc.discover"}"#;
    let mut asking = Command::new("curl");
    asking.args(["--silent", "--fail-with-body", "--config", "-", "--json", discover, &format!("{at}/rpc")]);
    let of_user = json_of(&said_by(&mut asking, &head))["result"].to_string();
    for document in [curl(&[&format!("{at}/openrpc.json")]), of_user] {
        let validate = Path::new(&set_by_xtask(NPM)).join("validate.cjs");
        let said = json_of(&said_by(Command::new("node").arg(validate), &document));
        let methods = said["methods"].as_array().expect("a list");
        assert!(methods.contains(&json!("getnodeinfo")), "{said}");
        println!("        OpenRPC: {} methods are described as the standard says", methods.len());
    }

    let webtransport = service(&node, "webtransport-api").expect("it is open");
    let hash = &webtransport.certificates.iter().find(|it| it.is_shown).expect("one is shown").sha256;
    let asked = json!({
        "websocket": port("websocket-api"), "webtransport": webtransport.address.port(), "hash": hash,
        "token": access.token.text(),
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/api_client.py");
    let said = said_by(Command::new(set_by_xtask(PYTHON)).arg(script), &format!("{asked}\n"));
    let ways: Vec<Value> = said.lines().map(json_of).collect();
    assert_eq!(ways.len(), 2);
    for way in &ways {
        println!("        {} {}: 5 answers", way["way"], way["version"]);
        let answers = &way["answers"];
        assert_eq!(answers[0]["result"]["id"], json!(id), "{way}");
        assert_eq!(answers[1]["error"]["data"]["kind"], "forbidden", "{way}");
        assert_eq!(answers[2]["result"]["is_user"], true, "{way}");
        assert_eq!(answers[3]["result"]["network"], "test", "{way}");
        assert!(answers[4]["result"]["subscription"].is_u64(), "{way}");
    }
    assert_eq!(ways[1]["elsewhere"], "403", "a name that was made to point here is refused");
    node.stop();
}
