//! The resolved model: every name looked up, every expression typed, every target found.
//!
//! Diagram, table, reference page, Rust and interpreter all come from this, so they cannot disagree. Nothing
//! here refers to the text of the YAML except through [`Span`]s and the texts that the author wrote for people.

use std::ops::{Index, IndexMut};

use crate::source::Span;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// As an index into the vector that it numbers.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl<T> Index<$name> for [T] {
            type Output = T;

            fn index(&self, id: $name) -> &T {
                &self[id.0 as usize]
            }
        }

        impl<T> Index<$name> for Vec<T> {
            type Output = T;

            fn index(&self, id: $name) -> &T {
                &self.as_slice()[id.0 as usize]
            }
        }

        impl<T> IndexMut<$name> for Vec<T> {
            fn index_mut(&mut self, id: $name) -> &mut T {
                &mut self.as_mut_slice()[id.0 as usize]
            }
        }
    )*};
}

id! {
    /// Numbers [`System::types`].
    TypeId;
    /// Numbers [`System::parts`].
    PartId;
    /// Numbers [`System::automata`].
    AutomatonId;
    /// Numbers [`Automaton::parameters`].
    ParameterId;
    /// Numbers [`Automaton::variables`].
    VariableId;
    /// Numbers [`Automaton::conditions`].
    ConditionId;
    /// Numbers [`Automaton::events`].
    EventId;
    /// Numbers [`Automaton::actions`].
    ActionId;
    /// Numbers [`Automaton::states`]; 0 is the root.
    StateId;
    /// Numbers [`Automaton::transitions`].
    TransitionId;
    /// Numbers [`Automaton::timers`].
    TimerId;
}

impl StateId {
    /// The root of every automaton.
    pub const ROOT: StateId = StateId(0);
}

/// Everything that was declared, resolved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct System {
    /// Enums and opaque types of `types.yaml`, in the order of their names.
    pub types: Vec<TypeDefinition>,
    /// Parts of `parts.yaml`, in the order of their names.
    pub parts: Vec<Part>,
    /// In the order of their names.
    pub automata: Vec<Automaton>,
}

impl System {
    /// The program that drives the system performs that action.
    #[must_use]
    pub fn is_outside(&self, action: &Action) -> bool {
        self.parts[action.by].outside
    }

    /// The automaton of that name.
    #[must_use]
    pub fn automaton(&self, name: &str) -> Option<AutomatonId> {
        let index = self.automata.binary_search_by(|automaton| automaton.name.as_str().cmp(name)).ok()?;
        Some(AutomatonId(index as u32))
    }

    /// The type's name as written in YAML, `?` included.
    #[must_use]
    pub fn type_name(&self, of: Type) -> String {
        let base = match of.base {
            BaseType::Bool => "bool",
            BaseType::Integer(integer) => integer.name(),
            BaseType::Duration => "duration",
            BaseType::String => "string",
            BaseType::Bytes => "bytes",
            BaseType::Declared(id) => &self.types[id].name,
        };
        if of.optional { format!("{base}?") } else { base.to_owned() }
    }
}

/// A part of the program that is not an automaton: it sends events in, and performs actions.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// `snake_case`.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// The program that drives the system performs its actions: generated code hands them out as commands.
    pub outside: bool,
    /// Where it is declared.
    pub span: Span,
}

/// A type of `types.yaml`.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeDefinition {
    /// `UpperCamel`.
    pub name: String,
    /// One sentence; may be empty.
    pub summary: String,
    /// Enum or opaque.
    pub kind: TypeKind,
    /// The path of its Rust type, such as `crate::identity::NodeId`. An enum has one only if it stands for an enum of
    /// the program.
    pub rust: Option<String>,
    /// Only carried, never used in guards, and hidden in records.
    pub secret: bool,
    /// Where it is declared.
    pub span: Span,
}

/// What kind of type `types.yaml` declares.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// Variants in the order of declaration, `UpperCamel`.
    Enum(Vec<String>),
    /// Values of a Rust type, of which nothing is known but whether two are equal.
    Opaque,
}

/// A type as used: `NodeId`, `u32?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Type {
    /// Without the `?`.
    pub base: BaseType,
    /// May be `none`.
    pub optional: bool,
}

