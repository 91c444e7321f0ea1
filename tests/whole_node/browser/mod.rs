//! The web page in a real browser: Chromium, driven by WebDriver, with real nodes behind it.
//!
//! `cargo xtask test --only browser` runs these tests, with what they need; otherwise they are ignored. Pictures of each
//! room are written below `target/screenshots/`, for people to look at.

mod automata;
mod looks;
mod page;
mod serve;
mod talk;
mod webdriver;

use webdriver::Browser;
