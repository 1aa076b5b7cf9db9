//! The build environment: hosted, fresh for each build, isolated, without shared caches and remote access.

use super::Scene;
use super::pools::{answering, reached};
use super::provenance::build_location;
use super::settings::Needed;
use crate::catalogue::{Catalogue, Labels, Remote, Test};
use crate::model::{
    CacheMode, Cond, Evidence, Input, Job, LabelSet, Location, OutsideCall, Requirement, RunnerChoice, RunnerPool, Tri,
    UNKNOWN_BUILD, Verdict,
};
use crate::release::{Asked, Linked, Trait};
use crate::syntax::pattern;

/// The rule by which an action that nothing shows is evidence.
const UNSEEN: &str = "unseen-action";

const TO_SHOW_ACTION: &str =
    "the action in this checkout, or one of another repository by its name, with that repository given by `--with`";

/// The five environment requirements.
pub(super) fn judge(scene: &Scene<'_>, target: &Linked<'_>) -> Vec<Verdict> {
    let mut ways = Vec::new();
    let machines = machines(scene, target, &mut ways);
    let axis = |requirement, of| axis(requirement, target, &machines, of).beside(ways.iter().cloned());
    vec![
        axis(Requirement::HostedBuild, |m| &m.hosted),
        axis(Requirement::EphemeralEnvironment, |m| &m.ephemeral),
        axis(Requirement::IsolatedEnvironment, |m| &m.isolated),
        cache(scene, target),
        remote(target),
    ]
}

/// What is shown about the machine of one build job.
struct Machine {
    hosted: Finding,
    ephemeral: Finding,
    isolated: Finding,
}

/// What is shown on one axis.
#[derive(Clone)]
struct Finding {
    verdict: Tri,
    /// Evidence beside the deciding piece.
    more: Vec<Evidence>,
}

impl Machine {
    fn all(verdict: &Tri) -> Self {
        let finding = Finding { verdict: verdict.clone(), more: Vec::new() };
        Self { hosted: finding.clone(), ephemeral: finding.clone(), isolated: finding }
    }
}

/// The machines of the build jobs. `ways` gets what leads to steps that work on others.
fn machines(scene: &Scene<'_>, target: &Linked<'_>, ways: &mut Vec<Evidence>) -> Vec<Machine> {
    let mut machines: Vec<Machine> = Vec::new();
    for (_, job) in target.build_jobs() {
        if let Some(call) = &job.outside {
            machines.push(of_call(job, call));
            continue;
        }
        match &job.runner {
            RunnerChoice::Hosted { reason, location } => {
                machines.push(Machine::all(&Tri::Met(Evidence::documented(location, "hosted", reason.clone()))));
            }
            RunnerChoice::Unresolved { reason, asked, location } => {
                let pools: Vec<Vec<&RunnerPool>> = asked.iter().map(|set| answering(scene, set)).collect();
                // A label that this run makes is known when the pool that carries it is.
                if !pools.is_empty() && pools.iter().all(|p| !p.is_empty()) {
                    machines.extend(pools.iter().map(|p| worst(p, location)));
                    continue;
                }
                let to_show = "a literal label of a hosted runner, or the definition of the runner pool";
                machines.push(Machine::all(&Tri::Unshown(
                    Evidence::observed(location, "runner-label", reason.clone()),
                    to_show.to_owned(),
                )));
            }
            RunnerChoice::Labels { sets, location } => {
                machines.extend(sets.iter().map(|set| of_labels(scene, set, location)));
            }
        }
    }
    let steps = target.builds.iter().filter_map(|at| target.traits.get(*at)).flat_map(|t| &t.remote);
    let set = |hit: &Trait<Remote>| {
        let Remote { id, needs_file, file_matches, file_imports, .. } = hit.entry;
        let needed = Needed { id, files: needs_file, matches: file_matches.as_ref(), imports: file_imports.as_ref() };
        needed.found(scene, &hit.files, &hit.written)
    };
    for hit in steps.filter(|hit| hit.entry.elsewhere) {
        let Some(settings) = set(hit) else { continue };
        let step = Evidence::observed(&hit.location, &hit.entry.id, format!("this step {}", hit.entry.what));
        ways.extend(leads(&hit.entry.id, hit));
        for evidence in std::iter::once(step).chain(settings) {
            let to_show = "a builder on the machine of the job".to_owned();
            machines.push(Machine::all(&Tri::Unshown(evidence, to_show)));
        }
    }
    machines.extend(sent_by_runners(scene, target));
    for (why, location) in &target.unknown_builds {
        machines.push(Machine::all(&Tri::Unshown(
            Evidence::observed(location, UNKNOWN_BUILD, why.clone()),
            super::TO_SHOW_BUILD.to_owned(),
        )));
    }
    if machines.is_empty() {
        machines.push(Machine::all(&Tri::Unshown(
            Evidence::observed(
                &target.publish.location,
                "no-build-job",
                "no job of the pipeline builds what is published",
            ),
            "the job that builds the published bytes, in this pipeline".to_owned(),
        )));
    }
    machines
}

