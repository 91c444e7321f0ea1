//! What people write to each other, and what lets a program in: at most talkative level neither gets into logs, traces,
//! or what a node says to its terminal, in no form in which it could be read again.

use std::fs;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use bitpie::api::access::{Access, HttpAccess};
use bitpie::api::answers::MessageState;
use bitpie::api::hidden::Hidden;
use bitpie::api::methods::{AcceptContact, SearchMessages, SendMessage};
use bitpie::home::Home;
use bitpie::identity::Idurl;
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER, HEXUPPER};

use super::nodes::{Node, until_both_online};

/// Words that nothing else says.
const TEXT: &str = "The xylophone quartet meets behind the granary at dusk";
const ANSWER: &str = "Bring the vermilion umbrella, and tell Zbigniew nothing";

#[test]
fn neither_texts_nor_tokens_get_into_logs_and_traces() {
    let talkative = [("log/level", "\"trace\""), ("api/http-port", "0")];
    let (mut a, mut b) = (Node::with(&talkative), Node::with(&talkative));
    a.start();
    b.start();
    let invited = b.output(&["id", "--invite", "--for", "1h"]);
    let invitation = invited.trim().parse::<Idurl>().expect("an address").invitation;
    let invitation = invitation.expect("it was asked for");
    a.output(&["contact", "add", invited.trim(), "--name", "b"]);
    a.ask(&AcceptContact { who: format!("{}x", invited.trim()), name: None }).expect_err("a slip of the hand");
    b.add(&a.idurl(), "a");
    until_both_online(&mut a, &mut b);
    let mut tokens = Vec::new();
    for node in [&a, &b] {
        tokens.push(http(node).token.text().to_owned());
    }

    // All that is done with a text: it is sent, shown, looked for, answered, marked as read; and it is refused.
    let sent = a.send("b", TEXT);
    a.until_delivered(&sent.id);
    assert_eq!(b.received(), [TEXT]);
    assert_eq!(b.mark_read("a"), 1);
    a.until_state(&sent.id, &[MessageState::Read]);
    b.output(&["msg", "send", "a", ANSWER, "--wait"]);
    for node in [&a, &b] {
        let query = || Hidden(format!("\"{TEXT}\""));
        assert_eq!(node.call(&SearchMessages { query: query(), limit: 10 }).messages.len(), 1);
        assert!(node.output(&["msg", "search", TEXT]).contains(TEXT));
        assert!(node.output(&["msg", "list"]).contains(ANSWER));
        let message = SendMessage { to: "nobody".into(), text: Hidden(TEXT.into()), expires_ms: None };
        node.ask(&message).expect_err("there is no such contact");
        malformed_request(node);
    }
    a.stop();
    b.stop();

    // Who gave it away has it not even in the database; who got it has it there until they are answered.
    let of_b = contents(&b, |_| true);
    demand_none(&of_b, "an invitation", invitation.as_bytes());
    demand_none(&of_b, "an invitation", invitation.text().as_bytes());
    for node in [&a, &b] {
        let home = Home::at(node.home());
        // That one looks in the right way: the text is where it belongs, and in the rest is told of it.
        let of_messages = contents(node, |path| path.starts_with(home.messages_folder()));
        let text_as_it_is = |bytes: &[u8]| bytes.windows(TEXT.len()).any(|window| window == TEXT.as_bytes());
        assert!(of_messages.iter().any(|(_, bytes)| text_as_it_is(bytes)), "messages are kept");
        let others = contents(node, |path| !path.starts_with(home.messages_folder()));
        let tells_of = |folder: &Path, what: &str| {
            let mut inside = others.iter().filter(|(path, _)| path.starts_with(folder));
            inside.any(|(_, bytes)| String::from_utf8_lossy(bytes).contains(what))
        };
        assert!(tells_of(&home.traces_folder(), "message_delivery["), "what was delivered is recorded");
        assert!(tells_of(&home.log_folder(), "TRACE"), "everything is logged");

        for token in &tokens {
            let raw = HEXLOWER.decode(token.as_bytes()).expect("a token is hexadecimal");
            demand_none(&others, "a token", &raw);
            demand_none(&others, "a token", token.as_bytes());
            demand_none(&of_messages, "a token", &raw);
        }
        demand_none(&others, "an invitation", invitation.as_bytes());
        demand_none(&others, "an invitation", invitation.text().as_bytes());
        demand_none(&others, TEXT, TEXT.as_bytes());
        demand_none(&others, ANSWER, ANSWER.as_bytes());
    }
}

