//! The trust boundary as inline SVG: three lanes below one another, narrow enough for a phone.

use unicode_width::UnicodeWidthStr;

use super::writer::Writer;
use crate::model::State;
use crate::report::TargetReport;
use crate::report::boundary::{Control, Edge, Node, Part, Picture, Side, picture};
use crate::report::sanitize;

/// Width of the picture in its own units; text of 12 units is readable on a phone that shows it at 0.8.
const WIDTH: u32 = 440;
/// From the edge of a lane to its boxes.
const PAD: u32 = 14;
/// Between two boxes side by side.
const GAP: u32 = 16;
/// Width of a box that shares its row.
const HALF: u32 = (WIDTH - 2 * PAD - GAP) / 2;
/// Room for an arrow with its label.
const ARROW: u32 = 38;
/// A lane's title.
const TITLE: u32 = 26;
/// Lines of text.
const LINE: u32 = 16;
/// From the edge of a box to its text.
const INSIDE: u32 = 10;
/// The widest usual letter of the bold and of the monospaced text, rounded up.
const BOLD: u32 = 8;
const MONO: u32 = 7;
/// Lines that one fact may take.
const LINES: usize = 3;

/// A box with a place.
struct Placed<'a> {
    node: &'a Node,
    x: u32,
    y: u32,
    width: u32,
    height: u32,
    title: Vec<String>,
    facts: Vec<String>,
}

impl Placed<'_> {
    fn bottom(&self) -> u32 {
        self.y + self.height
    }
}

/// A lane or a zone in it.
struct Lane {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
    title: &'static str,
    class: &'static str,
}

/// Writes the picture of one target; `id` is unique in the document.
pub(super) fn write(page: &mut Writer, target: &TargetReport, id: &str) {
    let picture = picture(target);
    let (boxes, lanes, height) = layout(&picture);
    let (title, description) = (format!("{id}-title"), format!("{id}-description"));
    let view = format!("0 0 {WIDTH} {height}");
    let labels = format!("{title} {description}");
    page.element("svg", &[("viewBox", &view), ("role", "img"), ("aria-labelledby", &labels)], |page| {
        page.leaf("title", &[("id", &title)], &format!("Trust boundary of {}", target.id));
        page.leaf("desc", &[("id", &description)], &describe(&picture));
        lanes.iter().for_each(|lane| write_lane(page, lane));
        picture.edges.iter().for_each(|edge| write_edge(page, edge, &boxes));
        boxes.iter().for_each(|placed| write_box(page, placed));
    });
}

/// Puts every box into its lane, from the top down.
fn layout(picture: &Picture) -> (Vec<Placed<'_>>, Vec<Lane>, u32) {
    let (whole, half, right) = (WIDTH - 2 * PAD, HALF, PAD + HALF + GAP);
    let mut boxes: Vec<Placed<'_>> = Vec::new();
    let mut lanes = Vec::new();
    let lane = |y, height, title, class| Lane { x: 1, y, width: WIDTH - 2, height, title, class };
    let of = |part| picture.nodes.iter().find(|node| node.part == part);
    let mut y = 1 + TITLE;
    let bottom = fill(&mut boxes, picture, y, &[(Part::Pipeline, PAD, whole)]);
    lanes.push(lane(1, bottom + PAD - 1, "Repository", "lane"));

    let top = bottom + PAD + ARROW;
    y = fill(&mut boxes, picture, top + TITLE, &[(Part::Build, PAD, whole)]) + ARROW;
    let apart = of(Part::Signing).is_some_and(|node| node.side == Side::Control);
    let zone = y - 4;
    // The zone of the signing has a title of its own.
    let inset = if apart { TITLE - 4 } else { 0 };
    let bottom = fill(&mut boxes, picture, y + inset, &[(Part::Publish, PAD, half), (Part::Signing, right, half)]);
    lanes.push(lane(top, bottom + PAD - top, "Build platform: the pipeline's own jobs", "lane"));
    if apart {
        lanes.push(Lane {
            x: right - 7,
            y: zone,
            width: half + 14,
            height: bottom + 7 - zone,
            title: "Out of their reach",
            class: "zone",
        });
    }

    let top = bottom + PAD + ARROW;
    let bottom = fill(&mut boxes, picture, top + TITLE, &[(Part::Registry, PAD, half), (Part::Store, right, half)]);
    lanes.push(lane(top, bottom + PAD - top, "Consumers", "lane"));
    (boxes, lanes, bottom + PAD + 1)
}

/// Places what there is of these parts side by side, and returns where the highest ends.
fn fill<'a>(boxes: &mut Vec<Placed<'a>>, picture: &'a Picture, y: u32, parts: &[(Part, u32, u32)]) -> u32 {
    let first = boxes.len();
    for (part, x, width) in parts {
        let Some(node) = picture.nodes.iter().find(|node| node.part == *part) else { continue };
        let inside = width - 2 * INSIDE;
        let title = lines(node.title, (inside / BOLD) as usize);
        let facts: Vec<String> = node.facts.iter().flat_map(|fact| lines(fact, (inside / MONO) as usize)).collect();
        let rows = if *width > WIDTH / 2 { node.controls.len().div_ceil(2) } else { node.controls.len() };
        let text = (title.len() + facts.len() + rows) as u32 * LINE;
        let height = text + if rows > 0 { 24 } else { 16 };
        boxes.push(Placed { node, x: *x, y, width: *width, height, title, facts });
    }
    boxes.iter().skip(first).map(Placed::bottom).max().unwrap_or(y)
}

