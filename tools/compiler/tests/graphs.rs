//! The graphs of states and of the system: what leads where, what goes round, and in which order.

use automata_compiler::analyse;
use automata_compiler::graph::{LinkKind, StateGraph, SystemGraph};
use automata_compiler::model::{Partner, StateId, System};
use automata_compiler::selection::answers;
use automata_compiler::source::{Source, Sources};
use petgraph::visit::EdgeRef;

fn system(files: &[(&str, &str)]) -> System {
    let types = ("types.yaml", "keys: { guest: u64 }\ntypes: {}\n");
    let parts = ("parts.yaml", "parts: { node: The program., host: The house. }\n");
    let files = files.iter().chain([&types, &parts]);
    let files = files.map(|(path, text)| Source { path: (*path).to_owned(), text: (*text).to_owned() });
    let analysis = analyse(&Sources::new(files.collect()));
    analysis.system.unwrap_or_else(|| panic!("{:?}", analysis.findings))
}

const DOOR: &str = "
automaton: door
summary: Opens for guests, and goes round in one corner.
events:
  knock: { from: [node, guest] }
  ring: { from: node }
actions: { light: { by: host } }
initial: SHUT
states:
  SHUT: { on: { knock: OPEN, ring: TURNING } }
  OPEN:
    history: shallow
    initial: AJAR
    on: { ring: TURNING.history, knock: CORNER }
    states:
      AJAR: { on: { ring: WIDE } }
      WIDE: { entry: [light] }
  TURNING:
    history: deep
    initial: LEFT
    states:
      LEFT: { on: { ring: RIGHT } }
      RIGHT: { on: { ring: LEFT, knock: CORNER } }
  CORNER: { on: { knock: OPEN.history } }
  CELLAR:
    initial: DARK
    on: { knock: SHUT }
    states:
      DARK: {}
      LIGHT: {}
";

const GUEST: &str = "
automaton: guest
summary: Knocks, and looks.
instances: per guest
events: { come: { from: node, starts: true } }
initial: OUTSIDE
states:
  OUTSIDE: { on: { come: { send: door.knock, start: cat, to: INSIDE } } }
  INSIDE:
    on:
      door leaves OPEN: OUTSIDE
      come: [{ if: door in SHUT, to: GONE }, { to: OUTSIDE }]
  GONE: final
";

const CAT: &str = "
automaton: cat
summary: Sleeps.
initial: ASLEEP
states: { ASLEEP: final }
";

fn state_graph(system: &System, name: &str) -> (StateGraph, impl Fn(&str) -> StateId) {
    let automaton = &system.automata[system.automaton(name).expect("it is there")];
    let graph = StateGraph::new(automaton, &answers(system, automaton));
    (graph, |state: &str| automaton.state(state).unwrap_or_else(|| panic!("no {state}")))
}

#[test]
fn what_can_be_reached_is_what_is_led_to() {
    let system = system(&[("door.yaml", DOOR), ("guest.yaml", GUEST), ("cat.yaml", CAT)]);
    let (graph, state) = state_graph(&system, "door");
    for name in ["SHUT", "OPEN", "AJAR", "WIDE", "TURNING", "LEFT", "RIGHT", "CORNER"] {
        assert!(graph.is_reachable(state(name)), "{name}");
    }
    for name in ["CELLAR", "DARK", "LIGHT"] {
        assert!(!graph.is_reachable(state(name)), "{name}");
    }
    assert!(graph.can_be_left(state("WIDE")));
    assert!(graph.can_be_left(state("RIGHT")));
    let (guest, state) = state_graph(&system, "guest");
    assert!(guest.is_reachable(state("GONE")) && !guest.can_be_left(state("GONE")));
}

#[test]
fn history_leads_where_something_was_active_before() {
    let text = "
automaton: door
summary: Comes back.
events: { knock: { from: node }, ring: { from: node } }
initial: SHUT
states:
  SHUT: { on: { knock: OPEN.history, ring: WIDE } }
  OPEN:
    history: deep
    initial: AJAR
    on: { knock: SHUT }
    states: { AJAR: {}, WIDE: {}, NEVER: {} }
";
    let system = system(&[("door.yaml", text)]);
    let (graph, state) = state_graph(&system, "door");
    assert!(graph.is_reachable(state("WIDE")) && !graph.is_reachable(state("NEVER")));
    let node = |name: &str| graph.graph.node_indices().find(|&node| graph.graph[node] == state(name)).expect("a leaf");
    let by_history: Vec<StateId> = graph
        .graph
        .edges(node("SHUT"))
        .filter(|edge| edge.weight().remembered.is_some())
        .map(|edge| graph.graph[edge.target()])
        .collect();
    assert_eq!(by_history.len(), 3, "each leaf might be remembered");
}

#[test]
fn groups_come_before_those_that_they_lead_to() {
    let system = system(&[("door.yaml", DOOR), ("guest.yaml", GUEST), ("cat.yaml", CAT)]);
    let (graph, state) = state_graph(&system, "door");
    let order = graph.order();
    assert_eq!(order[0], [state("SHUT")]);
    let rest: Vec<StateId> = ["AJAR", "WIDE", "LEFT", "RIGHT", "CORNER"].map(&state).into();
    assert_eq!(order[1..], *std::slice::from_ref(&rest), "they lead into one another, and the cellar is not reached");
    assert!(graph.cycles().contains(&rest));
}

#[test]
fn the_system_shows_who_tells_whom() {
    let system = system(&[("door.yaml", DOOR), ("guest.yaml", GUEST), ("cat.yaml", CAT)]);
    let graph = SystemGraph::new(&system);
    let name = |partner: Partner| match partner {
        Partner::Automaton(id) => system.automata[id].name.as_str(),
        Partner::Part(id) => system.parts[id].name.as_str(),
    };
    let mut links: Vec<String> = graph
        .graph
        .edge_references()
        .map(|edge| {
            let (from, to) = (name(graph.graph[edge.source()]), name(graph.graph[edge.target()]));
            format!("{from} → {to} {:?} {}", edge.weight().kind, edge.weight().names.join(", "))
        })
        .collect();
    links.sort();
    let expected = [
        "door → guest Observe leaves OPEN, in SHUT",
        "door → host Action light",
        "guest → cat Start ",
        "guest → door Send knock",
        "node → door Event knock, ring",
        "node → guest Event come",
    ];
    assert_eq!(links, expected);
    let starts = graph.graph.edge_references().filter(|edge| edge.weight().kind == LinkKind::Start).count();
    assert_eq!(starts, 1);
    let groups: Vec<Vec<&str>> = graph.order().iter().map(|group| group.iter().map(|&of| name(of)).collect()).collect();
    let place = |of: &str| groups.iter().position(|group| group.contains(&of)).expect("all are there");
    assert_eq!(place("door"), place("guest"), "they tell one another");
    assert!(place("node") < place("door") && place("door") < place("host") && place("guest") < place("cat"));
    assert_eq!(graph.cycles().len(), 1);
}
