//! Going through all of a definition: what is below an expression, and every expression of an automaton.

use crate::model::{Automaton, Effect, Effects, Expression, ExpressionKind, Instances, Observed, Reaction, Transition};

impl Expression {
    /// Those directly below it, from left to right.
    #[must_use]
    pub fn children(&self) -> Vec<&Expression> {
        match &self.kind {
            ExpressionKind::Literal(_)
            | ExpressionKind::Variable(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Field(_)
            | ExpressionKind::Key => Vec::new(),
            ExpressionKind::Condition(_, arguments) => arguments.iter().collect(),
            ExpressionKind::Not(of) | ExpressionKind::Negate(of) | ExpressionKind::Present(of) => vec![of],
            ExpressionKind::Binary(_, left, right) | ExpressionKind::Extreme(_, left, right) => vec![left, right],
            ExpressionKind::InState { who, .. } => match who {
                Observed::Keyed(key) => vec![key],
                Observed::One | Observed::Any | Observed::All | Observed::No | Observed::Itself => Vec::new(),
            },
        }
    }

    /// Shows itself, then everything below it, to the visitor.
    pub fn visit<'a>(&'a self, visitor: &mut impl FnMut(&'a Expression)) {
        visitor(self);
        for child in self.children() {
            child.visit(visitor);
        }
    }

    /// Whether it or something below it is such.
    pub fn contains(&self, mut is_such: impl FnMut(&Expression) -> bool) -> bool {
        let mut found = false;
        self.visit(&mut |expression| found |= is_such(expression));
        found
    }
}

impl Effects {
    /// Its expressions, in the order of evaluation.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        self.iter().flat_map(Effect::expressions).collect()
    }
}

impl Effect {
    /// Its expressions, in the order of evaluation: keys, then values and arguments.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        match self {
            Self::Assign(assignment) => vec![&assignment.value],
            Self::Act(call) => call.arguments.iter().collect(),
            Self::Send(send) => {
                let key = match &send.to.instances {
                    Instances::Keyed(key) => Some(&**key),
                    Instances::One | Instances::All => None,
                };
                key.into_iter().chain(&send.arguments).collect()
            }
            Self::Start(start) => start.key.iter().chain(start.parameters.iter().map(|(_, value)| value)).collect(),
            Self::Raise(raise) => raise.arguments.iter().collect(),
            Self::Restart(_) => Vec::new(),
        }
    }
}

impl Automaton {
    /// What is done anywhere: by every state's entry and exit, and by every transition.
    pub fn all_effects(&self) -> impl Iterator<Item = &Effects> {
        let states = self.states.iter().flat_map(|state| [&state.entry, &state.exit]);
        states.chain(self.transitions.iter().map(|transition| &transition.effects))
    }

    /// Every expression that is not part of another: guards, keys, properties, lengths of timers, and those of all
    /// effects.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let guards = self.transitions.iter().filter_map(|transition| transition.guard.as_ref());
        let keys = self.states.iter().flat_map(|state| &state.handlers).filter_map(|handler| handler.key.as_ref());
        let properties = self.properties.iter().map(|property| &property.expression);
        let lengths = self.timers.iter().map(|timer| &timer.length);
        let effects = self.all_effects().flat_map(Effects::expressions);
        guards.chain(keys).chain(properties).chain(lengths).chain(effects)
    }
}

impl Transition {
    /// It ignores the event.
    #[must_use]
    pub const fn is_ignore(&self) -> bool {
        matches!(self.reaction, Reaction::Ignore { .. })
    }
}
