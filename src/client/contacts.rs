//! `bitpie contact …`

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use clap::Subcommand;

use super::choosing::{self, Choice};
use super::duration::when;
use super::failure::Failure;
use super::names;
use super::short_id::{ShortIds, name_or_id, reference};
use super::table::{Cell, Table};
use super::terminal::{BAD, FAINT, GOOD, ODD, STRONG, counted, print, print_json, safe, styled};
use super::{Context, now_unix_ms};
use crate::api::answers::{
    Alike, AlikeIn, Contact, ContactAdded, ContactRemoved, ContactState, Contacts, KnownContact, Rating,
};
use crate::api::methods::{
    AcceptContact, AddContact, CountMessages, ListContacts, PingContact, RefuseContact, RemoveContact,
};
use crate::identity::{IDURL_BYTES, IDURL_SCHEME, NodeId};
use crate::nickname::Nickname;

/// What is said where contacts would be listed.
pub(super) const NO_CONTACTS: &str =
    "No contacts yet. Ask a friend for their address (`bitpie id`), then: `bitpie contact add IDURL`\n";

/// `bitpie contact …`
#[derive(Subcommand)]
pub enum ContactCommand {
    /// Make somebody a contact
    #[command(after_help = "Examples:\n  bitpie contact add 'bitpie:…?at=tcp://203.0.113.5:7771&name=alice'\n  \
        bitpie contact add bitpie:… --name bob\n  bitpie contact add alice               by nickname; you are asked to compare the fingerprint\n  \
        bitpie contact add alice --fingerprint 'yryo nyeb yryo nyeb yryo nyeb'\n  \
        bitpie contact add - < address.txt     so that other users of this machine do not see the invitation in it\n\n\
        If the address has an invitation, your messages carry it until they have answered.\n\
        A contact keeps their name, unless --name gives another. Somebody whom you refused has to be accepted: `bitpie contact accept`.")]
    Add {
        /// Their address, as `bitpie id` prints it on their side, or their nickname; `-` reads it from standard input
        #[arg(value_name = "ADDRESS|NICKNAME")]
        idurl: String,
        /// Whom, if a nickname is given
        #[command(flatten)]
        choice: Choice,
        /// Your name for them; without it, the one that the address proposes
        #[arg(long)]
        name: Option<Nickname>,
    },
    /// List your contacts, and the strangers who have written
    #[command(
        after_help = "SEEN is when they were last heard; THERE is in how much of this node's time in the last 30 days they were there too. \
        Below the list stands who could be taken for one of your contacts: by a name that looks the same, or an id that begins the same."
    )]
    List,
    /// Forget a contact; the conversation stays
    #[command(
        after_help = "What was not delivered yet is tried no longer. The conversation can still be read with `bitpie msg list`; \
        --with-messages deletes it, also of somebody who was removed before. To write again, add them again.\n\n\
        Examples:\n  bitpie contact remove bob\n  bitpie contact remove bob --with-messages"
    )]
    Remove {
        /// Name, id, `bitpie:` and its beginning, or address
        who: String,
        /// Delete the conversation too; you are asked first
        #[arg(long)]
        with_messages: bool,
        /// Delete it without being asked
        #[arg(long, requires = "with_messages")]
        yes: bool,
    },
    /// Make a stranger who has written a contact, and take their messages
    Accept {
        /// Name, id, `bitpie:` and its beginning, or address
        who: String,
        /// Your name for them
        #[arg(long)]
        name: Option<Nickname>,
    },
    /// Refuse somebody, now and in future, and delete what waits from them
    Refuse {
        /// Name, id, `bitpie:` and its beginning, or address
        who: String,
    },
    /// Ask a contact's node whether it is there
    Ping {
        /// Name, id, `bitpie:` and its beginning, or address
        who: String,
    },
}

