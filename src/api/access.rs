//! How a program of this user finds the node and is let in: `api.json` in the home folder, and the token in it.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

/// The file below the home folder, 0600, there as long as the node runs.
pub const API_FILE: &str = "api.json";

/// Bytes of `api.json`, at most.
pub const API_FILE_BYTES: u64 = 4096;

/// Bytes of a token.
pub const TOKEN_BYTES: usize = 32;

/// Lets a request in; new at each start of the node. Never shown but in `api.json` and in the header of a request.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// The token of these random bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; TOKEN_BYTES]) -> Self {
        Self(HEXLOWER.encode(bytes))
    }

    /// A new one, from the system's randomness.
    ///
    /// # Errors
    /// If the system has none.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self::from_bytes(&bytes))
    }

    /// As it stands in the header, behind `Bearer`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether it is the same; how long that takes says nothing of where the two differ.
    #[must_use]
    pub fn matches(&self, presented: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(presented).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(hidden)")
    }
}

/// What `api.json` holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Access {
    /// Where the API is bound: an address on loopback.
    pub address: SocketAddr,
    /// What lets a request in.
    pub token: Token,
    /// The node's process.
    pub process: u32,
}

impl Access {
    /// The text of the file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("addresses, texts and numbers are JSON");
        text.push('\n');
        text
    }

    /// Reads the file below a home folder; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read, or is not what a node writes there.
    pub fn read(home: &Path) -> Result<Option<Self>, AccessError> {
        let path = home.join(API_FILE);
        let shown = path.display().to_string();
        let length = match std::fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(AccessError::Unreadable { path: shown, error }),
        };
        if length > API_FILE_BYTES {
            return Err(AccessError::Damaged { path: shown, why: "it is too large".to_owned() });
        }
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(AccessError::Unreadable { path: shown, error }),
        };
        // The error of the parser could quote the token.
        let access: Self = serde_json::from_str(&text).map_err(|error| AccessError::Damaged {
            path: shown.clone(),
            why: format!("line {}, column {} is not as a node writes it", error.line(), error.column()),
        })?;
        if !access.address.ip().is_loopback() {
            let why = format!("{} is not on this machine, and the token is not sent there", access.address);
            return Err(AccessError::Damaged { path: shown, why });
        }
        Ok(Some(access))
    }
}

/// Why `api.json` is of no use.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The system does not let us.
    #[error("{path} cannot be read: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// It is not what a node writes.
    #[error("{path} is damaged: {why}")]
    Damaged {
        /// The file.
        path: String,
        /// In what way; never with the token.
        why: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_matches_itself_alone_and_is_never_shown() {
        let token = Token::from_bytes(&[0xab; TOKEN_BYTES]);
        assert!(token.matches("ab".repeat(32).as_bytes()));
        for wrong in ["", "ab", &"ab".repeat(33), &"AB".repeat(32), &"ac".repeat(32)] {
            assert!(!token.matches(wrong.as_bytes()), "{wrong}");
        }
        let access = Access { address: "127.0.0.1:38081".parse().expect("an address"), token, process: 7 };
        assert!(!format!("{access:?}").contains("abab"));
    }

    #[test]
    fn two_tokens_differ() {
        let [one, other] = [(); 2].map(|()| Token::generate().expect("there is randomness"));
        assert!(!one.matches(other.text().as_bytes()));
    }

    #[test]
    fn the_file_is_read_as_it_was_written_and_otherwise_told() {
        let home = tempfile::tempdir().expect("a folder");
        assert!(Access::read(home.path()).expect("no file is no error").is_none());
        let said = |text: &str| {
            std::fs::write(home.path().join(API_FILE), text).expect("it can be written");
            Access::read(home.path()).map(|access| access.map(|access| access.address.to_string()).unwrap_or_default())
        };
        let token = Token::from_bytes(&[0xab; TOKEN_BYTES]);
        let access = Access { address: "127.0.0.1:38081".parse().expect("an address"), token, process: 7 };
        assert_eq!(said(&access.to_text()).expect("what was written"), "127.0.0.1:38081");
        let abroad = Access { address: "203.0.113.5:80".parse().expect("an address"), ..access };
        let error = said(&abroad.to_text()).expect_err("not on this machine").to_string();
        assert!(error.contains("203.0.113.5:80 is not on this machine"), "{error}");
        for damaged in ["", "{", r#"{"address": "127.0.0.1:1", "process": 1, "token": ["abab"]}"#, &"x".repeat(5000)] {
            let error = said(damaged).expect_err(damaged).to_string();
            assert!(error.contains("is damaged") && !error.contains("abab"), "{error}");
        }
    }
}
