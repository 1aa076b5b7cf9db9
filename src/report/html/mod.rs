//! One self-contained HTML file, for auditors: no script, nothing remote, readable on a phone and on paper.

mod diagram;
mod team;
mod writer;

use super::source::mark;
use super::words::{also_open, count, declared_level, meaning, names, owner, path_line_column, problem_place};
use super::{Cap, PlanStep, Report, RequirementReport, TargetReport};
use crate::catalogue::Card;
use crate::model::{Evidence, Grade, Location, Requirement, Severity, State};
use crate::report::findings::card;
use writer::Writer;

/// Columns of a snippet: longer lines are cut around the marked part.
const SNIPPET: usize = 160;

/// Even where the file is served with a page of somebody else's, it fetches and runs nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The reports as one HTML document, ending in a line end.
pub fn html(reports: &[Report]) -> String {
    let mut page = Writer::default();
    page.raw("<!doctype html>\n");
    page.element("html", &[("lang", "en")], |page| {
        page.element("head", &[], |page| head(page, reports));
        page.element("body", &[], |page| body(page, reports));
    });
    page.finish()
}

fn head(page: &mut Writer, reports: &[Report]) {
    page.void("meta", &[("charset", "utf-8")]);
    page.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
    page.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", POLICY)]);
    let title = match reports {
        [report] => format!("SLSA Build level {}: {}", report.level, report.root),
        _ => format!("SLSA Build levels of {}", count(reports.len(), "checkout")),
    };
    page.leaf("title", &[], &title);
    page.element("style", &[], |page| page.raw(include_str!("style.css")));
}

fn body(page: &mut Writer, reports: &[Report]) {
    if let [report] = reports {
        page.element("main", &[], |page| Checkout { report, id: String::new(), depth: 0 }.write(page));
        return footer(page, reports);
    }
    page.element("header", &[], |page| {
        page.leaf("h1", &[], &format!("SLSA Build levels of {}", count(reports.len(), "checkout")));
        page.element("nav", &[("aria-label", "Checkouts")], |page| {
            page.element("ul", &[], |page| {
                for (at, report) in reports.iter().enumerate() {
                    page.element("li", &[], |page| {
                        page.leaf("a", &[("href", &format!("#checkout-{at}"))], &report.root);
                        page.text(&format!(": level {}", report.level));
                    });
                }
            });
        });
    });
    page.element("main", &[], |page| {
        for (at, report) in reports.iter().enumerate() {
            Checkout { report, id: format!("checkout-{at}"), depth: 1 }.write(page);
        }
    });
    footer(page, reports);
}

fn footer(page: &mut Writer, reports: &[Report]) {
    page.element("footer", &[], |page| {
        if let Some(report) = reports.first() {
            let tool = &report.tool;
            page.leaf("p", &[], &format!("{} {}, graded against {}.", tool.name, tool.version, tool.spec));
        }
        page.leaf("p", &[], "As shown by the files of the checkout alone: what no file shows does not count.");
    });
}

/// The sign of a state, seen without colour.
fn sign(state: State) -> &'static str {
    match state {
        State::Met => "✓",
        State::Failed => "✗",
        State::Unshown => "?",
        State::NotApplicable => "–",
    }
}

/// The class that colours a level.
fn level_class(level: u8) -> &'static str {
    match level {
        0 => "level-0",
        1 => "level-1",
        2 => "level-2",
        _ => "level-3",
    }
}

/// One checkout in the document.
struct Checkout<'a> {
    report: &'a Report,
    /// Starts every identifier of it; empty when it is alone.
    id: String,
    /// How many headings stand above its own.
    depth: usize,
}

