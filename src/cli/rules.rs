//! `truelevel rules`: what the tool knows.

use super::{Common, Console, Format, delivery};
use crate::report::{Overview, overview_human, overview_json, overview_markdown};

/// Prints the list and returns the exit code.
pub(super) fn run(common: &Common, console: &mut Console<'_>) -> u8 {
    let overview = Overview::get();
    let text = match common.format {
        Format::Human => {
            Ok(overview_human(&overview, delivery::layout(common, console.width(), delivery::colors(common, console))))
        }
        Format::Json => overview_json(&overview).map_err(|error| error.to_string()),
        Format::Markdown => Ok(overview_markdown(&overview)),
        _ => Err("`rules` prints human, json or markdown".to_owned()),
    };
    console.deliver(text)
}
