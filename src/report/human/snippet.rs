//! A source line with carets under the part that decides.

use super::page::Page;
use super::paint::Role;
use crate::model::Location;
use crate::report::source::{Marked, mark};

/// Writes the place, the source line below it and the carets below that. Without a source line, the place alone.
/// Returns the width of the gutter, for what follows.
pub(super) fn write(page: &mut Page, location: &Location, source: Option<&str>) -> usize {
    let number = location.line.to_string();
    let gutter = number.len() + 1;
    let margin = " ".repeat(gutter);
    let place = format!("{}:{}:{}", location.path, location.line, location.column);
    page.line(&[(Role::Gutter, &format!("{}--> ", " ".repeat(number.len()))), (Role::Place, &place)]);
    let Some(marked) = mark(source, location, page.width.saturating_sub(gutter + 2).max(20)) else {
        return gutter;
    };
    let Marked { before, inside, after, offset, carets } = marked;
    page.line(&[(Role::Plain, &margin), (Role::Gutter, "|")]);
    page.line(&[(Role::Gutter, &format!("{number} | ")), (Role::Plain, &format!("{before}{inside}{after}"))]);
    page.line(&[
        (Role::Plain, &margin),
        (Role::Gutter, "| "),
        (Role::Plain, &" ".repeat(offset)),
        (Role::Level(0), &"^".repeat(carets)),
    ]);
    page.line(&[(Role::Plain, &margin), (Role::Gutter, "|")]);
    gutter
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn show(line: &str, column: u32, end: (u32, u32), width: usize) -> String {
        let path: Arc<str> = "ci.yml".into();
        let location = Location { path, line: 7, column, end_line: end.0, end_column: end.1 };
        let mut page = Page::new(width, false);
        write(&mut page, &location, Some(line));
        let text = page.finish();
        // The place and the empty gutter lines are the same every time.
        text.lines().skip(2).take(2).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn carets_stand_under_the_marked_part() {
        assert_eq!(show("  run: npm publish", 8, (7, 19), 60), "7 |   run: npm publish\n  |        ^^^^^^^^^^^");
    }

    #[test]
    fn tabs_and_wide_characters_keep_the_carets_in_place() {
        assert_eq!(show("\trun: x", 2, (7, 5), 60), "7 |     run: x\n  |     ^^^");
        assert_eq!(show("a\tb", 2, (7, 3), 60), "7 | a   b\n  |  ^^^");
        assert_eq!(show("名前: 値", 5, (7, 6), 60), "7 | 名前: 値\n  |       ^^");
        assert_eq!(show("e\u{301}x y", 4, (7, 5), 60), "7 | e\u{301}x y\n  |   ^");
        assert_eq!(show("\u{1b}[1m x", 6, (7, 7), 60), "7 | \\u{1b}[1m x\n  |           ^");
    }

    #[test]
    fn a_span_of_several_lines_is_marked_to_the_end_of_the_first() {
        assert_eq!(show("  - run: |   ", 5, (9, 3), 60), "7 |   - run: |\n  |     ^^^^^^");
    }

    #[test]
    fn there_is_always_a_caret() {
        assert_eq!(show("key:", 5, (7, 5), 60), "7 | key:\n  |     ^");
        assert_eq!(show("key:", 90, (7, 95), 60), "7 | key:\n  |     ^");
        assert_eq!(show("key:", 0, (7, 0), 60), "7 | key:\n  | ^");
        assert_eq!(show("key:   ", 6, (8, 2), 60), "7 | key:\n  |      ^");
    }

    #[test]
    fn long_lines_are_cut_around_the_marked_part() {
        let line = format!("{}MARK{}", "a".repeat(300), "b".repeat(300));
        let shown = show(&line, 301, (7, 305), 60);
        let (source, carets) = shown.split_once('\n').unwrap();
        assert_eq!(source, format!("7 | …{}MARK{}…", "a".repeat(25), "b".repeat(25)));
        assert_eq!(carets.find('^').unwrap(), source.chars().position(|c| c == 'M').unwrap());
        assert_eq!(carets.matches('^').count(), 4);
    }

    #[test]
    fn no_cut_makes_a_line_too_wide_or_loses_the_mark() {
        let lines =
            ["x".repeat(200), "名".repeat(100), "\t".repeat(60) + "x", "\u{1b}".repeat(50), "e\u{301}".repeat(150)];
        for line in lines {
            for width in [60, 61, 80] {
                for column in 1..=201 {
                    for length in [0, 1, 7, 55, 56, 57, 58, 150] {
                        let shown = show(&line, column, (7, column + length), width);
                        for row in shown.lines() {
                            assert!(super::super::page::width(row) <= width, "{row}");
                        }
                        assert!(shown.contains('^'), "{shown}");
                    }
                }
            }
        }
    }
}
