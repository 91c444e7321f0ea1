//! `bitpie service …`

use std::collections::BTreeSet;

use clap::Subcommand;

use super::Context;
use super::failure::Failure;
use super::table::{Cell, Table, USUAL_WIDTH};
use super::terminal::{ADVICE, BAD, FAINT, GOOD, ODD, STRONG, print, print_json, safe, state_style, styled};
use crate::api::answers::{Service, ServiceChange, Services};
use crate::api::methods::{DisableService, EnableService, ListServices, StartService, StopService};
use crate::name::ServiceName;
use crate::world::services::ServiceResult;

/// `bitpie service …`
#[derive(Subcommand)]
pub enum ServiceCommand {
    /// List the services, in the order in which they start
    #[command(after_help = "What needs what: `bitpie service tree`, or `--json`.")]
    List,
    /// Draw what needs what
    Tree,
    /// Start a service, for this run of the node
    Start {
        /// Which
        name: ServiceName,
    },
    /// Stop a service and what needs it, for this run of the node
    Stop {
        /// Which
        name: ServiceName,
    },
    /// Start a service, now and at each start of the node
    Enable {
        /// Which
        name: ServiceName,
    },
    /// Stop a service, now and at each start of the node
    Disable {
        /// Which
        name: ServiceName,
    },
}

/// Does what is asked for.
pub fn perform(command: ServiceCommand, context: &Context<'_>) -> Result<(), Failure> {
    let node = context.node()?;
    let (changed, wanted_on) = match command {
        ServiceCommand::List | ServiceCommand::Tree => {
            let answered = node.call(&ListServices {})?;
            if context.json {
                return Ok(print_json(&answered.raw)?);
            }
            let is_tree = matches!(command, ServiceCommand::Tree);
            let text = if is_tree { tree_text(&answered.answer) } else { list_text(&answered.answer) };
            return Ok(print(&text)?);
        }
        ServiceCommand::Start { name } => (node.call(&StartService { name })?, true),
        ServiceCommand::Stop { name } => (node.call(&StopService { name })?, false),
        ServiceCommand::Enable { name } => (node.call(&EnableService { name })?, true),
        ServiceCommand::Disable { name } => (node.call(&DisableService { name })?, false),
    };
    if context.json {
        print_json(&changed.raw)?;
    } else {
        print(&change_text(&changed.answer))?;
    }
    let wanted = if wanted_on { ServiceResult::Started } else { ServiceResult::Stopped };
    if changed.answer.result == wanted { Ok(()) } else { Err(Failure::Told) }
}

fn change_text(change: &ServiceChange) -> String {
    let name = styled(STRONG, &change.name);
    let came_to = match change.result {
        ServiceResult::Started => format!("is {}", styled(GOOD, "on")),
        ServiceResult::Stopped => "is off, and so is what needs it".to_owned(),
        ServiceResult::NotInstalled => format!("is off: {}", styled(BAD, "this program was made without it")),
        ServiceResult::DependsOff => format!("is off: {}", styled(BAD, "something that it needs is off")),
        ServiceResult::TimedOut => {
            format!("is off: {}", styled(BAD, "its start took too long, and is tried again in a minute"))
        }
    };
    let why = change.why.as_ref().map(|why| format!(" ({})", safe(why))).unwrap_or_default();
    let later = match (change.result == ServiceResult::Started, change.enabled) {
        (true, false) => ", for this run only (`bitpie service enable` keeps it on)",
        (false, true) => ", for this run only (`bitpie service disable` keeps it off)",
        _ => "",
    };
    format!("{name} {came_to}{why}{later}.\n{}", still_off(&change.still_off))
}

/// What needs the service that was started, and was not started with it.
fn still_off(names: &[ServiceName]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let listed = names.iter().map(ServiceName::as_str).collect::<Vec<_>>().join(", ");
    let starts: Vec<String> = names.iter().map(|name| format!("`bitpie service start {name}`")).collect();
    format!("{}: {listed}. To start: {}\n", styled(ODD, "Still off"), styled(ADVICE, starts.join(", ")))
}

fn list_text(services: &Services) -> String {
    let mut table = Table::new(&["SERVICE", "STATE", "ENABLED", "WHAT IT IS FOR"]).wrapped_at(USUAL_WIDTH);
    for service in &services.services {
        let problem = service.problem.as_ref().map(|problem| format!("\n{problem}")).unwrap_or_default();
        table.row([
            Cell::new(service.name.as_str()).styled(STRONG),
            Cell::new(&service.state).styled(state_style(&service.state)),
            Cell::new(if service.enabled { "yes" } else { "no" }),
            Cell::new(format!("{}{problem}", service.summary)),
        ]);
    }
    table.render()
}

/// What needs nothing stands at the left; below each, what needs it. What needs several stands below each, and only
/// once with what needs it in turn.
fn tree_text(services: &Services) -> String {
    let mut text = String::new();
    let mut drawn = BTreeSet::new();
    for root in services.services.iter().filter(|service| service.depends_on.is_empty()) {
        text += &node_text(root, false);
        text.push('\n');
        drawn.insert(&root.name);
        branches(&mut text, services, root, "", &mut drawn);
    }
    text
}

