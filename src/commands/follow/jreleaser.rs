//! JReleaser: its configuration names the files of the release, and channels that no command line shows.
//!
//! Each becomes an implied command (`jreleaser:maven FOLDER`). What points to bytes published elsewhere (Homebrew,
//! SDKMAN, winget, ...) becomes none. Source: <https://jreleaser.org/guide/latest/reference/index.html>

use super::{Call, Entered, Implied, settings};
use crate::model::{Location, Text};
use crate::syntax::conf::Value;
use crate::syntax::pattern;

const CONFIGS: &[&str] = &["jreleaser.yml", "jreleaser.yaml", "jreleaser.toml", "jreleaser.json"];
/// Build files that may hold the configuration instead.
const BUILD_FILES: &[&str] = &["build.gradle", "build.gradle.kts", "pom.xml"];
/// What is deployed where nothing names it.
const STAGED: &str = "a staging repository";
const UPLOADS: &[&str] = &["artifactory", "ftp", "forgejo", "gitea", "gitlab", "http", "s3", "scp", "sftp"];

/// What a command of the tool does.
#[derive(Clone, Copy)]
struct Does {
    deploys: bool,
    uploads: bool,
    releases: bool,
    publishes: bool,
}

impl Does {
    fn of(command: &str) -> Option<Does> {
        let does = |deploys, uploads, releases, publishes| Some(Does { deploys, uploads, releases, publishes });
        match command {
            "full-release" | "jreleaserFullRelease" => does(true, true, true, true),
            "release" | "jreleaserRelease" => does(true, true, true, false),
            "deploy" | "jreleaserDeploy" => does(true, false, false, false),
            "upload" | "jreleaserUpload" => does(false, true, false, false),
            "publish" | "jreleaserPublish" => does(false, false, false, true),
            _ => None,
        }
    }
}

pub(super) fn enter(call: &Call<'_>) -> Option<Entered> {
    let words = || call.arguments().iter().map(Text::as_str);
    let program = call.program;
    let (does, by_build_tool) = match program {
        "jreleaser" => (words().find_map(Does::of)?, false),
        "gradle" | "gradlew" => {
            let task = |w: &'_ str| Does::of(w.rsplit(':').next().filter(|t| t.starts_with("jreleaser"))?);
            (words().find_map(task)?, true)
        }
        "mvn" | "mvnw" | "mvnd" => {
            let goal = |w: &'_ str| {
                let plugin = w.starts_with("jreleaser:") || w.contains("jreleaser-maven-plugin");
                Does::of(w.rsplit(':').next().filter(|_| plugin)?)
            };
            (words().find_map(goal)?, true)
        }
        _ => return None,
    };
    let dry = |w: &str| {
        let w = w.to_ascii_lowercase().replace(['.', '-'], "");
        ["dryrun", "y", "dryrun=true", "djreleaserdryrun", "djreleaserdryrun=true"].contains(&w.as_str())
    };
    if words().any(|w| w.starts_with('-') && dry(w))
        || call.variable("JRELEASER_DRY_RUN").is_some_and(|v| v.as_str() == "true")
    {
        return None;
    }
    let mut entered = Entered { what: format!("{program} with JReleaser"), ..Entered::default() };
    let named = call.flag(&["-c", "--config-file"]);
    let folder = call.flag(&["-b", "--basedir"]).unwrap_or_default();
    let path = match named {
        Some(file) => Some(call.path(file)),
        None => CONFIGS.iter().map(|f| call.path(&format!("{folder}/{f}"))).find(|p| call.checkout.is_there(p)),
    };
    let Some(path) = path.filter(|_| !by_build_tool || named.is_some()) else {
        unconfigured(call, does, by_build_tool, &mut entered);
        return Some(entered);
    };
    match settings(call, &path) {
        Ok(root) => channels(call, &root, does, &mut entered),
        Err(why) => {
            unconfigured(call, does, false, &mut entered);
            entered.implied.push(super::further_channels("JReleaser"));
            entered.unread = Some(why);
        }
    }
    Some(entered)
}

