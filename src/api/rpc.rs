//! JSON-RPC 2.0 (<https://www.jsonrpc.org/specification>) as bytes: requests are read, answers are written. Pure.

use serde::Serialize;
use serde_json::{Map, Value};

use super::errors::{ErrorKind, RpcError};
use super::methods::{METHODS, Misfit, Request};

/// Bytes of an id that is a text, at most.
pub const ID_BYTES: usize = 128;

/// Characters that are told of why parameters do not fit, at most.
const REASON_CHARACTERS: usize = 400;

/// A request with the id under which it is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbered {
    /// A number, a text or `null`, as the other side chose it.
    pub id: Value,
    /// What is wanted.
    pub request: Request,
}

/// A body that is no request, with the id under which that is told: `null` if none could be found.
#[derive(Clone, Debug, PartialEq)]
pub struct BadRequest {
    /// The id, or `null`.
    pub id: Value,
    /// What is wrong.
    pub error: Box<RpcError>,
}

/// Reads a body.
///
/// # Errors
/// If it is no JSON, no single request, names no method of this API, or its parameters are not those of the method.
pub fn parse_request(body: &[u8]) -> Result<Numbered, BadRequest> {
    let value: Value = serde_json::from_slice(body).map_err(|error| BadRequest {
        id: Value::Null,
        error: Box::new(RpcError::new(ErrorKind::ParseError, format!("the body is no JSON: {error}"))),
    })?;
    let mut object = match value {
        Value::Object(object) => object,
        Value::Array(_) => {
            return Err(invalid(Value::Null, "a batch of requests is not taken")
                .map(|error| error.help("send one request after the other; the connection can be kept for them")));
        }
        _ => return Err(invalid(Value::Null, "the body is no request: a request is a JSON object").with_example()),
    };
    let id = match object.remove("id") {
        Some(id) if is_id(&id) => id,
        Some(_) => {
            return Err(invalid(Value::Null, "`id` is neither a short text nor a number nor null").with_example());
        }
        None => {
            let said = "the request has no `id`: it would be a notification, and this API takes none";
            return Err(invalid(Value::Null, said).with_example());
        }
    };
    match parse_envelope(object) {
        Ok(request) => Ok(Numbered { id, request }),
        Err(error) => Err(BadRequest { id, error: Box::new(error) }),
    }
}

fn parse_envelope(mut object: Map<String, Value>) -> Result<Request, RpcError> {
    if object.remove("jsonrpc") != Some(Value::from("2.0")) {
        return Err(*invalid(Value::Null, "`jsonrpc` is not \"2.0\"").with_example().error);
    }
    let Some(Value::String(method)) = object.remove("method") else {
        return Err(*invalid(Value::Null, "`method` is no text").with_example().error);
    };
    let parameters = match object.remove("params") {
        None | Some(Value::Null) => Value::Object(Map::new()),
        Some(parameters @ (Value::Object(_) | Value::Array(_))) => parameters,
        Some(_) => {
            return Err(RpcError::new(ErrorKind::InvalidParams, "`params` is neither an object nor a list"));
        }
    };
    if let Some(key) = object.keys().next() {
        return Err(*invalid(Value::Null, &format!("a request has no `{}`", shown(key))).with_example().error);
    }
    match Request::read(&method, parameters) {
        Some(read) => read.map_err(|misfit| misfitting(&method, &misfit)),
        None => Err(unknown(&method)),
    }
}

/// The bytes of an answer.
#[must_use]
pub fn write_response(id: &Value, outcome: &Result<Value, RpcError>) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "lowercase")]
    enum Outcome<'a> {
        Result(&'a Value),
        Error(&'a RpcError),
    }
    #[derive(Serialize)]
    struct Response<'a> {
        jsonrpc: &'static str,
        id: &'a Value,
        #[serde(flatten)]
        outcome: Outcome<'a>,
    }
    let outcome = match outcome {
        Ok(value) => Outcome::Result(value),
        Err(error) => Outcome::Error(error),
    };
    serde_json::to_vec(&Response { jsonrpc: "2.0", id, outcome }).expect("JSON values are JSON")
}

fn is_id(id: &Value) -> bool {
    match id {
        Value::Null | Value::Number(_) => true,
        Value::String(text) => text.len() <= ID_BYTES,
        _ => false,
    }
}

fn invalid(id: Value, message: &str) -> BadRequest {
    BadRequest { id, error: Box::new(RpcError::new(ErrorKind::InvalidRequest, message)) }
}

impl BadRequest {
    fn map(self, change: impl FnOnce(RpcError) -> RpcError) -> Self {
        Self { id: self.id, error: Box::new(change(*self.error)) }
    }

