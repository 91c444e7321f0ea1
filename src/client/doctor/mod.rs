//! `bitpie doctor`: a list of checks, each with what it found and what to do about it. They change nothing;
//! `--repair` saves what can be read of a damaged database.

mod home;
mod ports;

use std::fmt::Write as _;

use home::{api_file, clock, disk_space, home_folder, key_file, log_and_traces, settings};
use ports::ports;
use serde::Serialize;

pub use super::check::{Check, Finding, Patient, Verdict};
use super::failure::{Failure, told};
use super::health::JUDGES;
use super::terminal::{ADVICE, BAD, FAINT, GOOD, ODD, counted, print, print_json, safe, styled};
use super::{Context, now_unix_ms};
use crate::api::access::API_FILE;
use crate::api::methods::GetStatus;

/// Checks of the home folder and the system; [`JUDGES`] then says what the status of a node means.
pub const CHECKS: &[Check] = &[
    Check { name: "home folder", run: home_folder },
    Check { name: "key file", run: key_file },
    Check { name: "settings", run: settings },
    Check { name: "disk space", run: disk_space },
    Check { name: "clock", run: clock },
    Check { name: API_FILE, run: api_file },
    Check { name: "node", run: node },
    Check { name: "ports", run: ports },
    Check { name: "log, traces", run: log_and_traces },
];

/// Does all checks.
pub(super) fn perform(context: &Context<'_>) -> Result<(), Failure> {
    let asked = context.asked(|node| Ok((node.process(), node.call(&GetStatus {})?.answer)));
    let (running, status, unreachable) = match asked {
        Ok((process, status)) => (Some(process), Some(status), None),
        Err(Failure::NoNode { .. }) => (None, None, None),
        Err(failure @ Failure::Mute { .. }) => {
            (None, None, Some(Finding::bad(failure.to_string(), failure.help().unwrap_or_default())))
        }
        Err(failure) => {
            let said = format!("it cannot be asked: {failure}");
            (None, None, Some(Finding::bad(said, "first do what is advised above, then ask again")))
        }
    };
    let settings = (context.offline.settings)(&context.home).map_err(|error| told(&error));
    let (home, now_unix_ms) = (context.home.clone(), now_unix_ms());
    let patient = Patient { home, running, status, unreachable, settings, now_unix_ms };
    let checks = CHECKS.iter().chain(context.offline.checks);
    let mut findings: Vec<(&str, Finding)> = checks.map(|check| (check.name, (check.run)(&patient))).collect();
    findings.extend(of_node(&patient));
    say_once(&mut findings);
    if context.json {
        print_json(&json(&findings))?;
    } else {
        print(&text(&findings))?;
    }
    let is_well = findings.iter().all(|(_, finding)| finding.verdict != Verdict::Bad);
    if is_well { Ok(()) } else { Err(Failure::Told) }
}

/// One fault can be found by several checks. The first says it, and the others name that one.
fn say_once(findings: &mut [(&str, Finding)]) {
    for at in 1..findings.len() {
        let (before, rest) = findings.split_at_mut(at);
        let (_, finding) = &mut rest[0];
        let is_it = |(_, first): &&(&str, Finding)| {
            first.verdict == Verdict::Bad
                && match finding.verdict {
                    Verdict::Bad => finding.said.contains(first.said.as_str()),
                    // Of several notices only the first would be told by that.
                    _ => finding.said.starts_with(first.said.as_str()),
                }
        };
        if matches!(finding.verdict, Verdict::Bad | Verdict::Notable)
            && let Some((name, _)) = before.iter().find(is_it)
        {
            *finding = Finding::skipped(format!("see `{name}` above"));
        }
    }
}

/// What the status of a node means, if one answers.
fn of_node(patient: &Patient) -> Vec<(&'static str, Finding)> {
    match &patient.status {
        Some(status) => JUDGES.iter().map(|(name, judge)| (*name, judge(status, patient.now_unix_ms))).collect(),
        None => {
            let names: Vec<&str> = JUDGES.iter().map(|(name, _)| *name).collect();
            vec![("the rest", Finding::skipped(format!("only a node that runs can tell: {}", names.join(", "))))]
        }
    }
}

/// `bitpie doctor --repair`
pub(super) fn repair(context: &Context<'_>) -> Result<(), Failure> {
    let repaired = (context.offline.repair)(&context.home)?;
    if context.json {
        return Ok(print_json(&repaired)?);
    }
    let Some(damage) = &repaired.damage else {
        return Ok(print("There is nothing to repair; nothing was changed.\n")?);
    };
    let mut text = format!("messages.db was damaged: {}.\n", safe(damage));
    let _ = writeln!(
        text,
        "Saved into a new one: {}, {}, {} of strangers.",
        counted(repaired.contacts, "contact"),
        counted(repaired.messages, "message"),
        repaired.waiting
    );
    if repaired.invitations > 0 {
        text +=
            "No invitation counts any more, for it is not known which were used: `bitpie id --invite` makes another.\n";
    }
    if repaired.unreadable > 0 {
        let _ = writeln!(text, "{} could not be read.", counted(repaired.unreadable, "piece"));
    }
    if let Some(aside) = &repaired.aside {
        let _ = writeln!(text, "The damaged one is kept: {}", safe(aside));
    }
    text += "What was lost with it cannot be counted: if you have a later backup, compare. Start the node with `bitpie run`.\n";
    Ok(print(&text)?)
}

