//! semantic-release: its plugins publish what no command line shows.
//!
//! Each plugin that hands out bytes becomes the command that it stands for (`npm publish`); files of a forge release
//! become `semantic-release:github FILES`. Source: <https://semantic-release.gitbook.io/semantic-release/usage/plugins>

use std::sync::Arc;

use super::{Call, Entered, Implied, Piece, join};
use crate::commands::workspace::Package;
use crate::model::{Location, Text, Unread};
use crate::syntax::yaml::{self, Node};

/// Where the configuration may stand; `package.json` comes first.
const CONFIGS: &[&str] = &[
    ".releaserc",
    ".releaserc.json",
    ".releaserc.yaml",
    ".releaserc.yml",
    ".releaserc.js",
    ".releaserc.cjs",
    ".releaserc.mjs",
    "release.config.js",
    "release.config.cjs",
    "release.config.mjs",
    "release.config.ts",
];
/// Subcommands of the Python tool of the same name.
const PYTHON: &[&str] = &["version", "publish", "changelog", "generate-config", "print-version"];
/// Options of a plugin that hold shell commands of a release.
const COMMANDS: &[&str] = &["verifyReleaseCmd", "prepareCmd", "addChannelCmd", "publishCmd", "successCmd"];

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    if call.name != Some("semantic-release") {
        return None;
    }
    let words = call.arguments();
    if rehearses(words) || words.iter().any(|w| PYTHON.contains(&w.as_str())) {
        return None;
    }
    let mut reader = Reader {
        call,
        path: Arc::from(""),
        before: 0,
        entered: Entered { what: "semantic-release".to_owned(), ..Entered::default() },
    };
    if let Some(plugins) = call.flag(&["-p", "--plugins"]) {
        for name in plugins.split(',') {
            reader.plugin(name.trim(), None, None);
        }
        return Some(reader.entered);
    }
    reader.configured();
    Some(reader.entered)
}

/// Whether options say that nothing is published. A truth value may follow the option, and one that is not known may be
/// `false`.
fn rehearses(words: &[Text]) -> bool {
    words.iter().enumerate().any(|(at, word)| match word.as_str() {
        "--dry-run" | "-d" => words.get(at + 1).is_none_or(|next| next.is_literal() && next.as_str() != "false"),
        other => matches!(other, "--dry-run=true" | "--noop" | "--version" | "--help"),
    })
}

struct Reader<'a> {
    call: &'a Call<'a>,
    path: Arc<str>,
    /// Lines in front of the options that are read.
    before: u32,
    entered: Entered,
}

