//! SCXML 1.0 (W3C): what other tools can load, with the same states, order and meaning.
//!
//! Expressions are ECMAScript (durations are milliseconds, enum variants are strings, conditions are functions of the
//! host, and `in_state(automaton, which, state, key)` looks at another automaton). What SCXML does not have is in
//! our own namespace: actions of the host, starts, deferring, the declarations. An `ignore` is a transition without target, a
//! timer is a delayed `send` that its state cancels on exit. The root is a state `root`, beside the final ones, where it
//! does something, since `scxml` itself cannot.

use std::fmt::Write as _;

use automata_compiler::model::{
    Automaton, AutomatonId, Effect, Effects, EventId, EventKind, Expression, Field, History, Instances, Raise,
    Reaction, Response, Send, Start, StateId, System, Target, TimerId, TimerKind, Transition, TransitionId, Trigger,
};
use automata_compiler::source::Sources;

use crate::ecmascript::Script;
use crate::wording::{Wording, event_of};
use crate::xml::escape;

/// Ours. A name, not a place.
pub const NAMESPACE: &str = "urn:automata:language:1";

/// The document of one automaton.
#[must_use]
pub fn automaton(system: &System, _: &Sources, id: AutomatonId) -> String {
    let automaton = &system.automata[id];
    let mut writer = Writer { system, automaton, script: Script { system, automaton }, text: String::new(), depth: 0 };
    writer.document();
    writer.text
}

struct Writer<'a> {
    system: &'a System,
    automaton: &'a Automaton,
    script: Script<'a>,
    text: String,
    depth: usize,
}

type Attributes<'t> = [(&'t str, String)];

