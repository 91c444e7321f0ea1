//! Reading the values of keys, each with a finding if it is not what its place needs.

use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::foreign;
use crate::nearest::nearest;
use crate::source::{Span, Text};
use crate::syntax::Given;
use crate::yaml::{Entry, Node, NodeKind, Quoting, Scalar, explain_null, joined_pair};

/// Where findings go.
pub(super) struct Reader<'f> {
    pub findings: &'f mut Vec<Diagnostic>,
    /// Names in declarations that could not be read.
    pub unread_names: Vec<String>,
    /// Unknown keys whose values are not checked.
    unread_keys: Vec<Span>,
}

/// Keys of little texts. If one of them was only guessed, a finding in its text would be a second one for the same
/// mistake.
const KEYS_OF_TEXTS: &[&str] = &["if", "set", "do", "send", "start", "raise", "restart"];

/// Keys of a transition that nothing else has.
const KEYS_OF_TRANSITIONS: &[&str] = &["if", "to", "stay", "ignore"];

/// A mapping whose keys are the language's, looked at by name.
pub(super) struct Keys<'n> {
    /// By the name of the key as written or, after a finding, as probably meant, so that nothing follows from the
    /// mistake.
    pub entries: Vec<(&'n str, &'n Entry)>,
    /// The name of the thing described, or the whole mapping: where a missing key is reported.
    pub place: Span,
}

impl<'n> Keys<'n> {
    pub fn none(place: Span) -> Self {
        Self { entries: Vec::new(), place }
    }

    pub fn entry(&self, key: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|(known, _)| *known == key).map(|(_, entry)| *entry)
    }
}

impl<'f> Reader<'f> {
    pub fn new(findings: &'f mut Vec<Diagnostic>) -> Self {
        Self { findings, unread_names: Vec::new(), unread_keys: Vec::new() }
    }

    pub fn report(&mut self, finding: Diagnostic) {
        self.findings.push(finding);
    }

    /// The value does not have the shape that its place needs.
    pub fn wrong_shape(&mut self, node: &Node, wanted: &str) {
        let found = match &node.kind {
            NodeKind::Refused => return,
            NodeKind::Empty => {
                let message = format!("there is nothing here; {wanted} is needed");
                self.report(explain_null(Diagnostic::new(&errors::EMPTY, node.span, message), node));
                return;
            }
            NodeKind::Scalar(_) => "a text",
            NodeKind::Sequence(_) => "a list",
            NodeKind::Mapping(_) => "a mapping",
        };
        let finding = Diagnostic::new(&errors::SHAPE, node.span, format!("this is {found}; {wanted} is needed"));
        let joined = match &node.kind {
            NodeKind::Scalar(Scalar { text, quoting: Quoting::Plain }) => joined_pair(&text.text),
            _ => None,
        };
        self.report(match joined {
            Some((key, value)) => finding.help(format!("a space is missing after `:`: write `{key}: {value}`")),
            None => finding,
        });
    }

