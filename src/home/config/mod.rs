//! Settings: paths, and one file. `services/tcp-transport/port` is `port` in `[services.tcp-transport]` of
//! `config.toml`.
//!
//! A path that is not in [`SETTINGS`] is refused, and so is a value that its setting cannot have; both say in which
//! line. What the user has written around the values (order, comments, blank lines) stays when a value is changed.

mod documentation;
mod error;
mod settings;
mod typed;
mod value;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use toml_edit::{Document, DocumentMut, Item, TableLike};

pub use documentation::documentation;
pub use error::{ConfigError, Place};
pub use settings::{SETTINGS, Setting, Settings};
pub use typed::PortSetting;
pub use value::{Form, Kind, Value};

/// Bytes of `config.toml`, at most.
const CONFIG_BYTES: u64 = 1024 * 1024;

/// How alike a path must be to one that exists to be offered for it, from 0 to 1.
const LIKENESS: f64 = 0.7;

/// What stands in `config.toml`, checked, and what the command line says instead. The default is an empty file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    values: BTreeMap<&'static str, Value>,
    /// Never written into the file.
    for_this_run: BTreeMap<&'static str, Value>,
}

impl Config {
    /// Reads the settings. A file that is not there is an empty one.
    ///
    /// # Errors
    /// If it cannot be read, is no TOML, or holds a setting that does not exist or cannot have its value.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        Self::parse(&read(file)?, file)
    }

    /// Reads settings from the text of a file.
    ///
    /// # Errors
    /// If it is no TOML, or holds a setting that does not exist or cannot have its value.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        let document = Document::parse(text).map_err(|error| ConfigError::NoToml {
            place: Place::new(file, text, error.span().map(|span| span.start)),
            what: error.message().trim().replace('\n', ", "),
        })?;
        let mut values = BTreeMap::new();
        collect(document.as_table(), "", text, file, &mut values)?;
        Ok(Self { values, ..Self::default() })
    }

    /// The same with another value of one setting, as one types it, for this run: the file stays as it is.
    ///
    /// # Errors
    /// If there is no such setting, or it cannot have that value.
    pub fn for_this_run(mut self, path: &str, text: &str) -> Result<Self, ConfigError> {
        let setting = find(path)?;
        self.for_this_run.insert(&setting.path, typed(setting, text)?);
        Ok(self)
    }

    /// The same, with what `running` has for this run.
    #[must_use]
    pub fn in_run_of(self, running: &Self) -> Self {
        Self { for_this_run: running.for_this_run.clone(), ..self }
    }

    /// The file alone: what will count at the next start.
    #[must_use]
    pub fn of_file(&self) -> Self {
        Self { values: self.values.clone(), ..Self::default() }
    }

    /// The value of a setting: what counts for this run only, what the file says, or the default.
    ///
    /// # Errors
    /// If there is no such setting.
    pub fn get(&self, path: &str) -> Result<Value, ConfigError> {
        let setting = find(path)?;
        let set = self.for_this_run.get(&*setting.path).or_else(|| self.values.get(&*setting.path)).cloned();
        // A test holds each default against its kind.
        set.or_else(|| setting.kind.parse(setting.default)).ok_or(ConfigError::NoDefault { path: &setting.path })
    }

    /// Whether somebody has set it.
    #[must_use]
    pub fn is_set(&self, path: &str) -> bool {
        self.for_this_run.contains_key(path) || self.values.contains_key(path)
    }

    /// Changes one setting in the file (`None`: back to its default), and returns all as they are now. Everything else
    /// stays as the user has written it.
    ///
    /// # Errors
    /// If there is no such setting, it cannot have that value, anything else in the file is wrong, or it cannot be read
    /// or written.
    pub fn change(file: &Path, path: &str, value: Option<&str>) -> Result<Self, ConfigError> {
        let setting = find(path)?;
        let value = value.map(|text| typed(setting, text)).transpose()?;
        let text = read(file)?;
        let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| ConfigError::NoToml {
            place: Place::new(file, &text, error.span().map(|span| span.start)),
            what: error.message().trim().replace('\n', ", "),
        })?;
        put(document.as_table_mut(), &setting.path, value.as_ref())
            .ok_or_else(|| ConfigError::NoTable { place: Place::new(file, &text, None), path: &setting.path })?;
        let text = document.to_string();
        let config = Self::parse(&text, file)?;
        super::write_secret(file, text.as_bytes()).map_err(|error| ConfigError::Write { detail: error.to_string() })?;
        Ok(config)
    }
}