    fn with_example(self) -> Self {
        self.map(|error| error.help(r#"a request: {"jsonrpc": "2.0", "id": 1, "method": "status", "params": {}}"#))
    }
}

fn misfitting(method: &str, misfit: &Misfit) -> RpcError {
    let path = misfit.path().to_string();
    let at = if path == "." { String::new() } else { format!("`{}`: ", shown(&path)) };
    // The library repeats what does not fit, however long it is.
    let why: String = misfit.inner().to_string().chars().take(REASON_CHARACTERS).collect();
    RpcError::new(ErrorKind::InvalidParams, format!("`{method}` does not take this: {at}{why}"))
}

fn unknown(method: &str) -> RpcError {
    let error = RpcError::new(ErrorKind::MethodNotFound, format!("there is no method `{}`", shown(method)));
    match automata_compiler::nearest::nearest(method, METHODS.iter().map(|method| method.name)) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => {
            let names: Vec<&str> = METHODS.iter().map(|method| method.name).collect();
            error.help(format!("there are: {}", names.join(", ")))
        }
    }
}

/// A text from outside, as far as it fits into a sentence.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(64).collect();
    short.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;
    use crate::api::methods::{AddContact, GetStatus, Method, WatchMessages};

    fn check(body: &str, expected: Expect) {
        let text = match parse_request(body.as_bytes()) {
            Ok(numbered) => format!("{} {:?}", numbered.id, numbered.request),
            Err(bad) => {
                let help = bad.error.data.help.map(|help| format!("\n{help}")).unwrap_or_default();
                format!("{} {:?} {}{help}", bad.id, bad.error.data.kind, bad.error.message)
            }
        };
        expected.assert_eq(&text);
    }