    /// The value of a key; points at the key if it has none.
    pub fn present<'n>(&mut self, entry: &'n Entry, wanted: &str) -> Option<&'n Node> {
        if self.unread_keys.contains(&entry.key.span) {
            return None;
        }
        if entry.value.kind == NodeKind::Empty {
            let message = format!("there is nothing after `{}`; {wanted} is needed", entry.key.text);
            self.report(explain_null(Diagnostic::new(&errors::EMPTY, entry.key.span, message), &entry.value));
            return None;
        }
        Some(&entry.value)
    }

    pub fn mapping<'n>(&mut self, entry: &'n Entry, wanted: &str) -> &'n [Entry] {
        let Some(node) = self.present(entry, wanted) else { return &[] };
        match &node.kind {
            NodeKind::Mapping(entries) => entries,
            _ => {
                self.wrong_shape(node, wanted);
                &[]
            }
        }
    }

    /// A mapping of names to what they are. If it is a list instead, its names are remembered.
    pub fn names<'n>(&mut self, entry: &'n Entry, wanted: &str) -> &'n [Entry] {
        if let NodeKind::Sequence(items) = &entry.value.kind {
            self.unread_names.extend(items.iter().filter_map(|item| match &item.kind {
                NodeKind::Scalar(scalar) => Some(scalar.text.text.clone()),
                NodeKind::Mapping(entries) => entries.first().map(|entry| entry.key.text.clone()),
                _ => None,
            }));
        }
        self.mapping(entry, wanted)
    }

    /// A mapping of which only these keys are known. Unknown ones are reported, with what was probably meant.
    pub fn keys<'n>(&mut self, node: &'n Node, place: Span, what: &str, known: &[&'static str]) -> Option<Keys<'n>> {
        let NodeKind::Mapping(entries) = &node.kind else {
            self.wrong_shape(node, &format!("a mapping with {}", listed(known)));
            return None;
        };
        let written = |key: &str| entries.iter().any(|entry| entry.key.text == key);
        let mut found: Vec<(&'n str, &'n Entry)> = Vec::new();
        for entry in entries {
            if known.contains(&entry.key.text.as_str()) {
                found.push((&entry.key.text, entry));
            } else if let Some(meant) = self.unknown_key(&entry.key, what, known, &written)
                && !written(meant)
                && found.iter().all(|(key, _)| *key != meant)
            {
                if KEYS_OF_TEXTS.contains(&meant) {
                    self.unread_keys.push(entry.key.span);
                }
                found.push((meant, entry));
            }
        }
        Some(Keys { entries: found, place })
    }

    /// Reports it. A key that is written too is hardly the one that was meant.
    fn unknown_key(
        &mut self,
        key: &Text,
        what: &str,
        known: &[&'static str],
        written: &dyn Fn(&str) -> bool,
    ) -> Option<&'static str> {
        if matches!(what, "`entry`" | "`exit`") && KEYS_OF_TRANSITIONS.contains(&key.text.as_str()) {
            let message = format!("{what} has no key `{}`", key.text);
            let does = if key.text == "if" { "always happens" } else { "leads nowhere" };
            let help = format!("an {what} {does}; `{}` belongs to a transition", key.text);
            self.report(Diagnostic::new(&errors::UNKNOWN_KEY, key.span, message).help(help));
            return None;
        }
        let message = format!("{what} has no key `{}`", key.text);
        let is_known = |meant: &str| known.iter().copied().find(|key| *key == meant);
        let (meant, help) = match foreign::find(place_of(what, known), &key.text, known) {
            Some(entry) => (entry.meant.and_then(is_known), entry.help.to_owned()),
            None => match nearest(&key.text, known.iter().copied().filter(|key| !written(key))) {
                Some(near) => (is_known(near), format!("did you mean `{near}`?")),
                None => (None, format!("it may have {}", listed(known))),
            },
        };
        self.report(Diagnostic::new(&errors::UNKNOWN_KEY, key.span, message).help(help));
        meant
    }

    /// The entry of a required key.
    pub fn required<'n>(&mut self, keys: &Keys<'n>, key: &str, what: &str) -> Option<&'n Entry> {
        let entry = keys.entry(key);
        if entry.is_none() {
            let message = format!("{what} lacks `{key}`");
            self.report(Diagnostic::new(&errors::MISSING_KEY, keys.place, message));
        }
        entry
    }

    /// A word or a little text of the language.
    pub fn text(&mut self, entry: &Entry, wanted: &str) -> Option<Text> {
        let node = self.present(entry, wanted)?;
        self.item(node, wanted)
    }

    /// An item of a list that is a word or a little text of the language.
    pub fn item(&mut self, node: &Node, wanted: &str) -> Option<Text> {
        match &node.kind {
            NodeKind::Scalar(scalar) => Some(scalar.text.clone()),
            _ => {
                self.wrong_shape(node, wanted);
                None
            }
        }
    }

    pub fn given(&mut self, keys: &Keys<'_>, key: &str, wanted: &str) -> Given<Text> {
        match keys.entry(key) {
            None => Given::No,
            Some(entry) => self.text(entry, wanted).map_or(Given::Broken, Given::Yes),
        }
    }

    /// A text for people; empty if it is missing.
    pub fn prose(&mut self, keys: &Keys<'_>, key: &str) -> String {
        match keys.entry(key) {
            None => String::new(),
            Some(entry) => self.text(entry, "a text").map(|text| text.text).unwrap_or_default(),
        }
    }

    /// `true` or `false`, nothing else.
    pub fn boolean(&mut self, entry: &Entry) -> Option<bool> {
        let text = match &self.present(entry, "`true` or `false`")?.kind {
            NodeKind::Scalar(Scalar { text, quoting: Quoting::Plain }) => text.text.as_str(),
            _ => "",
        };
        match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                let message = format!("`{}` is either `true` or `false`", entry.key.text);
                let finding = Diagnostic::new(&errors::BOOLEAN, entry.value.span, message);
                let meant = match text.to_ascii_lowercase().as_str() {
                    "yes" | "y" | "on" | "true" | "1" => Some("true"),
                    "no" | "n" | "off" | "false" | "0" => Some("false"),
                    _ => None,
                };
                self.report(match meant {
                    Some(meant) => finding.help(format!("write `{meant}`")),
                    None => finding,
                });
                None
            }
        }
    }

    /// A list of texts, or one text where a list of one is meant.
    pub fn texts(&mut self, entry: &Entry, wanted: &str) -> Vec<Text> {
        let Some(node) = self.present(entry, wanted) else { return Vec::new() };
        match &node.kind {
            NodeKind::Sequence(items) => items.iter().filter_map(|item| self.item(item, wanted)).collect(),
            _ => self.item(node, wanted).into_iter().collect(),
        }
    }
}

/// What these keys belong to, where other languages have other words for them.
fn place_of(what: &str, known: &[&str]) -> foreign::Place {
    if matches!(what, "`entry`" | "`exit`") {
        foreign::Place::Part
    } else if known.contains(&"stay") {
        foreign::Place::Case
    } else if known.contains(&"states") {
        foreign::Place::State
    } else {
        foreign::Place::Declaration
    }
}

/// "`a`, `b` and `c`".
pub(super) fn listed(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => format!("`{one}`"),
        [most @ .., last] => {
            let most: Vec<String> = most.iter().map(|name| format!("`{name}`")).collect();
            format!("{} and `{last}`", most.join(", "))
        }
    }
}

/// Refuses a shared file without contents: most likely it was not saved. With nothing to declare there should be no
/// such file.
pub(super) fn says_nothing(node: &Node, declared: &str, example: &str, findings: &mut Vec<Diagnostic>) {
    let help = format!("it declares {declared}, such as `{declared}: {{ {example} }}`; without any, remove the file");
    findings.push(Diagnostic::new(&errors::EMPTY, node.span, "the file is empty").help(help));
}
