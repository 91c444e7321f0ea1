//! `bitpie msg …`, but for `send`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueHint};

use super::duration::when;
use super::failure::Failure;
use super::sending::Sending;
use super::short_id::{name_or_id, reference};
use super::table::{Cell, Table};
use super::terminal::{BAD, FAINT, GOOD, ODD, STRONG, counted, print, print_json, safe, styled};
use super::{Connection, Context, now_unix_ms};
use crate::api::answers::{ContactState, Direction, Message, MessageState, SentTime};
use crate::api::hidden::Hidden;
use crate::api::methods::{
    ExportMessages, ListContacts, ListMessages, MESSAGES_PER_ANSWER, MarkRead, SearchMessages, WAIT_MS, WatchMessages,
};

/// `bitpie msg …`
#[derive(Subcommand)]
pub enum MessageCommand {
    /// Send a message: on your disk when the command returns, delivered as soon as they can be reached
    #[command(after_help = "With --wait the exit code is 1 if it was refused, or not confirmed in time.\n\n\
        Other users of this machine can read the arguments of a command while it runs (`ps`), and your shell keeps them. \
        To keep a text from both, leave it out and type it when asked, or use `-` and a file or a pipe.\n\n\
        Examples:\n  bitpie msg send alice \"are you there?\"\n  bitpie msg send alice - < letter.txt\n  \
        gpg -d letter.gpg | bitpie msg send alice -\n  \
        bitpie msg send alice \"now or never\" --expires 10min --wait\n  \
        bitpie msg send alice \"from a script\" --fingerprint 'yryo nyeb yryo nyeb yryo nyeb'")]
    Send(Sending),
    /// List the newest messages, oldest first
    #[command(
        after_help = "What was shown of a conversation with one contact is read, unless --keep-unread is given; with --json nothing changes. \
        What a stranger has written can be read before you accept or refuse them: it stays unread, and they are told nothing.\n\n\
        WHEN is when a message was written, as its sender says. Where it came much later, both times are shown.\n\n\
        Examples:\n  bitpie msg list\n  bitpie msg list alice --limit 200"
    )]
    List {
        /// Only those with them
        with: Option<String>,
        /// How many
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
        /// Only those before this position (the first column)
        #[arg(long, value_name = "POSITION")]
        before: Option<u64>,
        /// Do not mark them as read
        #[arg(long)]
        keep_unread: bool,
    },
    /// Print messages as they come, until Ctrl-C
    #[command(
        after_help = "What is shown is read, unless --keep-unread is given; with --json nothing changes. What strangers write is shown \
        too, marked, and stays unread.\n\n\
        Examples:\n  bitpie msg watch\n  bitpie msg watch alice --after 120\n  bitpie msg watch --json | jq -r .text"
    )]
    Watch {
        /// Only those with them
        with: Option<String>,
        /// From behind this position [default: from now on]
        #[arg(long, value_name = "POSITION")]
        after: Option<u64>,
        /// Do not mark them as read
        #[arg(long)]
        keep_unread: bool,
    },
    /// Find messages by their words
    #[command(after_help = "Example:\n  bitpie msg search \"train berlin\"")]
    Search {
        /// All of these words
        #[arg(required = true)]
        words: Vec<String>,
        /// How many, the newest
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
    },
    /// Mark what somebody has written as read
    Read {
        /// Name, id, `bitpie:` and its beginning, or address
        with: String,
    },
    /// Write messages as JSON Lines, the oldest first
    #[command(after_help = "Examples:\n  bitpie msg export > all.jsonl\n  bitpie msg export alice --out alice.jsonl")]
    Export {
        /// Only those with them
        with: Option<String>,
        /// Into this new file, readable by you alone [default: standard output]
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        out: Option<PathBuf>,
    },
}

/// Does what is asked for.
pub fn perform(command: MessageCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        MessageCommand::Send(sending) => sending.run(context),
        MessageCommand::List { with, limit, before, keep_unread } => list(with, limit, before, keep_unread, context),
        MessageCommand::Watch { with, after, keep_unread } => watch(with, after, keep_unread, context),
        MessageCommand::Search { words, limit } => search(&words.join(" "), limit, context),
        MessageCommand::Read { with } => read(with, context),
        MessageCommand::Export { with, out } => export(with, out.as_deref(), context),
    }
}

