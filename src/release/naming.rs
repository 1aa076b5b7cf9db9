//! What a published stream is called.

use std::sync::Arc;

use super::doer::{Act, Picked};
use super::facts::{Publish, step_of_leg};
use super::ko;
use super::manifest;
use super::packages::{self, Packages};
use super::readable::UNNAMED;
use super::tarball;
use crate::catalogue::{Catalogue, Naming, Sink};
use crate::checkout::Checkout;
use crate::commands::crates::{MOST_CRATES, crates};
use crate::commands::workspace::Package;
use crate::commands::{CHOSEN, flag, matching};
use crate::model::{Flow, Kind, Step, StepBody, Text, opening};
use crate::syntax::conf::Value;

/// The names under which one publishing step hands out bytes: the name of the stream, and every place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// The stream's name.
    pub name: String,
    /// Where it is handed out.
    pub places: Vec<String>,
    /// The manifest of the npm package, where the step publishes several.
    pub package: Option<String>,
}

impl Named {
    fn new(name: String, places: Vec<String>) -> Self {
        Self { name, places, package: None }
    }
}

/// Names what a step publishes; an image step with tags of several images publishes several.
pub(super) fn names(checkout: &Checkout, flow: &Flow, publish: &Publish<'_>) -> Vec<Named> {
    let sink = publish.sink;
    let picked = |publish: &Publish<'_>| publish.doer.first(&sink.name, publish.hit, &sink.value_flags);
    match sink.naming {
        Naming::Release => {
            let name = picked(publish)
                .first()
                .and_then(|p| other_repository(checkout, p.value.literal()?))
                .or_else(|| own_name(checkout))
                .unwrap_or_else(|| "release".to_owned());
            vec![Named::new(name, vec!["GitHub release".to_owned()])]
        }
        Naming::Image => {
            let under = publish.doer.first(&sink.under, publish.hit, &sink.value_flags);
            let under = under.first().map(|registry| registry.value.as_str());
            let named = images(checkout, flow, publish.job, &picked(publish), under);
            match metadata_images(flow, publish) {
                Some(images) if named.iter().all(|n| n.places.is_empty() || n.name.starts_with("${{")) => {
                    vec![Named { name: images.first().cloned().unwrap_or_default(), places: images, package: None }]
                }
                _ if named.iter().all(|n| n.places.is_empty()) => sources(publish).unwrap_or(named),
                _ => named,
            }
        }
        Naming::GoPrograms => {
            let images = ko::images(checkout, publish);
            if images.is_empty() {
                return self::images(checkout, flow, publish.job, &picked(publish), None);
            }
            images.into_iter().map(|image| Named::new(image.clone(), vec![image])).collect()
        }
        Naming::Manifest => {
            let folder = publish
                .doer
                .first(&sink.folder, publish.hit, &sink.value_flags)
                .first()
                .map(|p| p.value.clone())
                .unwrap_or_default();
            let folder = placed(&publish.doer.folder(), &folder);
            let place = place(publish);
            // A program chooses the package as it runs, or the client refuses the one that lies there.
            if folder.contains(CHOSEN) || is_refused(checkout, publish, &folder) {
                return vec![Named::new(UNNAMED.to_owned(), place.into_iter().collect())];
            }
            match tarball::packages(checkout, flow, publish) {
                Some(packages) if packages.is_empty() => {
                    return vec![Named::new(UNNAMED.to_owned(), place.into_iter().collect())];
                }
                Some(packages) => return several(&packages, false, place.as_ref()),
                None => {}
            }
            if sink.kind == Kind::Npm
                && let Packages::Several { packages, more } = packages::published(checkout, publish, &folder)
            {
                return several(&packages, more, place.as_ref());
            }
            if sink.kind == Kind::Crate
                && let Some(all) = workspace_crates(checkout, publish, &folder)
            {
                let places: Vec<String> = place.into_iter().collect();
                return all.into_iter().map(|name| Named::new(name, places.clone())).collect();
            }
            let name = picked(publish)
                .first()
                .map(|p| p.value.to_string())
                .or_else(|| manifest::name(checkout, sink.kind, &folder))
                .or_else(|| working_name(checkout, sink.kind, publish.doer.folder().as_str()))
                .or_else(|| built_name(checkout, sink.kind, &folder))
                .or_else(|| own_name(checkout).filter(|_| !names_packages(checkout, sink.kind)))
                .unwrap_or_else(|| UNNAMED.to_owned());
            vec![Named::new(name, place.into_iter().collect())]
        }
        Naming::Value => {
            let values = picked(publish);
            let name = values
                .first()
                .map(|p| p.value.to_string())
                .filter(|name| !name.contains('*') && !name.starts_with("${{"))
                .map(|name| match publish.doer.first(&sink.under, publish.hit, &sink.value_flags).first() {
                    Some(account) => format!("{}/{name}", account.value),
                    None => name,
                })
                .or_else(|| manifest::name(checkout, sink.kind, publish.doer.folder().as_str()))
                .or_else(|| own_name(checkout))
                .unwrap_or_else(|| UNNAMED.to_owned());
            vec![Named::new(name, place(publish).into_iter().collect())]
        }
    }
}

