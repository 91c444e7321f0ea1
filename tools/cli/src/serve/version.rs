//! The definitions as they are shown: a version for each time that a file was saved.

use std::sync::Arc;

use automata_compiler::model::System;
use automata_compiler::source::Sources;
use automata_compiler::{analyse, sound_part};
use automata_web::{AutomatonView, Definitions, Finding, definitions, findings};
use serde::Serialize;

use crate::watch::Read;

/// One version.
pub struct Version {
    /// From 1.
    pub number: u64,
    /// What the page is given.
    pub view: View,
    /// What is simulated: all of it, or the part without errors.
    pub system: Arc<System>,
}

/// `Definitions` of `source.js`.
#[derive(Clone, Serialize)]
pub struct View {
    #[serde(flatten)]
    pub definitions: Definitions,
    pub findings: Vec<Finding>,
    /// A line for each kind of finding of which not all are there.
    pub more: Vec<String>,
    /// Automata that are shown as they were when their files had no errors.
    pub old: Vec<String>,
    /// Automata that never were without errors.
    pub missing: Vec<String>,
    /// Why the folder cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl Version {
    /// Of definitions that nothing was known of before.
    pub fn first(sources: &Sources) -> Self {
        Self::of(sources, None)
    }

    /// After a change. What has errors now stays as it was.
    pub fn next(&self, read: &Read) -> Self {
        match read {
            Ok(sources) => Self::of(sources, Some(self)),
            Err(problem) => {
                let view = View { problem: Some(problem.clone()), ..self.view.clone() };
                Self { number: self.number + 1, view, system: Arc::clone(&self.system) }
            }
        }
    }

    fn of(sources: &Sources, before: Option<&Self>) -> Self {
        let analysis = analyse(sources);
        let (findings, more) = findings(sources, &analysis.findings);
        let (system, left_out) = match analysis.system {
            Some(system) => (system, Vec::new()),
            None => {
                let part = sound_part(sources);
                (part.system, part.left_out)
            }
        };
        let view = View {
            definitions: definitions(&system, sources),
            findings,
            more,
            old: Vec::new(),
            missing: left_out,
            problem: None,
        };
        let view = match before {
            Some(before) => view.with_old(&before.view),
            None => view,
        };
        Self { number: before.map_or(1, |before| before.number + 1), view, system: Arc::new(system) }
    }
}

impl View {
    /// With what is missing now and was there before.
    fn with_old(mut self, before: &View) -> Self {
        if self.missing.is_empty() {
            return self;
        }
        let is_missing = |automaton: &&AutomatonView| self.missing.contains(&automaton.name);
        let kept: Vec<AutomatonView> = before.definitions.automata.iter().filter(is_missing).cloned().collect();
        self.old = kept.iter().map(|automaton| automaton.name.clone()).collect();
        self.missing.retain(|name| !self.old.contains(name));
        let automata = &mut self.definitions.automata;
        automata.extend(kept);
        automata.sort_by(|a, b| a.name.cmp(&b.name));
        // A map with half of the system would say that the rest is gone.
        self.definitions.map.clone_from(&before.definitions.map);
        for of in &before.definitions.types {
            if self.definitions.types.iter().all(|known| known.name != of.name) {
                self.definitions.types.push(of.clone());
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use automata_compiler::source::Source;

    use super::*;

    const PARTS: &str = "parts:\n  hall: Everybody around.\n";
    const LAMP: &str = "\
automaton: lamp
summary: Is it on?
events:
  press: { from: hall }
initial: OFF
states:
  OFF:
    on: { press: ON }
  ON:
    on: { press: OFF }
";

    fn sources(lamp: &str) -> Sources {
        let source = |path: &str, text: &str| Source { path: format!("automata/{path}"), text: text.to_owned() };
        Sources::new(vec![source("parts.yaml", PARTS), source("lamp.yaml", lamp)])
    }

    fn names(view: &View) -> Vec<&str> {
        view.definitions.automata.iter().map(|automaton| automaton.name.as_str()).collect()
    }

    #[test]
    fn the_last_good_picture_stays_and_is_marked() {
        let good = Version::first(&sources(LAMP));
        assert_eq!((names(&good.view), good.view.findings.len()), (vec!["lamp"], 0));
        let broken = good.next(&Ok(sources(&LAMP.replace("press: ON", "press: ONN"))));
        assert_eq!(names(&broken.view), ["lamp"]);
        assert_eq!((&broken.view.old[..], &broken.view.missing[..]), (&["lamp".to_owned()][..], &[][..]));
        assert_eq!(broken.view.definitions.automata[0].picture, good.view.definitions.automata[0].picture);
        let finding = &broken.view.findings[0];
        assert_eq!((finding.line, finding.severity), (8, "error"));
        assert!(finding.text.contains("on: { press: ONN }"), "the line is shown: {}", finding.text);
        let still = broken.next(&Ok(sources("automaton: [")));
        assert_eq!(still.view.old, ["lamp"], "it is still the last good one");
        let fixed = still.next(&Ok(sources(LAMP)));
        assert_eq!((fixed.view.old.len(), fixed.view.findings.len(), fixed.number), (0, 0, 4));
    }

    #[test]
    fn what_never_was_good_is_missing_and_not_old() {
        let broken = Version::first(&sources("automaton: ["));
        assert_eq!((names(&broken.view), &broken.view.missing[..]), (vec![], &["lamp".to_owned()][..]));
    }

    #[test]
    fn a_folder_that_goes_away_is_a_problem_and_nothing_else() {
        let good = Version::first(&sources(LAMP));
        let gone = good.next(&Err("it is gone".to_owned()));
        assert_eq!((names(&gone.view), gone.view.problem.as_deref()), (vec!["lamp"], Some("it is gone")));
        assert_eq!(gone.next(&Ok(sources(LAMP))).view.problem, None);
    }
}
