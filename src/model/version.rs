//! Versions of actions, builders and charts.

use std::fmt;

use super::Location;

/// A dotted version. Missing parts compare as zero, and `parts` says how many were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Major, minor, patch.
    pub numbers: [u32; 3],
    /// How many of the three were written.
    pub parts: u8,
    /// Whether a pre-release or build part follows.
    pub suffixed: bool,
}

impl Version {
    /// Reads `1`, `v1.2`, `1.2.3`, `v1.2.3-rc.1`. Anything else is no version.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().strip_prefix(['v', 'V']).unwrap_or(text.trim());
        let (numbers_text, suffixed) = match text.find(['-', '+']) {
            Some(at) => (text.get(..at)?, true),
            None => (text, false),
        };
        let mut numbers = [0; 3];
        let mut parts = 0_u8;
        for part in numbers_text.split('.') {
            *numbers.get_mut(usize::from(parts))? = part.parse().ok()?;
            parts += 1;
        }
        (parts > 0).then_some(Self { numbers, parts, suffixed })
    }

    /// Whether it is at least `major.minor.patch`. A version that names fewer parts (`v4`) moves with its newest
    /// release, so the parts it leaves out are taken as the newest.
    pub fn at_least(&self, least: [u32; 3]) -> bool {
        let mut own = self.numbers;
        for part in own.iter_mut().skip(usize::from(self.parts)) {
            *part = u32::MAX;
        }
        own >= least
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = self.numbers.iter().take(usize::from(self.parts));
        write!(f, "v{}", written.map(u32::to_string).collect::<Vec<_>>().join("."))
    }
}

/// Where a version is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionSource {
    /// The ref itself is a version tag.
    Tag,
    /// The comment beside a commit hash.
    Comment,
    /// Nothing names one; current behaviour is assumed and the evidence says so.
    Assumed,
}

/// The ref behind the `@` of a `uses:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// As written, without the `@`; empty when there is none.
    pub raw: String,
    /// The version it stands for, when one is known.
    pub version: Option<Version>,
    /// Where that version is known from.
    pub source: VersionSource,
    /// Where the `uses:` value stands.
    pub location: Location,
}

impl Reference {
    /// Whether the ref is a full commit hash.
    pub fn is_hash(&self) -> bool {
        matches!(self.raw.len(), 40 | 64) && self.raw.bytes().all(|b| b.is_ascii_hexdigit())
    }

    /// Whether the version is known to be at least this, or unknown and therefore assumed current.
    pub fn at_least(&self, least: [u32; 3]) -> bool {
        self.version.is_none_or(|v| v.at_least(least))
    }

    /// The clause that tells a reader how the version is known.
    pub fn how_known(&self) -> String {
        match (self.source, self.version) {
            (VersionSource::Tag, Some(v)) => format!("{v}"),
            (VersionSource::Comment, Some(v)) => format!("{v}, by the comment beside its hash"),
            _ => "no version visible, current defaults assumed".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn a_moving_tag_stands_for_its_newest_release() {
        let parse = |s: &str| Version::parse(s).expect("a version");
        assert!(parse("v4").at_least([4, 2, 0]));
        assert!(!parse("v3").at_least([4, 0, 0]));
        assert!(!parse("v1.10.3").at_least([1, 11, 0]));
        assert!(parse("1.11").at_least([1, 11, 0]));
        assert!(Version::parse("release/v1").is_none());
        assert!(Version::parse("main").is_none());
    }
}
