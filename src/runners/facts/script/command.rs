//! What one command says about an agent and its machine.

use std::collections::BTreeSet;

use super::{Install, Once};
use crate::model::{Evidence, Location};
use crate::runners::facts::docker::Run;

/// Options of `config.sh` that take a value.
const VALUED: &[&str] = &[
    "--url",
    "--token",
    "--labels",
    "--name",
    "--runnergroup",
    "--work",
    "--pat",
    "--auth",
    "--pool",
    "--agent",
    "--runasservice-username",
    "--windowslogonaccount",
    "--windowslogonpassword",
];

/// Addresses by which an agent is registered.
pub(super) const API: [&str; 2] = ["actions/runners/registration-token", "actions/runners/generate-jitconfig"];
pub(super) const ASKS: &str = "the script asks the forge for registrations, so what authorises it lies in the runner, where every build can read it";

/// Pieces of the commands by which clouds delete a machine.
const DESTROYS: &[&str] = &[
    "terminate-instances",
    "terminate-instance-in-auto-scaling-group",
    "instances delete",
    "instance delete",
    "delete-instances",
    "vm delete",
    "server delete",
    "droplet delete",
];

/// What is around a command.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) at: &'a Location,
    pub(super) rule: &'static str,
    pub(super) when: When,
    /// It stands in the body of a loop without a list.
    pub(super) repeated: bool,
}

/// When a command runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Always,
    Perhaps,
    Never,
}

impl Around<'_> {
    fn note(&self, note: &str) -> Evidence {
        Evidence::observed(self.at, self.rule, note)
    }
}

/// The program of a command: the last part of its first word.
pub(super) fn program(word: &str) -> &str {
    word.rsplit(['/', '\\']).next().unwrap_or_default()
}

impl Install {
    /// Takes what a command says. Unknown parts of its words stand as `${NAME}` or `$`. `ran` tells whether the agent
    /// has been started further up, and is set when it is started here.
    pub(super) fn take(&mut self, words: &[String], around: Around<'_>, ran: &mut bool) {
        let Some((first, rest)) = words.split_first() else { return };
        let program = program(first);
        let at = around.at;
        let has = |flag: &str| rest.iter().any(|w| w.eq_ignore_ascii_case(flag));
        self.mentions(words, around);
        match program {
            "config.sh" | "config.cmd" | "Runner.Listener" if !has("remove") && !has("run") => {
                self.configure(program, rest, around);
            }
            "run.sh" | "run.cmd" | "runsvc.sh" | "Runner.Listener" | "run-docker.sh" => {
                self.windows |= program.ends_with(".cmd");
                if self.azure && has("--once") {
                    self.once = Some(Once::Yes(around.note("`--once`: the agent takes one job")));
                } else if has("--jitconfig") || rest.iter().any(|w| w.starts_with("--jitconfig=")) {
                    self.registered.get_or_insert_with(|| at.clone());
                    self.once(Once::Yes(around.note("a just-in-time configuration registers for one job")), around);
                } else if has("--once")
                    && self.once.is_none()
                    && (self.location.is_some() || first.contains("runner") || program != "run.sh")
                {
                    let found = around.note("`--once` is deprecated, and a second job can slip in");
                    self.once = Some(Once::Hidden(found));
                }
                self.location.get_or_insert_with(|| at.clone());
                if program == "runsvc.sh" {
                    self.service.get_or_insert(around.note("the agent runs as a service of the machine"));
                }
                if around.repeated {
                    self.again(around);
                }
                *ran = true;
            }
            "svc.sh" if has("install") || has("start") => {
                self.location.get_or_insert_with(|| at.clone());
                let found = around.note("the agent runs as a service of the machine, job after job");
                self.service.get_or_insert(found);
            }
            "Start-Service"
            | "New-Service"
            | "nssm"
            | "nssm.exe"
            | "sc.exe"
            | "Register-ScheduledTask"
            | "schtasks"
                if rest
                    .iter()
                    .any(|w| ["actions.runner", "run.cmd", "RunnerService"].iter().any(|n| w.contains(n))) =>
            {
                self.location.get_or_insert_with(|| at.clone());
                self.windows = true;
                self.service.get_or_insert(around.note("the agent runs as a service of the machine, job after job"));
            }
            "docker" | "podman" | "nerdctl" if rest.first().is_some_and(|w| w == "run") => {
                self.runs.extend(Run::parse(rest.get(1..).unwrap_or_default(), at));
            }
            "shutdown" | "shutdown.exe" | "poweroff" | "halt" | "systemctl" | "init" | "Stop-Computer" if *ran => {
                let off = match program {
                    "shutdown.exe" => has("/s"),
                    "shutdown" if has("/s") || has("/r") => has("/s"),
                    "systemctl" => has("poweroff") || has("halt"),
                    // A delay leaves the machine to another job.
                    "shutdown" => !has("-c") && !has("-r") && !rest.iter().any(|w| w.starts_with('+') && w != "+0"),
                    "init" => has("0"),
                    _ => true,
                };
                if off && around.when == When::Always {
                    self.stopped.get_or_insert(around.note("the machine is switched off behind the agent"));
                }
            }
            "Remove-EC2Instance" | "Remove-AzVM" | "Remove-GceInstance" if *ran => self.destroys(around),
            "aws" | "gcloud" | "az" | "hcloud" | "doctl" | "yc" if *ran => {
                let all = rest.join(" ");
                if DESTROYS.iter().any(|piece| all.contains(piece)) {
                    self.destroys(around);
                }
            }
            _ => {}
        }
    }

