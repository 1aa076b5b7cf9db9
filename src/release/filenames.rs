//! What the name of a file says of it, as far as its provenance is concerned.

use super::glob;
use crate::catalogue::{Catalogue, Said, Topic};
use crate::model::{Kind, Text, lowered};

fn said(topic: Topic) -> &'static Said {
    Catalogue::get().names.of(topic)
}

/// Whether a pattern names nothing but inventories and provenance of the bytes of a release.
pub(super) fn describes(pattern: &str) -> bool {
    said(Topic::Inventory).is_in(&lowered(pattern))
}

/// Whether a pattern names nothing but statements. Those that the run makes of its release show that there is one.
pub(super) fn states(pattern: &str) -> bool {
    said(Topic::Statement).is_in(&lowered(pattern))
}

/// Whether a name speaks of provenance, as that of an artifact with it does.
pub(super) fn speaks_of_provenance(name: &str) -> bool {
    said(Topic::Statement).is_in(name)
}

/// Whether a path is that of a folder with the indexes of a package repository.
pub(super) fn holds_indexes(path: &str) -> bool {
    said(Topic::Index).matches(&glob::starred(path.trim_end_matches('/')))
}

/// Whether a pattern names a file that holds the digests of others.
pub(super) fn holds_checksums(pattern: &str) -> bool {
    let name = pattern.rsplit('/').next().unwrap_or_default();
    said(Topic::Checksums).is_in(&lowered(name))
}

/// Whether a word of a command names a list of digests that the command reads.
pub(super) fn is_list(word: &str) -> bool {
    said(Topic::List).is_in(&lowered(word))
}

/// Whether a pattern names data that is written beside a release for programs to read.
pub(super) fn is_data(pattern: &str) -> bool {
    said(Topic::Data).ends(&lowered(pattern))
}

/// `*.tar.gz*` are archives with what lies beside each: its checksum, its signature. Those need no provenance.
pub(super) fn without_side_files(pattern: &str) -> &str {
    let accompanied = |head: &&str| said(Topic::Accompanied).ends(head);
    pattern.strip_suffix('*').filter(accompanied).unwrap_or(pattern)
}

/// Whether a pattern names only what nobody runs: checksums, signatures, SBOMs, provenance, documents.
pub(super) fn ancillary(pattern: &str) -> bool {
    // What an unknown is called says something where it is all, and nothing where it is a part of a name.
    let normal = glob::normal(pattern);
    let whole = Text::new(normal.as_str());
    let symbol = whole.symbol();
    let text = match symbol {
        Some(symbol) => symbol.rsplit('.').next().unwrap_or(symbol).to_owned(),
        None => glob::starred(&normal),
    };
    let name = text.to_ascii_lowercase();
    let last = name.rsplit('/').next().unwrap_or(&name);
    // A program may be called after what it makes: `sbom-tool.zip`, but not `widget-sbom.zip`.
    let ancillary = said(Topic::Ancillary);
    let spoken = |word: &String| match said(Topic::Archive).stem(last) {
        Some(stem) => stem.strip_suffix('s').unwrap_or(stem).ends_with(word.strip_suffix('s').unwrap_or(word)),
        None => last.contains(word.as_str()) && !said(Topic::Program).ends(last),
    };
    // Data that stands among the documents belongs to them.
    let documents = name.split('/').rev().skip(1).any(|folder| matches!(folder, "docs" | "doc" | "documentation"));
    // What an updater asks for the newest version points to the files: `latest.json`, `latest-mac.yml`.
    let update = last.strip_prefix("latest").is_some_and(|rest| {
        let rest = [".json", ".yml", ".yaml"].iter().find_map(|ending| rest.strip_suffix(ending));
        rest.is_some_and(|variant| variant.is_empty() || variant.starts_with('-'))
    });
    update
        || ancillary.ends(last)
        || ancillary.matches(&name)
        || symbol.is_some() && last.ends_with("_sum")
        || ancillary.words.iter().any(spoken)
        || documents && said(Topic::Document).ends(last)
}

/// Endings of what a build tool puts into a Maven repository.
const OF_MAVEN: &[&str] = &[".jar", ".aar", ".war", ".klib", ".pom", ".module"];
/// Endings of programs for stores.
const OF_STORES: &[&str] = &[".ipa", ".apk", ".aab", ".msix", ".msixbundle", ".appx", ".pkg", ".crx", ".xpi", ".zip"];
/// Folders in which build tools leave what they publish.
const BUILT_IN: &[&str] = &["target", "build", "libs", "outputs", "repo", "repository", "staging", ".m2", "out"];

/// Whether files of this name may be what a client publishes by itself, without being told its files. Of kinds whose files
/// have no endings of their own nothing shows it.
pub(super) fn may_be_published(kind: Kind, pattern: &str) -> bool {
    let endings = match kind {
        Kind::Maven => OF_MAVEN,
        Kind::Store => OF_STORES,
        Kind::Other => &[],
        _ => return true,
    };
    let name = pattern.rsplit('/').next().unwrap_or_default();
    let any = !name.contains('.') || name.ends_with('*') || pattern.contains("${{");
    let built =
        || pattern.split('/').any(|part| part == "**" || BUILT_IN.contains(&part)) || pattern.starts_with("${{");
    endings.iter().any(|ending| name.contains(ending)) || !endings.is_empty() && any && (name == pattern || built())
}

#[cfg(test)]
mod tests {
    use super::{ancillary, holds_indexes};

    #[test]
    fn what_nobody_runs_needs_no_provenance_of_its_own() {
        assert!(ancillary("dist/*.sha256"));
        assert!(ancillary("dist/checksums.txt"));
        assert!(ancillary("widget.sbom.json"));
        assert!(ancillary("docs/api/widget_schema.json"));
        assert!(ancillary("dist/latest-mac.yml") && ancillary("latest.json"));
        assert!(!ancillary("latest.zip") && !ancillary("latest*") && !ancillary("latestnews.json"));
        assert!(!ancillary("docs/widget.tar.gz"));
        assert!(ancillary("dist/widget-sbom.zip") && ancillary("licenses.tar.gz") && ancillary("widget.exe.sig"));
        assert!(!ancillary("sbom-tool.zip") && !ancillary("attestation-viewer.exe"));
        assert!(ancillary("${{ env.LINUX_SHA }}") && ancillary("${{ jobs.a.steps.b.outputs.changelog }}"));
        assert!(!ancillary("widget-${{ jobs.a.steps.get-release-notes.outputs.version }}.zip"));
        assert!(!ancillary("docs.json"));
        assert!(ancillary("schema/widget.json") && ancillary("rpm/widget.repo") && ancillary("repodata/repomd.xml*"));
        assert!(holds_indexes("apt/dists/") && holds_indexes("rpm/repodata/**") && !holds_indexes("dists/widget.deb"));
        assert!(ancillary("apt/Packages.gz") && ancillary("InRelease") && ancillary("rpm/abc-primary.xml.zst"));
        assert!(!ancillary("bin/Release") && !ancillary("Packages") && !ancillary("dist/release.gz"));
        assert!(!ancillary("dist/*.deb"));
        assert!(!ancillary("dist/*"));
    }
}
