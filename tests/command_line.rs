//! The `bitpie` program itself, where no node is running: what it prints, and its exit codes.

use std::process::{Command, Output};

use bitpie::home::Home;
use serde_json::Value;

fn bitpie(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bitpie"));
    command.args(arguments).env_remove("CLICOLOR_FORCE").env_remove("BITPIE_HOME");
    command
}

/// As a home has to be.
fn private_folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(0o700);
    tempfile::Builder::new().permissions(mode).tempdir().expect("a folder")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the program writes UTF-8")
}

fn output(arguments: &[&str]) -> Output {
    bitpie(arguments).output().expect("the program is built with its tests")
}

/// All commands, those below others by their whole names.
fn commands() -> Vec<Vec<String>> {
    use clap::CommandFactory as _;
    fn below(command: &clap::Command, path: &[String], found: &mut Vec<Vec<String>>) {
        for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
            let path: Vec<String> = path.iter().cloned().chain([command.get_name().to_owned()]).collect();
            below(command, &path, found);
            found.push(path);
        }
    }
    let mut found = Vec::new();
    below(&bitpie::client::arguments::Arguments::command(), &[], &mut found);
    found
}

/// Commands that need no node, or start one.
const WITHOUT_A_NODE: &[&str] =
    &["run", "demo", "compare", "config", "doctor", "completions", "man", "passphrase", "backup", "restore", "id"];

/// All commands that need a node, each with what it has to be given.
fn calls() -> Vec<Vec<String>> {
    use clap::CommandFactory as _;
    fn below(command: &clap::Command, path: &[String], found: &mut Vec<Vec<String>>) {
        for command in command.get_subcommands() {
            let path: Vec<String> = path.iter().cloned().chain([command.get_name().to_owned()]).collect();
            below(command, &path, found);
            if !command.has_subcommands() {
                let required = command.get_arguments().filter(|argument| argument.is_required_set());
                found.push(path.into_iter().chain(required.map(|_| "alice".to_owned())).collect());
            }
        }
    }
    let mut found = Vec::new();
    below(&bitpie::client::arguments::Arguments::command(), &[], &mut found);
    found.retain(|path| !WITHOUT_A_NODE.contains(&path[0].as_str()) && path[0] != "help");
    found
}

#[test]
fn every_command_has_a_help_that_says_what_it_does() {
    let commands = commands();
    assert!(commands.len() > 30, "{commands:?}");
    for path in &commands {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let output = output(&arguments);
        let help = text(&output.stdout);
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{path:?}");
        assert!(help.lines().next().is_some_and(|summary| summary.len() > 10), "{path:?}: {help}");
        assert!(help.contains("--home") && help.contains("--json"), "{path:?}: {help}");
        if path.len() == 1 && !["reconnect", "stop"].contains(&path[0].as_str()) {
            assert!(help.contains(&format!("  bitpie {}", path[0])), "no example of {path:?}:\n{help}");
        }
    }
}

#[test]
fn the_help_of_the_program_names_exit_codes_and_the_first_steps() {
    let output = output(&["--help"]);
    let help = text(&output.stdout);
    for said in
        ["Exit codes: 0", "3 no node is", "bitpie run", "bitpie contact add", "bitpie msg send alice", "BITPIE_HOME"]
    {
        assert!(help.split_whitespace().collect::<Vec<_>>().join(" ").contains(said), "`{said}` is not in:\n{help}");
    }
}

#[test]
fn without_a_node_each_command_says_how_to_start_one() {
    let home = private_folder();
    let home_text = home.path().to_str().expect("UTF-8");
    let commands = calls();
    assert!(commands.len() > 20, "{commands:?}");
    for command in commands {
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let home: &[&str] = &["--home", home_text];
        // Global options may stand before the command or behind it.
        for arguments in [[home, &command].concat(), [&command, home].concat()] {
            let output = output(&arguments);
            assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), ""), "{arguments:?}");
            let said = text(&output.stderr);
            let expected = format!(
                "error: no node is running in {home_text}\nhelp: start one with `bitpie run --home {home_text}`\n"
            );
            assert_eq!(said, expected, "{arguments:?}");
        }
    }
    let output = bitpie(&["status", "--json"]).env("BITPIE_HOME", home.path()).output().expect("it runs");
    let error: Value = serde_json::from_slice(&output.stderr).expect("with --json an error is JSON too");
    assert_eq!(error["error"]["data"]["kind"], "no_node");
    assert_eq!(std::fs::read_dir(home.path()).expect("it is there").count(), 0, "looking leaves nothing behind");
}

