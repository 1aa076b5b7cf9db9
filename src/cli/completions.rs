//! `truelevel completions`: what a shell needs to complete the arguments of the program.

use clap_complete::Shell;

use super::Console;

pub(super) const EXAMPLES: &str = "\
Examples:
  truelevel completions bash > ~/.local/share/bash-completion/completions/truelevel
  truelevel completions zsh > ~/.zfunc/_truelevel
  truelevel completions fish > ~/.config/fish/completions/truelevel.fish";

/// Prints the script for a shell and returns the exit code.
pub(super) fn run(shell: Shell, mut command: clap::Command, console: &mut Console<'_>) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "truelevel", &mut script);
    console.deliver(String::from_utf8(script).map_err(|error| error.to_string()))
}