impl Settings {
    /// The settings of a configuration.
    ///
    /// # Errors
    /// Never for a configuration that was read: each value was checked against its kind.
    pub fn of(config: &Config) -> Result<Self, ConfigError> {
        Self::read(|path| Ok((config.get(path)?, config.is_set(path))))
    }
}

/// The value that somebody types for a setting.
fn typed(setting: &'static Setting, text: &str) -> Result<Value, ConfigError> {
    setting.kind.parse(text).ok_or_else(|| ConfigError::Value {
        place: None,
        path: &setting.path,
        value: shown(text),
        expected: setting.kind.expected(),
    })
}

/// The setting with this path.
///
/// # Errors
/// If there is none; the error offers the nearest.
pub fn find(path: &str) -> Result<&'static Setting, ConfigError> {
    SETTINGS.iter().find(|setting| setting.path == path).ok_or_else(|| unknown(path, None))
}

fn unknown(path: &str, place: Option<Place>) -> ConfigError {
    let shown = shown(path);
    let likeness = |setting: &Setting| strsim::jaro_winkler(&setting.path, &shown);
    let visible = SETTINGS.iter().filter(|setting| !setting.is_hidden);
    let nearest = visible.max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    let nearest = nearest.filter(|setting| likeness(setting) > LIKENESS).map(|setting| &*setting.path);
    ConfigError::Unknown { place, path: shown, nearest }
}

/// Not more of a foreign text than a person wants to read.
fn shown(text: &str) -> String {
    text.chars().take(100).map(|character| if character.is_control() { ' ' } else { character }).collect()
}

fn read(file: &Path) -> Result<String, ConfigError> {
    let failed = |source| ConfigError::Read { file: file.to_owned(), source };
    match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Ok(metadata) if metadata.len() > CONFIG_BYTES => return Err(failed(io::Error::other("it is far too long"))),
        _ => {}
    }
    fs::read_to_string(file).map_err(failed)
}

/// Gathers the values of a table and those below it.
fn collect(
    table: &dyn TableLike,
    prefix: &str,
    text: &str,
    file: &Path,
    values: &mut BTreeMap<&'static str, Value>,
) -> Result<(), ConfigError> {
    for (key, item) in table.iter() {
        let path = if prefix.is_empty() { key.to_owned() } else { format!("{prefix}/{key}") };
        let span = table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span());
        let place = || Place::new(file, text, span.clone().map(|span| span.start));
        let is_topic = SETTINGS
            .iter()
            .any(|setting| setting.path.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/')));
        if let Ok(setting) = find(&path) {
            let value = item.as_value().and_then(|value| setting.kind.read(value));
            let value = value.ok_or_else(|| ConfigError::Value {
                place: Some(place()),
                path: &setting.path,
                value: shown(item.to_string().trim()),
                expected: setting.kind.expected(),
            })?;
            values.insert(&setting.path, value);
        } else if let Some(table) = item.as_table_like().filter(|_| is_topic) {
            collect(table, &path, text, file, values)?;
        } else {
            return Err(unknown(&path, Some(place())));
        }
    }
    Ok(())
}

