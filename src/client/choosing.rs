//! Whom the user means by a nickname that is no contact yet: of everybody who claims it, the one whose fingerprint the
//! user knows.
//!
//! Without a person at a terminal there is one safe way to say that, a fingerprint that was compared before. A place
//! may have changed hands since it was listed, and one who is alone with a name today may not be so tomorrow; `--place`
//! and `--yes` are for whoever takes that upon themselves, and tell whom they have taken.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use clap::Args;

use super::failure::Failure;
use super::names::{answered, claimants_text, confusable, incomplete, known, missing, only_private, search};
use super::terminal::{FAINT, STRONG, safe, styled};
use super::{Connection, Context};
use crate::api::answers::{Claimant, ContactState, FoundNames as Found};
use crate::api::methods::{AddContact, ListContacts};
use crate::identity::{Fingerprint, IDURL_SCHEME, Idurl, NodeId};
use crate::nickname::Nickname;

/// Whom the user means, where several may be meant.
#[derive(Args, Clone, Debug, Default)]
pub struct Choice {
    /// Do not ask: take the only claimant, or whoever holds the given place by then. That need not be who held it
    /// before: a latecomer can push a holder out of a place. In a script, --fingerprint is safer
    #[arg(long)]
    pub yes: bool,
    /// Of several who claim the nickname, the one in this place
    #[arg(long, value_name = "N")]
    pub place: Option<u8>,
    /// The node whose id begins so, and no other, whoever else claims the nickname; 24 characters or more, as `bitpie
    /// find` shows them
    #[arg(long, value_name = "FINGERPRINT", conflicts_with = "place")]
    pub fingerprint: Option<Fingerprint>,
}

/// Finds whom the user means by a nickname, and makes them a contact: from then on the name means them, whoever else
/// claims it later. The user confirms the fingerprint.
pub fn pin(
    node: &Connection,
    nickname: &Nickname,
    as_name: Option<Nickname>,
    choice: &Choice,
    context: &Context<'_>,
) -> Result<AddContact, Failure> {
    let is_meant = |claimant: &Claimant| choice.fingerprint.as_ref().is_some_and(|it| it.is_of(&claimant.id));
    let found =
        search(node, nickname, false, !context.json, |found| found.over || found.claimants.iter().any(is_meant))?;
    let claimants: Vec<&Claimant> = found.claimants.iter().filter(|claimant| !claimant.is_me).collect();
    let chosen = match decide(&found, &claimants, choice)? {
        Decision::Taken(chosen) => {
            if !context.json {
                tell_taken(&found, chosen, as_name.is_some());
            }
            chosen
        }
        Decision::Ask(chosen) => confirm(&found, chosen)?,
        Decision::AskWhich => ask_which(&found, &claimants, context)?,
    };
    Ok(AddContact { idurl: chosen.address.clone().into(), name: as_name, found_as: Some(nickname.clone()) })
}

/// What comes of a search and of the options.
#[derive(Debug, PartialEq, Eq)]
enum Decision<'a> {
    /// This one; the user has said so.
    Taken(&'a Claimant),
    /// This one, if the user says so.
    Ask(&'a Claimant),
    /// The user has to say which.
    AskWhich,
}

fn decide<'a>(found: &Found, claimants: &[&'a Claimant], choice: &Choice) -> Result<Decision<'a>, Failure> {
    let name = &found.name;
    let lists = format!("`bitpie find {name}` lists who does");
    let unsure = if found.complete { String::new() } else { format!(", as far as is known: {}", answered(found)) };
    if let Some(fingerprint) = &choice.fingerprint {
        let chosen = claimants.iter().find(|claimant| fingerprint.is_of(&claimant.id));
        let said = format!("nobody with the fingerprint {fingerprint} claims the nickname `{name}`{unsure}");
        return chosen.map(|chosen| Decision::Taken(chosen)).ok_or_else(|| Failure::here(said, lists));
    }
    if let Some(place) = choice.place {
        let chosen = claimants.iter().find(|claimant| claimant.index == place);
        let said = format!("nobody claims place {place} of the nickname `{name}`{unsure}");
        let chosen = chosen.ok_or_else(|| Failure::here(said, lists))?;
        return Ok(if choice.yes { Decision::Taken(chosen) } else { Decision::Ask(chosen) });
    }
    match claimants {
        [] => Err(Failure::here(
            format!("nobody else claims the nickname `{name}`{unsure}"),
            format!(
                "they set it with `bitpie nick set`; an address is taken too, and so is the beginning of a contact's id behind `{IDURL_SCHEME}`"
            ),
        )),
        [only] if choice.yes && !found.complete => Err(Failure::here(
            format!("others may claim the nickname `{name}` too: {}", answered(found)),
            format!("try again, or say whom you mean: {}", by_fingerprint(only)),
        )),
        [only] if choice.yes => Ok(Decision::Taken(only)),
        [only] => Ok(Decision::Ask(only)),
        several if choice.yes => Err(several_claim(found, several)),
        _ => Ok(Decision::AskWhich),
    }
}

