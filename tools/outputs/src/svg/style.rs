//! The look: one style sheet inside every picture, in light and dark.
//!
//! Colours are CSS variables, so that a page can change them, each with the light colour as a plain value before it for
//! programs without support for variables. Dark follows the reader's setting (`prefers-color-scheme`);
//! `data-theme="light"` or `"dark"`, on the picture or on anything around it, decides otherwise.

use std::fmt::Write as _;

use super::sizes::{DETAIL_SIZE, LABEL_SIZE, NAME_SIZE};
use crate::metrics::FONT_FAMILY;

/// A colour by its variable: name, in light, in dark. Text keeps a contrast of at least 4.5 : 1 to what it stands on.
const COLOURS: [(&str, &str, &str); 17] = [
    ("canvas", "#f7f9fc", "#0e131a"),
    ("surface", "#ffffff", "#1a212c"),
    ("container", "#eef2fa", "#151d2a"),
    ("band", "#dce4f5", "#22304a"),
    ("final", "#edf0f4", "#222a35"),
    ("border", "#7a8aa3", "#66768f"),
    ("rule", "#d8dee8", "#333e4e"),
    ("ink", "#131c2b", "#e8edf5"),
    ("muted", "#566276", "#9eabbd"),
    ("line", "#5d6d87", "#8392aa"),
    ("event", "#1d3f8f", "#9dbcff"),
    ("timer", "#9a4a07", "#f5b567"),
    ("observation", "#6d33b8", "#cba8ff"),
    ("always", "#9c1f63", "#ff9dcb"),
    ("guard", "#0c6659", "#6fdcc8"),
    ("current", "#c2410c", "#ff9340"),
    ("used", "#15753a", "#4ccb78"),
];

/// Declarations of one colour, first plain, then by its variable.
fn paint(property: &str, name: &str) -> String {
    let (_, light, _) =
        COLOURS.iter().find(|(other, _, _)| *other == name).expect("the rules name colours of the list");
    format!("{property}:{light};{property}:var(--{name})")
}

/// Selector, and what it declares.
fn rules() -> Vec<(&'static str, String)> {
    let fill = |name| paint("fill", name);
    let stroke = |name| paint("stroke", name);
    vec![
        ("text", format!("font-family:{FONT_FAMILY};font-kerning:none;{}", fill("ink"))),
        ("a", "text-decoration:none".to_owned()),
        ("a:hover", "text-decoration:underline".to_owned()),
        (".canvas", fill("canvas")),
        (".heading-name", "font-size:20px;font-weight:700".to_owned()),
        (".heading-instances", format!("font-size:13px;{}", fill("muted"))),
        (".heading-summary", format!("font-size:14px;{}", fill("muted"))),
        (".name", format!("font-size:{NAME_SIZE}px;font-weight:700")),
        (".label-text", format!("font-size:{LABEL_SIZE}px")),
        (".detail-text", format!("font-size:{DETAIL_SIZE}px")),
        (".state .box", format!("stroke-width:1.3;{};{}", fill("surface"), stroke("border"))),
        (".container .box", format!("{};{}", fill("container"), stroke("border"))),
        (".band", fill("band")),
        (".final .box", fill("final")),
        (".final .rim", format!("fill:none;stroke-width:1;{}", stroke("border"))),
        (".any-state .box", format!("stroke-dasharray:5 4;{}", fill("canvas"))),
        (".rule", format!("stroke-width:1;{}", stroke("rule"))),
        (".dot", fill("ink")),
        (".ring", format!("fill:none;stroke-width:1.3;{}", stroke("ink"))),
        (".history .box", format!("stroke-width:1.3;{};{}", fill("surface"), stroke("border"))),
        (".line", format!("fill:none;stroke-width:1.4;{}", stroke("line"))),
        (".observes .line", format!("stroke-dasharray:6 4;{}", stroke("observation"))),
        (".observes .arrow", fill("observation")),
        (".arrow", fill("line")),
        (".glyph", "fill:none;stroke-width:1.2;stroke-linecap:round".to_owned()),
        (".glyph.clock", stroke("timer")),
        (".glyph.eye", stroke("observation")),
        (".event", fill("event")),
        (".timer", fill("timer")),
        (".observation", fill("observation")),
        (".always", format!("font-style:italic;{}", fill("always"))),
        (".guard", fill("guard")),
        (".effect,.quiet", fill("muted")),
        (".order", format!("font-size:9px;{}", fill("muted"))),
        (".section", format!("text-decoration:underline;{}", fill("ink"))),
        (".keyword", format!("font-style:italic;{}", fill("muted"))),
        (".state.current>.box", format!("stroke-width:3;{}", stroke("current"))),
        (".transition.current .line", format!("stroke-width:2.6;{}", stroke("current"))),
        (".transition.current .arrow", fill("current")),
        (".state.used>.box", format!("stroke-width:2;{}", stroke("used"))),
        (".transition.used .line", stroke("used")),
        (".transition.used .arrow", fill("used")),
        (".unused", "opacity:.4".to_owned()),
    ]
}

