//! Who has to review a change of a workflow, as far as files say: owners, and settings that are kept as files.

use std::sync::Arc;

use globset::GlobMatcher;

use super::is_workflow;
use crate::checkout::Checkout;
use crate::model::{Location, Position, RequiredReview, Review, Span};
use crate::syntax::pattern;
use crate::syntax::yaml::{self, Node};

/// Where the platform looks for workflows.
const WORKFLOWS: &str = ".github/workflows/";
/// The platform reads the first of these that exists.
const OWNERS: &[&str] = &[".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];
/// Files from which apps set up a repository.
const SETTINGS: &[&str] = &[".github/settings.yml", ".github/settings.yaml"];
/// The file from which the Apache Software Foundation sets up its repositories.
const ASF: &str = ".asf.yaml";
/// The platform ignores a larger file of owners.
const LARGEST_OWNERS: usize = 3 * 1024 * 1024;
/// Lines of owners that are read.
const MOST_LINES: usize = 20_000;
/// Files with rulesets that are read.
const MOST_RULESETS: usize = 50;

/// What the checkout says about reviews of its workflows.
pub(super) fn review(checkout: &Checkout) -> Review {
    let mut review = Review::default();
    let workflows: Vec<Arc<str>> = checkout.under(".github/workflows").filter(|p| is_workflow(p)).cloned().collect();
    if workflows.is_empty() {
        return review;
    }
    if let Some(path) = OWNERS.iter().find(|path| checkout.exists(path)) {
        let path: Arc<str> = Arc::from(*path);
        review.owners_file = Some(Location::start_of(&path));
        let text = checkout.glance(&path).unwrap_or_default();
        let lines = if text.len() > LARGEST_OWNERS { Vec::new() } else { lines(&path, &text, WORKFLOWS) };
        review.owned = workflows.iter().map(|workflow| (Arc::clone(workflow), owner(&lines, workflow))).collect();
    }
    for path in SETTINGS.iter().copied().filter(|path| checkout.exists(path)) {
        settings(checkout, path, &mut review.required);
    }
    if checkout.exists(ASF) {
        asf(checkout, &mut review.required);
    }
    let rulesets = checkout.under(".github").filter(|path| {
        let path = path.to_ascii_lowercase();
        path.contains("ruleset")
            && [".json", ".yml", ".yaml"].iter().any(|end| path.ends_with(end))
            && !is_workflow(&path)
    });
    for path in rulesets.take(MOST_RULESETS) {
        in_document(checkout, path, &mut |path, root| ruleset(path, root, &mut review.required));
    }
    review.required.sort_by(|a, b| a.location.cmp(&b.location));
    review
}

/// A line that names owners, or takes them away.
struct Line {
    /// What every path that it matches begins with.
    head: String,
    matchers: Vec<GlobMatcher>,
    owned: bool,
    location: Location,
}

/// The lines that may be about something in a folder.
fn lines(path: &Arc<str>, text: &str, within: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut byte = 0;
    for (at, raw) in text.split('\n').enumerate().take(MOST_LINES) {
        let start = byte;
        byte += raw.len() + 1;
        let line = raw.trim_end_matches('\r');
        let Some((pattern, owners)) = split(line) else { continue };
        let Some(pattern) = normal(&pattern) else { continue };
        let head = pattern.text.split(['*', '?', '[', '\\']).next().unwrap_or_default().to_owned();
        // Most lines are about other folders.
        if !head.starts_with(within) && !within.starts_with(&head) {
            continue;
        }
        let Some(matchers) = pattern.matchers() else { continue };
        let line_number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let columns = u32::try_from(line.chars().count()).unwrap_or(u32::MAX);
        let position = |column: u32, byte: usize| Position {
            line: line_number,
            column,
            byte: u32::try_from(byte).unwrap_or(u32::MAX),
        };
        let span = Span { start: position(1, start), end: position(columns.saturating_add(1), start + line.len()) };
        lines.push(Line { head, matchers, owned: owners, location: Location::new(path, span) });
    }
    lines
}

/// The pattern of a line, and whether owners follow. Blanks and `#` in a pattern are escaped with a backslash.
fn split(line: &str) -> Option<(String, bool)> {
    let mut pattern = String::new();
    let mut chars = line.trim_start().chars();
    let mut rest = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\\' => pattern.extend(chars.next()),
            '#' if pattern.is_empty() => return None,
            c if c.is_whitespace() => {
                rest = chars.collect();
                break;
            }
            c => pattern.push(c),
        }
    }
    if pattern.is_empty() {
        return None;
    }
    let owners = rest.split('#').next().unwrap_or_default();
    Some((pattern, owners.split_whitespace().any(|owner| owner.contains('@'))))
}

/// A pattern by the rules of globs.
struct Pattern {
    text: String,
    /// Whether it matches what is in such a folder alone.
    folder: bool,
    /// Whether what is in a folder that it matches is left out.
    own_files_only: bool,
}

/// What a pattern matches: the rules of `.gitignore`, except that `folder/*` stops at the folder's own files, and that
/// `!` and `[ ]` mean nothing: the platform skips lines with them.
fn normal(pattern: &str) -> Option<Pattern> {
    if pattern.starts_with('!') || pattern.contains(['[', ']']) {
        return None;
    }
    let folder = pattern.ends_with('/');
    let bare = pattern.trim_end_matches('/');
    let anchored = bare.contains('/');
    let bare = bare.trim_start_matches('/');
    let bare = match (bare, anchored) {
        ("", _) => "**".to_owned(),
        (name, true) => name.to_owned(),
        (name, false) => format!("**/{name}"),
    };
    let own_files_only = anchored && !folder && bare.rsplit('/').next() == Some("*");
    // Braces are plain characters here.
    Some(Pattern { text: bare.replace('{', "[{]").replace('}', "[}]"), folder, own_files_only })
}

