//! A source line with the part that decides, cut to a width.

use unicode_width::UnicodeWidthChar;

use super::sanitize::{Marks, push_terminal};
use crate::model::Location;

/// Columns between tab stops.
const TAB: usize = 4;

/// What is kept before a marked part that is longer than there is room.
const LEAD: usize = 8;

/// One character of the source as it is shown: its text and the columns that it covers.
struct Cell {
    text: String,
    from: usize,
    to: usize,
}

/// A source line as it is shown, in three parts, and where the marked part lies in columns. Safe on a terminal.
#[derive(Debug, Default)]
pub(super) struct Marked {
    /// What stands before the marked part.
    pub(super) before: String,
    /// The marked part; shorter than `carets` where it lies behind the end of the line.
    pub(super) inside: String,
    /// What stands behind it.
    pub(super) after: String,
    /// Columns before the marked part.
    pub(super) offset: usize,
    /// Columns that are marked, at least one.
    pub(super) carets: usize,
}

/// The first line of a snippet, cut to `room` columns around the part that `location` marks. `None` without a line that
/// shows anything.
pub(super) fn mark(source: Option<&str>, location: &Location, room: usize) -> Option<Marked> {
    let line = source?.lines().next().filter(|line| !line.trim().is_empty())?;
    Some(cut(line, location, room))
}

fn cut(line: &str, location: &Location, room: usize) -> Marked {
    let cells = cells(line);
    let total = cells.last().map_or(0, |cell| cell.to);
    // The end of the line, without blanks that nobody sees marked.
    let visible = line.trim_end().chars().count();
    let first = location.column.saturating_sub(1) as usize;
    let last = if location.end_line > location.line { visible } else { location.end_column.saturating_sub(1) as usize };
    let from = cells.get(first).map_or(total, |cell| cell.from);
    let to = last.checked_sub(1).map_or(0, |at| cells.get(at).map_or(total, |cell| cell.to)).max(from + 1);

    // A mark at the very end of the line needs one column behind it.
    if total.max(to) <= room {
        let mut marked = Marked { offset: from, carets: to - from, ..Marked::default() };
        cells.iter().for_each(|cell| marked.push(cell, from, to));
        return marked;
    }
    // Room for an ellipsis on each side.
    let inner = room.saturating_sub(2);
    let left = if to <= inner {
        0
    } else if to - from >= inner {
        from.saturating_sub(LEAD)
    } else {
        (from - (inner - (to - from)) / 2).min(total.max(to).saturating_sub(inner))
    };
    let window: Vec<_> = cells
        .iter()
        .filter(|cell| cell.from >= left && cell.to <= left + inner)
        // A combining mark whose character is cut away would sit on the ellipsis.
        .skip_while(|cell| cell.from == cell.to)
        .collect();
    let start = window.first().map_or(left, |cell| cell.from);
    let end = window.last().map_or(left, |cell| cell.to);
    let mut marked = Marked {
        offset: from.saturating_sub(start) + usize::from(left > 0),
        carets: to.min(end.max(from + 1)) - from,
        ..Marked::default()
    };
    if left > 0 {
        marked.before.push('…');
    }
    window.iter().for_each(|cell| marked.push(cell, from, to));
    if end < total {
        marked.after.push('…');
    }
    marked
}

impl Marked {
    /// Adds a character to the part that it belongs to; a combining mark goes with the one before it.
    fn push(&mut self, cell: &Cell, from: usize, to: usize) {
        let part = match cell {
            cell if cell.to <= from => &mut self.before,
            cell if cell.from < to || cell.from == cell.to && cell.to <= to => &mut self.inside,
            _ => &mut self.after,
        };
        part.push_str(&cell.text);
    }
}

/// The characters of a line with their columns; tabs reach to the next stop, unsafe characters show as escapes.
fn cells(line: &str) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut at = 0;
    let mut marks = Marks::default();
    for c in line.chars() {
        let mut text = String::new();
        if c == '\t' {
            text.push_str(&" ".repeat(TAB - at % TAB));
            marks = Marks::default();
        } else {
            push_terminal(&mut text, c, &mut marks);
        }
        let wide: usize = text.chars().filter_map(UnicodeWidthChar::width).sum();
        cells.push(Cell { text, from: at, to: at + wide });
        at += wide;
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(line: &str, column: u32, end_column: u32) -> [String; 3] {
        let location = Location { path: "ci.yml".into(), line: 1, column, end_line: 1, end_column };
        let marked = mark(Some(line), &location, 200).unwrap();
        [marked.before, marked.inside, marked.after]
    }

    #[test]
    fn parts_add_up_to_the_line() {
        assert_eq!(parts("run: npm publish # x", 6, 17), ["run: ", "npm publish", " # x"]);
        assert_eq!(parts("e\u{301}xe\u{301}y", 3, 5), ["e\u{301}", "xe\u{301}", "y"]);
        assert_eq!(parts("key:", 5, 5), ["key:", "", ""]);
    }
}