/// Whether the client of a command that names no package refuses that of the folder, which is marked as private: what is
/// published is something else, or the job takes the mark away.
/// Source: <https://docs.npmjs.com/cli/configuring-npm/package-json#private>
fn is_refused(checkout: &Checkout, publish: &Publish<'_>, folder: &str) -> bool {
    let client =
        matches!(publish.words().first().and_then(matching::program), Some("npm" | "pnpm" | "pn" | "yarn" | "bun"));
    publish.sink.kind == Kind::Npm
        && client
        && matches!(packages::published(checkout, publish, folder), Packages::Own)
        && publish.doer.first(&publish.sink.folder, publish.hit, &publish.sink.value_flags).is_empty()
        && Package::glance(checkout, &join(folder, "package.json")).is_some_and(|package| package.private)
}

/// Where a step hands its bytes out: the registry that it names, or that of its tool.
fn place(publish: &Publish<'_>) -> Option<String> {
    let Sink { host, place, value_flags, .. } = publish.sink;
    let named = publish.doer.first(&host.at, publish.hit, value_flags);
    let address = named.first().map(|picked| &picked.value).filter(|address| address.is_literal());
    let other = address.and_then(|address| {
        let address = address.as_str();
        let address = address.split_once("://").map_or(address, |(_, rest)| rest);
        let (name, _) = address.split_once(['/', '?', '#']).unwrap_or((address, ""));
        let name = name.rsplit_once('@').map_or(name, |(_, name)| name).to_ascii_lowercase();
        (name.contains('.') && !host.own.contains(&name)).then_some(name)
    });
    other.or_else(|| place.clone())
}

/// Stands for the packages that were not looked at.
pub(super) const FURTHER: &str = "further packages";

/// One target for each package of a workspace.
fn several(packages: &[Package], more: bool, place: Option<&String>) -> Vec<Named> {
    let places: Vec<String> = place.into_iter().cloned().collect();
    let mut named: Vec<Named> = packages
        .iter()
        .map(|p| Named {
            name: p.name.clone().unwrap_or_else(|| p.folder.clone()),
            places: places.clone(),
            package: Some(p.manifest.clone()),
        })
        .collect();
    if more {
        // What was not looked at asks for nothing that is shown.
        named.push(Named { name: FURTHER.to_owned(), places, package: Some(FURTHER.to_owned()) });
    }
    named
}

/// The crates that a command publishes which goes over those of a workspace; `None` where it does not, or where which is
/// not known.
fn workspace_crates(checkout: &Checkout, publish: &Publish<'_>, folder: &str) -> Option<Vec<String>> {
    if !publish.whole_workspace() {
        return None;
    }
    let path_of = |path: &str| Value::of_toml(&Arc::from(path), &checkout.read(path).ok()?);
    let crates = crates(checkout, folder, &path_of)?;
    let excluded = flag(publish.words(), &["--exclude".to_owned()]);
    let excluded: Vec<&str> = excluded.iter().filter_map(|f| f.value()).map(Text::as_str).collect();
    let names = crates.into_iter().take(MOST_CRATES).filter(|c| c.publishes).map(|c| c.name);
    let names: Vec<String> = names.filter(|name| !excluded.contains(&name.as_str())).collect();
    (!names.is_empty()).then_some(names)
}

/// The name of the package in the folder in which a step works that publishes another folder: not that of one which no
/// client publishes.
fn working_name(checkout: &Checkout, kind: Kind, folder: &str) -> Option<String> {
    let manifest = || Package::glance(checkout, &join(folder, "package.json"));
    let refused = kind == Kind::Npm && manifest().is_some_and(|package| package.private);
    manifest::name(checkout, kind, folder).filter(|_| !refused)
}

/// Whether manifests of the checkout name packages of this kind, so that the repository's own name is none.
fn names_packages(checkout: &Checkout, kind: Kind) -> bool {
    kind == Kind::Npm && checkout.files().iter().any(|path| path.rsplit('/').next() == Some("package.json"))
}

