//! GoReleaser: its configuration names channels that no command line shows.
//!
//! Each channel that hands out bytes becomes an implied command (`goreleaser:dockers IMAGE`), which the catalogue of
//! sinks knows. Pointers to bytes published elsewhere (Homebrew, Scoop, winget, AUR, Nix) become none.
//! Source: <https://goreleaser.com/customization/>

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Call, Entered, Implied, Piece, Replaced, further_channels};
use crate::model::{Location, Text, Unread};
use crate::syntax::yaml::Node;

/// Names under which the tool looks for its configuration, in its order.
const CONFIGS: &[&str] = &[
    ".config/goreleaser.yml",
    ".config/goreleaser.yaml",
    ".goreleaser.yml",
    ".goreleaser.yaml",
    "goreleaser.yml",
    "goreleaser.yaml",
];

pub(super) fn enter(call: &Call<'_>, replaced: &Replaced) -> Option<Entered> {
    if !matches!(call.program, "goreleaser" | "goreleaser-pro") {
        return None;
    }
    let words: Vec<&str> = call.arguments().iter().map(Text::as_str).collect();
    // What the run computes may be a release as well as a check.
    let computed = call.arguments().first().filter(|w| w.symbol().is_some());
    if computed.is_none() && !words.iter().any(|w| matches!(*w, "release" | "continue" | "publish")) {
        return None;
    }
    let skipped: Vec<&str> = words
        .iter()
        .enumerate()
        .filter_map(|(at, w)| match w.split_once('=') {
            Some(("--skip", list)) => Some(list),
            None if *w == "--skip" => words.get(at + 1).copied(),
            _ => None,
        })
        .flat_map(|list| list.split(','))
        .collect();
    // A split or prepared release is published by a later `continue --merge` or `publish --merge`.
    let nothing = words.iter().any(|w| {
        let bare = w.strip_suffix("=true").unwrap_or(w);
        matches!(bare, "--snapshot" | "--skip-publish" | "--split" | "--prepare")
    });
    if nothing || skipped.contains(&"publish") {
        return None;
    }
    let mut entered = Entered { what: "goreleaser release".to_owned(), ..Entered::default() };
    let unread = "the run computes with which arguments GoReleaser publishes";
    entered.unread = computed.map(|_| Unread::Refused(unread.to_owned()));
    let named = call.flag(&["-f", "--config"]);
    let asked = match named {
        Some(file) => Some(call.path(file)),
        None => CONFIGS.iter().map(|f| call.path(f)).find(|p| call.checkout.is_there(p)),
    };
    let whole_release = Implied { words: words_of("goreleaser:release", &[]), location: None };
    let Some(asked) = asked else {
        // Without a configuration the tool makes a release with its defaults.
        entered.implied.push(whole_release);
        return Some(entered);
    };
    let read = match replaced.source(call.checkout, &asked) {
        Some(path) => match call.checkout.read(path) {
            Ok(text) => Ok((path.to_owned(), text)),
            Err(error) => Err(format!("{path}: {error}")),
        },
        None if call.checkout.is_there(&asked) => Err(format!("the job writes over the configuration `{asked}`")),
        None => Err(format!("the configuration `{}` is not in the checkout", named.unwrap_or(&asked))),
    };
    let (path, text) = match read {
        Ok(read) => read,
        Err(why) => {
            entered.implied.extend([whole_release, further_channels("GoReleaser")]);
            entered.unread = Some(Unread::Refused(why));
            return Some(entered);
        }
    };
    let documents = match call.yaml(&path, &text) {
        Ok(documents) => documents,
        Err(error) => {
            entered.implied.push(whole_release);
            entered.unread = Some(error);
            return Some(entered);
        }
    };
    let Some(root) = documents.first().map(|d| d.root()) else {
        entered.implied.push(whole_release);
        return Some(entered);
    };
    let named = root.get("project_name").or_else(|| root.get("release")?.get("github")?.get("name"));
    let remote = || call.checkout.slug()?.split('/').nth(1).map(str::to_owned);
    let project = named.and_then(|n| n.as_str()).map(str::to_owned).or_else(remote);
    let reader = Reader { path: Arc::from(path.as_str()), project, skipped, call };
    let nightly = words.contains(&"--nightly")
        && root.get("nightly").and_then(|n| n.get("publish_release")?.as_str()) == Some("false");
    let disabled = nightly || root.get("release").and_then(|r| r.get("disable")).is_some_and(|n| reader.on(n));
    if !disabled {
        let made = endings(root).into_iter().flat_map(|e| [MAKES.to_owned(), e]);
        let made: Vec<String> = made.chain(reader.lists(root)).collect();
        entered.implied.push(Implied { words: words_of("goreleaser:release", &made), ..whole_release });
        reader.extra_files(root, &mut entered.implied);
    }
    reader.channels(root, &mut entered.implied);
    reader.included(root, &mut entered.implied);
    for stage in ["before", "after"].into_iter().filter(|stage| !reader.skipped.contains(stage)) {
        reader.hooks(root.get(stage), &mut entered.pieces);
    }
    one_stream(&mut entered.implied);
    Some(entered)
}

