//! Runner scale sets of the Actions Runner Controller (`actions.github.com`), as custom resources and as values of the
//! chart `gha-runner-scale-set`, alone or inside an Argo CD `Application` or a Flux `HelmRelease`.
//!
//! Every runner gets a pod of its own and a just-in-time configuration; nothing switches that off. What the pod may do
//! depends on the container mode and the pod template.
//! Source: <https://github.com/actions/actions-runner-controller/tree/master/charts/gha-runner-scale-set>

use std::sync::Arc;

use crate::model::{Evidence, Location, Note, RunnerPool, Tri, Version};
use crate::runners::facts::pod::{Pod, Power, kind_of, name_of};
use crate::runners::shapes::arc_legacy::visible;
use crate::runners::shapes::workload::literal;
use crate::runners::verdict::container::docker_note;
use crate::runners::verdict::pod::identity;
use crate::runners::{File, is_open, scope_of};
use crate::syntax::yaml::{Node, parse};

/// The strings of which a file with such a definition holds one.
pub(in crate::runners) const KEYS: &[&str] =
    &["actions.github.com/v1alpha1", "githubConfigUrl", "runnerScaleSetName", CHART];

const RULE: &str = "arc-scale-set";
const GROUP: &str = "actions.github.com";
const CHART: &str = "gha-runner-scale-set";

/// From this version of the chart on a scale set carries labels beside its name.
const LABELLED: [u32; 3] = [0, 14, 0];
/// Mappings within mappings in which values of the chart are looked for.
const DEEPEST: usize = 8;

/// The pools of a file.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    let mut found = Vec::new();
    if [".sh", ".bash"].iter().any(|end| file.path.ends_with(end)) {
        return installed(file);
    }
    for document in file.documents() {
        let root = document.root();
        match kind_of(root) {
            Some((GROUP, kind)) => found.extend(resource(root, kind, file)),
            Some(_) => found.extend(wrapped(root, file)),
            None => {
                let mut sets = Vec::new();
                values(root, 0, &mut sets);
                // Values of a parent chart stand under the name of the dependency, which names nothing else.
                found.extend(sets.iter().map(|set| {
                    let release = release_of(file).or_else(|| application_of(file));
                    let version = release.as_ref().and_then(|r| r.version).or_else(|| dependency(file));
                    let name = release.as_ref().and_then(|r| r.name.clone());
                    let pool = set_of(&Definition { values: *set, file, name, version, place: file.at(*set) });
                    with_options(pool, release.as_ref(), file)
                }));
            }
        }
    }
    found
}

/// Values of the chart, and what is known about their release.
struct Definition<'a> {
    values: Node<'a>,
    file: &'a File<'a>,
    /// The name of the Helm release, which names the scale set unless its values do.
    name: Option<String>,
    version: Option<Version>,
    /// Where the scale set is defined.
    place: Location,
}

/// Mappings that hold values of the chart.
fn values<'a>(node: Node<'a>, depth: usize, found: &mut Vec<Node<'a>>) {
    if depth > DEEPEST {
        return;
    }
    if node.is_mapping() {
        // The address may be given on the command line.
        let named = node.get("runnerScaleSetName").is_some()
            && ["template", "containerMode", "minRunners", "maxRunners"].iter().any(|key| node.get(key).is_some());
        if node.get("githubConfigUrl").is_some() || named {
            found.push(node);
            return;
        }
        node.entries().for_each(|(_, value)| values(value, depth + 1, found));
    } else if node.is_sequence() {
        node.items().for_each(|item| values(item, depth + 1, found));
    }
}