/// The name of an npm package in a folder that only the build makes: that of the package from which it is made.
fn built_name(checkout: &Checkout, kind: Kind, folder: &str) -> Option<String> {
    let folder = folder.trim_end_matches('/');
    if kind != Kind::Npm || folder.contains("${{") || checkout.under(folder).next().is_some() {
        return None;
    }
    // `dist/packages/a` is made from `packages/a`.
    let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
    let mirrored = format!("/{folder}/").replace("/dist/", "/");
    let before = folder.split("/dist/").next().unwrap_or(folder);
    let manifests = [mirrored.trim_matches('/'), above, before].map(|f| join(f, "package.json"));
    let manifest = manifests.iter().find(|m| checkout.is_there(m))?;
    let package = Package::read(checkout, manifest)?;
    package.name.filter(|_| !package.private)
}

/// The repository's own name, when the git remote tells.
fn own_name(checkout: &Checkout) -> Option<String> {
    checkout.slug().and_then(|s| s.split('/').nth(1)).map(str::to_owned)
}

/// A folder as the step that works in `base` names it; the root of the checkout may be spelled out in it.
pub(super) fn placed(base: &Text, folder: &Text) -> String {
    let rooted = crate::commands::join(&Text::default(), folder);
    let spelled = folder.as_str().starts_with("${{") && !rooted.as_str().starts_with("${{");
    if spelled { rooted.to_string() } else { join(base.as_str(), folder.as_str()) }
}

/// A path that leaves the checkout as one of the workspace, in a folder of which the checkout may lie.
pub(super) fn beside(path: &str) -> &str {
    path.trim_start_matches("../")
}

/// Joins two relative folders.
pub(super) fn join(folder: &str, below: &str) -> String {
    let parts = [folder, below].map(|p| p.trim_start_matches("./").trim_matches('/'));
    parts.iter().filter(|p| !p.is_empty() && **p != ".").copied().collect::<Vec<_>>().join("/")
}

/// The repository of a release, where it is another one than this: by itself, or with its owner.
fn other_repository(checkout: &Checkout, named: &str) -> Option<String> {
    let named = ["https://", "http://"].iter().fold(named, |n, scheme| n.strip_prefix(scheme).unwrap_or(n));
    let named = named.strip_prefix("github.com/").unwrap_or(named);
    // Without a name of its own nothing tells this one from others.
    let slug = checkout.slug()?;
    let own = slug.rsplit('/').next().unwrap_or(slug);
    let same = named.eq_ignore_ascii_case(slug) || named.eq_ignore_ascii_case(own);
    (!same).then(|| named.to_owned())
}

/// An image below a registry, unless its name begins with one.
fn below(registry: &str, image: &str) -> String {
    let registry = registry.trim().trim_start_matches("https://").trim_end_matches('/');
    let first = image.split_once('/').map_or("", |(first, _)| first);
    let whole = first.contains('.') || first.contains(':') && !first.contains("${{");
    if registry.is_empty() || whole { image.to_owned() } else { format!("{registry}/{image}") }
}

/// Images by name: one stream when a step pushes the same image to several registries. Those that name none are pushed
/// to the one that is given apart.
fn images(checkout: &Checkout, flow: &Flow, job: usize, tags: &[Picked], under: Option<&str>) -> Vec<Named> {
    let mut references: Vec<String> = Vec::new();
    for tag in tags {
        for value in resolved(flow, job, &tag.value, 0)
            .into_iter()
            .filter(|v| v.symbol().is_none_or(|s| !s.contains("bake-file")))
        {
            let image = match under {
                Some(registry) => image_name(&below(registry, value.as_str())),
                None => image_name(value.as_str()),
            };
            if !image.is_empty() && !references.contains(&image) {
                references.push(image);
            }
        }
    }
    // A registry of the test beside one for consumers takes nothing away.
    if references.iter().any(|r| !super::is_test_registry(r)) {
        references.retain(|r| !super::is_test_registry(r));
    }
    match references.split_first() {
        // Nothing names it: it goes by the repository, as a release does.
        None => vec![Named::new(own_name(checkout).unwrap_or_else(|| "image".to_owned()), Vec::new())],
        Some((first, _)) => vec![Named::new(first.clone(), references.clone())],
    }
}

