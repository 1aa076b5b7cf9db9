//! `uses:`: what a step or job refers to.

use crate::model::{Location, Reference, Version, VersionSource};

/// What a `uses:` value names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Uses {
    /// `./path`, without the `./`: for a job a file of the repository that the text is in, for a step one of the
    /// workspace.
    Local(String),
    /// `$/path`: a file of the repository that the text is in.
    Home(String),
    /// A path of the graded repository, which is named in full.
    Own(String),
    /// `owner/repository[/path]` of another repository, owner and repository in lower case, and the ref.
    Remote(String, String),
    /// An image.
    Image(String),
}

/// Reads a `uses:` value; `own_slug` is the graded repository's name.
pub(super) fn parse(value: &str, own_slug: Option<&str>) -> Option<Uses> {
    let value = value.trim();
    if let Some(image) = value.strip_prefix("docker://") {
        return Some(Uses::Image(image.to_owned()));
    }
    if let Some(path) = value.strip_prefix("./").or_else(|| value.strip_prefix(".\\")) {
        return Some(Uses::Local(path.trim_end_matches('/').to_owned()));
    }
    if let Some(path) = value.strip_prefix("$/") {
        return Some(Uses::Home(path.trim_end_matches('/').to_owned()));
    }
    if value == "." || value == "./" {
        return Some(Uses::Local(String::new()));
    }
    let (name, reference) = value.rsplit_once('@').unwrap_or((value, ""));
    let (owner, rest) = name.split_once('/')?;
    let (repository, path) = rest.split_once('/').map_or((rest, None), |(repository, path)| (repository, Some(path)));
    if owner.is_empty() || repository.is_empty() {
        return None;
    }
    let mut full = name.get(..owner.len() + 1 + repository.len())?.to_ascii_lowercase();
    if own_slug == Some(full.as_str()) {
        return Some(Uses::Own(path.unwrap_or_default().trim_end_matches('/').to_owned()));
    }
    if let Some(path) = path {
        full.push('/');
        full.push_str(path.trim_end_matches('/'));
    }
    Some(Uses::Remote(full, reference.to_owned()))
}

/// The ref with the version that it, or the comment beside it, names.
pub(super) fn reference(raw: &str, comment: Option<&str>, location: Location) -> Reference {
    let mut reference = Reference { raw: raw.to_owned(), version: None, source: VersionSource::Assumed, location };
    if !reference.is_hash() {
        reference.version = Version::parse(raw);
        reference.source = if reference.version.is_some() { VersionSource::Tag } else { VersionSource::Assumed };
        return reference;
    }
    if let Some(version) = comment.and_then(version_in_comment) {
        reference.version = Some(version);
        reference.source = VersionSource::Comment;
    }
    reference
}

/// The first word of a comment that is a version: `# v1.2.3`, `# tag=v1.2.3`, `# ratchet:owner/repo@v1`.
fn version_in_comment(comment: &str) -> Option<Version> {
    comment
        .trim_start_matches('#')
        .split_whitespace()
        .flat_map(|word| word.rsplit(['=', '@', ':', '/']).next())
        .map(|word| word.trim_matches(|c: char| matches!(c, ',' | ';' | '(' | ')')))
        .find_map(Version::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_repository_is_known_however_it_is_named() {
        let own = |value| parse(value, Some("acme/widget"));
        let path = ".github/workflows/build.yml".to_owned();
        assert_eq!(own("./.github/workflows/build.yml"), Some(Uses::Local(path.clone())));
        assert_eq!(own("$/.github/workflows/build.yml"), Some(Uses::Home(path.clone())));
        assert_eq!(own("Acme/Widget/.github/workflows/build.yml@v1"), Some(Uses::Own(path)));
        assert_eq!(
            parse("Acme/Widget/.github/workflows/build.yml@v1", None),
            Some(Uses::Remote("acme/widget/.github/workflows/build.yml".to_owned(), "v1".to_owned()))
        );
    }

    #[test]
    fn a_version_comment_counts_only_beside_a_hash() {
        let location = Location::start_of(&std::sync::Arc::from("w.yml"));
        let hash = "4974a7bd10c8da30b21b5f4b73c1e2d1b2c3d4e5";
        let version =
            |raw: &str, comment: &str| reference(raw, Some(comment), location.clone()).version.map(|v| v.to_string());
        assert_eq!(version(hash, "# v1.14.0").as_deref(), Some("v1.14.0"));
        assert_eq!(version(hash, "# ratchet:actions/checkout@v4").as_deref(), Some("v4"));
        assert_eq!(version(hash, "# the newest").as_deref(), None);
        assert_eq!(version("main", "# v1.14.0").as_deref(), None);
    }
}