/// Does what is asked for.
pub fn perform(command: ContactCommand, context: &Context<'_>) -> Result<(), Failure> {
    let node = context.node()?;
    let (raw, text) = match command {
        ContactCommand::List => {
            let answered = node.call(&ListContacts {})?;
            (answered.raw, contacts_text(&answered.answer, now_unix_ms()))
        }
        ContactCommand::Add { idurl, choice, name } => {
            let idurl = if idurl == "-" { read_address()? } else { idurl };
            let wanted = match choosing::as_nickname(&idurl) {
                Some(nickname) => choosing::pin(&node, &nickname, name, &choice, context)?,
                None => {
                    choice.fingerprint.iter().try_for_each(|it| choosing::check_address(&idurl, it))?;
                    AddContact { idurl: idurl.into(), name, found_as: None }
                }
            };
            let answered = node.call(&wanted)?;
            let ContactAdded { contact, invited, .. } = &answered.answer;
            let write = format!("`bitpie msg send {} \"…\"`", reference(contact.name.as_ref(), &contact.id));
            let carried = if *invited { "Your messages carry the invitation until they have answered.\n" } else { "" };
            (answered.raw, format!("{}: {write}\n{carried}", added(&answered.answer)) + &alike(contact))
        }
        ContactCommand::Remove { who, with_messages, yes } => {
            if with_messages && !yes {
                confirm_deletion(&node, &who)?;
            }
            let answered = node.call(&RemoveContact { who, with_messages })?;
            (answered.raw, removed(&answered.answer))
        }
        ContactCommand::Accept { who, name } => {
            let answered = node.call(&AcceptContact { who, name })?;
            let contact = &answered.answer;
            let unread = counted(contact.unread, "unread message");
            let list = format!("`bitpie msg list {}`", reference(contact.name.as_ref(), &contact.id));
            let text = format!("{} is a contact now, with {unread}: {list}\n", styled(STRONG, self::who(contact)));
            (answered.raw, text + &alike(contact))
        }
        ContactCommand::Refuse { who } => {
            let answered = node.call(&RefuseContact { who })?;
            let who = self::who(&answered.answer);
            (answered.raw, format!("{} is refused, now and in future.\n", styled(STRONG, who)))
        }
        ContactCommand::Ping { who } => return ping(&node, who, context),
    };
    if context.json { Ok(print_json(&raw)?) } else { Ok(print(&text)?) }
}

/// The first line of standard input: the arguments of a command can be seen by every user of the machine.
fn read_address() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin().lock().take(IDURL_BYTES as u64 + 2).read_line(&mut line)?;
    let line = line.trim();
    if line.is_empty() {
        return Err(Failure::here("standard input holds no address", "`bitpie id` on their side prints it"));
    }
    Ok(line.to_owned())
}

/// Asks whether a conversation is to be deleted, and says how much that is.
fn confirm_deletion(node: &super::Connection, who: &str) -> Result<(), Failure> {
    let count = node.call(&CountMessages { with: who.to_owned() })?.answer;
    let name = name_or_id(count.name.as_ref(), &count.with);
    let messages = counted(count.messages, "message");
    if !io::stdin().is_terminal() {
        return Err(Failure::here(
            format!(
                "nothing was removed: there is no terminal to ask whether the conversation with {name} ({messages}) may be deleted"
            ),
            "`--yes` deletes it without a question; without `--with-messages` it stays",
        ));
    }
    let mut errors = anstream::stderr().lock();
    let name = styled(STRONG, safe(&name));
    write!(errors, "Delete the conversation with {name}, {messages}, for ever? [y/N] ")?;
    errors.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Failure::here("nothing was removed", "without `--with-messages` the conversation stays"))
}

/// What became of a contact, and of the conversation.
fn removed(removed: &ContactRemoved) -> String {
    let who = styled(STRONG, name_or_id(removed.name.as_ref(), &removed.id));
    let mut text = if removed.was_refused {
        format!("{who} is no longer refused, and can write to you again.")
    } else {
        format!("{who} is no longer a contact.")
    };
    if removed.messages_given_up > 0 {
        text += &format!(" {} had not been delivered; no longer tried.", counted(removed.messages_given_up, "message"));
    }
    if removed.messages_deleted > 0 {
        text += &format!(" {} deleted.", counted(removed.messages_deleted, "message"));
    }
    if removed.messages_kept > 0 {
        let list = format!("`bitpie msg list {}`", reference(removed.name.as_ref(), &removed.id));
        text += &format!(" The conversation stays: {}, {list}", counted(removed.messages_kept, "message"));
    }
    text + "\n"
}

/// What has become of whom: nobody is made a contact twice, or gets another name, without a word.
fn added(added: &ContactAdded) -> String {
    let who = styled(STRONG, who(&added.contact)).to_string();
    match &added.known {
        Some(KnownContact { state: ContactState::Accepted, name }) if *name == added.contact.name => {
            format!("You know this node already, as {who}")
        }
        Some(KnownContact { state: ContactState::Accepted, name: Some(was) }) => {
            format!("You know this node already, as {}; it is {who} from now on", safe(was.as_str()))
        }
        Some(KnownContact { state: ContactState::Request, .. }) => {
            format!(
                "{who} is a contact now, who had asked to talk, with {}",
                counted(added.contact.unread, "unread message")
            )
        }
        _ => format!("{who} is a contact now"),
    }
}

/// Somebody was known already: said where the answer does not say it.
pub(super) fn known_already(added: &ContactAdded) -> String {
    let is_known = added.known.as_ref().is_some_and(|known| known.state == ContactState::Accepted);
    if is_known { format!("{}.\n", self::added(added)) } else { String::new() }
}

