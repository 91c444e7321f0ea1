//! Databases that are damaged in every place, and what is saved of them.

use std::path::PathBuf;

use rusqlite::Connection;

use super::super::tests::{accepted, arrival, message_id, new_message, node};
use super::*;
use crate::messages::ArrivalVerdict;
use crate::store::Quota;
use crate::store::damage::{Situation, damage, log_of};

const MESSAGES: u64 = 200;
const PAGE: usize = 4096;

struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn messages(&self) -> PathBuf {
        self.folder.path().join("messages.db")
    }

    fn open(&self) -> Store {
        Store::open(&self.messages(), &self.folder.path().join("peers.db")).expect("opened")
    }

    fn damage(&self) -> Option<String> {
        damage(&self.messages(), Situation { was_used: true, is_in_use: false }).expect("looked")
    }

    fn change(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(self.messages()).expect("read");
        change(&mut bytes);
        fs::write(self.messages(), bytes).expect("written");
    }
}

fn text(number: u64) -> String {
    // Some go on over several pages.
    format!("message {number} {}", "x".repeat(if number.is_multiple_of(20) { 10_000 } else { 50 }))
}

/// Two contacts, a stranger, and many messages, all of it in the database and nothing in its log.
fn home() -> Home {
    let home = Home { folder: tempfile::tempdir().expect("a folder") };
    let store = home.open();
    accepted(&store, 1);
    accepted(&store, 2);
    store
        .atomically(|store| {
            for number in 1..=MESSAGES {
                let (of, text) = (1 + number % 2, text(number));
                if number % 4 == 0 {
                    store.queue_message(&new_message(of, number, &text), None, 1_000)?;
                } else {
                    store.receive(&arrival(of, number, &text), &Quota::default(), 1_000)?;
                }
            }
            Ok(())
        })
        .expect("kept");
    assert_eq!(
        store.receive(&arrival(7, 1, "may I?"), &Quota::default(), 1_000).expect("received"),
        ArrivalVerdict::WaitsAsRequest
    );
    drop(store);
    home
}

/// What can be read, which is consistent, has only what was there, and recognises it.
fn read(home: &Home) -> (Salvaged, u64) {
    let (store, salvaged) = Store::read_damaged(&home.messages()).expect("read");
    assert_eq!(store.check_read().expect("checked"), [""; 0]);
    let mut right = 0;
    for item in store.messages_after(None, 0, 1_000).expect("read") {
        assert_eq!(item.text.as_str(), text(item.position));
        right += 1;
    }
    assert!(store.queue_message(&new_message(1, 9_999, "x"), None, 1).is_err(), "nothing is taken");
    let to = home.folder.path().join("new.db");
    assert_eq!(Store::write_salvaged(&home.messages(), &to).expect("written"), salvaged);
    let new = Store::open(&to, Path::new(":memory:")).expect("opened");
    assert_eq!(new.check().expect("checked"), [""; 0]);
    new.atomically(|new| {
        for item in new.messages_after(None, 0, 1_000)? {
            if item.direction == crate::messages::Direction::Incoming {
                let copy = arrival(1 + item.position % 2, item.position, "again");
                assert_eq!(new.receive(&copy, &Quota::default(), 1_000)?, ArrivalVerdict::Duplicate);
            }
        }
        Ok(())
    })
    .expect("nothing new");
    drop(new);
    fs::remove_file(to).expect("removed");
    (salvaged, right)
}

#[test]
fn what_is_in_order_is_said_to_be_and_read_whole() {
    let home = home();
    assert_eq!(home.damage(), None);
    let (salvaged, right) = read(&home);
    assert_eq!((right, salvaged.messages, salvaged.contacts, salvaged.waiting), (MESSAGES, MESSAGES, 3, 1));
    assert_eq!(salvaged.unreadable, 0);
    // Every number and state is what it was.
    let (old, (new, _)) = (home.open(), Store::read_damaged(&home.messages()).expect("read"));
    let all = |store: &Store| store.messages_after(None, 0, 1_000).expect("read");
    assert_eq!(all(&old), all(&new));
    assert_eq!(old.contacts().expect("read"), new.contacts().expect("read"));
    assert_eq!(old.unfinished_deliveries().expect("read"), new.unfinished_deliveries().expect("read"));
}

