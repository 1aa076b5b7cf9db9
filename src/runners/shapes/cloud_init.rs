//! Cloud-init: the user data of a machine that other files define.

use crate::commands::Shell;
use crate::model::{Location, RunnerPool};
use crate::runners::File;
use crate::runners::facts::container::quoted;
use crate::runners::facts::script::{self, Source};
use crate::runners::recognise::{is_incidental, refuse};
use crate::runners::verdict::machine;
use crate::syntax::yaml::{Node, parse};

const CLOUD: &str = "runner-cloud-init";

/// User data of a machine.
pub(super) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    // A multi-part file holds more than YAML; what follows the marker is enough.
    let start = file.text.find("#cloud-config").unwrap_or(0);
    let text = file.text.get(start..).unwrap_or_default();
    let skipped = u32::try_from(file.text.get(..start).unwrap_or_default().matches('\n').count()).unwrap_or(0);
    let documents = match parse(text) {
        Ok(documents) => documents,
        Err(error) => {
            // A file that promises YAML has been told of already, and a template promises nothing.
            let promises = file.path.ends_with(".yaml") || file.path.ends_with(".yml");
            if !promises && !is_template(file) && !is_incidental(file.path) {
                let at = Some((error.line + skipped, error.column));
                refuse(file.checkout, file.path, at, format!("not valid YAML: {}", error.message));
            }
            return Vec::new();
        }
    };
    let Some(document) = documents.first() else { return Vec::new() };
    let root = document.root();
    let place = |node: Node<'_>| {
        let mut at = file.at(node);
        at.line += skipped;
        at.end_line += skipped;
        at
    };
    let mut script = String::new();
    let mut lines: Vec<Location> = Vec::new();
    let mut push = |text: &str, at: &Location, block: bool| {
        for (number, line) in text.lines().enumerate() {
            script.push_str(line);
            script.push('\n');
            let shift = if block { u32::try_from(number + 1).unwrap_or(0) } else { 0 };
            let line = at.line + shift;
            lines.push(Location { line, end_line: line, ..at.clone() });
        }
    };
    let written: Vec<(&str, &str, Location, bool)> = root
        .get("write_files")
        .into_iter()
        .flat_map(|w| w.items())
        .filter_map(|f| {
            let content = f.get("content")?;
            let block = matches!(content.style(), Some(crate::syntax::yaml::Style::Literal));
            Some((f.get("path")?.as_str()?, content.as_str()?, place(content), block))
        })
        .collect();
    for list in ["bootcmd", "runcmd"] {
        for item in root.get(list).into_iter().flat_map(|l| l.items()) {
            let line = match item.as_str() {
                Some(line) => line.to_owned(),
                None => item.items().filter_map(|w| w.as_str()).map(quoted).collect::<Vec<_>>().join(" "),
            };
            let block = matches!(item.style(), Some(crate::syntax::yaml::Style::Literal));
            match written.iter().find(|(path, ..)| line.split_whitespace().any(|w| w == *path)) {
                Some((_, content, at, inner)) => push(content, at, *inner),
                None => push(&line, &place(item), block),
            }
        }
    }
    let start = place(root);
    let locate = |from: usize, _: usize| {
        let line = script.get(..from).unwrap_or_default().matches('\n').count();
        lines.get(line).cloned().unwrap_or_else(|| start.clone())
    };
    let read = script::read_script(&Source { text: &script, shell: Shell::Posix, locate: &locate, rule: CLOUD });
    let name = file.path.rsplit('/').next().unwrap_or(file.path);
    read.map(|install| machine::pools(file, &install, CLOUD, name)).unwrap_or_default()
}

/// Whether the text is not YAML before something fills it in.
fn is_template(file: &File<'_>) -> bool {
    let ends = [".tpl", ".tftpl", ".j2", ".gotmpl"].iter().any(|end| file.path.ends_with(end));
    ends || file.text.contains("{{") || file.text.contains("%{")
}
