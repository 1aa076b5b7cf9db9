//! Verdicts and the evidence that they cannot be built without.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Location, Requirement};

/// How a requirement stands for a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A file, or the documentation of the platform that a file names, shows the control.
    Met,
    /// The requirement does not apply to this target.
    NotApplicable,
    /// Nothing shows the control.
    Unshown,
    /// A file shows the opposite.
    Failed,
}

impl State {
    /// Whether the requirement stands in the way of its level.
    pub fn is_open(self) -> bool {
        matches!(self, State::Failed | State::Unshown)
    }

    /// The word used in reports.
    pub fn id(self) -> &'static str {
        match self {
            State::Met => "met",
            State::NotApplicable => "not-applicable",
            State::Unshown => "unshown",
            State::Failed => "failed",
        }
    }
}

/// How a piece of evidence is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// Read in a file of the checkout.
    Observed,
    /// The documentation of what the file names says so for everyone.
    Documented,
    /// The team's configuration declares it.
    Declared,
}

/// A place in the checkout and what it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Evidence {
    /// Where.
    #[serde(flatten)]
    pub location: Location,
    /// What it shows, in one clause.
    pub note: String,
    /// The rule or catalogue entry that reads it so.
    pub rule: String,
    /// How it is known.
    pub grade: Grade,
}

impl Evidence {
    /// Something read in a file.
    pub fn observed(location: &Location, rule: impl Into<String>, note: impl Into<String>) -> Self {
        Self::new(location, rule.into(), note.into(), Grade::Observed)
    }

    /// Called from a thousand places, and not often enough to be built into each.
    #[inline(never)]
    fn new(location: &Location, rule: String, note: String, grade: Grade) -> Self {
        Self { location: location.clone(), note, rule, grade }
    }

    /// Something that the documentation of the named thing says.
    pub fn documented(location: &Location, rule: impl Into<String>, note: impl Into<String>) -> Self {
        Self::new(location, rule.into(), note.into(), Grade::Documented)
    }
}

/// What to do at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// An imperative that the place follows (`Remove x`).
    pub what: String,
    /// Where.
    pub location: Location,
    /// What else it takes, as the end of the sentence.
    pub besides: String,
}
/// The rule under which a verdict is open because bytes come from where nothing shows how they are built.
pub const UNKNOWN_BUILD: &str = "foreign-files";

/// A verdict names this many pieces of evidence at most: more than a reader looks at.
pub const MOST_EVIDENCE: usize = 100;

/// The verdict on one requirement for one target. Every constructor asks for the evidence: what was seen, or for an
/// unshown control where it was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    requirement: Requirement,
    state: State,
    reason: String,
    evidence: Vec<Evidence>,
    /// How many pieces, from the first on, show what is to be mended; all when absent.
    to_mend: Option<usize>,
    to_show: Option<String>,
    remedy: Option<Remedy>,
}

impl Verdict {
    /// The control is shown by `evidence`.
    pub fn met(requirement: Requirement, reason: impl Into<String>, evidence: Evidence) -> Self {
        Self {
            requirement,
            state: State::Met,
            reason: reason.into(),
            evidence: vec![evidence],
            to_mend: None,
            to_show: None,
            remedy: None,
        }
    }

    /// `evidence` shows the opposite of the control.
    pub fn failed(requirement: Requirement, reason: impl Into<String>, evidence: Evidence) -> Self {
        Self { state: State::Failed, ..Self::met(requirement, reason, evidence) }
    }

    /// Nothing shows the control; `evidence` is where it was looked for, `to_show` what would show it and where.
    pub fn unshown(
        requirement: Requirement,
        reason: impl Into<String>,
        evidence: Evidence,
        to_show: impl Into<String>,
    ) -> Self {
        Self { state: State::Unshown, to_show: Some(to_show.into()), ..Self::met(requirement, reason, evidence) }
    }

    /// The requirement has nothing to ask of this target.
    pub fn not_applicable(requirement: Requirement, reason: impl Into<String>, evidence: Evidence) -> Self {
        Self { state: State::NotApplicable, ..Self::met(requirement, reason, evidence) }
    }

    /// Adds further evidence, up to [`MOST_EVIDENCE`] pieces; the first one stays the one that decides.
    #[must_use]
    pub fn with(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        for piece in evidence {
            if self.evidence.len() >= MOST_EVIDENCE {
                break;
            }
            if !self.evidence.contains(&piece) {
                self.evidence.push(piece);
            }
        }
        self
    }

    /// Says what to do about what decides.
    #[must_use]
    pub fn mended_by(self, remedy: Option<Remedy>) -> Self {
        Self { remedy, ..self }
    }

    /// What to do about what decides, if one thing is enough.
    pub fn remedy(&self) -> Option<&Remedy> {
        self.remedy.as_ref()
    }

    /// Adds what stands beside the matter and is not to be mended: what other jobs do well, what is no provenance.
    #[must_use]
    pub fn beside(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.to_mend.get_or_insert(self.evidence.len());
        self.with(evidence)
    }

    /// Adds what another verdict on the same requirement shows: what is to be mended of both comes first.
    #[must_use]
    pub fn joined(self, other: &Verdict) -> Self {
        let mend = self.to_mend().len();
        let (own, beside) = self.evidence.split_at_checked(mend).unwrap_or((&self.evidence, &[]));
        let (more, others) = other.evidence.split_at_checked(other.to_mend().len()).unwrap_or((&other.evidence, &[]));
        let beside: Vec<Evidence> = beside.iter().chain(others).cloned().collect();
        let joined = Self { evidence: own.to_vec(), to_mend: None, ..self.clone() };
        joined.with(more.iter().cloned()).beside(beside)
    }

    /// Which requirement.
    pub fn requirement(&self) -> Requirement {
        self.requirement
    }

    /// How it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Why, in one sentence.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The evidence; never empty, the deciding piece first.
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    /// The evidence that shows what is to be mended.
    pub fn to_mend(&self) -> &[Evidence] {
        self.to_mend.and_then(|number| self.evidence.get(..number)).unwrap_or(&self.evidence)
    }

    /// For an unshown control: what would show it and where to put it.
    pub fn to_show(&self) -> Option<&str> {
        self.to_show.as_deref()
    }
}