/// Where its API is at a port.
fn http(node: &Node) -> HttpAccess {
    let access = Access::read(node.home()).expect("it can be read").expect("it runs");
    access.http.expect("its settings ask for it")
}

/// A request that is no JSON, with a text in it: at the socket, and at the port with the token.
fn malformed_request(node: &Node) {
    let body = format!(
        "{{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"messages.send\", \"params\": {{\"text\": \"{TEXT}\" "
    );
    let http = http(node);
    let head = format!(
        "POST /rpc HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n",
        http.token.text(),
        body.len()
    );
    let request = head + &body;
    let is_answered = |mut stream: Box<dyn Read>| {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it is answered");
        assert!(answer.contains("parse_error"), "{answer}");
    };
    is_answered(Box::new(node.say_to_api(request.as_bytes())));
    let mut stream = TcpStream::connect(http.address).expect("somebody listens");
    stream.write_all(request.as_bytes()).expect("it is taken");
    is_answered(Box::new(stream));
}

type Contents = Vec<(PathBuf, Vec<u8>)>;

fn contents(node: &Node, wanted: impl Fn(&Path) -> bool) -> Contents {
    let files = node.files().into_iter().filter(|path| wanted(path));
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).expect("it can be read");
        (path, bytes)
    };
    files.map(read).collect()
}

fn demand_none(files: &Contents, what: &str, secret: &[u8]) {
    for (form, written) in forms(secret) {
        for (path, bytes) in files {
            let is_in = bytes.windows(written.len()).any(|window| window == written);
            assert!(!is_in, "{what} is in {}, {form}", path.display());
        }
    }
}

/// How bytes are written: as they are, in hexadecimal digits, in base64, and as Rust shows a list of them.
fn forms(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let list = format!("{secret:?}");
    let mut forms = vec![
        ("as it is", secret.to_vec()),
        ("in hexadecimal digits", HEXLOWER.encode(secret).into_bytes()),
        ("in hexadecimal digits", HEXUPPER.encode(secret).into_bytes()),
        ("as a list of bytes", list.trim_matches(['[', ']']).as_bytes().to_vec()),
    ];
    for (form, encoding) in [("in base64", BASE64_NOPAD), ("in base64 for URLs", BASE64URL_NOPAD)] {
        forms.extend((0..3).map(|before| (form, within_base64(&encoding, before, secret))));
    }
    forms
}

/// The digits that bytes have in base64 behind so many others, whatever those are, and whatever follows.
fn within_base64(encoding: &Encoding, before: usize, secret: &[u8]) -> Vec<u8> {
    let all = encoding.encode(&[&vec![0; before], secret].concat());
    let bits = 8 * (before + secret.len());
    all.as_bytes()[(8 * before).div_ceil(6)..bits / 6].to_vec()
}

#[test]
fn a_secret_is_found_in_each_form() {
    let secret = b"correct horse battery staple";
    for before in 0..3 {
        let around = [&b"xyz"[..before], secret, b"and more"].concat();
        for written in [
            around.clone(),
            HEXLOWER.encode(&around).into_bytes(),
            HEXUPPER.encode(&around).into_bytes(),
            BASE64_NOPAD.encode(&around).into_bytes(),
            BASE64URL_NOPAD.encode(&around).into_bytes(),
            format!("{around:?}").into_bytes(),
        ] {
            let is_in = |form: &[u8]| written.windows(form.len()).any(|window| window == form);
            assert!(forms(secret).iter().any(|(_, form)| is_in(form)), "{}", String::from_utf8_lossy(&written));
        }
    }
}
