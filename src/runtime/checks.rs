//! Checks of `bitpie doctor` that need to know how a home folder looks inside. They change nothing.

use std::io;
use std::path::Path;

use crate::client::doctor::{Check, Finding, Patient};
use crate::client::told;
use crate::home::{Home, HomeError};
use crate::identity::NodeId;
use crate::identity::key_file::{self, KeyFileSummary};
use crate::privacy::KEY_MAY_BE_READ;
use crate::runtime::databases;
use crate::store::{Store, StoreError};

/// For [`Offline::checks`](crate::client::Offline::checks).
pub const CHECKS: &[Check] = &[
    Check { name: "key", run: key },
    Check { name: "permissions", run: permissions },
    Check { name: "database", run: database },
];

fn key(patient: &Patient) -> Finding {
    let from_backup = "put identity.key back from a backup";
    match Home::at(&patient.home).read_key() {
        Ok(None) => Finding::skipped("there is none yet"),
        Err(HomeError::NotPrivate { open, has_key }) => {
            let key = if has_key { format!(". {KEY_MAY_BE_READ}") } else { String::new() };
            Finding::bad(open.found(), format!("{}{key}", open.remedy()))
        }
        Err(error) => {
            let is_refused = error.kind() == Some(io::ErrorKind::PermissionDenied);
            Finding::bad(error.to_string(), if is_refused { "let this user read it" } else { from_backup })
        }
        Ok(Some(text)) => match key_file::summary(&text) {
            Err(error) => Finding::bad(error.to_string(), from_backup),
            Ok(KeyFileSummary { id, cost: Some(cost) }) => {
                let weaker = ", as an older program did it: `bitpie passphrase set` makes guesses cost more";
                Finding::good(format!("that of {id}, encrypted{}", if cost.is_below_usual() { weaker } else { "" }))
            }
            // Only of a key that is not encrypted can it be seen that it is whole.
            Ok(summary) => match key_file::decode(&text, None) {
                Ok(_) => Finding::good(format!("that of {}, without a passphrase", summary.id)),
                Err(error) => Finding::bad(error.to_string(), from_backup),
            },
        },
    }
}

/// Whose key lies in the home, if one does that can be read.
fn id(home: &Home) -> Option<NodeId> {
    let text = home.read_key().ok()??;
    key_file::summary(&text).ok().map(|summary| summary.id)
}

fn permissions(patient: &Patient) -> Finding {
    match Home::at(&patient.home).open_to_others() {
        Err(HomeError::NoFolder { path, what }) => {
            Finding::bad(format!("{} is not a folder: {what}", path.display()), "move it away")
        }
        Err(error) => Finding::bad(error.to_string(), "see who owns it"),
        Ok(open) => match open.first() {
            None => Finding::good("nothing in the home folder is open to others"),
            Some(open) => Finding::bad(open.found(), open.remedy()),
        },
    }
}