/// The option under which the implied command of a release says how the names of its files end.
const MAKES: &str = "--makes";
/// The same for the file that lists the digests of all of them, or nothing where there is no such file.
const LISTS: &str = "--lists";
/// Where the tool puts what it makes, and how it calls the list of digests.
const MADE_IN: &str = "dist";
const LIST: &str = "{{ .ProjectName }}_{{ .Version }}_checksums.txt";

/// How the names of the files end that go into the release: archives and packages. Bare binaries have no ending.
fn endings(root: Node<'_>) -> BTreeSet<String> {
    let list = |key: &str| root.get(key).map(|n| n.items().collect::<Vec<_>>()).unwrap_or_default();
    let formats = |entry: Node<'_>| {
        let all = strings(entry.get("formats")).into_iter().chain(strings(entry.get("format")));
        all.map(|(format, _)| format).collect::<Vec<_>>()
    };
    let mut found = BTreeSet::new();
    let archives = list("archives");
    if archives.is_empty() {
        found.insert("tar.gz".to_owned());
    }
    for archive in archives {
        let own = formats(archive);
        let default = if own.is_empty() { vec!["tar.gz".to_owned()] } else { own };
        let overrides = archive.get("format_overrides").map(|n| n.items().flat_map(formats).collect::<Vec<_>>());
        found.extend(default.into_iter().chain(overrides.unwrap_or_default()));
    }
    for package in list("nfpms") {
        // Beside those of its own name, `archlinux` has the ending of the format.
        found.extend(formats(package).into_iter().map(|f| if f == "archlinux" { "pkg.tar.zst".to_owned() } else { f }));
    }
    for (key, ending) in
        [("msi", "msi"), ("dmg", "dmg"), ("nsis", "exe"), ("makeselfs", "run"), ("appimages", "AppImage")]
    {
        if !list(key).is_empty() {
            found.insert(ending.to_owned());
        }
    }
    found.retain(|format| !matches!(format.as_str(), "binary" | "none") && !format.contains("{{"));
    found
}

fn words_of(program: &str, rest: &[String]) -> Vec<Text> {
    std::iter::once(Text::from(program)).chain(rest.iter().map(|r| Text::from(r.as_str()))).collect()
}

/// A string or a list of strings, each with its node.
fn strings<'a>(node: Option<Node<'a>>) -> Vec<(String, Node<'a>)> {
    let Some(node) = node else { return Vec::new() };
    match node.as_str() {
        Some(one) => vec![(one.to_owned(), node)],
        None => node.items().filter_map(|n| Some((n.as_str()?.to_owned(), n))).collect(),
    }
}

/// Whether a switch is on; a template may be, so it counts as off only where that adds a channel.
fn on(node: Node<'_>) -> bool {
    node.as_str().is_some_and(|s| s == "true")
}

