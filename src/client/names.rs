//! `bitpie nick …` and `bitpie find`: how our own nickname stands, and who claims one.

use std::collections::BTreeSet;
use std::io::Write as _;

use clap::Subcommand;

use super::failure::Failure;
use super::table::{Cell, Table};
use super::terminal::{BAD, FAINT, GOOD, ODD, STRONG, print, print_json, safe, styled};
use super::{Connection, Context};
use crate::api::answers::{Claimant, ContactState, FoundNames as Found, NicknameChange, NicknameStatus};
use crate::api::methods::{ClearNickname, FindName, FoundNames, SetNickname, ShowNickname, StopSearch, WAIT_MS};
use crate::identity::Fingerprint;
use crate::nickname::{Nickname, NicknameResult};

/// `bitpie nick …`
#[derive(Subcommand)]
pub enum NickCommand {
    /// Be known by this nickname, from now on
    Set {
        /// 1 to 32 visible characters
        name: Nickname,
        /// Do not wait until it is registered
        #[arg(long)]
        no_wait: bool,
    },
    /// Show how it stands
    Show,
    /// Be known by none
    Clear,
}

/// What a list of claimants is, and what it is not.
const WHO_IS_LISTED: &str =
    "The list holds those who claim the name and have it in their identity document too; other claims are left out.";

/// `bitpie nick …`
pub fn nick(command: NickCommand, context: &Context<'_>) -> Result<(), Failure> {
    let node = context.node()?;
    let answered = match command {
        NickCommand::Show => node.call(&ShowNickname { wait_ms: 0 })?,
        NickCommand::Clear => {
            node.call(&ClearNickname {})?;
            node.call(&ShowNickname { wait_ms: WAIT_MS })?
        }
        NickCommand::Set { name, no_wait } => {
            node.call(&SetNickname { name })?;
            node.call(&ShowNickname { wait_ms: if no_wait { 0 } else { WAIT_MS } })?
        }
    };
    if context.json {
        return Ok(print_json(&answered.raw)?);
    }
    print(&(standing(&answered.answer) + &lost(&answered.answer)))?;
    let is_refused = answered.answer.settled && answered.answer.result == Some(NicknameResult::Failed);
    if is_refused { Err(Failure::Told) } else { Ok(()) }
}

/// That a place was ours once.
fn lost(nickname: &NicknameStatus) -> String {
    let (Some(name), Some(place)) = (&nickname.name, nickname.lost) else { return String::new() };
    let name = safe(name.as_str());
    format!(
        "{}: place {place} of {name} was yours, and is not any more; `bitpie find {name}` shows who claims it now.\n",
        styled(BAD, "Beware")
    )
}

fn standing(nickname: &NicknameStatus) -> String {
    let problem = nickname.problem.as_ref().map(|problem| styled(ODD, safe(problem)));
    let Some(name) = &nickname.name else {
        // What it was called before may still be taken.
        let rest = problem.map(|problem| format!("{problem}.\n")).unwrap_or_default();
        return format!("This node has no nickname. `bitpie nick set NAME` gives it one.\n{rest}");
    };
    let name = styled(STRONG, safe(name.as_str()));
    let place = nickname.index.map(|index| format!(" in place {index}")).unwrap_or_default();
    match (nickname.settled, nickname.result, problem) {
        (_, _, Some(problem)) if nickname.help.is_some() => {
            let help = nickname.help.as_deref().map(safe).unwrap_or_default();
            format!(
                "{name} is the nickname, but nobody finds it: {problem}. Nothing is done about it before that is mended: {help}.\n"
            )
        }
        (true, Some(NicknameResult::Failed), problem) => {
            let why = problem.map(|problem| format!(": {problem}")).unwrap_or_default();
            format!(
                "{name} could {} be registered{why}. The node tries again every five minutes.\n",
                styled(BAD, "not")
            )
        }
        (_, _, Some(problem)) => {
            format!("{name} is the nickname, but nobody finds it yet: {problem}. The node goes on trying.\n")
        }
        // While it is looked at again it is still ours.
        (_, _, None) if nickname.held.is_some() => {
            let place = nickname.held.map(|place| format!(" in place {place}")).unwrap_or_default();
            format!("{name} is {}{place}: `bitpie find` finds it.\n", styled(GOOD, "yours"))
        }
        (false, Some(NicknameResult::Exists), None) => {
            format!("{name} is somebody else's{place}; the next place is being tried.\n")
        }
        _ => format!("{name} is being registered; `bitpie nick show` says how it goes.\n"),
    }
}