impl Type {
    /// `bool`.
    pub const BOOL: Type = Type { base: BaseType::Bool, optional: false };
    /// `duration`.
    pub const DURATION: Type = Type { base: BaseType::Duration, optional: false };

    /// That integer type, not optional.
    #[must_use]
    pub const fn integer(of: IntegerType) -> Type {
        Type { base: BaseType::Integer(of), optional: false }
    }
}

/// A type without its `?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BaseType {
    /// `true`, `false`.
    Bool,
    /// `u8` … `i64`.
    Integer(IntegerType),
    /// Whole milliseconds.
    Duration,
    /// Text.
    String,
    /// Bytes.
    Bytes,
    /// An enum or opaque type of `types.yaml`.
    Declared(TypeId),
}

/// The built-in integer types.
#[allow(missing_docs, reason = "each is what it is called")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntegerType {
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
}

impl IntegerType {
    /// All of them.
    pub const ALL: [IntegerType; 8] =
        [Self::U8, Self::U16, Self::U32, Self::U64, Self::I8, Self::I16, Self::I32, Self::I64];

    /// As in YAML and in Rust.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
        }
    }

    /// Smallest and largest value.
    #[must_use]
    pub const fn bounds(self) -> (i128, i128) {
        match self {
            Self::U8 => (0, u8::MAX as i128),
            Self::U16 => (0, u16::MAX as i128),
            Self::U32 => (0, u32::MAX as i128),
            Self::U64 => (0, u64::MAX as i128),
            Self::I8 => (i8::MIN as i128, i8::MAX as i128),
            Self::I16 => (i16::MIN as i128, i16::MAX as i128),
            Self::I32 => (i32::MIN as i128, i32::MAX as i128),
            Self::I64 => (i64::MIN as i128, i64::MAX as i128),
        }
    }

    /// The smallest type that holds all values of both, if there is one.
    #[must_use]
    pub fn common(self, other: IntegerType) -> Option<IntegerType> {
        let (low, high) = (self.bounds().0.min(other.bounds().0), self.bounds().1.max(other.bounds().1));
        Self::ALL.into_iter().find(|candidate| candidate.bounds().0 <= low && candidate.bounds().1 >= high)
    }
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// `true`, `false`.
    Bool(bool),
    /// Of whichever integer type its place has.
    Integer(i128),
    /// Milliseconds.
    Duration(u64),
    /// Text.
    String(String),
    /// Index into the variants of an enum.
    Variant(TypeId, u32),
    /// `none`.
    None,
}

/// One automaton.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Automaton {
    /// `snake_case`; the file is `<name>.yaml`.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// Markdown; may be empty.
    pub doc: String,
    /// `None`: there is one instance. Otherwise: one for each key.
    pub key: Option<Key>,
    /// Constants of an instance.
    pub parameters: Vec<Parameter>,
    /// Its memory.
    pub variables: Vec<Variable>,
    /// Its questions to the host.
    pub conditions: Vec<Condition>,
    /// Declared ones in the order of the file, then observations in the order of their first mention.
    pub events: Vec<Event>,
    /// Its requests to the host.
    pub actions: Vec<Action>,
    /// Depth first, in the order of the file; the first is the root.
    pub states: Vec<State>,
    /// In the order of the file.
    pub transitions: Vec<Transition>,
    /// In the order of the file.
    pub timers: Vec<Timer>,
    /// What must always, never or eventually hold.
    pub properties: Vec<Property>,
    /// The name in the file.
    pub span: Span,
}

/// What tells the instances of an automaton apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The word after `per`.
    pub name: String,
    /// Its type, from `types.yaml`; never optional, never secret.
    pub r#type: Type,
}

/// A constant of an instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// `snake_case`.
    pub name: String,
    /// Its type.
    pub r#type: Type,
    /// Value where neither a setting nor the `start` gives one. Always there if `start` is not the only way to an
    /// instance.
    pub default: Option<Value>,
    /// One sentence; may be empty.
    pub summary: String,
    /// Its name in the file.
    pub span: Span,
}

