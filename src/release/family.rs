//! Splits a stream into what shares one verdict: file families of a release, and the lowest of several pushes.

use super::bytes::{self, FileRef};
use super::doer::Doer;
use super::facts::{self, Publish};
use super::{Linked, Path, Stream, coverage, glob};
use crate::catalogue::Catalogue;
use crate::model::{Flow, Kind, StepBody, Text};

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
        .flat_map(|family| {
            let one = path.link(stream, stream.name.clone(), family.publish, &family.files);
            let parts = if one.provenance.is_none() { parts(path, stream, &family) } else { Vec::new() };
            if parts.is_empty() { vec![(family, one)] } else { parts }
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

/// The files behind one published pattern one by one, where each or some of them have provenance of their own: one job
/// attests what it makes, and another job what that one makes. None where that says nothing.
fn parts<'s, 'p>(
    path: &Path<'_, 'p>,
    stream: &Stream<'_, 'p>,
    family: &Family<'s, 'p>,
) -> Vec<(Family<'s, 'p>, Linked<'p>)> {
    let file = |written: &String| {
        let known = coverage::fixed(written);
        let last = known.rsplit('/').next().unwrap_or(&known);
        last.contains('.') && !known.contains(['*', '?', '{', '['])
    };
    if family.files.len() < 2 || family.written.iter().all(file) {
        return Vec::new();
    }
    let mut groups: Vec<Vec<FileRef>> = Vec::new();
    for file in family.files.iter().take_while(|_| path.counts()) {
        let same = |other: &FileRef| bytes::alternatives(path.flow, path.facts, family.publish.job, file, other);
        let (mut joined, apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| group.iter().any(same));
        groups = apart;
        joined.push(vec![file.clone()]);
        groups.push(joined.concat());
    }
    if groups.len() < 2 {
        return Vec::new();
    }
    let part = |files: Vec<FileRef>| {
        let one = path.link(stream, stream.name.clone(), family.publish, &files);
        let written = files.first().map(|f| f.pattern.clone()).into_iter().collect();
        (Family { publish: family.publish, written, files }, one)
    };
    let parts: Vec<_> = groups.into_iter().map(part).collect();
    // Where each is refused, its own reason says more than that another file has no part in it.
    let told = |(_, one): &(Family<'_, '_>, Linked<'_>)| one.provenance.is_some() || !one.refused.is_empty();
    let useful = parts.iter().any(|(_, one)| one.provenance.is_some()) || parts.iter().all(told);
    if useful { parts } else { Vec::new() }
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
                if written.is_empty() || written.starts_with('!') || is_statement(path.flow, &item) {
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
            let made = || path.facts.iter().flat_map(|own| &own.attests).any(|attest| !attest.producer.subjects.own);
            let beside = |written: &str| describes(written) || states(written) && !made();
            if stream.publishes.len() == 1 && !items.iter().all(|(w, _)| beside(w)) {
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

/// Whether a value is the file in which a step leaves the provenance, or another statement, that it made.
/// Source: <https://github.com/actions/attest#outputs>
fn is_statement(flow: &Flow, value: &Text) -> bool {
    let step = value.symbol().filter(|s| s.ends_with(".outputs.bundle-path"));
    let Some((_, step)) = step.and_then(|symbol| facts::step_of_symbol(flow, symbol)) else {
        return false;
    };
    let StepBody::Action(action) = &step.body else { return false };
    let doer = Doer::action(step, action);
    let catalogue = Catalogue::get();
    let mut makers = doer.among(&catalogue.index.producers, &catalogue.producers);
    makers.any(|p| doer.is(&p.actions, &[]).is_some())
}

/// Whether a pattern names nothing but inventories and provenance of the bytes of a release.
fn describes(pattern: &str) -> bool {
    let name = pattern.to_ascii_lowercase();
    ["sbom", "spdx", ".cdx.", "cyclonedx", "bom.json", "bom.xml", ".intoto.jsonl"].iter().any(|w| name.contains(w))
}

/// Whether a pattern names nothing but statements. Those that the run makes of its release show that there is one.
fn states(pattern: &str) -> bool {
    let name = pattern.to_ascii_lowercase();
    ["provenance", "attestation"].iter().any(|w| name.contains(w))
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
        ".blockmap",
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
    const PROGRAMS: &[&str] = &[
        ".exe",
        ".deb",
        ".rpm",
        ".msi",
        ".msix",
        ".dmg",
        ".pkg",
        ".apk",
        ".appimage",
        ".whl",
        ".jar",
        ".gem",
        ".crate",
        ".nupkg",
        ".vsix",
        ".flatpak",
        ".snap",
    ];
    const ARCHIVES: &[&str] = &[".zip", ".tar.gz", ".tgz", ".tar.xz", ".tar.zst", ".tar.bz2", ".7z"];
    // What an unknown is called says something where it is all, and nothing where it is a part of a name.
    let normal = glob::normal(pattern);
    let text = match Text::new(normal.as_str()).symbol() {
        Some(symbol) => format!("{} }}}}", symbol.rsplit('.').next().unwrap_or(symbol)),
        None => glob::starred(&normal),
    };
    let name = text.to_ascii_lowercase();
    let last = name.rsplit('/').next().unwrap_or(&name).to_owned();
    // A program may be called after what it makes: `sbom-tool.zip`, but not `widget-sbom.zip`.
    let spoken = |word: &&str| match ARCHIVES.iter().find_map(|ending| last.strip_suffix(ending)) {
        Some(stem) => stem.strip_suffix('s').unwrap_or(stem).ends_with(word.strip_suffix('s').unwrap_or(word)),
        None => last.contains(*word) && !PROGRAMS.iter().any(|ending| last.ends_with(ending)),
    };
    // Data that stands among the documents belongs to them.
    let documents = name.split('/').rev().skip(1).any(|folder| matches!(folder, "docs" | "doc" | "documentation"));
    let data = [".json", ".yaml", ".yml", ".html", ".pdf", ".svg", ".png", ".adoc", ".rst"];
    // What an updater asks for the newest version points to the files: `latest.json`, `latest-mac.yml`.
    let update = last.strip_prefix("latest").is_some_and(|rest| {
        let rest = [".json", ".yml", ".yaml"].iter().find_map(|ending| rest.strip_suffix(ending));
        rest.is_some_and(|variant| variant.is_empty() || variant.starts_with('-'))
    });
    update
        || ENDINGS.iter().any(|e| last.ends_with(e))
        || WORDS.iter().any(spoken)
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
        assert!(ancillary("dist/latest-mac.yml") && ancillary("latest.json"));
        assert!(!ancillary("latest.zip") && !ancillary("latest*") && !ancillary("latestnews.json"));
        assert!(!ancillary("docs/widget.tar.gz"));
        assert!(ancillary("dist/widget-sbom.zip") && ancillary("licenses.tar.gz") && ancillary("widget.exe.sig"));
        assert!(!ancillary("sbom-tool.zip") && !ancillary("attestation-viewer.exe"));
        assert!(ancillary("${{ env.LINUX_SHA }}") && ancillary("${{ jobs.a.steps.b.outputs.changelog }}"));
        assert!(!ancillary("widget-${{ jobs.a.steps.get-release-notes.outputs.version }}.zip"));
        assert!(!ancillary("docs.json"));
        assert!(!ancillary("dist/*.deb"));
        assert!(!ancillary("dist/*"));
    }
}
