//! `bitpie backup` and `bitpie restore`, as a user comes to need them: the machine is gone, and what is left is one
//! file.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use bitpie::api::answers::{ContactState, MessageState};
use bitpie::api::hidden::Hidden;
use bitpie::api::methods::SearchMessages;
use bitpie::home::Home;
use bitpie::identity::NodeId;
use tempfile::TempDir;

use super::nodes::{Node, pair_online, until_both_online};

/// A place for backups, and the path of one in it.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let saved = folder.path().join("saved.bitpie");
    (folder, saved)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// The revision of somebody's identity document that a node has; it does not run.
fn revision(node: &Node, of: NodeId) -> u64 {
    node.store().document(&of).expect("it can be read").expect("it is kept").revision
}

fn texts(node: &Node) -> Vec<String> {
    node.all_messages().into_iter().map(|message| message.text.0).collect()
}

#[test]
fn a_home_that_was_lost_comes_back_from_its_backup_and_the_talk_goes_on() {
    let (_folder, saved) = place();
    let (mut a, mut b) = pair_online();
    let (a_id, b_id) = (a.id(), b.id());
    let asked = a.send("b", "how was the harvest?");
    a.until_delivered(&asked.id);
    b.mark_read("a");
    a.until_state(&asked.id, &[MessageState::Read]);
    let told = b.send("a", "the barn is full");
    b.until_delivered(&told.id);

    // While it is saved, one is on its way.
    b.stop();
    a.until("it is noticed that b has gone", |a| !a.is_online(b_id));
    let under_way = a.send("b", "on its way when it was saved");
    let said = a.output(&["backup", text(&saved)]);
    assert!(said.contains(text(&saved)) && said.contains("Anybody who has it can be you"), "{said}");
    assert_eq!(fs::metadata(&saved).expect("it is there").permissions().mode() & 0o777, 0o600);
    let before = texts(&a);
    assert_eq!(before, ["how was the harvest?", "the barn is full", "on its way when it was saved"]);

    // The backup knows nothing of what comes now; and then the machine is gone.
    b.start();
    a.until_delivered(&under_way.id);
    let from_a = a.send("b", "written after it was saved");
    a.until_delivered(&from_a.id);
    let to_a = b.send("a", "arrived after it was saved");
    b.until_delivered(&to_a.id);
    a.kill();
    b.until("it is noticed that a has gone", |b| !b.is_online(a_id));
    let meanwhile = b.send("a", "written while it was gone");
    // So that what is seen below is what was in the backup.
    b.stop();
    let revision_before = revision(&a, a_id);
    let mut restored = Node::in_place_of(&a);
    drop(a);

    let said = restored.output(&["restore", text(&saved)]);
    assert!(said.contains("is there again"), "{said}");
    restored.start();
    assert_eq!(restored.status().id, a_id);
    let contact = restored.contact(b_id).expect("contacts are there");
    assert_eq!((contact.state, contact.name.expect("a name").as_str()), (ContactState::Accepted, "b"));
    assert_eq!(contact.unread, 1);
    let found = |query: &str| {
        let found = restored.call(&SearchMessages { query: Hidden(query.into()), limit: 10 }).messages;
        found.into_iter().map(|message| message.text.0).collect::<Vec<_>>()
    };
    assert_eq!((found("barn"), found("harvest")), (vec![before[1].clone()], vec![before[0].clone()]));
    assert_eq!(restored.message(&asked.id).state, MessageState::Read);
    assert_eq!(texts(&restored), before);

    // The friend is back, and in touch; what waited on either side arrives, what had arrived before is not shown again.
    b.start();
    until_both_online(&mut restored, &mut b);
    restored.until_delivered(&under_way.id);
    b.until_delivered(&meanwhile.id);
    let (there, back) = (restored.send("b", "here I am again"), b.send("a", "so I see"));
    restored.until_delivered(&there.id);
    b.until_delivered(&back.id);
    assert_eq!(
        b.received(),
        ["how was the harvest?", "on its way when it was saved", "written after it was saved", "here I am again"]
    );
    assert_eq!(restored.received(), ["the barn is full", "written while it was gone", "so I see"]);
    // Which is gone here for good: it was acknowledged by a home that is no more, and nobody sends it again.
    assert_eq!(b.message(&to_a.id).state, MessageState::Delivered);

    // Nobody takes the restored node's document for one that is older than what they have seen.
    restored.stop();
    b.stop();
    let revision_now = revision(&restored, a_id);
    assert!(revision_now > revision_before, "{revision_now} is not higher than {revision_before}");
    assert_eq!(revision(&b, a_id), revision_now);
    assert_eq!(restored.store().check().expect("checked"), [""; 0]);
}

/// A home that is lost before it was ever saved again is restored from the same backup a second time. However soon that
/// is, its document is newer than those of the first time.
#[test]
fn a_backup_can_be_restored_more_than_once() {
    let (_folder, saved) = place();
    let (a, mut b) = pair_online();
    a.output(&["backup", text(&saved)]);
    let mut last = a;
    for round in 0..2 {
        let id = last.id();
        last.kill();
        let revision_before = revision(&last, id);
        let mut restored = Node::in_place_of(&last);
        restored.output(&["restore", text(&saved)]);
        restored.start();
        until_both_online(&mut restored, &mut b);
        let sent = restored.send("b", &format!("back for the {round}. time"));
        restored.until_delivered(&sent.id);
        restored.stop();
        assert!(revision(&restored, id) > revision_before, "round {round}");
        restored.start();
        last = restored;
    }
    assert_eq!(b.received(), ["back for the 0. time", "back for the 1. time"]);
}

