//! Names to their meaning, and nodes to typed expressions.
//!
//! A type is handed down as a *hint* (what the place wants) and comes back as what was found; [`Typer::value`] holds
//! the two together. Only literals, `none` and enum variants look at the hint; everything else has the type that it
//! has.

use super::arguments::{self, signature};
use super::constants::{constant, fits_or_refused};
use super::environment::{EventScope, KEY, VARIANTS};
use super::lookup::{self, Role, Selection, selection};
use super::syntax::{Name, Node, NodeKind, Quantifier, Subject};
use super::typer::{Slot, Typer, Use};
use crate::codes::expression_errors::{
    AMBIGUOUS_VARIANT, ANY_MISPLACED, CONSTANT_OUT_OF_BOUNDS, FIELD_NOT_AT_HAND, MISSING_ARGUMENT, NO_KEY,
    NOT_ALLOWED_HERE, OPTIONAL_VALUE, SECRET, SUPERFLUOUS_KEY, TYPE_MISMATCH, UNKNOWN_NAME, UNKNOWN_VARIANT,
};
use crate::diagnostic::Diagnostic;
use crate::foreign::{self, Place as Foreign};
use crate::keywords::WORDS_OF_EXPRESSIONS;
use crate::model::{
    BaseType, ConditionId, Expression, ExpressionKind, Extreme, Field, IntegerType, Observed, ParameterId, Type,
    TypeId, TypeKind, Value, VariableId,
};
use crate::naming::Kind;
use crate::source::Span;