/// Typed memory of an instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// `snake_case`.
    pub name: String,
    /// Its type.
    pub r#type: Type,
    /// Value at the start of an instance.
    pub initial: Value,
    /// Integers and durations (in milliseconds): the smallest and the largest value, declared or of the type.
    pub bounds: Option<(i128, i128)>,
    /// One sentence; may be empty.
    pub summary: String,
    /// Its name in the file.
    pub span: Span,
}

/// A named, typed field of an event, or argument of a condition or action.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// `snake_case`.
    pub name: String,
    /// Its type.
    pub r#type: Type,
    /// Its name in the file.
    pub span: Span,
}

/// A question to the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// `snake_case`.
    pub name: String,
    /// Of the answer.
    pub r#type: Type,
    /// In the order of declaration.
    pub arguments: Vec<Field>,
    /// One sentence.
    pub summary: String,
    /// Its name in the file.
    pub span: Span,
}

/// An input of the automaton that is not a timer.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `snake_case`, or the text of an observation without its key: `contact_status leaves CONNECTED`.
    pub name: String,
    /// Declared, or made from another automaton's change of state.
    pub kind: EventKind,
    /// In the order of declaration. A keyed observation has one, `key`.
    pub fields: Vec<Field>,
    /// One sentence; may be empty.
    pub summary: String,
    /// Its name in the file (of an observation: its first mention).
    pub span: Span,
}

/// Where an event comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// Under `events:`.
    Declared {
        /// Who sends it. Empty: it is only raised.
        from: Vec<Partner>,
        /// Makes the instance if its key has none.
        starts: bool,
    },
    /// `X enters S`, `X leaves S`.
    Observation {
        /// X; may be this automaton.
        automaton: AutomatonId,
        /// Enters or leaves.
        change: Change,
        /// S, a state of X; not its root.
        state: StateId,
    },
}

/// What an observation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// The state, or one inside it, becomes active.
    Enters,
    /// It is no longer active.
    Leaves,
}

/// The other end of an event or action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Partner {
    /// A part of the program.
    Part(PartId),
    /// An automaton.
    Automaton(AutomatonId),
}

/// A request to the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// `snake_case`.
    pub name: String,
    /// The part that performs it.
    pub by: PartId,
    /// In the order of declaration.
    pub arguments: Vec<Field>,
    /// One sentence; may be empty.
    pub summary: String,
    /// Its name in the file.
    pub span: Span,
}

/// A state, simple or composite.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// `UPPER_SNAKE`, unique in the automaton; empty for the root.
    pub name: String,
    /// One sentence; may be empty.
    pub summary: String,
    /// None for the root only.
    pub parent: Option<StateId>,
    /// In the order of the file; empty for a leaf.
    pub children: Vec<StateId>,
    /// The state inside it, child or further down, entered by default. A composite may lack it if nothing needs it.
    pub initial: Option<StateId>,
    /// What happens on entering.
    pub entry: Effects,
    /// What happens on leaving.
    pub exit: Effects,
    /// In the order of asking: `on`, then `defer`, then `ignore`.
    pub handlers: Vec<Handler>,
    /// `ignore: { others: reason }`: an event that nobody from the active leaf to the root answers is ignored, and why.
    pub ignores_others: Option<String>,
    /// `after` before `every`, each in the order of the file.
    pub timers: Vec<TimerId>,
    /// Checked after each transition.
    pub always: Vec<TransitionId>,
    /// What is remembered when it is left.
    pub history: History,
    /// Entering it ends the instance. A child of the root, and a leaf.
    pub is_final: bool,
    /// Its name in the file (the automaton's for the root).
    pub span: Span,
}

/// What a composite state remembers when it is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum History {
    /// Nothing.
    #[default]
    None,
    /// The direct child.
    Shallow,
    /// The leaf.
    Deep,
}

/// What a state says about one event.
#[derive(Clone, Debug, PartialEq)]
pub struct Handler {
    /// The event.
    pub event: EventId,
    /// Of a keyed observation `X[expr]`: it answers only if the event's key equals this. `None` for `[any]` and all
    /// other events.
    pub key: Option<Expression>,
    /// What it says.
    pub response: Response,
    /// Its key in the file.
    pub span: Span,
}

