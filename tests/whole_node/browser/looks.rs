//! How each room looks, light and dark and on a phone, and whether everybody can use it.

use super::super::nodes::pair_online;
use super::Browser;
use super::page::{self, assert_accessible, go_to, open, picture, until_says};

/// Rooms and their parts: the name of the picture, where it is, and what is there once it is drawn.
const PLACES: &[(&str, &str, &str)] = &[
    ("talk", "#talk", ".contacts a.contact"),
    ("automata", "#automata/network_connector", "[data-part=diagram] .state.current"),
    ("node-health", "#node/health", ".findings li"),
    ("node-services", "#node/services", ".services li"),
    ("node-transports", "#node/transports", "table td"),
    ("node-peers", "#node/peers", "table td"),
    ("node-ratings", "#node/ratings", ".part h1"),
    ("node-dht", "#node/dht", ".part dl"),
    ("node-settings", "#node/settings", ".settings li"),
];

/// A window, and a telephone.
const SIZES: &[(&str, u32, u32)] = &[("", 1280, 800), ("-phone", 360, 740)];

fn go(browser: &Browser, hash: &str, drawn: &str) {
    let room = hash.trim_start_matches('#').split('/').next().expect("a room");
    go_to(browser, room);
    browser.run("location.hash = arguments[0]", &[hash.into()]);
    browser.until(&format!("document.querySelector({drawn:?})"));
}

/// Everything of a page can be reached without moving it sideways.
fn assert_not_too_wide(browser: &Browser, what: &str) {
    let widths = browser.run("return [document.documentElement.scrollWidth, window.innerWidth]", &[]);
    assert!(widths[0].as_u64() <= widths[1].as_u64(), "{what} is wider than the window: {widths}");
}

#[test]
#[ignore = "needs Chromium: cargo xtask test --only browser"]
fn every_room_is_readable_and_usable_by_everybody() {
    let (mut a, mut b) = pair_online();
    a.add(&b.idurl(), "Bob");
    let (at_a, to_b) = (open(&a, "talk"), b.id().to_string());
    b.send(&a.id().to_string(), "Have you seen the new pictures?");
    a.send(&to_b, "I am looking at them right now. They say which state every part of the node is in, and why.");
    let sent = b.send(&a.id().to_string(), "And it goes on by itself, as things happen.");
    b.until_delivered(&sent.id);
    for (width_name, width, height) in SIZES {
        at_a.set_size(*width, *height);
        // As somebody meets it who opens it there.
        page::reload(&at_a);
        for theme in ["light", "dark"] {
            at_a.set_dark(theme == "dark");
            for (name, hash, drawn) in PLACES {
                go(&at_a, hash, drawn);
                let what = format!("{name}{width_name}-{theme}");
                assert_not_too_wide(&at_a, &what);
                picture(&at_a, &what);
                assert_accessible(&at_a, &what);
            }
            go(&at_a, &format!("#talk/{to_b}"), ".message.ours");
            picture(&at_a, &format!("conversation{width_name}-{theme}"));
            assert_accessible(&at_a, "a conversation");
            let instance = format!("#automata/contact_status[{to_b}]");
            go(&at_a, &instance, "[data-part=diagram] .state.current");
            at_a.until("Number(document.querySelector('[data-part=slider]').max) > 0");
            picture(&at_a, &format!("automata-contact{width_name}-{theme}"));
            for view in ["map", "sequence"] {
                at_a.click(&format!("#tab-{view}"));
                at_a.until(&format!("document.querySelector('[data-part={view}] svg')"));
                picture(&at_a, &format!("automata-{view}{width_name}-{theme}"));
                assert_accessible(&at_a, view);
            }
            at_a.click("#tab-diagram");
        }
    }
    // As the README shows it.
    at_a.set_dark(false);
    at_a.set_size(1000, 600);
    page::reload(&at_a);
    go(&at_a, &format!("#talk/{to_b}"), ".message.ours");
    picture(&at_a, "readme-talk");
    go(&at_a, &format!("#automata/contact_status[{to_b}]"), "[data-part=diagram] .state.current");
    at_a.until("document.querySelectorAll('.list-row').length > 3");
    picture(&at_a, "readme-automata");
    at_a.set_size(1280, 800);
    go_to(&at_a, "talk");
    at_a.click(".bar button:nth-of-type(3)");
    at_a.until("document.querySelector('dialog img.qr')?.complete");
    picture(&at_a, "my-card");
    assert_accessible(&at_a, "a dialogue");
    at_a.click("dialog > .buttons button.primary");
    at_a.click("#log-out");
    until_says(&at_a, "#room", "You have logged out.");
    picture(&at_a, "logged-out");
    assert_accessible(&at_a, "the way in");
}
