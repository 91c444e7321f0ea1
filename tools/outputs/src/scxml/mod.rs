//! SCXML 1.0 (W3C), for other tools: the same states, order and meaning, with only the elements of the W3C.
//!
//! Expressions are ECMAScript (durations are milliseconds, enum variants are strings, conditions are functions of the
//! host). What leaves the automaton (actions, events for others, starts) is a `log`: a `send` to a missing receiver
//! ends its block. An `ignore` is a transition without target, a timer is a delayed `send` that
//! its state cancels on exit. The root is a state `root`, beside the final ones, where it does something, since `scxml`
//! itself cannot. The head of the document lists what cannot be expressed.

use std::fmt::Write as _;

use automata_compiler::model::{
    Automaton, AutomatonId, EventId, EventKind, Expression, History, Reaction, Response, StateId, System, Target,
    TimerId, TimerKind, Transition, TransitionId, Trigger,
};
use automata_compiler::source::Sources;

use crate::ecmascript::{Script, helpers};
use crate::printer::{Printer, event_of};
use crate::xml::escape;

mod effects;
mod head;

/// The document of one automaton.
#[must_use]
pub fn automaton(system: &System, _: &Sources, id: AutomatonId) -> String {
    let automaton = &system.automata[id];
    let script = Script::new(system, automaton);
    let mut writer = Writer { system, automaton, script, text: String::new(), depth: 1 };
    writer.states();
    let states = std::mem::take(&mut writer.text);
    writer.depth = 0;
    writer.text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    writer.head();
    let attributes = [
        ("xmlns", "http://www.w3.org/2005/07/scxml".to_owned()),
        ("version", "1.0".to_owned()),
        ("datamodel", "ecmascript".to_owned()),
        ("name", automaton.name.clone()),
        ("initial", writer.initial()),
    ];
    writer.open("scxml", &attributes);
    writer.data(&states);
    writer.text.push_str(&states);
    writer.close("scxml");
    writer.text
}

/// The name of an event in the documents of that automaton. `error` and `done` would be events of the platform too,
/// since a name stands for all that begin with it. No name of the language ends in `_`.
#[must_use]
pub fn event_name(system: &System, automaton: &Automaton, id: EventId) -> String {
    let event = &automaton.events[id];
    match event.kind {
        EventKind::Declared { .. } if ["error", "done"].contains(&event.name.as_str()) => format!("{}_", event.name),
        EventKind::Declared { .. } => event.name.clone(),
        EventKind::Observation { automaton, change, state } => {
            let observed = &system.automata[automaton];
            let change = match change {
                automata_compiler::model::Change::Enters => "enters",
                automata_compiler::model::Change::Leaves => "leaves",
            };
            format!("observed_.{}.{change}.{}", observed.name, observed.states[state].name)
        }
    }
}

/// The name of the event that a timer makes.
#[must_use]
pub fn timer_event(automaton: &Automaton, id: TimerId) -> String {
    let timer = &automaton.timers[id];
    let kind = match timer.kind {
        TimerKind::After => "after_",
        TimerKind::Every => "every_",
    };
    let state = &automaton.states[timer.state].name;
    // A length that is not a name is numbered: `backoff * 2` would be three descriptors.
    let is_name = timer.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let name = if is_name { timer.name.clone() } else { format!("length_{}_", id.index()) };
    format!("{kind}.{name}.{}", if state.is_empty() { ROOT } else { state })
}

/// The state for the root. The names of others have no lower-case letters.
const ROOT: &str = "root";

struct Writer<'a> {
    system: &'a System,
    automaton: &'a Automaton,
    script: Script<'a>,
    text: String,
    depth: usize,
}

type Attributes<'t> = [(&'t str, String)];

