//! External parameters: which of them reach a build, and where each is named first.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::model::{Command, Flow, Job, Location, Parameter, Step, StepBody, Text};
use crate::release::{Act, Doer, Linked};

/// An external parameter that reaches a build, with the first place that names it.
pub(super) type Reaching = (String, Location);

/// A flow, a job's place in it, and the steps that work in the job.
type Building = (*const Flow, usize, Vec<usize>);

/// What has been asked: the targets of a flow share their build jobs.
#[derive(Default)]
pub(super) struct Read<'p> {
    jobs: HashMap<Building, Rc<[Reaching]>>,
    /// By the flow and the symbol: the external parameters behind it.
    external: HashMap<(*const Flow, &'p str), Rc<BTreeSet<String>>>,
}

impl<'p> Read<'p> {
    /// The external parameters that reach a build step of the target.
    pub(super) fn reaching(&mut self, target: &Linked<'p>) -> Vec<Reaching> {
        let mut found: Vec<Reaching> = Vec::new();
        for (at, job) in target.build_jobs() {
            for (symbol, location) in &*self.of_job(target, at, job) {
                if !found.iter().any(|(known, _)| known == symbol) {
                    found.push((symbol.clone(), location.clone()));
                }
            }
        }
        self.selecting(target, &mut found);
        found
    }

    /// Adds the parameters of the steps that take bytes from where nothing shows their build: they select them.
    fn selecting(&mut self, target: &Linked<'p>, found: &mut Vec<Reaching>) {
        if target.unknown_builds.is_empty() {
            return;
        }
        for job in target.builds.union(&target.publishers).filter_map(|at| target.flow.job(*at)) {
            for parameter in &job.parameters {
                let step = parameter.step.and_then(|at| step_at(job, at));
                let takes = |step: &Step| target.unknown_builds.iter().any(|(_, place)| *place == step.location);
                if !step.is_some_and(takes) {
                    continue;
                }
                for symbol in &*self.external(target.flow, &parameter.symbol) {
                    if !found.iter().any(|(known, _)| known == symbol) {
                        found.push((symbol.clone(), parameter.location.clone()));
                    }
                }
            }
        }
    }

    fn of_job(&mut self, target: &Linked<'p>, at: usize, job: &'p Job) -> Rc<[Reaching]> {
        let working = target.working.get(&at).cloned().unwrap_or_default();
        let key = (std::ptr::from_ref(target.flow), at, working);
        if let Some(known) = self.jobs.get(&key) {
            return Rc::clone(known);
        }
        let build = Build::new(target, at, job);
        let (mut found, mut seen): (Vec<Reaching>, BTreeSet<&str>) = (Vec::new(), BTreeSet::new());
        for parameter in &job.parameters {
            if seen.contains(&*parameter.symbol) || !build.takes(parameter) {
                continue;
            }
            seen.insert(&parameter.symbol);
            for symbol in &*self.external(target.flow, &parameter.symbol) {
                if !found.iter().any(|(known, _)| known == symbol) {
                    found.push((symbol.clone(), parameter.location.clone()));
                }
            }
        }
        for (symbol, location) in build.read_from_event(target.flow) {
            if !found.iter().any(|(known, _)| *known == symbol) {
                found.push((symbol, location));
            }
        }
        let found: Rc<[Reaching]> = found.into();
        self.jobs.insert(key, Rc::clone(&found));
        found
    }

    /// The external parameters behind a symbol: itself, or what scripts write into the output that it names.
    fn external(&mut self, flow: &'p Flow, symbol: &'p str) -> Rc<BTreeSet<String>> {
        let found = || {
            let mut seen = BTreeSet::new();
            let mut open = vec![symbol.to_owned()];
            while let Some(symbol) = open.pop() {
                if seen.contains(&symbol) {
                    continue;
                }
                let output = symbol.strip_prefix("jobs.").and_then(|path| path.split_once(".steps."));
                if let Some((key, (id, name))) =
                    output.and_then(|(key, rest)| Some((key, rest.split_once(".outputs.")?)))
                {
                    let steps = flow.jobs.iter().filter(|job| job.key == key).flat_map(|job| &job.steps);
                    let named = steps.filter(|step| step.id.as_deref() == Some(id));
                    open.extend(named.flat_map(|step| behind(flow, key, step, name)));
                }
                seen.insert(symbol);
            }
            seen.retain(|symbol| !symbol.starts_with("jobs."));
            let told = seen.iter().filter_map(|symbol| Parameter::told_by(symbol, flow.event.kind));
            Rc::new(told.collect())
        };
        Rc::clone(self.external.entry((std::ptr::from_ref(flow), symbol)).or_insert_with(found))
    }
}

