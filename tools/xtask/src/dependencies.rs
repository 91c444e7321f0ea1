//! What the project may depend on: licences that go with `MIT OR Apache-2.0`, crates from crates.io only, none that are
//! banned, and none with a known flaw. `deny.toml` says it.
//!
//! The same questions as `cargo deny` asks, from `cargo metadata` and that file alone, so that nothing has to be
//! installed; and from a copy of RustSec's database where there is one ([`crate::advisories`]).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use serde::Deserialize;
use toml_edit::{DocumentMut, Item, TableLike, Value};

use crate::advisories;
use crate::steps::{Done, cargo};

/// The file that says it, from the root.
const RULES_FILE: &str = "deny.toml";

/// What `deny.toml` says.
struct Rules {
    /// Licences that are allowed.
    allowed: BTreeSet<String>,
    /// Banned crates, and why.
    banned: BTreeMap<String, String>,
    /// Registries that crates may come from.
    registries: BTreeSet<String>,
    /// Advisories that do not concern this project.
    ignored: BTreeSet<String>,
}

impl Rules {
    fn read() -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(crate::root().join(RULES_FILE)).context(RULES_FILE)?;
        let rules: DocumentMut = text.parse().context(RULES_FILE)?;
        let table = |name: &str| {
            let table = rules.get(name).and_then(Item::as_table_like);
            table.with_context(|| format!("{RULES_FILE} has no [{name}]"))
        };
        let texts = |name: &str, key: &str| -> anyhow::Result<BTreeSet<String>> {
            list(table(name)?, key)?.map(|value| Ok(value.as_str().context("no text")?.to_owned())).collect()
        };
        let named = |name: &str, key: &str, field: &str| -> anyhow::Result<BTreeMap<String, String>> {
            let of = |value: &Value, field: &str| Some(value.as_inline_table()?.get(field)?.as_str()?.to_owned());
            let pairs = list(table(name)?, key)?.map(|value| {
                let what = || format!("{RULES_FILE}: each of {name}.{key} has a `{field}` and a `reason`");
                of(value, field).zip(of(value, "reason")).with_context(what)
            });
            pairs.collect()
        };
        Ok(Self {
            allowed: texts("licenses", "allow")?,
            banned: named("bans", "deny", "crate")?,
            registries: texts("sources", "allow-registry")?,
            ignored: named("advisories", "ignore", "id")?.into_keys().collect(),
        })
    }
}

