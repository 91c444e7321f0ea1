//! Tokens to trees: a Pratt parser for expressions, and a few lines for each of the other little texts.
//!
//! A text that cannot be read gives one finding. Depth is bounded while parsing (nesting) and while building
//! (long chains lean to the left), so nothing after the parser needs its own bound.

use super::lexer::{Token, TokenKind, tokens};
use super::syntax::{
    Argument, Arguments, AssignmentSyntax, Name, Node, NodeKind, Quantifier, Subject, SubjectKey, TargetSyntax,
    TriggerSyntax,
};
use crate::codes::expression_errors::{SYNTAX, TOO_LARGE};
use crate::diagnostic::Diagnostic;
use crate::foreign::{self, Place};
use crate::keywords::WORDS_OF_EXPRESSIONS;
use crate::list_form;
use crate::model::{BinaryOperator, Change};
use crate::nearest::nearest;
use crate::source::{Span, Text};
use crate::syntax::EffectKey;

/// Nested or chained operations, at most.
pub const DEEPEST: usize = 64;

/// What is expected where an operand is missing.
const VALUE: &str = "a value";

/// Why a text could not be read.
pub type Refusal = Box<Diagnostic>;

/// What was read; if it was refused, nothing, and a finding.
pub fn reported<T>(read: Result<T, Refusal>, findings: &mut Vec<Diagnostic>) -> Option<T> {
    read.map_err(|finding| findings.push(*finding)).ok()
}

pub fn expression(text: &Text) -> Result<Node, Refusal> {
    Parser::whole(text, Parser::expression)
}

pub fn assignment(text: &Text) -> Result<AssignmentSyntax, Refusal> {
    Parser::listed(text, Parser::assignment)
}

/// What an item of `do` is.
pub enum EffectForm {
    /// `send X.event`, `start X`, `raise event`, `restart timer`: the word, and where the rest begins.
    Keyword(EffectKey, usize),
    /// `variable = value`.
    Assignment,
    /// A call of an action.
    Action,
}

/// Determines what an item of `do` is from its first two tokens. An action may be called like a keyword: `send` and
/// `send(x)` are calls.
pub fn effect_form(text: &Text) -> Result<EffectForm, Refusal> {
    let tokens = tokens(text)?;
    let [first, second, ..] = tokens.as_slice() else { return Ok(EffectForm::Action) };
    let TokenKind::Word(word) = &first.kind else { return Ok(EffectForm::Action) };
    let keyword = match word.as_str() {
        "send" => Some(EffectKey::Send),
        "start" => Some(EffectKey::Start),
        "raise" => Some(EffectKey::Raise),
        "restart" => Some(EffectKey::Restart),
        _ => None,
    };
    Ok(match (&second.kind, keyword) {
        (TokenKind::Symbol("." | "["), _) => return Err(lacks_keyword(text, &tokens)),
        // A length may begin with a bracket: `restart (a + b) * 2`. A call has no space before its bracket.
        (TokenKind::Symbol("("), Some(EffectKey::Restart)) if second.start > first.end => {
            EffectForm::Keyword(EffectKey::Restart, second.start)
        }
        (TokenKind::Symbol("("), _) | (TokenKind::End, _) => EffectForm::Action,
        (TokenKind::Symbol(","), _) => EffectForm::Action,
        (TokenKind::Symbol(_), Some(key)) if !is_assigning(&second.kind) => EffectForm::Keyword(key, second.start),
        (TokenKind::Symbol(_), _) => EffectForm::Assignment,
        (_, Some(key)) => EffectForm::Keyword(key, second.start),
        (_, None) => EffectForm::Action,
    })
}

fn is_assigning(token: &TokenKind) -> bool {
    matches!(token, TokenKind::Symbol("=" | "+=" | "-=" | "*=" | "/=" | "%="))
}

