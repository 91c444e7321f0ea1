//! A database that is damaged: what can be read is read, nothing is said to be kept that is not, and the way out is told
//! and leads out.

use std::fs;
use std::path::{Path, PathBuf};

use bitpie::api::hidden::Hidden;
use bitpie::api::methods::{EnableService, SendMessage};
use bitpie::home::Home;
use serde_json::Value;

use super::nodes::{Node, pair_online, until_both_online};

const PAGE: usize = 4096;

/// A home with a conversation, and the other side of it.
fn talked() -> (Node, Node) {
    let (mut a, mut b) = pair_online();
    for number in 0..20 {
        let sent = a.send("b", &format!("there {number}"));
        a.until_delivered(&sent.id);
        let back = b.send("a", &format!("back {number}"));
        b.until_delivered(&back.id);
    }
    a.stop();
    b.stop();
    (a, b)
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).expect("read");
    change(&mut bytes);
    fs::write(path, bytes).expect("written");
}

fn named(folder: &Path, what: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).expect("read").map(|entry| entry.expect("read").path());
    files.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(what))).collect()
}

fn database_check(node: &Node) -> Value {
    let output = node.command(&["doctor", "--json"]).output().expect("it can be run");
    let all: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let checks = all["checks"].as_array().expect("a list").clone();
    checks.into_iter().find(|check| check["name"] == "database").expect("there is one")
}

#[test]
fn a_damaged_database_can_be_read_and_repaired_and_takes_nothing_meanwhile() {
    let (mut a, mut b) = talked();
    let messages = Home::at(a.home()).messages_database();
    let all_of_them = 40;
    let (a_id, b_id) = (a.id(), b.id());
    // The header is gone, and with it what SQLite begins with.
    change(&messages, |file| file[..100].fill(0xaa));
    let damaged = fs::read(&messages).expect("read");
    let found = database_check(&a);
    assert_eq!(found["verdict"], "bad", "{found}");
    assert!(found["help"].as_str().expect("help").contains("doctor --repair"), "{found}");

    a.start();
    b.start();
    let [notice] = &a.status().notices[..] else { panic!("{:?}", a.status().notices) };
    assert!(notice.contains("messages.db is damaged") && notice.contains("messages: 40, contacts: 1"), "{notice}");
    assert!(a.output(&["status"]).contains("messages.db is damaged"));
    assert_eq!(a.status().id, a_id);
    // All of it is read, listed, found and exported.
    assert_eq!(a.output(&["msg", "export"]).lines().count(), all_of_them);
    assert!(a.output(&["msg", "list", "b", "--keep-unread"]).contains("back 19"));
    assert!(a.output(&["msg", "search", "there", "7"]).contains("there 7"));
    assert_eq!(a.contact(b_id).expect("it is listed").name.map(String::from).as_deref(), Some("b"));

    // Nothing is taken, from nobody, and nothing says so.
    let message = SendMessage { to: "b".into(), text: Hidden("kept?".into()), expires_ms: None };
    let refused = a.ask(&message).expect_err("it cannot be kept");
    assert!(refused.contains("nothing can be kept") && refused.contains("doctor --repair"), "{refused}");
    for arguments in [
        &["msg", "send", "b", "kept?"][..],
        &["msg", "read", "b"],
        &["contact", "remove", "b"],
        &["contact", "refuse", "b"],
        &["service", "start", "private-messages"],
        &["service", "enable", "network"],
        &["backup", &a.home().join("saved").display().to_string()],
    ] {
        let (_, said) = a.complaint(arguments);
        assert!(said.contains("damaged") || said.contains("not a database"), "{arguments:?}: {said}");
    }
    assert!(!a.home().join("saved").exists());
    a.ask(&EnableService { name: "tcp-transport".parse().expect("a name") }).expect_err("it keeps out of the network");
    let sent = b.send("a", "is anybody there?");
    b.until("b has tried", |b| b.contact(a_id).is_some_and(|contact| !contact.online));
    assert_eq!(b.sessions_with(a_id), [0; 0]);
    let (code, said) = a.complaint(&["doctor", "--repair"]);
    assert!(code == Some(2) && said.contains("stop that node first"), "{said}");
    a.stop();
    assert_eq!(fs::read(&messages).expect("read"), damaged, "nothing was written into it");

    let said = a.output(&["doctor", "--repair"]);
    assert!(said.contains("1 contact, 40 messages") && said.contains("messages.db.damaged-1"), "{said}");
    let aside = named(&Home::at(a.home()).messages_folder(), "messages.db.damaged-1");
    assert_eq!(fs::read(&aside[0]).expect("it is kept"), damaged);
    assert_eq!(database_check(&a)["verdict"], "good");
    assert!(a.output(&["doctor", "--repair"]).contains("nothing to repair"));
    a.start();
    assert_eq!(a.status().notices, [""; 0]);
    until_both_online(&mut a, &mut b);
    b.until_delivered(&sent.id);
    let back = a.send("b", "I am back");
    a.until_delivered(&back.id);
    assert_eq!(a.all_messages().len(), all_of_them + 2);
    a.stop();
    assert_eq!(a.store().check().expect("checked"), [""; 0]);
}

