//! `bitpie config …`

use automata_compiler::nearest::nearest;
use clap::Subcommand;
use serde_json::Value;

use super::Context;
use super::failure::Failure;
use super::table::{Cell, Table};
use super::terminal::{FAINT, STRONG, print, print_json, safe, styled};
use crate::api::answers::{Setting, Settings};
use crate::api::methods::{ListSettings, SetSetting};

/// `bitpie config …`
#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Show a setting
    #[command(after_help = "Example:\n  bitpie config get services/tcp-transport/port")]
    Get {
        /// Its path
        path: String,
    },
    /// Change a setting
    #[command(after_help = "Examples:\n  bitpie config set services/tcp-transport/port 7781\n  \
        bitpie config set services/tcp-transport/port --default")]
    Set {
        /// Its path
        path: String,
        /// Its value
        #[arg(required_unless_present = "default", conflicts_with = "default")]
        value: Option<String>,
        /// Back to the default
        #[arg(long)]
        default: bool,
    },
    /// List all settings
    List {
        /// Only those whose path begins so
        beginning: Option<String>,
    },
}

/// Does what is asked for.
pub fn perform(command: ConfigCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        ConfigCommand::List { beginning } => {
            let mut settings = all(context)?;
            settings
                .settings
                .retain(|setting| beginning.as_ref().is_none_or(|beginning| setting.path.starts_with(beginning)));
            if let Some(beginning) = beginning.filter(|_| settings.settings.is_empty()) {
                let said = format!("no setting begins with `{beginning}`");
                return Err(Failure::here(said, "`bitpie config list` shows all settings"));
            }
            if context.json { Ok(print_json(&settings)?) } else { Ok(print(&list_text(&settings))?) }
        }
        ConfigCommand::Get { path } => {
            let settings = all(context)?.settings;
            let Some(setting) = settings.iter().find(|setting| setting.path == path) else {
                let near = nearest(&path, settings.iter().map(|setting| setting.path.as_str()));
                let help = near.map_or_else(
                    || "`bitpie config list` shows all settings".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                return Err(Failure::here(format!("there is no setting `{path}`"), help));
            };
            // For people as for scripts, the value is all that is asked for.
            if context.json { Ok(print_json(setting)?) } else { Ok(print(&format!("{}\n", shown(&setting.value)))?) }
        }
        ConfigCommand::Set { path, value, .. } => {
            let setting = context.node_or(
                |node| Ok(node.call(&SetSetting { path: path.clone(), value: value.clone() })?.answer),
                || (context.offline.set)(&context.home, &path, value.as_deref()),
            )?;
            if context.json {
                return Ok(print_json(&setting)?);
            }
            let later =
                if setting.needs_restart && context.node().is_ok() { ", from the node's next start on" } else { "" };
            let value = Some(shown(&setting.value)).filter(|value| !value.is_empty());
            let value = value.unwrap_or_else(|| "empty".to_owned());
            Ok(print(&format!("{} is {value}{later}.\n", styled(STRONG, safe(&setting.path))))?)
        }
    }
}

fn all(context: &Context<'_>) -> Result<Settings, Failure> {
    context.node_or(|node| Ok(node.call(&ListSettings {})?.answer), || (context.offline.settings)(&context.home))
}

/// A value as one writes it on the command line.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => safe(text),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(","),
        other => safe(&other.to_string()),
    }
}

fn list_text(settings: &Settings) -> String {
    let mut table = Table::new(&["SETTING", "VALUE", "WHAT IT DOES"]);
    for setting in &settings.settings {
        table.row(row(setting));
    }
    table.render()
}

fn row(setting: &Setting) -> [Cell; 3] {
    let value = Cell::new(shown(&setting.value));
    let restart = if setting.needs_restart { "; counts from the next start on" } else { "" };
    [
        Cell::new(&setting.path),
        if setting.is_set { value.styled(STRONG) } else { value.styled(FAINT) },
        Cell::new(format!("{} ({}){restart}", setting.summary, setting.kind)),
    ]
}