impl Reader<'_> {
    fn configured(&mut self) {
        let manifest = self.call.path("package.json");
        if let Ok(text) = self.call.checkout.read(&manifest)
            && let Ok(documents) = self.call.yaml(&manifest, &text)
            && let Some(release) = documents.first().and_then(|d| d.root().get("release"))
        {
            self.path = Arc::from(manifest.as_str());
            self.options(release);
            return;
        }
        let found = CONFIGS.iter().map(|f| self.call.path(f)).find(|p| self.call.checkout.is_there(p));
        let Some(path) = found else {
            if let Some(extended) = self.call.flag(&["-e", "--extends"]) {
                self.entered.unread =
                    Some(Unread::Refused(format!("the configuration `{extended}` is not in the checkout")));
                self.entered.implied.push(super::further_channels("semantic-release"));
            }
            self.defaults();
            return;
        };
        self.path = Arc::from(path.as_str());
        let text = match self.call.checkout.read(&path) {
            Ok(text) => text,
            Err(error) => {
                self.entered.unread = Some(Unread::Refused(format!("{path}: {error}")));
                self.entered.implied.push(super::further_channels("semantic-release"));
                self.defaults();
                return;
            }
        };
        if [".js", ".cjs", ".mjs", ".ts"].iter().any(|e| path.ends_with(e)) {
            self.program(&text);
            return;
        }
        match self.call.yaml(&path, &text) {
            Ok(documents) => match documents.first() {
                Some(document) => self.options(document.root()),
                None => self.defaults(),
            },
            Err(error) => {
                self.entered.unread = Some(error);
                self.defaults();
            }
        }
    }

    /// The plugins that run when none are listed; the one for the forge uploads no files by itself.
    fn defaults(&mut self) {
        self.plugin("@semantic-release/npm", None, None);
    }

    fn options(&mut self, options: Node<'_>) {
        if options.get("dryRun").and_then(|d| d.as_str()) == Some("true") {
            return;
        }
        let Some(plugins) = options.get("plugins") else {
            if let Some(extended) = options.get("extends") {
                let name = extended.as_str().unwrap_or("a list");
                self.entered.unread =
                    Some(Unread::Refused(format!("the shared configuration `{name}` is not in the checkout")));
            }
            self.defaults();
            return;
        };
        // One plugin need not stand in a list.
        for plugin in std::iter::once(plugins).filter(|one| one.as_str().is_some()).chain(plugins.items()) {
            let node = plugin.items().next().unwrap_or(plugin);
            let Some(name) = node.as_str() else { continue };
            let location = Location::new(&self.path, node.span());
            self.plugin(name, plugin.items().nth(1), Some(location));
        }
    }

    fn imply(&mut self, words: &[&str], location: Option<Location>) {
        self.entered.implied.push(Implied { words: words.iter().map(|w| templated(w)).collect(), location });
    }

    fn plugin(&mut self, name: &str, options: Option<Node<'_>>, location: Option<Location>) {
        let option = |key: &str| options.and_then(|o| o.get(key));
        let text = |key: &str| option(key).and_then(|n| n.as_str());
        match name {
            "@semantic-release/npm" => {
                let root = text("pkgRoot").unwrap_or(".");
                if text("npmPublish") != Some("false") && !self.private(root) {
                    self.imply(&["npm", "publish", root], location);
                }
            }
            "@semantic-release/github" | "@semantic-release/gitlab" | "@saithodev/semantic-release-gitea" => {
                let mut files: Vec<&str> = Vec::new();
                if let Some(assets) = option("assets") {
                    files.extend(assets.as_str());
                    for asset in assets.items() {
                        let path = asset.get("path").unwrap_or(asset);
                        files.extend(path.as_str());
                        files.extend(path.items().filter_map(|p| p.as_str()));
                    }
                }
                files.retain(|f| !f.starts_with('!'));
                if !files.is_empty() {
                    files.insert(0, "semantic-release:github");
                    self.imply(&files, location);
                }
            }
            "@semantic-release/exec" => {
                let folder = join(self.call.folder.as_str(), text("execCwd").unwrap_or("."));
                for key in COMMANDS {
                    let Some(command) = option(key) else { continue };
                    if let Some(text) = command.as_str() {
                        self.shell(text, command.at(0).line, &folder);
                    }
                }
            }
            _ if name.contains("docker") => {
                let image = text("name").or_else(|| text("dockerImage")).or_else(|| text("baseImageName"));
                let off = ["dockerPublish", "publish", "skipPush"]
                    .iter()
                    .any(|k| text(k) == Some(if *k == "skipPush" { "true" } else { "false" }));
                if !off {
                    let image = image.map(|image| {
                        let parts = [text("dockerRegistry").or_else(|| text("registry")), text("dockerProject")];
                        parts.into_iter().flatten().chain([image]).collect::<Vec<_>>().join("/")
                    });
                    self.imply(&["docker", "push", image.as_deref().unwrap_or("image")], location);
                }
            }
            "semantic-release-vsce" => self.imply(&["vsce", "publish"], location),
            "semantic-release-pypi" => self.imply(&["twine", "upload", "dist/*"], location),
            _ if name.contains("cargo") => self.imply(&["cargo", "publish"], location),
            _ if name.contains("rubygem") => self.imply(&["gem", "push"], location),
            _ if name.contains("helm") => self.imply(&["helm", "push"], location),
            _ => {}
        }
    }

    fn shell(&mut self, text: &str, line: u32, folder: &str) {
        self.entered.pieces.push(Piece {
            margins: (0, 0),
            text: templated(text).as_str().to_owned(),
            shell: "sh".to_owned(),
            path: Arc::clone(&self.path),
            line: self.before + line,
            env: Vec::new(),
            folder: Text::new(folder),
            positional: Vec::new(),
        });
    }

    fn private(&self, root: &str) -> bool {
        let manifest = join(&self.call.path(root), "package.json");
        Package::glance(self.call.checkout, &manifest).is_some_and(|p| p.private)
    }

    /// A configuration that is a program: the literal names of plugins, each with the literal options up to the next.
    fn program(&mut self, text: &str) {
        let mut found: Vec<(usize, &str)> = Vec::new();
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            let code = line.trim_start();
            if !(code.starts_with("//") || code.starts_with('*') || code.starts_with("/*")) {
                for quote in ['"', '\'', '`'] {
                    for part in line.split(quote).skip(1).step_by(2) {
                        if part.contains("semantic-release") && !part.contains(' ') {
                            let at = part.as_ptr() as usize - line.as_ptr() as usize;
                            found.push((offset + at, part));
                        }
                    }
                }
            }
            offset += line.len();
        }
        found.sort_unstable();
        if found.is_empty() {
            if text.contains("plugins") || text.contains("extends") {
                self.entered.unread = Some(Unread::Refused(format!("the plugins in {} are computed", self.path)));
            }
            self.defaults();
            return;
        }
        for (at, (start, name)) in found.iter().enumerate() {
            let end = found.get(at + 1).map_or(text.len(), |(next, _)| *next);
            let body = text.get(start + name.len()..end).unwrap_or_default();
            // Keys without quotes, and quotes of either kind, are no JSON; as flow YAML they are read.
            let options = body.find('{').and_then(|open| {
                let close = closing(body.get(open..)?)?;
                Some((open, body.get(open..open + close)?.to_owned()))
            });
            let line = text.get(..*start).map_or(1, |t| t.matches('\n').count() + 1);
            let line = u32::try_from(line).unwrap_or(u32::MAX);
            let position = crate::model::Position { line, column: 1, byte: 0 };
            let location = Location::new(&self.path, crate::model::Span { start: position, end: position });
            match options {
                Some((open, flow)) => {
                    let lines = body.get(..open).map_or(0, |b| b.matches('\n').count());
                    self.before = (line - 1).saturating_add(u32::try_from(lines).unwrap_or_default());
                    let flow = flow.replace('`', "\"");
                    match yaml::parse(&flow) {
                        Ok(documents) => {
                            self.plugin(name, documents.first().map(|d| d.root()), Some(location));
                        }
                        Err(_) => {
                            self.entered.unread =
                                Some(Unread::Refused(format!("the options of `{name}` are computed")));
                            self.plugin(name, None, Some(location));
                        }
                    }
                }
                None => self.plugin(name, None, Some(location)),
            }
        }
    }
}

