//! Workflows and actions as they are written, whatever starts them: what they name, and whose text becomes a script.

use std::sync::Arc;

use super::expression::{expressions, yielded};
use super::source::Source;
use super::uses::{self, Uses};
use crate::catalogue::{Catalogue, Who};
use crate::commands::matching::runs_of;
use crate::model::{
    Chooser, InheritedSecrets, Injected, Location, Outline, ProposalCheckout, Reference, Span, Used, UsedImage,
};
use crate::syntax::yaml::Node;

/// Steps and jobs that are read of one file.
const MOST: usize = 5_000;

/// The action that fetches the repository.
const CHECKOUT: &str = "actions/checkout";

/// Events whose runs hold the repository's rights although an outsider's proposal starts them.
const FOREIGN: &[&str] = &["pull_request_target", "workflow_run", "issue_comment"];

/// Reads the outline of a workflow.
pub(super) fn workflow(source: &Source, own_slug: Option<&str>) -> Option<Outline> {
    let root = source.root().filter(|root| root.is_mapping())?;
    let on = root.get("on").or_else(|| root.get("true"))?;
    let mut reader = Reader::new(source, own_slug, true);
    reader.events = names(on);
    reader.free_inputs = free_inputs(on);
    reader.env.push(root.get("env"));
    for (key, job) in root.get("jobs").into_iter().flat_map(|jobs| jobs.entries()).take(MOST) {
        reader.job(key, job);
    }
    Some(reader.outline)
}

/// Reads the outline of a composite action; of other actions there is nothing to say.
pub(super) fn action(source: &Source, own_slug: Option<&str>) -> Option<Outline> {
    let runs = source.root()?.get("runs")?;
    if runs.get("using").and_then(|n| n.as_str()) != Some("composite") {
        return None;
    }
    let mut reader = Reader::new(source, own_slug, false);
    reader.steps(runs.get("steps"), &source.at(runs.span()), None);
    Some(reader.outline)
}

/// The events that start a workflow.
fn names(on: Node<'_>) -> Vec<String> {
    match on.as_str() {
        Some(one) => vec![one.to_owned()],
        None if on.is_sequence() => on.items().filter_map(|n| n.as_str().map(str::to_owned)).collect(),
        None => on.entries().filter_map(|(key, _)| key.as_str().map(str::to_owned)).collect(),
    }
}

/// Names of inputs that take any text; `None` when the workflow declares none that somebody types in.
fn free_inputs(on: Node<'_>) -> Vec<String> {
    let declared = on.get("workflow_dispatch").and_then(|d| d.get("inputs"));
    let free = |input: Node<'_>| {
        let kind = input.get("type").and_then(|t| t.as_str()).unwrap_or("string");
        !matches!(kind, "boolean" | "choice" | "number" | "environment")
    };
    let entries = declared.into_iter().flat_map(|inputs| inputs.entries());
    entries.filter(|(_, input)| free(*input)).filter_map(|(k, _)| Some(k.as_str()?.to_ascii_lowercase())).collect()
}

struct Reader<'s> {
    source: &'s Source,
    own_slug: Option<&'s str>,
    outline: Outline,
    events: Vec<String>,
    free_inputs: Vec<String>,
    /// `env:` mappings, the outermost first.
    env: Vec<Option<Node<'s>>>,
    left: usize,
}

impl<'s> Reader<'s> {
    fn new(source: &'s Source, own_slug: Option<&'s str>, pipeline: bool) -> Self {
        let outline = Outline {
            path: Arc::clone(&source.path),
            pipeline,
            used: Vec::new(),
            images: Vec::new(),
            inherited: Vec::new(),
            proposals: Vec::new(),
            injected: Vec::new(),
        };
        Self { source, own_slug, outline, events: Vec::new(), free_inputs: Vec::new(), env: Vec::new(), left: MOST }
    }

    fn job(&mut self, key: Node<'s>, job: Node<'s>) {
        let name = key.as_str().unwrap_or_default();
        let location = self.source.at(key.span());
        if let Some(uses) = job.get("uses") {
            if let Some(Uses::Remote(name, reference)) = uses::parse(uses.as_str().unwrap_or_default(), self.own_slug) {
                self.used(uses, &name, &reference);
            }
            if let Some(secrets) = job.get("secrets").filter(|s| s.as_str() == Some("inherit")) {
                let callee = uses.as_str().unwrap_or_default().to_owned();
                let own = uses::parse(&callee, self.own_slug);
                let local = matches!(own, Some(Uses::Local(_) | Uses::Own(_) | Uses::Home(_)));
                self.outline.inherited.push(InheritedSecrets {
                    callee,
                    local,
                    location: self.source.at(secrets.span()),
                });
            }
            return;
        }
        if let Some(container) = job.get("container") {
            let image = if container.is_mapping() { container.get("image") } else { Some(container) };
            self.image(image, format!("the container of the job {name}"));
        }
        for (service, definition) in job.get("services").into_iter().flat_map(|s| s.entries()).take(MOST) {
            let service = service.as_str().unwrap_or_default();
            self.image(definition.get("image"), format!("the service {service} of the job {name}"));
        }
        self.env.push(job.get("env"));
        self.steps(job.get("steps"), &location, job.get("if"));
        self.env.pop();
    }

