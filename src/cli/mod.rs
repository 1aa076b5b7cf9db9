//! The command line: what may be asked, and how a command talks to the terminal. One file for each command.

mod badge;
mod check;
mod completions;
mod console;
mod delivery;
mod explain;
mod fault;
mod init;
mod man;
mod parallel;
mod progress;
mod rules;
mod runners;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub use console::Console;
pub use fault::end_on_fault;

use crate::report::Report;
use crate::settings::Source;
use crate::{Options, With};

/// Assessed, and the gate holds if there is one.
const HOLDS: u8 = 0;
/// Assessed, and the gate does not hold.
const GATE: u8 = 1;
/// Not assessed as it should be; outranks the gate, whose answer would rest on less than the whole.
const DOUBT: u8 = 2;

/// Longer lines of help are hard to read, however wide the terminal.
const HELP: usize = 100;

const EXAMPLES: &str = "\
Examples:
  truelevel                            grade the checkout in this folder
  truelevel --min-level 2 service      fail when the releases of ./service do not reach level 2
  truelevel -v                         every requirement of every target, with its evidence
  truelevel --notes                    what could be hardened besides, grouped by rule
  truelevel explain hosted-build       what a requirement or rule asks, why, and how to meet it
  truelevel init                       a gate, a pre-commit hook and a workflow for this checkout
  truelevel --output json=level.json   the report on the terminal, and for a script in a file

What it prints, shortened:
  SLSA Build level 1  . at 4f2c9d1a0b3c

  Capped by provenance-authentic (failed) for npm:left-pad
    --> .github/workflows/release.yml:31:31
     |
  31 |   COSIGN_PRIVATE_KEY: ${{ secrets.COSIGN_KEY }}
     |                       ^^^^^^^^^^^^^^^^^^^^^^^^^

  To reach level 2
    1. Let the platform sign the provenance

Exit codes:
  0  assessed; every gate holds, or there is none
  1  assessed; a level is below --min-level or what truelevel.yml asks for, or --deny-overclaim
     found a claim of more than is shown
  2  not assessed as it should be: wrong usage, an unreadable path, a pipeline file that cannot
     be parsed, or settings that are refused (the report is printed all the same, with the error
     and the rest assessed)

Where to go next: the cap is the first thing to change, the plan says how. `truelevel explain ID`
tells why, `truelevel rules` lists what is known, and -v shows the evidence for every verdict.

No network connection is ever opened: what no file of the checkout shows does not count.";

/// Which SLSA Build level do a repository's releases reach, what caps it, and the way up.
#[derive(Debug, Parser)]
#[command(
    name = "truelevel",
    version,
    override_usage = "truelevel [check] [OPTIONS] [PATH]...",
    after_long_help = EXAMPLES,
    disable_help_subcommand = true,
    subcommand_help_heading = "Commands"
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// The checkouts to grade; without any, the current folder
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Grades checkouts and prints the report; the command when none is named
    #[command(after_long_help = EXAMPLES, override_usage = "truelevel [check] [OPTIONS] [PATH]...")]
    Check {
        /// The checkouts to grade; without any, the current folder
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Lists the self-hosted runners that a checkout defines, what is shown about them, and the jobs that use them
    #[command(override_usage = "truelevel runners [OPTIONS] [PATH]...")]
    Runners {
        /// The checkouts to read; without any, the current folder
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Prints a badge of the level that a checkout shows, to be kept beside it
    #[command(override_usage = "truelevel badge [OPTIONS] [PATH]")]
    Badge {
        /// The checkout to grade; without one, the current folder
        #[arg(value_name = "PATH", default_value = ".")]
        path: PathBuf,
        /// What is printed
        #[arg(long, value_enum, value_name = "STYLE", default_value = "svg")]
        style: Style,
    },
    /// Explains a requirement or a rule: what, why, how to fix it, a bad and a good example
    #[command(override_usage = "truelevel explain [OPTIONS] ID", after_help = explain::EXAMPLES)]
    Explain {
        /// The identifier, as reports print it: provenance-exists, unpinned-action, ...
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Lists the requirements, the rules, and what each platform can show
    #[command(override_usage = "truelevel rules [OPTIONS]")]
    Rules,
    /// Writes settings, a pre-commit hook and a pull-request workflow where there are none
    #[command(override_usage = "truelevel init [OPTIONS] [PATH]", after_help = init::EXAMPLES)]
    Init {
        /// The checkout; without one, the current folder
        #[arg(value_name = "PATH", default_value = ".")]
        path: PathBuf,
    },
    /// Prints the completion script of a shell
    #[command(override_usage = "truelevel completions SHELL", after_help = completions::EXAMPLES)]
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Prints the manual page
    #[command(override_usage = "truelevel man", after_help = man::EXAMPLES)]
    Man,
}

/// A kind of badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Style {
    /// A picture that needs nothing else
    Svg,
    /// JSON for the endpoint badge of shields.io
    Endpoint,
}

/// Options that stand before or behind the command's name.
#[derive(Debug, Args)]
struct Common {
    /// A folder or file with runner configuration that is kept elsewhere; may be repeated
    #[arg(long, global = true, value_name = "PATH")]
    runner_config: Vec<PathBuf>,
    /// A checkout of a repository whose workflows or actions are used; may be repeated
    #[arg(long, global = true, value_name = "OWNER/REPO=PATH")]
    with: Vec<With>,
    /// The format of the report on standard output
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// Writes the report to a file as well; may be repeated
    #[arg(long, global = true, value_name = "FORMAT=FILE", value_parser = Output::parse)]
    output: Vec<Output>,
    /// Exits with 1 when a checkout shows a lower level
    #[arg(long, global = true, value_name = "0..3", value_parser = clap::value_parser!(u8).range(0..=3))]
    min_level: Option<u8>,
    /// Exits with 1 when a badge or a sentence of the checkout claims a higher level than is shown
    #[arg(long, global = true)]
    deny_overclaim: bool,
    /// Takes the settings from this file, not from truelevel.yml in the checkout
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "no_config")]
    config: Option<PathBuf>,
    /// Reads no settings: neither a gate nor anything that the team declares
    #[arg(long, global = true)]
    no_config: bool,
    /// Whether the report is coloured; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    color: Color,
    /// Prints the level and the cap only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Prints every requirement of every target with its evidence, and every note
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    /// Lists the hardening notes, grouped by rule; they never change the level
    #[arg(long, global = true, conflicts_with = "quiet")]
    notes: bool,
    /// Shows no progress; without it, work of more than a second shows some on a terminal
    #[arg(long, global = true)]
    no_progress: bool,
}