#[test]
fn each_damage_is_told_and_what_is_left_comes_back() {
    let (mut a, b) = talked();
    let home = Home::at(a.home());
    let messages = home.messages_database();
    let whole = fs::read(&messages).expect("read");
    let pages = whole.len() / PAGE;
    assert!(pages > 20, "{pages}");
    let log = messages.with_extension("db-wal");
    type Harm = Box<dyn Fn(&mut Vec<u8>)>;
    let harms: [(&str, usize, Harm); 5] = [
        ("a page in the middle", 1, Box::new(move |file| file[pages / 2 * PAGE..][..PAGE].fill(0x5a))),
        ("every tenth page", 0, Box::new(|file| file.chunks_mut(PAGE).step_by(10).for_each(|page| page.fill(0x5a)))),
        ("truncated", 0, Box::new(|file| file.truncate(file.len() * 2 / 3 + 9))),
        ("zero length", 0, Box::new(Vec::clear)),
        ("something else", 0, Box::new(|file| *file = b"not a database ".repeat(1_000))),
    ];
    for (what, at_least, harm) in harms {
        let mut file = whole.clone();
        harm(&mut file);
        fs::write(&messages, &file).expect("written");
        a.start();
        let told = a.status().notices;
        assert!(told.iter().any(|notice| notice.contains("messages.db is damaged")), "{what}: {told:?}");
        let exported = a.output(&["msg", "export"]).lines().count();
        assert!(exported >= at_least, "{what}: {exported}");
        let message = SendMessage { to: "b".into(), text: Hidden("kept?".into()), expires_ms: None };
        a.ask(&message).expect_err(what);
        a.stop();
        assert_eq!(fs::read(&messages).expect("read"), file, "{what}: it is left as it is");
        a.output(&["doctor", "--repair"]);
        assert_eq!(a.store().messages_after(None, 0, 999).expect("read").len(), exported, "{what}");
        assert_eq!(a.store().check().expect("checked"), [""; 0], "{what}");
        let _ = fs::remove_file(&log);
    }

    // A later version is no damage: it is left to the program that wrote it.
    fs::write(&messages, &whole).expect("written");
    change(&messages, |file| file[60..64].copy_from_slice(&99_u32.to_be_bytes()));
    let newer = fs::read(&messages).expect("read");
    let output = a.run_command().output().expect("it can be run");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("use a newer bitpie"), "{said}");
    assert_eq!(fs::read(&messages).expect("read"), newer);
    drop(b);
}

/// What a crash leaves in the log, and what becomes of it when that is damaged.
#[test]
fn a_damaged_log_is_no_loss_without_a_word() {
    let (mut a, mut b) = pair_online();
    for number in 0..10 {
        let back = b.send("a", &format!("back {number}"));
        b.until_delivered(&back.id);
    }
    a.kill();
    b.stop();
    let log = Home::at(a.home()).messages_database().with_extension("db-wal");
    change(&log, |file| {
        let middle = file.len() / 2;
        file[middle..middle + 64].fill(0x5a);
    });
    a.start();
    let told = a.status().notices;
    assert!(told.iter().any(|notice| notice.contains("its log is damaged")), "{told:?}");
    let exported = a.output(&["msg", "export"]).lines().count();
    assert!(exported >= 9, "what is behind the damage is read too: {exported}");
    a.stop();
    a.output(&["doctor", "--repair"]);
    a.start();
    assert_eq!(a.all_messages().len(), exported);
}

#[test]
fn damaged_peers_are_set_aside_and_begun_again() {
    let (mut a, mut b) = talked();
    let home = Home::at(a.home());
    let harms: [fn(&mut Vec<u8>); 3] = [
        |file| file[..100].fill(0xaa),
        |file| file.truncate(file.len() / 2),
        |file| file.iter_mut().skip(PAGE).for_each(|byte| *byte = 0x5a),
    ];
    for (number, harm) in harms.into_iter().enumerate() {
        change(&home.peers_database(), harm);
        assert_eq!(database_check(&a)["verdict"], "bad");
        a.start();
        let [notice] = &a.status().notices[..] else { panic!("{:?}", a.status().notices) };
        assert!(notice.contains("peers.db was damaged") && notice.contains("begun again"), "{notice}");
        assert_eq!(named(&home.peers_folder(), "peers.db.damaged-").len(), number + 1);
        b.start();
        until_both_online(&mut a, &mut b);
        assert_eq!(a.all_messages().len(), 40);
        b.stop();
        a.stop();
        assert_eq!(database_check(&a)["verdict"], "good");
    }
}

#[test]
fn nobody_begins_as_somebody_else_before_a_damaged_database_is_repaired() {
    let (mut a, _b) = talked();
    let (home, old) = (Home::at(a.home()), a.id());
    change(&home.messages_database(), |file| file[..100].fill(0xaa));
    fs::remove_file(home.key_file()).expect("removed");
    let (code, said) = a.complaint(&["run", "--new-identity"]);
    assert!(code == Some(2) && said.contains("doctor --repair"), "{code:?}: {said}");
    assert!(!home.key_file().exists(), "no key is made");
    a.output(&["doctor", "--repair", "--json"]);
    a.run_arguments = vec!["--new-identity".to_owned()];
    a.start();
    assert_ne!(a.id(), old);
    assert_eq!(a.all_messages().len(), 40);
}
