//! Lines in the form in which the recorder writes them, taken apart without JSON values in between: several times as
//! fast.

use std::ops::Range;

/// The parts of a line that a replay needs: instance, event, fields, conditions.
pub(super) struct Scanned {
    pub sequence: u64,
    pub at_ms: u64,
    pub cause: Option<u64>,
    pub parts: [Range<usize>; 4],
}

/// Reads a line in the form in which the recorder writes it, as far as the conditions; none if it has another. The rest
/// is compared with the interpreter's own line in any case.
pub(super) fn scan(text: &str) -> Option<Scanned> {
    let mut at = Cursor { bytes: text.as_bytes(), at: 0 };
    at.word(b"{\"sequence\":")?;
    let sequence = at.number()?;
    at.word(b",\"at_ms\":")?;
    let at_ms = at.number()?;
    let cause = match at.word(b",\"cause\":") {
        Some(()) => Some(at.number()?),
        None => None,
    };
    at.word(b",\"instance\":")?;
    let instance = at.string()?;
    at.word(b",\"event\":")?;
    let event = at.string()?;
    let fields = at.optional(b",\"fields\":{")?;
    at.word(b",\"outcome\":")?;
    at.string()?;
    for key in [&b",\"before\":"[..], b",\"after\":"] {
        if at.word(key).is_some() {
            at.string()?;
        }
    }
    let conditions = at.optional(b",\"conditions\":[")?;
    let is_whole = text.ends_with('}') && matches!(at.bytes.get(at.at), Some(b',' | b'}'));
    is_whole.then_some(Scanned { sequence, at_ms, cause, parts: [instance, event, fields, conditions] })
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.bytes[self.at..].starts_with(word).then(|| self.at += word.len())
    }

    fn number(&mut self) -> Option<u64> {
        let digits = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        // 19 digits always fit; what is not a number in JSON is parsed as JSON.
        let written = &self.bytes[self.at..self.at + digits];
        if !(1..=19).contains(&digits) || (digits > 1 && written[0] == b'0') {
            return None;
        }
        self.at += digits;
        Some(written.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
    }

    /// With its quotes.
    fn string(&mut self) -> Option<Range<usize>> {
        let begin = self.at;
        (*self.bytes.get(begin)? == b'"').then_some(())?;
        let mut at = begin + 1;
        loop {
            match *self.bytes.get(at)? {
                b'"' => break,
                b'\\' => at += 2,
                0..=31 => return None,
                _ => at += 1,
            }
        }
        self.at = at + 1;
        Some(begin..self.at)
    }

    /// A list or object whose key and opening are given, with its brackets; none if it is missing.
    fn optional(&mut self, open: &[u8]) -> Option<Range<usize>> {
        if self.word(open).is_none() {
            return Some(0..0);
        }
        let begin = self.at - 1;
        self.close()?;
        Some(begin..self.at)
    }

    /// Moves past the end of the open list or object.
    fn close(&mut self) -> Option<()> {
        let mut depth = 1_u32;
        while depth > 0 {
            match *self.bytes.get(self.at)? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
        Some(())
    }
}

/// What follows these bytes, in a list of objects one of which begins with them; none if no object does, or the list is
/// not simple.
///
/// Only beginnings of objects of the list itself count, and not what looks like one inside of a value.
pub(super) fn behind<'a>(list: &'a str, begin: &[u8]) -> Option<&'a str> {
    let mut at = Cursor { bytes: list.as_bytes(), at: 0 };
    at.word(b"[")?;
    loop {
        if at.word(begin).is_some() {
            return list.get(at.at..);
        }
        at.word(b"{")?;
        at.close()?;
        at.word(b",")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_recorder_writes_is_taken_apart() {
        let text = r#"{"sequence":7,"at_ms":1000,"cause":6,"instance":"door[a\"b]","event":"open","fields":{"a":"}","b":[{}]},"outcome":"taken","before":"X","after":"Y","conditions":[{"ask":"c","answer":true}],"sends":[]}"#;
        let scanned = scan(text).expect("it is plain");
        assert_eq!((scanned.sequence, scanned.at_ms, scanned.cause), (7, 1000, Some(6)));
        let parts = scanned.parts.map(|part| &text[part]);
        assert_eq!(parts, [r#""door[a\"b]""#, r#""open""#, r#"{"a":"}","b":[{}]}"#, r#"[{"ask":"c","answer":true}]"#]);
    }

    #[test]
    fn what_is_written_otherwise_is_left_to_the_longer_way() {
        let plain = r#"{"sequence":7,"at_ms":1,"instance":"a","event":"e","outcome":"taken"}"#;
        assert!(scan(plain).is_some());
        for (of, with) in [
            ("\"sequence\":7", "\"sequence\": 7"),
            ("\"sequence\":7", "\"sequence\":07"),
            ("\"sequence\":7", "\"sequence\":-7"),
            ("\"sequence\":7", "\"sequence\":7.0"),
            ("\"sequence\":7", "\"sequence\":18446744073709551616"),
            ("\"instance\":\"a\"", "\"instance\":5"),
            ("\"event\":\"e\",", "\"event\":\"e,"),
            ("\"outcome\"", "\"fields\":{\"x\":1,\"outcome\""),
            ("\"taken\"}", "\"taken\""),
        ] {
            assert!(plain.contains(of), "{of}");
            assert!(scan(&plain.replace(of, with)).is_none(), "{with}");
        }
    }

    #[test]
    fn an_answer_is_found_only_among_those_of_the_list() {
        let ask = br#"{"ask":"b","answer":"#;
        let list = r#"[{"ask":"a","arguments":{"x":[{"ask":"b","answer":1}]},"answer":"{\"ask\":\"b\",\"answer\":2}"},{"ask":"b","answer":3}]"#;
        assert_eq!(behind(list, ask), Some("3}]"));
        for list in ["", "[", "[]", r#"[{"ask":"a","answer":1}]"#, r#"[{"ask":"a","answer":"}]"#, "[7,8]"] {
            assert_eq!(behind(list, ask), None, "{list}");
        }
    }
}
