//! `truelevel badge`: a badge of the level shown.

use std::path::Path;

use super::{Console, DOUBT, HOLDS, Style};
use crate::report::{Report, badge_endpoint, badge_svg};

/// Prints the badge of one checkout and returns the exit code.
pub(super) fn run(
    path: &Path,
    style: Style,
    grade: &dyn Fn(&Path) -> Result<Report, String>,
    console: &mut Console<'_>,
) -> u8 {
    let report = match grade(path) {
        Ok(report) => report,
        Err(reason) => {
            console.say(&format!("{}: {reason}", path.display()));
            return DOUBT;
        }
    };
    let badge = match style {
        Style::Svg => Ok(badge_svg(&report)),
        Style::Endpoint => badge_endpoint(&report),
    };
    let printed = match badge {
        Ok(badge) => console.print(&badge),
        Err(error) => {
            console.say(&format!("cannot render the badge: {error}"));
            false
        }
    };
    if !report.errors.is_empty() {
        console.say(&format!("{}: not everything could be read, and the badge says so by its level", report.root));
    }
    if printed && report.errors.is_empty() { HOLDS } else { DOUBT }
}
