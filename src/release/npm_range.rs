//! Which versions of a package a range lets in. Source: <https://docs.npmjs.com/cli/configuring-npm/package-json#dependencies>

use crate::model::Version;

/// Tags of a package that move with its newest version.
const NEWEST: &[&str] = &["", "*", "x", "latest", "next", "beta", "canary"];

/// What a range lets in: from one version up to another one, or to the newest that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    least: [u32; 3],
    most: Option<[u32; 3]>,
}

impl Range {
    /// Whether all that it lets in is at least this version, or none; `None` where some is and some is not.
    pub(super) fn is_from(&self, version: [u32; 3]) -> Option<bool> {
        if self.least >= version {
            Some(true)
        } else if self.most.is_some_and(|most| most < version) {
            Some(false)
        } else {
            None
        }
    }

    /// Reads `^1.2.3`, `~1.2`, `1.x`, `>=1 <3`, `1 || 2`, `latest`. Anything else is no range of versions.
    pub(super) fn parse(text: &str) -> Option<Range> {
        let text = text.trim();
        // A package under another name (`npm:widget@1.2.3`).
        let text = text.strip_prefix("npm:").and_then(|alias| alias.rsplit_once('@')).map_or(text, |(_, range)| range);
        let mut whole: Option<Range> = None;
        for part in text.split("||") {
            let own = part_of(part)?;
            whole = Some(match whole {
                None => own,
                Some(known) => {
                    Range { least: known.least.min(own.least), most: known.most.zip(own.most).map(|(a, b)| a.max(b)) }
                }
            });
        }
        whole
    }
}

/// Comparators that all hold.
fn part_of(text: &str) -> Option<Range> {
    if NEWEST.contains(&text.trim()) {
        return Some(Range { least: [0; 3], most: None });
    }
    if let Some((least, most)) = text.split_once(" - ") {
        return Some(Range { least: version(least)?.0, most: Some(version(most)?.1) });
    }
    let mut range = Range { least: [0; 3], most: None };
    // A blank may follow the sign.
    let text = ["<", ">", "=", "^", "~"].iter().fold(text.to_owned(), |t, sign| t.replace(&format!("{sign} "), sign));
    for word in text.split_whitespace() {
        let bare = word.trim_start_matches(['^', '~', '>', '<', '=']);
        let (low, high) = version(bare)?;
        match word.strip_suffix(bare)? {
            ">" | ">=" => range.least = low,
            "<" => range.most = Some(before(low)),
            "<=" => range.most = Some(high),
            "^" => {
                let major = |n: &u32| *n > 0;
                let fixed = low.iter().position(major).unwrap_or(2);
                let mut most = low;
                most.iter_mut().skip(fixed + 1).for_each(|n| *n = u32::MAX);
                range = Range { least: low, most: Some(most.max(high)) };
            }
            "~" => {
                let [major, minor, _] = low;
                range = Range { least: low, most: Some([major, minor, u32::MAX].max(high)) };
            }
            _ => range = Range { least: low, most: Some(high) },
        }
    }
    Some(range)
}

/// The first and the last version that one stands for: parts that it leaves out may be any.
fn version(text: &str) -> Option<([u32; 3], [u32; 3])> {
    let mut text = text.trim();
    while let Some(shorter) = text.strip_suffix(".x").or_else(|| text.strip_suffix(".*")) {
        text = shorter;
    }
    let version = Version::parse(text)?;
    let mut high = version.numbers;
    high.iter_mut().skip(usize::from(version.parts)).for_each(|n| *n = u32::MAX);
    Some((version.numbers, high))
}

/// What comes right before a version.
fn before([major, minor, patch]: [u32; 3]) -> [u32; 3] {
    match (minor, patch) {
        (0, 0) => [major.saturating_sub(1), u32::MAX, u32::MAX],
        (_, 0) => [major, minor - 1, u32::MAX],
        _ => [major, minor, patch - 1],
    }
}

#[cfg(test)]
mod tests {
    use super::Range;

    #[track_caller]
    fn assert_from(range: &str, version: [u32; 3], expected: Option<bool>) {
        let range = Range::parse(range).expect("a range");
        assert_eq!(range.is_from(version), expected, "{range:?} from {version:?}");
    }

    #[test]
    fn ranges_are_held_against_a_version() {
        for newer in ["9.0.0", "^9.1.0", "9", "v9", ">=9", "^9 || ^10", "9.x", "~9.2", "npm:@acme/lerna@9.0.1"] {
            assert_from(newer, [9, 0, 0], Some(true));
        }
        for older in ["8.1.8", "^8.1.8", "~8.1", "8.x", "^6 || ^8", ">=6 <9", ">= 6 < 9.0.0", "6 - 8", "<9"] {
            assert_from(older, [9, 0, 0], Some(false));
        }
        for either in ["*", "latest", ">=8", "^8 || ^9", "8 - 9", ""] {
            assert_from(either, [9, 0, 0], None);
        }
        assert_from("^25.0.0", [25, 0, 1], None);
        assert_from("25", [25, 0, 1], None);
        assert_from("^0.3.1", [0, 4, 0], Some(false));
        assert_eq!(Range::parse("workspace:*"), None);
        assert_eq!(Range::parse("github:acme/lerna#v9"), None);
    }
}