/// A name that could be taken for another's.
pub(super) fn alike(contact: &Contact) -> String {
    contact.looks_like.as_ref().map_or_else(String::new, |other| {
        format!(
            "{}: the name looks like that of your contact {}, who is somebody else; `--name` gives another.\n",
            styled(BAD, "Beware"),
            styled(STRONG, safe(other.as_str()))
        )
    })
}

fn ping(node: &super::Connection, who: String, context: &Context<'_>) -> Result<(), Failure> {
    let answered = node.call(&PingContact { who })?;
    let ping = &answered.answer;
    if context.json {
        print_json(&answered.raw)?;
    } else {
        let name = styled(STRONG, name_or_id(ping.name.as_ref(), &ping.id));
        let way = ping.transport.as_ref().map(|transport| format!(" by {transport}")).unwrap_or_default();
        let took = ping.took_ms.map(|ms| format!(" within {ms} ms")).unwrap_or_default();
        let why = ping.why.as_ref().map(|why| format!(": {}", safe(why))).unwrap_or_default();
        print(&if ping.online {
            format!("{name} is {}: answered{took}{way}.\n", styled(GOOD, "there"))
        } else {
            format!("{name} is {}{why}.\n", styled(BAD, "not there"))
        })?;
    }
    if ping.online { Ok(()) } else { Err(Failure::Told) }
}

/// How a clock stands to another.
fn how_far(ahead_ms: i64) -> String {
    let seconds = ahead_ms.unsigned_abs() / 1000;
    if ahead_ms > 0 { format!("{seconds} s ahead of") } else { format!("{seconds} s behind") }
}

fn who(contact: &Contact) -> String {
    name_or_id(contact.name.as_ref(), &contact.id)
}

fn contacts_text(contacts: &Contacts, now_unix_ms: u64) -> String {
    if contacts.contacts.is_empty() {
        return NO_CONTACTS.to_owned();
    }
    let short = ShortIds::of(contacts.contacts.iter().map(|contact| &contact.id));
    let mut table = Table::new(&["NAME", "ID", "", "SEEN", "THERE", "UNREAD", "WAITING", "CALLS ITSELF"]);
    for contact in &contacts.contacts {
        let (state, style) = match (contact.state, contact.online) {
            (ContactState::Request, _) if contact.invitation.is_some() => ("invited, wants to talk", ODD),
            (ContactState::Request, _) => ("wants to talk", ODD),
            (ContactState::Refused, _) => ("refused", FAINT),
            (ContactState::Removed, _) => ("removed", FAINT),
            (ContactState::Accepted, true) => ("online", GOOD),
            (ContactState::Accepted, false) if contact.last_seen_unix_ms.is_none() => ("not seen yet", FAINT),
            (ContactState::Accepted, false) => ("offline", FAINT),
        };
        let unless_none = |count: u64| if count > 0 { Cell::number(count).styled(ODD) } else { Cell::default() };
        let claimed = contact.claimed_name.as_ref().filter(|claimed| contact.name.as_ref() != Some(claimed));
        table.row([
            Cell::maybe(contact.name.as_ref().map(ToString::to_string)).styled(STRONG),
            Cell::new(short.show(&contact.id)),
            Cell::new(state).styled(style),
            contact.last_seen_unix_ms.map_or_else(Cell::default, |then| Cell::new(when(now_unix_ms, then))),
            there(contact.rating),
            unless_none(contact.unread),
            unless_none(contact.waiting),
            Cell::new(claimed.map(ToString::to_string).unwrap_or_default()).styled(FAINT),
        ]);
    }
    let mut text = table.render();
    text += &look_alikes(contacts, short);
    for contact in &contacts.contacts {
        if let Some(ahead_ms) = contact.clock_ahead_ms {
            text += &format!(
                "{}: the clock of {} is {} yours; until one of the two is set right, you do not reach each other.\n",
                styled(BAD, "Clock"),
                styled(STRONG, who(contact)),
                how_far(ahead_ms)
            );
        }
    }
    if let Some(first) = contacts.contacts.iter().find(|contact| contact.state == ContactState::Request) {
        let id = format!("{IDURL_SCHEME}{}", short.show(&first.id));
        text += &format!(
            "\nSomebody who wants to talk waits for `bitpie contact accept {id}` or `bitpie contact refuse {id}`.\n"
        );
    }
    let changes =
        contacts.contacts.iter().filter_map(|contact| Some((who(contact), contact.nickname_change.as_ref()?)));
    for (name, change) in changes {
        text += &format!("\n{}", names::change_text(&name, change));
    }
    text
}