/// A custom resource of the controller. Kinds that do not exist define nothing.
fn resource(root: Node<'_>, kind: &str, file: &File<'_>) -> Option<RunnerPool> {
    let spec = root.get("spec")?;
    let location = file.at(root.get("kind")?);
    let (template, own) = match kind {
        "AutoscalingRunnerSet" => (spec.get("template"), spec),
        "EphemeralRunnerSet" => (spec.get("ephemeralRunnerSpec"), spec.get("ephemeralRunnerSpec").unwrap_or(spec)),
        "EphemeralRunner" => (Some(spec), spec),
        // Other kinds, real or not, run no jobs.
        _ if !kind.ends_with("Set") && !kind.ends_with("Deployment") && kind != "Runner" => return None,
        _ => {
            let name = name_of(root).unwrap_or_else(|| kind.to_owned());
            let mut pool = RunnerPool::new(RULE, name, &location);
            let note = format!("the API group `{GROUP}` has no kind `{kind}`: no controller acts on this object");
            let evidence = Evidence::observed(&location, RULE, note);
            let to_show = "an `AutoscalingRunnerSet`, or the values of the chart `gha-runner-scale-set`".to_owned();
            pool.hosted = Tri::Unshown(evidence.clone(), to_show.clone());
            pool.ephemeral = Tri::Unshown(evidence.clone(), to_show.clone());
            pool.isolated = Tri::Unshown(evidence, to_show);
            pool.labels = literal(spec, "runnerScaleSetName").map(str::to_ascii_lowercase).into_iter().collect();
            return Some(pool);
        }
    };
    let word = |key: &str| literal(own, key).or_else(|| literal(spec, key));
    let own = word("runnerScaleSetName").map(str::to_owned).or_else(|| name_of(root));
    let name = own.filter(|n| !is_open(n));
    let version = root
        .get("metadata")
        .and_then(|m| m.get("labels"))
        .and_then(|l| literal(l, "app.kubernetes.io/version"))
        .and_then(Version::parse);
    let mut labels: Vec<String> = name.iter().map(|n| n.to_ascii_lowercase()).collect();
    labels.extend(extra(spec.get("runnerScaleSetLabels"), version));
    let pod = template.and_then(|t| t.get("spec")).map(|spec| Pod { file, spec, rule: RULE });
    Some(RunnerPool {
        labels,
        group: word("runnerGroup").map(str::to_owned),
        scope: word("githubConfigUrl").and_then(scope_of),
        hosted: hosted(&location),
        ephemeral: visible(file, ephemeral(pod.as_ref(), &location)),
        isolated: visible(file, isolated(pod.as_ref(), &Mode::None, &location)),
        credentials: vec![held(&location)],
        notes: pod.as_ref().map(Pod::notes).unwrap_or_default(),
        ..RunnerPool::new(RULE, name.unwrap_or_else(|| kind.to_owned()), &location)
    })
}

/// Argo CD, Flux and other wrappers that carry values of the chart.
fn wrapped(root: Node<'_>, file: &File<'_>) -> Vec<RunnerPool> {
    let mut found = Vec::new();
    let (mut sources, mut texts) = (Vec::new(), Vec::new());
    sources_of(root, 0, &mut sources);
    for source in sources {
        let version = ["targetRevision", "version"].iter().find_map(|k| literal(source, k)).and_then(Version::parse);
        let helm = source.get("helm");
        let own = name_of(root).filter(|n| !is_open(n));
        let release = helm.and_then(|h| literal(h, "releaseName")).map(str::to_owned);
        let flux = root.get("spec").and_then(|s| literal(s, "releaseName")).map(str::to_owned);
        let name = release.or(flux).or(own);
        let mut sets = Vec::new();
        helm.into_iter().for_each(|h| values(h, 0, &mut sets));
        if let Some(own) = root.get("spec").and_then(|s| s.get("values")) {
            values(own, 0, &mut sets);
        }
        found
            .extend(sets.into_iter().map(|set| {
                set_of(&Definition { values: set, file, name: name.clone(), version, place: file.at(set) })
            }));
        if let Some(text) = helm.and_then(|h| h.get("values")).filter(|v| v.as_str().is_some()) {
            texts.push((text, name.clone(), version));
        }
        if let Some(parameters) = helm.and_then(|h| h.get("parameters")) {
            found.extend(from_parameters(parameters, file, name, version));
        }
    }
    for (text, name, version) in texts {
        found.extend(inner(text, file, name, version));
    }
    found
}