/// The answer of a state to an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// `on`: the first whose guard holds.
    Cases(Vec<TransitionId>),
    /// `defer`: keeps at most this many.
    Defer {
        /// Kept copies of this event, at most.
        limit: u32,
    },
    /// `ignore`.
    Ignore {
        /// The author's reason; empty if the list form was used.
        reason: String,
    },
}

/// One case of a reaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The state in which it is written.
    pub state: StateId,
    /// What it reacts to.
    pub trigger: Trigger,
    /// Of type `bool`; `None`: always.
    pub guard: Option<Expression>,
    /// Its own part.
    pub effects: Effects,
    /// Where it leads.
    pub reaction: Reaction,
    /// One sentence; may be empty.
    pub summary: String,
    /// The whole case in the file.
    pub span: Span,
}

/// What a transition reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// An event, declared or observed.
    Event(EventId),
    /// A timer.
    Timer(TimerId),
    /// `always`.
    Always,
}

/// Where a transition leads.
#[derive(Clone, Debug, PartialEq)]
pub enum Reaction {
    /// No `to`: nothing is left or entered.
    Internal {
        /// The author said `stay` (and why; may be empty).
        stay: Option<String>,
    },
    /// `to`.
    To(Target),
    /// `ignore: reason` as a case.
    Ignore {
        /// The author's reason.
        reason: String,
    },
}

/// The target of a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A state; a composite is entered through `initial`.
    State(StateId),
    /// `S.history`.
    History(StateId),
}

impl Target {
    /// S of `S` and of `S.history`.
    #[must_use]
    pub const fn state(self) -> StateId {
        match self {
            Target::State(state) | Target::History(state) => state,
        }
    }
}

/// What a part of a step does, in this order. Each effect sees what those before it did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects(pub Vec<Effect>);

/// One thing that a part of a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A variable gets a value.
    Assign(Assignment),
    /// An action of the host.
    Act(ActionCall),
    /// An event for another automaton.
    Send(Send),
    /// A new instance.
    Start(Start),
    /// An event for itself.
    Raise(Raise),
    /// A timer starts again, with its length read again.
    Restart(Restart),
}

impl Effects {
    /// Nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order in which they happen.
    pub fn iter(&self) -> std::slice::Iter<'_, Effect> {
        self.0.iter()
    }

    /// Its assignments, in order.
    pub fn assignments(&self) -> impl Iterator<Item = &Assignment> {
        self.iter().filter_map(|effect| if let Effect::Assign(assignment) = effect { Some(assignment) } else { None })
    }

    /// Its calls of actions, in order.
    pub fn actions(&self) -> impl Iterator<Item = &ActionCall> {
        self.iter().filter_map(|effect| if let Effect::Act(call) = effect { Some(call) } else { None })
    }

    /// Its events for other automata, in order.
    pub fn sends(&self) -> impl Iterator<Item = &Send> {
        self.iter().filter_map(|effect| if let Effect::Send(send) = effect { Some(send) } else { None })
    }

    /// Its new instances, in order.
    pub fn starts(&self) -> impl Iterator<Item = &Start> {
        self.iter().filter_map(|effect| if let Effect::Start(start) = effect { Some(start) } else { None })
    }

    /// Its events for itself, in order.
    pub fn raises(&self) -> impl Iterator<Item = &Raise> {
        self.iter().filter_map(|effect| if let Effect::Raise(raise) = effect { Some(raise) } else { None })
    }
}

impl<'a> IntoIterator for &'a Effects {
    type Item = &'a Effect;
    type IntoIter = std::slice::Iter<'a, Effect>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Effect {
    /// Its place in the file.
    #[must_use]
    pub const fn span(&self) -> Span {
        match self {
            Self::Assign(assignment) => assignment.span,
            Self::Act(call) => call.span,
            Self::Send(send) => send.span,
            Self::Start(start) => start.span,
            Self::Raise(raise) => raise.span,
            Self::Restart(restart) => restart.span,
        }
    }
}

/// A timer that starts again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Restart {
    /// Of the state in which this is written, or of one around it.
    pub timer: TimerId,
    /// In the file.
    pub span: Span,
}

/// `variable = value`; `variable += value` is resolved to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// What is set.
    pub variable: VariableId,
    /// To what.
    pub value: Expression,
    /// In the file.
    pub span: Span,
}