/// The images of the job's metadata action, for a command that takes its tags from what that action leaves in the
/// environment.
fn metadata_images(flow: &Flow, publish: &Publish<'_>) -> Option<Vec<String>> {
    let Act::Command(_, command, words) = publish.doer.act else { return None };
    let says = |part: &str| words.iter().chain(&command.input).any(|w| w.as_str().contains(part));
    let all = says("DOCKER_METADATA_OUTPUT");
    let own = |step: &Step| step.id.as_deref().is_some_and(|id| says(&format!(".steps.{id}.outputs.")));
    let steps = &flow.jobs.get(publish.job)?.steps;
    let images = steps.iter().take(publish.step).rev().find_map(|step| match &step.body {
        StepBody::Action(action) if action.name.ends_with("/metadata-action") && (all || own(step)) => {
            action.input("images")
        }
        _ => None,
    })?;
    let value = Text::new(images.value.as_str());
    let mut all = Vec::new();
    for item in value.items(&[',']) {
        let item = item.as_str().strip_prefix("name=").map_or(item.as_str(), |n| n.split(',').next().unwrap_or(n));
        let name = image_name(item);
        if !name.is_empty() && !all.contains(&name) {
            all.push(name);
        }
    }
    (!all.is_empty()).then_some(all)
}

/// An index without a readable name goes by the images that it is made of.
fn sources(publish: &Publish<'_>) -> Option<Vec<Named>> {
    let Act::Command(_, _, words) = publish.doer.act else { return None };
    let images: Vec<String> = words
        .iter()
        .skip(publish.hit.after)
        .filter_map(|w| w.as_str().split("@sha256:").next().filter(|head| head.len() < w.as_str().len()))
        .map(last_word)
        .filter(|image| image.contains('/') && !image.starts_with("${{"))
        .map(image_name)
        .collect();
    let name = images.first()?.clone();
    Some(vec![Named { name: name.clone(), places: vec![name], package: None }])
}

/// What stands behind the last separator of a piece of script.
fn last_word(text: &str) -> &str {
    behind_last(text, &['<', '(', ' ', '\'', '"'])
}

/// What stands behind the last of some separators that is no part of an unknown, or the text.
pub(super) fn behind_last<'t>(text: &'t str, separators: &[char]) -> &'t str {
    let mut open = 0_usize;
    let at = text.char_indices().rev().find(|(at, c)| {
        let tail = text.get(*at..).unwrap_or_default();
        open += usize::from(tail.starts_with("}}"));
        open -= usize::from(open > 0 && tail.starts_with("${{"));
        open == 0 && separators.contains(c)
    });
    at.and_then(|(at, c)| text.get(at + c.len_utf8()..)).unwrap_or(text)
}

/// Images behind the outputs of the metadata action: its `images` input. Each leg of a matrix has an action of its own.
fn resolved(flow: &Flow, job: usize, value: &Text, depth: usize) -> Vec<Text> {
    let metadata = value.symbols().find_map(|symbol| {
        let (_, step) = step_of_leg(flow, job, symbol)?;
        match &step.body {
            StepBody::Action(action) if action.name.ends_with("/metadata-action") => {
                action.input("images").map(|i| i.value.clone())
            }
            _ => None,
        }
    });
    // What an action is given and hands on.
    let handed = value.symbol().and_then(|symbol| {
        let (_, step) = step_of_leg(flow, job, symbol)?;
        let StepBody::Action(action) = &step.body else { return None };
        let passes = Catalogue::get().passes.iter().find(|passes| passes.actions.contains(&action.name))?;
        let input = passes.outputs.get(symbol.rsplit_once(".outputs.")?.1)?;
        Some(action.input(input)?.value.clone())
    });
    if let Some(handed) = handed.filter(|_| depth < 4) {
        return resolved(flow, job, &handed, depth + 1);
    }
    // What a script leaves as an output, whichever of its branches wrote it.
    let written = value.symbol().and_then(|symbol| {
        let (_, step) = step_of_leg(flow, job, symbol)?;
        let StepBody::Script(script) = &step.body else { return None };
        let name = symbol.rsplit_once(".outputs.")?.1;
        let writes = script.outputs.iter().filter(|w| w.name == name);
        let all: Vec<&Text> = writes
            .flat_map(|w| match w.choices.is_empty() {
                true => vec![&w.value],
                false => w.choices.iter().map(|(_, text)| text).collect(),
            })
            .collect();
        (!all.is_empty() && all.iter().all(|text| !text.as_str().starts_with("${{"))).then_some(all)
    });
    match metadata {
        None if written.is_some() && depth < 4 => {
            written.into_iter().flatten().flat_map(|text| resolved(flow, job, text, depth + 1)).collect()
        }
        Some(images) if depth < 4 => images
            .items(&[','])
            .into_iter()
            .map(|i| match i.as_str().strip_prefix("name=") {
                Some(name) => Text::from(name.split(',').next().unwrap_or(name)),
                None => i,
            })
            .flat_map(|i| resolved(flow, job, &i, depth + 1))
            .collect(),
        _ => value.items(&[',', ' ']),
    }
}

