//! Package names from the manifests of the checkout.

use crate::checkout::Checkout;
use crate::model::Kind;
use crate::syntax::pattern;

/// The name that the manifest in `folder` (relative to the root) gives the package.
pub(super) fn name(checkout: &Checkout, kind: Kind, folder: &str) -> Option<String> {
    let read = |file: &str| {
        let path = if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") };
        checkout.glance(&path).ok()
    };
    let first = |file: &str, expression: &str| pattern::capture(expression, &read(file)?);
    let gradle = || {
        let project = |file: &str| first(file, r#"rootProject\.name\s*=\s*["']([^"']+)["']"#);
        project("settings.gradle").or_else(|| project("settings.gradle.kts"))
    };
    match kind {
        Kind::Npm | Kind::VscodeExtension => {
            let json: serde_json::Value = serde_json::from_str(&read("package.json")?).ok()?;
            json.get("name")?.as_str().map(str::to_owned)
        }
        Kind::Pypi => first("pyproject.toml", r#"(?m)^\s*name\s*=\s*["']([^"']+)["']"#)
            .or_else(|| first("setup.cfg", r"(?m)^\s*name\s*=\s*(\S+)"))
            .or_else(|| first("setup.py", r#"(?m)\bname\s*=\s*["']([^"']+)["']"#)),
        Kind::Crate => {
            let text = read("Cargo.toml")?;
            let package = text.split("[package]").nth(1)?;
            pattern::capture(r#"(?m)^\s*name\s*=\s*"([^"]+)""#, package.split("\n[").next()?)
        }
        Kind::HelmChart => first("Chart.yaml", r"(?m)^name:\s*(\S+)"),
        Kind::Maven => first("pom.xml", r"<artifactId>\s*([^<\s]+)\s*</artifactId>").or_else(gradle),
        // A plugin of a program, which Gradle publishes to its portal.
        Kind::Other => gradle(),
        Kind::Gem => own_file(checkout, folder, ".gemspec"),
        Kind::Nuget => own_file(checkout, folder, ".nuspec").or_else(|| own_file(checkout, folder, ".csproj")),
        Kind::Snap => first("snap/snapcraft.yaml", r"(?m)^name:\s*(\S+)")
            .or_else(|| first("snapcraft.yaml", r"(?m)^name:\s*(\S+)")),
        _ => None,
    }
}

/// The stem of the one file with this ending directly in the folder.
fn own_file(checkout: &Checkout, folder: &str, ending: &str) -> Option<String> {
    let mut found = checkout.under(folder).filter_map(|p| {
        let below = if folder.is_empty() { p } else { p.strip_prefix(folder)?.strip_prefix('/')? };
        (!below.contains('/')).then(|| below.strip_suffix(ending)).flatten().map(str::to_owned)
    });
    match (found.next(), found.next()) {
        (Some(first), None) => Some(first),
        (Some(_), Some(_)) => None,
        // Somewhere below, when there is only one.
        (None, _) => {
            let mut all =
                checkout.under(folder).filter(|p| p.ends_with(ending) && !p.to_ascii_lowercase().contains("test"));
            let only = all.next()?;
            if all.next().is_some() {
                return None;
            }
            only.strip_suffix(ending).map(|stem| stem.rsplit('/').next().unwrap_or(stem).to_owned())
        }
    }
}
