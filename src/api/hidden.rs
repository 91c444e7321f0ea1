//! A text that only its reader is to see.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What people write to each other: in JSON as it is, in `Debug` (and so in logs) as a length.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hidden(pub String);

impl fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hidden({} bytes)", self.0.len())
    }
}

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shown_in_json_and_not_in_debug() {
        let text = Hidden("meet me".to_owned());
        assert_eq!(format!("{text:?}"), "Hidden(7 bytes)");
        assert_eq!(serde_json::to_string(&text).expect("a string"), "\"meet me\"");
    }
}