/// A call of an action.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionCall {
    /// The action.
    pub action: ActionId,
    /// One for each argument, in the order of declaration.
    pub arguments: Vec<Expression>,
    /// In the file.
    pub span: Span,
}

/// An event for another automaton.
#[derive(Clone, Debug, PartialEq)]
pub struct Send {
    /// The receiver.
    pub to: Recipient,
    /// An event of the receiver; a declared one.
    pub event: EventId,
    /// One for each field, in the order of declaration.
    pub arguments: Vec<Expression>,
    /// In the file.
    pub span: Span,
}

/// Who gets a send, or is looked at by `in`.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipient {
    /// The automaton.
    pub automaton: AutomatonId,
    /// Which of its instances.
    pub instances: Instances,
}

/// Which instances.
#[derive(Clone, Debug, PartialEq)]
pub enum Instances {
    /// The only one.
    One,
    /// The one with this key.
    Keyed(Box<Expression>),
    /// All that exist.
    All,
}

/// A new instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// Of which automaton.
    pub automaton: AutomatonId,
    /// Its key; `None` if the automaton has one instance.
    pub key: Option<Expression>,
    /// Parameters that differ from their defaults, in the order of declaration.
    pub parameters: Vec<(ParameterId, Expression)>,
    /// In the file.
    pub span: Span,
}

/// An event for itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Raise {
    /// A declared event of this automaton.
    pub event: EventId,
    /// One for each field, in the order of declaration.
    pub arguments: Vec<Expression>,
    /// In the file.
    pub span: Span,
}

/// A timer of a state.
#[derive(Clone, Debug, PartialEq)]
pub struct Timer {
    /// The state that it belongs to.
    pub state: StateId,
    /// Once or again and again.
    pub kind: TimerKind,
    /// How long it runs: a duration, read whenever it starts.
    pub length: Expression,
    /// The length as it is written: `silence`, `5s`, `backoff * 2`. Unique among the timers of its state.
    pub name: String,
    /// The first whose guard holds.
    pub cases: Vec<TransitionId>,
    /// Its key in the file.
    pub span: Span,
}

/// Once, or again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimerKind {
    /// `after`.
    After,
    /// `every`.
    Every,
}

/// What must hold. Checked after every delivery (`docs/SEMANTICS.md`, section 6).
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// `snake_case`.
    pub name: String,
    /// How it is meant.
    pub kind: PropertyKind,
    /// Of type `bool`, over variables, parameters, `X in S`, and the states of this automaton (`self in S`).
    pub expression: Expression,
    /// One sentence; may be empty.
    pub summary: String,
    /// In the file.
    pub span: Span,
}

impl Property {
    /// Whether a single moment can violate it. `eventually` is about whole runs.
    #[must_use]
    pub fn is_looked_at(&self) -> bool {
        self.kind != PropertyKind::Eventually
    }
}

/// How a property is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PropertyKind {
    /// In every reachable situation.
    Always,
    /// In none.
    Never,
    /// On every run, at some time, again and again.
    Eventually,
}

/// A typed expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// Its type. Integer literals have the type that their place gave them.
    pub r#type: Type,
    /// In the file.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpressionKind {
    /// A constant.
    Literal(Value),
    /// A variable.
    Variable(VariableId),
    /// A parameter.
    Parameter(ParameterId),
    /// A field of the event at hand, by its place in [`Event::fields`].
    Field(u32),
    /// `key`: the key of this instance.
    Key,
    /// A question to the host.
    Condition(ConditionId, Vec<Expression>),
    /// `not a`.
    Not(Box<Expression>),
    /// `-a`, of an integer.
    Negate(Box<Expression>),
    /// `a op b`.
    Binary(BinaryOperator, Box<Expression>, Box<Expression>),
    /// `min(a, b)`, `max(a, b)`.
    Extreme(Extreme, Box<Expression>, Box<Expression>),
    /// A value of an optional type that is certainly not `none` here, as a value of that type without its `?`.
    Present(Box<Expression>),
    /// `X in S`, `X[key] in S`, `any X in S`, `all X in S`, `no X in S`.
    InState {
        /// Which instances are looked at.
        who: Observed,
        /// The automaton.
        automaton: AutomatonId,
        /// A state of it, simple or composite; not its root.
        state: StateId,
    },
}

