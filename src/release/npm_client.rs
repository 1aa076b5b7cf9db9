//! How new the tool is that publishes an npm package by a client of its own, or in its own way.

use super::doer::Act;
use super::facts::Publish;
use super::naming::join;
use super::npm::place_of;
use super::npm_lock::{self, Locked};
use super::npm_machine;
use super::npm_range::Range;
use super::npmrc::{self, line_location};
use crate::catalogue::{Catalogue, NpmClient};
use crate::checkout::Checkout;
use crate::commands::{flag, matching, workspace};
use crate::model::{Command, Job, Location, Text};

/// The lists of a manifest that name what is installed.
const LISTS: &[&str] = &["dependencies", "devDependencies", "optionalDependencies"];

/// A tool that publishes.
pub(super) struct Called<'p> {
    /// The entries that may describe it.
    tools: Vec<&'static NpmClient>,
    by: By<'p>,
}

/// What calls it.
enum By<'p> {
    /// A command, by its words behind its wrappers.
    Command(&'p Command, &'p [Text]),
    /// An action.
    Action,
}

/// What is shown of the version of a tool.
pub(super) enum Shown {
    /// The entry that describes it, and what the range at this place says: whether the tool is new enough.
    Range(&'static NpmClient, String, bool, Location),
    /// Nothing names a version, and the newest one is fetched.
    Newest,
    /// Nothing names a version.
    Nothing,
}

/// The tool that publishes by a client of its own, or that starts one in its own way.
pub(super) fn called<'p>(publish: &Publish<'p>) -> Option<Called<'p>> {
    let clients = &Catalogue::get().clients;
    let of = |command: &'p Command| {
        command.views().rev().find_map(|words| {
            let name = matching::program(words.first()?)?;
            let fits = |client: &&NpmClient| {
                client.commands.iter().any(|p| matching::matches_program(p, name, words).is_some())
            };
            let tools: Vec<_> = clients.of_program(name).filter(fits).collect();
            (!tools.is_empty()).then_some(Called { tools, by: By::Command(command, words) })
        })
    };
    match publish.doer.act {
        Act::Action(_, action) => {
            let tools: Vec<_> = clients.of_action(&action.name).filter(|c| c.actions.contains(&action.name)).collect();
            (!tools.is_empty()).then_some(Called { tools, by: By::Action })
        }
        Act::Command(step, command, _) => of(command).or_else(|| {
            // What a tool stands for is at its place, or one hop behind it.
            let commands = &step.script()?.commands;
            let places = std::iter::once(&command.location).chain(command.chain.iter().rev().map(|hop| &hop.location));
            places.into_iter().find_map(|place| commands.iter().filter(|c| c.location == *place).find_map(of))
        }),
    }
}