/// Mappings that name the chart.
fn sources_of<'a>(node: Node<'a>, depth: usize, found: &mut Vec<Node<'a>>) {
    if depth > DEEPEST {
        return;
    }
    if node.is_mapping() {
        if node.get("chart").and_then(|c| c.as_str()).is_some_and(|c| c.ends_with(CHART)) {
            found.push(node);
        }
        node.entries().for_each(|(_, value)| sources_of(value, depth + 1, found));
    } else if node.is_sequence() {
        node.items().for_each(|item| sources_of(item, depth + 1, found));
    }
}

/// Values that stand as a text inside another document. Their places are those of the lines in the outer file.
fn inner(text: Node<'_>, file: &File<'_>, name: Option<String>, version: Option<Version>) -> Vec<RunnerPool> {
    let body = text.as_str().unwrap_or_default();
    let span = text.span();
    let first = span.start.line;
    // The indentation of the block is the same on every line; the text has lost it.
    let outer = file.text.lines().nth(first as usize).unwrap_or_default();
    let indent = outer.chars().count().saturating_sub(outer.trim_start().chars().count());
    let own = body.lines().next().map_or(0, |l| l.len() - l.trim_start().len());
    let shift = u32::try_from(indent.saturating_sub(own)).unwrap_or(0);
    let path = Arc::clone(file.path);
    let inside = File::new(&path, body, file.checkout);
    let mut found = Vec::new();
    for document in inside.documents() {
        let mut sets = Vec::new();
        values(document.root(), 0, &mut sets);
        for set in sets {
            let place = inside.at(set);
            let mut pool = set_of(&Definition { values: set, file: &inside, name: name.clone(), version, place });
            move_down(&mut pool, first, shift);
            found.push(pool);
        }
    }
    found
}

fn move_down(pool: &mut RunnerPool, lines: u32, columns: u32) {
    crate::runners::each_location(pool, &mut |at: &mut Location| {
        at.line += lines;
        at.end_line += lines;
        at.column += columns;
        at.end_column += columns;
    });
}

/// `helm.parameters` of Argo CD, one dotted name for each value.
fn from_parameters(
    node: Node<'_>,
    file: &File<'_>,
    name: Option<String>,
    version: Option<Version>,
) -> Option<RunnerPool> {
    let pair = |entry: Node<'_>| {
        Some((literal(entry, "name")?.to_owned(), entry.get("value").and_then(|v| v.as_str())?.to_owned()))
    };
    let pairs: Vec<(String, String)> = node.items().filter_map(pair).collect();
    let any = pairs.iter().any(|(key, _)| key == "githubConfigUrl");
    any.then(|| from_pairs(&pairs, file, name, version, &file.at(node))).flatten()
}