fn several_claim(found: &Found, claimants: &[&Claimant]) -> Failure {
    Failure::here(
        format!("{} people claim the nickname `{}`", claimants.len(), found.name),
        format!(
            "`bitpie find {}` lists them; compare the fingerprints with your friend, and say whom you mean: --fingerprint '…', or --place N",
            found.name
        ),
    )
}

fn by_fingerprint(claimant: &Claimant) -> String {
    format!("--fingerprint '{}'", Fingerprint::of(&claimant.id))
}

/// Whom an option has chosen, and what speaks against it.
fn tell_taken(found: &Found, chosen: &Claimant, has_other_name: bool) {
    let mut errors = anstream::stderr().lock();
    let known = Some(known(chosen)).filter(|known| !known.is_empty()).map(|known| format!(", {known}"));
    let line = format!(
        "{} is {} (place {}{}).",
        safe(found.name.as_str()),
        Fingerprint::of(&chosen.id),
        chosen.index,
        known.unwrap_or_default()
    );
    // If the contact gets the name that was looked for, the node's answer says whom it looks like.
    let alike = if has_other_name { confusable(found) } else { String::new() };
    let _ = write!(
        errors,
        "{}\n{alike}{}{}",
        styled(FAINT, line),
        only_private(found) + &missing(found),
        incomplete(found)
    );
}

fn confirm<'a>(found: &Found, chosen: &'a Claimant) -> Result<&'a Claimant, Failure> {
    if !io::stdin().is_terminal() {
        let fingerprint = Fingerprint::of(&chosen.id);
        return Err(Failure::here(
            format!("`{}` is claimed by {fingerprint}, which nobody has confirmed", found.name),
            format!(
                "compare the fingerprint with your friend, then say {}; --yes takes whoever it is then",
                by_fingerprint(chosen)
            ),
        ));
    }
    let mut errors = anstream::stderr().lock();
    let known = Some(known(chosen)).filter(|known| !known.is_empty()).map(|known| format!(", {known}"));
    let _ = writeln!(
        errors,
        "{} is claimed by {}{}.\n{}{}{}",
        styled(STRONG, safe(found.name.as_str())),
        styled(STRONG, Fingerprint::of(&chosen.id).to_string()),
        known.unwrap_or_default(),
        only_private(found) + &confusable(found),
        missing(found),
        incomplete(found)
    );
    let _ = write!(errors, "Is that whom you mean? Compare the fingerprint with your friend. [y/N] ");
    let _ = errors.flush();
    if matches!(read_line()?.trim(), "y" | "Y" | "yes") {
        Ok(chosen)
    } else {
        Err(Failure::here("nothing was done", "a friend can give you their address too: `bitpie id`"))
    }
}

fn ask_which<'a>(found: &Found, claimants: &[&'a Claimant], context: &Context<'_>) -> Result<&'a Claimant, Failure> {
    let several = several_claim(found, claimants);
    let mut errors = anstream::stderr().lock();
    if !context.json {
        let _ = writeln!(errors, "{}", claimants_text(found));
    }
    if context.json || !io::stdin().is_terminal() {
        return Err(several);
    }
    let _ = write!(errors, "{several}. Compare the fingerprint with your friend: which place? ");
    let _ = errors.flush();
    let place = read_line()?.trim().parse::<u8>().ok();
    let chosen = claimants.iter().find(|claimant| Some(claimant.index) == place);
    chosen.copied().ok_or_else(|| Failure::here("nobody was chosen", "give the number of a place"))
}

fn read_line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line)
}

/// A text that can only be meant as a nickname: neither an address nor an id.
pub fn as_nickname(text: &str) -> Option<Nickname> {
    if text.parse::<NodeId>().is_ok() {
        return None;
    }
    text.parse().ok()
}

/// The node that a text means among contacts and addresses, if it is the one of that fingerprint; nothing if the text
/// is a nickname of no contact.
///
/// # Errors
/// If the text means another node, or nobody.
pub fn of_fingerprint(node: &Connection, who: &str, fingerprint: &Fingerprint) -> Result<Option<NodeId>, Failure> {
    if let Some(id) = address_id(who) {
        return the_same(who, id, fingerprint).map(Some);
    }
    let contacts = node.call(&ListContacts {})?.answer.contacts;
    let beginning = who.strip_prefix(IDURL_SCHEME);
    let is_meant = |contact: &&crate::api::answers::Contact| match beginning {
        Some(beginning) => contact.id.to_string().starts_with(beginning) && fingerprint.is_of(&contact.id),
        None => contact.name.as_ref().map(Nickname::as_str) == Some(who),
    };
    match contacts.iter().find(is_meant) {
        Some(contact) if contact.state == ContactState::Accepted => the_same(who, contact.id, fingerprint).map(Some),
        Some(contact) => Err(Failure::here(
            format!("`{who}` is not a contact whom you talk with"),
            format!("`bitpie contact accept {}` makes them one", contact.id),
        )),
        None if as_nickname(who).is_some() => Ok(None),
        None => Err(Failure::here(
            format!("no contact `{who}` has the fingerprint {fingerprint}"),
            "`bitpie contact list` shows all",
        )),
    }
}

