//! Steps that nobody here can read and that hold what it takes to publish: an action that the catalogue does not
//! know, or a script that cannot be followed. Leaving them out would grade a release from what happened to be readable.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{Linked, Path, Published, bytes, facts};
use crate::catalogue::{Bytes, Catalogue};
use crate::commands::matching::runs_of;
use crate::model::{Access, ActionUse, Command, Job, Kind, Location, Script, Step, StepBody, TokenScope};
use crate::syntax::{lines, pattern};

/// Names that speak of publishing.
const PUBLISHES: &str = r"(^|[^a-z])(publish|publisher|release|releaser|upload|push|deploy)(s|er|ing)?([^a-z]|$)";
/// Names that speak of making packages, which a job that may write packages does for publishing them.
const PACKS: &str = r"(^|[^a-z])(build|builder|images?|docker|containers?|oci|manifests?|multi-?arch|charts?|helm|packages?|ko|jib|buildpacks?)([^a-z]|$)";
/// Names that speak of something else, whatever else they say.
const HARMLESS: &str = r"(test|coverage|codecov|lint|check|docs?\b|pages|site|storybook|notes|draft|changelog|label|sarif|report|cache|artifact|sbom|scan|slack|discord|notify|comment|benchmark|snapshot|preview|issue|milestone|tag|version|bump|pull-request|homebrew|winget|formula|tap|aur|scoop|bcr|reddit|social|mastodon|trusted|-pr$|verify|download|install|setup|login|cleanup|clean-up|delete|prune|wait|dry|prepare|detect|should|announce|tweet|translation|i18n|sync|sentry)";

/// Names of programs that hand something out.
const HANDS_OUT: &str = r"(^|[^a-z])(publish|upload)(er|ing)?([^a-z]|$)";
/// How the files of programs end that are read only as far as they start others with literal words.
const PROGRAMS: &[&str] = &["py", "js", "mjs", "cjs", "ts", "mts", "rb"];
/// Clients whose `publish` builds or puts up a site or service.
const SITES: &str = "pkg-pr-new|dotnet|msbuild|wrangler|vercel|netlify|quarto|surge|gh-pages|firebase|func|serverless|sls|amplify|mkdocs|mike|docusaurus|php|artisan|git|gh|glab|echo|printf|mosquitto|mosquitto_pub|nats|redis-cli|aws|gcloud|az|make|just|task|mage|rake|ros2";

/// What is said where commands were left out because there were too many, or too far away.
const BOUNDS: &[&str] = &[
    "following stopped",
    " commands",
    " steps",
    "Makefiles are included",
    "make rules lead on",
    "expands to too much",
    "lead to one another",
    "nested too deeply",
    "nested deeper than",
    "longer than",
    " branches",
    " conditions on one command",
    "a loop over more than",
];

/// A stream for every step that may publish what nothing shows.
pub(super) fn streams<'p>(path: &Path<'_, 'p>) -> Vec<Linked<'p>> {
    let mut streams: Vec<Linked<'p>> = Vec::new();
    for (at, job) in path.flow.jobs.iter().enumerate() {
        if job.cond.is_never() || job.outside.is_some() {
            continue;
        }
        let Some(own) = path.facts.get(at) else { continue };
        for (index, step) in job.steps.iter().enumerate().filter(|(_, s)| !s.cond.is_never()) {
            // What a step publishes besides says nothing of what could not be read in it.
            let known = own.publishes.iter().any(|p| p.step == index);
            let found = match &step.body {
                StepBody::Action(_) if known => None,
                StepBody::Action(action) => unknown_action(job, index, step, action, own),
                StepBody::Script(script) => script
                    .unread
                    .iter()
                    .find_map(|(place, why)| {
                        // Where following stopped at a bound, anything may come behind it.
                        if BOUNDS.iter().any(|bound| why.contains(bound)) && may_publish(job) {
                            return Some(("an unread script".to_owned(), place.clone(), why.clone()));
                        }
                        // The command is known to publish, whatever it could not be asked besides.
                        let same = |p: &facts::Publish<'_>| {
                            p.step == index
                                && (p.doer.location() == place || p.doer.chain().iter().any(|h| h.location == *place))
                        };
                        if own.publishes.iter().any(same) {
                            return None;
                        }
                        // Where reading itself stopped, the text says whether it could publish.
                        if !why.starts_with("no ") && speaks_of_publishing(path, place) {
                            return Some(("an unread script".to_owned(), place.clone(), why.clone()));
                        }
                        let words = format!("{} {why} {}", step.label, place.path);
                        let line = script.commands.iter().find(|c| c.location == *place);
                        let said = line
                            .map(|c| c.words.iter().map(|w| w.as_str()).collect::<Vec<_>>().join(" "))
                            .unwrap_or_default();
                        let names = pattern::search(PUBLISHES, &said) || pattern::search(PUBLISHES, why);
                        // `Build & publish release artifacts` speaks of publishing, whatever else it names.
                        let labelled = pattern::search(PUBLISHES, &step.label);
                        let other = pattern::search(HARMLESS, &said) || !labelled && pattern::search(HARMLESS, &words);
                        (names && !other && can_publish(job, index)).then(|| (said, place.clone(), why.clone()))
                    })
                    .or_else(|| quiet_program(job, index, step, script).filter(|_| !known)),
                StepBody::Opaque { .. } if known => None,
                // A local action that is a program, or is not here.
                StepBody::Opaque { what } => own_action(job, index, step, what).filter(|_| !explained(job, step, own)),
            };
            let Some((name, location, why)) = found else { continue };
            if !streams.iter().any(|s| s.name == name) {
                streams.push(stream(path, at, name, location, why));
            }
        }
    }
    streams
}