/// What a template comes to that does nothing but compare a variable with a literal:
/// `{{ if eq .Env.NAME "x" }}true{{ else }}false{{ end }}`.
fn decided(text: &str, variable: impl Fn(&str) -> Option<Text>) -> Option<&str> {
    let action = |word: &'_ str| word.trim_matches('-').trim().to_owned();
    let (test, rest) = text.trim().strip_prefix("{{")?.split_once("}}")?;
    let (yes, rest) = rest.split_once("{{")?;
    let (next, rest) = rest.split_once("}}")?;
    let (no, end, behind) = match action(next).as_str() {
        "else" => {
            let (no, rest) = rest.split_once("{{")?;
            let (end, behind) = rest.split_once("}}")?;
            (no, action(end), behind)
        }
        _ => ("", action(next), rest),
    };
    let test = action(test);
    let words: Vec<&str> = test.split_whitespace().collect();
    let ["if", operator @ ("eq" | "ne"), name, literal] = words.as_slice() else { return None };
    let literal = literal.strip_prefix('"')?.strip_suffix('"')?;
    let value = variable(name.strip_prefix(".Env.")?)?;
    let same = value.literal()? == literal;
    (end == "end" && behind.is_empty()).then_some(if same == (*operator == "eq") { yes.trim() } else { no.trim() })
}

struct Reader<'a> {
    path: Arc<str>,
    /// What the tool calls the project.
    project: Option<String>,
    call: &'a Call<'a>,
    skipped: Vec<&'a str>,
}

