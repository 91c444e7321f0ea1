//! How a program of this user finds the node and is let in: `api.json` in the home folder says where it is, and holds
//! the token where one is needed.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::Path;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::privacy::{self, NotPrivate};

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
    /// The node's process.
    pub process: u32,
    /// The name of a socket in the home folder. Whoever can reach it is the user: it needs no token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<String>,
    /// The same API at a port of this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpAccess>,
}

/// The API at a port, which other users of this machine reach too.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HttpAccess {
    /// Where it is bound: an address on loopback.
    pub address: SocketAddr,
    /// What lets a request in.
    pub token: Token,
}

/// How a client reaches the node.
#[derive(Clone, Debug)]
pub enum Way {
    /// By the socket of that name in the home folder.
    Socket(String),
    /// By a port.
    Http(HttpAccess),
}

impl fmt::Display for Way {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(name) => formatter.write_str(name),
            Self::Http(http) => http.address.fmt(formatter),
        }
    }
}

impl Access {
    /// How a client reaches the node: by the socket, if there is one. [`Access::read`] gives none without a way.
    #[must_use]
    pub fn way(&self) -> Option<Way> {
        self.socket.clone().map(Way::Socket).or_else(|| self.http.clone().map(Way::Http))
    }

    /// The text of the file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("addresses, texts and numbers are JSON");
        text.push('\n');
        text
    }

    /// Reads the file below a home folder; `None` if there is none. Neither folder nor file may be open to others: who
    /// can write there can say that the node is somewhere else.
    ///
    /// # Errors
    /// If others can get at it, it cannot be read, or is not what a node writes there.
    pub fn read(home: &Path) -> Result<Option<Self>, AccessError> {
        privacy::of_home(home)?;
        let path = home.join(API_FILE);
        let shown = path.display().to_string();
        let unreadable = |error| AccessError::Unreadable { path: shown.clone(), error };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
                return Err(AccessError::NoFolder { home: home.display().to_string() });
            }
            Err(error) => return Err(unreadable(error)),
        };
        let metadata = file.metadata().map_err(unreadable)?;
        privacy::of_file(&path, &metadata)?;
        let damaged = |why: String| AccessError::Damaged { path: shown.clone(), why };
        if metadata.len() > API_FILE_BYTES {
            return Err(damaged("it is too large".to_owned()));
        }
        let mut text = String::new();
        file.take(API_FILE_BYTES).read_to_string(&mut text).map_err(unreadable)?;
        // The error of the parser could quote the token.
        let access: Self = serde_json::from_str(&text).map_err(|error| {
            damaged(format!("line {}, column {} is not as a node writes it", error.line(), error.column()))
        })?;
        match access.why_unusable() {
            Some(why) => Err(damaged(why)),
            None => Ok(Some(access)),
        }
    }

    fn why_unusable(&self) -> Option<String> {
        if let Some(name) = self.socket.as_ref().filter(|name| name.is_empty() || name.contains(['/', '\0'])) {
            return Some(format!("{name:?} is not the name of a socket in the home folder"));
        }
        if let Some(http) = self.http.as_ref().filter(|http| !http.address.ip().is_loopback()) {
            return Some(format!("{} is not on this machine", http.address));
        }
        self.way().is_none().then(|| "it does not say where the node is".to_owned())
    }
}