/// `door[1].open` and `door[1]` without the word that says what is done with them.
fn lacks_keyword(text: &Text, tokens: &[Token]) -> Refusal {
    let is_event = tokens.iter().any(|token| token.kind == TokenKind::Symbol("."));
    let (what, word) = if is_event { ("an event for another automaton", "send") } else { ("an instance", "start") };
    let written = text.text.trim();
    let span = text.at(tokens[0].start, tokens[0].end);
    let finding = Diagnostic::new(&SYNTAX, span, format!("this is {what}, but `do` needs to know what to do with it"));
    finding.help(format!("write `{word} {written}`")).into()
}

/// An action or a raise.
pub fn call(text: &Text) -> Result<(Name, Arguments), Refusal> {
    Parser::listed(text, |parser| {
        let name = parser.free_name("a name")?;
        Ok((name, parser.arguments_if_any()?))
    })
}

pub fn send(text: &Text) -> Result<(Subject, Name, Arguments), Refusal> {
    Parser::listed(text, |parser| {
        let subject = parser.subject()?;
        if !parser.take(".") {
            return Err(parser.unexpected("`.` and the event: `automaton.event` or `automaton[key].event`").into());
        }
        let event = parser.free_name("the event")?;
        Ok((subject, event, parser.arguments_if_any()?))
    })
}

pub fn start(text: &Text) -> Result<(Subject, Arguments), Refusal> {
    Parser::listed(text, |parser| {
        let subject = parser.subject()?;
        Ok((subject, parser.arguments_if_any()?))
    })
}

pub fn triggers(text: &Text) -> Result<Vec<TriggerSyntax>, Refusal> {
    Parser::whole(text, |parser| {
        let mut triggers = vec![parser.trigger()?];
        while parser.take(",") {
            triggers.push(parser.trigger()?);
        }
        Ok(triggers)
    })
}

pub fn target(text: &Text) -> Result<TargetSyntax, Refusal> {
    Parser::whole(text, |parser| {
        if parser.take_word("stay") {
            return Ok(TargetSyntax::Stay);
        }
        let state = parser.name("a state")?;
        let history = parser.take(".");
        if history && !parser.take_word("history") {
            return Err(parser.unexpected("`history`").into());
        }
        Ok(TargetSyntax::State { state, history })
    })
}

struct Parser<'a> {
    text: &'a Text,
    tokens: Vec<Token>,
    at: usize,
    nesting: usize,
}

/// How tightly an operator binds; larger is tighter.
mod binding {
    pub const OR: u8 = 1;
    pub const AND: u8 = 2;
    pub const NOT: u8 = 3;
    pub const COMPARISON: u8 = 4;
    pub const COALESCE: u8 = 5;
    pub const SUM: u8 = 6;
    pub const PRODUCT: u8 = 7;
    pub const MINUS: u8 = 8;
}

impl<'a> Parser<'a> {
    /// Reads the whole text by `rule`; what is left over is an error.
    fn whole<T>(text: &'a Text, rule: impl FnOnce(&mut Self) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let mut parser = Parser { text, tokens: tokens(text)?, at: 0, nesting: 0 };
        let result = rule(&mut parser)?;
        if parser.token().kind == TokenKind::End { Ok(result) } else { Err(parser.left_over().into()) }
    }

    /// [`Parser::whole`], where a list of such texts is allowed: for a comma between two of them, says how to write a
    /// list.
    fn listed<T>(text: &'a Text, rule: impl FnOnce(&mut Self) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let mut parser = Parser { text, tokens: tokens(text)?, at: 0, nesting: 0 };
        let result = rule(&mut parser)?;
        match parser.token().kind {
            TokenKind::End => Ok(result),
            TokenKind::Symbol(",") => {
                let list = list_form::written(&list_form::pieces(&text.text));
                Err(parser.left_over().help(format!("write a list: `{list}`")).into())
            }
            _ => Err(parser.left_over().into()),
        }
    }

    fn token(&self) -> &Token {
        &self.tokens[self.at]
    }

    fn here(&self) -> Span {
        self.text.at(self.token().start, self.token().end)
    }