/// Somebody has the home, and has not said where it can be asked: as a node whose `api.json` was deleted.
#[test]
fn a_home_that_somebody_has_is_not_called_one_without_a_node() {
    let folder = private_folder();
    let home = Home::at(folder.path());
    home.prepare().expect("made");
    let lock = home.lock().expect("free");
    let run = |arguments: &[&str]| bitpie(arguments).env("BITPIE_HOME", folder.path()).output().expect("it runs");
    let process = std::process::id();
    let said = format!(
        "error: process {process} runs in {}, but cannot be asked: there is no api.json\n\
         help: it may be starting or stopping: try again in a few seconds, or end it with `kill {process}`\n",
        folder.path().display()
    );
    let set: &[&str] = &["config", "set", "services/tcp-transport/port", "7781"];
    for arguments in [&["status"], &["stop"], set] {
        let output = run(arguments);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{arguments:?}");
        assert_eq!(text(&output.stderr), said, "{arguments:?}");
    }
    assert!(!home.config_file().exists(), "nothing was set without the node");

    let output = run(&["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let check = |name: &str| {
        let checks = found["checks"].as_array().expect("a list");
        checks.iter().find(|check| check["name"] == name).expect("there is such a check")
    };
    assert_eq!(check("node")["verdict"], "bad");
    let node = check("node")["said"].as_str().expect("a text");
    assert!(node.starts_with(&format!("process {process} runs in")), "{node}");
    for name in ["ports", "api.json"] {
        assert_eq!(check(name)["verdict"], "skipped", "{name}");
    }

    drop(lock);
    assert_eq!(run(&["status"]).status.code(), Some(3));
    assert_eq!(run(set).status.code(), Some(0));
    assert!(home.config_file().exists());
}

#[test]
fn a_file_in_place_of_the_home_is_told_by_each_command() {
    let folder = private_folder();
    let home = folder.path().join("home");
    std::fs::write(&home, "").expect("written");
    for arguments in [&["status"][..], &["id"], &["config", "list"], &["stop"]] {
        let output = bitpie(arguments).env("BITPIE_HOME", &home).output().expect("it runs");
        let said = format!("error: {} is no folder\nhelp: move it away, or name another with --home\n", home.display());
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(2), said.as_str()), "{arguments:?}");
    }
}

#[test]
fn settings_are_read_and_changed_without_a_node() {
    let home = private_folder();
    let config = |arguments: &[&str]| {
        bitpie(&["config"]).args(arguments).env("BITPIE_HOME", home.path()).output().expect("it runs")
    };
    let port = "services/tcp-transport/port";
    assert_eq!(text(&config(&["get", port]).stdout), "7771\n");
    assert_eq!(text(&config(&["set", port, "7781"]).stdout), format!("{port} is 7781.\n"));
    assert_eq!(text(&config(&["get", port]).stdout), "7781\n");
    assert_eq!(text(&config(&["set", port, "--default"]).stdout), format!("{port} is 7771.\n"));
    let listed = config(&["list", "api/"]);
    assert!(text(&listed.stdout).contains("api/http-port") && !text(&listed.stdout).contains(port));
    let wrong = config(&["get", "services/tcp-transport/prot"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains(&format!("did you mean `{port}`?")), "{}", text(&wrong.stderr));
    let wrong = config(&["set", port, "70000"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("expected a port"), "{}", text(&wrong.stderr));
}

#[test]
fn the_doctor_finds_what_is_wrong_and_fails() {
    let home = private_folder();
    std::fs::write(home.path().join("config.toml"), "[api]\nhttp-port = \"x\"\n").expect("a file");
    let output = bitpie(&["doctor", "--json"]).env("BITPIE_HOME", home.path()).output().expect("it runs");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), ""));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let checks = found["checks"].as_array().expect("a list");
    let check = |name: &str| checks.iter().find(|check| check["name"] == name).expect("there is such a check");
    assert_eq!(check("settings")["verdict"], "bad");
    assert!(check("settings")["said"].as_str().is_some_and(|said| said.contains("line 2")), "{found}");
    assert_eq!(check("node")["verdict"], "skipped");
}

#[test]
fn completions_and_man_pages_are_made() {
    for shell in ["bash", "zsh", "fish"] {
        let output = output(&["completions", shell]);
        assert!(output.status.success() && text(&output.stdout).contains("contact"), "{shell}");
    }
    let folder = private_folder();
    assert!(bitpie(&["man", "--out"]).arg(folder.path()).status().expect("it runs").success());
    let page = std::fs::read_to_string(folder.path().join("bitpie-msg-send.1")).expect("a page for each command");
    assert!(page.contains("\\-\\-wait"), "{page}");
    // Everybody may read a manual, whatever else this program keeps to its user.
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(folder.path().join("bitpie.1")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
}

#[test]
fn a_wrong_use_is_told() {
    assert_eq!(output(&[]).status.code(), Some(2));
    let output = output(&["stauts"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("'status'"), "{}", text(&output.stderr));
}