/// The parameters behind an output of a step: those in what a script writes there, and all that an action is given.
fn behind(flow: &Flow, key: &str, step: &Step, name: &str) -> Vec<String> {
    let within = |text: &Text| text.symbols().flat_map(Parameter::within).collect::<Vec<_>>();
    match &step.body {
        StepBody::Script(script) => {
            let mut writes = script.outputs.iter().filter(|write| write.name == name).peekable();
            // A program that is not read writes it.
            if writes.peek().is_none() {
                let texts = script.commands.iter().flat_map(|c| c.words.iter().chain(&c.input));
                return texts.flat_map(|text| Parameter::of_event(text.as_str())).collect();
            }
            writes.flat_map(|write| within(&write.value)).collect()
        }
        StepBody::Action(action) => {
            let inputs = action.inputs.iter().map(|input| &input.value);
            let given = inputs.flat_map(|value| within(value).into_iter().chain(Parameter::of_event(value.as_str())));
            // Of its variables those that it does not share with all other steps.
            let jobs = flow.jobs.iter().filter(|job| job.key == key);
            let own = |job: &&Job, parameter: &Parameter| {
                parameter.step.and_then(|at| step_at(job, at)).is_some_and(|named| named.is(step))
            };
            let named = jobs.flat_map(|job| {
                job.parameters.iter().filter(move |p| own(&&**job, p)).map(|parameter| parameter.symbol.clone())
            });
            given.chain(named).collect()
        }
        StepBody::Opaque { .. } => Vec::new(),
    }
}

/// A build job, as far as parameters reach what it builds.
struct Build<'p> {
    job: &'p Job,
    /// The places of the steps that run code of the checkout or make bytes.
    working: BTreeSet<&'p Location>,
    /// The position of the last of them.
    last: Option<usize>,
    /// What is known of a step, by its position.
    steps: Vec<OnceCell<Option<Preparing<'p>>>>,
}

/// A step that may carry a parameter into what is built.
struct Preparing<'p> {
    step: &'p Step,
    /// Whether all that it is given goes there.
    whole: bool,
    /// What it does, each with whether it carries what it is given into a build.
    doers: OnceCell<Vec<(Doer<'p>, bool)>>,
}

impl<'p> Build<'p> {
    fn new(target: &Linked<'p>, at: usize, job: &'p Job) -> Self {
        let steps = job.parameters.iter().filter_map(|parameter| parameter.step).max().map_or(0, |last| last + 1);
        Self {
            job,
            working: target.working_steps(at).map(|(_, step)| &step.location).collect(),
            last: target.working_steps(at).map(|(index, _)| index).max(),
            steps: std::iter::repeat_with(OnceCell::new).take(steps).collect(),
        }
    }

    /// Whether the build takes the parameter.
    fn takes(&self, parameter: &Parameter) -> bool {
        let Some(at) = parameter.step else { return self.job.outside.is_some() || !self.working.is_empty() };
        let step = self.steps.get(at).and_then(|known| known.get_or_init(|| self.step(at)).as_ref());
        step.is_some_and(|step| step.whole || self.last.is_some_and(|last| last > at) && step.names(&parameter.symbol))
    }

    /// What the steps that build read from the file of the event.
    fn read_from_event(&self, flow: &Flow) -> Vec<Reaching> {
        let steps = self.job.steps.iter().filter(|step| self.working.contains(&step.location));
        let commands = steps.filter_map(|step| step.script()).flat_map(|script| &script.commands);
        let read = |command: &'p Command| {
            let texts = command.words.iter().chain(&command.input);
            let texts = texts.filter(|text| text.as_str().contains(Parameter::EVENT_FILE));
            texts.flat_map(|text| Parameter::of_event(text.as_str())).map(|symbol| (symbol, command.location.clone()))
        };
        let told = |(symbol, location): Reaching| Some((Parameter::told_by(&symbol, flow.event.kind)?, location));
        commands.flat_map(read).filter_map(told).collect()
    }

    fn step(&self, at: usize) -> Option<Preparing<'p>> {
        let step = step_at(self.job, at)?;
        let checks_out = matches!(&step.body, StepBody::Action(a) if a.name == "actions/checkout");
        Some(Preparing { step, whole: checks_out || self.working.contains(&step.location), doers: OnceCell::new() })
    }
}

impl<'p> Preparing<'p> {
    fn doers(&self) -> &[(Doer<'p>, bool)] {
        let with = |doer: Doer<'p>| {
            let carries = doer.carries();
            (doer, carries)
        };
        self.doers.get_or_init(|| Doer::all(self.step).into_iter().map(with).collect())
    }

    /// Whether the step carries what the symbol stands for into what is built: it chooses the tools, or changes files.
    fn names(&self, symbol: &str) -> bool {
        // Hardly any word holds it at all.
        let names = |text: &Text| {
            text.as_str().contains(symbol) && text.symbols().flat_map(Parameter::within).any(|found| found == symbol)
        };
        self.doers().iter().any(|(doer, carries)| match doer.act {
            Act::Action(..) => *carries,
            Act::Command(_, command, _) => *carries && command.words.iter().chain(&command.input).any(names),
        })
    }
}

/// The step with this position in the job's own list; inner steps of composite actions share their caller's place.
fn step_at(job: &Job, index: usize) -> Option<&Step> {
    let id = format!("step-{}", index + 1);
    let mut steps = job.steps.iter().map(|step| &**step);
    steps
        .clone()
        .filter(|s| s.chain.len() == job.chain.len())
        .find(|s| s.id.as_deref() == Some(&id))
        .or_else(|| steps.nth(index))
}
