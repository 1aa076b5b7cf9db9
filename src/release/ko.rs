//! The images that ko makes of Go programs. Source: <https://ko.build/configuration/#naming-images>

use super::facts::Publish;
use super::naming::{behind_last, image_name, join};
use super::npmrc::ancestors;
use crate::checkout::Checkout;
use crate::commands::matching::{flag, positional};
use crate::model::Text;

/// Programs and files that one command names.
const MOST: usize = 50;
/// What the reference to a program begins with in a manifest.
const REFERENCE: &str = "ko://";
/// What ko appends to the name of a program: the hash of its import path.
const HASH: &str = "${{ ko.hash }}";

/// The images that a command pushes: one for each program, below the repository that is set. None where that is not
/// set, or what is pushed is not shown.
pub(super) fn images(checkout: &Checkout, publish: &Publish<'_>) -> Vec<String> {
    let Some(repository) = publish.doer.env("KO_DOCKER_REPO").filter(|repository| !repository.is_empty()) else {
        return Vec::new();
    };
    let repository = repository.as_str().trim_end_matches('/');
    let on = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        flag(publish.words(), &names).iter().any(|given| given.value().and_then(Text::literal) != Some("false"))
    };
    if on(&["--bare"]) {
        return vec![image_name(repository)];
    }
    let mut images: Vec<String> = Vec::new();
    for program in programs(checkout, publish).into_iter().take(MOST) {
        let base = behind_last(&program, &['/']);
        let image = if on(&["-B", "--base-import-paths"]) {
            format!("{repository}/{base}")
        } else if on(&["-P", "--preserve-import-paths"]) {
            format!("{repository}/{program}")
        } else {
            format!("{repository}/{base}-{HASH}")
        };
        let image = image_name(&image);
        if !image.is_empty() && !images.contains(&image) {
            images.push(image);
        }
    }
    images
}

/// The import paths of the programs that a command builds: those it names, or those that its manifests refer to.
fn programs(checkout: &Checkout, publish: &Publish<'_>) -> Vec<String> {
    let folder = publish.doer.folder();
    let words = publish.words();
    if ["build", "publish"].iter().any(|verb| publish.says(verb)) {
        let mut named = positional(words, publish.hit.after, &publish.sink.value_flags);
        if named.is_empty() {
            named.push(Text::from("."));
        }
        return named.iter().map(|path| import_path(checkout, folder.as_str(), path.as_str())).collect();
    }
    let files = flag(words, &["-f".to_owned(), "--filename".to_owned()]);
    let files: Vec<&Text> = files.iter().filter_map(|given| given.value()).collect();
    if files.iter().any(|file| !file.is_literal()) {
        return Vec::new();
    }
    let mut found: Vec<String> = Vec::new();
    for path in files.iter().flat_map(|file| file.as_str().split(',')).map(|file| join(folder.as_str(), file)) {
        let below = checkout.under(&path).filter(|path| [".yaml", ".yml", ".json"].iter().any(|e| path.ends_with(e)));
        let all =
            std::iter::once(path.as_str()).filter(|path| checkout.is_there(path)).chain(below.map(|path| &**path));
        for text in all.take(MOST).filter_map(|path| checkout.read(path).ok()) {
            let part = |c: char| c.is_ascii_alphanumeric() || "./_-~".contains(c);
            for program in text.split(REFERENCE).skip(1).filter_map(|rest| rest.split(|c| !part(c)).next()) {
                let program = import_path(checkout, folder.as_str(), program);
                if found.len() < MOST && !found.contains(&program) {
                    found.push(program);
                }
            }
        }
    }
    found
}

/// The import path of a program; a relative one is below that of its module.
fn import_path(checkout: &Checkout, folder: &str, path: &str) -> String {
    let relative = path == "." || path.starts_with("./");
    if !relative || path.contains("...") || path.contains("${{") {
        return path.replace("...", "${{ ko.programs }}");
    }
    let folder = join(folder, path);
    let module = ancestors(&folder).find_map(|above| {
        let manifest = join(above, "go.mod");
        let text = checkout.is_there(&manifest).then(|| checkout.read(&manifest).ok()).flatten()?;
        let name =
            text.lines().find_map(|line| line.trim().strip_prefix("module "))?.trim().trim_matches('"').to_owned();
        Some((name, folder.strip_prefix(above).unwrap_or(&folder).trim_start_matches('/').to_owned()))
    });
    match module {
        Some((module, below)) if below.is_empty() => module,
        Some((module, below)) => format!("{module}/{below}"),
        None if folder.is_empty() => "${{ ko.program }}".to_owned(),
        None => folder,
    }
}