    fn steps(&mut self, steps: Option<Node<'s>>, job: &Location, condition: Option<Node<'s>>) {
        let Some(steps) = steps else { return };
        let list: Vec<Node<'s>> = steps.items().collect();
        for (at, step) in list.iter().enumerate() {
            if self.left == 0 {
                return;
            }
            self.left -= 1;
            if let Some(group) = step.get("parallel").filter(|g| g.is_sequence()) {
                self.steps(Some(group), job, condition);
                continue;
            }
            self.env.push(step.get("env"));
            if let Some(uses) = step.get("uses") {
                let after = list.get(at + 1..).unwrap_or_default();
                match uses::parse(uses.as_str().unwrap_or_default(), self.own_slug) {
                    Some(Uses::Remote(name, reference)) => {
                        let reference = self.used(uses, &name, &reference);
                        if name == CHECKOUT {
                            self.proposal(&reference, *step, after, condition);
                        }
                        self.inputs_that_run(&name, *step, job);
                    }
                    Some(Uses::Image(image)) => self.step_image(uses, image),
                    _ => {}
                }
            }
            if let Some(run) = step.get("run") {
                self.script(run, job);
            }
            self.env.pop();
        }
    }

    fn used(&mut self, uses: Node<'s>, name: &str, reference: &str) -> Reference {
        let reference = uses::reference(reference, uses.comment_after(), self.source.at(uses.span()));
        self.outline.used.push(Used { name: name.to_owned(), reference: reference.clone() });
        reference
    }

    fn step_image(&mut self, uses: Node<'s>, image: String) {
        let location = self.source.at(uses.span());
        self.outline.images.push(UsedImage { image, what: "the step".to_owned(), location });
    }

    fn image(&mut self, image: Option<Node<'s>>, what: String) {
        let Some(node) = image else { return };
        if let Some(image) = node.as_str().filter(|image| !image.is_empty()) {
            let location = self.source.at(node.span());
            self.outline.images.push(UsedImage { image: image.to_owned(), what, location });
        }
    }

    /// A checkout of what a pull request proposes.
    fn proposal(&mut self, reference: &Reference, step: Node<'s>, after: &[Node<'s>], condition: Option<Node<'s>>) {
        let Some(with) = step.get("with") else { return };
        let Some(event) = FOREIGN.iter().find(|event| self.events.iter().any(|own| own == *event)) else { return };
        let proposed = ["ref", "repository"].iter().filter_map(|key| with.get(key));
        let Some(node) = proposed.into_iter().find(|n| n.as_str().is_some_and(names_proposal)) else { return };
        let location = self.source.at(node.span());
        let conditions = [condition, step.get("if")];
        let runs = |step: &Node<'s>| {
            step.get("run").is_some()
                || step.get("uses").and_then(|u| u.as_str()).is_some_and(|u| u.starts_with("./") || u.starts_with("$/"))
        };
        self.outline.proposals.push(ProposalCheckout {
            event: (*event).to_owned(),
            what: node.as_str().unwrap_or_default().trim().to_owned(),
            refused: *event != "issue_comment" && refuses(reference) && !opted_in(with),
            restricted: conditions.iter().flatten().filter_map(|n| n.as_str()).any(restricts),
            runs: after.iter().any(runs),
            location,
        });
    }

    /// Inputs of an action that it runs as a script.
    fn inputs_that_run(&mut self, name: &str, step: Node<'s>, job: &Location) {
        let Some(with) = step.get("with") else { return };
        for run in runs_of(name) {
            for (key, value) in with.entries() {
                if key.as_str().is_some_and(|key| run.inputs.iter().any(|i| i.eq_ignore_ascii_case(key))) {
                    self.script(value, job);
                }
            }
        }
    }

    /// What the platform pastes into a script.
    fn script(&mut self, script: Node<'s>, job: &Location) {
        let text = script.as_str().unwrap_or_default();
        for (range, inner) in expressions(text) {
            let location = self.source.at(Span { start: script.at(range.start), end: script.at(range.end) });
            for path in yielded(inner) {
                self.pasted(&path, &location, job);
                // A variable of the workflow is pasted just the same, with the value that it was given.
                let Some(name) = path.strip_prefix("env.") else { continue };
                let value = self.env.iter().rev().flatten().find_map(|env| {
                    let found = env.entries().find(|(k, _)| k.as_str().is_some_and(|k| k.eq_ignore_ascii_case(name)));
                    found.and_then(|(_, value)| value.as_str())
                });
                for (_, inner) in expressions(value.unwrap_or_default()) {
                    for path in yielded(inner) {
                        self.pasted(&path, &location, job);
                    }
                }
            }
        }
    }

    fn pasted(&mut self, path: &str, location: &Location, job: &Location) {
        let starts = |event: &String| self.events.contains(event);
        let known = Catalogue::get().contexts.iter().find(|c| c.holds(path) && c.events.iter().any(starts));
        let Some(context) = known else { return };
        let input = path.strip_prefix("inputs.").or_else(|| path.strip_prefix("github.event.inputs."));
        if input.is_some_and(|name| !self.free_inputs.iter().any(|free| free == name)) {
            return;
        }
        let chooser = match context.who {
            Who::Outsider => Chooser::Outsider,
            Who::Writer => Chooser::Writer,
        };
        let found = Injected { value: path.to_owned(), chooser, location: location.clone(), job: job.clone() };
        if !self.outline.injected.contains(&found) {
            self.outline.injected.push(found);
        }
    }
}