/// Puts a value in its place, or takes it away; `None` if something that is no table is in the way.
fn put(root: &mut toml_edit::Table, path: &str, value: Option<&Value>) -> Option<()> {
    let (tables, key) = path.rsplit_once('/').unwrap_or(("", path));
    let mut table: &mut dyn TableLike = root;
    for name in tables.split('/').filter(|name| !name.is_empty()) {
        if value.is_none() && !table.contains_key(name) {
            return Some(());
        }
        table = table
            .entry(name)
            .or_insert_with(|| {
                let mut table = toml_edit::Table::new();
                // `[services]` need not stand there for `[services.tcp-transport]`.
                table.set_implicit(true);
                Item::Table(table)
            })
            .as_table_like_mut()?;
    }
    match (value, table.get_mut(key)) {
        (None, _) => drop(table.remove(key)),
        (Some(value), Some(Item::Value(old))) => {
            // The comment behind the value is a part of its decoration.
            let decor = old.decor().clone();
            *old = value.to_toml();
            *old.decor_mut() = decor;
        }
        (Some(value), _) => drop(table.insert(key, Item::Value(value.to_toml()))),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const WRITTEN: &str = "\
# My node.
network = \"test\"   # not the big one

[services.tcp-transport]
# behind the router
port = 7000 # forwarded
bootstrap = [\"bitpie:tkrq8zmwb8a3m9k15csu3q17qmfgqnp9dskbrg9uq1rydpyxp7qy?at=tcp://203.0.113.5:7771\"]

[messages]
expiry = \"3d\"
";

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("config.toml"))
    }

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.toml");
        fs::write(&file, text).expect("written");
        (folder, file)
    }

    #[test]
    fn the_file_says_some_values_and_the_rest_are_defaults() {
        let config = parse(WRITTEN).expect("good");
        assert_eq!(config.get("services/tcp-transport/port").expect("there"), Value::Number(7000));
        assert_eq!(config.get("messages/expiry").expect("there").to_string(), "3d");
        assert_eq!(config.get("api/http-port").expect("there"), Value::Number(38081));
        assert!(config.is_set("network") && !config.is_set("api/http-port"));
        let settings = Settings::of(&config).expect("they fit");
        assert_eq!(settings.tcp.port, PortSetting { port: 7000, is_set: true });
        assert_eq!(
            settings.tcp.bootstrap.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["bitpie:tkrq8zmwb8a3m9k15csu3q17qmfgqnp9dskbrg9uq1rydpyxp7qy?at=tcp://203.0.113.5:7771"]
        );
        let same = parse("services.tcp-transport.port = 7000\nservices.gateway = { enabled = false }").expect("good");
        assert_eq!(same.get("services/gateway/enabled").expect("there"), Value::Switch(false));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_what_was_expected() {
        let said = |text: &str| parse(text).expect_err("wrong").to_string();
        assert_eq!(
            said("network = \"test\"\n\n[services.tcp-transport]\nport = \"7771\"\n"),
            "config.toml, line 4: `services/tcp-transport/port` cannot be `\"7771\"`: expected a port from 0 to 65535 (0 takes any free one)"
        );
        assert_eq!(
            said("services.tcp-transport.bootstrap = [\"tcp://203.0.113.5:7771\"]\n"),
            "config.toml, line 1: `services/tcp-transport/bootstrap` cannot be `[\"tcp://203.0.113.5:7771\"]`: expected a list, at most 64, \
             each an address with its id, as `bitpie id` prints it (bitpie:…?at=tcp://203.0.113.5:7771)"
        );
        assert_eq!(
            said("[services.tcp-transport]\nprot = 1\n"),
            "config.toml, line 2: there is no setting `services/tcp-transport/prot`: did you mean `services/tcp-transport/port`?"
        );
        assert!(
            said("a = 1\nb = \n").starts_with("config.toml, line 2: this is no TOML: "),
            "{}",
            said("a = 1\nb = \n")
        );
        assert!(said("[network]\nname = 1\n").contains("`network` cannot be"), "{}", said("[network]\nname = 1\n"));
        assert!(said("[nothing.at.all]\n").starts_with("config.toml, line 1: there is no setting `nothing`"));
        assert!(said("services = 3").contains("no setting `services`"));
    }

    #[test]
    fn a_change_leaves_everything_else_as_it_was_written() {
        let (_folder, file) = file(WRITTEN);
        let config = Config::change(&file, "services/tcp-transport/port", Some("7001")).expect("changed");
        assert_eq!(config.get("services/tcp-transport/port").expect("there"), Value::Number(7001));
        let text = fs::read_to_string(&file).expect("read");
        assert_eq!(text, WRITTEN.replace("port = 7000 # forwarded", "port = 7001 # forwarded"));
        Config::change(&file, "services/lan-discovery/enabled", Some("on")).expect("changed");
        Config::change(&file, "identity/name", Some("Zoë")).expect("changed");
        Config::change(&file, "messages/expiry", None).expect("back to its default");
        let text = fs::read_to_string(&file).expect("read");
        expect_test::expect![[r#"
            # My node.
            network = "test"   # not the big one

            [services.tcp-transport]
            # behind the router
            port = 7001 # forwarded
            bootstrap = ["bitpie:tkrq8zmwb8a3m9k15csu3q17qmfgqnp9dskbrg9uq1rydpyxp7qy?at=tcp://203.0.113.5:7771"]

            [services.lan-discovery]
            enabled = true

            [messages]

            [identity]
            name = "Zoë"
        "#]]
        .assert_eq(&text);
        assert_eq!(Config::load(&file).expect("good").get("messages/expiry").expect("there").to_string(), "7d");
    }

    #[test]
    fn what_counts_for_this_run_stands_before_the_file_and_never_comes_into_it() {
        let (_folder, file) = file(WRITTEN);
        let bootstrap = "services/entangled-dht/bootstrap";
        let shown = |config: &Config| config.get(bootstrap).expect("there").to_string();
        let load = || Config::load(&file).expect("good");
        let running = load().for_this_run(bootstrap, "192.0.2.1:6881,dht.example:6882").expect("good");
        assert_eq!(shown(&running), "192.0.2.1:6881 dht.example:6882");
        assert!(running.is_set(bootstrap) && !load().is_set(bootstrap));
        // Another setting is changed while it runs, and then the same one in the file.
        let changed = Config::change(&file, "log/level", Some("debug")).expect("changed").in_run_of(&running);
        assert_eq!(shown(&changed), "192.0.2.1:6881 dht.example:6882");
        let changed = Config::change(&file, bootstrap, Some("192.0.2.9:1")).expect("changed").in_run_of(&running);
        assert_eq!([shown(&changed), shown(&changed.of_file())], ["192.0.2.1:6881 dht.example:6882", "192.0.2.9:1"]);
        assert!(!fs::read_to_string(&file).expect("read").contains("6881"));
        let error = load().for_this_run(bootstrap, "192.0.2.1").expect_err("no port").to_string();
        assert!(error.contains("cannot be `192.0.2.1`: expected a list") && error.contains("HOST:PORT"), "{error}");
    }

    #[test]
    fn a_change_that_cannot_be_changes_nothing() {
        let (_folder, file) = file(WRITTEN);
        let error = Config::change(&file, "services/tcp-transport/port", Some("70000")).expect_err("too large");
        assert!(error.to_string().contains("cannot be `70000`: expected a port"), "{error}");
        let error = Config::change(&file, "service/tcp-transport/port", Some("1")).expect_err("unknown");
        assert!(error.to_string().contains("did you mean `services/tcp-transport/port`?"), "{error}");
        assert_eq!(fs::read_to_string(&file).expect("read"), WRITTEN);
    }

    #[test]
    fn a_wrong_value_can_be_mended_by_a_change() {
        let (_folder, file) = file("[services.tcp-transport]\nport = \"x\"\n");
        assert!(Config::load(&file).is_err());
        Config::change(&file, "services/tcp-transport/port", Some("1")).expect("mended");
        assert_eq!(
            Config::load(&file).expect("good").get("services/tcp-transport/port").expect("there"),
            Value::Number(1)
        );
        fs::write(&file, "services = 3\n").expect("written");
        let error = Config::change(&file, "services/tcp-transport/port", Some("1")).expect_err("in the way");
        assert!(error.to_string().contains("no table is in the way"), "{error}");
    }

    #[test]
    fn no_file_is_an_empty_one_and_is_made_by_a_change() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.toml");
        assert_eq!(Config::load(&file).expect("empty"), Config::default());
        Config::change(&file, "log/level", Some("debug")).expect("changed");
        assert_eq!(fs::read_to_string(&file).expect("read"), "[log]\nlevel = \"debug\"\n");
    }

    #[test]
    fn hidden_settings_are_not_offered() {
        let error = find("testing/abort-a").err().expect("unknown").to_string();
        assert!(!error.contains("testing/abort-at"), "{error}");
        assert!(find("testing/abort-at").is_ok());
    }
}
