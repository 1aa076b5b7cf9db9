//! `truelevel runners`: which runner pools a checkout defines, and which jobs use them.

use std::path::{Path, PathBuf};

use super::{Common, Console, DOUBT, Format, HOLDS};
use crate::report::{Inventory, inventory_human, inventory_json};

/// Prints the pools of every path and returns the exit code.
pub(super) fn run(
    paths: &[PathBuf],
    common: &Common,
    read: &dyn Fn(&Path) -> Result<Inventory, String>,
    console: &mut Console<'_>,
) -> u8 {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here } else { paths };
    let mut inventories = Vec::new();
    let mut doubt = false;
    for path in paths {
        match read(path) {
            Ok(inventory) => {
                doubt |= !inventory.errors.is_empty();
                inventories.push(inventory);
            }
            Err(reason) => {
                console.say(&format!("{}: {reason}", path.display()));
                doubt = true;
            }
        }
    }
    let text = match common.format {
        Format::Json => inventory_json(&inventories, paths.len() > 1).map_err(|error| error.to_string()),
        _ => Ok(inventories.iter().map(|i| inventory_human(i, console.width())).collect::<Vec<_>>().join("\n")),
    };
    match text {
        Ok(text) => doubt |= !console.print(&text),
        Err(reason) => {
            console.say(&format!("cannot render the inventory: {reason}"));
            doubt = true;
        }
    }
    if doubt { DOUBT } else { HOLDS }
}
