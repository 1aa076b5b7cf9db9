//! The targets, one row each, the lowest first.

use super::page::{Page, pad, shorten_middle, shorten_start, width};
use super::paint::Role;
use crate::model::State;
use crate::report::words::{count, names, path_line};
use crate::report::{TargetReport, sanitize};

/// With more targets than this, rows that say the same are one, and only as many rows are shown.
const MANY: usize = 12;

/// Columns between two cells.
const GAP: usize = 2;

/// One row.
struct Row {
    level: u8,
    reach: u8,
    /// The target, and with how many others it shares the row.
    name: String,
    others: usize,
    cap: &'static str,
    state: Option<State>,
    place: String,
    /// The place without its line.
    file: String,
}

impl Row {
    fn new((target, name): (&TargetReport, String)) -> Self {
        let cap = target.cap.as_ref();
        let location = cap.and_then(|cap| cap.location.as_ref());
        let file = location.map_or(target.pipeline.as_str(), |location| &location.path);
        let place = location.map_or_else(|| file.to_owned(), path_line);
        Self {
            level: target.level,
            reach: target.reach.max(target.level),
            name: sanitize::terminal(&name).into_owned(),
            others: 0,
            cap: cap.map_or("none", |cap| cap.requirement.id()),
            state: cap.map(|cap| cap.state),
            place: sanitize::terminal(&place).into_owned(),
            file: sanitize::terminal(file).into_owned(),
        }
    }

    /// Whether two targets stand in the same way in the same file.
    fn is_like(&self, other: &Row) -> bool {
        (self.level, self.reach, self.cap, self.state) == (other.level, other.reach, other.cap, other.state)
            && self.file == other.file
    }

    fn state(&self) -> &'static str {
        self.state.map_or("", State::id)
    }

    /// The name in `columns`; how many share the row is never left out.
    fn name(&self, columns: usize) -> String {
        let others = if self.others == 0 { String::new() } else { format!(" and {} more", self.others) };
        shorten_middle(&self.name, columns.saturating_sub(width(&others)).max(8)) + &others
    }

    fn name_width(&self) -> usize {
        width(&self.name(usize::MAX))
    }

    /// The place with its folders left out.
    fn short_place(&self) -> usize {
        self.place.rfind('/').map_or(width(&self.place), |at| width(self.place.get(at..).unwrap_or_default()) + 1)
    }
}

/// Writes the table; `all` shows every target in a row of its own.
pub(super) fn write(page: &mut Page, targets: &[TargetReport], all: bool) {
    let mut rows: Vec<Row> = targets.iter().zip(names(targets)).map(Row::new).collect();
    rows.sort_by_key(|row| row.level);
    let mut hidden = Vec::new();
    if rows.len() > MANY && !all {
        rows = group(rows, |row, other| row.is_like(other) && row.place == other.place);
        if rows.len() > MANY {
            rows = group(rows, Row::is_like);
        }
        hidden = rows.split_off(rows.len().min(MANY));
    }
    let reach = rows.iter().any(|row| row.reach > row.level);
    let columns = Columns::fit(&rows, reach, page.width);
    match columns {
        Some(columns) => aligned(page, &rows, reach, columns),
        None => stacked(page, &rows),
    }
    if let (Some(first), Some(last)) = (hidden.first(), hidden.last()) {
        let number: usize = hidden.iter().map(|row| row.others + 1).sum();
        let levels = if first.level == last.level {
            format!("at level {}", first.level)
        } else {
            format!("at levels {} to {}", first.level, last.level)
        };
        page.line(&[(Role::Faint, &format!("  and {} {levels} (-v lists all)", count(number, "more target")))]);
    }
    if reach {
        let text = "reach: the level if what this platform's files can never express were met";
        page.prose(&[(Role::Plain, "  ")], Role::Faint, text);
    }
}

/// Merges rows that say the same; a row stands where its first target stood, and names the file alone where the lines
/// differ.
fn group(rows: Vec<Row>, same: impl Fn(&Row, &Row) -> bool) -> Vec<Row> {
    let mut groups: Vec<Row> = Vec::new();
    for row in rows {
        match groups.iter_mut().find(|group| same(group, &row)) {
            Some(group) => {
                group.others += row.others + 1;
                if group.place != row.place {
                    group.place.clone_from(&group.file);
                }
            }
            None => groups.push(row),
        }
    }
    groups
}

/// The widths of the columns whose content varies.
#[derive(Clone, Copy)]
struct Columns {
    name: usize,
    cap: usize,
    state: usize,
    place: usize,
}

impl Columns {
    /// Widths with which every row is one line: whole, or with the folders of the places left out. `None` when the
    /// terminal is too narrow even for that.
    fn fit(rows: &[Row], reach: bool, terminal: usize) -> Option<Self> {
        let widest = |of: fn(&Row) -> usize, least: usize| rows.iter().map(of).max().unwrap_or(0).max(least);
        let name = widest(Row::name_width, "target".len());
        let cap = widest(|row| row.cap.len(), "cap".len());
        let state = widest(|row| row.state().len(), "state".len());
        let place = widest(|row| width(&row.place), "place".len());
        let fixed = "  level".len() + if reach { GAP + "reach".len() } else { 0 } + cap + state + 4 * GAP;
        let room = terminal.checked_sub(fixed + name)?;
        let needed = widest(Row::short_place, "place".len()).min(place);
        (room >= needed).then_some(Self { name, cap, state, place: place.min(room) })
    }
}

fn aligned(page: &mut Page, rows: &[Row], reach: bool, columns: Columns) {
    let reach_head = if reach { "reach  " } else { "" };
    let head = format!(
        "  level  {reach_head}{}  {}  {}  place",
        pad("target", columns.name),
        pad("cap", columns.cap),
        pad("state", columns.state)
    );
    page.line(&[(Role::Strong, &head)]);
    for row in rows {
        let reach = if reach { pad(&row.reach.to_string(), "reach".len() + GAP) } else { String::new() };
        page.line(&[
            (Role::Plain, "  "),
            (Role::Level(row.level), &row.level.to_string()),
            (Role::Plain, "      "),
            (Role::Plain, &reach),
            (Role::Plain, &pad(&row.name(columns.name), columns.name + GAP)),
            (Role::Plain, &pad(row.cap, columns.cap + GAP)),
            (row.state.map_or(Role::Plain, Role::State), &pad(row.state(), columns.state + GAP)),
            (Role::Place, &shorten_start(&row.place, columns.place)),
        ]);
    }
}

/// Two lines for each row, for terminals that are too narrow for the table.
fn stacked(page: &mut Page, rows: &[Row]) {
    let indent = "  level 0  ".len();
    page.line(&[(Role::Strong, "Targets")]);
    for row in rows {
        let level = format!("level {}", row.level);
        let reach = if row.reach > row.level { format!(" (reach {})", row.reach) } else { String::new() };
        let room = page.width.saturating_sub(indent + reach.len());
        page.line(&[
            (Role::Plain, "  "),
            (Role::Level(row.level), &level),
            (Role::Plain, "  "),
            (Role::Plain, &row.name(room)),
            (Role::Plain, &reach),
        ]);
        let what = if row.state.is_some() { format!("{} ", row.cap) } else { "no cap".to_owned() };
        let taken = indent + what.len() + row.state().len() + GAP;
        page.line(&[
            (Role::Plain, &" ".repeat(indent)),
            (Role::Plain, &what),
            (row.state.map_or(Role::Plain, Role::State), row.state()),
            (Role::Plain, "  "),
            (Role::Place, &shorten_start(&row.place, page.width.saturating_sub(taken))),
        ]);
    }
}