#[test]
fn who_was_invited_stays_so_and_invitations_are_counted_and_not_kept() {
    use crate::identity::Invitation;
    use crate::messages::Arrival;
    use crate::store::{NewContact, NewInvitation};
    let home = home();
    let token = Invitation::from_bytes([9; 16]);
    let store = home.open();
    let new = NewInvitation { digest: token.digest(), until_unix_ms: 9_000, is_once: true };
    store.add_invitation(&new, 1).expect("kept");
    let invited = Arrival { invitation: Some(token.clone()), origin: "here".into(), ..arrival(8, 1, "may I?") };
    store.receive(&invited, &Quota::default(), 1_000).expect("received");
    let theirs = Invitation::from_bytes([5; 16]);
    let invitation = Some(theirs.clone());
    let added = NewContact { id: node(3), name: None, hints: Vec::new(), found_as: None, invitation };
    store.add_contact(&added, 1).expect("added");
    drop(store);
    home.change(|file| file[..100].fill(0xaa));
    let (salvaged, _) = read(&home);
    assert_eq!((salvaged.invitations, salvaged.waiting), (1, 2));
    let (store, _) = Store::read_damaged(&home.messages()).expect("read");
    assert_eq!(store.invitations(1_000).expect("read"), []);
    assert_eq!(store.contact(&node(8)).expect("read").expect("kept").invited_with, Some(token.digest().name()));
    assert_eq!(store.invitation_of(&node(3)).expect("read"), Some(theirs));
    let origin: String = store
        .connection
        .query_row("SELECT origin FROM contacts WHERE node = ?1", [Column(node(8))], |row| row.get(0))
        .expect("read");
    assert_eq!(origin, "here");
}

/// Rows of each version of the table, as they are on the pages.
#[test]
fn contacts_of_every_older_version_are_read() {
    use crate::store::schema;
    for version in 1..=schema::MESSAGES.len() {
        let home = Home { folder: tempfile::tempdir().expect("a folder") };
        let old = Connection::open(home.messages()).expect("opened");
        schema::migrate(&old, "main", &schema::MESSAGES[..version]).expect("made");
        let insert = "INSERT INTO contacts (node, name, state, hints, added_unix_ms) VALUES (?1, 'al', 1, '', 7)";
        old.execute(insert, [Column(node(1))]).expect("inserted");
        old.close().expect("closed");
        // The row stays as it is when columns are added.
        drop(home.open());
        let (store, salvaged) = Store::read_damaged(&home.messages()).expect("read");
        assert_eq!((salvaged.contacts, salvaged.unreadable), (1, 0), "version {version}");
        assert_eq!(store.contact(&node(1)).expect("read").expect("kept").added_unix_ms, 7);
    }
}

#[test]
fn a_header_that_was_overwritten_costs_no_row() {
    for bytes in [16, 100, PAGE] {
        let home = home();
        home.change(|file| file[..bytes].fill(0xaa));
        assert!(home.damage().is_some());
        let (salvaged, right) = read(&home);
        assert_eq!((right, salvaged.contacts, salvaged.waiting), (MESSAGES, 3, 1), "{bytes}");
    }
}

#[test]
fn a_page_in_the_middle_costs_what_was_on_it() {
    let home = home();
    let pages = fs::metadata(home.messages()).expect("there").len() as usize / PAGE;
    let whole = fs::read(home.messages()).expect("read");
    let mut noticed = 0;
    let tried = (1..pages).step_by(pages / 12);
    for page in tried.clone() {
        home.change(|file| file[page * PAGE..][..PAGE].fill(0x5a));
        noticed += usize::from(home.damage().is_some());
        let (_, right) = read(&home);
        assert!(right + 60 >= MESSAGES, "page {page}: {right}");
        fs::write(home.messages(), &whole).expect("written");
    }
    // What is left are pages that hold nothing but a text that goes on there.
    assert!(noticed * 2 > tried.count(), "{noticed} of {pages}");
}

