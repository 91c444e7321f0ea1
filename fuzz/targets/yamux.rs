//! The walk along a connection of yamux: whatever the bytes are, and however they are cut, it finds what a reader finds
//! that has all of them at once.

#![no_main]

use bitpie::transports::tcp::{Passed, Walk};
use libfuzzer_sys::fuzz_target;

const HEADER_BYTES: usize = 12;

/// All headers, read at once.
fn read(mut bytes: &[u8]) -> Vec<Passed> {
    let mut found = Vec::new();
    while let Some((header, behind)) = bytes.split_first_chunk::<HEADER_BYTES>() {
        let number = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let (kind, flags, stream, length) = (header[1], header[3], number(4), number(8));
        if kind <= 1 {
            found.extend((flags & 1 != 0).then_some(Passed::Opens { stream }));
            found.extend((flags & 4 != 0).then_some(Passed::Ends { stream }));
        }
        let data = if kind == 0 { length as usize } else { 0 };
        found.extend((data > 0).then_some(Passed::Data { stream }));
        found.extend((kind == 3).then_some(Passed::GoAway { code: length }));
        bytes = behind.get(data..).unwrap_or_default();
    }
    found
}

fn walk<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Vec<Passed> {
    let (mut walk, mut found) = (Walk::default(), Vec::new());
    parts.for_each(|part| walk.pass(part, |passed| found.push(passed)));
    found
}

// The first bytes, up to a zero, say how the others are cut.
fuzz_target!(|data: &[u8]| {
    let cuts: &[u8] = data.split(|byte| *byte == 0).next().unwrap_or_default();
    let bytes = data.get(cuts.len() + 1..).unwrap_or_default();
    let expected = read(bytes);
    // Each header tells of three things at most.
    assert!(expected.len() <= 3 * (bytes.len() / HEADER_BYTES));
    assert_eq!(walk(std::iter::once(bytes)), expected);
    assert_eq!(walk(bytes.chunks(1)), expected);
    let mut rest = bytes;
    let parts = cuts.iter().cycle().take(bytes.len()).map_while(|cut| {
        let (part, behind) = rest.split_at(usize::from(*cut).min(rest.len()));
        rest = behind;
        (!part.is_empty()).then_some(part)
    });
    if !cuts.is_empty() {
        assert_eq!(walk(parts), expected);
    }
});