fn list(
    with: Option<String>,
    limit: u32,
    before: Option<u64>,
    keep_unread: bool,
    context: &Context<'_>,
) -> Result<(), Failure> {
    let node = context.node()?;
    let answered = node.call(&ListMessages { with: with.clone(), limit, before })?;
    if context.json {
        return Ok(print_json(&answered.raw)?);
    }
    let messages = &answered.answer.messages;
    if messages.is_empty() {
        let waiting = node.call(&ListContacts {})?.answer.contacts;
        let waiting = waiting.iter().filter(|contact| contact.state == ContactState::Request).count();
        let waiting = match waiting {
            _ if with.is_some() => String::new(),
            0 => String::new(),
            1 => " A stranger waits for an answer: `bitpie contact list`".to_owned(),
            some => format!(" {some} strangers wait for an answer: `bitpie contact list`"),
        };
        return Ok(print(&format!("No messages. `bitpie msg send WHO TEXT` writes one.{waiting}\n"))?);
    }
    let mut text = table_text(messages, now_unix_ms());
    if let Some(next) = answered.answer.next {
        text += &styled(FAINT, format!("There are older ones: --before {next}\n"));
    }
    if let Some(waiting) = messages.iter().find(|message| message.state == MessageState::Waiting) {
        let who = reference(waiting.name.as_ref(), &waiting.with);
        text += &format!(
            "\n{} stranger, who does not see that you read this. To answer: `bitpie contact accept {who}` or `refuse`.\n",
            if waiting.invited { "An invited" } else { "A" }
        );
    }
    print(&text)?;
    // A conversation that was shown is read; a glance at everything is not.
    if let Some(with) = with.filter(|_| !keep_unread) {
        mark_read(&node, with, messages)?;
    }
    Ok(())
}

/// Marks those as read that were shown.
fn mark_read(node: &Connection, with: String, shown: &[Message]) -> Result<(), Failure> {
    let unread = shown.iter().filter(|message| message.state == MessageState::Unread);
    if let Some(up_to) = unread.map(|message| message.position).max() {
        node.call(&MarkRead { with, up_to: Some(up_to) })?;
    }
    Ok(())
}

fn watch(
    with: Option<String>,
    mut after: Option<u64>,
    keep_unread: bool,
    context: &Context<'_>,
) -> Result<(), Failure> {
    let node = context.node()?;
    if !context.json {
        let whose = with.as_ref().map(|with| format!(" with {}", safe(with))).unwrap_or_default();
        let mut errors = anstream::stderr().lock();
        let _ = writeln!(errors, "{}", styled(FAINT, format!("Messages{whose}, as they come; Ctrl-C ends.")));
    }
    let mut after_request = None;
    loop {
        let answer = node.call(&WatchMessages { with: with.clone(), after, after_request, wait_ms: WAIT_MS })?.answer;
        after = answer.next.or(after);
        after_request = answer.next_request.or(after_request);
        for message in &answer.messages {
            if context.json {
                print_json(message)?;
            } else {
                print(&line_text(message, now_unix_ms()))?;
            }
            if !keep_unread && !context.json {
                mark_read(&node, message.with.to_string(), std::slice::from_ref(message))?;
            }
        }
    }
}

fn search(query: &str, limit: u32, context: &Context<'_>) -> Result<(), Failure> {
    let answered = context.node()?.call(&SearchMessages { query: Hidden(query.to_owned()), limit })?;
    if context.json {
        return Ok(print_json(&answered.raw)?);
    }
    let messages = &answered.answer.messages;
    if messages.is_empty() {
        print("No message holds all of these words.\n")?;
        return Err(Failure::Told);
    }
    Ok(print(&table_text(messages, now_unix_ms()))?)
}

fn read(with: String, context: &Context<'_>) -> Result<(), Failure> {
    let answered = context.node()?.call(&MarkRead { with, up_to: None })?;
    if context.json {
        return Ok(print_json(&answered.raw)?);
    }
    Ok(print(&format!("{} marked as read.\n", counted(answered.answer.count, "message")))?)
}