/// Where the bracket that opens a text closes.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// `${nextRelease.version}` and `<%= ... %>` are unknown here.
fn templated(text: &str) -> Text {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        let Some(end) = tail.find('}') else { break };
        let inner = tail.get(2..end).unwrap_or_default().replace(['{', '}', '$'], "");
        out.push_str(&format!("${{{{ semantic-release.{} }}}}", inner.trim()));
        rest = tail.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    Text::new(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::Checkout;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let files = files.iter().map(|(p, t)| ((*p).to_owned(), t.as_bytes().to_vec()));
        let checkout = Checkout::in_memory(files, None);
        let words = [Text::from("semantic-release@24")];
        let call = Call::bare(&checkout, &words);
        let Some(entered) = enter(&call) else { return Vec::new() };
        let implied = entered.implied.iter().map(|i| {
            let words: Vec<&str> = i.words.iter().map(Text::as_str).collect();
            format!("{} {}", i.location.as_ref().map_or(0, |l| l.line), words.join(" "))
        });
        let pieces = entered.pieces.iter().map(|p| format!("{} {}", p.line, p.text));
        implied.chain(pieces).chain(entered.unread.map(|why| why.to_string())).collect()
    }

    #[test]
    fn plugins_stand_for_their_commands() {
        let config = "{\n  \"plugins\": [\n    \"@semantic-release/npm\",\n    [\"@semantic-release/github\", {\"assets\": [\"dist/*.zip\", {\"path\": \"w.tgz\"}]}],\n    [\"@semantic-release/exec\", {\n      \"publishCmd\": \"docker push acme/widget:${nextRelease.version}\"\n    }]\n  ]\n}\n";
        assert_eq!(
            found(&[(".releaserc", config)]),
            [
                "3 npm publish .",
                "4 semantic-release:github dist/*.zip w.tgz",
                "6 docker push acme/widget:${{ semantic-release.nextRelease.version }}"
            ]
        );
    }

    #[test]
    fn what_is_not_published_is_not_implied() {
        assert_eq!(found(&[]), ["0 npm publish ."]);
        assert!(found(&[("package.json", "{\"private\": true}")]).is_empty());
        assert!(found(&[(".releaserc.yml", "plugins:\n  - '@semantic-release/github'\n")]).is_empty());
        assert!(
            found(&[(".releaserc.yml", "plugins:\n  - ['@semantic-release/npm', {npmPublish: false}]\n")]).is_empty()
        );
        assert_eq!(
            found(&[(".releaserc.yml", "extends: '@acme/release'\n")]),
            ["0 npm publish .", "the shared configuration `@acme/release` is not in the checkout"]
        );
    }

    #[test]
    fn one_plugin_need_not_stand_in_a_list() {
        assert_eq!(found(&[(".releaserc.yml", "plugins: '@semantic-release/npm'\n")]), ["1 npm publish ."]);
        assert!(found(&[(".releaserc.yml", "plugins: '@semantic-release/git'\n")]).is_empty());
    }

    #[test]
    fn literal_names_in_a_program_count() {
        let config = "module.exports = {\n  plugins: [\n    // '@semantic-release/npm',\n    ['@semantic-release/exec', {\n      prepareCmd: 'make dist',\n    }],\n    ['@semantic-release/github', { assets: ['dist/*.zip'] }],\n  ],\n};\n";
        assert_eq!(found(&[("release.config.js", config)]), ["7 semantic-release:github dist/*.zip", "5 make dist"]);
    }
}
