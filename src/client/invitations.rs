//! `bitpie id --invite` and `bitpie invite …`

use clap::Subcommand;

use super::duration::{Span, when};
use super::failure::Failure;
use super::short_id::name_or_id;
use super::table::{Cell, Table};
use super::terminal::{FAINT, STRONG, advise, print, print_json, safe, styled};
use super::{Context, now_unix_ms};
use crate::api::answers::{Invitation, InvitationRemoved, Invitations};
use crate::api::methods::{ListInvitations, NewInvitation, RemoveInvitation};
use crate::identity::ParseInvitationNameError;

/// Users of an invitation that are named in a table; of the others it is told how many there are.
const USERS_NAMED: usize = 3;

/// `bitpie invite …`
#[derive(Subcommand)]
pub enum InviteCommand {
    /// List the invitations that count: until when, for whom, and who has used them
    List,
    /// Take an invitation back; strangers who wait by it are as any others from then on
    Remove {
        /// Its name, as `bitpie invite list` shows it
        name: String,
    },
}

/// Does what is asked for.
pub fn perform(command: InviteCommand, context: &Context<'_>) -> Result<(), Failure> {
    let node = context.node()?;
    let (raw, text) = match command {
        InviteCommand::List => {
            let answered = node.call(&ListInvitations {})?;
            (answered.raw, list_text(&answered.answer, now_unix_ms()))
        }
        InviteCommand::Remove { name } => {
            let name = name.parse().map_err(|error: ParseInvitationNameError| {
                Failure::here(error.to_string(), "the address itself is not kept, so it is not taken back by that")
            })?;
            let answered = node.call(&RemoveInvitation { name })?;
            (answered.raw, removed_text(&answered.answer))
        }
    };
    if context.json { Ok(print_json(&raw)?) } else { Ok(print(&text)?) }
}

/// Makes an invitation, and prints the address that carries it.
pub fn invite(span: Option<Span>, context: &Context<'_>) -> Result<(), Failure> {
    let answered = context.node()?.call(&NewInvitation { for_ms: span.map(|span| span.ms) })?;
    if context.json {
        return Ok(print_json(&answered.raw)?);
    }
    // Alone on standard output, as the address without an invitation is.
    print(&format!("{}\n", safe(&answered.answer.idurl.0)))?;
    advise(&styled(FAINT, made_text(&answered.answer.invitation)));
    Ok(())
}

fn made_text(invitation: &Invitation) -> String {
    let Invitation { name, once, made_unix_ms, until_unix_ms, .. } = invitation;
    let span = Span { ms: until_unix_ms.saturating_sub(*made_unix_ms) };
    let whom = if *once {
        "The first who uses it gets through, however many strangers write"
    } else {
        "Everybody who has it gets through, however many strangers write"
    };
    format!(
        "Invitation {name}. {whom}; it counts for {span}. Hand it over where nobody else reads it.\n\
         `bitpie invite list` shows who has used it, `bitpie invite remove {name}` takes it back.\n"
    )
}

fn list_text(invitations: &Invitations, now_unix_ms: u64) -> String {
    if invitations.invitations.is_empty() {
        return "No invitation counts now. `bitpie id --invite` makes one.\n".to_owned();
    }
    let mut table = Table::new(&["NAME", "FOR", "ENDS", "USED BY"]);
    for invitation in &invitations.invitations {
        table.row([
            Cell::new(invitation.name.to_string()).styled(STRONG),
            Cell::new(if invitation.once { "one" } else { "everybody" }),
            Cell::new(when(now_unix_ms, invitation.until_unix_ms)),
            Cell::new(users_text(invitation)),
        ]);
    }
    table.render()
}

/// `alice, bob`, or `alice, bob, carol and 4 more`.
fn users_text(invitation: &Invitation) -> String {
    let users = &invitation.used_by;
    let named: Vec<String> =
        users.iter().take(USERS_NAMED).map(|user| name_or_id(user.name.as_ref(), &user.id)).collect();
    let more = users.len().saturating_sub(USERS_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    named.join(", ") + &more
}

fn removed_text(removed: &InvitationRemoved) -> String {
    let waiting = match removed.waiting {
        0 => String::new(),
        1 => " One stranger who came by it waits as any other now: `bitpie contact list`".to_owned(),
        count => format!(" {count} strangers who came by it wait as any other now: `bitpie contact list`"),
    };
    format!("The invitation {} is taken back.{waiting}\n", styled(STRONG, &removed.name))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::api::answers::InvitationUser;
    use crate::identity::NodeId;

    fn invitation(once: bool, users: u8) -> Invitation {
        let user = |number: u8| InvitationUser {
            id: NodeId::from_bytes([number; 32]),
            name: (number == 0).then(|| "alice".parse().expect("a nickname")),
        };
        Invitation {
            name: if once { "yryonyeb" } else { "8kq3abcd" }.parse().expect("a name"),
            once,
            made_unix_ms: 0,
            until_unix_ms: 7 * 86_400_000,
            used_by: (0..users).map(user).collect(),
        }
    }

    #[test]
    fn invitations_are_listed_for_people() {
        let invitations = vec![invitation(true, 0), invitation(true, 1), invitation(false, 5)];
        let text = list_text(&Invitations { invitations }, 86_400_000);
        expect![[r#"
            NAME      FOR        ENDS    USED BY
            yryonyeb  one        in 6 d
            yryonyeb  one        in 6 d  alice
            8kq3abcd  everybody  in 6 d  alice, yryonyeb, yebyryon and 2 more
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&text).to_string());
    }

    #[test]
    fn what_was_made_or_taken_back_is_told() {
        expect![[r#"
            Invitation yryonyeb. The first who uses it gets through, however many strangers write; it counts for 7 d. Hand it over where nobody else reads it.
            `bitpie invite list` shows who has used it, `bitpie invite remove yryonyeb` takes it back.
        "#]]
        .assert_eq(&made_text(&invitation(true, 0)));
        let removed = |waiting| removed_text(&InvitationRemoved { name: invitation(true, 0).name, waiting });
        let told = [removed(0), removed(2)].map(|text| anstream::adapter::strip_str(&text).to_string());
        expect![[r#"
            The invitation yryonyeb is taken back.
            The invitation yryonyeb is taken back. 2 strangers who came by it wait as any other now: `bitpie contact list`
        "#]]
        .assert_eq(&told.concat());
    }
}
