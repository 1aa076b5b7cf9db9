//! Reads texts as a checkout and says what was found, in one line for each pool.

use crate::checkout::Checkout;
use crate::model::{RunnerPool, Tri};

/// The pools of a checkout of these files.
pub(super) fn pools(files: &[(&str, &str)]) -> Vec<RunnerPool> {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    crate::runners::pools_in(&Checkout::in_memory(files, None), None)
}

fn word(axis: &Tri) -> &'static str {
    match axis {
        Tri::Met(_) => "met",
        Tri::Failed(_) => "failed",
        Tri::Unshown(..) => "unshown",
    }
}

/// Hosted, ephemeral and isolated of a pool.
pub(super) fn axes(pool: &RunnerPool) -> String {
    [&pool.hosted, &pool.ephemeral, &pool.isolated].map(word).join(" ")
}

/// Shape, hosted, ephemeral and isolated of every pool.
pub(super) fn read(files: &[(&str, &str)]) -> Vec<String> {
    pools(files).iter().map(|p| format!("{}: {}", p.shape, axes(p))).collect()
}

/// Line and note of what decides an axis.
pub(super) fn why(axis: &Tri) -> String {
    match axis {
        Tri::Met(e) | Tri::Failed(e) | Tri::Unshown(e, _) => {
            format!("{}:{} {}", e.location.path, e.location.line, e.note)
        }
    }
}
