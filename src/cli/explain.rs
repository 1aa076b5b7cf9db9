//! `truelevel explain`: the card of a requirement or rule.

use super::{Common, Console, DOUBT, Format, delivery};
use crate::catalogue::Cards;
use crate::report::{sheet_human, sheet_json, sheet_markdown, unknown_id};

pub(super) const EXAMPLES: &str = "\
Examples:
  truelevel explain provenance-unforgeable     why the build must not reach what signs
  truelevel explain script-injection           a rule behind a hardening note
  truelevel explain isolated-cache --format markdown";

/// How alike two identifiers are that people mix up.
const ALIKE: f64 = 0.7;
/// Suggestions at most.
const MOST: usize = 3;

/// Prints the card and returns the exit code.
pub(super) fn run(id: &str, common: &Common, console: &mut Console<'_>) -> u8 {
    let id = id.trim().to_ascii_lowercase();
    let Some(sheet) = Cards::get().sheet(&id) else {
        console.say(&unknown_id(&id, &near(&id)));
        return DOUBT;
    };
    let text = match common.format {
        Format::Human => {
            Ok(sheet_human(&sheet, delivery::layout(common, console.width(), delivery::colors(common, console))))
        }
        Format::Json => sheet_json(&sheet).map_err(|error| error.to_string()),
        Format::Markdown => Ok(sheet_markdown(&sheet, 1)),
        _ => Err("`explain` prints human, json or markdown".to_owned()),
    };
    console.deliver(text)
}

/// The known identifiers that look like this one, the most similar first.
fn near(id: &str) -> Vec<&'static str> {
    let likeness = |known: &str| {
        // Part of an identifier is what people remember.
        let part = id.len() > 3 && known.contains(id);
        if part { 1.0 } else { strsim::jaro_winkler(id, known).max(strsim::normalized_damerau_levenshtein(id, known)) }
    };
    let mut found: Vec<(f64, &str)> = Cards::get().sheets().iter().map(|s| (likeness(s.id), s.id)).collect();
    found.retain(|(likeness, _)| *likeness >= ALIKE);
    found.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
    found.into_iter().take(MOST).map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn what_was_meant_comes_first() {
        for (typed, meant) in [
            ("provenance-exist", "provenance-exists"),
            ("provenence-authentic", "provenance-authentic"),
            ("scoped_token", "scoped-token"),
            ("forgeable", "provenance-unforgeable"),
        ] {
            assert_eq!(near(typed).first(), Some(&meant), "{typed}");
        }
        assert!(near("xyzzy").is_empty());
        assert!(near("").is_empty());
        assert!(near("provenance").len() <= super::MOST);
    }
}
