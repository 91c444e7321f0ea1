//! Going through all of a definition: what is below an expression, and every expression of an automaton.

use crate::model::{Automaton, Effects, Expression, ExpressionKind, Instances, Observed, Reaction, Transition};

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
            ExpressionKind::Not(of) | ExpressionKind::Negate(of) => vec![of],
            ExpressionKind::Binary(_, left, right) => vec![left, right],
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
    /// Its expressions, in the order of evaluation: values, arguments, keys.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        let mut found: Vec<&Expression> = self.set.iter().map(|assignment| &assignment.value).collect();
        found.extend(self.arguments());
        found
    }

    /// Its expressions but those of `set`.
    #[must_use]
    pub fn arguments(&self) -> Vec<&Expression> {
        let mut found: Vec<&Expression> = self.actions.iter().flat_map(|call| &call.arguments).collect();
        for send in &self.sends {
            if let Instances::Keyed(key) = &send.to.instances {
                found.push(key);
            }
            found.extend(&send.arguments);
        }
        for start in &self.starts {
            found.extend(&start.key);
            found.extend(start.parameters.iter().map(|(_, value)| value));
        }
        found.extend(self.raises.iter().flat_map(|raise| &raise.arguments));
        found
    }
}

impl Automaton {
    /// What is done anywhere: by every state's entry and exit, and by every transition.
    pub fn all_effects(&self) -> impl Iterator<Item = &Effects> {
        let states = self.states.iter().flat_map(|state| [&state.entry, &state.exit]);
        states.chain(self.transitions.iter().map(|transition| &transition.effects))
    }

    /// Every expression that is not part of another: guards, keys, properties, and those of all effects.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let guards = self.transitions.iter().filter_map(|transition| transition.guard.as_ref());
        let keys = self.states.iter().flat_map(|state| &state.handlers).filter_map(|handler| handler.key.as_ref());
        let properties = self.properties.iter().map(|property| &property.expression);
        guards.chain(keys).chain(properties).chain(self.all_effects().flat_map(Effects::expressions))
    }
}

impl Transition {
    /// It says that the event means nothing.
    #[must_use]
    pub const fn is_ignore(&self) -> bool {
        matches!(self.reaction, Reaction::Ignore { .. })
    }
}