fn export(with: Option<String>, out: Option<&Path>, context: &Context<'_>) -> Result<(), Failure> {
    let node = context.node()?;
    let Some(path) = out else {
        let mut output = BufWriter::new(io::stdout().lock());
        write_all(&node, with, &mut output)?;
        return Ok(());
    };
    // Whom nobody knows leaves no file.
    node.call(&ExportMessages { with: with.clone(), after: 0, limit: 1 })?;
    let mut file = BufWriter::new(create_private(path)?);
    let failed = |error: io::Error| {
        Failure::here(format!("{} cannot be written: {error}", path.display()), "what is there of it is not complete")
    };
    let count = write_all(&node, with, &mut file).map_err(|failure| match failure {
        Failure::Output(error) => failed(error),
        other => other,
    })?;
    file.into_inner().map_err(|error| failed(error.into_error()))?.sync_all().map_err(failed)?;
    if context.json {
        return Ok(print_json(&serde_json::json!({ "path": path, "messages": count }))?);
    }
    Ok(print(&format!("{} written to {}.\n", counted(count, "message"), path.display()))?)
}

/// A new file that only this user can read.
fn create_private(path: &Path) -> Result<File, Failure> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| {
        let help = match error.kind() {
            io::ErrorKind::AlreadyExists => "choose another name; a file that is there is not overwritten",
            _ => "choose a place that you can write to",
        };
        Failure::here(format!("{} cannot be made: {error}", path.display()), help)
    })
}

fn write_all(node: &Connection, with: Option<String>, output: &mut impl Write) -> Result<u64, Failure> {
    let (mut after, mut count) = (0, 0);
    loop {
        let page = ExportMessages { with: with.clone(), after, limit: MESSAGES_PER_ANSWER };
        let page = node.call(&page)?.answer;
        for message in &page.messages {
            serde_json::to_writer(&mut *output, message).map_err(io::Error::from)?;
            output.write_all(b"\n")?;
            count += 1;
        }
        // A node that said the same place again would keep us here for ever.
        match page.next.filter(|next| *next > after) {
            Some(next) => after = next,
            None => break,
        }
    }
    output.flush()?;
    Ok(count)
}

fn table_text(messages: &[Message], now_unix_ms: u64) -> String {
    let mut table = Table::new(&["AT", "WHEN", "", "WHO", "", "TEXT"]);
    for message in messages {
        table.row([
            if message.position > 0 { Cell::number(message.position).styled(FAINT) } else { Cell::default() },
            written(message, now_unix_ms),
            arrow(message),
            Cell::new(name_or_id(message.name.as_ref(), &message.with)).styled(STRONG),
            state(message),
            Cell::new(&message.text.0),
        ]);
    }
    table.render()
}

/// When a message was written. Of one that came later than it says, also when it came; and where what it says cannot
/// be true, only that counts.
fn written(message: &Message, now_unix_ms: u64) -> Cell {
    let sent = when(now_unix_ms, message.time_unix_ms);
    let received = message.received_unix_ms.map(|received| when(now_unix_ms, received));
    match (message.sent_time, received) {
        (None, _) | (_, None) => Cell::new(sent).styled(FAINT),
        (Some(SentTime::Delayed), Some(received)) => {
            Cell::new(format!("sent {sent}, received {received}")).styled(FAINT)
        }
        (Some(SentTime::Impossible), Some(received)) => {
            Cell::new(format!("received {received} (says {sent})")).styled(ODD)
        }
    }
}

fn arrow(message: &Message) -> Cell {
    match message.direction {
        Direction::Incoming => Cell::new("←"),
        Direction::Outgoing => Cell::new("→"),
    }
}

fn state(message: &Message) -> Cell {
    let style = match message.state {
        MessageState::Delivered | MessageState::Read => GOOD,
        MessageState::Refused | MessageState::Expired => BAD,
        MessageState::Queued | MessageState::Sent => ODD,
        MessageState::Unread | MessageState::Waiting => ODD.bold(),
    };
    // What the user has read is nothing to be noticed.
    let is_plain = message.direction == Direction::Incoming && message.state == MessageState::Read;
    let word = if message.invited { "invited" } else { message.state.word() };
    if is_plain { Cell::default() } else { Cell::new(word).styled(style) }
}

