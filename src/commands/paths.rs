//! Folders relative to the checkout.

use crate::model::Text;

/// What stands for the root of the checkout: variables of CI platforms, and `PWD` as a step starts.
const ROOTS: &[&str] = &[
    "env.PWD",
    "env.GITHUB_WORKSPACE",
    "github.workspace",
    "env.CI_PROJECT_DIR",
    "env.BUILD_SOURCESDIRECTORY",
    "env.BUILDKITE_BUILD_CHECKOUT_PATH",
    "env.CIRCLE_WORKING_DIRECTORY",
    "shell(git rev-parse --show-toplevel)",
];

/// Splits at slashes outside of symbols.
fn parts(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut at = 0;
    let bytes = path.as_bytes();
    while at < bytes.len() {
        let rest = path.get(at..).unwrap_or_default();
        if rest.starts_with("${{") {
            at += rest.find("}}").map_or(rest.len(), |end| end + 2);
        } else if bytes.get(at) == Some(&b'/') {
            parts.push(path.get(start..at).unwrap_or_default());
            at += 1;
            start = at;
        } else {
            at += 1;
        }
    }
    parts.push(path.get(start..).unwrap_or_default());
    parts
}

/// `path` as seen from `folder`, normalised. Paths under the workspace variables of CI platforms are relative to the
/// root of the checkout; other absolute paths and paths in unknown places stay as they are.
pub fn join(folder: &Text, path: &Text) -> Text {
    let mut path = path.as_str();
    let mut rooted = false;
    for root in ROOTS {
        let Some(rest) = path.strip_prefix("${{").map(str::trim_start).and_then(|p| p.strip_prefix(root)) else {
            continue;
        };
        let Some(rest) = rest.trim_start().strip_prefix("}}") else { continue };
        if rest.is_empty() || rest.starts_with('/') {
            path = rest.trim_start_matches('/');
            rooted = true;
            break;
        }
    }
    let outside =
        |p: &str| p.starts_with('/') || p.starts_with('~') || p.starts_with("${{") || p.get(1..2) == Some(":");
    let base = if rooted || outside(path) { "" } else { folder.as_str() };
    let lead = if outside(path) { path } else { base };
    let absolute = lead.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for part in parts(base).into_iter().chain(parts(path)) {
        match part {
            "" | "." => {}
            ".." => match kept.last() {
                Some(&"..") | None => kept.push(".."),
                Some(_) => drop(kept.pop()),
            },
            part => kept.push(part),
        }
    }
    let joined = kept.join("/");
    Text::new(if absolute { format!("/{joined}") } else { joined })
}

/// A folder of the checkout as it may be named from anywhere.
pub(super) fn rooted(folder: &str) -> String {
    let root = Text::unknown("shell(git rev-parse --show-toplevel)");
    match folder {
        "" => root.to_string(),
        outside if outside.starts_with(['/', '~', '$']) => outside.to_owned(),
        folder => format!("{root}/{folder}"),
    }
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn paths_are_relative_to_the_checkout() {
        let at = |folder: &str, path: &str| join(&folder.into(), &path.into()).as_str().to_owned();
        assert_eq!(at("", "dist"), "dist");
        assert_eq!(at("a/b", "../c/./d"), "a/c/d");
        assert_eq!(at("a", ".."), "");
        assert_eq!(at("a", "/tmp//x"), "/tmp/x");
        assert_eq!(at("a", "${{ env.GITHUB_WORKSPACE }}/x"), "x");
        assert_eq!(at("a", "${{ github.workspace }}"), "");
        assert_eq!(at("a", "${{ shell(echo a/b) }}/x"), "${{ shell(echo a/b) }}/x");
        assert_eq!(at("/tmp", "x"), "/tmp/x");
    }
}
