//! Targets of build tools that stand for a publication under a name of their own: `bazel run //:ship` where that pushes an
//! image, and `gradle ship` where that needs `publish`.
//! Source: <https://github.com/bazel-contrib/rules_oci/blob/main/docs/push.md>,
//! <https://docs.gradle.org/current/userguide/controlling_task_execution.html#sec:adding_dependencies_to_tasks>

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::{Call, Entered, Implied, join};
use crate::catalogue::Does;
use crate::commands::matching::{self, positional};
use crate::model::Text;
use crate::syntax::conf::Lines;

/// Files that are larger than this are not searched.
const LARGEST: usize = 256 * 1024;
/// Bytes of one rule, or of one task.
const LONGEST: usize = 4 * 1024;
/// Tasks that one task needs.
const MOST_NEEDED: usize = 50;

/// A rule that pushes; an attribute; a task; what it needs; the name of a task.
static PARTS: LazyLock<Option<[Regex; 5]>> = LazyLock::new(|| {
    Some([
        Regex::new(r"(?m)^\w*push\w*\(").ok()?,
        Regex::new(r#"\b(name|registry|repository)\s*=\s*"([^"\n]*)""#).ok()?,
        Regex::new(r#"(?m)^[ \t]*(?:tasks\.(?:register|create|named)(?:<\w+>)?\s*\(\s*["']([\w-]+)["']|task\s*\(?\s*["']?([\w-]+)|(?:val\s+)?(\w+)\s+by\s+tasks\.)"#).ok()?,
        Regex::new(r"\b(?:dependsOn|finalizedBy)\b([^\n]*)").ok()?,
        Regex::new(r#"["']([\w:.-]+)["']|\btasks\.(\w+)|^\s*\(?\s*(\w+)\s*[,)]?"#).ok()?,
    ])
});

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    match call.program {
        "bazel" | "bazelisk" | "aspect" => bazel(call),
        "gradle" | "gradlew" => gradle(call),
        _ => None,
    }
}

fn bazel(call: &Call<'_>) -> Option<Entered> {
    let (tool, behind) = matching::tool(Does::Code, call.words)?;
    let target = positional(call.words, behind, &tool.value_flags).into_iter().next()?;
    let label = target.literal().filter(|label| !label.starts_with('@'))?;
    let (package, name) = label.split_once(':').unwrap_or((label, label.rsplit('/').next()?));
    let folder = package.strip_prefix("//").map_or_else(|| call.path(package), str::to_owned);
    let path = ["BUILD.bazel", "BUILD"].map(|file| join(&folder, file));
    let path = path.into_iter().find(|path| call.checkout.is_there(path))?;
    let text = call.checkout.read(&path).ok().filter(|text| text.len() <= LARGEST)?;
    let [rules, attributes, ..] = PARTS.as_ref()?;
    let found = rules.find_iter(&text).find_map(|rule| {
        let rest = text.get(rule.start()..)?;
        let body = rest.get(..rest.find("\n)")?.min(LONGEST)).unwrap_or_default();
        let of = |key: &str| {
            let mut all = attributes.captures_iter(body);
            all.find_map(|c| Some(c.get(2)?.as_str()).filter(|_| c.get(1).is_some_and(|own| own.as_str() == key)))
        };
        (of("name") == Some(name)).then(|| {
            let parts = [of("registry"), of("repository")];
            (rule.range(), parts.into_iter().flatten().collect::<Vec<_>>().join("/"))
        })
    });
    let (range, image) = found?;
    let own: Arc<str> = Arc::from(path.as_str());
    let words = ["bazel:push", image.as_str()].into_iter().filter(|word| !word.is_empty()).map(Text::from).collect();
    let implied = vec![Implied { words, location: Some(Lines::new(&own, &text).at(&range)) }];
    Some(Entered { what: format!("bazel run {label}"), implied, ..Entered::default() })
}

fn gradle(call: &Call<'_>) -> Option<Entered> {
    let folder = call.flag(&["-p", "--project-dir"]).map_or_else(|| call.folder.to_string(), |below| call.path(below));
    let path = ["build.gradle.kts", "build.gradle"].map(|file| join(&folder, file));
    let path = path.into_iter().find(|path| call.checkout.is_there(path))?;
    let text = call.checkout.glance(&path).ok().filter(|text| text.len() <= LARGEST)?;
    call.checkout.spend(text.len() / 16);
    let [_, _, tasks, needs, names] = PARTS.as_ref()?;
    let asked = |name: &str| call.arguments().iter().any(|word| word.as_str().trim_start_matches(':') == name);
    let options = || call.arguments().iter().filter(|word| word.as_str().starts_with('-')).cloned();
    let own: Arc<str> = Arc::from(path.as_str());
    let mut implied = Vec::new();
    for task in tasks.captures_iter(&text) {
        let whole = task.get(0)?;
        let name = task.iter().skip(1).flatten().next()?.as_str();
        if !asked(name) {
            continue;
        }
        let rest = text.get(whole.start()..).unwrap_or_default();
        let body = rest.get(..rest.find("\n}").unwrap_or(rest.len()).min(LONGEST)).unwrap_or_default();
        let lists = needs.captures_iter(body).filter_map(|c| c.get(1));
        let needed =
            lists.flat_map(|list| names.captures_iter(list.as_str())).filter_map(|c| c.iter().skip(1).flatten().next());
        let needed = needed.map(|m| m.as_str()).filter(|need| *need != name && !asked(need));
        let needed: Vec<Text> = needed.take(MOST_NEEDED).map(Text::from).collect();
        if let (Some(program), false) = (call.words.first(), needed.is_empty()) {
            let words = std::iter::once(program.clone()).chain(needed).chain(options()).collect();
            implied.push(Implied { words, location: Some(Lines::new(&own, &text).at(&whole.range())) });
        }
    }
    (!implied.is_empty()).then(|| Entered { what: format!("tasks of {path}"), implied, ..Entered::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn implied(path: &str, text: &str, command: &str) -> Vec<String> {
        let entered = super::super::entered(enter, &[(path, text)], &[], command).unwrap_or_default();
        let line = |i: &Implied| {
            let words: Vec<&str> = i.words.iter().map(Text::as_str).collect();
            format!("{} {}", i.location.as_ref().map_or(0, |l| l.line), words.join(" "))
        };
        entered.implied.iter().map(line).collect()
    }

    #[test]
    fn a_target_pushes_by_its_rule() {
        let file = "oci_image(\n    name = \"img\",\n)\n\noci_push(\n    name = \"ship\",\n    image = \":img\",\n    repository = \"ghcr.io/acme/x\",\n)\n";
        assert_eq!(implied("ci/BUILD.bazel", file, "bazel run //ci:ship"), ["5 bazel:push ghcr.io/acme/x"]);
        assert!(implied("ci/BUILD.bazel", file, "bazel run //ci:img").is_empty());
        assert!(implied("ci/BUILD", file, "bazel build //ci:ship").is_empty());
    }

    #[test]
    fn a_task_runs_what_it_needs() {
        let kotlin = "tasks.register(\"ship\") {\n    group = \"x\"\n    dependsOn(\"publish\", tasks.jib)\n}\nval up by tasks.registering {\n    dependsOn(\":lib:publish\")\n}\n";
        assert_eq!(implied("build.gradle.kts", kotlin, "./gradlew ship --info"), ["1 ./gradlew publish jib --info"]);
        assert_eq!(implied("build.gradle.kts", kotlin, "gradle up"), ["5 gradle :lib:publish"]);
        assert!(implied("build.gradle.kts", kotlin, "gradle build").is_empty());
        let groovy = "task ship {\n    dependsOn publish, 'jib'\n}\n";
        assert_eq!(implied("build.gradle", groovy, "gradle ship"), ["1 gradle publish jib"]);
    }
}