/// A message as it comes: further lines of it are set in below the first.
fn line_text(message: &Message, now_unix_ms: u64) -> String {
    let name = safe(&name_or_id(message.name.as_ref(), &message.with));
    let (arrow, style) = match message.direction {
        Direction::Incoming => ("←", STRONG),
        Direction::Outgoing => ("→", FAINT),
    };
    let text = safe(&message.text.0).replace('\n', "\n    ");
    let waiting = match message.state {
        MessageState::Waiting => {
            let who = reference(message.name.as_ref(), &message.with);
            let stranger = if message.invited { "an invited stranger" } else { "a stranger" };
            styled(ODD, format!(" ({stranger}: `bitpie contact accept {who}` or `refuse`)"))
        }
        _ => String::new(),
    };
    // It comes now: when it was written is told where that is another time.
    let sent = when(now_unix_ms, message.time_unix_ms);
    let written = match message.sent_time {
        None => String::new(),
        Some(SentTime::Delayed) => styled(FAINT, format!(" (sent {sent})")),
        Some(SentTime::Impossible) => styled(ODD, format!(" (says {sent}, which cannot be)")),
    };
    format!("{arrow} {}{waiting}{written}: {text}\n", styled(style, name))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::identity::NodeId;

    fn message(position: u64, direction: Direction, state: MessageState, text: &str) -> Message {
        Message {
            position,
            id: "x".to_owned(),
            direction,
            with: NodeId::from_bytes([position as u8; 32]),
            name: (position < 10).then(|| "alice".parse().expect("a nickname")),
            text: Hidden(text.to_owned()),
            time_unix_ms: position * 1000,
            received_unix_ms: (direction == Direction::Incoming).then_some(position * 1000),
            sent_time: None,
            expires_unix_ms: None,
            reply_to: None,
            state,
            why: None,
            attempts: 1,
            invited: position == 11,
        }
    }

    #[test]
    fn a_conversation_is_a_table_with_its_texts_at_the_end() {
        let messages = [
            message(8, Direction::Outgoing, MessageState::Delivered, "are you there?"),
            message(9, Direction::Incoming, MessageState::Read, "yes\n\u{1b}[31mred"),
            message(10, Direction::Incoming, MessageState::Waiting, "日本語"),
            message(11, Direction::Incoming, MessageState::Waiting, "may I?"),
        ];
        expect![[r#"
            AT  WHEN          WHO                  TEXT
             8  1 min ago  →  alice     delivered  are you there?
             9  59 s ago   ←  alice                yes
                                                   \u{1b}[31mred
            10  58 s ago   ←  befywnok  waiting    日本語
            11  57 s ago   ←  bcfosnam  invited    may I?
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&table_text(&messages, 68_000)).to_string());
    }

    #[test]
    fn what_a_sender_says_of_the_time_is_shown_as_that_where_it_is_odd() {
        const NOW: u64 = 100 * 86_400_000;
        let odd = |position, time_unix_ms, sent_time| Message {
            time_unix_ms,
            received_unix_ms: Some(NOW - 300_000),
            sent_time,
            ..message(position, Direction::Incoming, MessageState::Read, "x")
        };
        let messages = [
            odd(7, NOW - 301_000, None),
            odd(8, NOW - 2 * 86_400_000, Some(SentTime::Delayed)),
            odd(9, 0, Some(SentTime::Impossible)),
        ];
        expect![[r#"
            AT  WHEN                                    WHO    TEXT
             7  5 min ago                            ←  alice  x
             8  sent 2 d ago, received 5 min ago     ←  alice  x
             9  received 5 min ago (says 100 d ago)  ←  alice  x
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&table_text(&messages, NOW)).to_string());
        let lines: String = messages.iter().map(|message| line_text(message, NOW)).collect();
        expect![[r#"
            ← alice: x
            ← alice (sent 2 d ago): x
            ← alice (says 100 d ago, which cannot be): x
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&lines).to_string());
    }

    #[test]
    fn a_message_that_comes_is_a_line() {
        let text = line_text(&message(10, Direction::Incoming, MessageState::Waiting, "one\ntwo\u{7}"), 68_000);
        expect![[r#"
            ← befywnok (a stranger: `bitpie contact accept bitpie:befywnok` or `refuse`): one
                two\u{7}
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&text).to_string());
    }
}