/// A scale set of dotted names and values. Names with list indices are not read, so what they set is not visible.
fn from_pairs(
    pairs: &[(String, String)],
    file: &File<'_>,
    name: Option<String>,
    version: Option<Version>,
    place: &Location,
) -> Option<RunnerPool> {
    let mut tree = serde_json::Map::new();
    let mut hidden = false;
    for (key, value) in pairs {
        if key.contains(['[', '\\']) {
            hidden |= key.starts_with("template");
            continue;
        }
        let value = match value.as_str() {
            "true" => serde_json::Value::Bool(true),
            "false" => serde_json::Value::Bool(false),
            text => serde_json::Value::String(text.to_owned()),
        };
        let mut parts: Vec<&str> = key.split('.').take(DEEPEST * 2).collect();
        let last = parts.pop()?;
        let mut at = &mut tree;
        for part in parts {
            let inner = at.entry(part).or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()));
            // The last writer wins, as in Helm.
            if !inner.is_object() {
                *inner = serde_json::Value::Object(serde_json::Map::new());
            }
            at = inner.as_object_mut()?;
        }
        at.insert(last.to_owned(), value);
    }
    let text = serde_json::Value::Object(tree).to_string();
    let documents = parse(&text).ok()?;
    let root = documents.first()?.root();
    let inside = File::new(file.path, &text, file.checkout);
    let mut pool = set_of(&Definition { values: root, file: &inside, name, version, place: place.clone() });
    crate::runners::each_location(&mut pool, &mut |at: &mut Location| *at = place.clone());
    if hidden {
        let evidence = Evidence::observed(place, RULE, "options set parts of the pod template that are not read");
        let axis = || Tri::Unshown(evidence.clone(), "the pod template in a values file".to_owned());
        pool.ephemeral = worse(pool.ephemeral, axis());
        pool.isolated = worse(pool.isolated, axis());
    }
    Some(pool)
}

/// The worse of two findings; the first of equals.
fn worse(a: Tri, b: Tri) -> Tri {
    let rank = |t: &Tri| match t {
        Tri::Met(_) => 0,
        Tri::Unshown(..) => 1,
        Tri::Failed(_) => 2,
    };
    if rank(&b) > rank(&a) { b } else { a }
}

/// A pool of a values file with the options of the command that installs it.
fn with_options(mut pool: RunnerPool, release: Option<&Release>, file: &File<'_>) -> RunnerPool {
    let Some((release, place)) = release.and_then(|r| Some((r, r.place.as_ref()?))) else { return pool };
    if release.pairs.is_empty() {
        return pool;
    }
    let Some(options) = from_pairs(&release.pairs, file, release.name.clone(), release.version, place) else {
        return pool;
    };
    pool.ephemeral = worse(pool.ephemeral, options.ephemeral);
    pool.isolated = worse(pool.isolated, options.isolated);
    if release.pairs.iter().any(|(key, _)| key == "runnerScaleSetName") {
        pool.labels = options.labels;
        pool.name = options.name;
    }
    pool.scope = options.scope.or(pool.scope);
    pool.group = options.group.or(pool.group);
    pool
}

/// Scale sets that commands of a script install, unless a values file that they name shows them already.
fn installed(file: &File<'_>) -> Vec<RunnerPool> {
    let mut found = Vec::new();
    for (line, number) in commands(file.text) {
        let Some(mut release) = helm(&line) else { continue };
        let at = Location { path: Arc::clone(file.path), line: number, column: 1, end_line: number, end_column: 2 };
        release.place = Some(at.clone());
        let files: Vec<(Arc<str>, Arc<str>)> = release.files.iter().filter_map(|f| file.sibling(f)).collect();
        let Some((path, text)) = files.first() else {
            // A values file that the checkout does not hold hides the pod.
            if release.files.is_empty() && release.pairs.iter().any(|(key, _)| key == "githubConfigUrl") {
                found.extend(from_pairs(&release.pairs, file, release.name.clone(), release.version, &at));
            }
            continue;
        };
        let inside = File::new(path, text, file.checkout);
        let Some(root) = inside.documents().first().map(|d| d.root()) else { continue };
        let mut sets = Vec::new();
        values(root, 0, &mut sets);
        if sets.is_empty() && root.is_mapping() {
            let definition = Definition {
                values: root,
                file: &inside,
                name: release.name.clone(),
                version: release.version,
                place: at,
            };
            let pool = set_of(&definition);
            found.push(with_options(pool, Some(&release), file));
        }
    }
    found
}