/// A program of the checkout that is named after publishing and of which no readable line publishes, or an unknown
/// client that is told to publish.
fn quiet_program(job: &Job, index: usize, step: &Step, script: &Script) -> Option<(String, Location, String)> {
    if script.commands.is_empty() || !can_publish(job, index) {
        return None;
    }
    script
        .commands
        .iter()
        .filter(|c| !c.cond.is_never())
        .find_map(|command| {
            let words: Vec<&str> = command.words.iter().map(|w| w.as_str()).collect();
            if words.iter().any(|w| w.contains("dry-run") || w.contains("dryrun")) {
                return None;
            }
            let program = words.iter().find(|w| is_program(w))?;
            let file = program.rsplit('/').next()?;
            let stem = dashed(file.rsplit_once('.').map_or(file, |(stem, _)| stem));
            let speaks = pattern::search(HANDS_OUT, &stem) && !pattern::search(HARMLESS, &stem);
            // What it does is read as far as it starts other programs; one of those would have been found.
            let led = |c: &Command| c.chain.iter().any(|h| h.location == command.location);
            let telling =
                script.commands.iter().filter(|c| led(c)).any(|c| c.words.iter().any(|w| w.as_str() == "publish"));
            (speaks && !telling).then(|| {
                let why = format!("no line shows what `{program}` publishes");
                ((*program).to_owned(), command.location.clone(), why)
            })
        })
        .or_else(|| {
            let catalogue = Catalogue::get();
            script.commands.iter().filter(|c| !c.cond.is_never()).find_map(|command| {
                let words = command.views().next_back()?;
                let said: Vec<&str> = words.iter().map(|w| w.as_str()).collect();
                let [program, "publish", rest @ ..] = said.as_slice() else { return None };
                let doer = super::doer::Doer::Command(step, command, words);
                let mut sinks = doer.among(&catalogue.index.sinks, &catalogue.sinks);
                let mut neutral = doer.among(&catalogue.index.neutral, &catalogue.neutral);
                let known = sinks.any(|s| doer.is(&[], &s.commands).is_some())
                    || neutral.any(|n| doer.is(&[], &n.commands).is_some());
                let base = program.rsplit('/').next().unwrap_or(program);
                let other = known
                    || pattern::whole(SITES, base)
                    || !base.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
                    || rest.iter().any(|w| w.contains("dry-run"));
                (!other).then(|| {
                    let why = format!("nothing in the checkout or the catalogue says what `{base} publish` does");
                    (format!("{base} publish"), command.location.clone(), why)
                })
            })
        })
}

/// Whether a word names the file of a program.
fn is_program(word: &str) -> bool {
    let part = |b: u8| b.is_ascii_alphanumeric() || b"_./@-".contains(&b);
    let ending = word.rsplit_once('.').filter(|(name, ending)| !name.is_empty() && PROGRAMS.contains(ending));
    ending.is_some() && word.bytes().all(part)
}

/// `publishCI` as `publish-ci`.
fn dashed(name: &str) -> String {
    let mut out = String::new();
    let mut small = false;
    for c in name.chars() {
        if c.is_uppercase() && small {
            out.push('-');
        }
        small = c.is_lowercase();
        out.extend(c.to_lowercase());
    }
    out
}

/// Whether the unread lines name publishing.
fn speaks_of_publishing(path: &Path<'_, '_>, place: &Location) -> bool {
    let Ok(text) = path.checkout.glance(&place.path) else { return true };
    let count = (place.end_line.saturating_sub(place.line) as usize) + 1;
    let text = lines::from(&text, place.line.max(1)).unwrap_or_default();
    text.lines().take(count).any(|l| pattern::search(PUBLISHES, l))
}

/// An action of which nothing is known, by its name a publisher, in a job that could publish.
fn unknown_action(
    job: &Job,
    index: usize,
    step: &Step,
    action: &ActionUse,
    own: &facts::Facts<'_>,
) -> Option<(String, Location, String)> {
    let name = action.name.split_once('/').map_or(action.name.as_str(), |(_, n)| n);
    // A job that may write packages, and in which nothing readable publishes any, has its publisher among these.
    let granted = own.publishes.is_empty() && grants_packages(job);
    let publishes = (granted && pattern::search(PACKS, name) || pattern::search(PUBLISHES, name))
        && !pattern::search(HARMLESS, name);
    if !publishes || !can_publish(job, index) || is_known(step, action) || explained(job, step, own) {
        return None;
    }
    let why = format!("nothing in the checkout or the catalogue says what {} does", action.name);
    Some((action.name.clone(), action.reference.location.clone(), why))
}

