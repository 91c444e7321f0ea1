//! Characters to tokens. The whole text is split before the parser looks at it: it is short, and bounded.

use crate::codes::expression_errors::{SYNTAX, TOO_LARGE};
use crate::diagnostic::Diagnostic;
use crate::durations::{UNITS, duration_text};
use crate::foreign;
use crate::source::Text;

/// Bytes in one little text, at most.
pub const LONGEST_TEXT_BYTES: usize = 4096;

/// One token, and its bytes in the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub kind: TokenKind,
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TokenKind {
    /// A name or a word; the parser decides which.
    Word(String),
    Integer(i128),
    /// Milliseconds.
    Duration(u64),
    String(String),
    /// One of [`SYMBOLS`].
    Symbol(&'static str),
    /// After the last one.
    End,
}

impl TokenKind {
    /// As shown in a finding.
    pub fn describe(&self) -> String {
        match self {
            Self::Word(word) => format!("`{word}`"),
            Self::Integer(value) => format!("`{value}`"),
            Self::Duration(ms) => format!("`{}`", duration_text(*ms)),
            Self::String(_) => "a string".to_owned(),
            Self::Symbol(symbol) => format!("`{symbol}`"),
            Self::End => "nothing more".to_owned(),
        }
    }
}

/// The symbols of the language. Longer ones first, so that the first that fits is the right one.
pub const SYMBOLS: [&str; 24] = [
    "??", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "%=", "<", ">", "=", "+", "-", "*", "/", "%", "(", ")", "[",
    "]", ",", ".",
];

/// Splits a text; the last token is [`TokenKind::End`].
pub fn tokens(text: &Text) -> Result<Vec<Token>, Box<Diagnostic>> {
    if text.text.len() > LONGEST_TEXT_BYTES {
        let message = format!("this is {} bytes long; at most {LONGEST_TEXT_BYTES} are allowed", text.text.len());
        return Err(Box::new(Diagnostic::new(&TOO_LARGE, text.at(0, text.text.len()), message)));
    }
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next()?;
        let is_end = token.kind == TokenKind::End;
        tokens.push(token);
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    text: &'a Text,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text.text[self.at..]
    }

    fn next(&mut self) -> Result<Token, Box<Diagnostic>> {
        self.at += self.rest().len() - self.rest().trim_start().len();
        let start = self.at;
        let kind = match self.rest().chars().next() {
            None => TokenKind::End,
            Some(c) if c.is_alphabetic() || c == '_' => TokenKind::Word(self.take_while(is_word).to_owned()),
            Some(c) if c.is_ascii_digit() => self.number()?,
            Some('"') => TokenKind::String(self.string()?),
            // `===` begins with a symbol of ours.
            Some(c) if self.longer_than_ours() => return Err(self.foreign(c)),
            Some(c) => match SYMBOLS.into_iter().find(|symbol| self.rest().starts_with(symbol)) {
                Some(symbol) => {
                    self.at += symbol.len();
                    TokenKind::Symbol(symbol)
                }
                None => return Err(self.foreign(c)),
            },
        };
        Ok(Token { kind, start, end: self.at })
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &str {
        let length = self.rest().find(|c| !belongs(c)).unwrap_or(self.rest().len());
        self.at += length;
        &self.text.text[self.at - length..self.at]
    }

    fn number(&mut self) -> Result<TokenKind, Box<Diagnostic>> {
        let start = self.at;
        let digits = self.take_while(|c| c.is_ascii_digit() || c == '_').replace('_', "");
        let unit = self.take_while(is_word).to_owned();
        if unit.is_empty() && self.rest().starts_with('.') && self.rest()[1..].starts_with(|c: char| c.is_ascii_digit())
        {
            return Err(self.fraction(start).into());
        }
        if let Some(value) = foreign::decimal(&self.text.text[start..self.at]) {
            let finding = self.error(start, self.at, "numbers are written in decimal");
            return Err(finding.help(format!("write `{value}`")).into());
        }
        let Ok(value) = digits.parse::<i128>() else {
            return Err(self.error(start, self.at, "this number is too large for any integer type").into());
        };
        if unit.is_empty() {
            return Ok(TokenKind::Integer(value));
        }
        let Some((_, length_ms)) = UNITS.into_iter().find(|(name, _)| *name == unit) else {
            let message = format!("there is no unit `{unit}`");
            let help = "the units are `ms`, `s`, `min`, `h` and `d`; a name cannot begin with a digit";
            return Err(self.error(start, self.at, &message).help(help).into());
        };
        match u64::try_from(value).ok().and_then(|value| value.checked_mul(length_ms)) {
            Some(ms) => Ok(TokenKind::Duration(ms)),
            None => Err(self.error(start, self.at, "this duration is longer than 2^64−1 ms").into()),
        }
    }

    /// `1.5`, `1.5s`: the part before the `.` has been read.
    fn fraction(&mut self, start: usize) -> Diagnostic {
        self.at += 1;
        let digits = self.take_while(|c| c.is_ascii_digit() || c == '_').replace('_', "");
        let whole = self.text.text[start..].split('.').next().unwrap_or_default().replace('_', "");
        let unit = self.take_while(is_word).to_owned();
        let finding = self.error(start, self.at, "there are no fractions");
        let Some((_, length_ms)) = UNITS.into_iter().find(|(name, _)| *name == unit) else {
            return finding.help("count in a smaller unit, such as hundredths, with integers");
        };
        let parts = || -> Option<u64> {
            let thousandth = length_ms.checked_mul(digits.parse().ok()?)?;
            let scale = 10u64.checked_pow(u32::try_from(digits.len()).ok()?)?;
            let behind = thousandth.is_multiple_of(scale).then(|| thousandth / scale)?;
            whole.parse::<u64>().ok()?.checked_mul(length_ms)?.checked_add(behind)
        };
        finding.help(match parts() {
            Some(ms) => format!("write `{}`", duration_text(ms)),
            None => "the smallest unit is the millisecond".to_owned(),
        })
    }

    fn string(&mut self) -> Result<String, Box<Diagnostic>> {
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        while let Some(c) = self.rest().chars().next() {
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(value),
                '\\' => value.push(self.escaped()?),
                c => value.push(c),
            }
        }
        Err(self.error(start, self.at, "this string does not end").into())
    }

    fn escaped(&mut self) -> Result<char, Box<Diagnostic>> {
        let start = self.at - 1;
        let escaped = self.rest().chars().next();
        self.at += escaped.map_or(0, char::len_utf8);
        match escaped {
            Some(c @ ('"' | '\\')) => Ok(c),
            Some('n') => Ok('\n'),
            Some('t') => Ok('\t'),
            _ => Err(self
                .error(start, self.at, "the only escapes in strings are `\\\"`, `\\\\`, `\\n` and `\\t`")
                .into()),
        }
    }

    fn longer_than_ours(&self) -> bool {
        let ours = SYMBOLS.into_iter().find(|symbol| self.rest().starts_with(symbol)).map_or(0, str::len);
        foreign::symbol(self.rest()).is_some_and(|(symbol, _)| symbol.len() > ours && ours > 0)
    }

    fn foreign(&self, c: char) -> Box<Diagnostic> {
        let known = foreign::symbol(self.rest());
        let length = known.map_or(c.len_utf8(), |(symbol, _)| symbol.len());
        let written = &self.rest()[..length];
        let finding = self.error(self.at, self.at + length, &format!("`{written}` means nothing here"));
        Box::new(match known {
            Some((_, help)) => finding.help(help),
            None => finding,
        })
    }

    fn error(&self, start: usize, end: usize, message: &str) -> Diagnostic {
        Diagnostic::new(&SYNTAX, self.text.at(start, end), message)
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
