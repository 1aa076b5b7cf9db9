//! The badge of the level that a checkout shows: a picture that stands alone, or the description of one for
//! shields.io's endpoint badge. Neither holds a string of the checkout.

use serde::Serialize;

use super::{Report, json};

/// What the badge is about.
const LABEL: &str = "SLSA Build";

/// Widths of the two halves in pixels: their texts are always the same length.
const LEFT: u32 = 78;
const RIGHT: u32 = 54;
/// Widths of the texts in them, whatever font draws them.
const LEFT_TEXT: u32 = 66;
const RIGHT_TEXT: u32 = 42;

fn message(report: &Report) -> String {
    format!("level {}", report.level)
}

/// Dark enough for white text.
fn color(level: u8) -> &'static str {
    match level {
        0 => "#b3261e",
        1 => "#9a5b00",
        2 => "#0b57c2",
        _ => "#1a6b33",
    }
}

/// The badge as an SVG picture that needs nothing else, ending in a line end.
pub fn badge_svg(report: &Report) -> String {
    let message = message(report);
    let color = color(report.level);
    let width = LEFT + RIGHT;
    let (left, right) = (LEFT / 2, LEFT + RIGHT / 2);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{LABEL} {message}">
  <title>{LABEL} {message}, as shown by the repository and graded by truelevel</title>
  <clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath>
  <g clip-path="url(#r)">
    <rect width="{LEFT}" height="20" fill="#3b4047"/>
    <rect x="{LEFT}" width="{RIGHT}" height="20" fill="{color}"/>
  </g>
  <g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">
    <text x="{left}" y="14" textLength="{LEFT_TEXT}" lengthAdjust="spacingAndGlyphs">{LABEL}</text>
    <text x="{right}" y="14" textLength="{RIGHT_TEXT}" lengthAdjust="spacingAndGlyphs">{message}</text>
  </g>
</svg>
"##
    )
}

/// Source: <https://shields.io/badges/endpoint-badge>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    schema_version: u8,
    label: &'static str,
    message: String,
    color: &'static str,
    is_error: bool,
}

/// The badge as shields.io's endpoint badge takes it, ending in a line end.
pub fn badge_endpoint(report: &Report) -> Result<String, serde_json::Error> {
    json::pretty(&Endpoint {
        schema_version: 1,
        label: LABEL,
        message: message(report),
        color: color(report.level),
        is_error: !report.errors.is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn the_badge_says_the_level_that_is_shown_and_never_the_declared_one() {
        for (name, mut report) in samples::all() {
            report.declared_level = 3;
            let svg = badge_svg(&report);
            assert_eq!(svg.matches(&format!("level {}", report.level)).count(), 3, "{name}");
            let json: serde_json::Value = serde_json::from_str(&badge_endpoint(&report).unwrap()).unwrap();
            assert_eq!(json["message"], format!("level {}", report.level));
            assert_eq!(json["schemaVersion"], 1);
        }
    }

    #[test]
    fn the_picture_needs_nothing_else_and_is_told_to_who_cannot_see_it() {
        for (name, report) in samples::all() {
            let svg = badge_svg(&report);
            assert!(svg.contains("role=\"img\" aria-label=\"SLSA Build level") && svg.contains("<title>"), "{name}");
            assert!(svg.is_ascii() && !svg.contains("href") && !svg.contains("<script") && !svg.contains("@import"));
            assert_eq!(svg.matches("://").count(), 1, "the name space alone");
            assert_eq!(svg.matches("url(").count(), svg.matches("url(#").count());
        }
        insta::assert_snapshot!("badge", badge_svg(&samples::seed()));
    }

    #[test]
    fn the_text_can_be_read() {
        // WCAG asks for a contrast of 4.5 to the white text.
        for level in 0..=3 {
            let channel = |at: usize| f64::from(u8::from_str_radix(&color(level)[at..at + 2], 16).unwrap()) / 255.0;
            let linear = |c: f64| if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
            let light = 0.2126 * linear(channel(1)) + 0.7152 * linear(channel(3)) + 0.0722 * linear(channel(5));
            assert!(1.05 / (light + 0.05) >= 4.5, "level {level}");
        }
    }
}
