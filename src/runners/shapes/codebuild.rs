//! CodeBuild projects that take jobs of GitHub Actions.
//!
//! On-demand compute is destroyed after each build; machines of a reserved fleet stay up.
//! Source: <https://docs.aws.amazon.com/codebuild/latest/userguide/action-runner.html>

use crate::model::{Evidence, Location, RunnerPool};
use crate::runners::scope_of;
use crate::runners::verdict::draft::{
    Draft,
    On::{Ephemeral, Hosted, Isolated},
};
use crate::syntax::conf::Value;

const RULE: &str = "codebuild-runner";

/// A project, whatever the language.
pub(in crate::runners) struct Project<'v> {
    pub(in crate::runners) name: Option<&'v Value>,
    pub(in crate::runners) fallback: &'v str,
    pub(in crate::runners) at: &'v Location,
    /// The webhook that hands jobs to it.
    pub(in crate::runners) webhook: &'v Location,
    pub(in crate::runners) fleet: Option<&'v Value>,
    pub(in crate::runners) cache: Option<&'v Value>,
    pub(in crate::runners) privileged: Option<&'v Value>,
    pub(in crate::runners) source: Option<&'v Value>,
}

/// What a label of such a project begins with, before the run's own part.
pub(in crate::runners) const LABEL: &str = "codebuild-";

pub(in crate::runners) fn pool(project: &Project<'_>) -> RunnerPool {
    let name = project.name.and_then(Value::text);
    let mut draft = Draft::new(RULE, name.unwrap_or(project.fallback), project.at);
    if let Some(name) = name {
        draft.labels([format!("{LABEL}{name}").as_str()]);
    }
    draft.pool.scope = project.source.and_then(Value::text).filter(|s| s.contains("github.com/")).and_then(scope_of);
    draft.documented(Hosted, project.webhook, "CodeBuild starts a build machine for each queued job");
    draft.credential(project.webhook, "CodeBuild registers a runner for one job by itself");
    match project.fleet.filter(|f| !f.is_null()) {
        Some(fleet) => {
            draft.failed(Ephemeral, &fleet.at, "machines of a reserved fleet stay up from build to build");
        }
        None => draft.documented(Ephemeral, project.at, "on-demand compute is destroyed after each build"),
    }
    if let Some(cache) = project.cache {
        let kind = cache.get("type").or_else(|| cache.get("Type"));
        if let Some(kind) = kind.filter(|k| k.text().is_some_and(|k| !k.eq_ignore_ascii_case("NO_CACHE"))) {
            let note = "the project's cache hands files of one build to the next";
            draft.pool.caches.push(Evidence::observed(&kind.at, RULE, note));
        }
    }
    if let Some(privileged) = project.privileged.filter(|p| p.bool() == Some(true)) {
        draft.note(
            "runner-privileged",
            &privileged.at,
            "`privileged_mode` inside a machine of its own: least privilege would do without",
        );
    }
    if draft.is_met(Ephemeral) {
        draft.documented(Isolated, project.at, "each build has a machine of its own");
    } else {
        draft.unshown(
            Isolated,
            project.at,
            "builds share the machines of the fleet one after another",
            "on-demand compute",
        );
    }
    draft.finish()
}