/// Commands of a script that name the chart, continued lines joined, with the line on which each starts.
fn commands(text: &str) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    let mut open: Option<(String, u32)> = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_end();
        let (part, more) = line.strip_suffix('\\').map_or((line, false), |part| (part, true));
        let (mut joined, first) =
            open.take().unwrap_or_else(|| (String::new(), u32::try_from(number + 1).unwrap_or(u32::MAX)));
        joined.push_str(part);
        joined.push(' ');
        if more {
            open = Some((joined, first));
        } else if joined.contains(CHART) && !joined.trim_start().starts_with('#') {
            found.push((joined, first));
        }
    }
    found
}

/// A Helm release of the chart.
#[derive(Default)]
struct Release {
    name: Option<String>,
    version: Option<Version>,
    /// Values files, as the command names them.
    files: Vec<String>,
    /// Values that the command sets.
    pairs: Vec<(String, String)>,
    /// The command.
    place: Option<Location>,
}

/// `helm install NAME … gha-runner-scale-set -f values.yaml` in a script, Makefile or workflow of the checkout.
fn release_of(file: &File<'_>) -> Option<Release> {
    let name = file.path.rsplit('/').next()?;
    let scripts = file.checkout.files().iter().filter(|p| {
        let base = p.rsplit('/').next().unwrap_or(p);
        p.ends_with(".sh")
            || p.ends_with(".bash")
            || base == "Makefile"
            || base == "justfile"
            || p.starts_with(".github/workflows/")
            || base.starts_with("helmfile")
    });
    for path in scripts {
        let Ok(text) = file.checkout.glance(path) else { continue };
        if !text.contains(CHART) {
            continue;
        }
        for (line, number) in commands(&text) {
            let Some(release) = helm(&line) else { continue };
            let own: &str = file.path;
            let ours = release.files.iter().any(|f| {
                let f = f.trim_start_matches("./");
                own == f || own.ends_with(&format!("/{f}")) || f.contains('$') && f.rsplit('/').next() == Some(name)
            });
            if ours {
                let end = number;
                let place = Location { path: Arc::clone(path), line: number, column: 1, end_line: end, end_column: 2 };
                return Some(Release { place: Some(place), ..release });
            }
        }
    }
    None
}

/// An Argo CD application that takes its values from a file of the checkout.
fn application_of(file: &File<'_>) -> Option<Release> {
    for (path, text) in file.elsewhere(CHART) {
        if !text.contains("valueFiles") {
            continue;
        }
        let outer = File::new(&path, &text, file.checkout);
        for document in outer.documents() {
            let root = document.root();
            let mut sources = Vec::new();
            sources_of(root, 0, &mut sources);
            for source in sources {
                let helm = source.get("helm");
                let files = helm.and_then(|h| h.get("valueFiles")).into_iter().flat_map(|f| f.items());
                let mut names = files.filter_map(|f| f.as_str());
                // `$values/` stands for the root of another source.
                if !names.any(|n| {
                    n.split_once('/').is_some_and(|(head, rest)| head.starts_with('$') && rest == &**file.path)
                }) {
                    continue;
                }
                let release = helm.and_then(|h| literal(h, "releaseName")).map(str::to_owned);
                let name = release.or_else(|| name_of(root)).filter(|n| !is_open(n));
                let version = literal(source, "targetRevision").and_then(Version::parse);
                return Some(Release { name, version, ..Release::default() });
            }
        }
    }
    None
}