impl Reader<'_> {
    /// Whether a switch is on, by a template that compares a variable as well.
    fn on(&self, node: Node<'_>) -> bool {
        on(node) || node.as_str().and_then(|text| decided(text, |name| self.call.variable(name))) == Some("true")
    }

    /// A text with what is known of its templates.
    fn plain(&self, text: &str) -> String {
        untemplated(text, self.call, self.project.as_deref().filter(|p| !p.contains("{{")))
    }

    fn at(&self, node: Node<'_>) -> Location {
        Location::new(&self.path, node.span())
    }

    /// The list of digests. What another file adds to the configuration may name it.
    fn lists(&self, root: Node<'_>) -> Vec<String> {
        if root.get("includes").is_some() {
            return Vec::new();
        }
        let checksum = |key: &str| root.get("checksum").and_then(|c| c.get(key));
        let listed: BTreeSet<String> = strings(checksum("ids")).into_iter().map(|(id, _)| id).collect();
        let id = |entry: Node<'_>| entry.get("id").and_then(|n| n.as_str()).unwrap_or("default").to_owned();
        let all = ["archives", "nfpms"].into_iter().filter_map(|key| root.get(key)).flat_map(|list| list.items());
        let whole = listed.is_empty() || all.map(id).all(|id| listed.contains(&id));
        let none = ["disable", "split"].into_iter().any(|key| checksum(key).is_some_and(on)) || !whole;
        let name = checksum("name_template").and_then(|n| n.as_str()).unwrap_or(LIST);
        // Its parts may depend on something.
        let name = if name.contains("{{ if") || name.contains("{{if") || name.contains("{{- if") { "*" } else { name };
        let folder = root.get("dist").and_then(|n| n.as_str()).unwrap_or(MADE_IN);
        let path = || self.call.path(&format!("{folder}/{}", self.plain(name)));
        vec![LISTS.to_owned(), if none { String::new() } else { path() }]
    }

    /// Files that go into the release besides what the tool makes and lists.
    fn extra_files(&self, root: Node<'_>, implied: &mut Vec<Implied>) {
        let globs = |key: &str| {
            let files = root.get(key).and_then(|n| n.get("extra_files"));
            files.into_iter().flat_map(|n| n.items()).filter_map(|n| n.get("glob")).collect::<Vec<_>>()
        };
        let listed: Vec<&str> = globs("checksum").into_iter().filter_map(|n| n.as_str()).collect();
        for (node, glob) in globs("release").into_iter().filter_map(|n| Some((n, n.as_str()?))) {
            if !listed.contains(&glob) {
                let words = words_of("goreleaser:extra-files", &[self.plain(glob)]);
                implied.push(Implied { words, location: Some(self.at(node)) });
            }
        }
    }

    /// The channels of other files that are read as parts of the configuration.
    /// Source: <https://goreleaser.com/customization/general/includes/>
    fn included(&self, root: Node<'_>, implied: &mut Vec<Implied>) {
        let mut unread = false;
        for include in root.get("includes").into_iter().flat_map(|n| n.items()) {
            let named = include.get("from_file").and_then(|file| file.get("path")?.as_str());
            let path = named.map(|file| self.call.path(file)).filter(|path| self.call.checkout.is_there(path));
            let text = path.and_then(|path| Some((self.call.checkout.read(&path).ok()?, path)));
            let read = text.and_then(|(text, path)| Some((self.call.yaml(&path, &text).ok()?, path)));
            let Some((documents, path)) = read else {
                unread = true;
                continue;
            };
            let Some(part) = documents.first().map(|d| d.root()) else { continue };
            unread |= part.get("includes").is_some();
            let reader = Reader {
                path: Arc::from(path.as_str()),
                project: self.project.clone(),
                skipped: self.skipped.clone(),
                call: self.call,
            };
            reader.channels(part, implied);
        }
        implied.extend(unread.then(|| further_channels("GoReleaser")));
    }

    /// Commands that run before everything or after it.
    fn hooks(&self, stage: Option<Node<'_>>, pieces: &mut Vec<Piece>) {
        for hook in stage.and_then(|s| s.get("hooks")).into_iter().flat_map(|hooks| hooks.items()) {
            let Some((node, text)) = hook.get("cmd").or(Some(hook)).and_then(|n| Some((n, n.as_str()?))) else {
                continue;
            };
            let folder = hook
                .get("dir")
                .and_then(|d| d.as_str())
                .map_or_else(|| self.call.folder.clone(), |dir| Text::new(super::join(self.call.folder.as_str(), dir)));
            pieces.push(Piece {
                margins: (0, 0),
                text: self.plain(text),
                shell: "sh".to_owned(),
                path: Arc::clone(&self.path),
                line: node.at(0).line,
                env: Vec::new(),
                folder,
                positional: Vec::new(),
            });
        }
    }

    fn channels(&self, root: Node<'_>, implied: &mut Vec<Implied>) {
        let list = |key: &str| root.get(key).map(|n| n.items().collect::<Vec<_>>()).unwrap_or_default();
        let off = |node: Node<'_>| {
            ["skip_push", "disable", "skip", "skip_upload"].iter().any(|k| node.get(k).is_some_and(|n| self.on(n)))
        };
        let docker = !self.skipped.contains(&"docker");
        for entry in list("dockers").into_iter().filter(|e| docker && !off(*e)) {
            self.images(&strings(entry.get("image_templates")), "goreleaser:dockers", implied);
        }
        for entry in list("dockers_v2").into_iter().filter(|e| docker && !off(*e)) {
            let flags: Vec<String> = strings(entry.get("flags")).into_iter().map(|(f, _)| f).collect();
            let quiet =
                flags.iter().any(|f| f == "--provenance=false" || f == "--attest=false" || f.contains("disabled=true"));
            let program = if quiet { "goreleaser:dockers-v2-without-provenance" } else { "goreleaser:dockers-v2" };
            self.images(&strings(entry.get("images")), program, implied);
        }
        let manifests = docker && !self.skipped.contains(&"manifests");
        for entry in list("docker_manifests").into_iter().filter(|e| manifests && !off(*e)) {
            self.images(&strings(entry.get("name_template")), "goreleaser:docker-manifests", implied);
        }
        for entry in list("kos").into_iter().filter(|e| !self.skipped.contains(&"ko") && !off(*e)) {
            let mut names = strings(entry.get("repositories"));
            names.extend(strings(entry.get("repository")));
            if names.is_empty() {
                names.push(("ko-image".to_owned(), entry));
            }
            self.images(&names, "goreleaser:kos", implied);
        }
        let single =
            |key: &str, program: &str, name: &dyn Fn(Node<'_>) -> Option<String>, implied: &mut Vec<Implied>| {
                for entry in list(key).into_iter().filter(|e| !off(*e)) {
                    let words = words_of(program, &name(entry).into_iter().collect::<Vec<_>>());
                    implied.push(Implied { words, location: Some(self.at(entry)) });
                }
            };
        let field = |key: &'static str| move |e: Node<'_>| e.get(key).and_then(|n| n.as_str()).map(|s| self.plain(s));
        if !self.skipped.contains(&"snapcraft") {
            for entry in list("snapcrafts").into_iter().filter(|e| !off(*e)) {
                if let Some(publish) = entry.get("publish").filter(|p| self.on(*p)) {
                    let name: Vec<String> = field("name")(entry).into_iter().collect();
                    implied.push(Implied {
                        words: words_of("goreleaser:snapcrafts", &name),
                        location: Some(self.at(publish)),
                    });
                }
            }
        }
        single("npms", "goreleaser:npms", &field("name"), implied);
        single("blobs", "goreleaser:blobs", &field("bucket"), implied);
        single("uploads", "goreleaser:uploads", &field("name"), implied);
        single("artifactories", "goreleaser:uploads", &field("name"), implied);
        single("publishers", "goreleaser:publishers", &field("name"), implied);
        single("gemfury", "goreleaser:fury", &field("account"), implied);
        single("furies", "goreleaser:fury", &field("account"), implied);
        single("cloudsmiths", "goreleaser:uploads", &field("repository"), implied);
        single("dockerdigest", "goreleaser:none", &field("name"), implied);
    }

    /// One command for all images of an entry: the same bytes under several names.
    fn images(&self, names: &[(String, Node<'_>)], program: &str, implied: &mut Vec<Implied>) {
        let Some((_, first)) = names.first() else { return };
        let names: Vec<String> = names.iter().map(|(n, _)| self.plain(n)).collect();
        implied.push(Implied { words: words_of(program, &names), location: Some(self.at(*first)) });
    }
}

/// Names images of one repository path on several registries, and indexes over them, by the first of them: they are one
/// stream.
fn one_stream(implied: &mut [Implied]) {
    let image = |word: &Text| {
        let text = word.as_str();
        let name = text.split('@').next().unwrap_or(text);
        let path = name.rsplit('/').next().unwrap_or(name);
        let end = path.find(':').map_or(name.len(), |at| name.len() - path.len() + at);
        name.get(..end).unwrap_or(name).to_owned()
    };
    let path = |name: &str| match name.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => rest.to_owned(),
        _ => name.to_owned(),
    };
    let mut groups: Vec<(Text, BTreeSet<String>)> = Vec::new();
    for command in implied.iter_mut() {
        let program = command.words.first().map_or("", Text::as_str);
        if !program.starts_with("goreleaser:docker") {
            continue;
        }
        let own: Vec<Text> = command.words.iter().skip(1).cloned().collect();
        let paths: BTreeSet<String> = own.iter().map(|w| path(&image(w))).collect();
        let Some(first) = own.first() else { continue };
        match groups.iter_mut().find(|(_, known)| known.is_superset(&paths) || paths.is_superset(known)) {
            Some((named, known)) => {
                known.extend(paths);
                if !own.contains(named) {
                    command.words.insert(1, named.clone());
                } else if named != first {
                    command.words.retain(|w| w != named);
                    command.words.insert(1, named.clone());
                }
            }
            None => groups.push((first.clone(), paths)),
        }
    }
}

