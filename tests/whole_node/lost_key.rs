//! A key that is gone beside a home that was used: nobody becomes somebody else without a word, and nothing is sent in
//! the name of another identity.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bitpie::api::answers::{ContactState, MessageState};
use bitpie::home::Home;
use bitpie::identity::{IdentityKey, key_file};

use super::nodes::{DEADLINE, Node, acquaint, until_both_online};

/// What a node that does not start says. One that starts all the same is ended.
fn complaint(node: &Node) -> String {
    let mut child = node.run_command().stderr(Stdio::piped()).spawn().expect("it can be run");
    let deadline = Instant::now() + DEADLINE;
    while child.try_wait().expect("it is a child").is_none() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(30));
    }
    // Nothing happens to one that has ended.
    let _ = child.kill();
    let output = child.wait_with_output().expect("it has ended");
    let said = String::from_utf8(output.stderr).expect("the program writes UTF-8");
    assert_eq!(output.status.code(), Some(2), "{said}");
    said
}

/// A home that was used, with a message for somebody who was away.
fn used() -> (Node, Node, String) {
    let (mut a, mut b) = (Node::new(), Node::new());
    acquaint(&mut a, &mut b);
    a.start();
    let sent = a.send("b", "written by who I was");
    a.stop();
    (a, b, sent.id)
}

fn key(node: &Node) -> std::path::PathBuf {
    Home::at(node.home()).key_file()
}

#[test]
fn a_used_home_without_its_key_is_not_started_and_says_what_can_be_done() {
    let (a, _b, _) = used();
    let (home, key) = (Home::at(a.home()), key(&a));
    let whole = fs::read_to_string(&key).expect("read");
    let refused = |what: &str| {
        let said = complaint(&a);
        for word in ["identity.key", "--new-identity", "bitpie restore"] {
            assert!(said.contains(word), "{what}: {said}");
        }
        said
    };
    fs::remove_file(&key).expect("removed");
    assert!(refused("missing").contains("is missing"));
    assert!(!key.exists(), "none is made");
    fs::create_dir(&key).expect("made");
    assert!(refused("a folder").contains("not a file"));
    fs::remove_dir(&key).expect("removed");
    std::os::unix::fs::symlink("nowhere", &key).expect("linked");
    refused("a link to nowhere");
    fs::remove_file(&key).expect("removed");
    for text in ["", "\n", "something else", &whole[..whole.len() / 2]] {
        home.replace_key(text).expect("written");
        refused(text);
        assert_eq!(fs::read_to_string(&key).expect("read"), text, "it is left as it is");
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o000)).expect("set");
    // Some users may read everything.
    if fs::read(&key).is_err() {
        assert!(complaint(&a).contains("Permission denied"));
    }
    fs::remove_file(&key).expect("removed");

    // Each part of the home that is left shows that it was used.
    let parts = [home.messages_folder(), home.peers_folder(), home.traces_folder()];
    let empty = |folder: &Path| {
        fs::remove_dir_all(folder).expect("removed");
        fs::DirBuilder::new().mode(0o700).create(folder).expect("made");
    };
    let away = a.home().with_extension("away");
    for part in &parts {
        fs::rename(part, &away).expect("moved");
        refused("a part is left");
        fs::remove_dir(part).expect("the node makes its folders, and nothing in them");
        fs::rename(&away, part).expect("moved back");
    }
    empty(&parts[0]);
    empty(&parts[1]);
    refused("only the traces are left");
    let said = a.complaint(&["id"]).1;
    assert!(!said.contains("`bitpie run` makes one"), "{said}");

    // The right key makes all of it good.
    home.create_key(&whole).expect("put back");
}

#[test]
fn settings_and_logs_alone_do_not_make_a_home_a_used_one() {
    let mut node = Node::new();
    node.output(&["config", "set", "log/format", "json"]);
    let log = Home::at(node.home()).log_folder();
    fs::write(log.join("bitpie.log"), "a start that failed\n").expect("written");
    node.start();
    node.stop();
}

#[test]
fn a_new_identity_keeps_the_conversations_and_sends_nothing_of_the_old_one() {
    let (mut a, mut b, sent) = used();
    let (old, b_id) = (a.id(), b.id());
    // The message is sealed and signed by the old identity, and b was there for a moment.
    Home::at(a.home()).replace_key("damaged").expect("written");
    a.run_arguments = vec!["--new-identity".to_owned()];
    a.start();
    a.run_arguments.clear();
    let status = a.status();
    assert_ne!(status.id, old);
    let [notice] = status.notices.as_slice() else { panic!("{:?}", status.notices) };
    assert!(notice.contains(&old.to_string()) && notice.contains("given up: 1"), "{notice}");
    assert!(a.said().contains(notice) && a.output(&["status"]).contains("given up: 1"));
    assert!(a.home().join("identity.key.damaged-1").exists(), "nothing is thrown away");
    let given_up = a.message(&sent);
    assert_eq!(given_up.state, MessageState::Expired);
    assert!(given_up.why.expect("told").contains("identity"));
    assert_eq!(a.contact(b_id).expect("it stays").state, ContactState::Accepted);

    // b knows a stranger more, from whom nothing comes but what they write now.
    b.start();
    let a_id = a.key().id();
    a.until("they meet", |a| !a.sessions_with(b_id).is_empty());
    let written = a.send("b", "written by who I am");
    a.until_delivered(&written.id);
    let request = b.contact(a_id).expect("a stranger");
    assert_eq!((request.state, request.waiting), (ContactState::Request, 1));
    assert_eq!(b.received(), [""; 0]);
    assert_eq!(b.status().counters.violations, 0);

    // From then on it is a home like any other.
    a.stop();
    a.start();
    assert_eq!(a.status().id, a_id);
    assert_eq!(a.status().notices, [""; 0]);
    a.stop();
    a.run_arguments = vec!["--new-identity".to_owned()];
    let said = complaint(&a);
    assert!(said.contains("has an identity") && said.contains(&a_id.to_string()), "{said}");
    assert_eq!(a.key().id(), a_id);
}

#[test]
fn the_key_of_another_identity_does_not_open_this_home() {
    let (mut a, mut b, sent) = used();
    let old = a.id();
    let other = IdentityKey::from_seed(&[9; 32]);
    let own = fs::read_to_string(key(&a)).expect("read");
    Home::at(a.home()).replace_key(&key_file::encode_plain(&other)).expect("written");
    let said = complaint(&a);
    assert!(said.contains(&old.to_string()) && said.contains(&other.id().to_string()), "{said}");
    // With the right key everything goes on as it was.
    Home::at(a.home()).replace_key(&own).expect("put back");
    a.start();
    b.start();
    until_both_online(&mut a, &mut b);
    a.until_delivered(&sent);
    a.stop();
    // And it can be wanted.
    Home::at(a.home()).replace_key(&key_file::encode_plain(&other)).expect("written");
    a.run_arguments = vec!["--new-identity".to_owned()];
    a.start();
    assert_eq!(a.status().id, other.id());
    assert_eq!(a.all_messages().len(), 1);
}