/// Reads `helm install` and `helm upgrade`.
fn helm(line: &str) -> Option<Release> {
    let words: Vec<&str> = line.split_whitespace().map(|w| w.trim_matches(['"', '\''])).collect();
    let at = words.iter().position(|w| *w == "helm")?;
    let mut rest = words.get(at + 1..)?.iter();
    let verb = rest.find(|w| !w.starts_with('-'))?;
    if !matches!(*verb, "install" | "upgrade") {
        return None;
    }
    const SWITCHES: &[&str] = &[
        "--install",
        "-i",
        "--create-namespace",
        "--wait",
        "--atomic",
        "--debug",
        "--dry-run",
        "--force",
        "--reuse-values",
    ];
    let mut release = Release::default();
    while let Some(word) = rest.next() {
        let (flag, attached) = match word.split_once('=') {
            Some((f, v)) if f.starts_with('-') => (f, Some(v)),
            _ => (*word, None),
        };
        if SWITCHES.contains(&flag) {
            continue;
        }
        if flag.starts_with('-') {
            let value = attached.or_else(|| rest.next().copied()).unwrap_or_default();
            match flag {
                "-f" | "--values" => release.files.extend(value.split(',').map(str::to_owned)),
                "--set" | "--set-string" => {
                    let pairs = value.split(',').filter_map(|pair| pair.split_once('='));
                    release.pairs.extend(pairs.map(|(k, v)| (k.to_owned(), v.trim_matches(['"', '\'']).to_owned())));
                }
                "--version" => release.version = Version::parse(value),
                _ => {}
            }
        } else if release.name.is_none() && !word.contains(CHART) {
            release.name = Some((*word).to_owned());
        }
    }
    release.name = release.name.filter(|r| !is_open(r));
    Some(release)
}

/// The version of the chart that a `Chart.yaml` beside the values depends on.
fn dependency(file: &File<'_>) -> Option<Version> {
    let (path, text) = file.sibling("Chart.yaml")?;
    let chart = File::new(&path, &text, file.checkout);
    let root = chart.documents().first()?.root();
    if root.get("name").and_then(|n| n.as_str()) == Some(CHART) {
        return literal(root, "version").and_then(Version::parse);
    }
    let found = root.get("dependencies")?.items().find(|d| d.get("name").and_then(|n| n.as_str()) == Some(CHART))?;
    literal(found, "version").and_then(Version::parse)
}

