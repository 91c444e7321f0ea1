//! How wide a text will be, so that boxes fit: from the advance widths of a real font, see [`crate::widths`].
//!
//! Kerning is switched off in the pictures; a browser then adds advance widths, and so does this. The font measured is
//! the widest of those used for sans-serif, so that a reader with another one gets a little more room, and never an
//! overlap.

use automata_compiler::invisible::written_out;

use crate::widths::{BOLD, REGULAR, Widths};

/// The fonts for CSS: the measured one, then those of systems that lack it, which are narrower.
pub const FONT_FAMILY: &str = "'DejaVu Sans', 'Liberation Sans', Arimo, Arial, Helvetica, sans-serif";

/// Width in pixels of a line of text in the first font of [`FONT_FAMILY`].
#[must_use]
pub fn text_width(text: &str, size: f64, bold: bool) -> f64 {
    let widths = if bold { &BOLD } else { &REGULAR };
    // What nobody would see is written out.
    let text = written_out(text);
    let total: u32 = text.chars().map(|character| u32::from(advance(widths, character))).sum();
    f64::from(total) * size / 2048.0
}

/// A character that the table lacks counts as a full square, which hardly any exceeds.
fn advance(widths: &Widths, character: char) -> u16 {
    match u32::from(character) {
        code @ 0x20..=0x7E => widths.ascii[code as usize - 0x20],
        code @ 0xA0..=0xFF => widths.latin[code as usize - 0xA0],
        _ => widths.others.binary_search_by_key(&character, |&(other, _)| other).map_or(2048, |at| widths.others[at].1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        // `CONNECTED` in DejaVu Sans Bold at 14 px, added up by hand: C 1503 twice, O 1741, N 1714 twice, E 1399 twice,
        // T 1397, D 1700.
        let expected = f64::from(2 * 1503 + 1741 + 2 * 1714 + 2 * 1399 + 1397 + 1700) * 14.0 / 2048.0;
        assert!((text_width("CONNECTED", 14.0, true) - expected).abs() < 1e-9);
        assert!((text_width("…", 2048.0, false) - 2048.0).abs() < 1e-9);
        assert!((text_width("\u{65e5}", 12.0, false) - 12.0).abs() < 1e-9, "what the table lacks is a full square");
    }

    #[test]
    fn other_characters_can_be_searched() {
        for widths in [&REGULAR, &BOLD] {
            assert!(widths.others.is_sorted_by_key(|&(character, _)| character));
        }
    }
}
