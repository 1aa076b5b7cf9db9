//! Where something stands in the file, by its path in it.

use serde_path_to_error::{Path, Segment};

use crate::model::Span;
use crate::syntax::yaml::Node;

/// One step on the way from the root to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Item(usize),
}

/// The steps of a path of serde, as far as they are known.
pub(super) fn steps(path: &Path) -> Vec<Step> {
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(Step::Item(*index)),
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Enum { .. } | Segment::Unknown => None,
    };
    path.iter().map_while(step).collect()
}

/// The stretch of the node at the end of the steps, or of the last one on the way that exists.
pub(super) fn of(root: Node<'_>, steps: &[Step]) -> Span {
    node(root, steps).span()
}

/// The stretch of a key in the mapping at the end of the steps.
pub(super) fn of_key(root: Node<'_>, steps: &[Step], key: &str) -> Span {
    // Whether the path of an unknown key ends in it depends on who read the mapping.
    let steps = match steps.split_last() {
        Some((Step::Key(last), above)) if last == key => above,
        _ => steps,
    };
    let mapping = node(root, steps);
    mapping.entry(key).map_or_else(|| mapping.span(), |(key, _)| key.span())
}

fn node<'a>(root: Node<'a>, steps: &[Step]) -> Node<'a> {
    let mut at = root;
    for step in steps {
        let next = match step {
            Step::Key(key) => at.get(key),
            Step::Item(index) => at.items().nth(*index),
        };
        let Some(next) = next else { break };
        at = next;
    }
    at
}

/// Whether a relative path leads out of the folder it starts in, or is not relative.
pub(super) fn leaves(path: &str) -> bool {
    let mut depth = 0_usize;
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return true,
            },
            _ => depth += 1,
        }
    }
    // Drives and streams of Windows, and what would be the home of somebody for a shell.
    path.starts_with(['/', '\\', '~']) || path.contains([':', '\0'])
}