/// How containers run beside the runner.
enum Mode<'a> {
    /// As the pod template says.
    None,
    Dind(Node<'a>),
    /// In pods that the runner makes with the chart's role, unless it has an own one.
    Kubernetes {
        node: Node<'a>,
        vault: bool,
    },
    /// Not visible.
    Hidden(Node<'a>),
}

fn set_of(definition: &Definition<'_>) -> RunnerPool {
    let Definition { values, file, name, version, place } = definition;
    let at = |key: &str| values.entry(key).map(|(key, _)| file.at(key));
    let location = at("githubConfigUrl").or_else(|| at("runnerScaleSetName")).unwrap_or_else(|| place.clone());
    let own = literal(*values, "runnerScaleSetName").map(str::to_owned);
    // A name that is there but not visible takes the place of the release's.
    let hidden = own.is_none() && values.get("runnerScaleSetName").and_then(|n| n.as_str()).is_some_and(is_open);
    let shown = own.or_else(|| name.clone().filter(|_| !hidden));
    let mut labels: Vec<String> = shown.iter().map(|n| n.to_ascii_lowercase()).collect();
    labels.extend(extra(values.get("scaleSetLabels"), *version));
    let pod = values.get("template").and_then(|t| t.get("spec")).filter(|s| s.is_mapping());
    let pod = pod.map(|spec| Pod { file, spec, rule: RULE });
    let mode = mode(*values);
    let mut notes: Vec<Note> = pod.as_ref().map(Pod::notes).unwrap_or_default();
    if let Mode::Dind(node) = &mode {
        notes.push(docker_note(&file.at(*node)));
    }
    if let Some(node) = values.get("minRunners").filter(|n| n.as_i64().is_some_and(|n| n > 0)) {
        notes.push(Note::info(
            "runner-scale-to-zero",
            &file.at(node),
            "runners wait while there is no work: a pool that scales to zero leaves nothing to attack between builds",
        ));
    }
    let mut credentials = vec![held(&location)];
    let secret = values.get("githubConfigSecret").and_then(|s| s.get("github_token"));
    if let Some(token) = secret
        && let Some(text) = token.as_str().filter(|t| !t.is_empty())
    {
        let leaked = ["ghp_", "github_pat_", "gho_"].iter().any(|p| text.starts_with(p)) && text.len() > 20;
        let note = match leaked {
            true => "the token that registers runners stands in this file in clear text",
            false => "a personal access token registers the runners; the controller holds it, no build sees it",
        };
        credentials.push(Evidence::observed(&file.at(token), RULE, note));
        notes.push(identity(&file.at(token)));
    }
    RunnerPool {
        labels,
        group: literal(*values, "runnerGroup").map(str::to_owned),
        scope: literal(*values, "githubConfigUrl").and_then(scope_of),
        hosted: hosted(&location),
        ephemeral: visible(file, ephemeral(pod.as_ref(), &location)),
        isolated: visible(file, isolated(pod.as_ref(), &mode, &location)),
        credentials,
        notes,
        ..RunnerPool::new(RULE, shown.unwrap_or_else(|| CHART.to_owned()), &location)
    }
}

fn mode(values: Node<'_>) -> Mode<'_> {
    let Some(node) = values.get("containerMode").and_then(|m| m.get("type")) else { return Mode::None };
    let vault = values.get("keyVault").is_some_and(|v| v.is_mapping() && v.entries().next().is_some());
    match node.as_str() {
        None | Some("") => Mode::None,
        Some("dind") => Mode::Dind(node),
        Some("kubernetes" | "kubernetes-novolume") => Mode::Kubernetes { node, vault },
        Some(_) => Mode::Hidden(node),
    }
}

/// Labels beside the name, where the chart's version shows that it knows them.
fn extra(node: Option<Node<'_>>, version: Option<Version>) -> Vec<String> {
    // A range (`^0.13`) or a moving version shows nothing.
    let known = version.is_some_and(|v| v.parts > 1 && v.at_least(LABELLED));
    let Some(node) = node.filter(|_| known) else { return Vec::new() };
    let names = node.items().filter_map(|i| i.as_str().or_else(|| i.get("name").and_then(|n| n.as_str())));
    names.filter(|l| !is_open(l)).map(str::to_ascii_lowercase).collect()
}

fn hosted(location: &Location) -> Tri {
    Tri::Met(Evidence::documented(location, RULE, "a controller runs every runner as a pod of a Kubernetes cluster"))
}

fn held(location: &Location) -> Evidence {
    Evidence::documented(
        location,
        RULE,
        "the controller holds what registers runners; a pod gets a just-in-time configuration",
    )
}

/// The container of the pod template that is the runner.
fn runner<'a>(pod: &Pod<'a>) -> Option<Node<'a>> {
    pod.containers().into_iter().find(|c| c.get("name").and_then(|n| n.as_str()) == Some("runner"))
}

fn ephemeral(pod: Option<&Pod<'_>>, location: &Location) -> Tri {
    if let Some(pod) = pod {
        if let Some(evidence) = pod.lasting() {
            return Tri::Failed(evidence);
        }
        if let Some(command) = runner(pod).and_then(|c| c.get("command")) {
            let words: Vec<&str> = command.items().filter_map(|i| i.as_str()).collect();
            let stock = matches!(words.as_slice(), [one] if one.rsplit('/').next() == Some("run.sh"))
                || matches!(words.as_slice(), [shell, one] if shell.ends_with("sh") && one.rsplit('/').next() == Some("run.sh"));
            if !stock {
                let evidence = Evidence::observed(
                    &pod.at(command),
                    RULE,
                    "an own command takes the place of `run.sh`, and what it does is not visible",
                );
                return Tri::Unshown(evidence, "the stock command `/home/runner/run.sh`".to_owned());
            }
        }
    }
    let note =
        "every runner gets a pod of its own and a just-in-time configuration for one job; nothing switches that off";
    Tri::Met(Evidence::documented(location, RULE, note))
}