/// Why `api.json` is of no use.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Others can get at it, or at the home folder.
    #[error(transparent)]
    NotPrivate(#[from] NotPrivate),
    /// What is there is no home folder.
    #[error("{home} is not a folder")]
    NoFolder {
        /// What should be one.
        home: String,
    },
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

impl AccessError {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::NotPrivate(open) => open.remedy(),
            Self::NoFolder { .. } => "move it away, or name another with --home".to_owned(),
            Self::Unreadable { error, .. } if error.kind() == std::io::ErrorKind::PermissionDenied => {
                "run this as the user who runs the node, or let that user read it".to_owned()
            }
            Self::Unreadable { error, .. } if error.kind() == std::io::ErrorKind::IsADirectory => {
                "move away what is in its place, then stop the node (Ctrl-C, or `kill`) and start it again".to_owned()
            }
            Self::Unreadable { .. } | Self::Damaged { .. } => {
                "stop the node (Ctrl-C, or `kill`), and start it again: it writes the file again".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_token_matches_itself_alone_and_is_never_shown() {
        let token = Token::from_bytes(&[0xab; TOKEN_BYTES]);
        assert!(token.matches("ab".repeat(32).as_bytes()));
        for wrong in ["", "ab", &"ab".repeat(33), &"AB".repeat(32), &"ac".repeat(32)] {
            assert!(!token.matches(wrong.as_bytes()), "{wrong}");
        }
        let http = HttpAccess { address: "127.0.0.1:38081".parse().expect("an address"), token };
        let access = Access { process: 7, socket: None, http: Some(http) };
        assert!(!format!("{access:?} {:?}", access.way()).contains("abab"));
    }

    fn private_folder() -> tempfile::TempDir {
        tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir().expect("a folder")
    }

    #[test]
    fn two_tokens_differ() {
        let [one, other] = [(); 2].map(|()| Token::generate().expect("there is randomness"));
        assert!(!one.matches(other.text().as_bytes()));
    }

    #[test]
    fn the_file_is_read_as_it_was_written_and_otherwise_told() {
        let home = private_folder();
        assert!(Access::read(home.path()).expect("no file is no error").is_none());
        let path = home.path().join(API_FILE);
        let said = |text: &str| {
            std::fs::write(&path, text).expect("it can be written");
            std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("it is ours");
            let access = Access::read(home.path())?.expect("it is there");
            Ok::<_, AccessError>(access.way().expect("there is one").to_string())
        };
        let token = Token::from_bytes(&[0xab; TOKEN_BYTES]);
        let http = HttpAccess { address: "127.0.0.1:38081".parse().expect("an address"), token };
        let access = Access { process: 7, socket: Some("api.sock".to_owned()), http: Some(http.clone()) };
        assert_eq!(said(&access.to_text()).expect("what was written"), "api.sock");
        let without = Access { socket: None, ..access.clone() };
        assert_eq!(said(&without.to_text()).expect("what was written"), "127.0.0.1:38081");
        let address = "203.0.113.5:80".parse().expect("an address");
        let abroad = Access { http: Some(HttpAccess { address, ..http }), ..without.clone() };
        let error = said(&abroad.to_text()).expect_err("not on this machine").to_string();
        assert!(error.contains("203.0.113.5:80 is not on this machine"), "{error}");
        for elsewhere in ["", "../api.sock", "/tmp/api.sock"] {
            let elsewhere = Access { socket: Some(elsewhere.to_owned()), ..access.clone() };
            let error = said(&elsewhere.to_text()).expect_err("not in the home folder").to_string();
            assert!(error.contains("is not the name of a socket"), "{error}");
        }
        for damaged in
            ["", "{", r#"{"process": 1, "http": {"token": ["abab"]}}"#, r#"{"process": 1}"#, &"x".repeat(5000)]
        {
            let error = said(damaged).expect_err(damaged).to_string();
            assert!(error.contains("is damaged") && !error.contains("abab"), "{error}");
        }
    }

    #[test]
    fn a_file_in_place_of_the_home_is_told_as_such() {
        let folder = private_folder();
        let home = folder.path().join("home");
        std::fs::write(&home, "").expect("written");
        let error = Access::read(&home).expect_err("no folder");
        assert_eq!(error.to_string(), format!("{} is not a folder", home.display()));
        assert!(error.remedy().contains("--home"), "{}", error.remedy());
    }

    #[test]
    fn a_file_or_a_home_that_others_can_get_at_is_refused() {
        let home = private_folder();
        let path = home.path().join(API_FILE);
        let set = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
        let access = Access { process: 7, socket: Some("api.sock".to_owned()), http: None };
        std::fs::write(&path, access.to_text()).expect("it can be written");
        set(&path, 0o644);
        let error = Access::read(home.path()).expect_err("others can read it").to_string();
        assert!(error.contains(&format!("chmod 600 '{}'", path.display())), "{error}");
        set(&path, 0o600);
        Access::read(home.path()).expect("it is private").expect("it is there");
        set(home.path(), 0o755);
        let error = Access::read(home.path()).expect_err("others can look into it").to_string();
        assert!(error.contains(&format!("chmod 700 '{}'", home.path().display())), "{error}");
    }
}