/// `bitpie find NAME`
pub fn find(name: Nickname, first: bool, context: &Context<'_>) -> Result<(), Failure> {
    let node = context.node()?;
    let found =
        search(&node, &name, first, !context.json, |found| found.over && found.claimants.iter().all(is_settled))?;
    if context.json {
        print_json(&found)?;
    } else if found.claimants.is_empty() {
        print(&nobody(&found))?;
    } else {
        print(&(claimants_text(&found) + &who_is_listed()))?;
    }
    if found.claimants.is_empty() { Err(Failure::Told) } else { Ok(()) }
}

fn is_settled(claimant: &Claimant) -> bool {
    claimant.answers.is_some()
}

fn nobody(found: &Found) -> String {
    let name = styled(STRONG, safe(found.name.as_str()));
    let told = match found.answered {
        _ if found.complete => format!("Nobody claims {name}."),
        0 => format!("It is not known who claims {name}: {}; try again.", answered(found)),
        _ => format!("Nobody who was heard of claims {name}, but {}; try again.", answered(found)),
    };
    format!("{told}\n{}{}", missing(found), who_is_listed())
}

fn who_is_listed() -> String {
    format!("\n{}\n", styled(FAINT, WHO_IS_LISTED))
}

/// Searches until it is enough, and tells on standard error who comes in.
pub(super) fn search(
    node: &Connection,
    name: &Nickname,
    first: bool,
    tells: bool,
    is_enough: impl Fn(&Found) -> bool,
) -> Result<Found, Failure> {
    let search = node.call(&FindName { name: name.clone(), first })?.answer.search;
    let mut seen = 0;
    let mut told = BTreeSet::new();
    loop {
        let found = node.call(&FoundNames { search, seen: Some(seen), wait_ms: WAIT_MS })?.answer;
        if tells {
            let mut errors = anstream::stderr().lock();
            // Whoever turns out to be in a lower place as well is listed there only, so the list may lose entries as
            // well as gain them.
            for claimant in found.claimants.iter().filter(|claimant| told.insert((claimant.id, claimant.index))) {
                let line = format!("{} {} …", claimant.index, Fingerprint::of(&claimant.id));
                let _ = writeln!(errors, "{}", styled(FAINT, line));
            }
        }
        if is_enough(&found) {
            if !found.over {
                let _ = node.call(&StopSearch { search });
            }
            return Ok(found);
        }
        // Over, but nodes are still being asked whether they are there: there is no other end to wait for than a
        // change.
        if found.over && found.seen == seen {
            return Ok(found);
        }
        seen = found.seen;
    }
}

/// The list, and what there is to say of it.
pub(super) fn claimants_text(found: &Found) -> String {
    let mut table = Table::new(&["PLACE", "FINGERPRINT", "", "", "ADDRESS"]);
    let mut claimants: Vec<&Claimant> = found.claimants.iter().collect();
    claimants.sort_by_key(|claimant| claimant.index);
    for claimant in claimants {
        let (there, style) = match claimant.answers {
            Some(true) => ("answers now", GOOD),
            Some(false) => ("does not answer", FAINT),
            None => ("", FAINT),
        };
        table.row([
            Cell::number(claimant.index),
            Cell::new(Fingerprint::of(&claimant.id).to_string()).styled(STRONG),
            Cell::new(there).styled(style),
            Cell::new(known(claimant)),
            Cell::new(claimant.address.clone()).styled(FAINT),
        ]);
    }
    format!("{}{}{}{}{}", table.render(), only_private(found), confusable(found), missing(found), incomplete(found))
}

