//! Reference pages: one of each automaton, and the index.
//!
//! The templates are in `templates/`; their texts are already Markdown.

use askama::Template;
use automata_compiler::invisible::written_out;
use automata_compiler::model::{
    Automaton, AutomatonId, Event, EventKind, ExpressionKind, Field, Partner, PropertyKind, State, StateId, System,
    TypeDefinition, TypeKind, Variable,
};
use automata_compiler::source::Sources;

use crate::outline::activities;
use crate::printer::Printer;
use crate::table::{code, prose, tables};

#[derive(Template)]
#[template(path = "reference.md")]
struct Page {
    name: String,
    summary: String,
    doc: String,
    source: String,
    instances: String,
    sections: Vec<Section>,
    table: String,
}

struct Section {
    title: &'static str,
    lead: String,
    head: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

/// The page of one automaton.
#[must_use]
pub fn automaton(system: &System, sources: &Sources, id: AutomatonId) -> String {
    let automaton = &system.automata[id];
    let printer = Printer::new(system, automaton);
    let author = Author { printer, id };
    let sections = [
        author.parameters(),
        author.variables(),
        author.events(),
        author.conditions(),
        author.actions(),
        author.states(),
        author.timers(),
        author.properties(),
    ];
    let page = Page {
        name: automaton.name.clone(),
        summary: prose(&automaton.summary),
        doc: written_out(automaton.doc.trim()).into_owned(),
        source: sources.get(automaton.span.file).path.clone(),
        instances: instances(system, automaton),
        sections: sections.into_iter().filter(|section| !section.rows.is_empty() || !section.lead.is_empty()).collect(),
        table: tables(&printer).trim_end().to_owned(),
    };
    finished(page.render())
}

#[derive(Template)]
#[template(path = "index.md")]
struct Index {
    automata: Vec<IndexRow>,
    parts: Vec<PartRow>,
    types: Vec<TypeRow>,
}

struct IndexRow {
    name: String,
    summary: String,
    instances: String,
    states: usize,
    events: usize,
}

struct PartRow {
    name: String,
    summary: String,
    sends: String,
    performs: String,
}

struct TypeRow {
    name: String,
    summary: String,
    values: String,
}

/// The index.
#[must_use]
pub fn index(system: &System, _: &Sources) -> String {
    let automata = system.automata.iter().map(|automaton| IndexRow {
        name: automaton.name.clone(),
        summary: or_dash(prose(&automaton.summary)),
        instances: automaton.key.as_ref().map_or("one".to_owned(), |key| format!("per {}", key.name)),
        // As `automata list` counts: what is declared in the file.
        states: automaton.states.len() - 1,
        events: automaton.events.iter().filter(|event| matches!(event.kind, EventKind::Declared { .. })).count(),
    });
    let parts = system.parts.iter().enumerate().map(|(index, part)| {
        let this = Partner::Part(automata_compiler::model::PartId(index as u32));
        PartRow {
            name: part.name.clone(),
            summary: or_dash(prose(&part.summary)),
            sends: per_automaton(system, |automaton| {
                let events = automaton.events.iter();
                let sent = events.filter(|event| senders(event).contains(&this));
                sent.map(|event| event.name.clone()).collect()
            }),
            performs: per_automaton(system, |automaton| {
                let actions = automaton.actions.iter();
                let own = actions.filter(|action| Partner::Part(action.by) == this);
                own.map(|action| action.name.clone()).collect()
            }),
        }
    });
    let types = system.types.iter().map(|definition| TypeRow {
        name: definition.name.clone(),
        summary: or_dash(prose(&definition.summary)),
        values: values(definition),
    });
    finished(Index { automata: automata.collect(), parts: parts.collect(), types: types.collect() }.render())
}

/// With one line feed at the end.
fn finished(page: askama::Result<String>) -> String {
    let mut page = page.expect("the templates only write into a string");
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn per_automaton(system: &System, names: impl Fn(&Automaton) -> Vec<String>) -> String {
    let lines: Vec<_> = system
        .automata
        .iter()
        .filter_map(|automaton| {
            let names: Vec<_> = names(automaton).iter().map(|name| code(name)).collect();
            (!names.is_empty()).then(|| format!("[{0}]({0}.md): {1}", automaton.name, names.join(", ")))
        })
        .collect();
    if lines.is_empty() { "nothing".to_owned() } else { lines.join("<br>") }
}

fn senders(event: &Event) -> &[Partner] {
    match &event.kind {
        EventKind::Declared { from, .. } => from,
        EventKind::Observation { .. } => &[],
    }
}

fn instances(system: &System, automaton: &Automaton) -> String {
    match &automaton.key {
        None => "one, from the start of the system".to_owned(),
        Some(key) => {
            let starting = automaton
                .events
                .iter()
                .filter(|event| matches!(event.kind, EventKind::Declared { starts: true, .. }))
                .map(|event| code(&event.name))
                .collect::<Vec<_>>();
            let starting =
                if starting.is_empty() { String::new() } else { format!(", started by {}", starting.join(" or ")) };
            format!("one per {} ({}){starting}", code(&key.name), code(&system.type_name(key.r#type)))
        }
    }
}

struct Author<'a> {
    printer: Printer<'a>,
    id: AutomatonId,
}

impl<'a> Author<'a> {
    fn automaton(&self) -> &'a Automaton {
        self.printer.automaton
    }

    fn parameters(&self) -> Section {
        let rows = self.automaton().parameters.iter().map(|parameter| {
            let default = parameter.default.as_ref();
            vec![
                code(&parameter.name),
                code(&self.printer.system.type_name(parameter.r#type)),
                default.map_or("given at the start".to_owned(), |value| code(&self.printer.value(value))),
                or_dash(prose(&parameter.summary)),
            ]
        });
        let lead = String::new();
        Section { title: "Parameters", lead, head: &["name", "type", "default", "meaning"], rows: rows.collect() }
    }

    fn variables(&self) -> Section {
        let rows = self.automaton().variables.iter().map(|variable| {
            vec![
                code(&variable.name),
                self.variable_type(variable),
                code(&self.printer.value(&variable.initial)),
                or_dash(prose(&variable.summary)),
            ]
        });
        let lead = String::new();
        Section { title: "Variables", lead, head: &["name", "type", "at first", "meaning"], rows: rows.collect() }
    }

    fn variable_type(&self, variable: &Variable) -> String {
        let name = code(&self.printer.system.type_name(variable.r#type));
        let of_type = match variable.r#type.base {
            automata_compiler::model::BaseType::Integer(integer) => Some(integer.bounds()),
            _ => None,
        };
        match variable.bounds {
            Some((low, high)) if variable.bounds != of_type => format!("{name}, {low} to {high}"),
            _ => name,
        }
    }

    fn events(&self) -> Section {
        let rows = self.automaton().events.iter().enumerate().map(|(index, event)| {
            let id = automata_compiler::model::EventId(index as u32);
            let from = match &event.kind {
                EventKind::Observation { automaton, .. } => {
                    let name = &self.printer.system.automata[*automaton].name;
                    format!("observed of [{name}]({name}.md)")
                }
                EventKind::Declared { from, .. } if from.is_empty() => "itself (raised)".to_owned(),
                EventKind::Declared { from, .. } => {
                    from.iter().map(|&partner| self.partner(partner)).collect::<Vec<_>>().join(", ")
                }
            };
            let starts = if matches!(event.kind, EventKind::Declared { starts: true, .. }) {
                " Starts the instance."
            } else {
                ""
            };
            let meaning = format!("{}{starts}", prose(&event.summary));
            vec![
                code(&self.printer.event(id, None)),
                self.fields(&event.fields),
                from,
                or_dash(meaning.trim().to_owned()),
            ]
        });
        let lead = String::new();
        Section { title: "Events", lead, head: &["event", "fields", "from", "meaning"], rows: rows.collect() }
    }

    fn conditions(&self) -> Section {
        let rows = self.automaton().conditions.iter().map(|condition| {
            vec![
                code(&condition.name),
                self.fields(&condition.arguments),
                code(&self.printer.system.type_name(condition.r#type)),
                or_dash(prose(&condition.summary)),
            ]
        });
        let lead = String::new();
        Section {
            title: "Conditions",
            lead,
            head: &["condition", "arguments", "answer", "meaning"],
            rows: rows.collect(),
        }
    }

    fn actions(&self) -> Section {
        let rows = self.automaton().actions.iter().map(|action| {
            vec![
                code(&action.name),
                self.fields(&action.arguments),
                self.partner(Partner::Part(action.by)),
                or_dash(prose(&action.summary)),
            ]
        });
        let lead = self.tells();
        Section { title: "Actions", lead, head: &["action", "arguments", "by", "meaning"], rows: rows.collect() }
    }

    /// What it sends to other automata, and which it starts.
    fn tells(&self) -> String {
        let mut told: Vec<String> = Vec::new();
        let mut note = |text: String| {
            if !told.contains(&text) {
                told.push(text);
            }
        };
        for effects in self.automaton().all_effects() {
            for send in effects.sends() {
                let receiver = &self.printer.system.automata[send.to.automaton];
                note(format!("sends {} to [{1}]({1}.md)", code(&receiver.events[send.event].name), receiver.name));
            }
            for start in effects.starts() {
                let started = &self.printer.system.automata[start.automaton];
                note(format!("starts [{0}]({0}.md)", started.name));
            }
        }
        if told.is_empty() { String::new() } else { format!("It {}.", told.join(", ")) }
    }

    fn states(&self) -> Section {
        let automaton = self.automaton();
        let rows = automaton.state_ids().filter_map(|id| {
            let lines: Vec<_> = activities(&self.printer, id).iter().map(|line| code(line)).collect();
            if id == StateId::ROOT && lines.is_empty() {
                return None;
            }
            let depth = automaton.outwards(id).count().saturating_sub(2);
            let state = &automaton.states[id];
            let name = if id == StateId::ROOT { "*any state*".to_owned() } else { code(&state.name) };
            Some(vec![
                format!("{}{name}", "&emsp;".repeat(depth)),
                or_dash(self.meaning(state)),
                or_dash(lines.join("<br>")),
            ])
        });
        let lead = String::new();
        Section { title: "States", lead, head: &["state", "meaning", "inside"], rows: rows.collect() }
    }

    fn meaning(&self, state: &State) -> String {
        let mut words = vec![prose(&state.summary)];
        if state.is_final {
            words.push("Final: the instance ends.".to_owned());
        }
        if let Some(initial) = state.initial
            && state.parent.is_some()
        {
            words.push(format!("Begins in {}.", code(&self.automaton().states[initial].name)));
        }
        match state.history {
            automata_compiler::model::History::None => {}
            automata_compiler::model::History::Shallow => words.push("Remembers its child.".to_owned()),
            automata_compiler::model::History::Deep => words.push("Remembers the innermost state.".to_owned()),
        }
        words.retain(|word| !word.is_empty());
        words.join(" ")
    }

    fn timers(&self) -> Section {
        let automaton = self.automaton();
        let rows = automaton.timers.iter().enumerate().map(|(index, timer)| {
            let id = automata_compiler::model::TimerId(index as u32);
            let labels = timer.cases.iter().map(|&case| {
                let target = match &automaton.transitions[case].reaction {
                    automata_compiler::model::Reaction::To(target) => format!(" → {}", self.printer.target(*target)),
                    _ => String::new(),
                };
                code(&format!("{}{target}", crate::outline::label(&self.printer, case)))
            });
            let state = &automaton.states[timer.state].name;
            vec![
                if state.is_empty() { "*any state*".to_owned() } else { code(state) },
                code(&timer.name),
                self.printer.timer_length(id).unwrap_or_else(|| length_at_run_time(&timer.length.kind).to_owned()),
                or_dash(labels.collect::<Vec<_>>().join("<br>")),
            ]
        });
        let lead = String::new();
        Section { title: "Timers", lead, head: &["in", "timer", "length", "cases"], rows: rows.collect() }
    }

    fn properties(&self) -> Section {
        let rows = self.automaton().properties.iter().map(|property| {
            let kind = match property.kind {
                PropertyKind::Always => "always",
                PropertyKind::Never => "never",
                PropertyKind::Eventually => "eventually",
            };
            let expression = self.printer.expression(&property.expression, None);
            vec![code(&property.name), kind.to_owned(), code(&expression), or_dash(prose(&property.summary))]
        });
        let lead = String::new();
        Section {
            title: "Properties",
            lead,
            head: &["property", "holds", "expression", "meaning"],
            rows: rows.collect(),
        }
    }

    fn fields(&self, fields: &[Field]) -> String {
        let fields: Vec<_> = fields
            .iter()
            .map(|field| code(&format!("{}: {}", field.name, self.printer.system.type_name(field.r#type))))
            .collect();
        or_dash(fields.join(", "))
    }

    fn partner(&self, partner: Partner) -> String {
        let name = self.printer.partner(partner);
        match partner {
            Partner::Part(_) => code(name),
            Partner::Automaton(id) if id == self.id => "itself".to_owned(),
            Partner::Automaton(_) => format!("[{name}]({name}.md)"),
        }
    }
}

/// The variants of an enum, and where a type comes from.
fn values(definition: &TypeDefinition) -> String {
    let mut parts = Vec::new();
    match &definition.kind {
        TypeKind::Enum(variants) => parts.push(variants.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ")),
        TypeKind::Opaque if definition.secret => parts.push("secret".to_owned()),
        TypeKind::Opaque => {}
    }
    parts.extend(definition.rust.as_ref().map(|path| format!("in Rust {}", code(path))));
    parts.join("; ")
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "–".to_owned() } else { text }
}

/// Where the length of a timer comes from that no definition settles.
fn length_at_run_time(length: &ExpressionKind) -> &'static str {
    match length {
        ExpressionKind::Parameter(_) => "given at the start",
        ExpressionKind::Variable(_) => "what the variable holds",
        ExpressionKind::Condition(..) => "what the condition answers",
        _ => "computed",
    }
}