/// Which instances `in` looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum Observed {
    /// The only one.
    One,
    /// The one with this key.
    Keyed(Box<Expression>),
    /// `any`: at least one.
    Any,
    /// `all`: every existing one.
    All,
    /// `no`: none.
    No,
    /// This instance itself (only in properties).
    Itself,
}

/// The smaller or the larger of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extreme {
    /// `min`.
    Min,
    /// `max`.
    Max,
}

impl Extreme {
    /// As written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Max => "max",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Min, Self::Max].into_iter().find(|extreme| extreme.name() == name)
    }
}

/// Operators with two sides.
#[allow(missing_docs, reason = "each is what it is called")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    Or,
    And,
    /// `a ?? b`: a, or b where a is `none`.
    Coalesce,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl BinaryOperator {
    /// `==`, `<` and their relatives.
    #[must_use]
    pub const fn compares(self) -> bool {
        matches!(
            self,
            Self::Equal | Self::NotEqual | Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual
        )
    }

    /// As written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Coalesce => "??",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

impl Automaton {
    /// The state of that name.
    #[must_use]
    pub fn state(&self, name: &str) -> Option<StateId> {
        self.state_ids().find(|&id| id != StateId::ROOT && self.states[id].name == name)
    }

    /// All states, the root first.
    pub fn state_ids(&self) -> impl Iterator<Item = StateId> + use<> {
        (0..self.states.len() as u32).map(StateId)
    }

    /// The states that can be the current one: those without children (the root itself if it has none).
    pub fn leaves(&self) -> impl Iterator<Item = StateId> + '_ {
        self.state_ids().filter(|&id| self.states[id].children.is_empty())
    }

    /// `state`, its parent, and so on to the root.
    pub fn outwards(&self, state: StateId) -> impl Iterator<Item = StateId> + '_ {
        std::iter::successors(Some(state), |&at| self.states[at].parent)
    }

    /// Whether `state` is `region` or inside it.
    #[must_use]
    pub fn is_in(&self, state: StateId, region: StateId) -> bool {
        self.outwards(state).any(|at| at == region)
    }

    /// The text by which records name a timer: `after name in STATE`.
    #[must_use]
    pub fn timer_label(&self, timer: TimerId) -> String {
        let timer = &self.timers[timer];
        let kind = match timer.kind {
            TimerKind::After => "after",
            TimerKind::Every => "every",
        };
        let state = &self.states[timer.state].name;
        if state.is_empty() { format!("{kind} {}", timer.name) } else { format!("{kind} {} in {state}", timer.name) }
    }

    /// The state below which everything active is left when a transition written in `source` goes to `target`
    /// (`docs/SEMANTICS.md`, section 3).
    #[must_use]
    pub fn scope(&self, source: StateId, target: Target) -> StateId {
        let state = target.state();
        if state != source && self.is_in(state, source) {
            return source;
        }
        let mut scope = self.states[state].parent.unwrap_or(StateId::ROOT);
        while !self.is_in(source, scope) {
            scope = self.states[scope].parent.unwrap_or(StateId::ROOT);
        }
        scope
    }

    /// The states left, from the inside out, when `leaf` is current and everything below `scope` is left.
    #[must_use]
    pub fn exits(&self, leaf: StateId, scope: StateId) -> Vec<StateId> {
        self.outwards(leaf).take_while(|&state| state != scope).collect()
    }

    /// The states entered, from the outside in, from below `scope` to `state`.
    #[must_use]
    pub fn entries(&self, scope: StateId, state: StateId) -> Vec<StateId> {
        let mut path = self.exits(state, scope);
        path.reverse();
        path
    }

    /// The states entered below `state` through `initial`, from the outside in; the last is a leaf. An `initial` that
    /// names a state further down enters those on the way to it.
    #[must_use]
    pub fn default_entries(&self, state: StateId) -> Vec<StateId> {
        let mut path = Vec::new();
        let mut at = state;
        while let Some(initial) = self.states[at].initial {
            path.extend(self.entries(at, initial));
            at = initial;
        }
        path
    }
}