/// Added where use is shown: unused things must not be overlooked, so they are drawn in the colour of attention instead
/// of faintly.
#[must_use]
pub fn usage_rules() -> String {
    let (fill, stroke) = (paint("fill", "current"), paint("stroke", "current"));
    scoped(&[
        (".unused", "opacity:1".to_owned()),
        (".state.unused>.box", format!("stroke-width:1.6;stroke-dasharray:4 3;{stroke}")),
        (".transition.unused .line", format!("stroke-dasharray:6 4;{stroke}")),
        (".transition.unused .arrow", fill.clone()),
        (".never", fill),
    ])
}

/// Added for a sequence of deliveries.
#[must_use]
pub fn sequence_rules() -> String {
    scoped(&[
        (".lifeline", format!("fill:none;stroke-width:1.2;stroke-dasharray:2 4;{}", paint("stroke", "border"))),
        (".part .box", format!("stroke-width:1.3;{};{}", paint("fill", "canvas"), paint("stroke", "border"))),
        (".instance .box", format!("stroke-width:1.3;{};{}", paint("fill", "band"), paint("stroke", "border"))),
        (".entered .box", format!("stroke-width:1.3;{};{}", paint("fill", "surface"), paint("stroke", "used"))),
        (".odd .box", format!("stroke-width:1.6;{};{}", paint("fill", "surface"), paint("stroke", "current"))),
        (".behind", paint("fill", "canvas")),
        (
            ".nothing .box",
            format!("stroke-width:1;stroke-dasharray:3 3;{};{}", paint("fill", "canvas"), paint("stroke", "border")),
        ),
        (".starts .line", "stroke-dasharray:6 4".to_owned()),
    ])
}

fn scoped(rules: &[(&str, String)]) -> String {
    rules.iter().fold(String::new(), |mut sheet, (selector, declarations)| {
        let _ = writeln!(sheet, ".automaton {selector}{{{declarations}}}");
        sheet
    })
}

/// The style sheet.
#[must_use]
pub fn style_sheet() -> String {
    let variables = |dark: bool| {
        COLOURS.iter().fold(String::new(), |mut text, (name, light, night)| {
            let _ = write!(text, "--{name}:{};", if dark { night } else { light });
            text
        })
    };
    let (light, dark) = (variables(false), variables(true));
    let mut sheet = String::new();
    let _ = writeln!(sheet, ".automaton{{{light}color-scheme:light dark}}");
    let _ = writeln!(sheet, "@media (prefers-color-scheme:dark){{.automaton{{{dark}}}}}");
    let _ = writeln!(sheet, "[data-theme=light] .automaton,.automaton[data-theme=light]{{{light}}}");
    let _ = writeln!(sheet, "[data-theme=dark] .automaton,.automaton[data-theme=dark]{{{dark}}}");
    for (selectors, declarations) in rules() {
        let scoped: Vec<_> = selectors.split(',').map(|selector| format!(".automaton {selector}")).collect();
        let _ = writeln!(sheet, "{}{{{declarations}}}", scoped.join(","));
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).expect("hexadecimal")) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn colour(name: &str, dark: bool) -> &'static str {
        let (_, light, night) = COLOURS.iter().find(|(other, _, _)| *other == name).expect("a colour of the list");
        if dark { night } else { light }
    }

    /// WCAG 2.1, level AA: 4.5 for text, 3 for graphics.
    #[test]
    fn contrast_suffices_in_light_and_dark() {
        for dark in [false, true] {
            for ground in ["canvas", "surface", "container", "band"] {
                for text in ["ink", "muted", "event", "timer", "observation", "always", "guard"] {
                    let contrast = contrast(colour(text, dark), colour(ground, dark));
                    assert!(contrast >= 4.5, "{text} on {ground}, dark {dark}: {contrast:.2}");
                }
                for graphic in ["line", "current", "used"] {
                    let contrast = contrast(colour(graphic, dark), colour(ground, dark));
                    assert!(contrast >= 3.0, "{graphic} on {ground}, dark {dark}: {contrast:.2}");
                }
            }
        }
    }
}
