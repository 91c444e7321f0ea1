//! The rooms Node and Automata: switches, settings, and every automaton as it runs.

use serde_json::json;

use super::super::nodes::Node;
use super::super::replays;
use super::Browser;
use super::page::{MARKUP, assert_no_markup, drop_file, go_to, open, text, until_says};

/// A service that nothing else needs.
const SERVICE: &str = "stun";

fn until_service_is(browser: &Browser, state: &str) {
    browser.until(&format!("document.querySelector('[data-service={SERVICE}]')?.dataset.state === {}", json!(state)));
}

fn state() -> String {
    "document.querySelector('[data-part=state]')?.dataset.state".to_owned()
}

/// The names of the states that are lit in the diagram.
fn lit() -> String {
    "[...document.querySelectorAll('[data-part=diagram] .state.current')].map((it) => it.id).join(' ')".to_owned()
}

#[test]
#[ignore = "needs Chromium: cargo xtask test --only browser"]
fn a_service_is_switched_and_its_automaton_is_seen_to_change() {
    let mut node = Node::new();
    node.start_listening();
    let (browser, watching) = (open(&node, "node"), open(&node, "automata"));
    browser.click("a[href='#node/services']");
    until_service_is(&browser, "ON");

    // One page watches the automaton of the service, the other one switches it.
    let instance = format!("local_service[{SERVICE}]");
    watching.run("location.hash = `#automata/${arguments[0]}`", &[json!(instance)]);
    watching.until(&format!("{} === 'ON'", state()));
    watching.until(&format!("({}).endsWith('-ON')", lit()));
    browser.click(&format!("[data-service={SERVICE}] button.switch"));
    until_service_is(&browser, "OFF");
    watching.until(&format!("{} === 'OFF'", state()));
    watching.until(&format!("({}).endsWith('-OFF')", lit()));
    watching.until("document.querySelector('[data-part=diagram] .transition.current')");

    // Paused, the page stays where it is; steps go back to what was, and forth again.
    watching.click("[data-action=only-instance]");
    watching.click("[data-action=pause]");
    until_says(&watching, "[data-action=pause]", "Follow");
    let place = text("[data-part=place]");
    let paused = watching.run(&format!("return {place}"), &[]);
    watching.press("\u{e012}");
    watching.until(&format!("{place} !== {paused}"));
    browser.click(&format!("[data-service={SERVICE}] button.switch"));
    until_service_is(&browser, "ON");
    watching.until(&format!("{} !== 'ON'", state()));
    watching.click("[data-action=last]");
    watching.until(&format!("{} === 'ON'", state()));

    // Timers run down while nothing is delivered.
    watching.run("location.hash = '#automata/network_connector'", &[]);
    watching.until("document.querySelector('[data-part=situation] h2')?.textContent === 'network_connector'");

    // The map, a sequence, coverage, a filter.
    watching.click("#tab-map");
    watching.until("document.querySelectorAll('[data-part=map] .card').length > 20");
    watching.click("#tab-sequence");
    watching.until("document.querySelectorAll('[data-part=sequence] .lifeline').length > 0");
    watching.click("#tab-diagram");
    watching.click("[data-action=coverage]");
    watching.until("document.querySelectorAll('[data-part=diagram] .badge.used').length > 0");
    watching.type_into("[data-part=filter]", "relay");
    watching.until("document.querySelectorAll('.automaton-row').length < 4");
    watching.assert_no_complaints();

    // What is typed as a setting is a text, and an answer that says why it cannot be.
    browser.click("a[href='#node/settings']");
    let input = "[data-setting='api/http-port'] input";
    browser.type_into(input, MARKUP);
    browser.click("[data-setting='api/http-port'] button[type=submit]");
    until_says(&browser, ".complaint", "<img");
    assert_no_markup(&browser);
}

#[test]
#[ignore = "needs Chromium: cargo xtask test --only browser"]
fn a_trace_is_dropped_onto_the_page_and_walked() {
    let mut node = Node::new();
    node.start_listening();
    node.stop();
    let trace = replays::traces(node.home()).pop().expect("a node that ran has a trace");
    let trace = std::fs::read_to_string(trace).expect("it is a text");
    // Somebody else's trace holds what somebody else likes: here a name that an instance cannot have.
    let foreign = json!({ "sequence": 1_000_000, "at_ms": 1_000_000_000, "instance": MARKUP, "event": MARKUP,
                          "outcome": MARKUP, "before": MARKUP, "after": MARKUP, "fields": { MARKUP: MARKUP } });
    let mut lines: Vec<String> =
        trace.lines().filter(|line| !line.starts_with("{\"end\"")).map(str::to_owned).collect();
    let deliveries = lines.len() - 2;
    lines.push(foreign.to_string());

    node.start_listening();
    let browser = open(&node, "automata");
    drop_file(&browser, "yesterday.trace", &lines.join("\n"));
    let max = "Number(document.querySelector('[data-part=slider]').max)";
    browser.until(&format!("{max} === {}", deliveries + 1));
    until_says(&browser, ".recordings", "yesterday.trace");
    let place = text("[data-part=place]");
    // Before the first delivery nothing has started; each step shows the next one.
    browser.until(&format!("{place}.startsWith('0 of ')"));
    for step in 1..=3 {
        browser.click("[data-action=forth]");
        browser.until(&format!("{place}.startsWith('{step} of ')"));
        until_says(&browser, "[data-part=delivery]", "Delivery #");
    }
    browser.click("[data-action=back]");
    browser.until(&format!("{place}.startsWith('2 of ')"));
    browser.click("[data-action=last]");
    until_says(&browser, "[data-part=delivery]", MARKUP);
    browser.until("[...document.querySelectorAll('.list-row')].some((it) => it.textContent.includes('<img'))");
    browser.click("#tab-sequence");
    browser.until("document.querySelectorAll('[data-part=sequence] .lifeline').length > 0");
    assert_no_markup(&browser);

    // Back to what runs now.
    browser.click("[data-recording=live]");
    browser.until("!document.querySelector('[data-action=pause]').hidden");
    go_to(&browser, "talk");
    go_to(&browser, "automata");
}
