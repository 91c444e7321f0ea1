//! Known flaws of dependencies, from a copy of the database of RustSec (<https://github.com/rustsec/advisory-db>) on
//! this machine. Nothing is fetched: whoever has `cargo deny` or `cargo audit` has a copy, and so has whoever clones it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use semver::{Version, VersionReq};
use toml_edit::{Item, TableLike};

/// Names a copy of the database.
pub const DATABASE_VARIABLE: &str = "ADVISORY_DB";

/// An advisory that concerns a version in use.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// `RUSTSEC-2020-0105`.
    pub id: String,
    /// In one line.
    pub title: String,
    /// It tells of something that is no flaw, as that nobody maintains a crate any more.
    pub is_notice: bool,
}

/// The copies of the database on this machine: the one that is named, or those of `cargo audit` and `cargo deny`.
pub fn database() -> anyhow::Result<Option<PathBuf>> {
    if let Some(named) = std::env::var_os(DATABASE_VARIABLE).map(PathBuf::from) {
        if !named.join("crates").is_dir() {
            bail!("{DATABASE_VARIABLE} is {}, in which there is no folder `crates`", named.display());
        }
        return Ok(Some(named));
    }
    let Some(cargo) = std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| {
        let user = std::env::home_dir()?;
        Some(user.join(".cargo"))
    }) else {
        return Ok(None);
    };
    let of_deny = fs::read_dir(cargo.join("advisory-dbs")).into_iter().flatten().flatten().map(|entry| entry.path());
    let all = of_deny.chain([cargo.join("advisory-db")]);
    Ok(all.filter(|folder| folder.join("crates").is_dir()).max_by_key(|folder| newest(folder)))
}

/// When the newest advisory was written down, so that it shows how old a copy is.
pub fn newest(database: &Path) -> Option<String> {
    let crates = fs::read_dir(database.join("crates")).ok()?.flatten();
    let files = crates.filter_map(|of_crate| fs::read_dir(of_crate.path()).ok()).flatten().flatten();
    let dates = files.filter_map(|file| {
        let text = fs::read_to_string(file.path()).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("date = "))?;
        Some(line.trim_matches('"').to_owned())
    });
    dates.max()
}

/// What the database says of these versions, by crate and version.
///
/// # Errors
/// If an advisory cannot be read: a copy that is damaged proves nothing.
pub fn of(
    database: &Path,
    packages: impl IntoIterator<Item = (String, String)>,
) -> anyhow::Result<BTreeMap<(String, String), Vec<Found>>> {
    let mut all = BTreeMap::new();
    for (name, version) in packages {
        let parsed = Version::parse(&version).with_context(|| format!("{name} has the version {version}"))?;
        let Ok(entries) = fs::read_dir(database.join("crates").join(&name)) else { continue };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let text = fs::read_to_string(&path)?;
                found.extend(read(&text, &parsed).with_context(|| format!("{} cannot be read", path.display()))?);
            }
        }
        if !found.is_empty() {
            found.sort_by(|one, other| one.id.cmp(&other.id));
            all.insert((name, version), found);
        }
    }
    Ok(all)
}

/// What an advisory says of a version, if it concerns it.
fn read(text: &str, version: &Version) -> anyhow::Result<Option<Found>> {
    let inside = text.split_once("```toml").and_then(|(_, rest)| rest.split_once("```"));
    let (front, rest) = inside.context("it does not begin with a table")?;
    let table: toml_edit::DocumentMut = front.parse()?;
    let advisory = table.get("advisory").and_then(Item::as_table_like).context("it has no [advisory]")?;
    if advisory.get("withdrawn").is_some() {
        return Ok(None);
    }
    let versions = table.get("versions").and_then(Item::as_table_like);
    let fits = |key: &str| -> anyhow::Result<bool> {
        for requirement in versions.map(|versions| texts(versions, key)).unwrap_or_default() {
            if VersionReq::parse(&requirement).with_context(|| requirement.clone())?.matches(version) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    if fits("patched")? || fits("unaffected")? {
        return Ok(None);
    }
    let id = advisory.get("id").and_then(Item::as_str).context("it has no id")?.to_owned();
    let title = rest.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default().to_owned();
    // What is unsound is a flaw, whatever kind of advisory tells of it.
    let is_notice = matches!(advisory.get("informational").and_then(Item::as_str), Some("unmaintained" | "notice"));
    Ok(Some(Found { id, title, is_notice }))
}

fn texts(table: &dyn TableLike, key: &str) -> Vec<String> {
    let list = table.get(key).and_then(Item::as_array);
    list.into_iter().flatten().filter_map(|value| Some(value.as_str()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advisory(of_advisory: &str, versions: &str) -> String {
        format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2030-0001\"\n{of_advisory}\n[versions]\n{versions}\n```\n\n# It leaks\n"
        )
    }

    fn concerns(of_advisory: &str, versions: &str, version: &str) -> Option<bool> {
        let version = Version::parse(version).expect("a version");
        let found = read(&advisory(of_advisory, versions), &version).expect("it can be read");
        found.map(|found| found.is_notice)
    }

    #[test]
    fn an_advisory_concerns_what_is_neither_patched_nor_older_than_the_flaw() {
        let versions = "patched = [\">= 1.2.3\", \"^0.9.7\"]\nunaffected = [\"< 0.5.0\"]";
        for (version, concerned) in
            [("1.2.2", true), ("1.2.3", false), ("0.9.6", true), ("0.9.8", false), ("0.4.9", false), ("0.5.0", true)]
        {
            assert_eq!(concerns("", versions, version), concerned.then_some(false), "{version}");
        }
        assert_eq!(concerns("", "patched = []", "9.9.9"), Some(false));
        assert_eq!(concerns("withdrawn = \"2030-02-02\"", "patched = []", "1.0.0"), None);
        assert_eq!(concerns("informational = \"unmaintained\"", "patched = []", "1.0.0"), Some(true));
        assert_eq!(concerns("informational = \"unsound\"", "patched = []", "1.0.0"), Some(false));
    }

    #[test]
    fn a_database_is_asked_by_name_and_a_damaged_one_proves_nothing() {
        let database = std::env::temp_dir().join(format!("advisories-{}", std::process::id()));
        let of_crate = database.join("crates/leaky");
        fs::create_dir_all(&of_crate).expect("made");
        let text = advisory("date = \"2030-01-31\"", "patched = [\">= 2.0.0\"]");
        fs::write(of_crate.join("RUSTSEC-2030-0001.md"), text).expect("written");
        let ask = || {
            of(
                &database,
                [("leaky", "1.0.0"), ("tight", "1.0.0"), ("leaky", "2.1.0")]
                    .map(|(name, version)| (name.to_owned(), version.to_owned())),
            )
        };
        let found = ask().expect("it can be read");
        let expected = Found { id: "RUSTSEC-2030-0001".into(), title: "It leaks".into(), is_notice: false };
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [(("leaky".into(), "1.0.0".into()), vec![expected])]);
        assert_eq!(newest(&database).as_deref(), Some("2030-01-31"));
        fs::write(of_crate.join("RUSTSEC-2030-0002.md"), "no advisory").expect("written");
        assert!(format!("{:#}", ask().expect_err("damaged")).contains("RUSTSEC-2030-0002.md cannot be read"));
        fs::remove_dir_all(&database).expect("it is ours");
    }
}
