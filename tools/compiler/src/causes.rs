//! One cause, one finding: an undeclared name is reported once, with the other places that name it.

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;

/// How many of the other places that name it are shown.
pub const PLACES_SHOWN: usize = 6;

/// Keeps the first of the findings of one cause, and points from it at the places of the others. They are sorted by
/// place.
pub(crate) fn gather(findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    let mut more: BTreeMap<usize, usize> = BTreeMap::new();
    let mut kept: Vec<Diagnostic> = Vec::new();
    for finding in findings {
        let Some(cause) = finding.cause.clone() else {
            kept.push(finding);
            continue;
        };
        match first.get(&cause) {
            None => {
                first.insert(cause, kept.len());
                kept.push(finding);
            }
            Some(&at) if kept[at].span == finding.span => {}
            Some(&at) => {
                let count = more.entry(at).or_default();
                *count += 1;
                if *count <= PLACES_SHOWN {
                    kept[at].related.push((finding.span, "here too".to_owned()));
                }
                if kept[at].help.is_none() {
                    kept[at].help = finding.help;
                }
            }
        }
    }
    for (at, count) in more.into_iter().filter(|(_, count)| *count > PLACES_SHOWN) {
        if let Some((_, label)) = kept[at].related.last_mut() {
            let places = if count == PLACES_SHOWN + 1 { "place" } else { "places" };
            *label = format!("here too, and in {} more {places}", count - PLACES_SHOWN);
        }
    }
    kept
}
