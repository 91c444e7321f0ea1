//! The rules of typing, one test for each; texts go in as they stand in a file, findings come out as code and message.

use std::collections::BTreeSet;

use super::*;
use crate::model::{
    Action, Automaton, AutomatonId, BaseType, Change, Condition, Event, EventId, EventKind, ExpressionKind, Field,
    History, Instances, IntegerType, Key, Observed, Parameter, ParameterId, Part, PartId, Partner, State, StateId,
    Target, TypeDefinition, TypeId, TypeKind, Variable,
};
use crate::source::{FileId, Span};

const NODE_ID: BaseType = BaseType::Declared(TypeId(1));
const REASON: BaseType = BaseType::Declared(TypeId(0));
const PASSWORD: BaseType = BaseType::Declared(TypeId(2));

fn plain(base: BaseType) -> Type {
    Type { base, optional: false }
}

fn optional(base: BaseType) -> Type {
    Type { base, optional: true }
}

fn field(name: &str, r#type: Type) -> Field {
    Field { name: name.to_owned(), r#type, span: Span::default() }
}

fn event(name: &str, from: Vec<Partner>, fields: Vec<Field>) -> Event {
    let kind = EventKind::Declared { from, starts: false };
    Event { name: name.to_owned(), kind, fields, summary: String::new(), span: Span::default() }
}

fn state(name: &str, parent: Option<u32>, history: History) -> State {
    State { name: name.to_owned(), parent: parent.map(StateId), history, ..State::default() }
}

fn variable(name: &str, r#type: Type, initial: Value, bounds: Option<(i128, i128)>) -> Variable {
    Variable { name: name.to_owned(), r#type, initial, bounds, summary: String::new(), span: Span::default() }
}

fn automaton(name: &str, key: Option<Type>) -> Automaton {
    Automaton {
        name: name.to_owned(),
        key: key.map(|r#type| Key { name: "peer".to_owned(), r#type }),
        states: vec![
            state("", None, History::None),
            state("IDLE", Some(0), History::None),
            state("CONNECTED", Some(0), History::Deep),
        ],
        ..Automaton::default()
    }
}

fn type_definition(name: &str, variants: &[&str], secret: bool) -> TypeDefinition {
    let kind = match variants {
        [] => TypeKind::Opaque,
        _ => TypeKind::Enum(variants.iter().map(|variant| (*variant).to_owned()).collect()),
    };
    let rust = variants.is_empty().then(|| format!("crate::{name}"));
    TypeDefinition { name: name.to_owned(), summary: String::new(), kind, rust, secret, span: Span::default() }
}

/// `client` (one) stands in the middle; `peer_status` has many instances; `server` has one.
fn system() -> System {
    let u8_type = plain(BaseType::Integer(IntegerType::U8));
    let integer = |of| plain(BaseType::Integer(of));
    let mut client = automaton("client", None);
    client.parameters = vec![parameter("limit", u8_type, Some(Value::Integer(3)))];
    client.variables = vec![
        variable("missed", u8_type, Value::Integer(0), Some((0, 255))),
        variable("tries", u8_type, Value::Integer(0), Some((0, 5))),
        variable("sent", integer(IntegerType::U64), Value::Integer(0), Some(IntegerType::U64.bounds())),
        variable("balance", integer(IntegerType::I16), Value::Integer(0), Some(IntegerType::I16.bounds())),
        variable("ready", Type::BOOL, Value::Bool(false), None),
        variable("pause", Type::DURATION, Value::Duration(0), None),
        variable("best", optional(NODE_ID), Value::None, None),
        variable("maybe", optional(BaseType::Integer(IntegerType::U8)), Value::None, None),
        variable("password", plain(PASSWORD), Value::None, None),
        variable("reason", plain(REASON), Value::Variant(TypeId(0), 0), None),
        variable("name", plain(BaseType::String), Value::String(String::new()), None),
    ];
    client.conditions = vec![
        condition("online", Type::BOOL, vec![]),
        condition("trusted", Type::BOOL, vec![field("peer", plain(NODE_ID))]),
        condition("load", integer(IntegerType::U32), vec![field("since", optional(BaseType::Duration))]),
        condition("check", Type::BOOL, vec![field("password", plain(PASSWORD))]),
    ];
    client.events = vec![
        event("greeting", vec![Partner::Part(PartId(0))], vec![field("peer", plain(NODE_ID)), field("name", u8_type)]),
        event("gave_up", vec![], vec![]),
        event("lost", vec![], vec![field("cause", plain(REASON)), field("note", optional(BaseType::String))]),
    ];
    client.actions = vec![
        action("greet", vec![field("peer", plain(NODE_ID)), field("count", u8_type)]),
        action("hide", vec![field("password", plain(PASSWORD))]),
        action("close", vec![]),
    ];
    let mut peers = automaton("peer_status", Some(plain(NODE_ID)));
    peers.parameters =
        vec![parameter("attempts", u8_type, Some(Value::Integer(3))), parameter("since", Type::DURATION, None)];
    peers.events = vec![event("ping", vec![Partner::Automaton(AutomatonId(0))], vec![field("attempt", u8_type)])];
    let mut server = automaton("server", None);
    server.events = vec![event("stop", vec![Partner::Part(PartId(0))], vec![])];
    System {
        types: vec![
            type_definition("CloseReason", &["Local", "Failed"], false),
            type_definition("NodeId", &[], false),
            type_definition("Password", &[], true),
            type_definition("ServiceResult", &["Started", "Failed"], false),
        ],
        parts: vec![Part { name: "host".to_owned(), summary: String::new(), outside: false, span: Span::default() }],
        automata: vec![client, peers, server],
    }
}

fn parameter(name: &str, r#type: Type, default: Option<Value>) -> Parameter {
    Parameter { name: name.to_owned(), r#type, default, summary: String::new(), span: Span::default() }
}

fn condition(name: &str, r#type: Type, arguments: Vec<Field>) -> Condition {
    Condition { name: name.to_owned(), r#type, arguments, summary: String::new(), span: Span::default() }
}

fn action(name: &str, arguments: Vec<Field>) -> Action {
    Action { name: name.to_owned(), by: PartId(0), arguments, summary: String::new(), span: Span::default() }
}

fn text(of: &str) -> Text {
    Text { text: of.to_owned(), span: Span { file: FileId(0), start: 100, end: 100 + of.len() as u32 }, exact: true }
}

type Rule<T> = fn(&Text, &Environment, &mut Vec<Diagnostic>) -> Option<T>;

/// The result, and the findings as `CODE @start..end message; help`.
fn run_in<T>(rule: Rule<T>, written: &str, event: EventScope, broken: &[&str]) -> (Option<T>, Vec<String>) {
    let system = system();
    let broken: BTreeSet<String> = broken.iter().map(|name| (*name).to_owned()).collect();
    let environment = Environment {
        system: &system,
        automaton: AutomatonId(0),
        event,
        inside_property: false,
        has_guard: true,
        known: &Known::default(),
        broken: &broken,
    };
    let mut findings = Vec::new();
    let result = rule(&text(written), &environment, &mut findings);
    assert_eq!(
        result.is_none(),
        !findings.is_empty() || !broken.is_empty() || event == EventScope::Unknown,
        "{findings:?}"
    );
    let told = findings.into_iter().map(|finding| {
        let help = finding.help.map(|help| format!("; {help}")).unwrap_or_default();
        let (start, end) = (finding.span.start - 100, finding.span.end - 100);
        format!("{} @{start}..{end} {}{help}", finding.code.number, finding.message)
    });
    (result, told.collect())
}

fn run<T>(rule: Rule<T>, written: &str) -> (Option<T>, Vec<String>) {
    run_in(rule, written, EventScope::Event(EventId(0)), &[])
}

#[track_caller]
fn fine<T>(rule: Rule<T>, written: &str) -> T {
    let (result, findings) = run(rule, written);
    result.unwrap_or_else(|| panic!("`{written}`: {findings:?}"))
}

/// One finding, with that code, at the part of the text between the marks.
#[track_caller]
fn refused<T>(rule: Rule<T>, marked: &str, code: &str) -> String {
    let (before, rest) = marked.split_once('‹').expect("the place is marked");
    let (part, after) = rest.split_once('›').expect("the place is marked");
    let (_, findings) = run(rule, &format!("{before}{part}{after}"));
    assert_eq!(findings.len(), 1, "{marked}: {findings:?}");
    let place = format!("{code} @{}..{} ", before.len(), before.len() + part.len());
    assert!(findings[0].starts_with(&place), "{marked}: wanted {place}, found {}", findings[0]);
    findings[0][place.len()..].to_owned()
}

fn shape(of: &Expression) -> String {
    match &of.kind {
        ExpressionKind::Binary(operator, left, right) => {
            format!("({} {} {})", shape(left), operator.symbol(), shape(right))
        }
        ExpressionKind::Not(of) => format!("(not {})", shape(of)),
        ExpressionKind::Negate(of) => format!("(- {})", shape(of)),
        ExpressionKind::Literal(Value::Integer(value)) => value.to_string(),
        ExpressionKind::Literal(value) => format!("{value:?}"),
        ExpressionKind::Variable(id) => system().automata[0].variables[*id].name.clone(),
        other => format!("{other:?}"),
    }
}

#[test]
fn operators_bind_as_the_semantics_say() {
    let shapes = [
        ("ready or ready and not ready", "(ready or (ready and (not ready)))"),
        ("not missed == 1 and ready", "((not (missed == 1)) and ready)"),
        ("missed + 1 * 2 - 3 > tries", "(((missed + 2) - 3) > tries)"),
        ("missed - 1 - tries == 0", "(((missed - 1) - tries) == 0)"),
        ("(missed - (1 - tries)) == 0", "((missed - (1 - tries)) == 0)"),
        ("-balance * 2 < 1", "(((- balance) * 2) < 1)"),
        ("ready == not ready", "(ready == (not ready))"),
    ];
    for (written, wanted) in shapes {
        assert_eq!(shape(&fine(guard, written)), wanted, "{written}");
    }
}

#[test]
fn syntax_errors_point_at_the_token_and_say_what_was_meant() {
    refused(guard, "missed > ‹and› ready", "A0100");
    refused(guard, "ready ‹ready›", "A0100");
    refused(guard, "‹›", "A0100");
    assert!(refused(guard, "ready ‹&&› online", "A0100").contains("write `and`"));
    assert!(refused(guard, "‹!›ready", "A0100").contains("write `not`"));
    assert!(refused(guard, "missed ‹=› 3", "A0100").contains("`==`"));
    assert!(refused(guard, "1 < missed ‹<› 3", "A0100").contains("not chained"));
    assert!(refused(guard, "pause > ‹1.5s›", "A0100").contains("no fractions"));
    assert!(refused(guard, "pause > ‹5sec›", "A0100").contains("no unit `sec`"));
    assert!(refused(guard, "name == ‹\"x›", "A0100").contains("does not end"));
    assert!(refused(guard, "ready ‹ad› online", "A0100").contains("did you mean `and`?"));
    assert!(refused(action_call, "greet(peer‹›", "A0100").contains("a comma ends the value"));
    assert!(refused(assignment, "missed ‹==› 1", "A0100").contains("`=` assigns"));
    assert!(refused(assignment, "missed ‹+›+", "A0100").contains("write `missed += 1`"));
    assert!(refused(assignment, "missed ‹-›-", "A0100").contains("write `missed -= 1`"));
    let comma = "write a list: `[missed = 1, tries = 0]`";
    assert!(refused(assignment, "missed = 1‹,› tries = 0", "A0100").contains(comma));
    assert!(refused(triggers, "server ‹enter› IDLE", "A0100").contains("did you mean `enters`?"));
    refused(target, "CONNECTED.‹hist›", "A0100");
}

#[test]
fn absurd_texts_are_refused_and_not_run_away_with() {
    refused(guard, &format!("{}‹ready›{}", "(".repeat(65), ")".repeat(65)), "A0101");
    let (_, chain) = run(guard, &["ready"; 70].join(" or "));
    assert!(chain[0].starts_with("A0101"), "{chain:?}");
    let (_, nots) = run(guard, &"not ".repeat(900));
    assert!(nots[0].starts_with("A0101"), "{nots:?}");
    let (_, long) = run(guard, &"x".repeat(LONGEST_TEXT_BYTES + 1));
    assert!(long[0].starts_with("A0101"), "{long:?}");
    fine(guard, &format!("{}ready{}", "(".repeat(60), ")".repeat(60)));
    refused(guard, "missed > ‹999999999999999999999999999999999999999999›", "A0100");
}

#[test]
fn inexact_texts_point_at_the_whole() {
    let system = system();
    let broken = BTreeSet::new();
    let environment = Environment {
        system: &system,
        automaton: AutomatonId(0),
        event: EventScope::None,
        inside_property: false,
        has_guard: true,
        known: &Known::default(),
        broken: &broken,
    };
    let mut findings = Vec::new();
    let span = Span { file: FileId(0), start: 7, end: 9 };
    guard(&Text { text: "ready and redy".to_owned(), span, exact: false }, &environment, &mut findings);
    assert_eq!(findings[0].span, span);
}

#[test]
fn names_are_looked_up_in_order() {
    assert!(
        matches!(fine(guard, "name == \"x\"").kind, ExpressionKind::Binary(_, left, _) if left.kind == ExpressionKind::Variable(super::super::model::VariableId(10)))
    );
    assert!(
        matches!(fine(guard, "event.name == 1").kind, ExpressionKind::Binary(_, left, _) if left.kind == ExpressionKind::Field(1))
    );
    assert!(matches!(fine(guard, "online").kind, ExpressionKind::Condition(_, arguments) if arguments.is_empty()));
    assert!(
        matches!(fine(guard, "trusted(peer)").kind, ExpressionKind::Condition(_, arguments) if arguments[0].kind == ExpressionKind::Field(0))
    );
    assert_eq!(refused(guard, "‹redy›", "A0102"), "nothing named `redy` here; did you mean `ready`?");
    refused(guard, "‹CONNECTED›", "A0102");
    refused(guard, "‹trsted›(peer)", "A0102");
    refused(guard, "‹greet›(peer)", "A0102");
    refused(guard, "‹Close›.Failed", "A0102");
}

#[test]
fn fields_are_those_of_the_event_at_hand() {
    assert!(refused(guard, "‹cause› == Local", "A0108").contains("a field of `lost`, not of `greeting`"));
    assert!(refused(guard, "trusted(event.‹per›)", "A0108").contains("did you mean `peer`?"));
    let (_, none) = run_in(guard, "trusted(event.peer)", EventScope::None, &[]);
    assert!(none[0].starts_with("A0108"), "{none:?}");
    let (_, none) = run_in(guard, "trusted(peer)", EventScope::None, &[]);
    assert!(none[0].starts_with("A0108"), "{none:?}");
}

#[test]
fn what_follows_from_a_failed_declaration_is_held_back() {
    assert_eq!(run_in(guard, "contacts_changed and ready", EventScope::Unknown, &[]), (None, vec![]));
    assert_eq!(run_in(guard, "event.x", EventScope::Unknown, &[]), (None, vec![]));
    let at_hand = EventScope::Event(EventId(0));
    assert_eq!(run_in(guard, "wanted and ready", at_hand, &["wanted"]), (None, vec![]));
    assert_eq!(run_in(send, "cellar.open", at_hand, &["cellar"]), (None, vec![]));
    assert_eq!(
        run_in(action_call, "greet(peer)", at_hand, &["greet"]),
        (None, vec![]),
        "its arguments are not all known"
    );
    let (_, findings) = run_in(guard, "wanted and redy", at_hand, &["wanted"]);
    assert_eq!(findings.len(), 1, "a fault of its own is told beside one that is held back: {findings:?}");
}

#[test]
fn all_faults_of_one_text_are_told() {
    let (_, findings) = run(guard, "redy and missed and trusted(pear)");
    let codes: Vec<&str> = findings.iter().map(|finding| &finding[..5]).collect();
    assert_eq!(codes, ["A0102", "A0103", "A0102"]);
}

#[test]
fn integers_meet_in_the_smallest_type_that_holds_both() {
    let type_of = |written: &str| match fine(guard, written).kind {
        ExpressionKind::Binary(_, left, _) => left.r#type,
        other => panic!("{other:?}"),
    };
    assert_eq!(type_of("missed + 1 == 1"), Type::integer(IntegerType::U8));
    assert_eq!(type_of("missed + balance == 1"), Type::integer(IntegerType::I16));
    assert_eq!(type_of("missed + load == 1"), Type::integer(IntegerType::U32));
    assert_eq!(type_of("balance + load == 1"), Type::integer(IntegerType::I64));
    refused(guard, "‹sent + balance› == 1", "A0106");
    refused(guard, "‹sent > balance›", "A0106");
}

#[test]
fn literals_take_the_type_of_the_other_side_and_must_fit() {
    let right = |written: &str| match fine(guard, written).kind {
        ExpressionKind::Binary(_, _, right) => (right.kind, right.r#type),
        other => panic!("{other:?}"),
    };
    let literal = |value| ExpressionKind::Literal(Value::Integer(value));
    assert_eq!(right("sent == 1"), (literal(1), Type::integer(IntegerType::U64)));
    assert_eq!(right("load > 60 * 60"), (literal(3600), Type::integer(IntegerType::U32)));
    assert_eq!(right("maybe == 7"), (literal(7), Type::integer(IntegerType::U8)));
    refused(guard, "missed == ‹256›", "A0107");
    refused(guard, "missed > ‹-1›", "A0107");
    refused(guard, "‹300› > missed", "A0107");
    refused(guard, "sent == ‹99999999999999999999999999›", "A0107");
}

#[test]
fn values_are_compared_only_with_their_like() {
    fine(guard, "best == none and event.peer == best");
    fine(guard, "reason == Failed or reason == CloseReason.Local");
    fine(guard, "Failed == reason");
    refused(guard, "‹reason == missed›", "A0103");
    refused(guard, "peer == ‹none›", "A0103");
    refused(guard, "‹none› == none", "A0103");
    refused(guard, "‹maybe == balance›", "A0103");
    refused(guard, "‹reason› < Failed", "A0105");
    refused(guard, "‹maybe› < 3", "A0105");
    refused(guard, "reason == ‹Faild›", "A0126");
    refused(guard, "CloseReason.‹Gone› == reason", "A0126");
    refused(guard, "‹Failed› == Failed", "A0125");
}

#[test]
fn guards_are_bool_and_operators_take_their_types() {
    refused(guard, "‹missed›", "A0103");
    refused(guard, "not ‹missed›", "A0103");
    refused(guard, "-‹missed› == 1", "A0103");
    refused(guard, "‹name + 1› == 1", "A0103");
    refused(guard, "‹maybe› + 1 == 1", "A0131");
    refused(guard, "missed / ‹0› == 1", "A0127");
    refused(guard, "missed % ‹(2 - 2)› == 1", "A0127");
}

#[test]
fn durations_are_added_and_scaled() {
    fine(guard, "pause + 5s * 2 >= 1min - pause / missed");
    assert!(refused(guard, "‹2 * pause› > 1s", "A0103").contains("write the duration first"));
    assert!(refused(guard, "‹pause + 5› > 1s", "A0103").contains("`5s`"));
    assert!(refused(assignment, "pause = ‹5›", "A0103").contains("`5s`"));
    refused(guard, "‹pause * pause› > 1s", "A0103");
}

#[test]
fn secrets_are_carried_and_nothing_else() {
    fine(action_call, "hide(password)");
    refused(guard, "ready and ‹password› == none", "A0104");
    refused(guard, "check(‹password›)", "A0104");
    refused(assignment, "ready = ‹password == password›", "A0104");
    fine(assignment, "ready = check(password)");
}

#[test]
fn assignments_fit_their_variable() {
    let missed = fine(assignment, "missed += 1");
    assert_eq!(shape(&missed.value), "(missed + 1)");
    assert_eq!(missed.span, Span { file: FileId(0), start: 100, end: 111 });
    fine(assignment, "missed = sent");
    fine(assignment, "maybe = missed");
    fine(assignment, "best = none");
    fine(assignment, "reason = Failed");
    refused(assignment, "tries = ‹6›", "A0107");
    refused(assignment, "missed = ‹-1›", "A0107");
    refused(assignment, "missed = ‹maybe›", "A0131");
    refused(assignment, "maybe = balance + ‹best›", "A0131");
    refused(assignment, "ready = ‹1›", "A0103");
    refused(assignment, "missed = ‹none›", "A0103");
    refused(assignment, "‹ready += 1›", "A0103");
    refused(assignment, "‹limit› = 1", "A0119");
    refused(assignment, "‹online› = true", "A0119");
    refused(assignment, "‹peer› = 1", "A0119");
    assert!(refused(assignment, "‹mised› = 1", "A0118").contains("did you mean `missed`?"));
}

#[test]
fn arguments_are_given_once_each() {
    let call = fine(action_call, "greet(count = 1, peer = peer)");
    assert_eq!(call.arguments[0].kind, ExpressionKind::Field(0), "in the order of declaration");
    fine(action_call, "greet(peer, count = missed)");
    fine(action_call, "close");
    fine(action_call, "close()");
    refused(action_call, "‹greet(peer)›", "A0121");
    refused(action_call, "‹greet›", "A0121");
    refused(action_call, "close(‹peer›)", "A0122");
    refused(action_call, "greet(peer, ‹peer› = peer)", "A0123");
    refused(action_call, "greet(peer = peer, ‹1›)", "A0124");
    refused(action_call, "greet(‹per› = peer, count = 1)", "A0120");
    refused(action_call, "greet(peer, ‹256›)", "A0107");
    refused(action_call, "greet(peer, ‹ready›)", "A0103");
    refused(action_call, "‹gret›(peer, 1)", "A0117");
    refused(guard, "‹trusted›", "A0121");
}

#[test]
fn raises_name_events_and_leave_out_what_may_be_none() {
    let raised = fine(raise, "lost(Local)");
    assert_eq!(raised.arguments[1].kind, ExpressionKind::Literal(Value::None));
    refused(raise, "‹gave_p›", "A0116");
    assert!(refused(raise, "‹close›", "A0116").contains("that is an action"));
}

#[test]
fn sends_name_receiver_key_and_event() {
    let sent = fine(send, "peer_status[peer].ping(attempt = 2)");
    assert!(matches!(sent.to.instances, Instances::Keyed(_)));
    assert!(matches!(fine(send, "peer_status[all].ping(1)").to.instances, Instances::All));
    refused(send, "‹peer_status›.ping(1)", "A0112");
    refused(send, "peer_status[‹any›].ping(1)", "A0110");
    refused(send, "peer_status[‹missed›].ping(1)", "A0103");
    refused(send, "peer_status[peer].‹pong›", "A0116");
    refused(send, "‹peer_status[peer].ping›", "A0121");
    refused(send, "‹peer_staus›[peer].ping(1)", "A0114");
    let (_, both) = run(send, "server[all].stop");
    assert!(both[0].starts_with("A0113 @7..10") && both[1].starts_with("A0129 @12..16"), "{both:?}");
    assert!(refused(send, "server.‹stop›", "A0129").contains("add `client` to its `from`"));
    refused(send, "server‹›", "A0100");
}

#[test]
fn starts_give_parameters_by_name() {
    let started = fine(start, "peer_status[peer](since = 5s)");
    assert_eq!(started.parameters.len(), 1);
    assert_eq!(started.parameters[0].0, ParameterId(1));
    refused(start, "‹peer_status[peer]›", "A0121");
    refused(start, "‹peer_status›(since = 5s)", "A0112");
    refused(start, "peer_status[‹all›](since = 5s)", "A0111");
    refused(start, "peer_status[peer](‹5s›, since = 5s)", "A0124");
    refused(start, "peer_status[peer](since = 5s, ‹atempts› = 1)", "A0120");
    refused(start, "peer_status[peer](since = 5s, ‹since› = 1s)", "A0123");
    refused(start, "peer_status[peer](since = 5s, attempts = ‹300›)", "A0107");
    fine(start, "server");
}

#[test]
fn states_of_others_are_looked_at() {
    let looked = |written: &str| match fine(guard, written).kind {
        ExpressionKind::InState { who, automaton, state } => (who, automaton.0, state.0),
        other => panic!("{other:?}"),
    };
    assert_eq!(looked("server in CONNECTED"), (Observed::One, 2, 2));
    assert_eq!(looked("any peer_status in IDLE"), (Observed::Any, 1, 1));
    assert_eq!(looked("no peer_status in IDLE").0, Observed::No);
    assert!(matches!(looked("peer_status[peer] in IDLE").0, Observed::Keyed(_)));
    fine(guard, "not server in CONNECTED and ready");
    refused(guard, "server in ‹CONECTED›", "A0115");
    refused(guard, "‹servr› in CONNECTED", "A0114");
    refused(guard, "‹peer_status› in CONNECTED", "A0112");
    refused(guard, "peer_status[‹any›] in CONNECTED", "A0110");
    refused(guard, "any ‹server› in CONNECTED", "A0110");
    refused(guard, "any ‹peer_status[peer]› in IDLE", "A0113");
    refused(guard, "‹self in IDLE›", "A0128");
    refused(guard, "‹key› == peer", "A0109");
}

#[test]
fn triggers_are_events_and_observations() {
    let several = fine(triggers, "greeting, lost");
    assert_eq!(several[1].event, TriggerEvent::Declared(EventId(2)));
    assert_eq!(several[1].span, Span { file: FileId(0), start: 110, end: 114 });
    let any = &fine(triggers, "peer_status[any] leaves CONNECTED")[0];
    let event = TriggerEvent::Observation { automaton: AutomatonId(1), change: Change::Leaves, state: StateId(2) };
    assert_eq!((any.event, any.key.clone()), (event, TriggerKey::Any));
    assert_eq!(fine(triggers, "server enters IDLE")[0].key, TriggerKey::None);
    refused(triggers, "‹greetng›", "A0116");
    refused(triggers, "server enters ‹IDEL›", "A0115");
    refused(triggers, "‹peer_status› enters IDLE", "A0112");
    refused(triggers, "peer_status[‹all›] enters IDLE", "A0111");
    refused(triggers, "peer_status[‹peer›] enters IDLE", "A0108");
    refused(triggers, "peer_status[‹best›] enters IDLE", "A0131");
    refused(triggers, "peer_status[any]‹›", "A0100");
    let (_, both) = run(triggers, "greetng, lst");
    assert_eq!(both.len(), 2, "{both:?}");
}

#[test]
fn keys_of_observations_ask_nobody() {
    refused(triggers, "peer_status[‹online›] enters IDLE", "A0128");
    refused(triggers, "peer_status[‹server in IDLE›] enters IDLE", "A0128");
}

#[test]
fn targets_are_states() {
    assert_eq!(fine(target, "stay"), ResolvedTarget::Stay);
    assert_eq!(fine(target, "IDLE"), ResolvedTarget::To(Target::State(StateId(1))));
    assert_eq!(fine(target, "CONNECTED.history"), ResolvedTarget::To(Target::History(StateId(2))));
    refused(target, "‹IDLE›.history", "A0130");
    assert!(refused(target, "‹CONECTED›", "A0115").contains("did you mean `CONNECTED`?"));
}

#[test]
fn properties_see_this_instance_and_ask_nobody() {
    let system = system();
    let broken = BTreeSet::new();
    let environment = Environment {
        system: &system,
        automaton: AutomatonId(0),
        event: EventScope::None,
        inside_property: true,
        has_guard: true,
        known: &Known::default(),
        broken: &broken,
    };
    let mut findings = Vec::new();
    let property = guard(&text("self in IDLE or missed < 3"), &environment, &mut findings);
    assert!(property.is_some() && findings.is_empty(), "{findings:?}");
    assert!(guard(&text("online"), &environment, &mut findings).is_none());
    assert_eq!(findings[0].code.number, "A0128");
}

#[test]
fn constants_of_declarations_have_their_type() {
    let system = system();
    let read = |written: &str, expected: Type, bounds| {
        let mut findings = Vec::new();
        let value = literal(&text(written), expected, bounds, &system, &mut findings);
        value.ok_or_else(|| findings.iter().map(|finding| finding.code.number).collect::<Vec<_>>().join(" "))
    };
    let refused = |code: &str| Err(code.to_owned());
    let integer = plain(BaseType::Integer(IntegerType::U8));
    assert_eq!(read("20s", Type::DURATION, None), Ok(Value::Duration(20_000)));
    assert_eq!(read("true", Type::BOOL, None), Ok(Value::Bool(true)));
    assert_eq!(read("-5", plain(BaseType::Integer(IntegerType::I8)), None), Ok(Value::Integer(-5)));
    assert_eq!(read("2 * 3", integer, None), Ok(Value::Integer(6)));
    assert_eq!(read("two words", plain(BaseType::String), None), Ok(Value::String("two words".to_owned())));
    assert_eq!(read("none", optional(BaseType::String), None), Ok(Value::None));
    assert_eq!(read("none", optional(NODE_ID), None), Ok(Value::None));
    assert_eq!(read("Failed", plain(REASON), None), Ok(Value::Variant(TypeId(0), 1)));
    assert_eq!(read("CloseReason.Local", plain(REASON), None), Ok(Value::Variant(TypeId(0), 0)));
    assert_eq!(read("300", integer, None), refused("A0107"));
    assert_eq!(read("6", integer, Some((0, 5))), refused("A0107"));
    assert_eq!(read("5", Type::DURATION, None), refused("A0103"));
    assert_eq!(read("no", Type::BOOL, None), refused("A0103"));
    assert_eq!(read("none", integer, None), refused("A0103"));
    assert_eq!(read("Gone", plain(REASON), None), refused("A0126"));
    assert_eq!(read("ServiceResult.Failed", plain(REASON), None), refused("A0103"));
    assert_eq!(read("nobody", plain(NODE_ID), None), refused("A0132"));
    assert_eq!(read("ab12", plain(BaseType::Bytes), None), refused("A0132"));
    assert_eq!(read("(", integer, None), refused("A0100"));
}