fn implied(program: &str, rest: Vec<Text>, location: Option<Location>) -> Implied {
    Implied { words: std::iter::once(Text::from(program)).chain(rest).collect(), location }
}

/// What is published where the configuration is a part of the build, or missing.
fn unconfigured(call: &Call<'_>, does: Does, by_build_tool: bool, entered: &mut Entered) {
    if does.releases || does.uploads || does.publishes {
        entered.implied.push(implied("jreleaser:release", Vec::new(), None));
    }
    // A build file that configures a deployment names its kind; of a bare `deploy` nothing else is left to deploy.
    let deploys = |file: &&str| {
        let text = call.checkout.glance(&call.path(file)).unwrap_or_default();
        pattern::search(r"(?i)jreleaser", &text)
            && pattern::search(r"(?s)(deploy\s*\{\s*maven|<deploy>\s*<maven>)", &text)
            && pattern::search(r"(?i)(mavenCentral|nexus2|nexus3|artifactory|github|gitlab|gitea)", &text)
    };
    if does.deploys && (!does.releases || by_build_tool && BUILD_FILES.iter().any(deploys)) {
        entered.implied.push(implied("jreleaser:maven", vec![Text::from(STAGED)], None));
    }
}

/// Whether something runs in a release: only where it says so.
fn active(value: &Value, otherwise: bool) -> bool {
    match value.get("active").and_then(Value::shown) {
        Some(when) => !when.eq_ignore_ascii_case("never"),
        None => otherwise,
    }
}

fn channels(call: &Call<'_>, root: &Value, does: Does, entered: &mut Entered) {
    if does.deploys
        && let Some(maven) = root.path(&["deploy", "maven"]).filter(|m| active(m, true))
    {
        for kind in maven.entries().iter().filter(|e| e.value.is_map() && e.key != "pomchecker") {
            for deployer in kind.value.entries().iter().filter(|e| active(&e.value, active(&kind.value, false))) {
                let folders = deployer.value.get("stagingRepositories").map(Value::items).unwrap_or_default();
                let all = |folder: &str| templated(call, &format!("{}/**", folder.trim_end_matches('/')));
                let mut folders: Vec<Text> = folders.iter().filter_map(Value::shown).map(all).collect();
                if folders.is_empty() {
                    folders.push(Text::from(STAGED));
                }
                entered.implied.push(implied("jreleaser:maven", folders, Some(deployer.at.clone())));
            }
        }
    }
    if does.uploads
        && let Some(upload) = root.get("upload").filter(|u| active(u, true))
    {
        for kind in upload.entries().iter().filter(|e| UPLOADS.contains(&e.key.as_str())) {
            for uploader in kind.value.entries().iter().filter(|e| active(&e.value, active(&kind.value, false))) {
                let name = uploader.value.get("bucket").and_then(Value::shown).unwrap_or(&uploader.key);
                let program = if kind.key == "s3" { "jreleaser:s3" } else { "jreleaser:upload" };
                entered.implied.push(implied(program, vec![templated(call, name)], Some(uploader.at.clone())));
            }
        }
    }
    if does.releases {
        release(call, root, entered);
    }
    if does.publishes {
        images(call, root, entered);
    }
}