#[test]
fn a_home_that_is_there_is_left_as_it_is() {
    let (_folder, saved) = place();
    let (mut a, _b) = pair_online();
    let sent = a.send("b", "to be kept");
    a.until_delivered(&sent.id);
    a.output(&["backup", text(&saved)]);
    let saved_before = fs::read(&saved).expect("it is there");

    // A backup is never written over, whether the node does it or the command itself.
    let (code, said) = a.complaint(&["backup", text(&saved)]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("exists already"), "{said}");
    // Its node runs.
    let (code, said) = a.complaint(&["restore", text(&saved)]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(&format!("is in use by the process {}", a.process_id())), "{said}");
    assert_eq!(texts(&a), ["to be kept"]);
    // It does not run.
    a.stop();
    let (code, said) = a.complaint(&["backup", text(&saved)]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("exists already"), "{said}");
    let key = fs::read(Home::at(a.home()).key_file()).expect("it is there");
    let (code, said) = a.complaint(&["restore", text(&saved)]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("identity.key exists already, and is left as it is"), "{said}");
    assert_eq!(fs::read(Home::at(a.home()).key_file()).expect("it is there"), key);
    a.start();
    assert_eq!(texts(&a), ["to be kept"]);
    assert_eq!(fs::read(&saved).expect("it is there"), saved_before);

    // There are messages without a key: somebody's, and not to be lost.
    let other = Node::in_place_of(&a);
    let home = Home::at(other.home());
    fs::DirBuilder::new().mode(0o700).create(home.messages_folder()).expect("made");
    fs::write(home.messages_database(), "somebody's").expect("written");
    let (code, said) = other.complaint(&["restore", text(&saved)]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("messages.db exists already"), "{said}");
    assert_eq!(fs::read(home.messages_database()).expect("it is there"), b"somebody's");
    assert!(!home.key_file().exists());

    // And nothing is saved of a home in which nothing is.
    let (_other_folder, nothing) = place();
    let empty = Node::in_place_of(&a);
    let (code, said) = empty.complaint(&["backup", text(&nothing)]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("has no identity") && !nothing.exists(), "{said}");
}

/// Restores into a home of its own what is no good backup, which must leave nothing behind that looks like a home.
fn refused(like: &Node, saved: &Path) -> String {
    let fresh = Node::in_place_of(like);
    let (code, said) = fresh.complaint(&["restore", text(saved)]);
    assert_eq!(code, Some(2), "{said}");
    let home = Home::at(fresh.home());
    for path in [home.key_file(), home.messages_database(), home.config_file()] {
        assert!(!path.exists(), "{} is there: {said}", path.display());
    }
    assert!(fresh.files().iter().all(|path| !text(path).ends_with(".partial")), "{:?}", fresh.files());
    said
}

#[test]
fn a_backup_that_was_cut_off_or_altered_is_refused() {
    let (folder, saved) = place();
    let (a, b) = pair_online();
    let sent = a.send("b", "to be kept");
    a.until_delivered(&sent.id);
    drop(b);
    a.output(&["backup", text(&saved)]);
    let whole = fs::read(&saved).expect("it is there");

    let spoilt = folder.path().join("spoilt.bitpie");
    let missing = refused(&a, &spoilt);
    assert!(missing.contains("there is no backup"), "{missing}");
    for bytes in [0, 50, 100, 4_096, whole.len() / 2, whole.len() - 4_096, whole.len() - 1] {
        fs::write(&spoilt, &whole[..bytes]).expect("written");
        let said = refused(&a, &spoilt);
        assert!(said.contains("spoilt.bitpie is no backup that can be restored"), "{bytes} bytes: {said}");
    }

    // The key, in one digit; a message, in one letter; what makes a file one of SQLite; what says that it is ours; how
    // it is divided.
    let at = |what: &[u8]| whole.windows(what.len()).position(|window| window == what).expect("it is in there");
    let seed = at(b"seed: ") + 20;
    let message = at(b"to be kept");
    for (what, place) in
        [("the key", seed), ("a message", message), ("the title", 3), ("the mark", 68), ("the size of a page", 16)]
    {
        let mut altered = whole.clone();
        altered[place] = if altered[place] == b'0' { b'1' } else { b'0' };
        fs::write(&spoilt, altered).expect("written");
        let said = refused(&a, &spoilt);
        assert!(said.contains("spoilt.bitpie"), "{what}: {said}");
        assert!(!said.contains(&String::from_utf8_lossy(&whole[seed..seed + 20]).into_owned()), "{said}");
    }
}

#[test]
fn what_was_encrypted_stays_so_in_its_backup() {
    let (folder, saved) = place();
    let write = |name: &str, words: &str| {
        let path = folder.path().join(name);
        fs::write(&path, words).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
        path
    };
    let (right, wrong) = (write("right", "correct horse battery staple\n"), write("wrong", "correct horse\n"));
    let mut node = Node::new();
    node.passphrase_file = Some(right.clone());
    node.start();
    let id = node.status().id;
    node.output(&["backup", text(&saved)]);
    node.stop();

    let mut restored = Node::in_place_of(&node);
    // To restore it, nobody needs to know the passphrase; to be that user, everybody does.
    restored.output(&["restore", text(&saved)]);
    for (file, words) in [
        (Some(wrong), "the passphrase is not the one of the key file"),
        (None, "there is no terminal to ask for the passphrase"),
    ] {
        restored.passphrase_file = file;
        let output = restored.run_command().output().expect("it can be run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
    restored.passphrase_file = Some(right);
    restored.start();
    assert_eq!(restored.status().id, id);
}
