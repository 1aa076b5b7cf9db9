//! Machines that a job of the workflow starts for the jobs behind it.
//!
//! The start job registers a machine under a label of this run and hands the label on. By default the machine stays
//! registered until another job stops it, so every job with the label shares it.
//! Source: <https://github.com/machulav/ec2-github-runner>

use std::collections::BTreeSet;

use crate::model::{ActionUse, Evidence, Flow, Job, Pipeline, RunnerChoice, RunnerPool, StepBody, Text, Tri};

const RULE: &str = "runner-started-by-job";

/// The pools that jobs of the pipelines start.
pub(in crate::runners) fn pools(pipelines: &[Pipeline]) -> Vec<RunnerPool> {
    let mut found: Vec<RunnerPool> = Vec::new();
    for flow in pipelines.iter().flat_map(|p| &p.flows) {
        for job in &flow.jobs {
            for step in &job.steps {
                let (Some(id), StepBody::Action(action)) = (&step.id, &step.body) else { continue };
                if !action.name.ends_with("/ec2-github-runner") {
                    continue;
                }
                let mode = action.input("mode").and_then(|i| i.value.literal());
                if mode != Some("start") {
                    continue;
                }
                let label = Text::unknown(&format!("jobs.{}.steps.{id}.outputs.label", job.key));
                let pool = pool(flow, job, action, &label);
                // The same step starts machines under several events; the worst of them counts like any other pool.
                if !found.contains(&pool) {
                    found.push(pool);
                }
            }
        }
    }
    found
}

fn pool(flow: &Flow, job: &Job, action: &ActionUse, label: &Text) -> RunnerPool {
    let location = &action.reference.location;
    let asks = |job: &&Job| match &job.runner {
        RunnerChoice::Labels { sets, .. } | RunnerChoice::Unresolved { asked: sets, .. } => {
            sets.iter().any(|s| s.labels.contains(label))
        }
        RunnerChoice::Hosted { .. } => false,
    };
    let consumers: Vec<&Job> = flow.jobs.iter().map(|j| &**j).filter(asks).collect();
    let keys: BTreeSet<&str> = consumers.iter().map(|j| j.key.as_str()).collect();
    let jit = action.input("use-jit").filter(|_| action.name == "machulav/ec2-github-runner");
    let jit = jit.filter(|i| i.value.literal() == Some("true"));
    let ephemeral = match (jit, consumers.len()) {
        (Some(input), _) => {
            let note = "`use-jit`: the machine registers for one job of this run";
            Tri::Met(Evidence::observed(&input.location, RULE, note))
        }
        (None, 0 | 1) => {
            let note = "the machine is started for this run, and exactly one job uses it";
            Tri::Met(Evidence::observed(location, RULE, note))
        }
        (None, count) => {
            let names: Vec<&str> = keys.into_iter().collect();
            let note = format!("{count} jobs of the run ({}) share the machine, one after the other", names.join(", "));
            Tri::Failed(Evidence::observed(location, RULE, note))
        }
    };
    let hosted = "a job of the workflow starts a cloud machine for this run";
    let apart = "the machine belongs to this run alone, and what registers it stays in the job that starts it";
    RunnerPool {
        labels: vec![label.as_str().to_ascii_lowercase()],
        hosted: Tri::Met(Evidence::observed(location, RULE, hosted)),
        ephemeral,
        isolated: Tri::Met(Evidence::observed(location, RULE, apart)),
        ..RunnerPool::new(RULE, job.key.clone(), location)
    }
}