/// Whoever could be taken for somebody else.
fn look_alikes(contacts: &Contacts, short: ShortIds) -> String {
    let shown = |id: &NodeId| {
        let contact = contacts.contacts.iter().find(|contact| contact.id == *id)?;
        let name = contact.name.as_ref().map(ToString::to_string);
        let who = styled(STRONG, safe(&name.unwrap_or_else(|| format!("{IDURL_SCHEME}{}", short.show(id)))));
        let claimed = contact.claimed_name.as_ref().filter(|claimed| contact.name.as_ref() != Some(claimed));
        let claimed = claimed.map(|claimed| format!(" (calls itself {})", safe(claimed.as_str())));
        Some(format!("{who}{}", claimed.unwrap_or_default()))
    };
    let mut text = String::new();
    for Alike { one, other, by } in &contacts.alike {
        let (Some(one), Some(other)) = (shown(one), shown(other)) else { continue };
        let beware = styled(BAD, "Beware");
        text += &match by {
            AlikeIn::Name => format!("{beware}: the name of {other} looks like that of {one}, who is somebody else.\n"),
            AlikeIn::Id => format!("{beware}: the ids of {one} and {other} begin alike; they are two nodes.\n"),
        };
    }
    text
}

/// How much of this node's time they were there too.
fn there(rating: Rating) -> Cell {
    if rating.up_minutes == 0 {
        return Cell::default();
    }
    Cell::new(format!("{} %", (rating.seen_minutes * 100 + rating.up_minutes / 2) / rating.up_minutes))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::api::answers::NicknameChange;

    fn contact(number: u8, name: Option<&str>, state: ContactState) -> Contact {
        Contact {
            id: NodeId::from_bytes([number; 32]),
            name: name.map(|name| name.parse().expect("a nickname")),
            claimed_name: Some("alice".parse().expect("a nickname")),
            state,
            online: number == 1,
            status: "CONNECTED".to_owned(),
            last_seen_unix_ms: (number < 3).then_some(1_000_000),
            unread: number.into(),
            waiting: u64::from(state == ContactState::Request),
            invitation: (number == 4).then(|| "8kq3abcd".parse().expect("a name")),
            rating: Rating { seen_minutes: 30 * u64::from(number), up_minutes: 61 * u64::from(number < 2) },
            nickname_change: (number == 0).then(|| NicknameChange {
                was: "Zoë".parse().expect("a nickname"),
                is: Some("alice".parse().expect("a nickname")),
            }),
            clock_ahead_ms: None,
            looks_like: None,
        }
    }

    #[test]
    fn whoever_could_be_taken_for_a_contact_is_told_below_the_list() {
        let contacts = vec![
            contact(3, None, ContactState::Request),
            contact(1, Some("alice"), ContactState::Accepted),
            contact(2, Some("bob"), ContactState::Accepted),
        ];
        let pair =
            |one, other, by| Alike { one: NodeId::from_bytes([one; 32]), other: NodeId::from_bytes([other; 32]), by };
        let gone = pair(1, 7, AlikeIn::Name);
        let alike = vec![pair(1, 3, AlikeIn::Name), pair(1, 2, AlikeIn::Id), gone];
        let text = contacts_text(&Contacts { contacts, alike }, 1_000_000);
        let told: Vec<String> = anstream::adapter::strip_str(&text).to_string().lines().map(str::to_owned).collect();
        let told: Vec<&String> = told.iter().filter(|line| line.starts_with("Beware")).collect();
        assert_eq!(
            told,
            [
                "Beware: the name of bitpie:ycbogyad (calls itself alice) looks like that of alice, who is somebody else.",
                "Beware: the ids of alice and bob (calls itself alice) begin alike; they are two nodes."
            ]
        );
    }

    #[test]
    fn contacts_are_listed_for_people() {
        let contacts = vec![
            contact(3, None, ContactState::Request),
            contact(4, None, ContactState::Request),
            contact(1, Some("alice"), ContactState::Accepted),
            contact(0, Some("Zoë 日本"), ContactState::Accepted),
            contact(5, Some("ben"), ContactState::Accepted),
            contact(2, Some("mallory"), ContactState::Refused),
        ];
        let text = contacts_text(&Contacts { contacts, alike: Vec::new() }, 1_000_000 + 180_000);
        expect![[r#"
            NAME      ID                                SEEN       THERE  UNREAD  WAITING  CALLS ITSELF
            –         ycbogyad  wants to talk                                  3        1  alice
            –         yonyebyr  invited, wants to talk                         4        1  alice
            alice     yryonyeb  online                  3 min ago  49 %        1
            Zoë 日本  yyyyyyyy  offline                 3 min ago  0 %                     alice
            ben       ywnokbef  not seen yet                                   5           alice
            mallory   yebyryon  refused                 3 min ago              2           alice

            Somebody who wants to talk waits for `bitpie contact accept bitpie:ycbogyad` or `bitpie contact refuse bitpie:ycbogyad`.

            Note: Zoë 日本, whom you found as Zoë, calls itself alice now. It is the same node as before; anybody who claims the name now is another.
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&text).to_string());
    }
}