/// Whether an address is the one of that fingerprint.
///
/// # Errors
/// If it is not.
pub fn check_address(address: &str, fingerprint: &Fingerprint) -> Result<(), Failure> {
    // What is no address is refused by the node, with the reason.
    address_id(address).map_or(Ok(()), |id| the_same(address, id, fingerprint).map(drop))
}

fn address_id(text: &str) -> Option<NodeId> {
    text.parse::<NodeId>().ok().or_else(|| text.parse::<Idurl>().ok().map(|idurl| idurl.id))
}

fn the_same(who: &str, id: NodeId, fingerprint: &Fingerprint) -> Result<NodeId, Failure> {
    if fingerprint.is_of(&id) {
        return Ok(id);
    }
    Err(Failure::here(
        format!("`{who}` is the node {}, and not that of the fingerprint {fingerprint}", Fingerprint::of(&id)),
        "nothing was done: compare both with your friend",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimant(index: u8) -> Claimant {
        Claimant {
            index,
            id: NodeId::from_bytes([index + 1; 32]),
            address: format!("bitpie:{index}"),
            only_private: false,
            is_me: false,
            is_contact: false,
            state: None,
            contact: None,
            answers: None,
        }
    }

    fn found(places: &[u8], complete: bool) -> Found {
        Found {
            search: 1,
            name: "alice".parse().expect("a nickname"),
            claimants: places.iter().map(|place| claimant(*place)).collect(),
            over: true,
            complete,
            answered: if complete { 10 } else { 7 },
            places: 10,
            seen: 1,
            looks_like: None,
            missing: None,
        }
    }

    fn yes() -> Choice {
        Choice { yes: true, ..Choice::default() }
    }

    fn place(place: u8, yes: bool) -> Choice {
        Choice { yes, place: Some(place), fingerprint: None }
    }

    fn fingerprint(index: u8) -> Choice {
        let fingerprint = Some(Fingerprint::of(&claimant(index).id));
        Choice { fingerprint, ..Choice::default() }
    }

    /// Whom it comes to: a place, `ask N`, `which`, or what is said.
    fn decided(found: &Found, choice: &Choice) -> String {
        let claimants: Vec<&Claimant> = found.claimants.iter().collect();
        match decide(found, &claimants, choice) {
            Ok(Decision::Taken(chosen)) => chosen.index.to_string(),
            Ok(Decision::Ask(chosen)) => format!("ask {}", chosen.index),
            Ok(Decision::AskWhich) => "which".to_owned(),
            Err(failure) => format!("{failure} | {}", failure.help().expect("what to do")),
        }
    }

    #[test]
    fn yes_alone_takes_whoever_is_alone_and_surely_so() {
        assert_eq!(decided(&found(&[0], true), &yes()), "0");
        assert_eq!(decided(&found(&[0], true), &Choice::default()), "ask 0");
        let unsure = decided(&found(&[0], false), &yes());
        let expected =
            "others may claim the nickname `alice` too: only 7 of the 10 places of the name have answered | ";
        assert!(unsure.starts_with(expected), "{unsure}");
        assert!(unsure.ends_with("--fingerprint 'yryo nyeb yryo nyeb yryo nyeb'"), "{unsure}");
        let several = decided(&found(&[0, 1], true), &yes());
        assert!(several.starts_with("2 people claim the nickname `alice` | "), "{several}");
        assert!(several.contains("--fingerprint") && several.contains("--place N"), "{several}");
        assert_eq!(decided(&found(&[0, 1], true), &Choice::default()), "which");
    }

    #[test]
    fn a_fingerprint_means_one_node_however_many_claim_the_name() {
        for complete in [true, false] {
            assert_eq!(decided(&found(&[0, 1, 2], complete), &fingerprint(1)), "1");
        }
        let other = decided(&found(&[0, 1], true), &fingerprint(7));
        assert!(other.starts_with("nobody with the fingerprint ") && other.contains("`bitpie find alice`"), "{other}");
        assert!(!other.contains("answered"), "{other}");
        assert!(decided(&found(&[0], false), &fingerprint(7)).contains("only 7 of the 10 places of the name have"));
    }

    #[test]
    fn a_place_is_confirmed_unless_yes_is_said() {
        assert_eq!(decided(&found(&[0, 3], true), &place(3, false)), "ask 3");
        assert_eq!(decided(&found(&[0, 3], true), &place(3, true)), "3");
        let empty = decided(&found(&[0, 3], true), &place(1, true));
        assert!(empty.starts_with("nobody claims place 1 of the nickname `alice` | "), "{empty}");
    }

    #[test]
    fn where_nobody_claims_it_that_is_said() {
        let nobody = decided(&found(&[], false), &yes());
        let expected = "nobody else claims the nickname `alice`, as far as is known: only 7 of the 10 places";
        assert!(nobody.starts_with(expected), "{nobody}");
    }
}