fn json(findings: &[(&str, Finding)]) -> impl Serialize {
    #[derive(Serialize)]
    struct Named {
        name: String,
        #[serde(flatten)]
        finding: Finding,
    }
    #[derive(Serialize)]
    struct All {
        checks: Vec<Named>,
    }
    let named = |(name, finding): &(&str, Finding)| Named { name: (*name).to_owned(), finding: finding.clone() };
    All { checks: findings.iter().map(named).collect() }
}

fn text(findings: &[(&str, Finding)]) -> String {
    let width = findings.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, finding) in findings {
        let mark = match finding.verdict {
            Verdict::Good => styled(GOOD, "✓"),
            Verdict::Skipped => styled(ODD, "–"),
            Verdict::Notable => styled(ODD, "!"),
            Verdict::Bad => styled(BAD, "✗"),
        };
        let said = safe(&finding.said);
        let said = if finding.verdict == Verdict::Skipped { styled(FAINT, said) } else { said };
        let _ = writeln!(text, "{mark} {name:<width$}  {said}");
        if let Some(help) = &finding.help {
            let _ = writeln!(text, "  {:width$}  {} {}", "", styled(ADVICE, "→"), safe(help));
        }
    }
    let count = |verdict| findings.iter().filter(|(_, finding)| finding.verdict == verdict).count();
    let sum = match count(Verdict::Bad) {
        0 if count(Verdict::Notable) > 0 => styled(GOOD, "Nothing is wrong; what is marked with ! is worth knowing."),
        0 => styled(GOOD, "All is well."),
        1 => styled(BAD, "One thing is not as it should be."),
        bad => styled(BAD, format!("{bad} things are not as they should be.")),
    };
    let _ = writeln!(text, "\n{sum}");
    text
}

fn node(patient: &Patient) -> Finding {
    match (patient.running, &patient.unreachable) {
        (Some(process), _) => Finding::good(format!("it answers (process {process})")),
        (None, Some(why)) => why.clone(),
        (None, None) => Finding::skipped("none is running; `bitpie run` starts one"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use expect_test::expect;

    use super::*;
    use crate::api::answers::Settings;

    pub(in crate::client::doctor) fn patient(home: &Path) -> Patient {
        Patient {
            home: home.to_owned(),
            running: None,
            status: None,
            unreachable: None,
            settings: Ok(Settings { settings: Vec::new() }),
            now_unix_ms: now_unix_ms(),
        }
    }

    pub(in crate::client::doctor) fn home() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        mode(folder.path(), 0o700);
        folder
    }

    pub(in crate::client::doctor) fn mode(path: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
    }

    #[test]
    fn findings_are_a_list_with_advice_below() {
        let findings = [
            ("home folder", Finding::good("/home/a/.bitpie")),
            ("key", Finding::bad("others can read it", "chmod 600 it")),
            ("node", Finding::skipped("none is running")),
        ];
        expect![[r#"
            ✓ home folder  /home/a/.bitpie
            ✗ key          others can read it
                           → chmod 600 it
            – node         none is running

            One thing is not as it should be.
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&text(&findings)).to_string());
    }

    #[test]
    fn what_several_checks_find_is_said_by_the_first() {
        let mut findings = [
            ("home folder", Finding::bad("others can read it", "chmod 700 it")),
            ("settings", Finding::good("others can read it, and nobody minds")),
            ("node", Finding::bad("it cannot be asked: others can read it", "ask again")),
            ("ports", Finding::bad("7771 is taken", "choose another")),
        ];
        say_once(&mut findings);
        expect![[r#"
            ✗ home folder  others can read it
                           → chmod 700 it
            ✓ settings     others can read it, and nobody minds
            – node         see `home folder` above
            ✗ ports        7771 is taken
                           → choose another

            2 things are not as they should be.
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&text(&findings)).to_string());
    }

    #[test]
    fn a_notice_is_marked_and_is_no_fault() {
        let findings =
            [("node", Finding::good("it answers")), ("notices", Finding::notable("this home was restored", "read it"))];
        expect![[r#"
            ✓ node     it answers
            ! notices  this home was restored
                       → read it

            Nothing is wrong; what is marked with ! is worth knowing.
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&text(&findings)).to_string());
    }

    #[test]
    fn a_node_that_cannot_be_asked_is_not_called_none() {
        let folder = home();
        let unreachable = Some(Finding::bad("it does not answer", "ask again"));
        let patient = Patient { unreachable, ..patient(folder.path()) };
        assert_eq!((node(&patient).verdict, ports(&patient).verdict), (Verdict::Bad, Verdict::Skipped));
    }
}