/// Whose addresses nobody outside of their network can use.
pub(super) fn only_private(found: &Found) -> String {
    let line = |claimant: &Claimant| {
        let who = Fingerprint::of(&claimant.id);
        format!(
            "\nThe document of {who} names only addresses inside a private network (10/8, 192.168/16, 100.64/10, \
             loopback and the like); they are not dialled in the public network.\n"
        )
    };
    found.claimants.iter().filter(|claimant| claimant.only_private && !claimant.is_me).map(line).collect()
}

/// What a claimant is to the user.
pub(super) fn known(claimant: &Claimant) -> String {
    let named = |what: &str| match &claimant.contact {
        Some(name) => format!("{what} ({})", safe(name.as_str())),
        None => what.to_owned(),
    };
    match (claimant.is_me, claimant.state) {
        (true, _) => "this node".to_owned(),
        (false, None | Some(ContactState::Removed)) => String::new(),
        (false, Some(ContactState::Request)) => named("wants to talk"),
        (false, Some(ContactState::Refused)) => named("refused"),
        (false, Some(ContactState::Accepted)) => match &claimant.contact {
            Some(name) => format!("your contact {}", safe(name.as_str())),
            None => "a contact".to_owned(),
        },
    }
}

/// Whether others may claim the name too.
pub(super) fn incomplete(found: &Found) -> String {
    if found.complete || !found.over {
        return String::new();
    }
    format!("\nThere may be more: {}.\n", answered(found))
}

/// How much of what was asked has been answered.
pub(super) fn answered(found: &Found) -> String {
    match found.answered {
        0 => format!("none of the {} places of the name has answered", found.places),
        answered => format!("only {answered} of the {} places of the name have answered", found.places),
    }
}

/// A name that could be taken for that of a contact.
pub(super) fn confusable(found: &Found) -> String {
    // The contact may have claimed the name itself, under which the user knows it by another.
    let is_it = |claimant: &Claimant| {
        claimant.is_me || (claimant.is_contact && claimant.contact.as_ref() == found.looks_like.as_ref())
    };
    let is_somebody_else = found.claimants.is_empty() || !found.claimants.iter().all(is_it);
    found.looks_like.as_ref().filter(|_| is_somebody_else).map_or_else(String::new, |contact| {
        format!(
            "\n{}: {} is not your contact {}; the letters only look alike.\n",
            styled(BAD, "Beware"),
            safe(found.name.as_str()),
            safe(contact.as_str())
        )
    })
}

/// A contact whom the name meant before.
pub(super) fn missing(found: &Found) -> String {
    found.missing.as_ref().map_or_else(String::new, |contact| {
        format!(
            "\n{}: your contact {} was found by this name, and does not claim it any more.\n",
            styled(BAD, "Beware"),
            safe(contact.as_str())
        )
    })
}