impl Writer<'_> {
    fn is_wrapped(&self) -> bool {
        crate::outline::root_acts(&Printer::new(self.system, self.automaton))
    }

    fn initial(&self) -> String {
        match self.automaton.states[StateId::ROOT].initial {
            Some(initial) if !self.is_wrapped() => self.automaton.states[initial].name.clone(),
            _ => ROOT.to_owned(),
        }
    }

    fn states(&mut self) {
        if self.is_wrapped() {
            let initial = self.automaton.states[StateId::ROOT].initial;
            let mut attributes = vec![("id", ROOT.to_owned())];
            attributes.extend(initial.map(|initial| ("initial", self.automaton.states[initial].name.clone())));
            self.open("state", &attributes);
            self.behaviour(StateId::ROOT);
            self.children(StateId::ROOT, false);
            self.close("state");
        } else {
            self.children(StateId::ROOT, false);
        }
        self.children(StateId::ROOT, true);
    }

    fn data(&mut self, states: &str) {
        let begin = self.text.len();
        self.open("datamodel", &[]);
        let empty = self.text.len();
        for (parameter, name) in self.automaton.parameters.iter().zip(self.script.names.parameters.clone()) {
            let default = parameter.default.as_ref().map(|value| self.script.value(value));
            self.datum(name, default, &parameter.summary);
        }
        for (variable, name) in self.automaton.variables.iter().zip(self.script.names.variables.clone()) {
            self.datum(name, Some(self.script.value(&variable.initial)), &variable.summary);
        }
        if let Some(key) = &self.automaton.key {
            self.datum(self.script.names.key.clone(), None, &format!("Of this instance: {}.", key.name));
        }
        for index in (0..self.automaton.timers.len()).map(|index| TimerId(index as u32)) {
            if self.remembers_length(index) {
                let summary = format!("The length of {}.", self.automaton.timer_label(index));
                self.datum(self.remembered_length(index), Some("0".to_owned()), &summary);
            }
        }
        for (name, function) in helpers(states) {
            self.datum(name.to_owned(), Some(function.to_owned()), "");
        }
        let is_empty = self.text.len() == empty;
        self.close("datamodel");
        // There are engines that do not understand an empty one.
        if is_empty {
            self.text.truncate(begin);
        }
    }

    fn datum(&mut self, name: String, value: Option<String>, summary: &str) {
        self.comment(summary);
        let mut attributes = vec![("id", name)];
        attributes.extend(value.map(|value| ("expr", value)));
        self.empty("data", &attributes);
    }

    fn children(&mut self, id: StateId, finals: bool) {
        for &child in &self.automaton.states[id].children {
            let state = &self.automaton.states[child];
            if state.is_final == finals || id != StateId::ROOT {
                self.state(child);
            }
        }
    }

    fn state(&mut self, id: StateId) {
        let state = &self.automaton.states[id];
        let element = if state.is_final { "final" } else { "state" };
        let mut attributes = vec![("id", state.name.clone())];
        attributes.extend(state.initial.map(|initial| ("initial", self.automaton.states[initial].name.clone())));
        self.open(element, &attributes);
        self.comment(&state.summary);
        self.behaviour(id);
        // Without `initial` nothing leads to it, but SCXML needs a default target.
        if let (Some(initial), History::Deep | History::Shallow) = (state.initial, state.history) {
            let kind = if state.history == History::Deep { "deep" } else { "shallow" };
            self.open("history", &[("id", history_name(&state.name)), ("type", kind.to_owned())]);
            self.empty("transition", &[("target", self.automaton.states[initial].name.clone())]);
            self.close("history");
        }
        self.children(id, false);
        self.close(element);
    }

    fn behaviour(&mut self, id: StateId) {
        let state = &self.automaton.states[id];
        if !state.entry.is_empty() || !state.timers.is_empty() {
            self.open("onentry", &[]);
            // A timer of the state itself begins after its entry in any case.
            self.effects(&state.entry, None, |timer| timer.state == id);
            state.timers.iter().for_each(|&timer| self.begin_timer(timer));
            self.close("onentry");
        }
        if !state.exit.is_empty() || !state.timers.is_empty() {
            self.open("onexit", &[]);
            self.effects(&state.exit, None, |timer| timer.state == id);
            for &timer in &state.timers {
                self.empty("cancel", &[("sendid", timer_event(self.automaton, timer))]);
            }
            self.close("onexit");
        }
        for handler in &state.handlers {
            let mut attributes = vec![("event", self.event_name(handler.event))];
            attributes.extend(handler.key.as_ref().map(|key| ("cond", self.script.is_key(key))));
            match &handler.response {
                Response::Cases(cases) => {
                    cases.iter().for_each(|&case| self.transition(case, handler.key.as_ref()));
                }
                Response::Defer { limit } => {
                    self.comment(&format!("To be kept, at most {limit} of them, until a state does not defer it."));
                    self.open("transition", &attributes);
                    self.empty("log", &[("label", format!("deferred {}", self.event_name(handler.event)))]);
                    self.close("transition");
                }
                Response::Ignore { reason } => {
                    self.comment(&format!("Ignored: {reason}"));
                    self.empty("transition", &attributes);
                }
            }
        }
        if let Some(reason) = &state.ignores_others {
            self.comment(&format!("Ignored, whatever else comes: {reason}"));
        }
        for &timer in &state.timers {
            self.timer_cases(timer);
        }
        state.always.iter().for_each(|&case| self.transition(case, None));
    }

    /// A beat that no case answers is still followed by the next.
    fn timer_cases(&mut self, timer: TimerId) {
        let declared = &self.automaton.timers[timer];
        declared.cases.iter().for_each(|&case| self.transition(case, None));
        let open = declared.cases.last().is_none_or(|&case| self.automaton.transitions[case].guard.is_some());
        if declared.kind == TimerKind::Every && open {
            self.open("transition", &[("event", timer_event(self.automaton, timer))]);
            self.send_timer(timer);
            self.close("transition");
        }
    }

    fn transition(&mut self, id: TransitionId, key: Option<&Expression>) {
        let transition = &self.automaton.transitions[id];
        let event = event_of(transition);
        let mut attributes = Vec::new();
        match transition.trigger {
            Trigger::Event(event) => attributes.push(("event", self.event_name(event))),
            Trigger::Timer(timer) => attributes.push(("event", timer_event(self.automaton, timer))),
            Trigger::Always => {}
        }
        let key = key.map(|key| self.script.is_key(key));
        let guard = transition.guard.as_ref().map(|guard| self.script.guard(guard, event));
        let cond = match (key, guard) {
            (Some(key), Some(guard)) => Some(format!("{key} && ({guard})")),
            (key, guard) => key.or(guard),
        };
        attributes.extend(cond.map(|cond| ("cond", cond)));
        match &transition.reaction {
            Reaction::To(target) => self.target(transition, *target, &mut attributes),
            Reaction::Ignore { reason } => self.comment(&format!("Ignored: {reason}")),
            Reaction::Internal { stay: Some(reason) } => self.comment(&format!("Stays: {reason}")),
            Reaction::Internal { stay: None } => {}
        }
        self.comment(&transition.summary);
        let beat = self.next_beat(transition);
        if transition.effects.is_empty() && beat.is_none() {
            return self.empty("transition", &attributes);
        }
        self.open("transition", &attributes);
        // A timer of a state that the transition has left does not begin again.
        self.effects(&transition.effects, event, |timer| is_left(self.automaton, transition, timer.state));
        if let Some(timer) = beat {
            self.send_timer(timer);
        }
        self.close("transition");
    }

    /// The timer that has to be begun again for its next beat: one of `every`, whose state is not left here.
    fn next_beat(&self, transition: &Transition) -> Option<TimerId> {
        let Trigger::Timer(timer) = transition.trigger else { return None };
        let declared = &self.automaton.timers[timer];
        (declared.kind == TimerKind::Every && !is_left(self.automaton, transition, declared.state)).then_some(timer)
    }

    fn is_local(&self, source: StateId, target: Target) -> bool {
        target.state() != source && self.automaton.is_in(target.state(), source)
    }

    /// SCXML's `internal` is our *local*: from a composite to a state inside it, without leaving the composite.
    fn target(&self, transition: &Transition, target: Target, attributes: &mut Vec<(&'static str, String)>) {
        let state = target.state();
        let name = &self.automaton.states[state].name;
        match target {
            Target::State(_) => attributes.push(("target", name.clone())),
            Target::History(_) => attributes.push(("target", history_name(name))),
        }
        // The final states are beside `root`, not inside it.
        if self.is_local(transition.state, target) && !self.automaton.states[state].is_final {
            attributes.push(("type", "internal".to_owned()));
        }
    }

    fn event_name(&self, event: EventId) -> String {
        event_name(self.system, self.automaton, event)
    }

    fn open(&mut self, element: &str, attributes: &Attributes<'_>) {
        self.tag(element, attributes, ">\n");
        self.depth += 1;
    }

    fn close(&mut self, element: &str) {
        self.depth -= 1;
        let _ = writeln!(self.text, "{}</{element}>", "  ".repeat(self.depth));
    }

    fn empty(&mut self, element: &str, attributes: &Attributes<'_>) {
        self.tag(element, attributes, "/>\n");
    }

    /// The text for people; nothing if empty.
    fn comment(&mut self, text: &str) {
        let text = crate::outline::visible(text);
        let text = text.trim().trim_end_matches(':');
        if !text.is_empty() {
            let _ = writeln!(self.text, "{}<!-- {} -->", "  ".repeat(self.depth), in_comment(text));
        }
    }

    fn tag(&mut self, element: &str, attributes: &Attributes<'_>, end: &str) {
        let _ = write!(self.text, "{}<{element}", "  ".repeat(self.depth));
        for (name, value) in attributes {
            let _ = write!(self.text, " {name}=\"{}\"", escape(value));
        }
        self.text.push_str(end);
    }
}

/// Two hyphens would end a comment.
fn in_comment(text: &str) -> String {
    let mut text = text.replace("--", "- -").replace("--", "- -");
    if text.ends_with('-') {
        text.push(' ');
    }
    text
}

fn history_name(state: &str) -> String {
    format!("{state}.history")
}

/// Whether a transition leaves that state, which is around its own or the same.
fn is_left(automaton: &Automaton, transition: &Transition, state: StateId) -> bool {
    let Reaction::To(target) = transition.reaction else { return false };
    let scope = automaton.scope(transition.state, target);
    state != scope && automaton.is_in(state, scope) && automaton.is_in(transition.state, state)
}
