//! Which version of a package a lock file names.

use super::naming::join;
use super::npmrc::line_location;
use crate::checkout::Checkout;
use crate::model::Location;

/// How a lock file names the version of a package.
struct Lock {
    file: &'static str,
    /// What the line holds behind which it stands, with `{}` for the package.
    heads: &'static [&'static str],
    /// Whether that is how the line begins, and not the whole of it.
    begins: bool,
    /// What stands in front of the version in one of the next lines, or in the same one.
    value: &'static str,
}

/// Lines behind the one that names the package, which may hold its version.
const MOST_LINES: usize = 3;

/// Sources: <https://docs.npmjs.com/cli/configuring-npm/package-lock-json>, <https://classic.yarnpkg.com/docs/yarn-lock>,
/// <https://github.com/pnpm/spec/blob/master/lockfile/9.0.md>, <https://bun.com/docs/pm/lockfile>
const LOCKS: &[Lock] = &[
    Lock { file: "package-lock.json", heads: &["\"node_modules/{}\": {"], begins: false, value: "\"version\": \"" },
    Lock { file: "npm-shrinkwrap.json", heads: &["\"node_modules/{}\": {"], begins: false, value: "\"version\": \"" },
    Lock { file: "yarn.lock", heads: &["{}@", "\"{}@"], begins: true, value: "version" },
    Lock { file: "pnpm-lock.yaml", heads: &["{}:", "'{}':"], begins: false, value: "version:" },
    Lock { file: "bun.lock", heads: &["\"{}\": [\"{}@"], begins: true, value: "" },
];

/// What lock files show of a package.
pub(super) enum Locked {
    /// This version, at this place.
    At(String, Location),
    /// There is one that cannot be read here.
    Hidden,
    /// Nothing.
    Nothing,
}

/// The version of a package that a lock file in a folder names.
pub(super) fn version(checkout: &Checkout, folder: &str, package: &str) -> Locked {
    for lock in LOCKS {
        let path = join(folder, lock.file);
        if !checkout.is_there(&path) {
            continue;
        }
        let Ok(text) = checkout.glance(&path) else { return Locked::Hidden };
        checkout.spend(1 + text.len() / 64);
        if let Some((version, location)) = find(lock, &path, &text, package) {
            return Locked::At(version, location);
        }
    }
    if checkout.is_there(&join(folder, "bun.lockb")) { Locked::Hidden } else { Locked::Nothing }
}

fn find(lock: &Lock, path: &str, text: &str, package: &str) -> Option<(String, Location)> {
    let heads: Vec<String> = lock.heads.iter().map(|head| head.replace("{}", package)).collect();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let own = line.trim();
        let head = heads.iter().find(|head| if lock.begins { own.starts_with(&***head) } else { own == **head });
        let Some(head) = head else { continue };
        if lock.value.is_empty() {
            let version = own.strip_prefix(&**head)?.split('"').next()?;
            return Some((version.to_owned(), line_location(path, number, line)));
        }
        for (number, line) in lines.by_ref().take(MOST_LINES) {
            let Some(value) = line.trim().strip_prefix(lock.value) else { continue };
            let value = value.trim_start_matches(':').trim().trim_matches(['"', '\'', ',']);
            let version = value.split(['(', '"', ' ']).next().unwrap_or(value);
            return Some((version.to_owned(), line_location(path, number, line)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_lock_file_names_a_version() {
        let cases = [
            (
                "package-lock.json",
                "{\n  \"packages\": {\n    \"node_modules/lerna\": {\n      \"version\": \"8.1.9\",\n",
            ),
            ("yarn.lock", "lerna@^8.0.0:\n  version \"8.1.9\"\n"),
            ("yarn.lock", "\"lerna@npm:^8.0.0\":\n  version: 8.1.9\n"),
            (
                "pnpm-lock.yaml",
                "importers:\n  .:\n    devDependencies:\n      lerna:\n        specifier: '>=8'\n        version: 8.1.9(encoding@0.1)\n",
            ),
            ("bun.lock", "{\n  \"packages\": {\n    \"lerna\": [\"lerna@8.1.9\", \"\", {}],\n"),
        ];
        for (file, text) in cases {
            let checkout = Checkout::in_memory([(file.to_owned(), text.as_bytes().to_vec())], None);
            let found = version(&checkout, "", "lerna");
            assert!(matches!(&found, Locked::At(version, _) if version == "8.1.9"), "{file}");
            assert!(matches!(version(&checkout, "", "lern"), Locked::Nothing), "{file}");
        }
    }
}