fn branches<'a>(
    text: &mut String,
    services: &'a Services,
    below: &'a Service,
    indent: &str,
    drawn: &mut BTreeSet<&'a ServiceName>,
) {
    let dependents: Vec<&Service> =
        services.services.iter().filter(|service| service.depends_on.contains(&below.name)).collect();
    for (place, service) in dependents.iter().enumerate() {
        let is_last = place + 1 == dependents.len();
        let (branch, further) = if is_last { ("└── ", "    ") } else { ("├── ", "│   ") };
        // Also ends what would never end, should a node ever tell of a circle.
        let is_again = !drawn.insert(&service.name);
        *text += &format!("{indent}{}{}\n", styled(FAINT, branch), node_text(service, is_again));
        if !is_again {
            branches(text, services, service, &format!("{indent}{}", styled(FAINT, further)), drawn);
        }
    }
}

fn node_text(service: &Service, is_again: bool) -> String {
    if is_again {
        return styled(FAINT, format!("{} (see above)", service.name));
    }
    let style = state_style(&service.state);
    let mark = if style == GOOD { "●" } else { "○" };
    let disabled = if service.enabled { String::new() } else { styled(FAINT, " disabled") };
    let problem =
        service.problem.as_ref().map(|problem| format!(" {}", styled(BAD, safe(problem)))).unwrap_or_default();
    format!("{} {} {}{disabled}{problem}", styled(style, mark), service.name, styled(style, safe(&service.state)))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn services() -> Services {
        let name = |name: &str| name.parse::<ServiceName>().expect("a name");
        let service = |own: &str, needs: &[&str], state: &str| Service {
            name: name(own),
            summary: format!("What {own} is for."),
            state: state.to_owned(),
            enabled: state != "OFF",
            problem: (state == "DEPENDS_OFF").then(|| "p2p-hookups is off".to_owned()),
            depends_on: needs.iter().map(|needed| name(needed)).collect(),
            dependents: Vec::new(),
        };
        let mut services = vec![
            service("network", &[], "ON"),
            service("gateway", &["network"], "ON"),
            service("tcp-connections", &["network"], "ON"),
            service("tcp-transport", &["tcp-connections", "gateway"], "STARTING.LAUNCHING"),
            service("p2p-hookups", &["gateway", "tcp-transport"], "OFF"),
            service("private-messages", &["p2p-hookups"], "DEPENDS_OFF"),
        ];
        for needed in 0..services.len() {
            let needs_it = |service: &&Service| service.depends_on.contains(&services[needed].name);
            services[needed].dependents =
                services.iter().filter(needs_it).map(|service| service.name.clone()).collect();
        }
        Services { services }
    }

    #[test]
    fn the_tree_shows_what_needs_what() {
        expect![[r#"
            ● network ON
            ├── ● gateway ON
            │   ├── ○ tcp-transport STARTING.LAUNCHING
            │   │   └── ○ p2p-hookups OFF disabled
            │   │       └── ○ private-messages DEPENDS_OFF p2p-hookups is off
            │   └── p2p-hookups (see above)
            └── ● tcp-connections ON
                └── tcp-transport (see above)
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&tree_text(&services())).to_string());
    }

    #[test]
    fn the_list_shows_states_and_problems() {
        expect![[r#"
            SERVICE           STATE               ENABLED  WHAT IT IS FOR
            network           ON                  yes      What network is for.
            gateway           ON                  yes      What gateway is for.
            tcp-connections   ON                  yes      What tcp-connections is for.
            tcp-transport     STARTING.LAUNCHING  yes      What tcp-transport is for.
            p2p-hookups       OFF                 no       What p2p-hookups is for.
            private-messages  DEPENDS_OFF         yes      What private-messages is for.
                                                           p2p-hookups is off
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&list_text(&services())).to_string());
    }

    #[test]
    fn the_list_fits_a_usual_terminal() {
        let mut services = services();
        for service in &mut services.services {
            service.summary = "Finds contacts in the local network, and tells everybody there that this node is here, \
                               and more than that."
                .to_owned();
        }
        let text = anstream::adapter::strip_str(&list_text(&services)).to_string();
        for line in text.lines() {
            assert!(line.chars().count() <= USUAL_WIDTH, "{line}");
        }
        assert!(text.lines().count() > 2 * services.services.len(), "{text}");
    }

    #[test]
    fn what_was_not_started_along_is_told() {
        let name = |name: &str| name.parse::<ServiceName>().expect("a name");
        let change = |still_off| ServiceChange {
            name: name("network"),
            result: ServiceResult::Started,
            enabled: true,
            why: None,
            still_off,
        };
        let told = |change| anstream::adapter::strip_str(&change_text(&change)).to_string();
        assert_eq!(told(change(Vec::new())), "network is on.\n");
        expect![[r#"
            network is on.
            Still off: gateway, p2p-hookups. To start: `bitpie service start gateway`, `bitpie service start p2p-hookups`
        "#]]
        .assert_eq(&told(change(vec![name("gateway"), name("p2p-hookups")])));
    }

    #[test]
    fn a_circle_is_drawn_once() {
        let mut services = services();
        services.services[1].depends_on.push("private-messages".parse().expect("a name"));
        assert!(tree_text(&services).lines().count() < 20);
    }
}