impl Writer<'_> {
    fn document(&mut self) {
        self.text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let root = &self.automaton.states[StateId::ROOT];
        let wrapped = crate::outline::root_acts(&Wording::new(self.system, self.automaton));
        let initial = match root.initial {
            Some(_) if wrapped => "root".to_owned(),
            Some(initial) => self.automaton.states[initial].name.clone(),
            None => "root".to_owned(),
        };
        let instances = self.automaton.key.as_ref().map_or("one".to_owned(), |key| format!("per {}", key.name));
        let attributes = [
            ("xmlns", "http://www.w3.org/2005/07/scxml".to_owned()),
            ("xmlns:a", NAMESPACE.to_owned()),
            ("version", "1.0".to_owned()),
            ("datamodel", "ecmascript".to_owned()),
            ("name", self.automaton.name.clone()),
            ("initial", initial),
            ("a:summary", self.automaton.summary.clone()),
            ("a:instances", instances),
        ];
        self.open("scxml", &attributes);
        self.data();
        self.declarations();
        if wrapped {
            let initial = root.initial.map(|initial| self.automaton.states[initial].name.clone());
            let mut attributes = vec![("id", "root".to_owned())];
            attributes.extend(initial.map(|initial| ("initial", initial)));
            self.open("state", &attributes);
            self.behaviour(StateId::ROOT);
            self.children(StateId::ROOT, false);
            self.close("state");
        } else {
            self.children(StateId::ROOT, false);
        }
        self.children(StateId::ROOT, true);
        self.close("scxml");
    }

    fn data(&mut self) {
        self.open("datamodel", &[]);
        for parameter in &self.automaton.parameters {
            let mut attributes = vec![("id", parameter.name.clone())];
            attributes.extend(parameter.default.as_ref().map(|value| ("expr", self.script.value(value))));
            attributes.push(("a:parameter", self.system.type_name(parameter.r#type)));
            attributes.push(("a:summary", parameter.summary.clone()));
            self.empty("data", &attributes);
        }
        for variable in &self.automaton.variables {
            let attributes = [
                ("id", variable.name.clone()),
                ("expr", self.script.value(&variable.initial)),
                ("a:variable", self.system.type_name(variable.r#type)),
                ("a:summary", variable.summary.clone()),
            ];
            self.empty("data", &attributes);
        }
        self.close("datamodel");
    }

    fn declarations(&mut self) {
        let wording = Wording::new(self.system, self.automaton);
        for event in &self.automaton.events {
            let EventKind::Declared { from, starts } = &event.kind else { continue };
            let from: Vec<_> = from.iter().map(|&partner| wording.partner(partner)).collect();
            let mut attributes = vec![("name", event.name.clone()), ("from", from.join(" "))];
            if *starts {
                attributes.push(("starts", "true".to_owned()));
            }
            attributes.push(("summary", event.summary.clone()));
            self.declaration("a:event", &attributes, &event.fields);
        }
        for condition in &self.automaton.conditions {
            let r#type = self.system.type_name(condition.r#type);
            let attributes =
                [("name", condition.name.clone()), ("type", r#type), ("summary", condition.summary.clone())];
            self.declaration("a:condition", &attributes, &condition.arguments);
        }
        for action in &self.automaton.actions {
            let by = self.system.parts[action.by].name.clone();
            let attributes = [("name", action.name.clone()), ("by", by), ("summary", action.summary.clone())];
            self.declaration("a:action", &attributes, &action.arguments);
        }
    }

    fn declaration(&mut self, element: &str, attributes: &Attributes<'_>, fields: &[Field]) {
        if fields.is_empty() {
            return self.empty(element, attributes);
        }
        self.open(element, attributes);
        for field in fields {
            self.empty("a:field", &[("name", field.name.clone()), ("type", self.system.type_name(field.r#type))]);
        }
        self.close(element);
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
        attributes.push(("a:summary", state.summary.clone()));
        self.open(element, &attributes);
        self.behaviour(id);
        if state.history != History::None {
            let kind = if state.history == History::Deep { "deep" } else { "shallow" };
            self.open("history", &[("id", format!("{}.history", state.name)), ("type", kind.to_owned())]);
            if let Some(initial) = state.initial {
                self.empty("transition", &[("target", self.automaton.states[initial].name.clone())]);
            }
            self.close("history");
        }
        self.children(id, false);
        self.close(element);
    }

    fn behaviour(&mut self, id: StateId) {
        let state = &self.automaton.states[id];
        if !state.entry.is_empty() || !state.timers.is_empty() {
            self.open("onentry", &[]);
            self.effects(&state.entry, None);
            state.timers.iter().for_each(|&timer| self.start_timer(timer));
            self.close("onentry");
        }
        if !state.exit.is_empty() || !state.timers.is_empty() {
            self.open("onexit", &[]);
            self.effects(&state.exit, None);
            for &timer in &state.timers {
                self.empty("cancel", &[("sendid", self.timer_event(timer))]);
            }
            self.close("onexit");
        }
        for handler in &state.handlers {
            match &handler.response {
                Response::Cases(cases) => {
                    cases.iter().for_each(|&case| self.transition(case, handler.key.as_ref()));
                }
                Response::Defer { limit } => {
                    self.empty("a:defer", &[("event", self.event_name(handler.event)), ("limit", limit.to_string())]);
                }
                Response::Ignore { reason } => {
                    let mut attributes = vec![("event", self.event_name(handler.event))];
                    attributes.extend(handler.key.as_ref().map(|key| ("cond", self.key_condition(key))));
                    attributes.push(("a:ignore", if reason.is_empty() { "true".to_owned() } else { reason.clone() }));
                    self.empty("transition", &attributes);
                }
            }
        }
        for &timer in &state.timers {
            self.timer_cases(timer);
        }
        state.always.iter().for_each(|&case| self.transition(case, None));
    }

    /// A beat that no case answers is followed by the next all the same.
    fn timer_cases(&mut self, timer: TimerId) {
        let declared = &self.automaton.timers[timer];
        declared.cases.iter().for_each(|&case| self.transition(case, None));
        let open = declared.cases.last().is_none_or(|&case| self.automaton.transitions[case].guard.is_some());
        if declared.kind == TimerKind::Every && open {
            self.open("transition", &[("event", self.timer_event(timer))]);
            self.start_timer(timer);
            self.close("transition");
        }
    }

    fn transition(&mut self, id: TransitionId, key: Option<&Expression>) {
        let transition = &self.automaton.transitions[id];
        let event = event_of(transition);
        let mut attributes = Vec::new();
        match transition.trigger {
            Trigger::Event(event) => attributes.push(("event", self.event_name(event))),
            Trigger::Timer(timer) => attributes.push(("event", self.timer_event(timer))),
            Trigger::Always => {}
        }
        let key = key.map(|key| self.key_condition(key));
        let guard = transition.guard.as_ref().map(|guard| self.script.expression(guard, event));
        let cond = match (key, guard) {
            (Some(key), Some(guard)) => Some(format!("{key} && ({guard})")),
            (key, guard) => key.or(guard),
        };
        attributes.extend(cond.map(|cond| ("cond", cond)));
        match &transition.reaction {
            Reaction::To(target) => self.target(transition, *target, &mut attributes),
            Reaction::Ignore { reason } => attributes.push(("a:ignore", reason.clone())),
            Reaction::Internal { stay: Some(reason) } if !reason.is_empty() => {
                attributes.push(("a:stay", reason.clone()))
            }
            Reaction::Internal { .. } => {}
        }
        attributes.push(("a:summary", transition.summary.clone()));
        let beat = self.next_beat(transition);
        if transition.effects.is_empty() && beat.is_none() {
            return self.empty("transition", &attributes);
        }
        self.open("transition", &attributes);
        self.effects(&transition.effects, event);
        if let Some(timer) = beat {
            self.start_timer(timer);
        }
        self.close("transition");
    }

    /// The timer that has to be begun again for its next beat: one of `every`, whose state is not left here.
    fn next_beat(&self, transition: &Transition) -> Option<TimerId> {
        let Trigger::Timer(timer) = transition.trigger else { return None };
        let stays = match transition.reaction {
            Reaction::To(target) => self.is_local(transition.state, target),
            Reaction::Internal { .. } | Reaction::Ignore { .. } => true,
        };
        (stays && self.automaton.timers[timer].kind == TimerKind::Every).then_some(timer)
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
            Target::History(_) => attributes.push(("target", format!("{name}.history"))),
        }
        // The final states stand beside `root`, not inside it.
        if self.is_local(transition.state, target) && !self.automaton.states[state].is_final {
            attributes.push(("type", "internal".to_owned()));
        }
    }

    fn effects(&mut self, effects: &Effects, event: Option<EventId>) {
        for effect in effects {
            match effect {
                Effect::Assign(assignment) => {
                    let location = self.automaton.variables[assignment.variable].name.clone();
                    let value = self.script.expression(&assignment.value, event);
                    self.empty("assign", &[("location", location), ("expr", value)]);
                }
                Effect::Act(call) => {
                    let action = &self.automaton.actions[call.action];
                    let by = self.system.parts[action.by].name.clone();
                    let attributes = [("action", action.name.clone()), ("by", by)];
                    self.carrying("a:do", &attributes, &action.arguments, &call.arguments, event);
                }
                Effect::Send(send) => self.send(send, event),
                Effect::Start(start) => self.start(start, event),
                Effect::Raise(raise) => self.raise(raise, event),
                Effect::Restart(restart) => {
                    self.empty("cancel", &[("sendid", self.timer_event(restart.timer))]);
                    self.start_timer(restart.timer);
                }
            }
        }
    }

    fn send(&mut self, send: &Send, event: Option<EventId>) {
        let receiver = &self.system.automata[send.to.automaton];
        let told = &receiver.events[send.event];
        let mut attributes = vec![("event", told.name.clone()), ("target", format!("#_{}", receiver.name))];
        match &send.to.instances {
            Instances::One => {}
            Instances::Keyed(key) => attributes.push(("a:key", self.script.expression(key, event))),
            Instances::All => attributes.push(("a:instances", "all".to_owned())),
        }
        self.carrying("send", &attributes, &told.fields, &send.arguments, event);
    }

    fn start(&mut self, start: &Start, event: Option<EventId>) {
        let started = &self.system.automata[start.automaton];
        let mut attributes = vec![("automaton", started.name.clone())];
        attributes.extend(start.key.as_ref().map(|key| ("key", self.script.expression(key, event))));
        self.open("a:start", &attributes);
        for (parameter, value) in &start.parameters {
            let name = started.parameters[*parameter].name.clone();
            self.empty("a:param", &[("name", name), ("expr", self.script.expression(value, event))]);
        }
        self.close("a:start");
    }

    fn raise(&mut self, raise: &Raise, event: Option<EventId>) {
        let raised = &self.automaton.events[raise.event];
        if raised.fields.is_empty() {
            self.empty("raise", &[("event", raised.name.clone())]);
        } else {
            // `raise` carries no data; a send to the internal queue is the same and does.
            let attributes = [("event", raised.name.clone()), ("target", "#_internal".to_owned())];
            self.carrying("send", &attributes, &raised.fields, &raise.arguments, event);
        }
    }

    fn carrying(
        &mut self,
        element: &str,
        attributes: &Attributes<'_>,
        fields: &[Field],
        values: &[Expression],
        event: Option<EventId>,
    ) {
        if fields.is_empty() {
            return self.empty(element, attributes);
        }
        self.open(element, attributes);
        let parameter = if element.starts_with("a:") { "a:param" } else { "param" };
        for (field, value) in fields.iter().zip(values) {
            self.empty(parameter, &[("name", field.name.clone()), ("expr", self.script.expression(value, event))]);
        }
        self.close(element);
    }

    fn start_timer(&mut self, timer: TimerId) {
        let length = self.script.operand(&self.automaton.timers[timer].length, None);
        let name = self.timer_event(timer);
        self.empty("send", &[("id", name.clone()), ("event", name), ("delayexpr", format!("{length} + 'ms'"))]);
    }

    fn timer_event(&self, timer: TimerId) -> String {
        self.automaton.timer_label(timer).replace(" in ", ".").replace(' ', ".")
    }

    fn event_name(&self, event: EventId) -> String {
        self.automaton.events[event].name.replace(' ', ".")
    }

    fn key_condition(&self, key: &Expression) -> String {
        format!("_event.data.key === {}", self.script.expression(key, None))
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

    /// Texts for people that are empty are left out.
    fn tag(&mut self, element: &str, attributes: &Attributes<'_>, end: &str) {
        let _ = write!(self.text, "{}<{element}", "  ".repeat(self.depth));
        for (name, value) in attributes.iter().filter(|(name, value)| !(name.ends_with("summary") && value.is_empty()))
        {
            let value = value.replace('\n', " ");
            let _ = write!(self.text, " {name}=\"{}\"", escape(value.trim_end()));
        }
        self.text.push_str(end);
    }
}
