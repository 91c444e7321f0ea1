//! Checks of the home folder, of what is in it, and of the clock.

use std::io;
use std::path::Path;

use super::super::check::{Finding, Patient};
use super::super::duration::when;
use crate::api::access::{Access, AccessError};
use crate::identity::CLOCK_SKEW_MS;
use crate::privacy::{self, NotPrivate};

/// What a node with an identity leaves behind.
const DATABASES: [&str; 2] = ["messages/messages.db", "peers/peers.db"];

/// Below this, messages and traces may soon find no room.
const LEAST_FREE_BYTES: u64 = 200 << 20;

/// A clock before this is wrong: the program did not exist then (2025-01-01).
const EARLIEST_UNIX_MS: u64 = 1_735_689_600_000;

/// A clock behind this is wrong (2100-01-01).
const LATEST_UNIX_MS: u64 = 4_102_444_800_000;

pub(super) fn home_folder(patient: &Patient) -> Finding {
    let home = patient.home.display();
    match std::fs::symlink_metadata(&patient.home) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Finding::skipped(format!("{home} is not there yet; the first `bitpie run` makes it"))
        }
        Err(error) => Finding::bad(format!("{home} cannot be looked at: {error}"), "see who owns the folders above it"),
        Ok(metadata) if metadata.is_symlink() && !patient.home.is_dir() => {
            Finding::bad(format!("{home} is a link to nowhere"), "make the folder that it means, or remove it")
        }
        Ok(metadata) if !metadata.is_symlink() && !metadata.is_dir() => {
            Finding::bad(format!("{home} is not a folder"), "move it away, or name another with --home")
        }
        Ok(_) => match std::fs::metadata(&patient.home) {
            Err(error) => Finding::bad(format!("{home} cannot be looked at: {error}"), "see who owns it"),
            Ok(metadata) => private(privacy::of_folder(&patient.home, &metadata))
                .unwrap_or_else(|| Finding::good(format!("{home}"))),
        },
    }
}

/// What is wrong if others can get at it.
fn private(judged: Result<(), NotPrivate>) -> Option<Finding> {
    judged.err().map(|open| Finding::bad(open.found(), open.remedy()))
}

pub(super) fn key_file(patient: &Patient) -> Finding {
    let path = patient.home.join("identity.key");
    match std::fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if DATABASES.iter().any(|database| patient.home.join(database).exists()) {
                Finding::bad(
                    "the key is gone, and the rest of the home folder is there",
                    "put identity.key back from a backup: without it this identity cannot be used; `bitpie run` says what else can be done",
                )
            } else {
                Finding::skipped("there is no key yet; the first `bitpie run` makes it")
            }
        }
        Err(error) => Finding::bad(format!("{} cannot be looked at: {error}", path.display()), "see who owns it"),
        Ok(metadata) if !metadata.is_file() => {
            Finding::bad(format!("{} is not a file", path.display()), "put identity.key back from a backup")
        }
        Ok(metadata) => {
            let open = privacy::of_file(&path, &metadata).err().map(|open| {
                let help = format!("{}. {}", open.remedy(), privacy::KEY_MAY_BE_READ);
                Finding::bad(open.found(), help)
            });
            open.unwrap_or_else(|| match std::fs::File::open(&path) {
                Ok(_) if metadata.len() > 0 => Finding::good("there, and for this user alone"),
                Ok(_) => Finding::bad(format!("{} is empty", path.display()), "put identity.key back from a backup"),
                Err(error) => Finding::bad(format!("{} cannot be read: {error}", path.display()), "see who owns it"),
            })
        }
    }
}

pub(super) fn settings(patient: &Patient) -> Finding {
    match &patient.settings {
        Ok(settings) => {
            let set = settings.settings.iter().filter(|setting| setting.is_set).count();
            Finding::good(format!("{set} of {} are set, and all can be understood", settings.settings.len()))
        }
        Err(error) => Finding::bad(error.clone(), "fix that line of config.toml, or delete it to use the default"),
    }
}

#[cfg(unix)]
pub(super) fn disk_space(patient: &Patient) -> Finding {
    // Before the first run the folder is not there, but the one in which it will be made is.
    let Some(there) = patient.home.ancestors().find(|folder| folder.exists()) else {
        return Finding::skipped("the home folder is not there");
    };
    match rustix::fs::statvfs(there) {
        Err(error) => Finding::skipped(format!("the system does not tell: {error}")),
        Ok(space) => {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let said = format!("{} MiB are free", free >> 20);
            if free < LEAST_FREE_BYTES {
                Finding::bad(said, "make room: without it no message can be taken, and none is acknowledged")
            } else {
                Finding::good(said)
            }
        }
    }
}

#[cfg(not(unix))]
pub(super) fn disk_space(_: &Patient) -> Finding {
    Finding::skipped("not looked at on this system")
}

pub(super) fn clock(patient: &Patient) -> Finding {
    let help = "set the clock of this machine (or turn on its synchronisation): nodes whose clocks are more than 150 s apart refuse each other";
    let now = patient.now_unix_ms;
    if !(EARLIEST_UNIX_MS..LATEST_UNIX_MS).contains(&now) {
        let days = now / 86_400_000;
        return Finding::bad(format!("it cannot be right: {days} days since the beginning of 1970"), help);
    }
    let modified = |path: &Path| {
        let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()?;
        let since = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
        u64::try_from(since.as_millis()).ok()
    };
    let files = ["identity.key", "config.toml", "messages", "log", "traces"];
    let newest = files.iter().filter_map(|file| modified(&patient.home.join(file))).max();
    match newest.filter(|newest| *newest > now + CLOCK_SKEW_MS) {
        Some(newest) => Finding::bad(format!("a file of the home folder was written {}", when(now, newest)), help),
        None => Finding::good("it can be right"),
    }
}

