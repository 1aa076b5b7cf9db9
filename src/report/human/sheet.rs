//! The card of one requirement or rule, and the list of all of them.

use std::fmt::Write;

use super::page::{Page, pad, width};
use super::paint::Role;
use super::{Human, NARROWEST};
use crate::catalogue::{Example, Principle, Sheet, Subject};
use crate::model::SPECIFICATION;
use crate::report::sheet::{Overview, subject};

/// A card for people.
pub fn sheet_human(sheet: &Sheet<'_>, layout: Human) -> String {
    let mut page = Page::new(layout.width.max(NARROWEST), layout.color);
    page.line(&[(Role::Strong, sheet.id), (Role::Plain, ": "), (Role::Plain, sheet.title)]);
    page.prose(&[], Role::Faint, &subject(sheet.subject));
    page.gap();
    page.prose(&[], Role::Plain, sheet.what);
    section(&mut page, "Why");
    page.prose(&[(Role::Plain, "  ")], Role::Plain, sheet.why);
    section(&mut page, sheet.step);
    for advice in sheet.how {
        page.prose(&[(Role::Plain, "  - ")], Role::Plain, &advice.text);
    }
    let (bad, good) = match sheet.subject {
        Subject::Rule { positive: true, .. } => ("Without it", "With it"),
        _ => ("Bad", "Good"),
    };
    example(&mut page, bad, sheet.bad);
    example(&mut page, good, sheet.good);
    page.gap();
    let lead = match sheet.subject {
        Subject::Requirement(_) => "Specification: ",
        Subject::Rule { .. } => "Source: ",
    };
    page.line(&[(Role::Faint, lead), (Role::Place, sheet.source)]);
    page.finish()
}

fn section(page: &mut Page, title: &str) {
    page.gap();
    page.line(&[(Role::Strong, title)]);
}

fn example(page: &mut Page, title: &str, files: &Example) {
    for (path, text) in files {
        page.gap();
        page.line(&[(Role::Strong, title), (Role::Faint, "  "), (Role::Place, path)]);
        for line in text.lines() {
            page.line(&[(Role::Gutter, "  | "), (Role::Plain, line)]);
        }
    }
}

/// Everything that the tool knows, for people.
pub fn overview_human(overview: &Overview<'_>, layout: Human) -> String {
    let mut page = Page::new(layout.width.max(NARROWEST), layout.color);
    let ids = overview.sheets.iter().map(|sheet| width(sheet.id)).max().unwrap_or(0);
    let row = |page: &mut Page, sheet: &Sheet<'_>, lead: &str| {
        let id = pad(sheet.id, ids + 2);
        let lead = [(Role::Faint, lead), (Role::Strong, id.as_str())];
        page.prose(&lead, Role::Plain, sheet.title);
    };
    let heading = format!("Requirements of the Build track ({}), in the order in which they cap", SPECIFICATION);
    page.line(&[(Role::Strong, &heading)]);
    for sheet in &overview.sheets {
        if let Subject::Requirement(level) = sheet.subject {
            row(&mut page, sheet, &format!("  L{level}  "));
        }
    }
    section(&mut page, "Hardening rules, orthogonal to the Build level: their notes never change it");
    for principle in Principle::ALL {
        page.line(&[(Role::Faint, &format!("  {}", principle.title()))]);
        for sheet in &overview.sheets {
            if let Subject::Rule { principle: own, positive } = sheet.subject
                && own == *principle
            {
                row(&mut page, sheet, if positive { "    + " } else { "      " });
            }
        }
    }
    page.prose(&[(Role::Plain, "  ")], Role::Faint, "+ notes something that is good");
    section(&mut page, "Platforms");
    let names = overview.platforms.iter().map(|platform| width(platform.name)).max().unwrap_or(0);
    for platform in &overview.platforms {
        let name = format!("  {}", pad(platform.name, names + 2));
        page.prose(&[(Role::Strong, &name)], Role::Plain, platform.shows);
    }
    page.gap();
    page.prose(&[], Role::Faint, "`truelevel explain ID` shows a card: what, why, how to fix, examples.");
    page.finish()
}

/// What to type when an identifier is not known.
pub fn unknown_id(id: &str, near: &[&str]) -> String {
    let mut text = format!("no requirement or rule is called `{id}`");
    if let [first, rest @ ..] = near {
        let _ = write!(text, "; did you mean `{first}`");
        for other in rest {
            let _ = write!(text, " or `{other}`");
        }
        text.push('?');
    }
    text.push_str(" (`truelevel rules` lists all)");
    text
}