/// A text in lines of so many columns, broken behind blanks and the signs that divide paths and names; what goes beyond
/// the last line is left out.
fn lines(text: &str, columns: usize) -> Vec<String> {
    let safe = sanitize::terminal(text);
    let mut lines = vec![String::new()];
    for token in safe.split_inclusive([' ', '/', '-', '_', ':', '@', ',']) {
        let fits = lines.last().is_some_and(|line| line.width() + token.trim_end().width() <= columns);
        if !fits {
            lines.push(String::new());
        }
        for c in token.chars() {
            match lines.last_mut() {
                Some(line) if line.width() < columns || c == ' ' => line.push(c),
                _ => lines.push(c.to_string()),
            }
        }
    }
    lines.iter_mut().for_each(|line| *line = line.trim().to_owned());
    lines.retain(|line| !line.is_empty());
    if lines.len() > LINES {
        lines.truncate(LINES);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines
}

fn rect(page: &mut Writer, class: &str, [x, y, width, height]: [u32; 4], radius: &str) {
    let [x, y, width, height] = [x, y, width, height].map(|number| number.to_string());
    let place = [("class", class), ("x", &x), ("y", &y), ("width", &width), ("height", &height), ("rx", radius)];
    page.element("rect", &place, |_| {});
}

fn label(page: &mut Writer, class: &str, x: u32, y: u32, text: &str) {
    page.leaf("text", &[("class", class), ("x", &x.to_string()), ("y", &y.to_string())], text);
}

fn write_lane(page: &mut Writer, lane: &Lane) {
    rect(page, lane.class, [lane.x, lane.y, lane.width, lane.height], "8");
    let class = if lane.class == "zone" { "zone-title" } else { "lane-title" };
    // Arrows come down on the left.
    label(page, class, lane.x + lane.width - 13, lane.y + 17, lane.title);
}

fn write_box(page: &mut Writer, placed: &Placed<'_>) {
    let node = placed.node;
    let cap = node.controls.iter().any(|control| control.cap);
    let class = match (cap, node.missing) {
        (true, true) => "box cap missing",
        (true, false) => "box cap",
        (false, true) => "box missing",
        (false, false) => "box",
    };
    rect(page, class, [placed.x, placed.y, placed.width, placed.height], "5");
    let x = placed.x + INSIDE;
    let mut y = placed.y + 6;
    for line in &placed.title {
        y += LINE;
        label(page, "name", x, y - 3, line);
    }
    for line in &placed.facts {
        y += LINE;
        label(page, "fact", x, y - 4, line);
    }
    y += 6;
    let rows = if placed.width > WIDTH / 2 { node.controls.len().div_ceil(2) } else { node.controls.len() };
    for (at, control) in node.controls.iter().enumerate() {
        let (column, row) = if at < rows { (0, at) } else { (HALF + GAP, at - rows) };
        let (x, y) = (x + column, y + (row as u32 + 1) * LINE - 3);
        write_control(page, control, x, y, x - INSIDE + HALF);
    }
}

/// One requirement; a mark for the cap ends at `end`.
fn write_control(page: &mut Writer, control: &Control, x: u32, y: u32, end: u32) {
    let class = format!("sign {}", control.state.id());
    label(page, &class, x, y, super::sign(control.state));
    label(page, "control", x + 15, y, control.id.id());
    if control.cap {
        rect(page, "mark", [end - 31, y - 10, 26, 13], "3");
        label(page, "mark-text", end - 28, y, "CAP");
    }
}

/// An arrow straight down, in the column of the box that it leads to or comes from.
fn write_edge(page: &mut Writer, edge: &Edge, boxes: &[Placed<'_>]) {
    let find = |part| boxes.iter().find(|placed| placed.node.part == part);
    let (Some(from), Some(to)) = (find(edge.from), find(edge.to)) else { return };
    // Wide boxes are met above the left column, where the bytes flow.
    let narrow = if to.width < from.width { to } else { from };
    let x = if narrow.width > WIDTH / 2 { PAD + 40 } else { narrow.x + 40 };
    let (start, end) = (from.bottom(), to.y);
    let class = if edge.bad { "edge bad" } else { "edge" };
    let line = format!("M{x} {start}V{}", end.saturating_sub(6));
    page.element("path", &[("class", class), ("d", &line)], |_| {});
    let head = format!("M{x} {end}l-5 -9h10z");
    page.element("path", &[("class", if edge.bad { "head bad" } else { "head" }), ("d", &head)], |_| {});
    let class = if edge.bad { "crossing bad" } else { "crossing" };
    label(page, class, x + 10, start + 22, edge.what);
}

/// The picture in words.
fn describe(picture: &Picture) -> String {
    let mut text = String::new();
    let title = |part| picture.nodes.iter().find(|node| node.part == part).map_or("", |node| node.title);
    for node in &picture.nodes {
        let side = match node.side {
            Side::Repository => "In the repository",
            Side::Build => "Among the pipeline's own jobs",
            Side::Control => "Out of reach of the pipeline's jobs",
            Side::Outside => "With consumers",
        };
        text.push_str(&format!("{side}: {}", node.title));
        for fact in &node.facts {
            text.push_str(&format!(", {fact}"));
        }
        for control in &node.controls {
            let cap = if control.cap { ", the cap" } else { "" };
            text.push_str(&format!("; {} is {}{cap}", control.id, words(control.state)));
        }
        text.push_str(". ");
    }
    for edge in &picture.edges {
        text.push_str(&format!("From {} to {}: {}. ", title(edge.from), title(edge.to), edge.what));
    }
    text.trim_end().to_owned()
}

fn words(state: State) -> &'static str {
    match state {
        State::NotApplicable => "not applicable",
        state => state.id(),
    }
}
