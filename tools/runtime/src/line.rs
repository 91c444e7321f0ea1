//! A delivery as the line of a trace, written straight into memory.
//!
//! The same bytes that serde makes of a [`Delivery`], several times as fast: the fixed parts are copied, and only
//! values of the definition's own types go through serde. `tests/agreement` compares the two.

use serde::Serialize;
use serde_json::Result;

use crate::automaton::{Automaton, Event, Sent, State, Timer, Variables};
use crate::delivery::{Changes, Delivery, Incoming, InstanceName, Receiver, Started, is_json, is_no_key};
use crate::record::Outcome;

/// Appends the line, without its line feed.
pub fn write<A: Automaton>(delivery: &Delivery<'_, A>, out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(b"{\"sequence\":");
    json(out, &delivery.sequence)?;
    out.extend_from_slice(b",\"at_ms\":");
    json(out, &delivery.at_ms)?;
    if let Some(cause) = delivery.cause {
        out.extend_from_slice(b",\"cause\":");
        json(out, &cause)?;
    }
    out.extend_from_slice(b",\"instance\":");
    instance::<A>(delivery.receiver, out)?;
    match delivery.incoming {
        Incoming::Event(event) => inner(out, event)?,
        Incoming::Timer(timer) => {
            out.extend_from_slice(b",\"event\":");
            name(out, timer.label());
        }
        Incoming::Start(given) => inner(out, &Started::new(given))?,
    }
    outcome(out, delivery.outcome);
    for (key, state) in [(&b",\"before\":"[..], delivery.before), (b",\"after\":", delivery.after)] {
        if let Some(state) = state {
            out.extend_from_slice(key);
            name(out, state.name());
        }
    }
    list(out, ",\"conditions\":[", delivery.questions.iter(), json)?;
    variables(delivery, out)?;
    list(out, ",\"actions\":[", delivery.actions.iter(), json)?;
    list(out, ",\"sends\":[", delivery.sends.iter().filter(|sent| !sent.is_observation()), json)?;
    list(out, ",\"raised\":[", delivery.raised.iter(), |out, (event, became)| raised(out, event, *became))?;
    timers(delivery.timers, out)?;
    if !delivery.faults.is_empty() {
        out.extend_from_slice(b",\"faults\":");
        json(out, &delivery.faults)?;
    }
    list(out, ",\"violated\":[", delivery.violated.iter(), json)?;
    out.push(b'}');
    Ok(())
}

fn json(out: &mut Vec<u8>, value: &impl Serialize) -> Result<()> {
    serde_json::to_writer(out, value)
}

/// A name of the language: nothing in it needs an escape.
fn name(out: &mut Vec<u8>, name: &str) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.push(b'"');
}

fn outcome(out: &mut Vec<u8>, outcome: Outcome) {
    out.extend_from_slice(b",\"outcome\":");
    name(out, outcome.name());
}

/// The entries of an object, as part of the object that is open.
fn inner(out: &mut Vec<u8>, object: &impl Serialize) -> Result<()> {
    let begin = out.len();
    json(out, object)?;
    // `{…}` becomes `,…`.
    out[begin] = b',';
    out.pop();
    Ok(())
}

fn raised(out: &mut Vec<u8>, event: &impl Event, became: Outcome) -> Result<()> {
    json(out, event)?;
    out.pop();
    outcome(out, became);
    out.push(b'}');
    Ok(())
}

fn list<T>(
    out: &mut Vec<u8>,
    open: &str,
    items: impl Iterator<Item = T>,
    mut each: impl FnMut(&mut Vec<u8>, T) -> Result<()>,
) -> Result<()> {
    let mut is_first = true;
    for item in items {
        if std::mem::take(&mut is_first) {
            out.extend_from_slice(open.as_bytes());
        } else {
            out.push(b',');
        }
        each(out, item)?;
    }
    if !is_first {
        out.push(b']');
    }
    Ok(())
}

fn variables<A: Automaton>(delivery: &Delivery<'_, A>, out: &mut Vec<u8>) -> Result<()> {
    let Some(after) = delivery.variables_after else { return Ok(()) };
    if A::Variables::NONE || delivery.variables_before == Some(after) {
        return Ok(());
    }
    out.extend_from_slice(b",\"variables\":");
    json(out, &Changes { before: delivery.variables_before, after })
}

/// `,"timers":{"after name in STATE":5000}`: labels need no escape.
fn timers(begun: &[(impl Timer, u64)], out: &mut Vec<u8>) -> Result<()> {
    for (index, (timer, due_ms)) in begun.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b",\"timers\":{" } else { b"," });
        name(out, timer.label());
        out.push(b':');
        json(out, due_ms)?;
    }
    if !begun.is_empty() {
        out.push(b'}');
    }
    Ok(())
}

/// `"name"` or `"name[key]"`.
fn instance<A: Automaton>(receiver: Receiver<'_, A::Key>, out: &mut Vec<u8>) -> Result<()> {
    let Receiver::Of(key) = receiver else { return json(out, &InstanceName::of(A::NAME, receiver)) };
    let whole = out.len();
    out.push(b'"');
    out.extend_from_slice(A::NAME.as_bytes());
    if !is_no_key::<A::Key>() {
        out.push(b'[');
        let begin = out.len();
        json(out, key)?;
        if !is_plain(&mut *out, begin) {
            out.truncate(whole);
            return json(out, &InstanceName::new(A::NAME, key));
        }
        out.push(b']');
    }
    out.push(b'"');
    Ok(())
}

/// Whether the key that was just written can be in the name as it is; the quotes around a text are removed.
fn is_plain(out: &mut Vec<u8>, begin: usize) -> bool {
    let written = &out[begin..];
    let inner = match written {
        [b'"', inner @ .., b'"'] => inner,
        other => return !other.iter().any(|byte| matches!(byte, b'"' | b'\\')),
    };
    // It has an escape, or could be read as other JSON: the general way handles that.
    if inner.contains(&b'\\') || std::str::from_utf8(inner).is_ok_and(is_json) {
        return false;
    }
    out.pop();
    out.remove(begin);
    true
}