/// The names of the images in a list of references.
pub(super) fn image_names(references: &Text) -> impl Iterator<Item = String> + use<> {
    references.items(&[',', ' ']).into_iter().map(|reference| image_name(reference.as_str()))
}

/// An image reference without tag and digest, lower case, with its registry.
pub(super) fn image_name(reference: &str) -> String {
    let text = reference.trim().trim_matches(['"', '\'']);
    let text = ["docker://", "oci://", "https://", "name="].iter().fold(text, |t, p| t.strip_prefix(p).unwrap_or(t));
    let digest = text.contains('@').then(|| ["@sha256:", "@${{"].iter().filter_map(|mark| text.find(mark)).min());
    let text = digest.flatten().and_then(|at| text.get(..at)).unwrap_or(text);
    let text = match tag_mark(text) {
        Some(at) => text.get(..at).unwrap_or(text),
        None => text,
    };
    let text = text.trim_end_matches('/');
    // What no reference can hold is a scrap of a command, and what begins otherwise the target of a build tool.
    let scrap = |c: char| !c.is_alphanumeric() && !matches!(c, '.' | '_' | '-' | '/' | ':' | '@' | '+' | '{' | '}');
    let known = opening(text).is_none();
    let mut fixed = text.split("${{").map(|p| p.split("}}").last().unwrap_or(p));
    let mut scraps = || if known { text.contains(scrap) } else { fixed.any(|p| p.contains(scrap)) };
    if text.is_empty() || text.starts_with(['/', '+', '.']) || scraps() {
        return String::new();
    }
    let lower = if known { text.to_ascii_lowercase() } else { text.to_owned() };
    let hub = ["index.docker.io/", "registry-1.docker.io/", "registry.hub.docker.com/"];
    let lower = match hub.iter().find_map(|host| lower.strip_prefix(host)) {
        Some(rest) => format!("docker.io/{rest}"),
        None => lower,
    };
    let registry = lower.split('/').next().unwrap_or_default();
    let named = registry.contains(['.', ':', '$']) || registry == "localhost";
    if named && lower.contains('/') || lower.starts_with("${{") { lower } else { format!("docker.io/{lower}") }
}

/// Where the tag of a reference begins: at the last colon after the last slash that is no part of an unknown.
fn tag_mark(text: &str) -> Option<usize> {
    if !text.contains("${{") {
        let name = text.rfind('/').map_or(0, |slash| slash + 1);
        return text.get(name..)?.rfind(':').map(|at| name + at);
    }
    let bytes = text.as_bytes();
    let mut depth = 0;
    let mut colon = None;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        match byte {
            b'$' if rest.starts_with(b"${{") => {
                depth += 1;
                at += 2;
            }
            b'}' if rest.starts_with(b"}}") => {
                depth -= 1;
                at += 1;
            }
            b'/' if depth == 0 => colon = None,
            b':' if depth == 0 => colon = Some(at),
            _ => {}
        }
        at += 1;
    }
    colon
}

#[cfg(test)]
mod tests {
    use super::{image_name, last_word};

    #[test]
    fn an_unknown_part_of_an_image_stays_whole() {
        assert_eq!(
            last_word("${{ shell(printf 'ghcr.io/${{ github.actor }}/widget"),
            "ghcr.io/${{ github.actor }}/widget"
        );
        assert_eq!(last_word("a <ghcr.io/acme/widget"), "ghcr.io/acme/widget");
    }

    #[test]
    fn an_image_is_named_without_tag_and_digest() {
        assert_eq!(image_name("ghcr.io/Acme/Widget:v1"), "ghcr.io/acme/widget");
        assert_eq!(image_name("acme/widget:latest"), "docker.io/acme/widget");
        assert_eq!(image_name("localhost:5000/widget"), "localhost:5000/widget");
        assert_eq!(image_name("ghcr.io/acme/widget@sha256:abc"), "ghcr.io/acme/widget");
        assert_eq!(image_name("ghcr.io/acme/widget:${{ github.ref_name }}"), "ghcr.io/acme/widget");
        assert_eq!(image_name("&|')"), "");
        assert_eq!([image_name("//images:push"), image_name("+image")], ["", ""]);
        assert_eq!(image_name("registry-1.docker.io/acme/widget"), "docker.io/acme/widget");
        assert_eq!(image_name("${{ env.REGISTRY }}/widget:1"), "${{ env.REGISTRY }}/widget");
        assert_eq!(image_name("ghcr.io/acme/widget@${{ jobs.b.steps.p.outputs.digest }}"), "ghcr.io/acme/widget");
    }
}