/// What leads to a step that an entry describes, as evidence.
fn leads<T>(id: &str, hit: &Trait<T>) -> impl Iterator<Item = Evidence> {
    hit.leads.iter().map(move |place| Evidence::observed(place, id, "what leads there"))
}

/// Where the environment of the runners themselves has steps of build jobs work elsewhere.
fn sent_by_runners(scene: &Scene<'_>, target: &Linked<'_>) -> Vec<Machine> {
    let mut found = Vec::new();
    for (at, job) in target.build_jobs() {
        let Some(steps) = target.traits.get(at).map(|t| &t.sendable).filter(|steps| !steps.is_empty()) else {
            continue;
        };
        for variable in reached(scene, job).into_iter().flat_map(|pool| &pool.variables) {
            let sent = |hit: &&Trait<Remote>| hit.entry.is_sent(&variable.name, variable.value.as_deref());
            let Some(hit) = steps.iter().find(sent) else { continue };
            let note = format!("with `{}` in the runner's environment a build step {}", variable.name, hit.entry.what);
            let evidence = Evidence::observed(&variable.location, &hit.entry.id, note);
            let step = Evidence::observed(&hit.location, &hit.entry.id, "the step that the variable concerns");
            let verdict = Tri::Unshown(evidence, "a builder on the machine of the job".to_owned());
            let finding = Finding { verdict, more: vec![step] };
            found.push(Machine { hosted: finding.clone(), ephemeral: finding.clone(), isolated: finding });
        }
    }
    found
}

fn of_call(job: &Job, call: &OutsideCall) -> Machine {
    let location = &call.reference.location;
    match Linked::builder_of(job) {
        Some(builder) if builder.hosted => Machine::all(&Tri::Met(Evidence::documented(
            location,
            &builder.id,
            format!("{} builds on a GitHub-hosted machine of its own", builder.what),
        ))),
        _ => Machine::all(&Tri::Unshown(
            Evidence::observed(location, "outside-workflow", "the called workflow chooses the machine"),
            call.to_show(),
        )),
    }
}

