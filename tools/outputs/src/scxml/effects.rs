//! What a part of a step does, as executable content.

use automata_compiler::model::{
    Effect, Effects, EventId, Expression, ExpressionKind, Field, Instances, Raise, Send, Start, Timer, TimerId,
    TimerKind,
};

use super::{Writer, timer_event};

impl Writer<'_> {
    /// In order. Timers for which `skips` holds do not start again.
    pub(super) fn effects(&mut self, effects: &Effects, event: Option<EventId>, skips: impl Fn(&Timer) -> bool) {
        for effect in effects {
            match effect {
                Effect::Assign(assignment) => {
                    let variable = &self.automaton.variables[assignment.variable];
                    let location = self.script.names.variables[assignment.variable.index()].clone();
                    let value = self.script.placed(&assignment.value, event, variable.r#type, variable.bounds);
                    self.empty("assign", &[("location", location), ("expr", value)]);
                }
                Effect::Act(call) => {
                    let action = &self.automaton.actions[call.action];
                    let values = self.values(&action.arguments, &call.arguments, event);
                    self.log(format!("action {}", action.name), None, values);
                }
                Effect::Send(send) => self.tell(send, event),
                Effect::Start(start) => self.start(start, event),
                Effect::Raise(raise) => self.raise(raise, event),
                Effect::Restart(restart) if skips(&self.automaton.timers[restart.timer]) => {}
                Effect::Restart(restart) => {
                    self.empty("cancel", &[("sendid", timer_event(self.automaton, restart.timer))]);
                    self.begin_timer(restart.timer);
                }
            }
        }
    }

    fn tell(&mut self, send: &Send, event: Option<EventId>) {
        let receiver = &self.system.automata[send.to.automaton];
        let told = &receiver.events[send.event];
        let values = self.values(&told.fields, &send.arguments, event);
        let (all, key) = match &send.to.instances {
            Instances::One if receiver.name == self.automaton.name => {
                return self.send(None, &self.event_name(send.event), values);
            }
            Instances::One => ("", None),
            Instances::Keyed(key) => ("", Some(self.script.value_of(key, event))),
            Instances::All => ("[all]", None),
        };
        self.log(format!("send {}{all}.{}", receiver.name, told.name), key, values);
    }

    fn raise(&mut self, raise: &Raise, event: Option<EventId>) {
        let values = self.values(&self.automaton.events[raise.event].fields, &raise.arguments, event);
        let name = self.event_name(raise.event);
        if values.is_empty() {
            self.empty("raise", &[("event", name)]);
        } else {
            // `raise` carries no data; a send to the internal queue is the same and does.
            self.send(Some("#_internal"), &name, values);
        }
    }

    fn start(&mut self, start: &Start, event: Option<EventId>) {
        let started = &self.system.automata[start.automaton];
        let key = start.key.as_ref().map(|key| self.script.value_of(key, event));
        let value = |(parameter, value): &(automata_compiler::model::ParameterId, Expression)| {
            let parameter = &started.parameters[*parameter];
            (parameter.name.clone(), self.script.placed(value, event, parameter.r#type, None))
        };
        let values = start.parameters.iter().map(value).collect();
        self.log(format!("start {}", started.name), key, values);
    }

    fn values(&self, fields: &[Field], values: &[Expression], event: Option<EventId>) -> Vec<(String, String)> {
        let values = fields.iter().zip(values);
        values
            .map(|(field, value)| (field.name.clone(), self.script.placed(value, event, field.r#type, None)))
            .collect()
    }

    /// What leaves the automaton. The value is an object: the key, if there is one, and the data.
    fn log(&mut self, label: String, key: Option<String>, values: Vec<(String, String)>) {
        let mut attributes = vec![("label", label)];
        let carried: Vec<String> = values.into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let carried = carried.join(", ");
        match (key, carried.as_str()) {
            (None, "") => {}
            (None, carried) => attributes.push(("expr", format!("({{{carried}}})"))),
            (Some(key), carried) => attributes.push(("expr", format!("({{key_: {key}, with_: {{{carried}}}}})"))),
        }
        self.empty("log", &attributes);
    }

    fn send(&mut self, target: Option<&str>, event: &str, values: Vec<(String, String)>) {
        let mut attributes = vec![("event", event.to_owned())];
        attributes.extend(target.map(|target| ("target", target.to_owned())));
        if values.is_empty() {
            return self.empty("send", &attributes);
        }
        self.open("send", &attributes);
        for (name, value) in values {
            self.empty("param", &[("name", name), ("expr", value)]);
        }
        self.close("send");
    }

    /// Reads its length and begins it.
    pub(super) fn begin_timer(&mut self, timer: TimerId) {
        if self.remembers_length(timer) {
            let attributes = [("location", self.remembered_length(timer)), ("expr", self.length(timer))];
            self.empty("assign", &attributes);
        }
        self.send_timer(timer);
    }

    /// Begins it, or its next beat.
    pub(super) fn send_timer(&mut self, timer: TimerId) {
        let length = if self.remembers_length(timer) { self.remembered_length(timer) } else { self.length(timer) };
        let name = timer_event(self.automaton, timer);
        self.empty("send", &[("id", name.clone()), ("event", name), ("delayexpr", format!("{length} + 'ms'"))]);
    }

    /// A beat keeps the length that it started with, though its source may change.
    pub(super) fn remembers_length(&self, timer: TimerId) -> bool {
        let timer = &self.automaton.timers[timer];
        let is_fixed = matches!(timer.length.kind, ExpressionKind::Literal(_) | ExpressionKind::Parameter(_));
        timer.kind == TimerKind::Every && !is_fixed
    }

    pub(super) fn remembered_length(&self, timer: TimerId) -> String {
        format!("every_{}_", timer.index())
    }

    fn length(&self, timer: TimerId) -> String {
        let declared = &self.automaton.timers[timer];
        // An interval of 0 counts as 1 ms.
        self.script.length(&declared.length, if declared.kind == TimerKind::Every { 1 } else { 0 })
    }
}
