//! JSON-RPC 2.0 (<https://www.jsonrpc.org/specification>) as bytes: requests are read, answers are written. Pure.

use serde::Serialize;
use serde_json::{Map, Value};

use super::door_methods::{DOOR_METHODS, DoorRequest};
use super::errors::{ErrorKind, RpcError};
use super::methods::{Access, METHODS, MethodDescription, Misfit, Request};

/// Bytes of an id that is a text, at most.
pub const ID_BYTES: usize = 128;

/// Characters that are told of why parameters do not fit, at most.
const REASON_CHARACTERS: usize = 400;

/// Requests of one batch, at most.
pub const BATCH_REQUESTS: usize = 50;

/// How deep lists and objects of a body may be within each other.
pub const BODY_DEPTH: usize = 32;

/// What a body holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// One request, which is answered by one answer.
    One(Asked),
    /// Several, which are answered by a list of answers.
    Batch(Vec<Asked>),
}

impl Body {
    /// How many requests it holds.
    #[must_use]
    pub fn requests(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Batch(batch) => batch.len(),
        }
    }
}

/// A request, and under which id it is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// A number, a text or `null`, as the other side chose it; `null` too if it could not be found. `None` of a
    /// notification, which is not answered, whatever comes of it.
    pub id: Option<Value>,
    /// What is wanted, or why that cannot be understood.
    pub request: Result<Wanted, Box<RpcError>>,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// Of the node.
    Node(Request),
    /// Of the API itself.
    Door(DoorRequest),
}

impl Wanted {
    /// The method's name.
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self {
            Self::Node(request) => request.method(),
            Self::Door(request) => request.method(),
        }
    }

    /// Who may ask for it.
    #[must_use]
    pub fn access(&self) -> Access {
        match self {
            Self::Node(request) => request.access(),
            Self::Door(request) => request.access(),
        }
    }
}

/// Every method.
pub fn all_methods() -> impl Iterator<Item = &'static MethodDescription> {
    METHODS.iter().chain(DOOR_METHODS)
}

impl Asked {
    fn misunderstood(error: RpcError) -> Self {
        Self { id: Some(Value::Null), request: Err(Box::new(error)) }
    }
}

/// Reads a body. What is not valid JSON, or not a request, is answered with an error.
#[must_use]
pub fn parse(body: &[u8]) -> Body {
    if depth(body) > BODY_DEPTH {
        let said = format!("the body has lists and objects within each other, deeper than {BODY_DEPTH}");
        return Body::One(Asked::misunderstood(RpcError::new(ErrorKind::TooLarge, said)));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Array(requests)) if requests.is_empty() => {
            Body::One(Asked::misunderstood(invalid("the batch is empty").help("send one request in it at least")))
        }
        Ok(Value::Array(requests)) if requests.len() > BATCH_REQUESTS => {
            let said = format!("a batch has at most {BATCH_REQUESTS} requests, and this one has {}", requests.len());
            Body::One(Asked::misunderstood(RpcError::new(ErrorKind::TooLarge, said)))
        }
        Ok(Value::Array(requests)) => Body::Batch(requests.into_iter().map(parse_one).collect()),
        Ok(value) => Body::One(parse_one(value)),
        Err(error) => {
            let said = format!("the body is not valid JSON: {error}");
            Body::One(Asked::misunderstood(RpcError::new(ErrorKind::ParseError, said)))
        }
    }
}