fn list<'a>(table: &'a dyn TableLike, key: &str) -> anyhow::Result<impl Iterator<Item = &'a Value> + use<'a>> {
    let list = table.get(key).and_then(Item::as_array);
    Ok(list.with_context(|| format!("{RULES_FILE} has no list `{key}`"))?.iter())
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

/// The manifests whose dependencies are checked, from the root.
const MANIFESTS: &[&str] =
    &["Cargo.toml", "examples/elevator/Cargo.toml", "examples/raft/Cargo.toml", "fuzz/Cargo.toml"];

pub fn check() -> anyhow::Result<Done> {
    // Other platforms' packages would have to be downloaded for it.
    let host = crate::fuzz::host()?;
    let mut packages = BTreeMap::new();
    for manifest in MANIFESTS.iter().filter(|manifest| crate::root().join(manifest).exists()) {
        let output = cargo(&[
            "metadata",
            "--format-version=1",
            "--locked",
            "--filter-platform",
            &host,
            "--manifest-path",
            manifest,
        ])
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("`cargo metadata` could not be started")?;
        if !output.status.success() {
            bail!("`cargo metadata --manifest-path {manifest}` failed");
        }
        let metadata: Metadata =
            serde_json::from_slice(&output.stdout).context("`cargo metadata` did not print JSON")?;
        for package in metadata.packages {
            packages.insert((package.name.clone(), package.version.clone()), package);
        }
    }
    let rules = Rules::read()?;
    let mut problems: Vec<String> = packages.values().filter_map(|package| problem(&rules, package)).collect();
    println!("{} packages are looked at: licences, bans, sources", packages.len());
    match advisories::database()? {
        None => println!(
            "advisories are left out: there is no copy of RustSec's database on this machine (`cargo deny fetch` makes \
             one; {} names another)",
            advisories::DATABASE_VARIABLE
        ),
        Some(database) => problems.extend(flaws(&rules, &database, packages.into_values())?),
    }
    if !problems.is_empty() {
        bail!("{}\nWhat is allowed stands in {RULES_FILE}", problems.join("\n"));
    }
    Ok(Done::Passed)
}

/// What is known against these packages; what is only worth knowing is printed.
fn flaws(
    rules: &Rules,
    database: &std::path::Path,
    packages: impl Iterator<Item = Package>,
) -> anyhow::Result<Vec<String>> {
    let from_outside = packages.filter(|package| package.source.is_some());
    let known = advisories::of(database, from_outside.map(|package| (package.name, package.version)))?;
    let newest = advisories::newest(database).unwrap_or_default();
    println!("advisories are looked at; the newest of this copy is of {newest}");
    let mut problems = Vec::new();
    for ((name, version), found) in known {
        for advisory in found.iter().filter(|found| !rules.ignored.contains(&found.id)) {
            let said = format!("{name} {version}: {}, {}", advisory.id, advisory.title);
            if advisory.is_notice { println!("worth knowing: {said}") } else { problems.push(said) }
        }
    }
    Ok(problems)
}

fn problem(rules: &Rules, package: &Package) -> Option<String> {
    let named = format!("{} {}", package.name, package.version);
    if let Some(why) = rules.banned.get(&package.name) {
        return Some(format!("{named} is banned: {why}"));
    }
    let is_allowed =
        |source: &str| source.strip_prefix("registry+").is_some_and(|registry| rules.registries.contains(registry));
    if let Some(source) = package.source.as_deref().filter(|source| !is_allowed(source)) {
        return Some(format!("{named} comes from {source}, not from crates.io"));
    }
    match &package.license {
        None => Some(format!("{named} names no licence")),
        Some(expression) if !allows(&rules.allowed, expression) => {
            Some(format!("{named} is under `{expression}`, which is not allowed"))
        }
        Some(_) => None,
    }
}

/// Whether an SPDX expression can be met with the allowed licences alone. `/` is an old way to write `OR`.
fn allows(allowed: &BTreeSet<String>, expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any(allowed, &mut rest).unwrap_or(false) && rest.is_empty()
}

/// `a OR b …`; `None` if it cannot be read.
fn any(allowed: &BTreeSet<String>, words: &mut &[&str]) -> Option<bool> {
    let mut met = all(allowed, words)?;
    while let [operator, rest @ ..] = *words
        && operator.eq_ignore_ascii_case("or")
    {
        *words = rest;
        met |= all(allowed, words)?;
    }
    Some(met)
}

/// `a AND b …`, which binds closer.
fn all(allowed: &BTreeSet<String>, words: &mut &[&str]) -> Option<bool> {
    let mut met = one(allowed, words)?;
    while let [operator, rest @ ..] = *words
        && operator.eq_ignore_ascii_case("and")
    {
        *words = rest;
        met &= one(allowed, words)?;
    }
    Some(met)
}

fn one(allowed: &BTreeSet<String>, words: &mut &[&str]) -> Option<bool> {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let met = any(allowed, words)?;
            *words = words.strip_prefix(&[")"])?;
            Some(met)
        }
        [licence, with, exception, rest @ ..] if with.eq_ignore_ascii_case("with") => {
            *words = rest;
            Some(allowed.contains(&format!("{licence} WITH {exception}")))
        }
        [licence, rest @ ..] => {
            *words = rest;
            Some(allowed.contains(*licence))
        }
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn package(name: &str, license: Option<&str>, source: Option<&str>) -> Package {
        Package {
            name: name.into(),
            version: "1.0.0".into(),
            license: license.map(Into::into),
            source: source.map(Into::into),
        }
    }

    #[test]
    fn an_expression_is_met_by_any_of_its_alternatives() {
        let allowed = Rules::read().expect("they can be read").allowed;
        let allows = |expression: &str| allows(&allowed, expression);
        for good in [
            "MIT",
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "GPL-3.0-only OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0-only",
            "MIT AND (GPL-3.0-only OR ISC)",
        ] {
            assert!(allows(good), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "GPL-3.0-only AND MIT OR MPL-2.0",
            "(MIT OR GPL-3.0-only) AND LGPL-3.0-only",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "MIT AND",
            "(MIT",
            "MIT)",
            "MIT GPL-3.0-only",
        ] {
            assert!(!allows(bad), "{bad}");
        }
    }

    #[test]
    fn what_must_not_come_in_is_named_with_the_reason() {
        let rules = Rules::read().expect("they can be read");
        let problem = |package: &Package| problem(&rules, package);
        assert_eq!(problem(&package("serde", Some("MIT"), Some(CRATES_IO))), None);
        assert_eq!(problem(&package("ours", Some("MIT OR Apache-2.0"), None)), None);
        let said = |package: Package| problem(&package).expect("a problem");
        assert!(said(package("openssl-sys", Some("MIT"), Some(CRATES_IO))).contains("rustls"));
        assert!(said(package("x", Some("MIT"), Some("git+https://example.org/x"))).contains("not from crates.io"));
        assert!(said(package("x", None, Some(CRATES_IO))).contains("names no licence"));
        assert!(said(package("x", Some("GPL-3.0-only"), Some(CRATES_IO))).contains("`GPL-3.0-only`"));
    }
}
