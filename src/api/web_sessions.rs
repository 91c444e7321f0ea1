//! How a browser is let in: a link with a token that counts once, for which the page gets a token of its own.
//!
//! The page keeps its token where only pages of this node's port can read it, and sends it with each request: no cookie,
//! since a browser sends cookies to every port of a machine, also to those of other users.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::access::Token;

/// Links that were not used yet, at most; older ones count no more.
const LINKS: usize = 16;

/// Browsers that are let in at once, at most; the ones that came first have to come again.
const SESSIONS: usize = 64;

/// Links and browsers, by their tokens.
#[derive(Debug, Default)]
pub struct WebSessions {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    links: VecDeque<Token>,
    sessions: VecDeque<Token>,
}

impl WebSessions {
    /// The token of a new link.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn new_link(&self) -> Result<Token, getrandom::Error> {
        let token = Token::generate()?;
        self.with(|inner| keep(&mut inner.links, token.clone(), LINKS));
        Ok(token)
    }

    /// Uses up a link: the token of the browser that came by it, or none if the link counts no more.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn enter(&self, link: &[u8]) -> Result<Option<Token>, getrandom::Error> {
        let token = Token::generate()?;
        Ok(self.with(|inner| {
            let place = inner.links.iter().position(|known| known.matches(link))?;
            inner.links.remove(place);
            keep(&mut inner.sessions, token.clone(), SESSIONS);
            Some(token)
        }))
    }

    /// Whether a browser with that token was let in.
    #[must_use]
    pub fn is_known(&self, session: &[u8]) -> bool {
        self.with(|inner| inner.sessions.iter().any(|known| known.matches(session)))
    }

    /// A browser goes: its token opens nothing any more. Returns whether it was let in.
    pub fn forget(&self, session: &[u8]) -> bool {
        self.with(|inner| {
            let before = inner.sessions.len();
            inner.sessions.retain(|known| !known.matches(session));
            inner.sessions.len() < before
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn keep(tokens: &mut VecDeque<Token>, token: Token, most: usize) {
    if tokens.len() >= most {
        tokens.pop_front();
    }
    tokens.push_back(token);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_lets_one_browser_in_and_no_second() {
        let sessions = WebSessions::default();
        let link = sessions.new_link().expect("there is randomness");
        let session = sessions.enter(link.text().as_bytes()).expect("there is randomness").expect("the link counts");
        assert!(sessions.is_known(session.text().as_bytes()));
        assert!(!sessions.is_known(link.text().as_bytes()), "the link itself opens nothing");
        assert!(!sessions.forget(link.text().as_bytes()) && sessions.forget(session.text().as_bytes()));
        assert!(!sessions.is_known(session.text().as_bytes()), "it has logged out");
        assert!(sessions.enter(link.text().as_bytes()).expect("there is randomness").is_none());
        for wrong in [b"".as_slice(), b"abc"] {
            assert!(!sessions.is_known(wrong));
            assert!(sessions.enter(wrong).expect("there is randomness").is_none());
        }
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let sessions = WebSessions::default();
        let first = sessions.new_link().expect("there is randomness");
        for _ in 0..LINKS {
            sessions.new_link().expect("there is randomness");
        }
        assert!(sessions.enter(first.text().as_bytes()).expect("there is randomness").is_none());
        let mut tokens = Vec::new();
        for _ in 0..=SESSIONS {
            let link = sessions.new_link().expect("there is randomness");
            tokens.extend(sessions.enter(link.text().as_bytes()).expect("there is randomness"));
        }
        assert!(
            !sessions.is_known(tokens[0].text().as_bytes()) && sessions.is_known(tokens[SESSIONS].text().as_bytes())
        );
    }
}