/// What is said of somebody who has given up the nickname by which they were found.
pub fn change_text(name: &str, change: &NicknameChange) -> String {
    let now = change.is.as_ref().map_or_else(
        || "has no nickname any more".to_owned(),
        |is| format!("calls itself {} now", styled(STRONG, safe(is.as_str()))),
    );
    format!(
        "{}: {name}, whom you found as {}, {now}. It is the same node as before; anybody who claims the name now is another.\n",
        styled(ODD, "Note"),
        safe(change.was.as_str())
    )
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::identity::NodeId;

    fn claimant(index: u8, answers: Option<bool>, contact: Option<&str>) -> Claimant {
        let state = contact.is_some().then_some(ContactState::Accepted);
        let id = NodeId::from_bytes([index + 1; 32]);
        Claimant {
            index,
            id,
            address: format!("bitpie:{index}"),
            only_private: false,
            is_me: index == 3,
            is_contact: contact.is_some(),
            state,
            contact: contact.map(|name| name.parse().expect("a nickname")),
            answers,
        }
    }

    fn found(claimants: Vec<Claimant>) -> Found {
        Found {
            search: 1,
            name: "alice".parse().expect("a nickname"),
            claimants,
            over: true,
            complete: true,
            answered: 10,
            places: 10,
            seen: 4,
            looks_like: Some("аlice".parse().expect("a nickname")),
            missing: Some("al".parse().expect("a nickname")),
        }
    }

    #[test]
    fn nobody_is_warned_of_their_own_contact() {
        let contact = claimant(0, Some(true), Some("аlice"));
        assert_eq!(confusable(&found(vec![contact.clone()])), "");
        assert!(confusable(&found(vec![contact, claimant(1, None, None)])).contains("Beware"));
        assert!(confusable(&found(vec![claimant(0, None, Some("al"))])).contains("Beware"));
    }

    #[test]
    fn claimants_are_listed_for_people() {
        let found =
            found(vec![claimant(3, Some(true), None), claimant(0, Some(true), Some("al")), claimant(1, None, None)]);
        expect![[r#"
            PLACE  FINGERPRINT                                                  ADDRESS
                0  yryo nyeb yryo nyeb yryo nyeb  answers now  your contact al  bitpie:0
                1  yeby ryon yeby ryon yeby ryon                                bitpie:1
                3  yony ebyr yony ebyr yony ebyr  answers now  this node        bitpie:3

            Beware: alice is not your contact аlice; the letters only look alike.

            Beware: your contact al was found by this name, and does not claim it any more.
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&claimants_text(&found)).to_string());
    }

    #[test]
    fn only_whom_the_user_talks_with_is_called_a_contact() {
        let known = |state, name| {
            let claimant = Claimant { state, ..claimant(0, None, name) };
            known(&claimant)
        };
        use ContactState::{Accepted, Refused, Request};
        let states = [None, Some(Accepted), Some(Request), Some(Refused)];
        assert_eq!(states.map(|state| known(state, None)), ["", "a contact", "wants to talk", "refused"]);
        assert_eq!(known(Some(Accepted), Some("al")), "your contact al");
        assert_eq!(known(Some(Refused), Some("al")), "refused (al)");
    }

    #[test]
    fn how_a_nickname_stands_is_said_in_a_sentence() {
        let status = |result, settled, problem: Option<&str>| NicknameStatus {
            name: Some("alice".parse().expect("a nickname")),
            state: "HELD".to_owned(),
            result,
            index: Some(2),
            held: None,
            lost: None,
            settled,
            problem: problem.map(str::to_owned),
            help: None,
        };
        let off = Some("the service private-messages is off, which looks after the nickname");
        let help = Some("`bitpie service start private-messages` starts it".to_owned());
        let left = Some("alice stays taken for two days: nobody in the DHT has answered");
        let held = |result, settled| NicknameStatus { held: Some(3), ..status(result, settled, None) };
        let all = [
            held(Some(NicknameResult::Own), true),
            // It is looked at again.
            held(Some(NicknameResult::Own), false),
            status(Some(NicknameResult::Exists), false, None),
            status(Some(NicknameResult::Failed), true, None),
            status(Some(NicknameResult::Failed), true, Some("others hold all places of this name")),
            status(None, false, None),
            status(None, false, Some("nobody in the DHT answers this node")),
            NicknameStatus { help, ..status(None, true, off) },
            NicknameStatus { name: None, ..status(Some(NicknameResult::Cleared), true, left) },
        ];
        let all: String = all.iter().map(standing).collect();
        let taken = NicknameStatus { lost: Some(0), ..status(Some(NicknameResult::Own), true, None) };
        expect![
            "Beware: place 0 of alice was yours, and is not any more; `bitpie find alice` shows who claims it now.\n"
        ]
        .assert_eq(&anstream::adapter::strip_str(&lost(&taken)).to_string());
        expect![[r#"
            alice is yours in place 3: `bitpie find` finds it.
            alice is yours in place 3: `bitpie find` finds it.
            alice is somebody else's in place 2; the next place is being tried.
            alice could not be registered. The node tries again every five minutes.
            alice could not be registered: others hold all places of this name. The node tries again every five minutes.
            alice is being registered; `bitpie nick show` says how it goes.
            alice is the nickname, but nobody finds it yet: nobody in the DHT answers this node. The node goes on trying.
            alice is the nickname, but nobody finds it: the service private-messages is off, which looks after the nickname. Nothing is done about it before that is mended: `bitpie service start private-messages` starts it.
            This node has no nickname. `bitpie nick set NAME` gives it one.
            alice stays taken for two days: nobody in the DHT has answered.
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&all).to_string());
    }
}