fn isolated(pod: Option<&Pod<'_>>, mode: &Mode<'_>, location: &Location) -> Tri {
    let file = |node: &Node<'_>| -> Location { pod.map_or_else(|| at_node(location, *node), |p| p.at(*node)) };
    let machine = pod.and_then(Pod::machine);
    let kubernetes = matches!(mode, Mode::Kubernetes { .. });
    if let Some(found) = pod.and_then(|p| p.breach(machine.is_some(), kubernetes)) {
        return found;
    }
    if let Some(found) = pod.and_then(hook_template) {
        return found;
    }
    match mode {
        Mode::Dind(node) if machine.is_none() => {
            return Tri::Failed(Evidence::documented(
                &file(node),
                RULE,
                "`containerMode: dind` puts a privileged container beside every runner on a shared node",
            ));
        }
        Mode::Hidden(node) => {
            return Tri::Unshown(
                Evidence::observed(&file(node), RULE, "the container mode is not visible"),
                "a literal container mode, or none".to_owned(),
            );
        }
        Mode::Kubernetes { node, vault } => {
            let own = pod.and_then(|p| p.spec.get("serviceAccountName"));
            // `breach` has found the role of an own account to be shown and without secrets.
            let harmless = own.is_some() && pod.is_some_and(|p| matches!(p.service_account(true), Power::Harmless));
            if !vault && !harmless {
                return Tri::Failed(Evidence::documented(
                    &file(node),
                    RULE,
                    "the chart's role for this mode lets the runner read the secrets of its namespace, the one that registers runners among them",
                ));
            }
            let note = if *vault {
                "jobs run in pods of their own, and a vault holds the registration secret"
            } else {
                "jobs run in pods of their own, and the own service account reads no secrets"
            };
            return Tri::Met(Evidence::observed(&file(node), RULE, note));
        }
        Mode::Dind(_) | Mode::None => {}
    }
    let note =
        "no privileged container, no path of the node and no service account with rights: that is the chart's default";
    Tri::Met(machine.unwrap_or_else(|| Evidence::documented(location, RULE, note)))
}

/// What the template of the pods that the runner makes for containers breaks. The template lies in a config map.
fn hook_template(pod: &Pod<'_>) -> Option<Tri> {
    const VARIABLE: &str = "ACTIONS_RUNNER_CONTAINER_HOOK_TEMPLATE";
    let variables = runner(pod)?.get("env")?;
    let entry = variables.items().find(|e| e.get("name").and_then(|n| n.as_str()) == Some(VARIABLE))?;
    let mut seen = false;
    for (path, text) in pod.file.elsewhere("ConfigMap") {
        let outer = File::new(&path, &text, pod.file.checkout);
        for document in outer.documents() {
            let root = document.root();
            if root.get("kind").and_then(|k| k.as_str()) != Some("ConfigMap") {
                continue;
            }
            for (_, value) in root.get("data").into_iter().flat_map(|d| d.entries()) {
                let body = value.as_str().unwrap_or_default();
                if !body.contains("spec:") {
                    continue;
                }
                let inner = File::new(&path, body, pod.file.checkout);
                for spec in inner.documents().iter().filter_map(|d| d.root().get("spec")) {
                    seen = true;
                    if let Some(Tri::Failed(found)) = (Pod { file: &inner, spec, rule: RULE }).breach(false, true) {
                        let note = format!("the template of the job's pods: {}", found.note);
                        return Some(Tri::Failed(Evidence::observed(&outer.at(value), RULE, note)));
                    }
                }
            }
        }
    }
    (!seen).then(|| {
        let note = "the runner makes the job's pods from a template that no config map of the checkout shows";
        Tri::Unshown(Evidence::observed(&pod.at(entry), RULE, note), "the config map with the template".to_owned())
    })
}

fn at_node(location: &Location, node: Node<'_>) -> Location {
    Location::new(&location.path, node.span())
}