    fn advance(&mut self) {
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(self.token().kind, TokenKind::Symbol(found) if found == symbol)
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        if found {
            self.advance();
        }
        found
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.token().kind, TokenKind::Word(found) if found == word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.advance();
        }
        found
    }

    /// A word that is a name.
    fn name(&mut self, wanted: &str) -> Result<Name, Refusal> {
        match &self.token().kind {
            TokenKind::Word(word) if !WORDS_OF_EXPRESSIONS.contains(&word.as_str()) => {
                let name = Name { name: word.clone(), span: self.here() };
                self.advance();
                Ok(name)
            }
            _ => Err(self.unexpected(wanted).into()),
        }
    }

    /// A name where only a name is possible, so that a word of expressions is one too.
    fn free_name(&mut self, wanted: &str) -> Result<Name, Refusal> {
        match &self.token().kind {
            TokenKind::Word(word) => {
                let name = Name { name: word.clone(), span: self.here() };
                self.advance();
                Ok(name)
            }
            _ => Err(self.unexpected(wanted).into()),
        }
    }

    fn close(&mut self, symbol: &str, opened: Span) -> Result<(), Refusal> {
        if self.take(symbol) {
            return Ok(());
        }
        let wanted = if symbol == ")" { "`,` or `)`" } else { "`]`" };
        let finding = self.unexpected(wanted).related(opened, "opened here");
        Err(match self.token().kind {
            TokenKind::End => finding
                .help("within `{ … }` and `[ … ]` of YAML a comma ends the value: put quotes around it, or write a line for each key")
                .into(),
            _ => finding.into(),
        })
    }

    fn unexpected(&self, wanted: &str) -> Diagnostic {
        let found = self.token().kind.describe();
        let finding = Diagnostic::new(&SYNTAX, self.here(), format!("expected {wanted}, found {found}")).label("here");
        match &self.token().kind {
            TokenKind::Word(word) if WORDS_OF_EXPRESSIONS.contains(&word.as_str()) && wanted != VALUE => finding
                .help(format!("`{word}` is a word of the language; for a field of that name write `event.{word}`")),
            _ => finding,
        }
    }

    fn left_over(&self) -> Diagnostic {
        let found = self.token().kind.describe();
        let finding = Diagnostic::new(&SYNTAX, self.here(), format!("{found} does not belong here"));
        match &self.token().kind {
            TokenKind::Symbol("=") => finding.help("equality is written `==`"),
            TokenKind::Symbol("[") => finding.help("only automata have keys: `automaton[key]`"),
            TokenKind::Word(word) if word == "not" => finding.help("write `not` in front: `not X in STATE`"),
            TokenKind::Word(word) if foreign::help(Place::Operator, word).is_some() => {
                Diagnostic { help: foreign::help(Place::Operator, word).map(str::to_owned), ..finding }
            }
            TokenKind::Word(word) => match nearest(word, ["and", "or", "in", "not", "enters", "leaves", "history"]) {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => self.slip_before().unwrap_or(finding),
            },
            _ => finding,
        }
    }

    /// `anny X in S`, `sennd x.e`: the name that is left over is right, and the word before it is wrong.
    fn slip_before(&self) -> Option<Diagnostic> {
        let before = self.at.checked_sub(1).map(|at| &self.tokens[at])?;
        let TokenKind::Word(word) = &before.kind else { return None };
        let meant = nearest(word, ["any", "all", "no", "not", "send", "start", "raise", "restart"])?;
        let span = self.text.at(before.start, before.end);
        let finding = Diagnostic::new(&SYNTAX, span, format!("`{word}` does not belong here"));
        Some(finding.help(format!("did you mean `{meant}`?")))
    }

    fn node(&self, kind: NodeKind, span: Span, depth: usize) -> Result<Node, Refusal> {
        // A name alone has the depth 1.
        if depth > DEEPEST + 1 {
            return Err(self.too_deep(span));
        }
        Ok(Node { kind, span, depth })
    }

    fn too_deep(&self, span: Span) -> Refusal {
        let message = format!("more than {DEEPEST} operations are nested or chained here");
        Box::new(Diagnostic::new(&TOO_LARGE, span, message))
    }

    fn expression(&mut self) -> Result<Node, Refusal> {
        self.binding_at_least(0)
    }

    fn binding_at_least(&mut self, minimum: u8) -> Result<Node, Refusal> {
        self.nesting += 1;
        if self.nesting > DEEPEST + 1 {
            return Err(self.too_deep(self.here()));
        }
        let mut left = self.operand()?;
        while let Some((operator, binding)) = self.operator() {
            if binding < minimum || binding == 0 {
                break;
            }
            self.advance();
            // `a ?? b ?? c` is `a ?? (b ?? c)`.
            let right =
                self.binding_at_least(if operator == BinaryOperator::Coalesce { binding } else { binding + 1 })?;
            if binding == binding::COMPARISON && self.operator().is_some_and(|(_, next)| next == binding) {
                let finding = Diagnostic::new(&SYNTAX, self.here(), "comparisons are not chained");
                return Err(finding.help("write `a < b and b < c`").into());
            }
            let (span, depth) = (left.span.to(right.span), left.depth.max(right.depth) + 1);
            left = self.node(NodeKind::Binary(operator, Box::new(left), Box::new(right)), span, depth)?;
        }
        self.nesting -= 1;
        Ok(left)
    }

    fn operator(&self) -> Option<(BinaryOperator, u8)> {
        use BinaryOperator as Operator;
        Some(match &self.token().kind {
            TokenKind::Word(word) if word == "or" => (Operator::Or, binding::OR),
            TokenKind::Word(word) if word == "and" => (Operator::And, binding::AND),
            TokenKind::Symbol("==") => (Operator::Equal, binding::COMPARISON),
            TokenKind::Symbol("!=") => (Operator::NotEqual, binding::COMPARISON),
            TokenKind::Symbol("<") => (Operator::Less, binding::COMPARISON),
            TokenKind::Symbol("<=") => (Operator::LessOrEqual, binding::COMPARISON),
            TokenKind::Symbol(">") => (Operator::Greater, binding::COMPARISON),
            TokenKind::Symbol(">=") => (Operator::GreaterOrEqual, binding::COMPARISON),
            TokenKind::Symbol("??") => (Operator::Coalesce, binding::COALESCE),
            TokenKind::Symbol("+") => (Operator::Add, binding::SUM),
            TokenKind::Symbol("-") => (Operator::Subtract, binding::SUM),
            TokenKind::Symbol("*") => (Operator::Multiply, binding::PRODUCT),
            TokenKind::Symbol("/") => (Operator::Divide, binding::PRODUCT),
            TokenKind::Symbol("%") => (Operator::Remainder, binding::PRODUCT),
            _ => return None,
        })
    }

    fn operand(&mut self) -> Result<Node, Refusal> {
        let span = self.here();
        match self.token().kind.clone() {
            TokenKind::Integer(value) => self.leaf(NodeKind::Integer(value)),
            TokenKind::Duration(ms) => self.leaf(NodeKind::Duration(ms)),
            TokenKind::String(text) => self.leaf(NodeKind::String(text)),
            TokenKind::Symbol("(") => {
                self.advance();
                let mut inner = self.expression()?;
                let end = self.here();
                self.close(")", span)?;
                inner.span = span.to(end);
                Ok(inner)
            }
            TokenKind::Symbol("-") => {
                self.advance();
                let of = self.binding_at_least(binding::MINUS)?;
                let (span, depth) = (span.to(of.span), of.depth + 1);
                self.node(NodeKind::Negate(Box::new(of)), span, depth)
            }
            TokenKind::Word(word) => self.word(&word, span),
            _ => Err(self.unexpected(VALUE).into()),
        }
    }

    fn leaf(&mut self, kind: NodeKind) -> Result<Node, Refusal> {
        let span = self.here();
        self.advance();
        self.node(kind, span, 1)
    }

    fn word(&mut self, word: &str, span: Span) -> Result<Node, Refusal> {
        match word {
            "true" | "false" => self.leaf(NodeKind::Bool(word == "true")),
            "none" => self.leaf(NodeKind::None),
            "key" => self.leaf(NodeKind::Key),
            "not" => {
                self.advance();
                let of = self.binding_at_least(binding::NOT)?;
                let (span, depth) = (span.to(of.span), of.depth + 1);
                self.node(NodeKind::Not(Box::new(of)), span, depth)
            }
            "any" => self.in_state(Quantifier::Any, span),
            "all" => self.in_state(Quantifier::All, span),
            "no" => self.in_state(Quantifier::No, span),
            "event" => {
                self.advance();
                self.member(Name { name: word.to_owned(), span })
            }
            "self" => {
                self.advance();
                if !self.take_word("in") {
                    let finding = self.unexpected("`in` and a state");
                    let is_owner = self.is(".");
                    let help = foreign::help(Place::Owner, word).filter(|_| is_owner).map(str::to_owned);
                    return Err(Diagnostic { help: help.or(finding.help.clone()), ..finding }.into());
                }
                let state = self.name("a state")?;
                let whole = span.to(state.span);
                self.node(NodeKind::SelfIn(state), whole, 1)
            }
            _ => self.named(span),
        }
    }

    /// What begins with a name: the name, a member, a call, or `X in S`.
    fn named(&mut self, span: Span) -> Result<Node, Refusal> {
        let next = self.tokens.get(self.at + 1).map(|token| token.kind.clone());
        match next {
            Some(TokenKind::Word(word)) if word == "in" => self.in_state(Quantifier::One, span),
            Some(TokenKind::Symbol("[")) => self.in_state(Quantifier::One, span),
            Some(TokenKind::Symbol(".")) => {
                let owner = self.name(VALUE)?;
                self.member(owner)
            }
            Some(TokenKind::Symbol("(")) => {
                let function = self.name("a condition")?;
                let arguments = self.arguments_if_any()?;
                let depth = arguments.given.iter().map(|argument| argument.value.depth).max().unwrap_or(0) + 1;
                let span = function.span.to(arguments.span);
                self.node(NodeKind::Call(function, arguments.given), span, depth)
            }
            _ => {
                let name = self.name(VALUE)?;
                self.node(NodeKind::Name(name.name), name.span, 1)
            }
        }
    }

    fn member(&mut self, owner: Name) -> Result<Node, Refusal> {
        if !self.take(".") {
            return Err(self.unexpected("`.` and the name of a field").into());
        }
        let member = self.free_name("the name of a field or variant")?;
        let span = owner.span.to(member.span);
        self.node(NodeKind::Member(owner, member), span, 1)
    }

    fn in_state(&mut self, quantifier: Quantifier, span: Span) -> Result<Node, Refusal> {
        if quantifier != Quantifier::One {
            self.advance();
        }
        let subject = self.subject()?;
        if !self.take_word("in") {
            return Err(self.unexpected("`in` and a state").into());
        }
        let state = self.name("a state")?;
        let depth = match &subject.key {
            SubjectKey::Equals(key) => key.depth + 1,
            _ => 1,
        };
        let whole = span.to(state.span);
        self.node(NodeKind::In(quantifier, subject, state), whole, depth)
    }

    fn subject(&mut self) -> Result<Subject, Refusal> {
        let automaton = self.name("the name of an automaton")?;
        let opened = self.here();
        if !self.take("[") {
            let span = automaton.span;
            return Ok(Subject { automaton, key: SubjectKey::Absent, span });
        }
        let inside = self.here();
        let lone = matches!(self.tokens.get(self.at + 1).map(|token| &token.kind), Some(TokenKind::Symbol("]")));
        let key = if lone && self.take_word("any") {
            SubjectKey::Any(inside)
        } else if lone && self.take_word("all") {
            SubjectKey::All(inside)
        } else {
            SubjectKey::Equals(Box::new(self.expression()?))
        };
        let end = self.here();
        self.close("]", opened)?;
        let span = automaton.span.to(end);
        Ok(Subject { automaton, key, span })
    }

    /// `(a, b = c)`, or nothing.
    fn arguments_if_any(&mut self) -> Result<Arguments, Refusal> {
        let opened = self.here();
        let mut given = Vec::new();
        if !self.take("(") {
            return Ok(Arguments { given, span: self.text.at(0, self.text.text.len()) });
        }
        while !self.is(")") {
            given.push(self.argument()?);
            if !self.take(",") {
                break;
            }
        }
        let end = self.here();
        self.close(")", opened)?;
        Ok(Arguments { given, span: opened.to(end) })
    }

    fn argument(&mut self) -> Result<Argument, Refusal> {
        let is_named = matches!(self.tokens.get(self.at + 1).map(|token| &token.kind), Some(TokenKind::Symbol("=")));
        let name = if is_named { Some(self.free_name("the name of an argument")?) } else { None };
        if name.is_some() {
            self.advance();
        }
        Ok(Argument { name, value: self.expression()? })
    }

    fn assignment(&mut self) -> Result<AssignmentSyntax, Refusal> {
        let variable = self.name("the name of a variable")?;
        let operator = match self.token().kind {
            TokenKind::Symbol("=") => None,
            TokenKind::Symbol("+=") => Some(BinaryOperator::Add),
            TokenKind::Symbol("-=") => Some(BinaryOperator::Subtract),
            TokenKind::Symbol("*=") => Some(BinaryOperator::Multiply),
            TokenKind::Symbol("/=") => Some(BinaryOperator::Divide),
            TokenKind::Symbol("%=") => Some(BinaryOperator::Remainder),
            TokenKind::Symbol("==") => {
                return Err(self.unexpected("`=`").help("`==` compares; `=` assigns").into());
            }
            _ => {
                let finding = self.unexpected("`=`, `+=`, `-=`, `*=`, `/=` or `%=`");
                return Err(match self.doubled_sign() {
                    Some(sign) => finding.help(format!("write `{} {sign}= 1`", variable.name)).into(),
                    None => finding.into(),
                });
            }
        };
        self.advance();
        let value = self.expression()?;
        let span = variable.span.to(value.span);
        Ok(AssignmentSyntax { variable, operator, value, span })
    }

    /// A sign or word of the language where an event is named, such as `*` and `any`. (For a free name, the
    /// declarations decide.)
    fn foreign_event(&self) -> Option<&'static str> {
        match &self.token().kind {
            TokenKind::Symbol(symbol) => foreign::help(Place::Event, symbol),
            _ => None,
        }
    }

    /// `attempts++`, as in other languages.
    fn doubled_sign(&self) -> Option<&'static str> {
        let symbol = |at: usize| match self.tokens.get(at)?.kind {
            TokenKind::Symbol(symbol) => Some(symbol),
            _ => None,
        };
        let sign = symbol(self.at).filter(|sign| matches!(*sign, "+" | "-"))?;
        (symbol(self.at + 1) == Some(sign)).then_some(sign)
    }

    fn trigger(&mut self) -> Result<TriggerSyntax, Refusal> {
        if let Some(help) = self.foreign_event() {
            return Err(self.unexpected("the name of an event").help(help).into());
        }
        let next = self.tokens.get(self.at + 1).map(|token| &token.kind);
        let subject = if matches!(next, None | Some(TokenKind::End | TokenKind::Symbol(","))) {
            let event = self.free_name("an event")?;
            let span = event.span;
            Subject { automaton: event, key: SubjectKey::Absent, span }
        } else {
            self.subject()?
        };
        let change = if self.take_word("enters") {
            Some(Change::Enters)
        } else if self.take_word("leaves") {
            Some(Change::Leaves)
        } else {
            None
        };
        let Some(change) = change else {
            if subject.key != SubjectKey::Absent {
                return Err(self.unexpected("`enters` or `leaves`, and a state").into());
            }
            let span = subject.span;
            return Ok(TriggerSyntax { subject, change: None, span });
        };
        let state = self.name("a state")?;
        let span = subject.span.to(state.span);
        Ok(TriggerSyntax { subject, change: Some((change, state)), span })
    }
}