    /// What words say wherever they stand.
    pub(super) fn mentions(&mut self, words: &[String], around: Around<'_>) {
        if words.iter().any(|w| API.iter().any(|api| w.contains(api))) {
            self.asks.get_or_insert(around.note(ASKS));
            self.long_lived.get_or_insert(around.note(ASKS));
        }
        let header = words.iter().find(|w| w.to_ascii_lowercase().starts_with("authorization:"));
        if header.is_some_and(|w| w.split(' ').any(is_lasting)) {
            let found = around.note("a lasting credential asks for the registration, and every build can read it");
            self.long_lived.get_or_insert(found);
        }
        let told =
            |w: &String| w.contains("RUNNER_INPUT_EPHEMERAL=true") || w.contains("ACTIONS_RUNNER_INPUT_JITCONFIG=");
        if words.iter().any(told) {
            self.told.get_or_insert(around.note("a variable of the agent registers it for one job"));
        }
    }

    fn destroys(&mut self, around: Around<'_>) {
        if around.when == When::Always {
            self.destroyed.get_or_insert(around.note("the machine is destroyed behind the agent"));
        }
    }

    /// The unit of a service starts the agent again.
    pub(super) fn restarted(&mut self, around: Around<'_>) {
        self.service.get_or_insert(around.note("the agent runs as a service of the machine, job after job"));
    }

    pub(super) fn again(&mut self, around: Around<'_>) {
        self.looped.get_or_insert(around.note("a loop runs the agent again and again on the same files"));
    }

