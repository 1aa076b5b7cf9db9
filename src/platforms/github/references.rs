//! What `uses:` leads to in the checkout of another repository, where one was given.

use super::Lowering;
use crate::catalogue::Catalogue;
use crate::checkout::place_beside;
use crate::syntax::pattern;

/// A file or folder in the checkout of another repository.
pub(super) struct Given {
    /// Its path, with the repository in front.
    pub(super) path: String,
    /// What is known of the commit.
    pub(super) commit: String,
}

impl Lowering<'_> {
    /// The workflow `owner/repository/path` in a checkout that was given. The catalogue knows better where it knows.
    pub(super) fn given_workflow(&self, name: &str, reference: &str) -> Option<Given> {
        self.given(name, reference, knows_workflow)
    }

    /// The folder of the action `owner/repository/path` in a checkout that was given.
    pub(super) fn given_action(&self, name: &str, reference: &str) -> Option<Given> {
        self.given(name, reference, knows_action)
    }

    fn given(&self, name: &str, reference: &str, known: fn(&str) -> bool) -> Option<Given> {
        self.sources.checkout().repositories_beside().next()?;
        let mut parts = name.splitn(3, '/');
        let slug = format!("{}/{}", parts.next()?, parts.next()?);
        let checkout = self.sources.checkout().beside(&slug)?;
        if known(name) {
            return None;
        }
        let path = place_beside(&slug, parts.next().unwrap_or_default());
        let commit = match checkout.revision() {
            // Enough of a hash to be found again; the reference is the reader's to compare.
            Some(revision) => format!("the checkout given, at commit {}", revision.get(..12).unwrap_or(revision)),
            None => "the checkout given, of an unknown commit".to_owned(),
        };
        self.used.borrow_mut().insert(slug);
        let commit = format!("read in {commit}; nobody verified that `@{reference}` names it");
        Some(Given { path, commit })
    }
}

/// Whether the catalogue describes the workflow `owner/repository/path` of another repository.
fn knows_workflow(name: &str) -> bool {
    Catalogue::get().builders.iter().any(|b| b.workflows.iter().any(|w| pattern::wildcard(w, name)))
}

/// Whether the catalogue says what the action `owner/repository[/path]` does. Entries that only say that it does
/// nothing of interest do not count: its text says more.
fn knows_action(name: &str) -> bool {
    let all = Catalogue::get();
    let any = |actions: &[String]| actions.iter().any(|a| pattern::wildcard(a, name));
    all.sinks.iter().any(|e| any(&e.actions))
        || all.producers.iter().any(|e| any(&e.actions))
        || all.transfers.iter().any(|e| any(&e.actions))
        || all.caches.iter().any(|e| any(&e.actions))
        || all.runs.iter().any(|e| any(&e.actions))
        || all.remote.iter().any(|e| any(&e.actions))
}
