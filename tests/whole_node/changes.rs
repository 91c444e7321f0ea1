//! Every command that changes something is read back: what it says that it did is so, at once and after a restart.
//!
//! The table below holds all commands and all methods of the local API. Whoever adds one has to say here whether it
//! changes something, and if so how that is read back.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use bitpie::api::answers::{ContactState, MessageState};
use bitpie::api::hidden::Hidden;
use bitpie::api::methods::{ListMessages, ListServices, METHODS, SearchMessages, ShowNickname};
use bitpie::client::arguments::Arguments;
use bitpie::home::Home;
use bitpie::identity::key_file;
use clap::CommandFactory as _;
use serde_json::Value;

use super::nodes::{Node, pair_online};

/// What a command or method does to what is kept.
#[derive(Clone, Copy)]
enum Does {
    /// It changes nothing.
    Reads,
    /// It changes something, which this reads back.
    Changes(fn()),
}

use Does::{Changes, Reads};

/// Every command, with the methods that it calls to change something.
const COMMANDS: &[(&str, &[&str], Does)] = &[
    ("run", &[], Reads),
    ("demo", &[], Reads),
    ("web", &[], Reads),
    ("id", &["invite.new"], Changes(invitations)),
    ("invite list", &[], Reads),
    ("invite remove", &["invite.remove"], Changes(invitations)),
    ("contact add", &["contact.add"], Changes(contact_add)),
    ("contact list", &[], Reads),
    ("contact remove", &["contact.remove"], Changes(contact_remove)),
    ("contact accept", &["contact.accept"], Changes(contact_accept)),
    ("contact refuse", &["contact.refuse"], Changes(contact_refuse)),
    ("contact ping", &[], Reads),
    ("msg send", &["messages.send"], Changes(msg_send)),
    ("msg list", &["messages.mark_read"], Changes(msg_list)),
    ("msg watch", &[], Reads),
    ("msg search", &[], Reads),
    ("msg read", &["messages.mark_read"], Changes(msg_read)),
    ("msg export", &[], Reads),
    ("nick set", &["nick.set"], Changes(nick)),
    ("nick clear", &["nick.clear"], Changes(nick)),
    ("nick show", &[], Reads),
    ("find", &["names.find", "names.stop"], Reads),
    ("peers", &[], Reads),
    ("status", &[], Reads),
    ("service list", &[], Reads),
    ("service tree", &[], Reads),
    ("service start", &["service.start"], Changes(service_start_and_stop)),
    ("service stop", &["service.stop"], Changes(service_start_and_stop)),
    ("service enable", &["service.enable"], Changes(service_enable_and_disable)),
    ("service disable", &["service.disable"], Changes(service_enable_and_disable)),
    ("config get", &[], Reads),
    ("config set", &["config.set"], Changes(config_set)),
    ("config list", &[], Reads),
    ("reconnect", &["network.reconnect"], Changes(reconnect)),
    ("stop", &["shutdown"], Changes(stop)),
    ("backup", &["backup"], Changes(backup_and_restore)),
    ("restore", &[], Changes(backup_and_restore)),
    ("passphrase set", &[], Changes(passphrase)),
    ("passphrase remove", &[], Changes(passphrase)),
    ("compare", &[], Reads),
    ("doctor", &[], Reads),
    ("completions", &[], Reads),
    ("man", &[], Reads),
];

/// Methods that change nothing.
const READING: &[&str] = &[
    "status",
    "health",
    "id",
    "invite.list",
    "peers.list",
    "peers.ratings",
    "getnodeinfo",
    "getpeerinfo",
    "getidentity",
    "getservices",
    "peers.listed",
    "automata.snapshot",
    "service.list",
    "contact.list",
    "contact.ping",
    "messages.get",
    "messages.list",
    "messages.count",
    "messages.search",
    "messages.watch",
    "messages.export",
    "nick.show",
    "names.found",
    "config.get",
    "config.list",
];

/// Commands that have no commands below them, as they are typed.
fn leaves(command: &clap::Command, above: &str, found: &mut BTreeSet<String>) {
    for below in command.get_subcommands() {
        let name = format!("{above}{}", below.get_name());
        if below.has_subcommands() {
            leaves(below, &format!("{name} "), found);
        } else {
            found.insert(name);
        }
    }
}

#[test]
fn every_command_and_every_method_is_in_the_table() {
    let mut commands = BTreeSet::new();
    leaves(&Arguments::command(), "", &mut commands);
    let listed: BTreeSet<String> = COMMANDS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(listed, commands, "a command is in the table once, with what reads back what it changes");

    let changing: BTreeSet<&str> = COMMANDS.iter().flat_map(|(_, methods, _)| methods.iter().copied()).collect();
    let reading: BTreeSet<&str> = READING.iter().copied().collect();
    assert_eq!(changing.intersection(&reading).count(), 0);
    let methods: BTreeSet<&str> = METHODS.iter().map(|method| method.name).collect();
    let known: BTreeSet<&str> = changing.union(&reading).copied().collect();
    assert_eq!(known, methods, "a method changes nothing, or a command that calls it is read back");
}

