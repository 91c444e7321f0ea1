//! The modules that need no page, run by Node.js where there is one.

use std::path::Path;
use std::process::Command;

/// Whether `node` is there, and new enough for `node --test`.
fn node_is_there() -> bool {
    let Ok(output) = Command::new("node").arg("--version").output() else { return false };
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|number| number.parse::<u32>().ok());
    major.is_some_and(|major| major >= 18)
}

#[test]
fn the_tests_in_javascript_pass() {
    if !node_is_there() {
        println!("left out: there is no Node.js 18 or newer here, which runs the tests in tools/web/tests/*.test.mjs");
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let tests = std::fs::read_dir(&folder).expect("the folder is there").filter_map(|entry| {
        let path = entry.expect("its entries can be read").path();
        path.to_string_lossy().ends_with(".test.mjs").then_some(path)
    });
    let output = Command::new("node").arg("--test").args(tests).output().expect("it was there a moment ago");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
