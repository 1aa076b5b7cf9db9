//! How a host's own runtime runs a container: a service of compose, or `docker run`.

use crate::model::Location;
use crate::runners::facts::container::Variable;
use crate::runners::is_strong_capability;

/// A mount of a container.
#[derive(Debug, Clone)]
pub(in crate::runners) struct Mount {
    /// A path of the host or the name of a volume.
    pub(in crate::runners) source: String,
    pub(in crate::runners) read_only: bool,
    pub(in crate::runners) location: Location,
}

impl Mount {
    /// Reads `source:target[:options]`; `None` for an anonymous volume.
    pub(in crate::runners) fn parse(text: &str, location: &Location) -> Option<Self> {
        // A default of a variable holds a colon too.
        let masked = text.replace(":-", "\u{1}-");
        let mut parts = masked.split(':');
        let source = parts.next()?.replace('\u{1}', ":");
        parts.next()?;
        let read_only = parts.next().is_some_and(|o| o.split(',').any(|o| o == "ro" || o == "readonly"));
        Some(Self { source, read_only, location: location.clone() })
    }
}

/// How a container is run.
#[derive(Debug, Clone)]
pub(in crate::runners) struct Run {
    pub(in crate::runners) name: Option<String>,
    pub(in crate::runners) image: String,
    pub(in crate::runners) command: Vec<String>,
    pub(in crate::runners) variables: Vec<Variable>,
    /// A file or list of variables that is not visible.
    pub(in crate::runners) bulk: Option<Location>,
    pub(in crate::runners) mounts: Vec<Mount>,
    /// What reaches the host, with what it does.
    pub(in crate::runners) reach: Vec<(Location, String)>,
    /// The restart policy, unless it is `no`.
    pub(in crate::runners) restart: Option<(String, Location)>,
    /// The container is removed when it ends.
    pub(in crate::runners) removed: Option<Location>,
    pub(in crate::runners) platform: Option<String>,
    pub(in crate::runners) location: Location,
}

impl Run {
    /// A container that nothing is known of yet.
    pub(in crate::runners) fn new(location: &Location) -> Self {
        Self {
            name: None,
            image: String::new(),
            command: Vec::new(),
            variables: Vec::new(),
            bulk: None,
            mounts: Vec::new(),
            reach: Vec::new(),
            restart: None,
            removed: None,
            platform: None,
            location: location.clone(),
        }
    }

    /// Reads the words behind `docker run`.
    pub(in crate::runners) fn parse(words: &[String], at: &Location) -> Option<Self> {
        const SWITCHES: &[&str] = &[
            "--rm",
            "-d",
            "--detach",
            "-i",
            "-t",
            "-it",
            "-ti",
            "-dit",
            "-itd",
            "-td",
            "--privileged",
            "--init",
            "--tty",
            "--interactive",
            "--read-only",
            "-P",
        ];
        let mut run = Self::new(at);
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            if !word.starts_with('-') {
                run.image = word.clone();
                run.command = rest.cloned().collect();
                break;
            }
            let (name, attached) = match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                _ => (word.as_str(), None),
            };
            if name == "--rm" && attached.as_deref() != Some("false") {
                run.removed = Some(at.clone());
                continue;
            }
            if name == "--privileged" && attached.as_deref() != Some("false") {
                run.reach.push((at.clone(), "the container is privileged".to_owned()));
                continue;
            }
            if SWITCHES.contains(&name) {
                continue;
            }
            let value = match attached {
                Some(value) => value,
                None => rest.next()?.clone(),
            };
            match name {
                "-e" | "--env" => run.variables.push(variable(&value, at)),
                "--env-file" => run.bulk = Some(at.clone()),
                "-v" | "--volume" => run.mounts.extend(Mount::parse(&value, at)),
                "--mount" => {
                    let field = |keys: &[&str]| {
                        value.split(',').find_map(|f| {
                            f.split_once('=').filter(|(k, _)| keys.contains(k)).map(|(_, v)| v.to_owned())
                        })
                    };
                    let read_only =
                        value.split(',').any(|f| matches!(f, "readonly" | "ro" | "readonly=true" | "ro=true"));
                    if let Some(source) = field(&["source", "src"]) {
                        run.mounts.push(Mount { source, read_only, location: at.clone() });
                    }
                }
                "--restart" if value != "no" => run.restart = Some((value, at.clone())),
                "--name" => run.name = Some(value),
                "--platform" => run.platform = Some(value),
                "--network" | "--net" | "--pid" | "--ipc" | "--userns" | "--uts" if value == "host" => {
                    run.reach.push((at.clone(), "the container shares a namespace of the host".to_owned()));
                }
                "--cap-add" if is_strong_capability(&value) => {
                    run.reach
                        .push((at.clone(), "the container holds a capability that amounts to the host".to_owned()));
                }
                "--security-opt" if value.contains("unconfined") || value.contains("disable") => {
                    run.reach.push((at.clone(), "the container is not confined".to_owned()));
                }
                _ => {}
            }
        }
        (!run.image.is_empty()).then_some(run)
    }
}

/// Reads `NAME=value`, or `NAME` for a value of the caller's.
pub(in crate::runners) fn variable(text: &str, at: &Location) -> Variable {
    match text.split_once('=') {
        Some((name, value)) => {
            let value = value.trim_matches(['"', '\'']);
            Variable { name: name.trim().to_owned(), value: Some(value.to_owned()), at: at.clone() }
        }
        None => Variable { name: text.trim().to_owned(), value: None, at: at.clone() },
    }
}