#[test]
fn whatever_a_command_says_that_it_has_changed_is_so_when_it_is_read_back() {
    let mut done = Vec::new();
    for (name, _, does) in COMMANDS {
        let Changes(read_back) = does else { continue };
        // Several commands are read back by one function.
        if !done.iter().any(|other: &fn()| std::ptr::fn_addr_eq(*other, *read_back)) {
            eprintln!("{name}");
            read_back();
            done.push(*read_back);
        }
    }
}

/// What a command answers with `--json`.
fn json(node: &Node, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    serde_json::from_str(&node.output(&arguments)).expect("JSON")
}

/// A service's state, and whether it is enabled, as `service list` and the settings say.
fn service(node: &Node, name: &str) -> (String, bool) {
    let services = node.call(&ListServices {}).services;
    let service = services.into_iter().find(|service| service.name.as_str() == name).expect("there is one");
    let setting = node.output(&["config", "get", &format!("services/{name}/enabled")]);
    assert_eq!(setting.trim(), service.enabled.to_string(), "{name}: list and setting agree");
    (service.state, service.enabled)
}

/// Everybody who is known to a node, with their names: `msg list` too says whether somebody is known.
fn state(node: &Node, who: &mut Node) -> Option<ContactState> {
    node.contact(who.id()).map(|contact| contact.state)
}

fn contact_add() {
    let (mut node, mut other) = (Node::started(), Node::new());
    let idurl = other.idurl();
    let said = json(&node, &["contact", "add", &idurl, "--name", "bob"]);
    assert_eq!(said["state"], "accepted");
    for _ in 0..2 {
        let contact = node.contact(other.id()).expect("it is there");
        assert_eq!((contact.state, contact.name.map(String::from).as_deref()), (ContactState::Accepted, Some("bob")));
        node.stop();
        node.start();
    }
    let said = json(&node, &["contact", "add", &idurl, "--name", "robert"]);
    assert_eq!(said["known"]["name"], "bob");
    assert_eq!(node.contact(other.id()).expect("there").name.map(String::from).as_deref(), Some("robert"));
}

fn invitations() {
    let mut node = Node::started();
    let said = json(&node, &["id", "--invite"]);
    let once = said["invitation"]["name"].as_str().expect("a name").to_owned();
    assert!(said["idurl"].as_str().is_some_and(|idurl| idurl.contains("invite=")), "{said}");
    let many =
        json(&node, &["id", "--invite", "--for", "2h"])["invitation"]["name"].as_str().expect("a name").to_owned();
    // Of the two, the one for two hours ends first.
    let listed = |node: &Node| {
        let list = json(node, &["invite", "list"])["invitations"].as_array().expect("a list").clone();
        list.iter().map(|it| (it["name"].as_str().expect("a name").to_owned(), it["once"] == true)).collect::<Vec<_>>()
    };
    for _ in 0..2 {
        assert_eq!(listed(&node), [(many.clone(), false), (once.clone(), true)]);
        node.stop();
        node.start();
    }
    assert_eq!(json(&node, &["invite", "remove", &once])["waiting"], 0);
    for _ in 0..2 {
        assert_eq!(listed(&node), [(many.clone(), false)]);
        node.stop();
        node.start();
    }
}

fn contact_remove() {
    let (a, mut b) = pair_online();
    let sent = a.send("b", "still here?");
    a.until_delivered(&sent.id);
    b.stop();
    a.send("b", "never arrives");
    let said = json(&a, &["contact", "remove", "b"]);
    assert_eq!((&said["messages_given_up"], &said["messages_kept"]), (&1.into(), &2.into()));
    assert_eq!(state(&a, &mut b), None);
    let (code, complaint) = a.complaint(&["msg", "send", "b", "x"]);
    assert!(code != Some(0) && !complaint.is_empty());
    // The conversation stays, as the help has it.
    let texts = a.output(&["msg", "list", "b"]);
    assert!(texts.contains("still here?") && texts.contains("never arrives"), "{texts}");
    let never = a.call(&SearchMessages { query: Hidden("never".into()), limit: 9 }).messages.remove(0);
    assert_eq!(never.state, MessageState::Expired);
    assert!(never.why.expect("told").contains("removed"));

    // Without a terminal nothing is deleted that was not asked for twice.
    let (code, complaint) = a.complaint(&["contact", "remove", "b", "--with-messages"]);
    assert!(code == Some(2) && complaint.contains("2 messages") && complaint.contains("--yes"), "{complaint}");
    assert_eq!(a.all_messages().len(), 2);
    let said = json(&a, &["contact", "remove", "b", "--with-messages", "--yes"]);
    assert_eq!((&said["messages_kept"], &said["messages_deleted"]), (&0.into(), &2.into()));
    assert_eq!(a.all_messages(), []);
}