    #[test]
    fn a_request_is_read() {
        check(r#"{"jsonrpc":"2.0","id":1,"method":"status"}"#, expect!["1 GetStatus(GetStatus)"]);
        check(
            r#"{"jsonrpc":"2.0","id":"a","method":"messages.send","params":{"to":"alice","text":"secret"}}"#,
            expect![[r#""a" SendMessage(SendMessage { to: "alice", text: Hidden(6 bytes), expires_ms: None })"#]],
        );
        check(
            r#"{"jsonrpc":"2.0","id":null,"method":"contact.ping","params":["alice"]}"#,
            expect![[r#"null PingContact(PingContact { who: "alice" })"#]],
        );
    }

    #[test]
    fn a_body_that_is_no_request_is_told_what_it_is() {
        check("{", expect!["null ParseError the body is no JSON: EOF while parsing an object at line 1 column 1"]);
        check(
            "[]",
            expect![[r#"
            null InvalidRequest a batch of requests is not taken
            send one request after the other; the connection can be kept for them"#]],
        );
        check(
            r#"[{"jsonrpc":"2.0","id":1,"method":"status"}]"#,
            expect![[r#"
            null InvalidRequest a batch of requests is not taken
            send one request after the other; the connection can be kept for them"#]],
        );
        check(
            "7",
            expect![[r#"
            null InvalidRequest the body is no request: a request is a JSON object
            a request: {"jsonrpc": "2.0", "id": 1, "method": "status", "params": {}}"#]],
        );
        check(
            r#"{"jsonrpc":"2.0","method":"status"}"#,
            expect![[r#"
            null InvalidRequest the request has no `id`: it would be a notification, and this API takes none
            a request: {"jsonrpc": "2.0", "id": 1, "method": "status", "params": {}}"#]],
        );
        check(
            r#"{"jsonrpc":"2.0","id":{},"method":"status"}"#,
            expect![[r#"
            null InvalidRequest `id` is neither a short text nor a number nor null
            a request: {"jsonrpc": "2.0", "id": 1, "method": "status", "params": {}}"#]],
        );
        check(
            r#"{"jsonrpc":"1.0","id":1,"method":"status"}"#,
            expect![[r#"
            1 InvalidRequest `jsonrpc` is not "2.0"
            a request: {"jsonrpc": "2.0", "id": 1, "method": "status", "params": {}}"#]],
        );
        check(
            r#"{"jsonrpc":"2.0","id":1}"#,
            expect![[r#"
            1 InvalidRequest `method` is no text
            a request: {"jsonrpc": "2.0", "id": 1, "method": "status", "params": {}}"#]],
        );
        check(
            r#"{"jsonrpc":"2.0","id":1,"method":"status","extra":1}"#,
            expect![[r#"
            1 InvalidRequest a request has no `extra`
            a request: {"jsonrpc": "2.0", "id": 1, "method": "status", "params": {}}"#]],
        );
        check(
            r#"{"jsonrpc":"2.0","id":1,"method":"status","params":7}"#,
            expect!["1 InvalidParams `params` is neither an object nor a list"],
        );
    }

    #[test]
    fn a_method_that_is_not_there_is_told_the_nearest() {
        check(
            r#"{"jsonrpc":"2.0","id":1,"method":"statsu"}"#,
            expect![[r#"
            1 MethodNotFound there is no method `statsu`
            did you mean `status`?"#]],
        );
        check(
            r#"{"jsonrpc":"2.0","id":1,"method":"zzz\u0007zzzzzzzzzz"}"#,
            expect![[r#"
                1 MethodNotFound there is no method `zzz\u{7}zzzzzzzzzz`
                there are: status, id, invite.new, invite.list, invite.remove, peers.list, peers.ratings, getnodeinfo, getpeerinfo, service.list, service.start, service.stop, service.enable, service.disable, contact.add, contact.list, contact.remove, contact.accept, contact.refuse, contact.ping, messages.send, messages.get, messages.list, messages.count, messages.search, messages.watch, messages.mark_read, messages.export, nick.set, nick.clear, nick.show, names.find, names.found, names.stop, config.get, config.set, config.list, backup, shutdown, network.reconnect"#]],
        );
    }

    #[test]
    fn parameters_that_do_not_fit_are_told_by_name() {
        check(
            r#"{"jsonrpc":"2.0","id":1,"method":"contact.add"}"#,
            expect!["1 InvalidParams `contact.add` does not take this: missing field `idurl`"],
        );
        check(
            r#"{"jsonrpc":"2.0","id":1,"method":"contact.add","params":{"idurl":1}}"#,
            expect![
                "1 InvalidParams `contact.add` does not take this: `idurl`: invalid type: integer `1`, expected a string"
            ],
        );
        check(
            r#"{"jsonrpc":"2.0","id":1,"method":"contact.add","params":{"idurl":"x","nmae":"y"}}"#,
            expect![
                "1 InvalidParams `contact.add` does not take this: `nmae`: unknown field `nmae`, expected one of `idurl`, `name`, `found_as`"
            ],
        );
        check(
            r#"{"jsonrpc":"2.0","id":1,"method":"contact.add","params":{"idurl":"x","name":" y"}}"#,
            expect![
                "1 InvalidParams `contact.add` does not take this: `name`: a nickname has single spaces only, and none at its ends"
            ],
        );
        check(
            r#"{"jsonrpc":"2.0","id":1,"method":"messages.watch","params":{"after":-1}}"#,
            expect![
                "1 InvalidParams `messages.watch` does not take this: `after`: invalid value: integer `-1`, expected u64"
            ],
        );
        check(
            r#"{"jsonrpc":"2.0","id":1,"method":"service.start","params":{"name":"../etc"}}"#,
            expect![
                "1 InvalidParams `service.start` does not take this: `name`: `../etc` is no name: lower-case letters, digits and single dashes between them, a letter first, at most 64"
            ],
        );
    }

    #[test]
    fn what_does_not_fit_is_not_repeated_without_end() {
        let long = "x".repeat(100_000);
        for parameters in [
            format!(r#"{{"idurl":1,"name":"{long}"}}"#),
            format!(r#"{{"{long}":1}}"#),
            format!(r#"["{long}",["{long}"]]"#),
        ] {
            let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"contact.add","params":{parameters}}}"#);
            let bad = parse_request(body.as_bytes()).expect_err("it does not fit");
            assert!(bad.error.message.len() < 1000, "{}", bad.error.message.len());
        }
    }

    #[test]
    fn every_method_can_be_asked_for_by_its_name() {
        for (index, method) in METHODS.iter().enumerate() {
            assert!(method.summary.ends_with('.') && !method.name.contains(char::is_whitespace), "{method:?}");
            assert!(METHODS[index + 1..].iter().all(|other| other.name != method.name), "{method:?}");
            assert!(Request::read(method.name, Value::Object(Map::new())).is_some());
        }
    }

    #[test]
    fn what_a_client_writes_is_what_a_server_reads() {
        fn round<M: Method + Clone>(parameters: &M) {
            let value = serde_json::to_value(parameters).expect("JSON");
            let read = Request::read(M::NAME, value).expect("there is such a method").expect("they fit");
            assert_eq!(read, parameters.clone().into());
        }
        round(&GetStatus {});
        round(&AddContact {
            idurl: "bitpie:x".to_owned().into(),
            name: Some("Zoë".parse().expect("a nickname")),
            found_as: None,
        });
        round(&WatchMessages { with: None, after: Some(u64::MAX), after_request: None, wait_ms: 1 });
    }

    proptest! {
        #[test]
        fn no_body_does_any_harm(body in prop::collection::vec(any::<u8>(), 0..256)) {
            if let Err(bad) = parse_request(&body) {
                prop_assert!(!bad.error.message.is_empty());
                prop_assert!(bad.error.message.len() < 4096);
            }
        }
    }
}