/// Whether the code behind an action was read, and shows what it publishes.
fn explained(job: &Job, step: &Step, own: &facts::Facts<'_>) -> bool {
    own.publishes.iter().filter_map(|p| job.steps.get(p.step)).any(|published| {
        published.chain.len() > step.chain.len()
            && published.chain.last().is_some_and(|hop| hop.location == step.location)
            || published.location == step.location && published.chain == step.chain
    })
}

/// Whether the catalogue says what an action does.
pub(super) fn is_known(step: &Step, action: &ActionUse) -> bool {
    let catalogue = Catalogue::get();
    let doer = super::doer::Doer::Action(step, action);
    let known = doer.among(&catalogue.index.sinks, &catalogue.sinks).next().is_some()
        || doer.among(&catalogue.index.producers, &catalogue.producers).next().is_some()
        || doer.among(&catalogue.index.caches, &catalogue.caches).next().is_some()
        || doer.among(&catalogue.index.transfers, &catalogue.transfers).next().is_some()
        || doer.among(&catalogue.index.neutral, &catalogue.neutral).any(|n| doer.is(&n.actions, &[]).is_some());
    let runs = runs_of(&action.name).next().is_some();
    let owner = action.name.split('/').next().unwrap_or_default();
    known || runs || matches!(owner, "actions" | "github" | "docker:") || action.name.starts_with("docker://")
}

/// Whether nothing shows that the job cannot publish: it declares what its token may do, and that is reading, and it
/// holds no secret.
fn may_publish(job: &Job) -> bool {
    let scopes = ["contents", "packages", "id-token"];
    let reads =
        matches!(job.token, TokenScope::Declared { .. }) && scopes.iter().all(|s| job.token.access(s) != Access::Write);
    !reads || !job.secrets.is_empty()
}

/// An action of this repository that is a program, by its name a publisher, in a job that could publish.
fn own_action(job: &Job, index: usize, step: &Step, what: &str) -> Option<(String, Location, String)> {
    let name = what.split("./").nth(1).and_then(|n| n.split_whitespace().next());
    let speaks = |text: &str| pattern::search(PUBLISHES, text) && !pattern::search(HARMLESS, text);
    let publishes = speaks(what) || name.is_some_and(|n| speaks(n.rsplit('/').next().unwrap_or(n)));
    let shown = name.map_or_else(|| what.to_owned(), |n| format!("./{n}"));
    (publishes && can_publish(job, index)).then(|| (shown, step.location.clone(), what.to_owned()))
}

/// Whether the pipeline grants the job, by name, to write packages.
fn grants_packages(job: &Job) -> bool {
    matches!(&job.token, TokenScope::Declared { scopes, .. } if scopes.get("packages") == Some(&Access::Write))
}

/// Whether the step holds something with which it could publish: a write scope, or a secret of its own.
fn can_publish(job: &Job, index: usize) -> bool {
    let scopes = ["contents", "packages", "id-token"];
    let secret = job.secrets.iter().any(|s| {
        let own = s.step.is_none_or(|at| at == index);
        own && pattern::search("token|password|secret|key|pat", &s.name)
    });
    scopes.iter().any(|s| job.token.access(s) == Access::Write) || secret
}

fn stream<'p>(path: &Path<'_, 'p>, at: usize, name: String, location: Location, why: String) -> Linked<'p> {
    let builds = bytes::upstream(path.flow, path.facts, at);
    let working: BTreeMap<usize, Vec<usize>> =
        builds.iter().filter_map(|at| Some((*at, path.facts.get(*at)?.working.clone()))).collect();
    let job = path.flow.jobs.get(at).map_or("?", |j| j.key.as_str());
    Linked {
        pipeline: path.pipeline,
        flow: path.flow,
        kind: Kind::Other,
        name,
        places: Vec::new(),
        publish: Published {
            rule: "opaque-publisher".to_owned(),
            what: format!("may publish, and {why}"),
            location: location.clone(),
            chain: Vec::new(),
            job: at,
            bytes: Bytes::Built,
        },
        builds,
        unknown_builds: Vec::new(),
        publishers: Rc::new(BTreeSet::from([at])),
        provenance: None,
        refused: Vec::new(),
        unread: Vec::new(),
        fitting: Vec::new(),
        whole: false,
        look_alikes: Vec::new(),
        opaque: None,
        supply: BTreeSet::new(),
        chain: vec![(format!("job {job} runs something that cannot be read"), location)],
        traits: Default::default(),
        working,
    }
}