fn stranger() -> (Node, Node) {
    let (mut a, mut b) = (Node::started(), Node::started());
    b.add(&a.idurl(), "a");
    b.send("a", "may I?");
    let id = b.id();
    a.until("a stranger asks", |a| a.contact(id).is_some_and(|contact| contact.waiting == 1));
    (a, b)
}

fn contact_accept() {
    let (mut a, mut b) = stranger();
    let who = b.id().to_string();
    let said = json(&a, &["contact", "accept", &who, "--name", "b"]);
    assert_eq!((&said["state"], &said["unread"], &said["waiting"]), (&"accepted".into(), &1.into(), &0.into()));
    for _ in 0..2 {
        assert_eq!(state(&a, &mut b), Some(ContactState::Accepted));
        assert_eq!(a.received(), ["may I?"]);
        a.stop();
        a.start();
    }
}

fn contact_refuse() {
    let (mut a, mut b) = stranger();
    let who = b.id().to_string();
    let said = json(&a, &["contact", "refuse", &who]);
    assert_eq!((&said["state"], &said["waiting"]), (&"refused".into(), &0.into()));
    for _ in 0..2 {
        assert_eq!(state(&a, &mut b), Some(ContactState::Refused));
        assert_eq!(a.received(), [""; 0]);
        a.stop();
        a.start();
    }
}

fn msg_send() {
    let (a, b) = pair_online();
    let said = json(&a, &["msg", "send", "b", "written", "--wait"]);
    let id = said["id"].as_str().expect("an id");
    assert_eq!(a.message(id).state, MessageState::Delivered);
    assert_eq!(b.received(), ["written"]);
}

fn msg_read() {
    let (a, b) = pair_online();
    let sent = a.send("b", "read me");
    a.until_delivered(&sent.id);
    assert_eq!(json(&b, &["msg", "read", "a"])["count"], 1);
    assert_eq!(b.call(&ListMessages { with: None, limit: 9, before: None }).messages[0].state, MessageState::Read);
    assert_eq!(json(&b, &["msg", "read", "a"])["count"], 0);
    a.until_state(&sent.id, &[MessageState::Read]);
}

fn msg_list() {
    let (a, b) = pair_online();
    let sent = a.send("b", "look at me");
    a.until_delivered(&sent.id);
    let unread = |b: &Node| b.call(&ListMessages { with: None, limit: 9, before: None }).messages[0].state;
    b.output(&["msg", "list"]);
    b.output(&["msg", "list", "a", "--keep-unread"]);
    json(&b, &["msg", "list", "a"]);
    assert_eq!(unread(&b), MessageState::Unread, "a glance is not reading");
    b.output(&["msg", "list", "a"]);
    assert_eq!(unread(&b), MessageState::Read);
}

fn nick() {
    let mut node = Node::started();
    for (arguments, name) in [(&["nick", "set", "zoe"][..], Some("zoe")), (&["nick", "clear"], None)] {
        let said = json(&node, arguments);
        assert_eq!(said["name"].as_str(), name);
        for _ in 0..2 {
            let shown = node.call(&ShowNickname { wait_ms: 0 });
            assert_eq!(shown.name.map(String::from).as_deref(), name);
            assert_eq!(node.status().name.map(String::from).as_deref(), name);
            assert_eq!(node.output(&["config", "get", "identity/name"]).trim(), name.unwrap_or_default());
            node.stop();
            node.start();
        }
    }
}

fn service_start_and_stop() {
    let node = Node::started();
    node.until("the services are on", |node| service(node, "private-messages").0 == "ON");
    for _ in 0..3 {
        let said = json(&node, &["service", "stop", "private-messages"]);
        assert_eq!((&said["result"], &said["enabled"]), (&"stopped".into(), &true.into()));
        assert_eq!(service(&node, "private-messages"), ("OFF".to_owned(), true));
        let text = node.output(&["service", "start", "private-messages"]);
        assert!(text.contains("is on") && !text.contains("next start"), "{text}");
        assert_eq!(service(&node, "private-messages"), ("ON".to_owned(), true));
    }
}

