//! `truelevel man`: the manual page.

use super::Console;

pub(super) const EXAMPLES: &str = "\
Example:
  truelevel man > ~/.local/share/man/man1/truelevel.1";

/// Prints the page and returns the exit code.
pub(super) fn run(command: clap::Command, console: &mut Console<'_>) -> u8 {
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(command).render(&mut page).map_err(|error| error.to_string());
    console.deliver(rendered.and_then(|()| String::from_utf8(page).map_err(|error| error.to_string())))
}