/// How deep lists and objects are within each other, as far as it can be seen without understanding the text: what is
/// no JSON is found by whoever reads it.
fn depth(body: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let (mut is_text, mut is_escaped) = (false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn parse_one(value: Value) -> Asked {
    let Value::Object(mut object) = value else {
        return Asked::misunderstood(with_example(invalid("a request is a JSON object")));
    };
    let id = match object.remove("id") {
        Some(id) if !is_id(&id) => {
            let error = invalid("`id` is neither a short text nor a number nor null");
            return Asked::misunderstood(with_example(error));
        }
        id => id,
    };
    match parse_envelope(object) {
        Ok(request) => Asked { id, request: Ok(request) },
        // What is no request at all is no notification either.
        Err(error) if error.kind() == ErrorKind::InvalidRequest => {
            Asked { id: Some(id.unwrap_or(Value::Null)), request: Err(Box::new(error)) }
        }
        Err(error) => Asked { id, request: Err(Box::new(error)) },
    }
}

fn parse_envelope(mut object: Map<String, Value>) -> Result<Wanted, RpcError> {
    if object.remove("jsonrpc") != Some(Value::from("2.0")) {
        return Err(with_example(invalid("`jsonrpc` is not \"2.0\"")));
    }
    let Some(Value::String(method)) = object.remove("method") else {
        return Err(with_example(invalid("`method` is not a string")));
    };
    let parameters = match object.remove("params") {
        None | Some(Value::Null) => Value::Object(Map::new()),
        Some(parameters @ (Value::Object(_) | Value::Array(_))) => parameters,
        Some(_) => {
            return Err(RpcError::new(ErrorKind::InvalidParams, "`params` is neither an object nor a list"));
        }
    };
    if let Some(key) = object.keys().next() {
        return Err(with_example(invalid(&format!("a request has no `{}`", shown(key)))));
    }
    let read = match Request::read(&method, parameters.clone()) {
        Some(read) => read.map(Wanted::Node),
        None => match DoorRequest::read(&method, parameters) {
            Some(read) => read.map(Wanted::Door),
            None => return Err(unknown(&method)),
        },
    };
    read.map_err(|misfit| misfitting(&method, &misfit))
}

/// One answer.
#[must_use]
pub fn answer(id: &Value, outcome: &Result<Value, RpcError>) -> Vec<u8> {
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

/// The answers of a batch as one list.
#[must_use]
pub fn batch(answers: &[Vec<u8>]) -> Vec<u8> {
    [b"[".as_slice(), &answers.join(&b','), b"]"].concat()
}

/// What is told without having been asked for.
#[must_use]
pub fn notification(method: &str, params: &Value) -> Vec<u8> {
    #[derive(Serialize)]
    struct Notification<'a> {
        jsonrpc: &'static str,
        method: &'a str,
        params: &'a Value,
    }
    serde_json::to_vec(&Notification { jsonrpc: "2.0", method, params }).expect("JSON values are JSON")
}

fn is_id(id: &Value) -> bool {
    match id {
        Value::Null | Value::Number(_) => true,
        Value::String(text) => text.len() <= ID_BYTES,
        _ => false,
    }
}

fn invalid(message: &str) -> RpcError {
    RpcError::new(ErrorKind::InvalidRequest, message)
}

fn with_example(error: RpcError) -> RpcError {
    error.help(r#"a request: {"jsonrpc": "2.0", "id": 1, "method": "getnodeinfo", "params": {}}"#)
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
    match automata_compiler::nearest::nearest(method, all_methods().map(|method| method.name)) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => {
            let names: Vec<&str> = all_methods().map(|method| method.name).collect();
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

    fn told(asked: &Asked) -> String {
        let id = asked.id.as_ref().map_or_else(|| "no answer:".to_owned(), ToString::to_string);
        match &asked.request {
            Ok(Wanted::Node(request)) => format!("{id} {request:?}"),
            Ok(Wanted::Door(request)) => format!("{id} {request:?}"),
            Err(error) => {
                let help = error.data.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
                format!("{id} {:?} {}{help}", error.data.kind, error.message)
            }
        }
    }

    fn check(body: &str, expected: Expect) {
        let text = match parse(body.as_bytes()) {
            Body::One(asked) => told(&asked),
            Body::Batch(asked) => asked.iter().map(|asked| format!("- {}", told(asked))).collect::<Vec<_>>().join("\n"),
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
        check(
            "{",
            expect!["null ParseError the body is not valid JSON: EOF while parsing an object at line 1 column 1"],
        );
        check(
            "[]",
            expect![[r#"
                null InvalidRequest the batch is empty
                send one request in it at least"#]],
        );
        check(
            r#"[{"jsonrpc":"2.0","id":1,"method":"status"},7,{"jsonrpc":"2.0","method":"status"}]"#,
            expect![[r#"
                - 1 GetStatus(GetStatus)
                - null InvalidRequest a request is a JSON object
                a request: {"jsonrpc": "2.0", "id": 1, "method": "getnodeinfo", "params": {}}
                - no answer: GetStatus(GetStatus)"#]],
        );
        check(
            "7",
            expect![[r#"
                null InvalidRequest a request is a JSON object
                a request: {"jsonrpc": "2.0", "id": 1, "method": "getnodeinfo", "params": {}}"#]],
        );
        check(r#"{"jsonrpc":"2.0","method":"status"}"#, expect!["no answer: GetStatus(GetStatus)"]);
        check(
            r#"{"jsonrpc":"2.0","id":{},"method":"status"}"#,
            expect![[r#"
                null InvalidRequest `id` is neither a short text nor a number nor null
                a request: {"jsonrpc": "2.0", "id": 1, "method": "getnodeinfo", "params": {}}"#]],
        );
        check(
            r#"{"jsonrpc":"1.0","id":1,"method":"status"}"#,
            expect![[r#"
                1 InvalidRequest `jsonrpc` is not "2.0"
                a request: {"jsonrpc": "2.0", "id": 1, "method": "getnodeinfo", "params": {}}"#]],
        );
        check(
            r#"{"jsonrpc":"2.0","id":1}"#,
            expect![[r#"
                1 InvalidRequest `method` is not a string
                a request: {"jsonrpc": "2.0", "id": 1, "method": "getnodeinfo", "params": {}}"#]],
        );
        check(
            r#"{"jsonrpc":"2.0","id":1,"method":"status","extra":1}"#,
            expect![[r#"
                1 InvalidRequest a request has no `extra`
                a request: {"jsonrpc": "2.0", "id": 1, "method": "getnodeinfo", "params": {}}"#]],
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
                there are: status, health, id, invite.new, invite.list, invite.remove, peers.list, peers.ratings, getnodeinfo, getpeerinfo, getidentity, getservices, peers.listed, automata.snapshot, service.list, service.start, service.stop, service.enable, service.disable, contact.add, contact.list, contact.remove, contact.accept, contact.refuse, contact.ping, messages.send, messages.get, messages.list, messages.count, messages.search, messages.watch, messages.mark_read, messages.export, nick.set, nick.clear, nick.show, names.find, names.found, names.stop, config.get, config.set, config.list, backup, shutdown, network.reconnect, rpc.discover, findnickname, web.link, web.qr, authenticate, subscribe, unsubscribe"#]],
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

    fn refusal(body: &str) -> RpcError {
        match parse(body.as_bytes()) {
            Body::One(Asked { request: Err(error), .. }) => *error,
            body => panic!("{body:?}"),
        }
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
            let error = refusal(&body);
            assert!(error.message.len() < 1000, "{}", error.message.len());
        }
    }

    #[test]
    fn a_batch_has_an_end_and_a_body_a_depth() {
        let request = r#"{"jsonrpc":"2.0","id":1,"method":"status"}"#;
        let batch = |count: usize| format!("[{}]", vec![request; count].join(","));
        assert!(matches!(parse(batch(BATCH_REQUESTS).as_bytes()), Body::Batch(asked) if asked.len() == BATCH_REQUESTS));
        assert_eq!(refusal(&batch(BATCH_REQUESTS + 1)).kind(), ErrorKind::TooLarge);
        let nested = |depth: usize| {
            let inside = "[".repeat(depth - 1) + &"]".repeat(depth - 1);
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"status","params":{inside}}}"#)
        };
        assert_eq!(refusal(&nested(BODY_DEPTH)).kind(), ErrorKind::InvalidParams, "it is understood, and does not fit");
        assert_eq!(refusal(&nested(BODY_DEPTH + 1)).kind(), ErrorKind::TooLarge);
        assert_eq!(refusal(&"[".repeat(1_000_000)).kind(), ErrorKind::TooLarge);
        // What stands in texts is not depth.
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"zzz{}\"[[["}}"#, "[".repeat(100));
        assert_eq!(refusal(&text).kind(), ErrorKind::MethodNotFound);
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
        fn round<M: Method + Clone + Into<Request>>(parameters: &M) {
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
            let asked = match parse(&body) {
                Body::One(asked) => vec![asked],
                Body::Batch(asked) => asked,
            };
            for error in asked.into_iter().filter_map(|asked| asked.request.err()) {
                prop_assert!(!error.message.is_empty() && error.message.len() < 4096);
            }
        }
    }
}