#[test]
fn what_is_read_of_a_damaged_file_can_be_searched() {
    let home = home();
    let (store, _) = Store::read_damaged(&home.messages()).expect("read");
    assert!(store.is_read_only());
    assert_eq!(store.search("message 7", 9).expect("searched").len(), 9);
}

#[test]
fn a_truncated_file_gives_what_is_left() {
    let home = home();
    let whole = fs::read(home.messages()).expect("read");
    for part in [1, 2, 3] {
        fs::write(home.messages(), &whole[..whole.len() * part / 4 + 7]).expect("written");
        assert!(home.damage().is_some(), "{part}");
        read(&home);
    }
    for none in [&b""[..], &whole[..1], b"no database at all, but some text"] {
        fs::write(home.messages(), none).expect("written");
        assert!(home.damage().is_some());
        assert_eq!(read(&home).1, 0);
    }
}

#[test]
fn a_damaged_log_is_noticed_and_read_behind_the_damage() {
    let home = home();
    // Commits that are only in the log, as a crash leaves them.
    let store = home.open();
    for number in MESSAGES + 1..=MESSAGES + 20 {
        store.receive(&arrival(1 + number % 2, number, &text(number)), &Quota::default(), 1_000).expect("received");
    }
    let other = Home { folder: tempfile::tempdir().expect("a folder") };
    fs::copy(home.messages(), other.messages()).expect("copied");
    fs::copy(log_of(&home.messages()), log_of(&other.messages())).expect("copied");
    drop(store);
    let log = log_of(&other.messages());
    let whole = fs::read(&log).expect("read");
    let database = fs::read(other.messages()).expect("read");
    let is_whole = |what: &str| {
        let (_, right) = read(&other);
        assert_eq!(right, MESSAGES + 20, "{what}");
    };
    assert!(whole.len() > 20 * PAGE);
    is_whole("the log is whole");
    assert_eq!(other.damage(), None, "a log is no damage");
    // A crash while the last was written.
    fs::write(&log, &whole[..whole.len() - 100]).expect("written");
    fs::write(other.messages(), &database).expect("as before");
    assert_eq!(other.damage(), None);
    for at in [0, 20, 5 * PAGE, whole.len() / 2] {
        let mut bytes = whole.clone();
        bytes[at..at + 8].fill(0x5a);
        fs::write(&log, bytes).expect("written");
        fs::write(other.messages(), &database).expect("as before");
        assert!(other.damage().is_some(), "at {at}");
        let (_, right) = read(&other);
        assert!(right >= MESSAGES + 15, "at {at}: {right}");
    }
    // The log alone: pages that are not in it are gone.
    fs::write(&log, &whole).expect("written");
    fs::remove_file(other.messages()).expect("removed");
    assert!(other.damage().is_some_and(|said| said.contains("missing")));
    assert!(read(&other).1 > 0);
}

#[test]
fn whose_contact_is_lost_keeps_the_conversation_and_what_is_known_of_a_delivery_is_said() {
    let home = home();
    let store = home.open();
    store
        .connection
        .execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM contacts; DELETE FROM deliveries")
        .expect("lost");
    drop(store);
    let (salvaged, right) = read(&home);
    assert_eq!((salvaged.contacts, right), (3, MESSAGES));
    let (store, _) = Store::read_damaged(&home.messages()).expect("read");
    assert_eq!(store.contact(&node(1)).expect("read").expect("kept").state, ContactState::Removed);
    assert_eq!(store.contact(&node(7)).expect("read").expect("kept").state, ContactState::Requested);
    let sent = store.outgoing(&message_id(4)).expect("read").expect("there");
    assert_eq!((sent.state, sent.refusal.as_deref()), (Some(DeliveryState::Expired), Some(DELIVERY_LOST)));
}
