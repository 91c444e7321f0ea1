//! Two people at two pages, who find each other by nickname and talk.

use serde_json::json;

use super::super::names::Network;
use super::super::nodes::{Node, free_port};
use super::Browser;
use super::page::{MARKUP, assert_no_markup, go_to, open, text, until_says, until_text};

const KEYBOARD_ENTER: &str = "\u{e007}";

fn take_nickname(browser: &Browser, name: &str) {
    browser.click(".bar button:nth-of-type(3)");
    browser.type_into("dialog input[name=nickname]", name);
    browser.click("dialog form.row button[type=submit]");
    until_says(browser, "dialog dl", name);
    browser.click("dialog > .buttons button.primary");
    browser.until("!document.querySelector('dialog')");
}

fn say(browser: &Browser, words: &str) {
    browser.type_into("textarea[name=text]", words);
    browser.press(KEYBOARD_ENTER);
    browser.until("document.querySelector('textarea[name=text]').value === ''");
}

/// Waits until the last of our messages is in a state.
fn until_state(browser: &Browser, state: &str) {
    browser
        .until(&format!("[...document.querySelectorAll('.message.ours')].at(-1)?.dataset.state === {}", json!(state)));
}

#[test]
#[ignore = "needs Chromium: cargo xtask test --only browser"]
fn two_people_find_each_other_by_nickname_and_talk() {
    let network = Network::new();
    // Her page finds her node again where it was.
    let port = free_port().to_string();
    let (mut alice, bob) = (network.node_with(&[("api/http-port", &port)]), network.node());
    let fingerprint = bitpie::identity::Fingerprint::of(&alice.id()).to_string();
    let (at_alice, at_bob) = (open(&alice, "talk"), open(&bob, "talk"));

    // A name that is markup stays a name.
    let name = "<b>al</b>";
    take_nickname(&at_alice, name);
    alice.until_held();
    at_bob.click(".bar button:nth-of-type(1)");
    at_bob.type_into("dialog input[name=name]", name);
    at_bob.click("dialog button[type=submit]");
    until_says(&at_bob, ".claimants code", &fingerprint);
    until_text(&at_bob, ".claimants .name", &format!("{name}#0"));
    at_bob.click(".claimants button.primary");
    until_text(&at_bob, ".conversation h1", name);

    // Bob is a stranger to Alice: she is asked, and he is not told that she reads.
    say(&at_bob, MARKUP);
    until_state(&at_bob, "delivered");
    until_says(&at_alice, ".contacts", "Would like to talk");
    at_alice.click(".contacts a.contact");
    until_text(&at_alice, ".message .text", MARKUP);
    until_says(&at_alice, ".judgement", "A stranger.");
    assert_eq!(at_bob.run("return document.querySelector('.message.ours').dataset.state", &[]), "delivered");
    at_alice.click(".judgement button.primary");
    until_state(&at_bob, "read");

    say(&at_alice, "Hello Bob");
    until_text(&at_bob, ".message:not(.ours) .text", "Hello Bob");
    until_state(&at_alice, "read");
    at_bob.until("document.querySelector('.contact .presence.online')");
    until_text(&at_bob, ".conversation header p", "here now");
    assert_no_markup(&at_alice);
    assert_no_markup(&at_bob);

    // From what is shown of a contact to the automaton that decided it.
    at_bob.click(".conversation header button");
    at_bob.click("dialog a.why");
    at_bob.until("document.querySelector('#room').dataset.room === 'automata'");
    until_says(&at_bob, ".situation h2", &format!("contact_status[{}]", alice.id()));
    at_bob.until("document.querySelector('[data-part=diagram] .state.current')");
    go_to(&at_bob, "talk");
    at_bob.click(".contacts a.contact");

    // She goes, is shown so, and what is written meanwhile waits.
    alice.stop();
    until_says(&at_alice, "#connection", "does not answer");
    at_bob.until("document.querySelector('.contact .presence:not(.online)')");
    until_says(&at_bob, ".conversation header p", "last heard");
    say(&at_bob, "Are you there?");
    until_state(&at_bob, "queued");
    alice.start();
    until_state(&at_bob, "delivered");
    // Her browser's token was of the run before.
    until_says(&at_alice, "#room", "bitpie web");
    drop((at_alice, at_bob));
}

#[test]
#[ignore = "needs Chromium: cargo xtask test --only browser"]
fn who_logs_out_is_a_stranger_in_every_tab() {
    let node = Node::started();
    let browser = open(&node, "talk");
    let token = browser.run("return localStorage.getItem('bitpie-token')", &[]);
    assert!(token.is_string(), "a browser that is in has a token: {token}");
    browser.click("#log-out");
    until_says(&browser, "#room", "You have logged out.");
    assert!(browser.run("return localStorage.getItem('bitpie-token')", &[]).is_null());
    // Neither does the node know it any more.
    let status = "const answer = await fetch('/rpc', { method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'status' }),
         headers: { 'content-type': 'application/json', authorization: `Bearer ${arguments[0]}` } });
         return answer.status;";
    browser.until("!document.querySelector('#log-out:not([hidden])')");
    let deadline = std::time::Instant::now() + super::super::nodes::DEADLINE;
    while browser.run_async(status, std::slice::from_ref(&token)) != 401 {
        assert!(std::time::Instant::now() < deadline, "the token still opens the node");
    }
    browser.go(browser.run("return location.origin", &[]).as_str().expect("a text"));
    browser.until(&format!("({} ?? '').includes('bitpie web')", text("#room")));
}