    fn configure(&mut self, program: &str, rest: &[String], around: Around<'_>) {
        let at = around.at;
        let mut flags: BTreeSet<&str> = BTreeSet::new();
        let mut open = false;
        let mut words = rest.iter();
        let (mut url, mut labels, mut group, mut pool) = (None, None, None, None);
        let (mut known, mut personal) = (false, false);
        let mut held = None;
        while let Some(word) = words.next() {
            let (name, attached) = match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                _ => (word.as_str(), None),
            };
            let low = name.to_ascii_lowercase();
            if let Some(valued) = VALUED.iter().find(|v| **v == low) {
                known = true;
                let value = attached.or_else(|| words.next().cloned());
                match *valued {
                    "--url" => url = value,
                    "--token" if value.as_deref().is_some_and(is_lasting) => {
                        held = held.or(Some("a lasting credential registers the runner, and every build can read it"));
                    }
                    "--labels" => labels = value,
                    "--runnergroup" => group = value,
                    "--pool" => pool = value,
                    "--auth" => personal = value.is_some_and(|v| v.eq_ignore_ascii_case("pat")),
                    "--pat" => {
                        held =
                            held.or(Some("a personal access token registers the runner, and every build can read it"));
                    }
                    _ => {}
                }
            } else if word.starts_with("--") {
                if attached.as_deref() != Some("false") {
                    flags.insert(name);
                }
            } else {
                open |= word.contains('$');
            }
        }
        if let Some(note) = held {
            self.long_lived.get_or_insert(around.note(note));
        }
        // `config.sh` is a common name.
        let ours = url.is_some()
            || flags.iter().any(|f| matches!(*f, "--unattended" | "--ephemeral" | "--no-default-labels"))
            || known && labels.is_some();
        // The agent of Azure Pipelines has the same command and other options.
        let azure = flags.iter().any(|f| f.eq_ignore_ascii_case("--acceptTeeEula")) || pool.is_some();
        if !ours || azure && url.is_none() {
            return;
        }
        self.location = Some(at.clone());
        self.registered.get_or_insert_with(|| at.clone());
        self.windows |= program.ends_with(".cmd");
        if azure {
            self.azure = true;
            self.bare = true;
            self.labels = pool;
            let note = "the agent is run without `--once`, so it takes one job after another";
            self.once = Some(Once::No(around.note(note)));
            if personal {
                let found = around.note("a personal access token registers the agent, and every build can read it");
                self.long_lived.get_or_insert(found);
            }
            if flags.iter().any(|f| f.eq_ignore_ascii_case("--runAsService")) {
                self.service = Some(around.note("the agent runs as a service of the machine"));
            }
            return;
        }
        let once = if flags.contains("--ephemeral") {
            Once::Yes(around.note("`--ephemeral`: the agent registers for one job"))
        } else if let Some(told) = &self.told {
            Once::Yes(told.clone())
        } else if open {
            Once::Hidden(around.note("a variable may add options that are not visible"))
        } else {
            let note = "the agent is registered without `--ephemeral`, so it takes one job after another";
            Once::No(around.note(note))
        };
        self.once(once, around);
        self.labels = labels.or(self.labels.take());
        self.url = url.or(self.url.take());
        self.group = group.or(self.group.take());
        self.bare = flags.contains("--no-default-labels");
        if flags.iter().any(|f| f.eq_ignore_ascii_case("--runasservice")) {
            self.service = Some(around.note("the agent runs as a service of the machine"));
        }
    }

    /// Of several registrations the worst counts. One under a condition shows nothing good.
    pub(super) fn once(&mut self, found: Once, around: Around<'_>) {
        let found = match (found, around.when) {
            (Once::Yes(e), When::Never) => Once::Hidden(e),
            (Once::Yes(e), When::Perhaps) => {
                Once::Hidden(Evidence { note: format!("{}, but only under a condition of the script", e.note), ..e })
            }
            (found, _) => found,
        };
        let worse = match (&self.once, &found) {
            (None, _) => true,
            (Some(Once::Yes(_)), _) => true,
            (Some(Once::Hidden(_)), Once::No(_)) => true,
            // `--once` on the way to a later registration for one job.
            (Some(Once::No(_) | Once::Hidden(_)), _) => false,
        };
        if worse {
            self.once = Some(found);
        }
    }
}

/// Whether the variable that gives a token is called after a credential that outlives the registration.
pub(super) fn is_lasting(value: &str) -> bool {
    let name = value.trim_matches(['$', '{', '}']).to_ascii_uppercase();
    value.contains('$')
        && (name.split('_').any(|part| part == "PAT")
            || ["ACCESS_TOKEN", "APP_KEY", "PRIVATE_KEY", "PERSONAL"].iter().any(|part| name.contains(part)))
}
