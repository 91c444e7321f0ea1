//! Findings: what is wrong, where, why, and what was probably meant.

use crate::codes::Code;
use crate::nearest::nearest;
use crate::source::Span;

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind.
    pub code: &'static Code,
    /// One sentence that names the thing: "no state `CONECTED` in `p2p_connector`".
    pub message: String,
    /// Where.
    pub span: Span,
    /// Shown at that place, beside the source; may be empty.
    pub label: String,
    /// Other places that matter, each with the reason.
    pub related: Vec<(Span, String)>,
    /// What to do: "did you mean `CONNECTED`?"
    pub help: Option<String>,
    /// The cause, if other findings may have the same: the kind of a name, whose it is, and the name. Findings of one
    /// cause are reported as one ([`crate::causes`]).
    pub cause: Option<String>,
}

impl Diagnostic {
    /// A finding without label, related places and help.
    #[must_use]
    pub fn new(code: &'static Code, span: Span, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), span, label: String::new(), related: Vec::new(), help: None, cause: None }
    }

    /// Adds a label beside the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Points at another place that matters.
    #[must_use]
    pub fn related(mut self, span: Span, why: impl Into<String>) -> Self {
        self.related.push((span, why.into()));
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// "did you mean `…`?", if one of the candidates is near enough to what was written.
    #[must_use]
    pub fn did_you_mean<'a>(self, written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(written, candidates) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => self,
        }
    }
}