/// The release of the forge with its files.
fn release(call: &Call<'_>, root: &Value, entered: &mut Entered) {
    let service = root.get("release").map(Value::entries).unwrap_or_default().iter().find(|e| e.value.is_map());
    let says = |key: &str| service.and_then(|s| s.value.get(key)).and_then(Value::shown).unwrap_or_default();
    let off = says("enabled") == "false"
        || says("skipRelease") == "true"
        || says("uploadAssets").eq_ignore_ascii_case("never")
        || says("artifacts") == "false" && says("files") == "false";
    if off {
        return;
    }
    let assembles = root.get("assemble").is_some_and(|a| !a.entries().is_empty());
    let mut files = Vec::new();
    let mut place = None;
    let mut take = |value: &Value, at: &Location, key: &str| {
        for artifact in value.get("artifacts").map(Value::items).unwrap_or_default() {
            if active(artifact, true) && artifact.get("path").is_some() {
                place.get_or_insert_with(|| at.clone());
                files.extend(artifact.get(key).and_then(Value::shown).map(|f| templated(call, f)));
            }
        }
        for glob in value.get("globs").map(Value::items).unwrap_or_default() {
            place.get_or_insert_with(|| at.clone());
            files.extend(glob.get("pattern").and_then(Value::shown).map(|f| templated(call, f)));
        }
    };
    if says("artifacts") != "false" {
        let all = root.get("distributions").map(Value::entries).unwrap_or_default();
        all.iter().filter(|d| active(&d.value, true)).for_each(|d| take(&d.value, &d.at, "path"));
    }
    if says("files") != "false"
        && let Some(own) = root.entry("files").filter(|f| active(&f.value, true))
    {
        take(&own.value, &own.at, "path");
    }
    if assembles {
        // It makes the files itself, in a folder of its own.
        entered.implied.push(implied("jreleaser:release", Vec::new(), place.or_else(|| service.map(|s| s.at.clone()))));
    } else if !files.is_empty() {
        entered.implied.push(implied("jreleaser:release-of", files, place));
    }
}

/// Images that the packager for Docker builds and pushes.
fn images(call: &Call<'_>, root: &Value, entered: &mut Entered) {
    let general = root.path(&["packagers", "docker"]);
    let distributions = root.get("distributions").map(Value::entries).unwrap_or_default();
    for distribution in distributions.iter().filter(|d| active(&d.value, true)) {
        let own = distribution.value.get("docker");
        if !own.or(general).is_some_and(|d| active(d, general.is_some_and(|g| active(g, false)))) {
            continue;
        }
        let specs = own.and_then(|d| d.get("specs")).map(Value::entries).unwrap_or_default();
        let sources: Vec<(&str, &Value)> = match (specs.is_empty(), own.or(general)) {
            (true, Some(one)) => vec![("", one)],
            _ => specs.iter().filter(|s| active(&s.value, true)).map(|s| (s.key.as_str(), &s.value)).collect(),
        };
        for (spec, source) in sources {
            let list = source.get("imageNames").or_else(|| general?.get("imageNames"));
            let names = list.map(Value::items).unwrap_or_default().iter().filter_map(Value::shown);
            let mut names: Vec<Text> = names
                .map(|n| {
                    templated(
                        call,
                        &n.replace("{{dockerSpecName}}", spec).replace("{{distributionName}}", &distribution.key),
                    )
                })
                .collect();
            if names.is_empty() {
                let owner = call.checkout.slug().and_then(|s| s.split('/').next()).unwrap_or_default();
                names.push(Text::new(format!("{owner}/{}", distribution.key)));
            }
            entered.implied.push(implied("jreleaser:docker", names, Some(distribution.at.clone())));
        }
    }
}

/// `{{projectName}}` and the rest are unknown here; `{{Env.NAME}}` is the step's variable.
fn templated(call: &Call<'_>, text: &str) -> Text {
    let mut out = String::new();
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once("{{") {
        let Some((name, after)) = tail.split_once("}}") else { break };
        out.push_str(head);
        let name = name.trim_matches(['{', '}', '#', '/', ' ']);
        match name.strip_prefix("Env.").and_then(|n| call.variable(n)) {
            Some(value) => out.push_str(value.as_str()),
            None => out.push_str(Text::unknown(&format!("jreleaser.{name}")).as_str()),
        }
        rest = after.trim_start_matches('}');
    }
    out.push_str(rest);
    Text::new(out)
}
