//! The page of a node, as its user meets it.

use std::path::PathBuf;

use bitpie::api::door_methods::MakeWebLink;
use serde_json::{Value, json};

use super::super::nodes::Node;
use super::Browser;

/// Where pictures go.
const SCREENSHOTS: &str = "BITPIE_SCREENSHOTS";

/// The file of axe-core.
const AXE: &str = "BITPIE_AXE";

/// What is never markup, wherever a page shows it.
pub const MARKUP: &str = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>";

/// A browser that was let in by a link, at the room of that name.
pub fn open(node: &Node, room: &str) -> Browser {
    let browser = Browser::open(1280, 800);
    enter(&browser, node);
    go_to(&browser, room);
    browser
}

/// Lets a browser in by a new link.
pub fn enter(browser: &Browser, node: &Node) {
    browser.go(&node.call(&MakeWebLink {}).link.0);
    browser.until("document.querySelector('#room').dataset.room");
    assert_eq!(browser.run("return location.hash", &[]), "", "the link does not stay in the address");
}

/// Loads the page again, by the token that the browser keeps.
pub fn reload(browser: &Browser) {
    let origin = browser.run("return location.origin", &[]);
    // With another fragment alone, nothing would be loaded.
    browser.go("about:blank");
    browser.go(origin.as_str().expect("a text"));
    browser.until("document.querySelector('#room').dataset.room");
}

/// Goes to a room by the page's own links.
pub fn go_to(browser: &Browser, room: &str) {
    browser.click(&format!("nav a[href='#{room}']"));
    browser.until(&format!("document.querySelector('#room').dataset.room === '{room}'"));
    if room == "automata" {
        browser.until("document.querySelector('[data-part=diagram] svg')");
    }
}

/// The text of what a selector finds, or nothing.
pub fn text(selector: &str) -> String {
    format!("document.querySelector({})?.textContent", json!(selector))
}

/// Waits until an element has exactly that text.
#[track_caller]
pub fn until_text(browser: &Browser, selector: &str, expected: &str) {
    browser.until(&format!("{} === {}", text(selector), json!(expected)));
}

/// Waits until a text stands somewhere in an element.
#[track_caller]
pub fn until_says(browser: &Browser, selector: &str, part: &str) {
    browser.until(&format!("({} ?? '').includes({})", text(selector), json!(part)));
}

/// Nothing that others wrote became an element, and nothing ran.
#[track_caller]
pub fn assert_no_markup(browser: &Browser) {
    let found = browser
        .run("return [document.title, document.querySelectorAll('img:not(.qr), #room b, dialog b').length]", &[]);
    assert_ne!(found[0], "owned");
    assert_eq!(found[1], 0, "a text became markup");
    browser.assert_no_complaints();
}

/// Drops a file onto the page, as a hand with a mouse does.
pub fn drop_file(browser: &Browser, name: &str, text: &str) {
    browser.run(
        "const [name, text] = arguments;
         const data = new DataTransfer();
         data.items.add(new File([text], name));
         for (const type of ['dragover', 'drop']) {
           const event = new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
           document.body.dispatchEvent(event);
         }",
        &[json!(name), json!(text)],
    );
}

/// axe-core finds nothing wrong for people who see, hear or move differently.
#[track_caller]
pub fn assert_accessible(browser: &Browser, what: &str) {
    let path = std::env::var(AXE).unwrap_or_else(|_| panic!("{AXE} names no file: `cargo xtask test --only browser`"));
    let axe = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    // It comes by WebDriver and not by the page, whose policy would let nothing in.
    browser.run(&format!("if (!window.axe) {{ {axe} }}"), &[]);
    let found = browser.run_async(
        "const { violations } = await axe.run(document, { resultTypes: ['violations'] });
         return violations.map(({ id, help, nodes }) =>
           `${id}: ${help}: ${nodes.slice(0, 4).map((it) => `${it.html.slice(0, 200)} ${it.failureSummary ?? ''}`).join(' | ')}`);",
        &[],
    );
    let found: Vec<&str> = found.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(found.is_empty(), "{what}: {found:#?}");
}

/// A picture of what can be seen, for people to look at.
pub fn picture(browser: &Browser, name: &str) {
    let folder = std::env::var_os(SCREENSHOTS)
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screenshots"), PathBuf::from);
    std::fs::create_dir_all(&folder).expect("a folder");
    let picture = browser.screenshot();
    assert!(picture.starts_with(b"\x89PNG"), "{name} is no picture");
    std::fs::write(folder.join(format!("{name}.png")), picture).expect("it is written");
}