impl<'a> Typer<'a, '_> {
    /// An expression for a place that wants a type.
    pub fn value(&mut self, node: &Node, slot: &Slot) -> Option<Expression> {
        if matches!(node.kind, NodeKind::None) && !slot.r#type.optional {
            let message = format!("{} is `{}`, which is never `none`", slot.what, self.type_name(slot.r#type));
            return self.refuse(slot.point(Diagnostic::new(&TYPE_MISMATCH, node.span, message)));
        }
        let found = self.expression(node, Some(slot.r#type))?;
        if let (BaseType::Integer(integer), Some(value)) = (slot.r#type.base, constant(node)) {
            let bounds = slot.bounds.unwrap_or(integer.bounds());
            return match fits_or_refused(value, bounds, &slot.what, node.span) {
                Ok(()) => Some(found),
                Err(finding) => self.refuse(slot.point(*finding)),
            };
        }
        if fits(found.r#type, slot.r#type) {
            return Some(found);
        }
        if found.r#type.optional && self.is_doubted(&found) {
            return None;
        }
        let finding = self.mismatch(&found, slot, node);
        self.refuse(slot.point(finding))
    }

    fn mismatch(&self, found: &Expression, slot: &Slot, node: &Node) -> Diagnostic {
        let (wanted, is) = (self.type_name(slot.r#type), self.type_name(found.r#type));
        if found.r#type.optional && fits(Type { optional: false, ..found.r#type }, slot.r#type) {
            let message = format!("{} is `{wanted}`, and this may be `none`", slot.what);
            let finding = Diagnostic::new(&OPTIONAL_VALUE, node.span, message).label(format!("`{is}`"));
            return finding.help(self.how_to_unwrap(found, false));
        }
        let message = format!("{} is `{wanted}`, not `{is}`", slot.what);
        let finding = Diagnostic::new(&TYPE_MISMATCH, node.span, message).label(format!("`{is}`"));
        match (&node.kind, slot.r#type.base) {
            (NodeKind::Integer(value), BaseType::Duration) => {
                finding.help(format!("write the unit: `{value}ms`, `{value}s`, `{value}min`"))
            }
            // Another enum has a variant of this name, and the wanted one has none: perhaps it is misspelt there.
            (_, BaseType::Declared(id))
                if matches!(self.environment.system.types[id].kind, TypeKind::Enum(_))
                    && matches!(found.kind, ExpressionKind::Literal(Value::Variant(..))) =>
            {
                finding.help(format!("`{wanted}` has no variant `{}`", self.text_of(found)))
            }
            _ => finding,
        }
    }

    /// The type that a node has by itself; literals follow the hint where they can. What is certainly not `none` is not
    /// optional.
    pub fn expression(&mut self, node: &Node, hint: Option<Type>) -> Option<Expression> {
        let declared = self.as_declared(node, hint)?;
        if !declared.r#type.optional || !self.known.holds(&declared.kind) {
            return Some(declared);
        }
        let (r#type, span) = (Type { optional: false, ..declared.r#type }, declared.span);
        Some(Expression { kind: ExpressionKind::Present(Box::new(declared)), r#type, span })
    }

    /// [`Typer::expression`], optional where it is declared so.
    pub fn as_declared(&mut self, node: &Node, hint: Option<Type>) -> Option<Expression> {
        let span = node.span;
        if let Some(value) = constant(node) {
            return self.integer(value, hint, span);
        }
        let (kind, r#type) = match &node.kind {
            NodeKind::Bool(value) => (ExpressionKind::Literal(Value::Bool(*value)), Type::BOOL),
            NodeKind::Integer(value) => return self.integer(*value, hint, span),
            NodeKind::Duration(ms) => (ExpressionKind::Literal(Value::Duration(*ms)), Type::DURATION),
            NodeKind::String(text) => {
                (ExpressionKind::Literal(Value::String(text.clone())), Type { base: BaseType::String, optional: false })
            }
            NodeKind::None => (ExpressionKind::Literal(Value::None), self.none(hint, span)?),
            NodeKind::Key => self.key(span)?,
            NodeKind::Name(name) => self.name(name, hint, span)?,
            NodeKind::Member(owner, member) if owner.name == "event" => self.event_member(member, span)?,
            NodeKind::Member(owner, member) => self.qualified_variant(owner, member)?,
            NodeKind::Call(function, arguments) => self.condition_call(function, arguments, span)?,
            NodeKind::Not(of) => (ExpressionKind::Not(Box::new(self.bool_operand("not", of)?)), Type::BOOL),
            NodeKind::Negate(of) => self.negation(of)?,
            NodeKind::Binary(operator, left, right) => self.binary(*operator, left, right)?,
            NodeKind::In(quantifier, subject, state) => (self.in_state(*quantifier, subject, state, span)?, Type::BOOL),
            NodeKind::SelfIn(state) => (self.self_in(state, span)?, Type::BOOL),
        };
        let expression = Expression { kind, r#type, span };
        if self.use_ != Use::Effect && self.is_secret(expression.r#type) {
            let message = format!("`{}` is a secret type, so nothing may depend on it", self.type_name(r#type));
            return self.refuse(Diagnostic::new(&SECRET, span, message));
        }
        Some(expression)
    }

    pub fn is_secret(&self, of: Type) -> bool {
        matches!(of.base, BaseType::Declared(id) if self.environment.system.types[id].secret)
    }

    fn integer(&mut self, value: i128, hint: Option<Type>, span: Span) -> Option<Expression> {
        let holds = |integer: &IntegerType| (integer.bounds().0..=integer.bounds().1).contains(&value);
        let hinted = match hint {
            Some(Type { base: BaseType::Integer(integer), .. }) => Some(integer).filter(holds),
            _ => None,
        };
        let Some(integer) = hinted.or_else(|| IntegerType::ALL.into_iter().find(holds)) else {
            let message = format!("`{value}` does not fit any integer type");
            return self.refuse(Diagnostic::new(&CONSTANT_OUT_OF_BOUNDS, span, message));
        };
        let kind = ExpressionKind::Literal(Value::Integer(value));
        Some(Expression { kind, r#type: Type::integer(integer), span })
    }

    fn none(&mut self, hint: Option<Type>, span: Span) -> Option<Type> {
        match hint {
            Some(hint) if hint.optional => Some(hint),
            Some(hint) => {
                let message = format!("a `{}` is never `none`", self.type_name(hint));
                self.refuse(Diagnostic::new(&TYPE_MISMATCH, span, message))
            }
            None => self.refuse(Diagnostic::new(&TYPE_MISMATCH, span, "the type of this `none` is not known")),
        }
    }

    fn key(&mut self, span: Span) -> Option<(ExpressionKind, Type)> {
        let this = self.environment.this();
        if self.environment.is_broken(KEY) {
            return None;
        }
        if let Some(key) = &this.key {
            return Some((ExpressionKind::Key, key.r#type));
        }
        if self.environment.is_broken(&this.name) {
            return None;
        }
        let finding = Diagnostic::new(&NO_KEY, span, format!("`{}` has one instance, and no key", this.name));
        let finding = finding.related(this.span, "declared without `instances: per …`");
        let bound = self.environment.event().is_some_and(|event| event.fields.iter().any(|field| field.name == "key"));
        self.refuse(if bound { finding.help("the key that the observation bound is `event.key`") } else { finding })
    }

    /// A bare name, in the order of lookup.
    fn name(&mut self, name: &str, hint: Option<Type>, span: Span) -> Option<(ExpressionKind, Type)> {
        let this = self.environment.this();
        if let Some(index) = this.variables.iter().position(|variable| variable.name == name) {
            return Some((ExpressionKind::Variable(VariableId(index as u32)), this.variables[index].r#type));
        }
        if let Some(index) = this.parameters.iter().position(|parameter| parameter.name == name) {
            return Some((ExpressionKind::Parameter(ParameterId(index as u32)), this.parameters[index].r#type));
        }
        if let Some(field) = self.field(name) {
            return Some(field);
        }
        if let Some(index) = this.conditions.iter().position(|condition| condition.name == name) {
            return self.bare_condition(ConditionId(index as u32), span);
        }
        self.variant(name, hint, span)
    }

    fn field(&self, name: &str) -> Option<(ExpressionKind, Type)> {
        let fields = &self.environment.event()?.fields;
        let index = fields.iter().position(|field| field.name == name)?;
        Some((ExpressionKind::Field(index as u32), fields[index].r#type))
    }

    fn bare_condition(&mut self, id: ConditionId, span: Span) -> Option<(ExpressionKind, Type)> {
        let condition = &self.environment.this().conditions[id];
        if condition.arguments.iter().any(|argument| !argument.r#type.optional) {
            let message = format!("the condition `{}` takes arguments", condition.name);
            let help = format!("write `{}`", signature(&condition.name, &condition.arguments));
            let finding = Diagnostic::new(&MISSING_ARGUMENT, span, message).related(condition.span, "declared here");
            return self.refuse(finding.help(help));
        }
        let name = Name { name: condition.name.clone(), span };
        self.condition_call(&name, &[], span)
    }

    fn condition_call(
        &mut self,
        function: &Name,
        given: &[super::syntax::Argument],
        span: Span,
    ) -> Option<(ExpressionKind, Type)> {
        let this = self.environment.this();
        if let Some(extreme) = Extreme::of_name(&function.name) {
            return self.extreme(extreme, given, span);
        }
        let Some(index) = this.conditions.iter().position(|condition| condition.name == function.name) else {
            return self.unknown_function(function);
        };
        let condition = &this.conditions[index];
        self.questions_allowed(&format!("the condition `{}`", function.name), span)?;
        let arguments = arguments::arguments(&function.name, &condition.arguments, condition.span, given, span, self)?;
        Some((ExpressionKind::Condition(ConditionId(index as u32), arguments), condition.r#type))
    }

    fn unknown_function<T>(&mut self, function: &Name) -> Option<T> {
        let this = self.environment.this();
        let name = function.name.as_str();
        if self.environment.is_broken(name) {
            return None;
        }
        let finding = Diagnostic::new(&UNKNOWN_NAME, function.span, format!("no condition `{name}`"));
        self.refuse(if this.actions.iter().any(|action| action.name == name) {
            finding.help("that is an action; actions go under `do:`")
        } else if this.variables.iter().any(|variable| variable.name == name) {
            finding.help(format!("that is a variable; write `{name}`"))
        } else {
            let names = this.conditions.iter().map(|condition| condition.name.as_str());
            let names = names.filter(|name| Kind::Condition.allows(name));
            let finding = finding.cause(format!("value {} {name}", this.name));
            match foreign::help(Foreign::Function, name) {
                Some(help) => finding.help(help),
                None => finding.did_you_mean(name, names),
            }
        })
    }

    fn event_member(&mut self, member: &Name, span: Span) -> Option<(ExpressionKind, Type)> {
        match self.environment.event {
            EventScope::Unknown => None,
            EventScope::None => self.refuse(Diagnostic::new(&FIELD_NOT_AT_HAND, span, "no event is at hand here")),
            EventScope::Event(_) if member.name == KEY && self.environment.is_broken(KEY) => None,
            EventScope::Event(_) => self.field(&member.name).or_else(|| self.unknown_field(member)),
        }
    }

    fn unknown_field<T>(&mut self, member: &Name) -> Option<T> {
        let event = self.environment.event().expect("looked at by the caller");
        if self.environment.is_broken(&member.name) {
            return None;
        }
        let message = format!("`{}` has no field `{}`", event.name, member.name);
        let finding = Diagnostic::new(&FIELD_NOT_AT_HAND, member.span, message).related(event.span, "declared here");
        let names = event.fields.iter().map(|field| field.name.as_str());
        let names = names.filter(|name| Kind::Field.allows(name));
        self.refuse(match foreign::help(Foreign::Field, &member.name) {
            Some(help) => finding.help(help),
            None => finding.did_you_mean(&member.name, names),
        })
    }

    /// A name that is nothing else: an enum's variant, of the hinted enum first.
    fn variant(&mut self, name: &str, hint: Option<Type>, span: Span) -> Option<(ExpressionKind, Type)> {
        let hinted = self.hinted_enum(hint);
        if let Some(found) = hinted.and_then(|id| self.variant_of(id, name)) {
            return Some(found);
        }
        let types = &self.environment.system.types;
        let ids = (0..types.len() as u32).map(TypeId);
        let found: Vec<_> = ids.filter_map(|id| Some((id, self.variant_of(id, name)?))).collect();
        match found.as_slice() {
            [] => self.unknown_name(name, hinted, span),
            [(_, only)] => Some(only.clone()),
            several => {
                let names: Vec<String> =
                    several.iter().map(|(id, _)| format!("`{}.{name}`", types[*id].name)).collect();
                let message = format!("`{name}` is a variant of several enums");
                let help = format!("write {}", names.join(" or "));
                self.refuse(Diagnostic::new(&AMBIGUOUS_VARIANT, span, message).help(help))
            }
        }
    }

    fn hinted_enum(&self, hint: Option<Type>) -> Option<TypeId> {
        match hint?.base {
            BaseType::Declared(id) if matches!(self.environment.system.types[id].kind, TypeKind::Enum(_)) => Some(id),
            _ => None,
        }
    }

    fn variant_of(&self, id: TypeId, name: &str) -> Option<(ExpressionKind, Type)> {
        let TypeKind::Enum(variants) = &self.environment.system.types[id].kind else { return None };
        let index = variants.iter().position(|variant| variant == name)?;
        let kind = ExpressionKind::Literal(Value::Variant(id, index as u32));
        Some((kind, Type { base: BaseType::Declared(id), optional: false }))
    }

    /// `CloseReason.Failed`.
    fn qualified_variant(&mut self, owner: &Name, member: &Name) -> Option<(ExpressionKind, Type)> {
        let system = self.environment.system;
        let Some(index) = system.types.iter().position(|definition| definition.name == owner.name) else {
            if self.environment.is_broken(&owner.name) || self.environment.is_broken(VARIANTS) {
                return None;
            }
            let message = format!("`{}` is not an enum; only enums and `event` are followed by a dot", owner.name);
            let enums = system.types.iter().filter(|definition| matches!(definition.kind, TypeKind::Enum(_)));
            let names = enums.map(|definition| definition.name.as_str()).filter(|name| Kind::Type.allows(name));
            let names = names.chain(["event"]);
            let cause = format!("type {}", owner.name);
            let finding = Diagnostic::new(&UNKNOWN_NAME, owner.span, message).cause(cause);
            return self.refuse(match foreign::help(Foreign::Owner, &owner.name) {
                Some(help) => finding.help(help),
                None => finding.did_you_mean(&owner.name, names),
            });
        };
        let id = TypeId(index as u32);
        self.variant_of(id, &member.name).or_else(|| self.unknown_variant(id, &member.name, member.span))
    }

    fn unknown_variant<T>(&mut self, id: TypeId, name: &str, span: Span) -> Option<T> {
        let definition = &self.environment.system.types[id];
        let finding = Diagnostic::new(&UNKNOWN_VARIANT, span, format!("`{}` has no variant `{name}`", definition.name));
        let cause = format!("variant {} {name}", definition.name);
        let finding = finding.cause(cause).related(definition.span, "declared here");
        self.refuse(match &definition.kind {
            TypeKind::Enum(variants) => {
                let names = variants.iter().map(String::as_str);
                finding.did_you_mean(name, names.filter(|name| Kind::Variant.allows(name)))
            }
            TypeKind::Opaque => finding.help("it is not an enum: its values are only carried, and have no names"),
        })
    }

    fn unknown_name<T>(&mut self, name: &str, hinted: Option<TypeId>, span: Span) -> Option<T> {
        let is_variant = name.starts_with(char::is_uppercase);
        let maybe_a_field = self.environment.event == EventScope::Unknown && !is_variant;
        if maybe_a_field || self.environment.is_broken(name) || (is_variant && self.environment.is_broken(VARIANTS)) {
            return None;
        }
        let this = self.environment.this();
        if let Some(event) = this.events.iter().find(|event| event.fields.iter().any(|field| field.name == name)) {
            return self.field_of_another_event(name, &event.name, span);
        }
        if is_variant
            && let Some(id) = hinted
            && this.state(name).is_none()
            && foreign::help(Foreign::Value, name).is_none()
        {
            return self.unknown_variant(id, name, span);
        }
        let message = format!("nothing named `{name}` here");
        let cause = format!("value {} {name}", this.name);
        let finding = Diagnostic::new(&UNKNOWN_NAME, span, message).cause(cause);
        let help = self.what_else(name).or_else(|| foreign::help(Foreign::Value, name).map(str::to_owned));
        self.refuse(match help {
            Some(help) => finding.help(help),
            None => finding.did_you_mean(name, self.known_names()),
        })
    }

    fn field_of_another_event<T>(&mut self, name: &str, other: &str, span: Span) -> Option<T> {
        let message = match self.environment.event() {
            Some(event) => format!("`{name}` is a field of `{other}`, not of `{}`", event.name),
            None => format!("`{name}` is a field of `{other}`, and no event is at hand here"),
        };
        let names: Vec<&str> = self.known_names().collect();
        let finding = Diagnostic::new(&FIELD_NOT_AT_HAND, span, message);
        self.refuse(match crate::nearest::nearest(name, names) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help("store it in a variable when that event comes"),
        })
    }

    /// For a name that means something without a value.
    fn what_else(&self, name: &str) -> Option<String> {
        let this = self.environment.this();
        if this.state(name).is_some() {
            return Some("that is a state; to look at one, write `automaton in STATE`".to_owned());
        }
        if self.environment.system.automaton(name).is_some() {
            return Some(format!("that is an automaton; to look at its state, write `{name} in STATE`"));
        }
        if this.events.iter().any(|event| event.name == name) {
            return Some("that is an event; its fields are `event.field`".to_owned());
        }
        this.actions.iter().any(|action| action.name == name).then(|| "that is an action; it has no value".to_owned())
    }

    fn known_names(&self) -> impl Iterator<Item = &'a str> {
        let this = self.environment.this();
        let fields = self.environment.event().map_or(&[] as &[Field], |event| &event.fields);
        let variants = self.environment.system.types.iter().flat_map(|definition| match &definition.kind {
            TypeKind::Enum(variants) => variants.as_slice(),
            TypeKind::Opaque => &[],
        });
        // A field that has the name of a word is not named without `event.`.
        let fields = fields.iter().map(|field| field.name.as_str());
        let fields = fields.filter(|name| Kind::Field.allows(name) && !WORDS_OF_EXPRESSIONS.contains(name));
        let values = (this.variables.iter().map(|variable| variable.name.as_str()))
            .chain(this.parameters.iter().map(|parameter| parameter.name.as_str()))
            .chain(this.conditions.iter().map(|condition| condition.name.as_str()));
        let values = values.filter(|name| Kind::Variable.allows(name));
        values
            .chain(fields)
            .chain(variants.map(String::as_str).filter(|name| Kind::Variant.allows(name)))
            .chain(["true", "false", "none"])
    }

    fn in_state(
        &mut self,
        quantifier: Quantifier,
        subject: &Subject,
        state: &Name,
        span: Span,
    ) -> Option<ExpressionKind> {
        if self.use_ == Use::TriggerKey {
            self.questions_allowed("a state", span)?;
        }
        let id = lookup::automaton(&subject.automaton, self.environment, self.findings)?;
        let of = &self.environment.system.automata[id];
        let state = lookup::state(state, of, self.environment, self.findings);
        let who = match quantifier {
            Quantifier::One => match selection(subject, id, Role::Looked, self)? {
                Selection::Keyed(key) => Observed::Keyed(Box::new(key)),
                Selection::One | Selection::Any | Selection::All => Observed::One,
            },
            Quantifier::Any => self.quantified(Observed::Any, subject, of)?,
            Quantifier::All => self.quantified(Observed::All, subject, of)?,
            Quantifier::No => self.quantified(Observed::No, subject, of)?,
        };
        Some(ExpressionKind::InState { who, automaton: id, state: state? })
    }

    fn quantified(&mut self, who: Observed, subject: &Subject, of: &crate::model::Automaton) -> Option<Observed> {
        let name = &of.name;
        if subject.key != super::syntax::SubjectKey::Absent {
            let message = "`any`, `all` and `no` look at all instances; they take no key";
            return self.refuse(Diagnostic::new(&SUPERFLUOUS_KEY, subject.span, message));
        }
        if of.key.is_none() {
            let message = format!("`{name}` has one instance: `any`, `all` and `no` are for automata that have many");
            let negated = who == Observed::No;
            let help = if negated { format!("write `not {name} in …`") } else { format!("write `{name} in …`") };
            return self.refuse(Diagnostic::new(&ANY_MISPLACED, subject.span, message).help(help));
        }
        Some(who)
    }

    fn self_in(&mut self, state: &Name, span: Span) -> Option<ExpressionKind> {
        if !self.environment.inside_property {
            let message = "`self in STATE` is for properties: a reaction's state is the one it is written in";
            return self.refuse(Diagnostic::new(&NOT_ALLOWED_HERE, span, message));
        }
        let state = lookup::state(state, self.environment.this(), self.environment, self.findings)?;
        Some(ExpressionKind::InState { who: Observed::Itself, automaton: self.environment.automaton, state })
    }
}

/// Whether a value of one type can go where another is wanted. Integers of any width can: they stay at the bound.
fn fits(found: Type, wanted: Type) -> bool {
    let both_integers = matches!((found.base, wanted.base), (BaseType::Integer(_), BaseType::Integer(_)));
    match (found.optional, wanted.optional) {
        (true, true) => found.base == wanted.base,
        (true, false) => false,
        (false, _) => found.base == wanted.base || both_integers,
    }
}