impl Checkout<'_> {
    /// The heading element at this depth, 0 for the checkout's own.
    fn heading(&self, depth: usize) -> &'static str {
        ["h1", "h2", "h3", "h4", "h5"].get(self.depth + depth).copied().unwrap_or("h6")
    }

    fn id(&self, name: &str) -> String {
        if self.id.is_empty() { name.to_owned() } else { format!("{}-{name}", self.id) }
    }

    /// A section with its heading.
    fn section(&self, page: &mut Writer, name: &str, title: &str, inside: impl FnOnce(&mut Writer)) {
        let id = self.id(name);
        page.element("section", &[("aria-labelledby", &id)], |page| {
            page.leaf(self.heading(1), &[("id", &id)], title);
            inside(page);
        });
    }

    fn write(&self, page: &mut Writer) {
        let id = self.id("checkout");
        page.element("article", &[("id", if self.id.is_empty() { &id } else { &self.id })], |page| {
            self.headline(page);
            self.cap(page);
            self.errors(page);
            self.unassessed(page);
            self.gate(page);
            self.overclaims(page);
            self.boundary(page);
            self.plan(page);
            self.matrix(page);
            self.evidence(page);
            self.declarations(page);
            self.accepted(page);
            self.excluded(page);
            self.claims(page);
            self.notes(page);
        });
    }

    fn headline(&self, page: &mut Writer) {
        let report = self.report;
        page.element("header", &[], |page| {
            page.leaf("p", &[("class", "kicker")], &format!("{} report", report.tool.name));
            page.leaf(self.heading(0), &[], &format!("SLSA Build level {}", report.level));
            page.element("ol", &[("class", "scale"), ("aria-hidden", "true")], |page| {
                for level in 0..=3_u8 {
                    let here = format!("here {}", level_class(level));
                    let class = if level == report.level { here.as_str() } else { "" };
                    page.leaf("li", &[("class", class)], &level.to_string());
                }
            });
            page.leaf("p", &[("class", "meaning")], meaning(report));
            if !report.declarations.is_empty() {
                page.leaf("p", &[], &declared_level(report));
            }
            facts(
                page,
                &[
                    ("Checkout", report.root.clone()),
                    ("Repository", report.repository.clone().unwrap_or_default()),
                    ("Revision", report.revision.clone().unwrap_or_default()),
                    ("Tool", format!("{} {}", report.tool.name, report.tool.version)),
                    ("Specification", report.tool.spec.clone()),
                ],
            );
        });
    }

    fn cap(&self, page: &mut Writer) {
        let Some(cap) = &self.report.cap else { return };
        self.section(page, "cap", &format!("Capped by {}", cap.requirement), |page| {
            page.element("div", &[("class", "panel cap")], |page| {
                page.element("p", &[], |page| {
                    state(page, cap.state);
                    if let Some(target) = &cap.target {
                        page.text(" for ");
                        page.leaf("code", &[], target);
                    }
                });
                if let Some(location) = &cap.location {
                    place_line(page, location);
                    snippet(page, location, cap.snippet.as_deref());
                }
                page.sentence("p", &[], &cap.reason);
                if let Some(accepted) = self.report.accepted_cap(cap) {
                    let text = format!("Accepted by the team until {}, and counted all the same.", accepted.expires);
                    page.leaf("p", &[], &text);
                }
                if let Some(card) = card(cap.requirement) {
                    specification(page, card);
                }
            });
            self.also_open(page, cap);
        });
    }

    fn also_open(&self, page: &mut Writer, cap: &Cap) {
        let open = owner(self.report, cap).map(|target| also_open(target, cap)).unwrap_or_default();
        if !open.is_empty() {
            page.leaf("p", &[("class", "faint")], &format!("Also open: {}.", open.join(", ")));
        }
    }

    fn errors(&self, page: &mut Writer) {
        if self.report.errors.is_empty() {
            return;
        }
        self.section(page, "errors", "Could not be read", |page| {
            let text = "The level counts only what could, and is no assessment of the whole checkout.";
            page.leaf("p", &[], text);
            list(page, &self.report.errors, |page, error| {
                page.leaf("span", &[("class", "place")], &problem_place(error));
                page.text(": ");
                page.prose(&error.message);
            });
        });
    }

    fn unassessed(&self, page: &mut Writer) {
        if self.report.unassessed.is_empty() {
            return;
        }
        self.section(page, "unassessed", "Recognised, but not graded", |page| {
            list(page, &self.report.unassessed, |page, pipeline| {
                let place = pipeline.location.as_ref().map_or_else(|| pipeline.path.clone(), path_line_column);
                page.leaf("span", &[("class", "place")], &place);
                page.text(&format!(" ({})", pipeline.platform));
                if pipeline.holds_down {
                    page.leaf("strong", &[], ", holds the level at 0");
                }
                page.text(": ");
                page.prose(&pipeline.reason);
            });
        });
    }

    /// The target whose picture stands at the top: the one that caps, or the first.
    fn shown(&self) -> Option<&TargetReport> {
        let capped = self.report.cap.as_ref().and_then(|cap| owner(self.report, cap));
        capped.or(self.report.targets.first())
    }

    fn boundary(&self, page: &mut Writer) {
        let Some(target) = self.shown() else { return };
        self.section(page, "boundary", "Trust boundary", |page| {
            page.element("p", &[], |page| {
                page.text("Who takes part in releasing ");
                page.leaf("code", &[], &target.id);
                page.text(", what crosses from one side to the other, and which requirement lies where.");
            });
            page.element("figure", &[], |page| {
                diagram::write(page, target, &self.id("picture"));
                page.leaf("figcaption", &[], "✓ met, ✗ failed, ? unshown, – not applicable");
            });
        });
    }

    fn plan(&self, page: &mut Writer) {
        if self.report.plan.is_empty() {
            return;
        }
        self.section(page, "plan", "The way up", |page| {
            let mut levels: Vec<u8> = self.report.plan.iter().map(|step| step.level_after).collect();
            levels.dedup();
            for level in levels {
                page.leaf(self.heading(2), &[], &format!("To reach level {level}"));
                page.element("ul", &[("class", "checklist")], |page| {
                    for step in self.report.plan.iter().filter(|step| step.level_after == level) {
                        page.element("li", &[], |page| self.step(page, step));
                    }
                });
            }
        });
    }

    fn step(&self, page: &mut Writer, step: &PlanStep) {
        page.element("label", &[], |page| {
            page.void("input", &[("type", "checkbox")]);
            page.prose(&format!("{}. {}", step.step, step.title));
        });
        for line in step.detail.lines().filter(|line| !line.trim().is_empty()) {
            page.sentence("p", &[], line.trim());
        }
        page.element("p", &[("class", "faint")], |page| {
            page.text("Meets ");
            page.leaf("code", &[], step.requirement.id());
            if self.report.targets.len() > 1 && !step.names.is_empty() {
                let all = step.names.len() == self.report.targets.len();
                let of = if all { "all targets".to_owned() } else { step.names.join(", ") };
                page.text(&format!(" for {of}"));
            }
        });
        if !step.locations.is_empty() {
            list(page, &step.locations, |page, at| page.leaf("span", &[("class", "place")], &path_line_column(at)));
        }
    }

    fn matrix(&self, page: &mut Writer) {
        if self.report.targets.is_empty() {
            return;
        }
        self.section(page, "matrix", "Targets and requirements", |page| {
            let scroll = [
                ("class", "scroll"),
                ("role", "region"),
                ("tabindex", "0"),
                ("aria-label", "Targets and requirements"),
            ];
            page.element("div", &scroll, |page| {
                page.element("table", &[("class", "matrix")], |page| {
                    page.element("thead", &[], matrix_head);
                    page.element("tbody", &[], |page| {
                        let names = names(&self.report.targets);
                        for (at, (target, name)) in self.report.targets.iter().zip(&names).enumerate() {
                            page.element("tr", &[], |page| self.matrix_row(page, at, (target, name)));
                        }
                    });
                });
            });
        });
    }

    fn matrix_row(&self, page: &mut Writer, at: usize, (target, name): (&TargetReport, &str)) {
        page.element("th", &[("scope", "row")], |page| {
            page.leaf("a", &[("href", &format!("#{}", self.target_id(at)))], name);
        });
        page.element("td", &[], |page| {
            page.leaf("span", &[("class", &format!("badge {}", level_class(target.level)))], &target.level.to_string());
            if target.reach > target.level {
                page.leaf("span", &[("class", "faint")], &format!(" reach {}", target.reach));
            }
            if target.declared_level > target.level {
                page.leaf("span", &[("class", "faint")], &format!(" declared {}", target.declared_level));
            }
        });
        let mut level = 0;
        for requirement in &target.requirements {
            let cap = target.cap.as_ref().is_some_and(|cap| cap.requirement == requirement.id);
            let mut class = requirement.state.id().to_owned();
            if cap {
                class.push_str(" is-cap");
            }
            if level != requirement.level {
                level = requirement.level;
                class.push_str(" first");
            }
            page.element("td", &[("class", &class)], |page| {
                page.leaf("span", &[("aria-hidden", "true")], sign(requirement.state));
                let spoken = if cap { ", the cap" } else { "" };
                page.leaf("span", &[("class", "spoken")], &format!("{}{spoken}", requirement.state.id()));
            });
        }
    }

    fn target_id(&self, at: usize) -> String {
        self.id(&format!("target-{at}"))
    }

    fn evidence(&self, page: &mut Writer) {
        if self.report.targets.is_empty() {
            return;
        }
        self.section(page, "evidence", "Evidence", |page| {
            let shown = self.shown();
            let names = names(&self.report.targets);
            for (at, (target, name)) in self.report.targets.iter().zip(&names).enumerate() {
                let top = shown.is_some_and(|shown| std::ptr::eq(shown, target));
                let id = self.target_id(at);
                let closed = [("id", id.as_str())];
                let open = [("id", id.as_str()), ("open", "")];
                page.element("details", if top { &open[..] } else { &closed[..] }, |page| {
                    self.target(page, at, (target, name), !top);
                });
            }
        });
    }

    fn target(&self, page: &mut Writer, at: usize, (target, name): (&TargetReport, &str), picture: bool) {
        page.element("summary", &[], |page| {
            page.leaf(
                "span",
                &[("class", &format!("badge {}", level_class(target.level)))],
                &format!("Level {}", target.level),
            );
            page.text(" ");
            page.text(name);
            if let Some(cap) = &target.cap {
                page.leaf("span", &[("class", "faint")], &format!(", capped by {}", cap.requirement));
            }
        });
        facts(
            page,
            &[
                ("Pipeline", format!("{} ({})", target.pipeline, target.platform.id())),
                ("Runs on", target.event.clone()),
                ("Handed out at", target.locations.join(", ")),
                ("Build jobs", target.build_jobs.join(", ")),
                ("Publish job", target.publish_job.clone()),
                ("Provenance job", target.provenance_job.clone().unwrap_or_else(|| "none".to_owned())),
            ],
        );
        if picture {
            page.element("figure", &[], |page| diagram::write(page, target, &self.id(&format!("picture-{at}"))));
        }
        for requirement in &target.requirements {
            page.element("div", &[("class", "requirement")], |page| self.requirement(page, requirement));
        }
        if !target.chain.is_empty() {
            page.leaf(self.heading(2), &[], "From build to consumer");
            page.element("ol", &[], |page| {
                for link in &target.chain {
                    page.element("li", &[], |page| {
                        page.prose(&link.what);
                        page.text(" at ");
                        page.leaf("span", &[("class", "place")], &path_line_column(&link.location));
                    });
                }
            });
        }
    }

    fn requirement(&self, page: &mut Writer, requirement: &RequirementReport) {
        page.element(self.heading(2), &[], |page| {
            state(page, requirement.state);
            page.text(&format!(" {}", requirement.id));
            page.leaf("span", &[("class", "faint")], &format!(", level {}", requirement.level));
        });
        page.sentence("p", &[], &requirement.reason);
        if let Some(to_show) = &requirement.to_show {
            page.element("p", &[], |page| {
                page.leaf("strong", &[], "To show it: ");
                page.prose(to_show);
            });
        }
        page.element("ul", &[("class", "evidence")], |page| {
            for evidence in &requirement.evidence {
                page.element("li", &[], |page| piece(page, evidence));
            }
        });
    }

    fn notes(&self, page: &mut Writer) {
        if self.report.notes.is_empty() {
            return;
        }
        self.section(page, "notes", "Hardening notes", |page| {
            page.leaf("p", &[], "Worth knowing, and orthogonal to the Build level: they never change it.");
            list(page, &self.report.notes, |page, note| {
                page.leaf("code", &[], &note.rule);
                if note.severity == Severity::Warning {
                    page.text(" (warning)");
                }
                if let Some(location) = &note.location {
                    page.text(" at ");
                    page.leaf("span", &[("class", "place")], &path_line_column(location));
                }
                page.text(": ");
                page.prose(&note.message);
            });
        });
    }
}