fn of_labels(scene: &Scene<'_>, set: &LabelSet, location: &Location) -> Machine {
    let labels = &Catalogue::get().labels;
    let names: Vec<String> = set.labels.iter().map(|l| l.as_str().to_ascii_lowercase()).collect();
    let unshown = |rule: &str, why: String, to_show: &str| {
        Machine::all(&Tri::Unshown(Evidence::observed(location, rule, why), to_show.to_owned()))
    };
    let has = |list: &[String], name: &str| list.iter().any(|l| l.eq_ignore_ascii_case(name));
    if set.group.is_none()
        && let [name] = names.as_slice()
    {
        if has(&labels.hosted, name) {
            let note = format!("`{name}` is hosted by GitHub: a new virtual machine for each job");
            return Machine::all(&Tri::Met(Evidence::documented(location, "hosted-label", note)));
        }
        if has(&labels.shared, name) {
            let note = format!(
                "`{name}` is hosted by GitHub: a new container for each job, on a virtual machine that jobs share"
            );
            return Machine::all(&Tri::Met(Evidence::documented(location, "hosted-label", note)));
        }
        if has(&labels.retired, name) {
            let why = format!("no hosted machine answers to the retired label `{name}` any more");
            return unshown("retired-label", why, "a label that GitHub still hosts");
        }
    }
    let pools = answering(scene, set);
    if !pools.is_empty() {
        return worst(&pools, location);
    }
    if let Some(group) = &set.group {
        let why = format!("the runner group `{group}` may hold any machine, and no file defines it");
        return unshown(
            "runner-group",
            why,
            "a hosted label, or the definition of the group's runners in the checkout",
        );
    }
    let shown = names.join(", ");
    match vendor(labels, &names) {
        Some(vendor) => unshown(
            "vendor-label",
            format!("`{shown}` is a label of {} ({}), and nobody authenticates a label", vendor.name, vendor.claim),
            "a label that GitHub hosts, or the runner's definition in the checkout",
        ),
        None => unshown(
            "runner-label",
            format!("no file shows which machine answers to `{shown}`"),
            "the definition of the runner pool in the checkout, or its folder given with `--runner-config`",
        ),
    }
}

fn vendor<'l>(labels: &'l Labels, names: &[String]) -> Option<&'l crate::catalogue::Vendor> {
    labels.vendors.iter().find(|v| v.labels.iter().any(|p| names.iter().any(|n| pattern::wildcard(p, n))))
}

/// The worst of several pools, axis by axis. `location` is where the job asks for them: an unshown control is missing
/// there, and the pool's own file is further evidence.
fn worst(pools: &[&RunnerPool], location: &Location) -> Machine {
    let pick = |axis: fn(&RunnerPool) -> &Tri| -> Option<Finding> {
        // Among equals the first counts.
        let pool = pools.iter().min_by_key(|p| std::cmp::Reverse(severity(axis(p))))?;
        let link = format!("the labels are those of the runner pool `{}` in {}", pool.name, pool.location.path);
        let link = Evidence::observed(location, "runner-pool", link);
        Some(match axis(pool) {
            Tri::Unshown(e, to_show) => Finding {
                verdict: Tri::Unshown(
                    Evidence {
                        location: location.clone(),
                        note: format!("the runner pool `{}`: {}", pool.name, e.note),
                        ..e.clone()
                    },
                    to_show.clone(),
                ),
                more: vec![e.clone()],
            },
            shown => Finding { verdict: shown.clone(), more: vec![link] },
        })
    };
    match (pick(|p| &p.hosted), pick(|p| &p.ephemeral), pick(|p| &p.isolated)) {
        (Some(hosted), Some(ephemeral), Some(isolated)) => Machine { hosted, ephemeral, isolated },
        _ => Machine::all(&Tri::Unshown(
            Evidence::observed(location, "runner-label", "no file shows which machine answers"),
            "the definition of the runner pool".to_owned(),
        )),
    }
}

fn severity(verdict: &Tri) -> u8 {
    match verdict {
        Tri::Met(_) => 0,
        Tri::Unshown(..) => 1,
        Tri::Failed(_) => 2,
    }
}

/// One requirement over all machines: the worst decides.
fn axis(requirement: Requirement, target: &Linked<'_>, machines: &[Machine], of: fn(&Machine) -> &Finding) -> Verdict {
    let mut all: Vec<&Finding> = machines.iter().map(of).collect();
    // Stable: among equals the first build job decides.
    all.sort_by_key(|f| std::cmp::Reverse(severity(&f.verdict)));
    let piece = |f: &&Finding| match &f.verdict {
        Tri::Met(e) | Tri::Failed(e) | Tri::Unshown(e, _) => e.clone(),
    };
    let others = |good: bool| {
        let alike = move |f: &&&Finding| matches!(f.verdict, Tri::Met(_)) == good;
        let pieces = all.iter().skip(1).filter(alike).map(piece);
        pieces.chain(all.iter().filter(alike).flat_map(|f| f.more.iter().cloned())).collect::<Vec<_>>()
    };
    let verdict = match all.first().map(|f| &f.verdict) {
        Some(Tri::Failed(e)) => Verdict::failed(requirement, e.note.clone(), e.clone()),
        Some(Tri::Unshown(e, to_show)) => Verdict::unshown(requirement, e.note.clone(), e.clone(), to_show.clone()),
        Some(Tri::Met(e)) => Verdict::met(requirement, e.note.clone(), e.clone()),
        None => {
            let e = Evidence::observed(&build_location(target), "no-build-job", "no build job was found");
            Verdict::unshown(requirement, "no build job was found", e, "the job that builds the published bytes")
        }
    };
    // What is fine on other machines is no place to mend.
    verdict.with(others(false)).beside(others(true))
}