/// `{{ .Env.NAME }}` is the step's variable; `{{ .Tag }}` and the rest are unknown here.
fn untemplated(text: &str, call: &Call<'_>, project: Option<&str>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let (head, tail) = rest.split_at(at);
        let Some(end) = tail.find("}}") else { break };
        out.push_str(head);
        let inner: String =
            tail.get(2..end).unwrap_or_default().trim().trim_matches('-').trim().replace(['{', '}'], "");
        let variable = inner.strip_prefix(".Env.").and_then(|name| call.variable(name.trim()));
        rest = tail.get(end + 2..).unwrap_or_default();
        if let Some(value) = variable.as_ref().map(Text::as_str).or(project.filter(|_| inner == ".ProjectName")) {
            out.push_str(value);
            continue;
        }
        out.push_str(&format!(
            "${{{{ goreleaser{} }}}}",
            if inner.starts_with('.') { inner } else { format!(".{inner}") }
        ));
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::Checkout;

    /// The implied commands, without what a release says of its list of digests.
    fn implied(config: &str, command: &str) -> Vec<String> {
        let checkout = Checkout::in_memory([(".goreleaser.yml".to_owned(), config.as_bytes().to_vec())], None);
        let words: Vec<Text> = command.split(' ').map(Text::from).collect();
        let call = Call::bare(&checkout, &words);
        let Some(entered) = enter(&call, &Replaced::default()) else { return Vec::new() };
        entered
            .implied
            .iter()
            .map(|i| {
                let words: Vec<&str> = i.words.iter().map(Text::as_str).take_while(|w| *w != LISTS).collect();
                format!("{} {}", i.location.as_ref().map_or(0, |l| l.line), words.join(" "))
            })
            .collect()
    }

    #[test]
    fn every_channel_that_hands_out_bytes_is_implied() {
        let config = "dockers:\n  - image_templates:\n      - ghcr.io/acme/widget:{{ .Tag }}\n      - acme/widget:latest\n  - image_templates: [x/y]\n    skip_push: true\nsnapcrafts:\n  - name: widget\n    publish: true\n  - name: local\nbrews:\n  - name: widget\n";
        assert_eq!(
            implied(config, "goreleaser release --clean"),
            [
                "0 goreleaser:release --makes tar.gz",
                "3 goreleaser:dockers ghcr.io/acme/widget:${{ goreleaser.Tag }} acme/widget:latest",
                "9 goreleaser:snapcrafts widget"
            ]
        );
    }

    #[test]
    fn a_release_says_how_its_files_end() {
        let config = "archives:\n  - formats: [tar.xz]\n    format_overrides:\n      - goos: windows\n        formats: [zip]\n  - format: binary\nnfpms:\n  - formats: [deb, archlinux]\n";
        assert_eq!(
            implied(config, "goreleaser release"),
            ["0 goreleaser:release --makes deb --makes pkg.tar.zst --makes tar.xz --makes zip"]
        );
    }

    #[test]
    fn a_split_release_is_published_when_it_is_merged() {
        let config = "dockers:\n  - image_templates: [acme/widget]\n";
        assert!(implied(config, "goreleaser release --clean --split").is_empty());
        assert!(implied(config, "goreleaser release --prepare").is_empty());
        assert_eq!(implied(config, "goreleaser continue --merge").len(), 2);
        assert_eq!(implied(config, "goreleaser publish --merge").len(), 2);
    }

    #[test]
    fn one_image_on_two_registries_is_one_stream() {
        let config = "dockers:\n  - image_templates: [\"ghcr.io/acme/widget:v1-amd64\"]\n  - image_templates: [\"acme/widget:v1-amd64\"]\n  - image_templates: [\"acme/other:v1\"]\ndocker_manifests:\n  - name_template: acme/widget:v1\n";
        assert_eq!(
            implied(config, "goreleaser release"),
            [
                "0 goreleaser:release --makes tar.gz",
                "2 goreleaser:dockers ghcr.io/acme/widget:v1-amd64",
                "3 goreleaser:dockers ghcr.io/acme/widget:v1-amd64 acme/widget:v1-amd64",
                "4 goreleaser:dockers acme/other:v1",
                "6 goreleaser:docker-manifests ghcr.io/acme/widget:v1-amd64 acme/widget:v1"
            ]
        );
    }

    #[test]
    fn a_comparison_with_a_literal_is_decided() {
        let decided = |text: &str| decided(text, |name| (name == "X").then(|| Text::from("a"))).map(str::to_owned);
        assert_eq!(decided(r#"{{ if eq .Env.X "a" }}true{{ end }}"#).as_deref(), Some("true"));
        assert_eq!(decided(r#"{{- if ne .Env.X "a" -}}true{{- else -}}no{{- end }}"#).as_deref(), Some("no"));
        assert_eq!(decided(r#"{{ if ne .Env.X "a" }}true{{ end }}"#).as_deref(), Some(""));
        assert_eq!(decided(r#"{{ if eq .Env.Y "a" }}true{{ end }}"#), None);
        assert_eq!(decided(r#"{{ if eq .Env.X "a" }}true{{ end }}{{ .Tag }}"#), None);
        assert_eq!(decided("{{ .Env.X }}"), None);
    }

    #[test]
    fn what_is_skipped_or_disabled_is_not() {
        let config = "release:\n  disable: true\ndockers:\n  - image_templates: [acme/widget]\n";
        assert_eq!(implied(config, "goreleaser release"), ["4 goreleaser:dockers acme/widget"]);
        assert!(implied(config, "goreleaser release --skip=docker").is_empty());
        assert!(implied(config, "goreleaser release --snapshot").is_empty());
        assert!(implied(config, "goreleaser build").is_empty());
    }
}
