//! Runner scale sets of the Actions Runner Controller (`actions.github.com`), as custom resources and as values of the
//! chart `gha-runner-scale-set`, alone or inside an Argo CD `Application` or a Flux `HelmRelease`.
//!
//! Every runner gets a pod of its own and a just-in-time configuration; nothing switches that off. What the pod may do
//! depends on the container mode and the pod template.
//! Source: <https://github.com/actions/actions-runner-controller/tree/master/charts/gha-runner-scale-set>

mod flux;
pub(in crate::runners::shapes) mod helm;
mod layers;
mod options;
mod verdict;
mod wrapped;

use crate::model::{Evidence, Location, Note, RunnerPool, Tri, Version};
use crate::runners::facts::pod::{Pod, kind_of, name_of};
use crate::runners::shapes::arc_legacy::visible;
use crate::runners::shapes::workload::literal;
use crate::runners::verdict::container::docker_note;
use crate::runners::verdict::pod::identity;
use crate::runners::{File, is_open, is_token, scope_of};
use crate::syntax::yaml::Node;

use helm::{Release, dependency, installed, releases_of};
use options::with_options;
use verdict::{Mode, ephemeral, held, hosted, isolated, mode, registering};
use wrapped::{application_of, wrapped};

pub(in crate::runners) use verdict::secret_of_chart;

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
            None if is_object(root) => found.extend(nameless(root, file)),
            None => {
                let mut sets = Vec::new();
                values(root, 0, &mut sets);
                if !sets.is_empty() {
                    found.extend(released(&sets, file));
                }
            }
        }
    }
    found
}

/// The scale sets of a file of values, with what the releases that name it lay over them.
fn released(sets: &[Node<'_>], file: &File<'_>) -> Vec<RunnerPool> {
    let mut releases: Vec<Option<Release>> = releases_of(file).into_iter().map(Some).collect();
    if releases.is_empty() {
        let application = application_of(file);
        // What it lays over the file is read where the application is.
        if application.as_ref().is_some_and(|a| a.layers.count()) {
            return Vec::new();
        }
        releases.push(application);
    }
    let mut found = Vec::new();
    for release in releases {
        // Values of a parent chart stand under the name of the dependency, which names nothing else.
        let version = release.as_ref().and_then(|r| r.version).or_else(|| dependency(file));
        let name = release.as_ref().and_then(|r| r.name.clone());
        let pools = match release.as_ref().map(|r| &r.layers).filter(|layers| layers.count()) {
            Some(layers) => layers.pools(file, name.as_deref(), version, false),
            None => {
                let of = |set: &Node<'_>| {
                    let name = name.clone();
                    set_of(&Definition { values: *set, file, name, version, place: file.at(*set) })
                };
                sets.iter().map(of).collect()
            }
        };
        found.extend(pools.into_iter().map(|pool| with_options(pool, release.as_ref(), file)));
    }
    found
}

/// The scale sets of a file of values whose release is known. Values without an address are those of a scale set too.
pub(in crate::runners) fn of_release(
    file: &File<'_>,
    name: Option<String>,
    version: Option<Version>,
) -> Vec<RunnerPool> {
    let Some(root) = file.documents().first().map(|d| d.root()) else { return Vec::new() };
    let mut sets = Vec::new();
    values(root, 0, &mut sets);
    if sets.is_empty() {
        sets.push(root);
    }
    let of =
        |set: Node<'_>| set_of(&Definition { values: set, file, name: name.clone(), version, place: file.at(set) });
    sets.into_iter().map(of).collect()
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
            let note = format!("the API group `{GROUP}` has no kind `{kind}`: no controller acts on this object");
            return Some(idle(root, spec, &location, note));
        }
    };
    let word = |key: &str| literal(own, key).or_else(|| literal(spec, key));
    let named = word("runnerScaleSetName").map(str::to_owned).or_else(|| name_of(root));
    let name = named.filter(|n| !is_open(n));
    let version = root
        .get("metadata")
        .and_then(|m| m.get("labels"))
        .and_then(|l| literal(l, "app.kubernetes.io/version"))
        .and_then(Version::parse);
    let mut labels: Vec<String> = name.iter().map(|n| n.to_ascii_lowercase()).collect();
    labels.extend(extra(spec.get("runnerScaleSetLabels"), version));
    let pod = template.and_then(|t| t.get("spec")).map(|spec| Pod { file, spec, rule: RULE });
    let mut secrets = registering(own, name.as_deref());
    secrets.extend(registering(spec, name.as_deref()));
    Some(RunnerPool {
        labels,
        group: word("runnerGroup").map(str::to_owned),
        scope: word("githubConfigUrl").and_then(scope_of),
        hosted: hosted(&location),
        ephemeral: visible(file, ephemeral(pod.as_ref(), &location)),
        isolated: visible(file, isolated(pod.as_ref(), &Mode::None, &secrets, &location)),
        credentials: vec![held(&location)],
        variables: pod.as_ref().map(Pod::variables).unwrap_or_default(),
        notes: pod.as_ref().map(Pod::notes).unwrap_or_default(),
        ..RunnerPool::new(RULE, name.unwrap_or_else(|| kind.to_owned()), &location)
    })
}

/// Whether a document is meant as an object of the cluster's API, as values of a chart never are.
fn is_object(root: Node<'_>) -> bool {
    let has = |key: &str| root.get(key).is_some();
    has("spec") && (has("kind") || has("apiVersion") || has("metadata"))
}

/// A scale set in an object that does not say of which API and kind it is: no cluster takes it.
fn nameless(root: Node<'_>, file: &File<'_>) -> Option<RunnerPool> {
    let spec = root.get("spec")?;
    let key = ["runnerScaleSetName", "githubConfigUrl"].into_iter().find_map(|key| spec.entry(key))?.0;
    let note = "an object without `apiVersion` and `kind` is refused: no controller acts on it".to_owned();
    Some(idle(root, spec, &file.at(key), note))
}

/// An object that nothing acts on: the label that it names is one of a self-hosted runner, and nothing else is shown.
fn idle(root: Node<'_>, spec: Node<'_>, location: &Location, note: String) -> RunnerPool {
    let name = name_of(root).or_else(|| literal(spec, "runnerScaleSetName").map(str::to_owned));
    let evidence = Evidence::observed(location, RULE, note);
    let to_show = "an `AutoscalingRunnerSet`, or the values of the chart `gha-runner-scale-set`".to_owned();
    RunnerPool {
        hosted: Tri::Unshown(evidence.clone(), to_show.clone()),
        ephemeral: Tri::Unshown(evidence.clone(), to_show.clone()),
        isolated: Tri::Unshown(evidence, to_show),
        labels: literal(spec, "runnerScaleSetName").map(str::to_ascii_lowercase).into_iter().collect(),
        ..RunnerPool::new(RULE, name.unwrap_or_else(|| "scale set".to_owned()), location)
    }
}

/// The scale set of values of the chart.
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
    let secrets = registering(*values, shown.as_deref());
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
        let leaked = is_token(text) && text.len() > 20;
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
        isolated: visible(file, isolated(pod.as_ref(), &mode, &secrets, &location)),
        credentials,
        variables: pod.as_ref().map(Pod::variables).unwrap_or_default(),
        notes,
        ..RunnerPool::new(RULE, shown.unwrap_or_else(|| CHART.to_owned()), &location)
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