impl Pattern {
    fn matchers(&self) -> Option<Vec<GlobMatcher>> {
        let glob = |text: &str| pattern::file_matcher(text, true);
        let mut found = Vec::new();
        if !self.folder {
            found.push(glob(&self.text)?);
        }
        if !self.own_files_only {
            found.push(glob(&format!("{}/**", self.text))?);
        }
        Some(found)
    }
}

/// The line that gives the file owners: the last one that matches decides.
fn owner(lines: &[Line], path: &str) -> Option<Location> {
    let matches = |line: &&Line| path.starts_with(&line.head) && line.matchers.iter().any(|m| m.is_match(path));
    let last = lines.iter().rev().find(matches)?;
    last.owned.then(|| last.location.clone())
}

fn in_document(checkout: &Checkout, path: &str, read: &mut dyn FnMut(&Arc<str>, Node<'_>)) {
    let Ok(text) = checkout.glance(path) else { return };
    let Ok(documents) = yaml::parse(&text) else { return };
    if let Some(document) = documents.first() {
        read(&Arc::from(path), document.root());
    }
}

/// Reviews that one mapping of settings requires.
fn reviews(path: &Arc<str>, node: Node<'_>, found: &mut Vec<RequiredReview>) {
    let approvals = node.get("required_approving_review_count").and_then(|n| n.as_i64()).unwrap_or(0);
    let owners = ["require_code_owner_reviews", "require_code_owner_review"];
    let owners = owners.iter().any(|key| node.get(key).and_then(|n| n.as_bool()) == Some(true));
    if approvals > 0 || owners {
        let approvals = u32::try_from(approvals.max(1)).unwrap_or(1);
        found.push(RequiredReview { approvals, owners, location: Location::new(path, node.span()) });
    }
}

fn settings(checkout: &Checkout, path: &str, found: &mut Vec<RequiredReview>) {
    in_document(checkout, path, &mut |path, root| {
        for branch in root.get("branches").into_iter().flat_map(|b| b.items()) {
            let protection = branch.get("protection").and_then(|p| p.get("required_pull_request_reviews"));
            if let Some(node) = protection {
                reviews(path, node, found);
            }
        }
        for set in root.get("rulesets").into_iter().flat_map(|r| r.items()) {
            ruleset(path, set, found);
        }
    });
}

fn asf(checkout: &Checkout, found: &mut Vec<RequiredReview>) {
    in_document(checkout, ASF, &mut |path, root| {
        let branches = root.get("github").and_then(|g| g.get("protected_branches"));
        for (_, branch) in branches.into_iter().flat_map(|b| b.entries()) {
            if let Some(node) = branch.get("required_pull_request_reviews") {
                reviews(path, node, found);
            }
        }
    });
}

/// A ruleset as the platform exports it: an active one over branches.
fn ruleset(path: &Arc<str>, root: Node<'_>, found: &mut Vec<RequiredReview>) {
    let is = |key: &str, wanted: &str| root.get(key).and_then(|n| n.as_str()).is_some_and(|v| v == wanted);
    if !is("enforcement", "active") || !is("target", "branch") {
        return;
    }
    for rule in root.get("rules").into_iter().flat_map(|r| r.items()) {
        if rule.get("type").and_then(|t| t.as_str()) == Some("pull_request")
            && let Some(parameters) = rule.get("parameters")
        {
            reviews(path, parameters, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_for(text: &str, path: &str) -> Option<u32> {
        owner(&lines(&Arc::from("CODEOWNERS"), text, path), path).map(|l| l.line)
    }

    #[test]
    fn patterns_mean_what_the_platform_documents() {
        const WORKFLOW: &str = ".github/workflows/release.yml";
        for pattern in [
            "*",
            "*.yml",
            "/.github/",
            ".github/",
            ".github",
            "/.github/workflows/",
            ".github/workflows/*",
            ".github/workflows/*.yml",
            ".github/**",
            "**/workflows",
            "workflows/",
            "release.yml",
            "/.github/workflows/release.yml",
        ] {
            assert_eq!(line_for(&format!("{pattern} @acme/release"), WORKFLOW), Some(1), "{pattern}");
        }
        for pattern in [
            "/*",
            ".github/*",
            "/workflows/",
            "*.yaml",
            "docs/",
            "!.github/",
            "[.]github/",
            "/release.yml",
            "# .github/",
            ".github/CODEOWNERS",
        ] {
            assert_eq!(line_for(&format!("{pattern} @acme/release"), WORKFLOW), None, "{pattern}");
        }
    }

    #[test]
    fn the_last_match_decides_and_a_line_without_owners_takes_them_away() {
        let text = "* @everybody\n/.github/ @acme/release\n*.md @writers\n";
        assert_eq!(line_for(text, ".github/workflows/a.yml"), Some(2));
        assert_eq!(line_for(text, "src/main.rs"), Some(1));
        assert_eq!(line_for("* @everybody\n/.github/workflows/\n", ".github/workflows/a.yml"), None);
        assert_eq!(line_for("* @everybody\n/.github/workflows/ # nobody @ all\n", ".github/workflows/a.yml"), None);
        assert_eq!(line_for("/.github/  ops@example.com # operations\r\n", ".github/workflows/a.yml"), Some(1));
        assert_eq!(line_for("/a\\ folder/ @x", "a folder/file"), Some(1));
        assert_eq!(line_for("/{a}/ @x", "{a}/file"), Some(1));
        assert_eq!(line_for("\n\n  \n#\n\\", "x"), None);
    }
}