pub(super) fn api_file(patient: &Patient) -> Finding {
    match (Access::read(&patient.home), patient.running) {
        (Err(AccessError::NotPrivate(open)), _) => Finding::bad(open.found(), open.remedy()),
        (Err(error), _) => Finding::bad(error.to_string(), error.remedy()),
        (Ok(_), None) if patient.unreachable.is_some() => Finding::skipped("see `node` below"),
        (Ok(None), _) => Finding::good("there is none, as no node is running"),
        (Ok(Some(access)), None) => Finding::skipped(format!(
            "process {} left it behind; nothing has to be done: the next `bitpie run` writes a new one",
            access.process
        )),
        (Ok(Some(_)), Some(_)) => Finding::good("there, and for this user alone"),
    }
}

/// What the node says of its log and its traces; without one, whether it could write them.
pub(super) fn log_and_traces(patient: &Patient) -> Finding {
    let help = "make room on the disk, or see who has removed or changed these folders of the home; \
                the node tries again by itself";
    if let Some(status) = &patient.status {
        let problems: Vec<&str> = [&status.log_problem, &status.traces_problem]
            .into_iter()
            .filter_map(|problem| problem.as_deref())
            .collect();
        return match problems.as_slice() {
            [] => Finding::good("both are written"),
            problems => Finding::bad(problems.join("; "), help),
        };
    }
    for folder in ["log", "traces"].map(|name| patient.home.join(name)) {
        let writable = rustix::fs::access(&folder, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK);
        match std::fs::metadata(&folder) {
            Ok(metadata) if !metadata.is_dir() => {
                return Finding::bad(format!("{} is not a folder", folder.display()), "move it away");
            }
            Ok(_) if writable.is_err() => {
                return Finding::bad(format!("nothing can be written into {}", folder.display()), "see who owns it");
            }
            _ => {}
        }
    }
    Finding::good("both can be written")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{home, mode, patient};
    use super::*;
    use crate::api::access::API_FILE;
    use crate::client::check::Verdict;
    use crate::client::now_unix_ms;

    #[test]
    fn a_home_that_others_can_read_is_told_with_the_remedy() {
        let folder = home();
        assert_eq!(home_folder(&patient(folder.path())).verdict, Verdict::Good);
        mode(folder.path(), 0o755);
        let finding = home_folder(&patient(folder.path()));
        assert!(finding.said.contains("mode 0755"), "{finding:?}");
        assert_eq!(finding.help, Some(format!("run `chmod 700 '{}'`", folder.path().display())));
    }

    #[test]
    fn a_key_is_looked_at_from_outside() {
        let folder = home();
        let key = folder.path().join("identity.key");
        assert_eq!(key_file(&patient(folder.path())).verdict, Verdict::Skipped);
        // Made by the first setting too.
        std::fs::create_dir(folder.path().join("messages")).expect("a folder");
        assert_eq!(key_file(&patient(folder.path())).verdict, Verdict::Skipped);
        std::fs::write(folder.path().join("messages/messages.db"), "").expect("a file");
        assert!(key_file(&patient(folder.path())).said.contains("the key is gone"));
        std::fs::write(&key, "").expect("a file");
        mode(&key, 0o600);
        assert!(key_file(&patient(folder.path())).said.contains("is empty"));
        std::fs::write(&key, "x").expect("a file");
        assert_eq!(key_file(&patient(folder.path())).verdict, Verdict::Good);
        mode(&key, 0o640);
        let help = key_file(&patient(folder.path())).help.expect("what to do");
        assert!(help.starts_with(&format!("run `chmod 600 '{}'`. If somebody", key.display())), "{help}");
    }

    #[test]
    fn a_clock_that_cannot_be_right_is_told() {
        let folder = home();
        let at = |now_unix_ms: u64| clock(&Patient { now_unix_ms, ..patient(folder.path()) }).verdict;
        assert_eq!(at(0), Verdict::Bad);
        assert_eq!(at(LATEST_UNIX_MS), Verdict::Bad);
        assert_eq!(at(now_unix_ms()), Verdict::Good);
        std::fs::write(folder.path().join("config.toml"), "").expect("a file");
        assert_eq!(at(now_unix_ms() - 3_600_000), Verdict::Bad);
    }

    #[test]
    fn an_api_file_that_was_left_behind_is_told() {
        let folder = home();
        assert_eq!(api_file(&patient(folder.path())).verdict, Verdict::Good);
        let access = Access { process: 77, socket: Some("api.sock".to_owned()), http: None };
        std::fs::write(folder.path().join(API_FILE), access.to_text()).expect("a file");
        mode(&folder.path().join(API_FILE), 0o600);
        let finding = api_file(&patient(folder.path()));
        assert!(finding.said.contains("process 77 left it behind"), "{finding:?}");
        assert_eq!(finding.verdict, Verdict::Skipped, "nothing has to be done");
        // Not so if somebody has the home.
        let unreachable = Some(Finding::bad("process 77 runs", "try again"));
        let finding = api_file(&Patient { unreachable, ..patient(folder.path()) });
        assert!(!finding.said.contains("left it behind"), "{finding:?}");
    }

    #[test]
    fn a_log_or_a_trace_that_cannot_be_is_told() {
        let folder = home();
        assert_eq!(log_and_traces(&patient(folder.path())).verdict, Verdict::Good, "the first run makes them");
        std::fs::write(folder.path().join("traces"), "").expect("a file");
        assert!(log_and_traces(&patient(folder.path())).said.contains("traces is not a folder"));
    }
}