fn cache(scene: &Scene<'_>, target: &Linked<'_>) -> Verdict {
    let requirement = Requirement::IsolatedCache;
    let mut restored: Vec<(Evidence, &str)> = Vec::new();
    let mut ways: Vec<Evidence> = Vec::new();
    let mut opaque: Option<Evidence> = None;
    let mut asked: Vec<&Asked> = Vec::new();
    for (at, job) in target.build_jobs() {
        if let Some(call) = &job.outside {
            match Linked::builder_of(job) {
                Some(builder) => {
                    let restores = |when: &&Vec<Test>| !crate::release::call_restores(call, when).is_never();
                    if let Some(when) = builder.cache_when.as_ref().filter(restores) {
                        let why =
                            builder.cache_why.as_deref().unwrap_or("it restores a cache that other builds can write");
                        let e = Evidence::documented(
                            &call.reference.location,
                            &builder.id,
                            format!("{}: {why}", builder.what),
                        );
                        restored.push((e, "a builder without a shared cache"));
                        let decides = |input: &&Input| when.iter().any(|t| t.input.as_deref() == Some(&*input.name));
                        for input in call.inputs.iter().filter(decides) {
                            let e = Evidence::observed(&input.location, &builder.id, "the input that has it restored");
                            restored.push((e, "a builder without a shared cache"));
                        }
                    }
                }
                None => {
                    opaque = Some(Evidence::observed(
                        &call.reference.location,
                        "outside-workflow",
                        "the called workflow may restore a cache",
                    ));
                }
            }
            continue;
        }
        let barred = matches!(job.cache, CacheMode::NoRestore(_));
        for found in super::reached(scene, job).into_iter().flat_map(|p| &p.caches) {
            let asks = Evidence::observed(job.runner.location(), "runner-pool", "what has the pool run the build");
            restored.push((found.clone(), "a pool without a shared cache"));
            ways.push(asks);
        }
        asked.extend(target.traits.get(at).iter().filter(|_| !barred).flat_map(|t| &t.asked));
        for hit in target.traits.get(at).map(|t| t.caches.as_slice()).unwrap_or_default() {
            let entry = hit.entry;
            if !job.other_run && entry.not_on.contains(&target.flow.event.kind) {
                continue;
            }
            if entry.platform && barred {
                continue;
            }
            let Some(settings) = Needed::of_cache(scene, hit) else { continue };
            let mut what = format!("this step {}", entry.what);
            if let Some(by_default) = entry.by_default.as_ref().filter(|_| !hit.asked) {
                what = format!("{what}, {by_default}");
            }
            let remarks: Vec<&str> = entry.remark.iter().chain(&hit.assumed).map(String::as_str).collect();
            if !remarks.is_empty() {
                what = format!("{what} ({})", remarks.join("; "));
            }
            restored.push((Evidence::observed(&hit.location, &entry.id, what), &entry.off));
            restored.extend(settings.into_iter().map(|evidence| (evidence, entry.off.as_str())));
            ways.extend(leads(&entry.id, hit));
        }
    }
    if let (true, None, Some((first, rest))) = (restored.is_empty(), &opaque, asked.split_first()) {
        return may_restore(requirement, first, rest);
    }
    match (restored.split_first(), opaque) {
        (Some(((first, _), rest)), _) => Verdict::failed(
            requirement,
            format!("the build restores what another build can write: {}", first.note),
            first.clone(),
        )
        .with(rest.iter().map(|(e, _)| e.clone()))
        .beside(ways),
        (None, Some(e)) => Verdict::unshown(
            requirement,
            "the called workflow may restore a cache, and nothing shows that it does not",
            e,
            "the called workflow in this checkout, or one of the builders that the catalogue knows",
        ),
        (None, None) => match (target.unseen_step(target.builds.iter().copied()), super::unknown_build(target)) {
            (Some((what, location)), _) => Verdict::unshown(
                requirement,
                format!("{what}, and nothing shows that it restores no cache"),
                Evidence::observed(location, UNSEEN, what),
                TO_SHOW_ACTION,
            ),
            (None, Some(e)) => Verdict::unshown(
                requirement,
                format!("{}, and nothing shows that the build restores no cache", e.note),
                e,
                super::TO_SHOW_BUILD,
            ),
            (None, None) => Verdict::met(
                requirement,
                "the build jobs restore nothing that another build can write",
                Evidence::observed(&build_location(target), "no-cache", "no step restores a cache"),
            ),
        },
    }
}

