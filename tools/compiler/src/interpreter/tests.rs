//! What the interpreter does with bad input, and the smallest run; what the language means is tested in
//! `tests/cases/accept`.

use automata_runtime::record::{Outcome, Record};

use super::*;
use crate::model::{
    Action, ActionCall, ActionId, Assignment, Automaton, BinaryOperator, Condition, ConditionId, Effect, Effects,
    EventKind, Expression, ExpressionKind, Field, Handler, History, IntegerType, PartId, Partner, Reaction, Response,
    State, StateId, Target, Transition, TransitionId, Trigger, Variable, VariableId,
};
use crate::source::Span;

/// Answers what it was told, and keeps the records.
#[derive(Default)]
struct Recorder {
    answer: Option<Value>,
    records: Vec<Record>,
}

impl Host for Recorder {
    fn answer(&mut self, _: &ConditionAsked<'_>) -> Option<Value> {
        self.answer.clone()
    }

    fn delivered(&mut self, system: &System, delivery: &Delivery) {
        self.records.push(delivery.record(system));
    }
}

fn span() -> Span {
    Span::default()
}

fn expression(kind: ExpressionKind, of: Type) -> Expression {
    Expression { kind, r#type: of, span: span() }
}

fn state(name: &str, parent: Option<StateId>) -> State {
    State {
        name: name.to_owned(),
        summary: String::new(),
        parent,
        children: Vec::new(),
        initial: None,
        entry: Effects::default(),
        exit: Effects::default(),
        handlers: Vec::new(),
        ignores_others: None,
        timers: Vec::new(),
        always: Vec::new(),
        history: History::None,
        is_final: false,
        span: span(),
    }
}

/// One automaton of two states: `go(by: u8)` leads from A to B if the condition `may` says so, adds `by` to `count`,
/// and calls `leave` (exit of A), `go` and `arrive` (entry of B).
fn system() -> Arc<System> {
    let u8_type = Type::integer(IntegerType::U8);
    let name = |name: &str| name.to_owned();
    let call = |index| ActionCall { action: ActionId(index), arguments: Vec::new(), span: span() };
    let does = |index| Effects(vec![Effect::Act(call(index))]);
    let action = |name: &str| Action {
        name: name.to_owned(),
        by: PartId(0),
        arguments: Vec::new(),
        summary: String::new(),
        span: span(),
    };
    let sum = expression(
        ExpressionKind::Binary(
            BinaryOperator::Add,
            Box::new(expression(ExpressionKind::Variable(VariableId(0)), u8_type)),
            Box::new(expression(ExpressionKind::Field(0), u8_type)),
        ),
        u8_type,
    );
    let mut root = state("", None);
    (root.children, root.initial) = (vec![StateId(1), StateId(2)], Some(StateId(1)));
    let mut a = state("A", Some(StateId::ROOT));
    a.exit = does(0);
    let response = Response::Cases(vec![TransitionId(0)]);
    a.handlers = vec![Handler { event: EventId(0), key: None, response, span: span() }];
    let mut b = state("B", Some(StateId::ROOT));
    b.entry = does(2);
    let transition = Transition {
        state: StateId(1),
        trigger: Trigger::Event(EventId(0)),
        guard: Some(expression(ExpressionKind::Condition(ConditionId(0), Vec::new()), Type::BOOL)),
        effects: Effects(vec![
            Effect::Assign(Assignment { variable: VariableId(0), value: sum, span: span() }),
            Effect::Act(call(1)),
        ]),
        reaction: Reaction::To(Target::State(StateId(2))),
        summary: String::new(),
        span: span(),
    };
    let automaton = Automaton {
        name: name("machine"),
        summary: String::new(),
        doc: String::new(),
        key: None,
        parameters: Vec::new(),
        variables: vec![Variable {
            name: name("count"),
            r#type: u8_type,
            initial: crate::model::Value::Integer(3),
            bounds: Some((0, 10)),
            summary: String::new(),
            span: span(),
        }],
        conditions: vec![Condition {
            name: name("may"),
            r#type: Type::BOOL,
            arguments: Vec::new(),
            summary: String::new(),
            span: span(),
        }],
        events: vec![Event {
            name: name("go"),
            kind: EventKind::Declared { from: vec![Partner::Part(PartId(0))], starts: false },
            fields: vec![Field { name: name("by"), r#type: u8_type, span: span() }],
            summary: String::new(),
            span: span(),
        }],
        actions: vec![action("leave"), action("go"), action("arrive")],
        states: vec![root, a, b],
        transitions: vec![transition],
        timers: Vec::new(),
        properties: Vec::new(),
        span: span(),
    };
    Arc::new(System { automata: vec![automaton], ..System::default() })
}

fn go(interpreter: &mut Interpreter, by: i128, host: &mut Recorder) -> Result<(), Error> {
    let address = interpreter.address("machine")?;
    interpreter.deliver(address, EventId(0), vec![Value::Integer(by)], host)
}

#[test]
fn exit_then_action_then_entry_and_a_count_that_stays_at_its_bound() {
    let mut interpreter = Interpreter::new(system());
    let mut host = Recorder { answer: Some(Value::Bool(true)), ..Recorder::default() };
    interpreter.start(&mut host).expect("nothing is asked");
    go(&mut interpreter, 200, &mut host).expect("`may` is answered");
    go(&mut interpreter, 1, &mut host).expect("B has no use for it");
    let outcomes: Vec<Outcome> = host.records.iter().map(|record| record.outcome).collect();
    assert_eq!(outcomes, [Outcome::Started, Outcome::Taken, Outcome::Unexpected]);
    let taken = serde_json::to_string(&host.records[1]).expect("records are JSON");
    assert_eq!(
        taken,
        r#"{"sequence":1,"at_ms":0,"instance":"machine","event":"go","fields":{"by":200},"outcome":"taken","before":"A","after":"B","conditions":[{"ask":"may","answer":true}],"variables":{"count":[3,10]},"actions":[{"action":"leave"},{"action":"go"},{"action":"arrive"}]}"#
    );
}

#[test]
fn an_unanswered_condition_is_named_and_only_a_copy_goes_on() {
    let mut interpreter = Interpreter::new(system());
    let mut host = Recorder::default();
    interpreter.start(&mut host).expect("nothing is asked");
    let mut copy = interpreter.clone();
    let error = go(&mut interpreter, 1, &mut host).expect_err("`may` is not answered");
    assert_eq!(error.to_string(), "machine asks for the condition `may`, which has no answer; expected true or false");
    assert_eq!(go(&mut interpreter, 1, &mut host), Err(Error::Broken));
    host.answer = Some(Value::Integer(1));
    let error = go(&mut copy.clone(), 1, &mut host).expect_err("`may` is a bool");
    assert!(matches!(error, Error::WrongType { .. }), "{error}");
    host.answer = Some(Value::Bool(false));
    go(&mut copy, 1, &mut host).expect("answered");
    assert_eq!(host.records.last().map(|record| record.outcome), Some(Outcome::Unexpected));
}

#[test]
fn bad_input_is_refused_with_what_to_do() {
    let mut interpreter = Interpreter::new(system());
    let mut host = Recorder::default();
    let said = |error: Error| error.to_string();
    assert_eq!(
        interpreter.address("machin").map_err(said),
        Err("there is no automaton named `machin`; did you mean `machine`? (there are: machine)".to_owned())
    );
    assert_eq!(
        interpreter.address("machine[1]").map_err(said),
        Err("`machine` does not name an instance: there is only one machine; write `machine`".to_owned())
    );
    let address = interpreter.address("machine").expect("declared");
    assert_eq!(
        interpreter.event(address.automaton, "goo").map_err(said),
        Err("there is no event of machine named `goo`; did you mean `go`? (there are: go)".to_owned())
    );
    let system = Arc::clone(interpreter.system());
    let read = |text: &str| {
        let fields: Map<String, Json> = serde_json::from_str(text).expect("an object");
        interpreter.fields(&system.automata[0].events[0], &fields).map_err(said)
    };
    assert_eq!(read("{}"), Err("field by of event go is missing; expected a whole number from 0 to 255".to_owned()));
    assert_eq!(
        read(r#"{"by": 256}"#),
        Err("field by of event go: expected a whole number from 0 to 255, got 256".to_owned())
    );
    assert_eq!(
        read(r#"{"by": 1, "bye": 1}"#),
        Err("there is no field of event go named `bye`; did you mean `by`? (there are: by)".to_owned())
    );
    assert_eq!(read(r#"{"by": 7}"#), Ok(vec![Value::Integer(7)]));
    interpreter.advance(10, &mut host).expect("forwards");
    assert_eq!(interpreter.advance(9, &mut host), Err(Error::TimeBackwards { now_ms: 10, given_ms: 9 }));
    let missing = interpreter.deliver(address, EventId(0), Vec::new(), &mut host);
    assert!(matches!(missing, Err(Error::Missing { .. })), "{missing:?}");
}

#[test]
fn what_was_kept_in_a_snapshot_comes_back_without_running_anything() {
    let mut interpreter = Interpreter::new(system());
    let mut host = Recorder { answer: Some(Value::Bool(true)), ..Recorder::default() };
    interpreter.start(&mut host).expect("nothing is asked");
    let address = interpreter.address("machine").expect("declared");
    let before = interpreter.instance(&address).expect("started").snapshot();
    go(&mut interpreter, 1, &mut host).expect("answered");
    assert_ne!(interpreter.instance(&address).expect("exists").snapshot(), before);
    let records = host.records.len();
    interpreter.restore(before.clone()).expect("of this automaton");
    assert_eq!(interpreter.instance(&address).expect("exists").snapshot(), before);
    assert_eq!(host.records.len(), records);
    let not_a_leaf = interpreter.situation(address, StateId::ROOT, before.variables, &[]);
    assert!(interpreter.restore(not_a_leaf).is_err());
}
