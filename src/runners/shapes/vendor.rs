//! Label configurations of vendors that start machines in the owner's cloud account.
//!
//! They name labels and sizes. That the machines exist is shown by the vendor's stack or project in the checkout, not
//! by these files.
//! Source: <https://runs-on.com/configuration/repo-config/>, <https://docs.cirun.io/reference/yaml>

use crate::model::{Evidence, Location, Note, RunnerPool, Tri};
use crate::runners::{File, is_open};
use crate::syntax::conf::{Value, hcl, yaml};
use crate::syntax::yaml::Node;

/// The strings of which a file with such a definition holds one.
pub(in crate::runners) const KEYS: &[&str] = &["runners:"];

const RUNS_ON: &str = "runs-on-config";
const CIRUN: &str = "cirun-config";

/// The pools of a file.
pub(in crate::runners) fn pools(file: &File<'_>) -> Vec<RunnerPool> {
    let Some(document) = file.documents().first() else { return Vec::new() };
    let Some(runners) = document.root().get("runners") else { return Vec::new() };
    match &**file.path {
        ".github/runs-on.yml" | ".github/runs-on.yaml" => {
            runners.entries().filter_map(|(key, runner)| runs_on(file, key, runner)).collect()
        }
        ".cirun.yml" => runners.items().map(|runner| cirun(file, runner)).collect(),
        _ => Vec::new(),
    }
}

fn unshown(pool: &mut RunnerPool, rule: &'static str, at: &Location, vendor: &str, to_show: &str) {
    let note = format!(
        "a label configuration of {vendor}: it names machines, and nothing in the checkout shows that they exist"
    );
    let axis = || Tri::Unshown(Evidence::observed(at, rule, note.clone()), to_show.to_owned());
    pool.hosted = axis();
    pool.ephemeral = axis();
    pool.isolated = axis();
}

fn runs_on(file: &File<'_>, key: Node<'_>, runner: Node<'_>) -> Option<RunnerPool> {
    let name = key.as_str()?;
    let at = file.at(key);
    let mut pool = RunnerPool::new(RUNS_ON, name, &at);
    pool.labels = vec!["runs-on".to_owned(), format!("runner={}", name.to_ascii_lowercase())];
    match stack(file) {
        Some(place) => {
            let met = |note: &str| Tri::Met(Evidence::documented(&place, RUNS_ON, note));
            pool.hosted = met(
                "the vendor's stack, which the checkout defines, starts a machine of the cloud account for each job",
            );
            pool.ephemeral = met("the vendor's stack ends a machine after one job");
            pool.isolated = met("each job has a machine of its own");
        }
        None => unshown(&mut pool, RUNS_ON, &at, "RunsOn", "the vendor's stack as infrastructure code in the checkout"),
    }
    if let Some(extras) = runner.get("extras") {
        let with = |wanted: &[&str]| {
            let named = |text: &str| text.split(['+', ',']).any(|e| wanted.contains(&e.trim()));
            match extras.as_str() {
                Some(text) => named(text).then_some(extras),
                None => extras.items().find(|i| i.as_str().is_some_and(named)),
            }
        };
        if let Some(node) = with(&["efs"]) {
            let note = "a network file system is mounted into every machine, so one job leaves files to the next";
            let failed = Tri::Failed(Evidence::observed(&file.at(node), RUNS_ON, note));
            pool.ephemeral = failed.clone();
            pool.isolated = failed;
        }
        if let Some(node) = with(&["s3-cache", "efs", "ecr-cache"]) {
            let note = "the pool puts a shared cache behind every build, which other builds can write";
            pool.caches.push(Evidence::observed(&file.at(node), RUNS_ON, note));
        }
    }
    if let Some(node) = runner.get("ssh").filter(|s| s.as_bool() == Some(true)) {
        pool.notes.push(Note::info("runner-ssh", &file.at(node), "people can log in to the machine while it builds"));
    }
    Some(pool)
}

/// Where the checkout defines the vendor's stack.
/// Source: <https://runs-on.com/guides/install/>, <https://registry.terraform.io/modules/runs-on/runs-on/aws>
fn stack(file: &File<'_>) -> Option<Location> {
    let is_template = |url: &str| {
        url.strip_prefix("https://runs-on.s3")
            .is_some_and(|rest| rest.starts_with(['.', '-']) && rest.contains(".amazonaws.com/cloudformation/template"))
    };
    let ends = |path: &str, ends: &[&str]| ends.iter().any(|e| path.ends_with(e));
    let candidates = file.checkout.files().iter().filter(|p| !p.starts_with(".github/"));
    for path in candidates.filter(|p| ends(p, &[".yml", ".yaml", ".json", ".template", ".tf", ".tofu"])) {
        let holds = |bytes: &[u8]| bytes.windows(7).any(|w| w == b"runs-on");
        let Ok(Some(text)) = file.checkout.glance_if(path, holds) else { continue };
        if ends(path, &[".tf", ".tofu"]) {
            let (blocks, _) = hcl(path, &text, &()).unwrap_or_default();
            for block in &blocks {
                let word = |key: &str| block.value.get(key).and_then(Value::shown).unwrap_or_default();
                if block.kind == "module" && word("source") == "runs-on/runs-on/aws"
                    || is_template(word("template_url"))
                {
                    return Some(block.value.at.clone());
                }
            }
            continue;
        }
        for document in yaml(path, &text).unwrap_or_default() {
            for entry in document.get("Resources").map(Value::entries).unwrap_or_default() {
                let url = entry.value.path(&["Properties", "TemplateURL"]).and_then(Value::shown);
                if url.is_some_and(is_template) {
                    return Some(entry.at.clone());
                }
            }
        }
    }
    None
}

fn cirun(file: &File<'_>, runner: Node<'_>) -> RunnerPool {
    let word = |key: &str| runner.get(key).and_then(|n| n.as_str());
    let at = runner.get("name").map_or_else(|| file.at(runner), |n| file.at(n));
    let mut pool = RunnerPool::new(CIRUN, word("name").unwrap_or("runner"), &at);
    let labels = runner.get("labels").into_iter().flat_map(|l| l.items()).filter_map(|i| i.as_str());
    pool.labels = labels.filter(|l| !is_open(l)).map(str::to_ascii_lowercase).collect();
    unshown(&mut pool, CIRUN, &at, "Cirun", "a managed pool as infrastructure code in the checkout");
    pool
}
