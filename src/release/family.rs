//! Splits a stream into what shares one verdict: file families of a release, and the lowest of several pushes.

use super::bytes::FileRef;
use super::facts::Publish;
use super::{Linked, Path, Stream, coverage, glob};
use crate::model::Kind;

/// A group of published files under one publishing step.
struct Family<'s, 'p> {
    publish: &'s Publish<'p>,
    /// As the step writes them.
    written: Vec<String>,
    files: Vec<FileRef>,
}

/// The targets of one stream. A release some of whose files are covered and some are not becomes two.
pub(super) fn split<'p>(path: &Path<'_, 'p>, stream: &Stream<'_, 'p>) -> Vec<Linked<'p>> {
    if stream.kind != Kind::ReleaseAssets {
        return stream
            .publishes
            .iter()
            .take_while(|_| path.counts())
            .map(|publish| {
                let files = coverage::refs(path.flow, path.facts, publish.job, publish.step, &publish.files);
                path.link(stream, stream.name.clone(), publish, &files)
            })
            .collect();
    }
    let families = families(path, stream);
    let linked: Vec<(Family<'_, 'p>, Linked<'p>)> = families
        .into_iter()
        .take_while(|_| !path.facts.count.is_full())
        .map(|family| {
            let one = path.link(stream, stream.name.clone(), family.publish, &family.files);
            (family, one)
        })
        .collect();
    let covered = linked.iter().any(|(_, l)| l.provenance.is_some());
    let mut targets = Vec::new();
    let mut uncovered: Vec<(Vec<String>, Linked<'p>)> = Vec::new();
    for (family, one) in linked {
        if covered && one.provenance.is_none() {
            match uncovered.iter_mut().find(|(_, l)| l.publish.location == one.publish.location) {
                Some((written, _)) => written.extend(family.written),
                None => uncovered.push((family.written, one)),
            }
        } else {
            targets.push(one);
        }
    }
    for (mut written, mut one) in uncovered {
        written.dedup();
        one.whole = false;
        one.name = if written.is_empty() { one.name } else { format!("{} ({})", one.name, written.join(", ")) };
        targets.push(one);
    }
    targets
}

/// One family for each published pattern that consumers would run or install.
fn families<'s, 'p>(path: &Path<'_, 'p>, stream: &'s Stream<'s, 'p>) -> Vec<Family<'s, 'p>> {
    let mut families = Vec::new();
    for publish in &stream.publishes {
        let mut items: Vec<(String, Vec<FileRef>)> = Vec::new();
        for file in &publish.files {
            for item in file.value.items(&[',']) {
                // `path#label` names the asset for people.
                let written = item.as_str().trim_matches(['"', '\'']).split('#').next().unwrap_or_default().to_owned();
                if written.is_empty() || written.starts_with('!') {
                    continue;
                }
                if !path.counts() {
                    return families;
                }
                let picked = super::doer::Picked { value: written.as_str().into(), location: file.location.clone() };
                items.push((written, coverage::refs(path.flow, path.facts, publish.job, publish.step, &[picked])));
            }
        }
        let runnable: Vec<(String, Vec<FileRef>)> = items.iter().filter(|(w, _)| !ancillary(w)).cloned().collect();
        if items.is_empty() {
            if !path.counts() {
                return families;
            }
            families.push(Family { publish, written: Vec::new(), files: Vec::new() });
        } else if runnable.is_empty() {
            // Only checksums, signatures and the like: they follow the release that carries the bytes.
            if stream.publishes.len() == 1 && !items.iter().all(|(w, _)| describes(w)) {
                families.push(Family {
                    publish,
                    written: items.iter().map(|(w, _)| w.clone()).collect(),
                    files: items.into_iter().flat_map(|(_, f)| f).collect(),
                });
            }
        } else {
            let family = |(written, files): (String, Vec<FileRef>)| {
                // Of what an artifact brings, checksums and the like need no provenance.
                let (aside, run): (Vec<FileRef>, Vec<FileRef>) = files.into_iter().partition(|f| ancillary(&f.pattern));
                let files = if run.is_empty() { aside } else { run };
                Family { publish, written: vec![written], files }
            };
            families.extend(runnable.into_iter().map(family));
        }
    }
    families
}

/// Whether a pattern names nothing but what describes the bytes of a release: inventories and provenance.
fn describes(pattern: &str) -> bool {
    let name = pattern.to_ascii_lowercase();
    ["sbom", "spdx", ".cdx.", "cyclonedx", "bom.json", "bom.xml", ".intoto.jsonl"].iter().any(|w| name.contains(w))
}

/// Whether a pattern names only what nobody runs: checksums, signatures, SBOMs, provenance, documents.
pub(super) fn ancillary(pattern: &str) -> bool {
    const ENDINGS: &[&str] = &[
        ".sha256",
        ".sha512",
        ".sha1",
        ".md5",
        ".sha256sum",
        ".sha512sum",
        ".sig",
        ".asc",
        ".pem",
        ".crt",
        ".minisig",
        ".sigstore",
        ".sigstore.json",
        ".bundle",
        ".intoto.jsonl",
        ".att",
        ".prov",
        ".sbom",
        ".sbom.json",
        ".spdx",
        ".spdx.json",
        ".cdx.json",
        ".cdx.xml",
        ".cyclonedx.json",
        ".md",
        ".txt",
        ".pub",
        ".jsonl",
        ".pdf.asc",
        ".provenance",
        "bom.json",
        "bom.xml",
        ".sigstore.jsonl",
        ".digest",
    ];
    const WORDS: &[&str] = &[
        "checksum",
        "sha256sum",
        "sha512sum",
        "shasum",
        "sha256_sum",
        "signature",
        "sbom",
        "provenance",
        "attestation",
        "changelog",
        "release_notes",
        "release-notes",
        "license",
        "readme",
        "_sum }}",
        "_sum}}",
        "_sha",
        "cosign.pub",
    ];
    let name = glob::normal(pattern).to_ascii_lowercase();
    let last = name.rsplit('/').next().unwrap_or(&name).to_owned();
    // Data that stands among the documents belongs to them.
    let documents = name.split('/').rev().skip(1).any(|folder| matches!(folder, "docs" | "doc" | "documentation"));
    let data = [".json", ".yaml", ".yml", ".html", ".pdf", ".svg", ".png", ".adoc", ".rst"];
    ENDINGS.iter().any(|e| last.ends_with(e))
        || WORDS.iter().any(|w| last.contains(w))
        || documents && data.iter().any(|e| last.ends_with(e))
}

#[cfg(test)]
mod tests {
    use super::ancillary;

    #[test]
    fn what_nobody_runs_needs_no_provenance_of_its_own() {
        assert!(ancillary("dist/*.sha256"));
        assert!(ancillary("dist/checksums.txt"));
        assert!(ancillary("widget.sbom.json"));
        assert!(ancillary("docs/api/widget_schema.json"));
        assert!(!ancillary("docs/widget.tar.gz"));
        assert!(!ancillary("docs.json"));
        assert!(!ancillary("dist/*.deb"));
        assert!(!ancillary("dist/*"));
    }
}