/// The verdict where actions that nothing describes are all that may restore something.
fn may_restore(requirement: Requirement, first: &Asked, rest: &[&Asked]) -> Verdict {
    let piece = |asked: &Asked| Evidence::observed(&asked.location, UNSEEN, asked.what.clone());
    let Asked { what, repository, .. } = first;
    Verdict::unshown(
        requirement,
        format!("{what}, and nothing shows that it restores none"),
        piece(first),
        format!(
            "the checkout of {repository}, given with `--with {repository}=PATH`, or a step that asks for no cache"
        ),
    )
    .with(rest.iter().map(|asked| piece(asked)))
}

fn remote(target: &Linked<'_>) -> Verdict {
    let requirement = Requirement::NoRemoteInfluence;
    let (mut found, mut ways): (Vec<Evidence>, Vec<Evidence>) = (Vec::new(), Vec::new());
    let jobs = || target.builds.union(&target.publishers);
    let hits = jobs().filter_map(|at| target.traits.get(*at)).flat_map(|t| &t.remote);
    for hit in hits.filter(|hit| !hit.entry.elsewhere) {
        let when = match &hit.cond {
            _ if hit.only_on_failure => ", when something failed before".to_owned(),
            Cond::Known(true) => String::new(),
            c => format!(", when `{}`", c.told(hit.wording.as_deref())),
        };
        found.push(Evidence::observed(&hit.location, &hit.entry.id, format!("this step {}{when}", hit.entry.what)));
        ways.extend(leads(&hit.entry.id, hit));
    }
    match found.split_first() {
        Some((first, rest)) => Verdict::failed(
            requirement,
            format!("somebody can be let into the running job: {}", first.note),
            first.clone(),
        )
        .with(rest.iter().cloned())
        .beside(ways),
        None => match (target.unseen_calls().next(), target.unseen_step(jobs().copied()), super::unknown_build(target))
        {
            (Some(call), ..) => Verdict::unshown(
                requirement,
                "the called workflow is not visible",
                Evidence::observed(
                    &call.reference.location,
                    "outside-workflow",
                    "the called workflow is not in the checkout",
                ),
                call.to_show(),
            ),
            (None, Some((what, location)), _) => Verdict::unshown(
                requirement,
                format!("{what}, and nothing shows that it lets nobody in"),
                Evidence::observed(location, UNSEEN, what),
                TO_SHOW_ACTION,
            ),
            (None, None, Some(e)) => Verdict::unshown(
                requirement,
                format!("{}, and nothing shows that the build lets nobody in", e.note),
                e,
                super::TO_SHOW_BUILD,
            ),
            (None, None, None) => Verdict::met(
                requirement,
                "no step of the building and publishing jobs lets anybody in",
                Evidence::observed(&build_location(target), "no-remote", "no step opens a remote session"),
            ),
        },
    }
}