impl Called<'_> {
    /// Whether it brings the client that publishes.
    pub(super) fn brings_client(&self) -> bool {
        self.tools.iter().any(|tool| tool.own)
    }

    /// What it is called, for people.
    pub(super) fn name(&self) -> &str {
        let program = match self.by {
            By::Command(_, words) => words.first().and_then(matching::program),
            By::Action => None,
        };
        program.or_else(|| self.tools.first().map(|tool| tool.package.as_str())).unwrap_or("the tool")
    }

    /// Whether its version, as far as it is shown, is at least the one that `from` takes of its entry.
    pub(super) fn at_least(
        &self,
        (checkout, job, publish): (&Checkout, &Job, &Publish<'_>),
        from: fn(&NpmClient) -> Option<[u32; 3]>,
    ) -> Shown {
        let (command, words) = match self.by {
            By::Action => return self.of_action(publish, from),
            By::Command(command, words) => (command, words),
        };
        let named = self.in_words(command, words).or_else(|| self.installed(job, publish));
        let named = named.or_else(|| self.managed(checkout, publish));
        if let Some((tool, spec, location)) = named {
            return shown(tool, from, &spec, location, || Locked::Nothing);
        }
        if let Some((tool, spec, location, folder)) = self.listed(checkout, publish) {
            return shown(tool, from, &spec, location, || npm_lock::version(checkout, &folder, &tool.package));
        }
        let folder = publish.doer.folder();
        for tool in &self.tools {
            for folder in npmrc::ancestors(folder.as_str()) {
                if let Locked::At(spec, location) = npm_lock::version(checkout, folder, &tool.package) {
                    return shown(tool, from, &spec, location, || Locked::Nothing);
                }
            }
        }
        if fetches(command) || self.fetched(job, publish) { Shown::Newest } else { Shown::Nothing }
    }

    fn of_action(&self, publish: &Publish<'_>, from: fn(&NpmClient) -> Option<[u32; 3]>) -> Shown {
        let (Act::Action(_, action), Some(tool)) = (publish.doer.act, self.tools.first()) else {
            return Shown::Nothing;
        };
        let reference = &action.reference;
        let enough = from(tool).is_none_or(|from| reference.at_least(from));
        let version = reference.version.map(|v| v.to_string()).unwrap_or_default();
        Shown::Range(tool, version, enough, reference.location.clone())
    }

    /// The version behind its name: `semantic-release@22`, `npx -p lerna@8 lerna publish`.
    fn in_words(&self, command: &Command, words: &[Text]) -> Option<(&'static NpmClient, String, Location)> {
        let packages = flag(&command.words, &["-p".to_owned(), "--package".to_owned()]);
        let packages = packages.iter().filter_map(|flag| flag.value());
        let mut specs = words.first().into_iter().chain(packages);
        specs.find_map(|spec| self.spec(spec.as_str())).map(|(tool, spec)| (tool, spec, command.location.clone()))
    }

    /// A package with its version, when it brings the tool.
    fn spec(&self, word: &str) -> Option<(&'static NpmClient, String)> {
        self.tools.iter().find_map(|tool| {
            let spec = word.strip_prefix(tool.package.as_str())?.strip_prefix('@')?;
            Some((*tool, spec.to_owned()))
        })
    }

    /// The version that the job installs last.
    fn installed(&self, job: &Job, publish: &Publish<'_>) -> Option<(&'static NpmClient, String, Location)> {
        let steps = job.steps.iter().take(publish.step + 1).rev().filter_map(|step| step.script());
        let mut commands = steps.flat_map(|script| script.commands.iter().rev());
        let installs = |word: &Text| matches!(word.as_str(), "install" | "i" | "add" | "global" | "prepare" | "use");
        commands.find_map(|command| {
            // Nearly no word names a version.
            let spec = command.words.iter().find_map(|word| self.spec(word.as_str()))?;
            command.words.iter().any(installs).then(|| (spec.0, spec.1, command.location.clone()))
        })
    }

    /// Whether the job installs it in its newest version.
    fn fetched(&self, job: &Job, publish: &Publish<'_>) -> bool {
        let scripts = job.steps.iter().take(publish.step + 1).filter_map(|step| step.script());
        let mut commands = scripts.flat_map(|script| &script.commands);
        let is = |word: &Text| self.tools.iter().any(|tool| tool.package == word.as_str());
        commands.any(|command| {
            let words = command.words.iter().skip(1);
            words.clone().any(is) && words.clone().any(|word| matches!(word.as_str(), "install" | "i" | "add"))
        })
    }

    /// The version of a package manager: the one that lies in the checkout, or that the manifest names.
    fn managed(&self, checkout: &Checkout, publish: &Publish<'_>) -> Option<(&'static NpmClient, String, Location)> {
        let tool = self.tools.iter().find(|tool| tool.package == "yarn")?;
        let base = publish.doer.folder();
        let kept = npmrc::ancestors(base.as_str()).find_map(|folder| {
            let path = join(folder, ".yarnrc.yml");
            let text = checkout.is_there(&path).then(|| checkout.read(&path).ok()).flatten()?;
            let (number, line) = text.lines().enumerate().find(|(_, line)| line.starts_with("yarnPath:"))?;
            let file = line.rsplit('/').next()?.trim().trim_matches(['"', '\'']);
            let version = file.strip_prefix("yarn-")?.split(".cjs").next()?;
            Some((version.to_owned(), line_location(&path, number, line)))
        });
        let (version, location) = kept.or_else(|| npm_machine::manager(checkout, base.as_str(), "yarn"))?;
        Some((tool, version, location))
    }

    /// The range that the nearest manifest which lists it asks for, and the folder of the manifest.
    fn listed(
        &self,
        checkout: &Checkout,
        publish: &Publish<'_>,
    ) -> Option<(&'static NpmClient, String, Location, String)> {
        let base = publish.doer.folder();
        npmrc::ancestors(base.as_str()).find_map(|folder| {
            let path = join(folder, "package.json");
            let text = checkout.is_there(&path).then(|| checkout.read(&path).ok()).flatten()?;
            let any = self.tools.iter().any(|tool| text.contains(tool.package.as_str()));
            let json = any.then(|| workspace::json(checkout, &path, &text)).flatten()?;
            self.tools.iter().find_map(|tool| {
                let spec = LISTS.iter().find_map(|list| json.get(*list)?.get(&tool.package)?.as_str())?;
                Some((*tool, spec.to_owned(), place_of(&path, &text, &tool.package), folder.to_owned()))
            })
        })
    }
}

/// What a range says, the lock file asked where it leaves room.
fn shown(
    tool: &'static NpmClient,
    from: fn(&NpmClient) -> Option<[u32; 3]>,
    spec: &str,
    location: Location,
    lock: impl FnOnce() -> Locked,
) -> Shown {
    let Some(from) = from(tool) else { return Shown::Range(tool, spec.to_owned(), true, location) };
    let decided = Range::parse(spec).and_then(|range| range.is_from(from));
    if let Some(enough) = decided {
        return Shown::Range(tool, spec.to_owned(), enough, location);
    }
    match lock() {
        Locked::At(version, place) => match Range::parse(&version).and_then(|range| range.is_from(from)) {
            Some(enough) => Shown::Range(tool, version, enough, place),
            None => Shown::Nothing,
        },
        Locked::Hidden => Shown::Nothing,
        // What a range lets in is installed in its newest version.
        Locked::Nothing if Range::parse(spec).is_some() => Shown::Range(tool, spec.to_owned(), true, location),
        Locked::Nothing => Shown::Nothing,
    }
}

/// Whether a wrapper of a command fetches the newest version of what is not installed.
fn fetches(command: &Command) -> bool {
    let wrappers = &Catalogue::get().wrappers;
    command.views().any(|words| {
        let Some(name) = words.first().and_then(matching::program) else { return false };
        let fits = |w: &crate::catalogue::Wrapper| {
            w.fetches && w.commands.iter().any(|p| matching::matches_program(p, name, words).is_some())
        };
        wrappers.of_program(name).any(fits)
    })
}