/// The two header rows of the matrix: the levels, and the requirements below them.
fn matrix_head(page: &mut Writer) {
    let level = |requirement: &Requirement| card(*requirement).map_or(3, |card| card.level);
    page.element("tr", &[], |page| {
        page.leaf("th", &[("scope", "col"), ("rowspan", "2")], "Target");
        page.leaf("th", &[("scope", "col"), ("rowspan", "2")], "Level");
        // Requirements stand in cap order, which is the order of their levels.
        for group in Requirement::ALL.chunk_by(|a, b| level(a) == level(b)) {
            let title = format!("Level {}", group.first().map_or(3, level));
            page.leaf("th", &[("scope", "colgroup"), ("colspan", &group.len().to_string())], &title);
        }
    });
    page.element("tr", &[], |page| {
        let mut last = 0;
        for requirement in Requirement::ALL {
            let class = if level(requirement) == last { "" } else { "first" };
            last = level(requirement);
            page.element("th", &[("scope", "col"), ("class", class)], |page| {
                page.leaf("span", &[("class", "turned")], requirement.id());
            });
        }
    });
}

fn facts(page: &mut Writer, facts: &[(&'static str, String)]) {
    page.element("dl", &[("class", "facts")], |page| {
        for (what, fact) in facts.iter().filter(|(_, fact)| !fact.is_empty()) {
            page.leaf("dt", &[], what);
            page.leaf("dd", &[], fact);
        }
    });
}

fn list<T>(page: &mut Writer, items: &[T], item: impl Fn(&mut Writer, &T)) {
    page.element("ul", &[], |page| {
        for each in items {
            page.element("li", &[], |page| item(page, each));
        }
    });
}

fn state(page: &mut Writer, state: State) {
    let word = if state == State::NotApplicable { "not applicable" } else { state.id() };
    page.leaf("span", &[("class", &format!("state {}", state.id()))], &format!("{} {word}", sign(state)));
}

fn place_line(page: &mut Writer, location: &Location) {
    page.element("p", &[], |page| page.leaf("span", &[("class", "place")], &path_line_column(location)));
}

fn snippet(page: &mut Writer, location: &Location, source: Option<&str>) {
    let Some(marked) = mark(source, location, SNIPPET) else { return };
    page.element("pre", &[], |page| {
        page.leaf("span", &[("class", "number")], &format!("{} │ ", location.line));
        // Indentation would push the marked part off the screen of a phone.
        page.text(marked.before.trim_start());
        page.leaf("mark", &[], if marked.inside.is_empty() { " " } else { &marked.inside });
        page.text(&marked.after);
    });
}

fn specification(page: &mut Writer, card: &'static Card) {
    page.element("p", &[("class", "faint")], |page| {
        page.prose(&card.what);
        page.text(" ");
        page.leaf("a", &[("href", &card.spec), ("rel", "noreferrer")], "Specification");
    });
}

fn piece(page: &mut Writer, evidence: &Evidence) {
    page.leaf("span", &[("class", "place")], &path_line_column(&evidence.location));
    page.text(" ");
    page.prose(&evidence.note);
    let grade = match evidence.grade {
        Grade::Observed => "observed",
        Grade::Documented => "documented",
        Grade::Declared => "declared",
    };
    page.leaf("span", &[("class", "faint")], &format!(" ({grade}, {})", evidence.rule));
}

#[cfg(test)]
mod tests;