/// Whether a ref or repository is that of a pull request.
fn names_proposal(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let sources = ["github.event.pull_request.head", "github.head_ref", "github.event.workflow_run.head"];
    let pulls = value.contains("refs/pull/") && value.contains("${{");
    pulls || value.contains("github.event.pull_request.merge_commit_sha") || sources.iter().any(|s| value.contains(s))
}

/// Whether this version of the checkout action refuses to fetch what an outsider proposes: since version 7, and the
/// releases of the older lines that took it over.
fn refuses(reference: &Reference) -> bool {
    match reference.version.map(|v| (v, v.numbers)) {
        None => !reference.is_hash() && matches!(reference.raw.as_str(), "main"),
        // A moving tag has moved on.
        Some((v, [major, ..])) if v.parts == 1 => major >= 2,
        Some((v, [4, ..])) => v.at_least([4, 4, 0]),
        Some((v, [5, ..])) => v.at_least([5, 1, 0]),
        Some((v, [6, ..])) => v.at_least([6, 1, 0]),
        Some((_, [major, ..])) => major >= 7,
    }
}

fn opted_in(with: Node<'_>) -> bool {
    with.get("allow-unsafe-pr-checkout").and_then(|n| n.as_str()).is_some_and(|value| value != "false")
}

/// Whether a condition lets only proposals from within the repository through, or only what has been merged or pushed.
fn restricts(condition: &str) -> bool {
    let text: String = condition.to_ascii_lowercase().split_whitespace().collect();
    let same = ["head.repo.full_name==github.repository", "head_repository.full_name==github.repository"];
    let other = ["github.repository==github.event.pull_request.head.repo.full_name"];
    let fork = ["!github.event.pull_request.head.repo.fork", "head.repo.fork==false", "head.repo.fork!=true"];
    let merged = ["github.event.pull_request.merged"];
    let pushed = ["workflow_run.event=='push'", "workflow_run.event=='schedule'", "workflow_run.event=='release'"];
    let not_proposed = ["workflow_run.event!='pull_request'"];
    let author = ["github.actor=='dependabot[bot]'", "pull_request.user.login=='dependabot[bot]'"];
    let all = [&same[..], &other, &fork, &merged, &pushed, &not_proposed, &author];
    all.iter().flat_map(|list| list.iter()).any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_action_refuses_since_the_releases_that_took_it_over() {
        let location = Location::start_of(&Arc::from("w.yml"));
        let hash = "3d3c42e5aac5ba805825da76410c181273ba90b1";
        let refuses =
            |raw: &str, comment: Option<&str>| super::refuses(&uses::reference(raw, comment, location.clone()));
        for refused in ["v7", "v4", "v6.1.0", "v5.1.0", "v7.0.1", "main"] {
            assert!(refuses(refused, None), "{refused}");
        }
        for fetched in ["v1", "v4.2.2", "v6.0.2", "v5.0.0", "some-branch"] {
            assert!(!refuses(fetched, None), "{fetched}");
        }
        assert!(refuses(hash, Some("# v7.0.1")) && !refuses(hash, Some("# v4.2.2")) && !refuses(hash, None));
    }

    #[test]
    fn conditions_that_keep_outsiders_away() {
        for good in [
            "github.event.pull_request.head.repo.full_name == github.repository",
            "${{ github.event.workflow_run.event == 'push' && success() }}",
            "github.event.pull_request.merged == true",
        ] {
            assert!(restricts(good), "{good}");
        }
        for bad in
            ["github.event.label.name == 'safe to test'", "github.event.workflow_run.conclusion == 'success'", ""]
        {
            assert!(!restricts(bad), "{bad}");
        }
    }
}
