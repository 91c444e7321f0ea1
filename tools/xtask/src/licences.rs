//! What the project may depend on: licences that go with `MIT OR Apache-2.0`, crates from crates.io only, and none that
//! are banned.
//!
//! The same questions as `cargo deny` asks, from `cargo metadata` alone, so that nothing has to be installed.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::steps::{Done, cargo};

/// Licences that a program under `MIT OR Apache-2.0` may contain if it names them.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "NCSA",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Banned crates, and why.
const BANNED: &[(&str, &str)] = &[
    ("openssl-sys", "it needs a system library; rustls with ring does the same"),
    ("native-tls", "it needs a system library; rustls with ring does the same"),
    ("aws-lc-sys", "it needs cmake and a C compiler; rustls with ring does the same"),
    ("serde_yaml", "it is no longer maintained, and gives no places in the file; serde-saphyr does"),
];

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

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
    let problems: Vec<String> = packages.values().filter_map(problem).collect();
    if !problems.is_empty() {
        bail!("{}\nAllowed licences are listed in tools/xtask/src/licences.rs", problems.join("\n"));
    }
    println!("{} packages, all under allowed licences", packages.len());
    Ok(Done::Passed)
}

fn problem(package: &Package) -> Option<String> {
    let named = format!("{} {}", package.name, package.version);
    if let Some((_, why)) = BANNED.iter().find(|(name, _)| *name == package.name) {
        return Some(format!("{named} is banned: {why}"));
    }
    if let Some(source) = package.source.as_deref().filter(|source| *source != CRATES_IO) {
        return Some(format!("{named} comes from {source}, not from crates.io"));
    }
    match &package.license {
        None => Some(format!("{named} names no licence")),
        Some(expression) if !allows(expression) => {
            Some(format!("{named} is under `{expression}`, which is not allowed"))
        }
        Some(_) => None,
    }
}

/// Whether an SPDX expression can be met with the allowed licences alone. `/` is an old way to write `OR`.
fn allows(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any(&mut rest).unwrap_or(false) && rest.is_empty()
}

/// `a OR b …`; `None` if it cannot be read.
fn any(words: &mut &[&str]) -> Option<bool> {
    let mut met = all(words)?;
    while let [operator, rest @ ..] = *words
        && operator.eq_ignore_ascii_case("or")
    {
        *words = rest;
        met |= all(words)?;
    }
    Some(met)
}

/// `a AND b …`, which binds closer.
fn all(words: &mut &[&str]) -> Option<bool> {
    let mut met = one(words)?;
    while let [operator, rest @ ..] = *words
        && operator.eq_ignore_ascii_case("and")
    {
        *words = rest;
        met &= one(words)?;
    }
    Some(met)
}

fn one(words: &mut &[&str]) -> Option<bool> {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let met = any(words)?;
            *words = words.strip_prefix(&[")"])?;
            Some(met)
        }
        [licence, with, exception, rest @ ..] if with.eq_ignore_ascii_case("with") => {
            *words = rest;
            Some(ALLOWED.contains(&format!("{licence} WITH {exception}").as_str()))
        }
        [licence, rest @ ..] => {
            *words = rest;
            Some(ALLOWED.contains(licence))
        }
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(problem(&package("serde", Some("MIT"), Some(CRATES_IO))), None);
        assert_eq!(problem(&package("ours", Some("MIT OR Apache-2.0"), None)), None);
        let said = |package: Package| problem(&package).expect("a problem");
        assert!(said(package("openssl-sys", Some("MIT"), Some(CRATES_IO))).contains("rustls"));
        assert!(said(package("x", Some("MIT"), Some("git+https://example.org/x"))).contains("not from crates.io"));
        assert!(said(package("x", None, Some(CRATES_IO))).contains("names no licence"));
        assert!(said(package("x", Some("GPL-3.0-only"), Some(CRATES_IO))).contains("`GPL-3.0-only`"));
    }
}
