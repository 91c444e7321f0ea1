//! A key that is encrypted with the passphrase of `run --passphrase-file`: nobody gets at it without, and the node says
//! what it is that is missing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use bitpie::home::Home;
use bitpie::identity::key_file::{self, KeyFileError};
use data_encoding::HEXLOWER;

use super::nodes::Node;

const PASSPHRASE: &str = "correct horse battery staple";

/// A file beside the home's own.
fn write(node: &Node, name: &str, text: &str) -> PathBuf {
    let path = node.home().join(name);
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
    path
}

fn key_text(node: &Node) -> String {
    Home::at(node.home()).read_key().expect("it can be read").expect("it is there").to_string()
}

/// What a node that does not start says.
fn complaint(node: &Node) -> String {
    let output = node.run_command().output().expect("it can be run");
    let said = String::from_utf8(output.stderr).expect("the program writes UTF-8");
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(!said.contains(PASSPHRASE), "a passphrase is a secret: {said}");
    said
}

#[test]
fn a_key_that_a_passphrase_encrypts_is_used_with_it_and_with_nothing_else() {
    let mut node = Node::new();
    // Only the first line counts.
    let right = write(&node, "right.txt", &format!("{PASSPHRASE}\nand a note\n"));
    node.passphrase_file = Some(right.clone());
    node.start();
    let id = node.status().id;
    node.stop();

    let text = key_text(&node);
    let key = key_file::decode(&text, Some(PASSPHRASE.as_bytes())).expect("that is the passphrase");
    assert_eq!(key.id(), id);
    assert_eq!(key_file::decode(&text, None).map(|key| key.id()), Err(KeyFileError::NeedsPassphrase));
    let seed = HEXLOWER.encode(&*key.seed());
    assert!(!text.contains(&seed) && !text.contains("seed:"), "the key stands there in the clear");

    // It is somebody whom others can talk to, before and after the next start.
    let mut friend = Node::started();
    friend.add(&format!("bitpie:{id}?at=tcp://{}", node.address()), "node");
    let friend_url = friend.idurl();
    for round in 0..2 {
        node.start();
        assert_eq!(node.status().id, id, "it is the same key");
        if round == 0 {
            node.add(&friend_url, "friend");
        }
        node.until_online(friend.key().id());
        let sent = node.send("friend", "hello");
        node.until_delivered(&sent.id);
        node.stop();
    }

    // What is not said by the right file is refused by name, and harms nothing.
    let empty = write(&node, "empty.txt", "\n");
    let cases = [
        (None, "there is no terminal to ask for the passphrase: use --passphrase-file FILE"),
        (
            Some(write(&node, "wrong.txt", "correct horse")),
            "the passphrase is not the one of the key file, or the file is damaged",
        ),
        (Some(node.home().join("nowhere.txt")), "nowhere.txt cannot be read"),
        (Some(empty.clone()), "the first line of the passphrase file"),
    ];
    for (file, words) in cases {
        node.passphrase_file = file;
        let said = complaint(&node);
        assert!(said.contains(words), "{words}\n{said}");
        assert_eq!(key_text(&node), text, "{words}");
    }
    node.passphrase_file = Some(right);
    node.start();
    assert_eq!(node.status().id, id);
    node.stop();

    // A new key is not encrypted with nothing either.
    let mut other = Node::new();
    other.passphrase_file = Some(empty);
    assert!(complaint(&other).contains("the first line of the passphrase file"));
    assert!(Home::at(other.home()).read_key().expect("it can be read").is_none());

    // Nothing that the node has written knows the passphrase or the key.
    for secret in [PASSPHRASE.as_bytes(), seed.as_bytes(), &*key.seed()] {
        for file in node.files().into_iter().filter(|file| !file.ends_with("right.txt")) {
            let bytes = fs::read(&file).expect("it can be read");
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "a secret is in {}", file.display());
        }
    }
}
