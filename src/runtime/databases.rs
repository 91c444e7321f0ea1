//! The databases of a home, opened for what they are: in order, damaged, or set aside and begun again.
//!
//! `peers.db` holds what can be found again, so a damaged one gives way to a new one. `messages.db` does not: what can be
//! read of it is shown and exported, the node keeps out of the network so that nobody is told that something is kept
//! that is not, and `bitpie doctor --repair` saves what can be read into a new one. No damaged file is ever deleted.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::api::answers::Repaired;
use crate::home::{Home, LOCK_PATIENCE};
use crate::store::{Damage, Salvaged, Situation, Store, StoreError, companions, damage};

/// Opens the databases; says what the user should know of them.
///
/// # Errors
/// If they cannot be opened, and not for their damage.
pub fn open(home: &Home) -> anyhow::Result<(Store, Vec<String>)> {
    finish_repair(home)?;
    let mut notices = Vec::new();
    let [of_messages, of_peers] = damaged(home, false)?;
    let (messages, peers) = (home.messages_database(), home.peers_database());
    if let Some(what) = of_messages {
        let (store, Salvaged { messages: readable, contacts, .. }) = Store::read_damaged(&messages)?;
        notices.push(format!(
            "messages.db is damaged: {what}. What can be read of it (messages: {readable}, contacts: {contacts}) can be listed \
             and exported. The node keeps out of the network, and keeps nothing new, until you repair it: `bitpie stop`, \
             then `bitpie doctor --repair`."
        ));
        return Ok((store, notices));
    }
    if let Some(what) = of_peers {
        notices.push(begin_peers_again(home, &what)?);
    }
    match Store::open(&messages, &peers) {
        Err(StoreError::Foreign { database }) if database == "peers" => {
            notices.push(begin_peers_again(home, "it was not made by bitpie")?);
            Ok((Store::open(&messages, &peers)?, notices))
        }
        opened => Ok((opened?, notices)),
    }
}

/// What is wrong with `messages.db` and `peers.db`.
///
/// # Errors
/// If that cannot be found out.
pub fn damaged(home: &Home, is_in_use: bool) -> anyhow::Result<[Option<Damage>; 2]> {
    let (messages, peers) = (home.messages_database(), home.peers_database());
    // Both are made by the same start.
    let was_used = fs::metadata(&peers).is_ok_and(|metadata| metadata.len() > 0);
    let of_peers = damage(&peers, Situation { was_used: false, is_in_use })?;
    Ok([damage(&messages, Situation { was_used, is_in_use })?, of_peers])
}

fn begin_peers_again(home: &Home, what: &str) -> anyhow::Result<String> {
    let aside = set_aside(home, &home.peers_database())?;
    let aside = aside.map(|aside| format!(" as {}", aside.display())).unwrap_or_default();
    Ok(format!(
        "peers.db was damaged ({what}), is set aside{aside}, and is begun again: known peers will be found again."
    ))
}

/// Moves a database and what SQLite keeps beside it out of the way. Says where the database is now, if there was one.
fn set_aside(home: &Home, database: &Path) -> anyhow::Result<Option<PathBuf>> {
    for file in companions(database) {
        if file.exists() {
            home.set_aside(&file)?;
        }
    }
    Ok(if database.exists() { Some(home.set_aside(database)?) } else { None })
}

/// Where a repaired database is, until it takes the place of the damaged one.
fn repaired_file(home: &Home) -> PathBuf {
    home.messages_folder().join("messages.db.repaired")
}

/// A repair that was interrupted between its last two steps is brought to its end: the repaired database is whole then.
fn finish_repair(home: &Home) -> anyhow::Result<bool> {
    let (messages, repaired) = (home.messages_database(), repaired_file(home));
    if messages.exists() || companions(&messages)[0].exists() || !repaired.exists() {
        return Ok(false);
    }
    fs::rename(&repaired, &messages).with_context(|| format!("{} cannot be moved", repaired.display()))?;
    File::open(home.messages_folder()).and_then(|folder| folder.sync_all()).context("the folder cannot be written")?;
    Ok(true)
}

/// Saves what can be read of a damaged `messages.db` into a new one, and keeps the damaged one. One that is in order
/// stays as it is.
///
/// # Errors
/// If a node has the home, or a file cannot be read or written; then the damaged database is where it was.
pub fn repair(home: &Home) -> anyhow::Result<Repaired> {
    let _lock = home.lock_within(LOCK_PATIENCE)?;
    if finish_repair(home)? {
        return Ok(Repaired {
            damage: Some("a repair was interrupted, and is finished now".to_owned()),
            ..counts(home)?
        });
    }
    let [mut wrong, _] = damaged(home, false)?;
    let messages = home.messages_database();
    if wrong.is_none() && messages.exists() {
        let found = Store::open(&messages, Path::new(":memory:"))?.check()?;
        wrong = found.into_iter().next();
    }
    let Some(wrong) = wrong else { return Ok(Repaired::default()) };
    let repaired = repaired_file(home);
    // What an interrupted attempt has left.
    let [log, index] = companions(&repaired);
    for file in [&repaired, &log, &index] {
        if file.exists() {
            fs::remove_file(file).with_context(|| format!("{} cannot be removed", file.display()))?;
        }
    }
    let Salvaged { contacts, messages: saved, waiting, invitations, unreadable } =
        Store::write_salvaged(&messages, &repaired)?;
    let aside = set_aside(home, &messages)?.map(|aside| aside.display().to_string());
    finish_repair(home)?;
    Ok(Repaired { damage: Some(wrong), contacts, messages: saved, waiting, invitations, unreadable, aside })
}

/// The same, in the home in this folder.
///
/// # Errors
/// As [`repair`].
pub fn repair_at(home: &Path) -> anyhow::Result<Repaired> {
    repair(&Home::at(home))
}

fn counts(home: &Home) -> anyhow::Result<Repaired> {
    let store = Store::open(&home.messages_database(), Path::new(":memory:"))?;
    let (mut messages, mut waiting, mut contacts) = (0, 0, 0);
    for contact in store.contacts()? {
        contacts += 1;
        messages += store.count_messages(&contact.id)?;
        waiting += contact.waiting;
    }
    Ok(Repaired { contacts, messages, waiting, ..Repaired::default() })
}
