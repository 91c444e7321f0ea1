//! Backups that a disk, or somebody, has changed: whatever is taken of one is what was saved, and what is restored holds
//! the same contacts and messages.
//!
//! An input is how much of a good backup is cut off (2 bytes), and then changes of 4 bytes: where, and the bits that are
//! turned over. Nobody is to find out by chance what a database looks like.

#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use bitpie::identity::NodeId;
use bitpie::messages::{Contact, Item, MessageText, NewMessage};
use bitpie::store::{NewContact, SavedFile, Store, read_backup, restore_messages, write_backup};
use bitpie::wire::PacketId;
use libfuzzer_sys::fuzz_target;

/// Changes of one input, at most.
const CHANGES: usize = 64;

/// A folder of this process, in memory where the system has such a place.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let in_memory = Path::new("/dev/shm");
    let place = if in_memory.is_dir() { in_memory.to_owned() } else { std::env::temp_dir() };
    remove_left_behind(&place);
    let folder = place.join(format!("{PREFIX}{}", std::process::id()));
    fs::create_dir_all(&folder).expect("it can be made");
    folder
});

/// Folders begin so, and end in the number of the process.
const PREFIX: &str = "bitpie-fuzz-backup-";

/// A fuzzer ends without a word, so its folder is removed by the next one.
fn remove_left_behind(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|name| name.parse::<u32>().ok());
        if process.is_some_and(|process| !Path::new("/proc").join(process.to_string()).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// What is saved.
struct Saved {
    backup: Vec<u8>,
    files: Vec<SavedFile>,
    contents: (Vec<Contact>, Vec<Item>),
}

static SAVED: LazyLock<Saved> = LazyLock::new(|| {
    let [messages, backup] = ["saved.db", "saved.backup"].map(|name| FOLDER.join(name));
    let store = Store::open(&messages, Path::new(":memory:")).expect("a new database");
    for number in 1..=3 {
        let id = NodeId::from_bytes([number; 32]);
        let name = Some(format!("contact {number}").parse().expect("a nickname"));
        store
            .add_contact(&NewContact { id, name, hints: Vec::new(), found_as: None, invitation: None }, 1_000)
            .expect("added");
        let text = MessageText::new(format!("message {number}")).expect("it is short");
        let id = (PacketId([number; 16]), id);
        let expires_unix_ms = 1_000_000;
        let new = NewMessage { id: id.0, to: id.1, text, reply_to: None, created_unix_ms: 1_000, expires_unix_ms };
        store.queue_message(&new, None, 1_000).expect("queued");
    }
    let contents = contents(&store);
    let file = |name: &str| SavedFile { name: name.to_owned(), contents: name.as_bytes().to_vec().into() };
    let files = vec![file("config.toml"), file("identity.key")];
    write_backup(&messages, &backup, &files).expect("written");
    Saved { backup: fs::read(&backup).expect("it is there"), files, contents }
});

fn contents(store: &Store) -> (Vec<Contact>, Vec<Item>) {
    (store.contacts().expect("read"), store.messages_after(None, 0, 100).expect("read"))
}

fuzz_target!(|data: &[u8]| {
    let Some((cut, changes)) = data.split_first_chunk() else { return };
    let mut bytes = SAVED.backup.clone();
    bytes.truncate(bytes.len().saturating_sub(u16::from_be_bytes(*cut).into()));
    for change in changes.chunks_exact(4).take(CHANGES) {
        let at = u32::from_be_bytes([0, change[0], change[1], change[2]]) as usize;
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= change[3];
        }
    }
    let [changed, restored] = ["changed.backup", "restored.db"].map(|name| FOLDER.join(name));
    fs::write(&changed, &bytes).expect("written");
    try_it(&changed, &restored, bytes == SAVED.backup);
    for file in [changed, restored] {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            let _ = fs::remove_file(name);
        }
    }
});

/// Reads and restores what may have been changed.
fn try_it(changed: &Path, restored: &Path, is_good: bool) {
    let read = read_backup(changed);
    if is_good {
        assert!(read.is_ok(), "a good backup is taken");
    }
    let Ok(files) = read else { return };
    assert!(files == SAVED.files, "what is taken is what was saved");
    if restore_messages(changed, restored).is_err() {
        assert!(!restored.exists(), "nothing is half restored");
        return;
    }
    let store = Store::open(restored, Path::new(":memory:")).expect("it was opened when it was restored");
    assert_eq!(store.is_restored().ok(), Some(true));
    assert!(contents(&store) == SAVED.contents, "what is restored is what was saved");
}