/// `service enable` and `disable` said the opposite of what they did, each time.
fn service_enable_and_disable() {
    let mut node = Node::started();
    for name in ["private-messages", "p2p-hookups", "tcp-transport"] {
        node.until("the services are on", |node| service(node, name).0 == "ON");
        for _ in 0..2 {
            let said = json(&node, &["service", "disable", name]);
            assert_eq!((&said["result"], &said["enabled"]), (&"stopped".into(), &false.into()), "{name}");
            assert_eq!(service(&node, name), ("OFF".to_owned(), false));
            let said = json(&node, &["service", "enable", name]);
            assert_eq!((&said["result"], &said["enabled"]), (&"started".into(), &true.into()), "{name}");
            assert_eq!(service(&node, name), ("ON".to_owned(), true));
        }
    }
    let text = node.output(&["service", "disable", "private-messages"]);
    assert!(text.contains("is off") && !text.contains("next start"), "{text}");
    node.stop();
    node.start();
    assert!(!service(&node, "private-messages").1);
    let text = node.output(&["service", "start", "private-messages"]);
    assert!(text.contains("for this run only"), "{text}");
    let text = node.output(&["service", "enable", "private-messages"]);
    assert!(text.contains("is on") && !text.contains("for this run"), "{text}");
}

fn config_set() {
    let mut node = Node::started();
    let (path, service_path) = ("messages/request-quota", "services/private-messages/enabled");
    let get = |node: &Node, path: &str| node.output(&["config", "get", path]).trim().to_owned();
    let by_default = get(&node, path);
    assert_eq!(json(&node, &["config", "set", path, "7"])["value"], 7);
    assert_eq!(get(&node, path), "7");
    assert_eq!(json(&node, &["config", "set", service_path, "false"])["value"], false);
    assert!(!service(&node, "private-messages").1);
    node.until("it goes off", |node| service(node, "private-messages").0 == "OFF");
    assert_eq!(json(&node, &["config", "set", service_path, "--default"])["value"], true);
    node.until("it comes back", |node| service(node, "private-messages").0 == "ON");
    node.stop();
    assert_eq!(get(&node, path), "7", "without a node the file says the same");
    assert_eq!(json(&node, &["config", "set", path, "8"])["value"], 8);
    assert_eq!(get(&node, path), "8");
    node.start();
    assert_eq!(get(&node, path), "8");
    json(&node, &["config", "set", path, "--default"]);
    assert_eq!(get(&node, path), by_default);
}

fn reconnect() {
    let (mut a, mut b) = pair_online();
    let connected = |a: &Node| a.status().network_connector == "CONNECTED";
    a.until("it is connected", connected);
    let (connector, event) = ("network_connector", "reconnect");
    let before = super::replays::cells(a.home(), connector);
    assert!(before.iter().all(|(_, happened, _)| happened != event), "{before:?}");
    a.output(&["reconnect"]);
    a.until("it is connected again", connected);
    super::nodes::until_both_online(&mut a, &mut b);
    a.stop();
    let after = super::replays::cells(a.home(), connector);
    assert!(after.iter().any(|(_, happened, after)| happened == event && after == "DOWN"), "{after:?}");
}

fn stop() {
    let mut node = Node::started();
    node.output(&["stop"]);
    assert!(node.wait().success());
    assert_eq!(node.complaint(&["status"]).0, Some(3));
}

fn backup_and_restore() {
    let (mut node, mut other) = (Node::started(), Node::new());
    node.add(&other.idurl(), "bob");
    node.send("bob", "kept");
    let id = node.id();
    let folder = tempfile::tempdir().expect("a folder");
    let saved = folder.path().join("saved");
    let saved = saved.to_str().expect("UTF-8");
    let said = json(&node, &["backup", saved]);
    assert_eq!(said["bytes"].as_u64(), Some(fs::metadata(saved).expect("it is there").len()));
    node.stop();
    let mut restored = Node::in_place_of(&node);
    restored.output(&["restore", saved]);
    assert_eq!(restored.id(), id);
    restored.start();
    assert_eq!(restored.contact(other.id()).and_then(|it| it.name).map(String::from).as_deref(), Some("bob"));
    assert_eq!(restored.all_messages()[0].text.0, "kept");
}

fn passphrase() {
    let mut node = Node::new();
    node.id();
    let file = node.home().join("secret.txt");
    fs::write(&file, "correct horse\n").expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
    let file = file.to_str().expect("UTF-8");
    let is_encrypted = |node: &Node| {
        let text = Home::at(node.home()).read_key().expect("it can be read").expect("it is there");
        key_file::summary(&text).expect("a key").is_encrypted()
    };
    node.output(&["passphrase", "set", "--passphrase-file", file]);
    assert!(is_encrypted(&node));
    node.output(&["passphrase", "remove", "--old-passphrase-file", file]);
    assert!(!is_encrypted(&node));
}