/// Looks only at databases that are there: none is made by looking.
fn database(patient: &Patient) -> Finding {
    const REPAIR: &str = "`bitpie stop`, then `bitpie doctor --repair`: it saves what can be read into a new database, and \
                          keeps the damaged one";
    let home = Home::at(&patient.home);
    let (messages, peers) = (home.messages_database(), home.peers_database());
    let is_there = |path: &Path| path.try_exists().unwrap_or(true);
    if !is_there(&messages) && !is_there(&peers) {
        return Finding::skipped("there is none yet");
    }
    let is_in_use = patient.running.is_some() || patient.unreachable.is_some();
    match databases::damaged(&home, is_in_use) {
        Err(error) => {
            let says_it = error.downcast_ref::<StoreError>().is_some_and(StoreError::says_what_to_do);
            let help =
                if says_it { "do that, then ask again" } else { "see who owns the files in messages/ and peers/" };
            return Finding::bad(told(&error), help);
        }
        Ok([Some(what), _]) => return Finding::bad(format!("messages.db is damaged: {what}"), REPAIR),
        Ok([None, Some(what)]) => {
            return Finding::bad(
                format!("peers.db is damaged: {what}"),
                "start the node again: it sets the file aside and begins another; known peers are found again",
            );
        }
        Ok([None, None]) if is_there(&messages) && is_there(&peers) => {}
        Ok([None, None]) if is_there(&messages) => {
            return Finding::good("messages.db is whole; peers.db is not there, and the next start makes it");
        }
        Ok([None, None]) => {
            return Finding::bad(
                "messages.db is gone, and with it contacts and messages",
                "if you have a backup: `bitpie restore FILE --home DIR` with another folder, and use that. Otherwise `bitpie \
                 run` goes on as the same identity, without them",
            );
        }
    }
    let checked = Store::open(&messages, &peers).and_then(|store| Ok((store.owners()?, store.check()?)));
    if let (Ok((owners, _)), Some(me)) = (&checked, id(&home))
        && !owners.is_empty()
        && !owners.contains(&me)
    {
        return Finding::bad(
            format!("the messages in this home are those of {}, and the key is that of {me}", owners[0]),
            "put the right key back, or, to go on with them under this key: `bitpie run --new-identity`",
        );
    }
    match checked.map(|(_, found)| found) {
        Err(error) if error.says_what_to_do() => Finding::bad(error.to_string(), "do that, then ask again"),
        Err(error) => Finding::bad(error.to_string(), "keep a copy of the home folder, and restore a backup"),
        Ok(found) => match found.first() {
            None => Finding::good("whole, and without contradictions"),
            Some(first) => Finding::bad(format!("{} wrong, the first: {first}", found.len()), REPAIR),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::answers::Settings;
    use crate::client::doctor::Verdict;
    use crate::identity::{IdentityDocument, IdentityKey, SealingKey};

    fn patient(home: &Home) -> Patient {
        let settings = Ok(Settings { settings: Vec::new() });
        Patient {
            home: home.folder().to_owned(),
            running: None,
            status: None,
            unreachable: None,
            settings,
            now_unix_ms: 0,
        }
    }

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("home"));
        home.prepare().expect("it can be made");
        (folder, home)
    }

    #[test]
    fn a_key_is_told_by_its_id_and_a_damaged_one_as_such() {
        let (_folder, home) = home();
        assert_eq!(key(&patient(&home)).verdict, Verdict::Skipped);
        let identity = IdentityKey::from_seed(&[7; 32]);
        home.create_key(&key_file::encode_plain(&identity)).expect("a key file");
        let finding = key(&patient(&home));
        assert!(finding.verdict == Verdict::Good && finding.said.contains(&identity.id().to_string()), "{finding:?}");
        home.replace_key("something else").expect("it is ours");
        assert_eq!(key(&patient(&home)).verdict, Verdict::Bad);
    }

    #[test]
    fn messages_that_are_gone_or_of_another_identity_are_told() {
        let (_folder, home) = home();
        let [me, other] = [1, 2].map(|seed| IdentityKey::from_seed(&[seed; 32]));
        home.create_key(&key_file::encode_plain(&me)).expect("a key file");
        let store = Store::open(&home.messages_database(), &home.peers_database()).expect("it is made");
        let sealing_key = SealingKey::derive(&other, 0).public();
        let (document, _) = IdentityDocument::new(other.id(), sealing_key, 1, 1_800_000_000_000).sign(&other);
        store.keep_own_document(&document, 1_800_000_000_000).expect("kept");
        drop(store);
        let finding = database(&patient(&home));
        assert!(finding.verdict == Verdict::Bad && finding.said.contains(&other.id().to_string()), "{finding:?}");
        home.replace_key(&key_file::encode_plain(&other)).expect("it is ours");
        assert_eq!(database(&patient(&home)).verdict, Verdict::Good);
        std::fs::remove_dir_all(home.messages_folder()).expect("removed");
        let finding = database(&patient(&home));
        assert!(finding.verdict == Verdict::Bad && finding.said.contains("messages.db is gone"), "{finding:?}");
    }

    #[test]
    fn a_damaged_database_is_told_and_none_is_made_by_looking() {
        let (_folder, home) = home();
        assert_eq!(database(&patient(&home)).verdict, Verdict::Skipped);
        assert!(!home.messages_database().exists());
        drop(Store::open(&home.messages_database(), &home.peers_database()).expect("it is made"));
        assert_eq!(database(&patient(&home)).verdict, Verdict::Good);
        std::fs::write(home.messages_database(), "no database ".repeat(100)).expect("it is ours");
        let finding = database(&patient(&home));
        assert!(finding.verdict == Verdict::Bad && finding.said.contains("messages.db is damaged"), "{finding:?}");
        assert!(finding.help.expect("what to do").contains("--repair"));
    }
}
