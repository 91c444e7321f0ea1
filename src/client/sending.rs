//! `bitpie msg send`

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use super::Connection;
use super::Context;
use super::choosing::Choice;
use super::duration::Span;
use super::failure::Failure;
use super::short_id::name_or_id;
use super::terminal::{ADVICE, BAD, FAINT, GOOD, ODD, STRONG, advise, print, print_json, safe, styled};
use super::{choosing, contacts, names};
use crate::api::answers::{Message, MessageSent, MessageState};
use crate::api::errors::ErrorKind;
use crate::api::hidden::Hidden;
use crate::api::methods::{GetMessage, SendMessage, WAIT_MS};
use crate::nickname::Nickname;

/// What `bitpie msg send` was told.
#[derive(Args)]
pub struct Sending {
    /// Name, id, `bitpie:` and its beginning, or address; a nickname that is no contact yet is looked for, and you are
    /// asked to compare the fingerprint
    pub to: String,
    /// Whom, if a nickname is given
    #[command(flatten)]
    pub choice: Choice,
    /// What it says; `-` reads standard input, and so does nothing at all in a pipe
    pub text: Option<String>,
    /// Wait until it is delivered, and tell how it goes
    #[arg(long)]
    pub wait: bool,
    /// Wait this long at most
    #[arg(long, value_name = "DURATION", requires = "wait")]
    pub timeout: Option<Span>,
    /// Try this long, at most 30d [default: the setting messages/expiry]
    #[arg(long, value_name = "DURATION")]
    pub expires: Option<Span>,
}

/// Bytes of standard input that are read at most; the node has a limit of its own, and tells it.
const INPUT_BYTES: u64 = 256 * 1024;

impl Sending {
    /// Sends, and waits if that is wanted.
    pub(super) fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        // Before anything is read: whoever types a letter wants to know first that nobody would take it.
        let node = context.node()?;
        let text = Hidden(self.text.filter(|text| text != "-").map_or_else(read_input, Ok)?);
        let expires_ms = self.expires.map(|span| span.ms);
        let send = |to: String| node.call(&SendMessage { to, text: text.clone(), expires_ms });
        let nickname = choosing::as_nickname(&self.to);
        // With a fingerprint, a name means nobody else, also if it is that of a contact.
        let known = match &self.choice.fingerprint {
            Some(fingerprint) => choosing::of_fingerprint(&node, &self.to, fingerprint)?.map(|id| send(id.to_string())),
            None => Some(send(self.to.clone())),
        };
        let sent = match (known, nickname) {
            (Some(Ok(sent)), _) => sent,
            // Nobody whom we know by that name: who claims it?
            (None, Some(nickname)) => send(add(&node, &nickname, &self.choice, context)?)?,
            (Some(Err(failure)), Some(nickname)) if failure.is(ErrorKind::NotFound) => {
                send(add(&node, &nickname, &self.choice, context)?)?
            }
            (Some(Err(failure)), _) => return Err(failure),
            (None, None) => {
                return Err(Failure::here(format!("`{}` is nobody", self.to), "give a name, an id or an address"));
            }
        };
        let name = name_or_id(sent.answer.name.as_ref(), &sent.answer.to);
        if let Some(change) = &sent.answer.nickname_change {
            let _ = write!(anstream::stderr().lock(), "{}", names::change_text(&name, change));
        }
        if let Some(problem) = sent.answer.problem.as_ref().filter(|_| !context.json) {
            let help = sent.answer.help.as_ref().map(|help| styled(ADVICE, format!("; {}", safe(help))));
            advise(&format!("{}: {}{}\n", styled(ODD, "It waits"), safe(problem), help.unwrap_or_default()));
        }
        if !self.wait {
            if context.json {
                return Ok(print_json(&sent.raw)?);
            }
            let follow = "`--wait` waits for more, `bitpie msg list` shows it";
            return Ok(print(&format!(
                "For {}: {}, and safe on this disk {}\n",
                styled(STRONG, name),
                sent.answer.state.word(),
                styled(FAINT, format!("({follow})"))
            ))?);
        }
        let message = wait(&node, &sent.answer, self.timeout, context)?;
        if context.json {
            print_json(&json!(message))?;
        } else {
            print(&ending(&name, &message))?;
        }
        let is_there = matches!(message.state, MessageState::Delivered | MessageState::Read);
        if is_there { Ok(()) } else { Err(Failure::Told) }
    }
}

/// Makes whoever is meant by a nickname a contact. Says who, before anything is sent to them.
fn add(node: &Connection, nickname: &Nickname, choice: &Choice, context: &Context<'_>) -> Result<String, Failure> {
    let added = node.call(&choosing::pin(node, nickname, None, choice, context)?)?.answer;
    let mut errors = anstream::stderr().lock();
    let _ = write!(errors, "{}{}", contacts::known_already(&added), contacts::alike(&added.contact));
    Ok(added.contact.id.to_string())
}

fn read_input() -> Result<String, Failure> {
    let input = io::stdin();
    if input.is_terminal() {
        let mut errors = anstream::stderr().lock();
        let _ = writeln!(errors, "{}", styled(FAINT, "Write; Ctrl-D on an empty line sends, Ctrl-C does not."));
    }
    let mut bytes = Vec::new();
    input.lock().take(INPUT_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > INPUT_BYTES {
        let said = format!("standard input has more than {} KiB", INPUT_BYTES / 1024);
        return Err(Failure::here(said, "a message is short: send a long text in parts"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::here("standard input is no UTF-8 text", "messages are texts; convert it first"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(Failure::here("there is nothing to send", "give a text, or `-` and a text on standard input"));
    }
    Ok(text.to_owned())
}

/// Until the message is under way no more, or the time is up; the steps are told on standard error.
fn wait(node: &Connection, sent: &MessageSent, limit: Option<Span>, context: &Context<'_>) -> Result<Message, Failure> {
    let began = Instant::now();
    let left_ms = || match limit {
        None => WAIT_MS,
        Some(limit) => Duration::from_millis(limit.ms)
            .saturating_sub(began.elapsed())
            .as_millis()
            .try_into()
            .map_or(WAIT_MS, |left: u64| left.min(WAIT_MS)),
    };
    let mut other_than = None;
    loop {
        let wait_ms = left_ms();
        let message = node.call(&GetMessage { id: sent.id.clone(), other_than, wait_ms })?.answer;
        if other_than != Some(message.state) && !context.json {
            let mut errors = anstream::stderr().lock();
            let why = message.why.as_ref().map(|why| format!(" ({})", safe(why))).unwrap_or_default();
            let _ = writeln!(errors, "{}", styled(FAINT, format!("{}{why}", message.state.word())));
        }
        if !message.state.is_under_way() || wait_ms == 0 {
            return Ok(message);
        }
        other_than = Some(message.state);
    }
}

fn ending(name: &str, message: &Message) -> String {
    let name = styled(STRONG, safe(name));
    let why = message.why.as_ref().map(|why| format!(": {}", safe(why))).unwrap_or_default();
    match message.state {
        MessageState::Delivered => format!("{}: it is on {name}'s disk.\n", styled(GOOD, "Delivered")),
        MessageState::Read => format!("{}: {name} has read it.\n", styled(GOOD, "Read")),
        MessageState::Refused => format!("{} by {name}{why}.\n", styled(BAD, "Refused")),
        MessageState::Expired => {
            format!("{}: {name} has not confirmed it in time; it may have arrived{why}.\n", styled(BAD, "Expired"))
        }
        _ => format!("{}: {name} has not confirmed it yet; the node goes on trying{why}.\n", styled(ODD, "On its way")),
    }
}