impl Common {
    /// Where the team's settings come from.
    fn settings(&self) -> Source {
        match &self.config {
            Some(file) => Source::File(file.clone()),
            None if self.no_config => Source::Nowhere,
            None => Source::Checkout,
        }
    }
}

/// A format of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// One object for one checkout, an array for several; docs/report.schema.json describes it
    Json,
    /// One line for each checkout, with the same object
    Jsonl,
    /// SARIF 2.1.0, for code scanning and editors
    Sarif,
    /// Workflow commands that annotate a pull request on GitHub; the Markdown report goes to the
    /// file that GITHUB_STEP_SUMMARY names
    Github,
    /// A Code Quality report, for merge requests on GitLab
    Gitlab,
    /// For a comment on a pull request or the summary of a run, with a diagram of the trust boundary
    Markdown,
    /// One file for auditors that needs no script and no network
    Html,
}

/// When the report is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal that can, unless NO_COLOR is set
    Auto,
    /// Always, in files and pipes too
    Always,
    /// Never
    Never,
}

/// A file that gets the report.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Output {
    format: Format,
    file: PathBuf,
}

impl Output {
    fn parse(text: &str) -> Result<Self, String> {
        let (format, file) =
            text.split_once('=').ok_or("a format, `=` and a file are needed, as in json=report.json")?;
        let format = Format::from_str(format, false).map_err(|_| {
            let known: Vec<_> = Format::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
            let known: Vec<_> = known.iter().map(clap::builder::PossibleValue::get_name).collect();
            format!("no format is called `{format}`; there are: {}", known.join(", "))
        })?;
        if file.is_empty() {
            return Err("the file behind `=` is missing".to_owned());
        }
        Ok(Self { format, file: file.into() })
    }
}

/// Runs the program with the arguments, the streams and the terminal of this process.
pub fn main() -> ExitCode {
    end_on_fault();
    let grade = |path: &Path, options: &Options| crate::check(path, options).map_err(|error| error.to_string());
    let mut console = Console::of_process();
    ExitCode::from(run(std::env::args_os(), &grade, &mut console))
}

/// Runs the program with `arguments`, the program's name first. `grade` turns a checkout into its report, or says why
/// it cannot. Returns the exit code.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    grade: &(dyn Fn(&Path, &Options) -> Result<Report, String> + Sync),
    console: &mut Console<'_>,
) -> u8 {
    let command = Cli::command().term_width(console.width().min(HELP));
    let cli = match command.try_get_matches_from(arguments).and_then(|found| Cli::from_arg_matches(&found)) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, console),
    };
    let options = Options {
        runner_config: cli.common.runner_config.clone(),
        with: cli.common.with.clone(),
        settings: cli.common.settings(),
        ..Options::default()
    };
    let mut paths = cli.paths;
    match cli.command {
        Some(Command::Check { paths: more }) => paths.extend(more),
        Some(Command::Runners { paths: more }) => {
            paths.extend(more);
            let read = |path: &Path| crate::runners_of(path, &options).map_err(|error| error.to_string());
            return runners::run(&paths, &cli.common, &read, console);
        }
        Some(Command::Badge { path, style }) => {
            return badge::run(&path, style, &|path| grade(path, &options), console);
        }
        Some(Command::Explain { id }) => return explain::run(&id, &cli.common, console),
        Some(Command::Rules) => return rules::run(&cli.common, console),
        Some(Command::Init { path }) => return init::run(&path, &|path| grade(path, &options), console),
        Some(Command::Completions { shell }) => return completions::run(shell, Cli::command(), console),
        Some(Command::Man) => return man::run(Cli::command(), console),
        None => {}
    }
    check::run(&paths, &cli.common, &|path| grade(path, &options), console)
}

/// Help and version go to standard output, what is wrong with the arguments to standard error.
fn usage(error: &clap::Error, console: &mut Console<'_>) -> u8 {
    let text = error.render();
    if error.use_stderr() {
        console.complain(&text.to_string());
        return DOUBT;
    }
    let text = if console.colors() { text.ansi().to_string() } else { text.to_string() };
    if console.print(&text) { HOLDS } else { DOUBT }
}
