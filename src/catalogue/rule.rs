//! Rule cards: what a hardening note says, why it matters, and what to do about it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::{Advice, Catalogue};
use crate::model::Requirement;

/// The files of a small checkout, by path.
pub type Example = BTreeMap<String, String>;

/// A checkout that shows the gap, and one that does not.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// With the gap.
    pub bad: Example,
    /// Without it.
    pub good: Example,
}

macro_rules! principles {
    ($($name:ident = $id:literal, $title:literal;)*) => {
        /// The principle that a rule follows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
        #[allow(missing_docs)]
        pub enum Principle { $(#[serde(rename = $id)] $name,)* }

        impl Principle {
            /// All of them, in the order in which they are listed.
            pub const ALL: &'static [Principle] = &[$(Principle::$name,)*];

            /// The identifier used in reports.
            pub fn id(self) -> &'static str {
                match self { $(Principle::$name => $id,)* }
            }

            /// A heading for people.
            pub fn title(self) -> &'static str {
                match self { $(Principle::$name => $title,)* }
            }
        }
    };
}

principles! {
    LeastPrivilege = "least-privilege", "Least privilege";
    Identity = "identity", "Identity instead of stored tokens";
    Pinned = "pinned", "Pinned and signed inputs";
    UntrustedInput = "untrusted-input", "What outsiders send is data, not code";
    NoDocker = "no-docker", "No Docker in the runner";
    FreshMachines = "fresh-machines", "Scale to zero, nothing left behind";
    Egress = "egress", "Egress allow-lists";
    Review = "review", "Two-person review of pipeline definitions";
    Records = "records", "Records that are there when they are needed";
    Reading = "reading", "How the checkout was read";
}

/// A rule whose findings never change the level.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleCard {
    /// The identifier that its notes carry.
    pub id: String,
    /// A short title.
    pub title: String,
    /// What is noted, in one or two sentences.
    pub what: String,
    /// Why it matters, in one or two sentences.
    pub why: String,
    /// The principle behind it.
    pub principle: Principle,
    /// Whether it notes something that is good.
    #[serde(default)]
    pub positive: bool,
    /// What to do: a title in the imperative.
    pub step: String,
    /// How to do that.
    pub how: Vec<Advice>,
    /// A checkout with the finding; for a positive rule the one that gives no note.
    pub bad: Example,
    /// A checkout without it; for a positive rule the one that gives the note.
    pub good: Example,
    /// Where this is documented.
    pub source: String,
}

/// The cards that grading does not need, read when somebody asks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cards {
    /// `rules/hardening/`, by identifier.
    pub rules: Vec<RuleCard>,
    /// The examples of `rules/requirements/`.
    examples: BTreeMap<String, Examples>,
}

impl Cards {
    /// The cards compiled into this build.
    pub fn get() -> &'static Cards {
        static CARDS: OnceLock<Cards> = OnceLock::new();
        CARDS.get_or_init(|| {
            let cards = super::unpacked(include_bytes!(concat!(env!("OUT_DIR"), "/cards.json.lz4")));
            cards.unwrap_or_else(|error| super::broken(&error))
        })
    }

    /// The card of a rule.
    pub fn rule(&self, id: &str) -> Option<&RuleCard> {
        self.rules.iter().find(|card| card.id == id)
    }

    /// The examples of a requirement.
    pub fn examples(&self, requirement: Requirement) -> Option<&Examples> {
        self.examples.get(requirement.id())
    }

    /// The sheet of a requirement or rule.
    pub fn sheet(&self, id: &str) -> Option<Sheet<'_>> {
        let sheets = Requirement::ALL.iter().filter(|r| r.id() == id).find_map(|r| self.requirement(*r));
        sheets.or_else(|| self.rule(id).map(Sheet::of_rule))
    }

    /// Every sheet: the requirements in cap order, then the rules by principle and identifier.
    pub fn sheets(&self) -> Vec<Sheet<'_>> {
        let mut rules: Vec<&RuleCard> = self.rules.iter().collect();
        rules.sort_by_key(|card| (card.principle, card.id.as_str()));
        let requirements = Requirement::ALL.iter().filter_map(|r| self.requirement(*r));
        requirements.chain(rules.into_iter().map(Sheet::of_rule)).collect()
    }

    fn requirement(&self, requirement: Requirement) -> Option<Sheet<'_>> {
        let card = Catalogue::get().requirements.iter().find(|card| card.id == requirement)?;
        let examples = self.examples(requirement)?;
        Some(Sheet {
            id: requirement.id(),
            subject: Subject::Requirement(card.level),
            title: &card.title,
            what: &card.what,
            why: &card.why,
            step: &card.step,
            how: &card.how,
            bad: &examples.bad,
            good: &examples.good,
            source: &card.spec,
        })
    }
}

/// What a sheet is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A requirement of this Build level.
    Requirement(u8),
    /// A rule behind hardening notes.
    Rule {
        /// The principle that it follows.
        principle: Principle,
        /// Whether it notes something that is good.
        positive: bool,
    },
}

/// A card as people read it, whether of a requirement or of a rule.
#[derive(Debug, Clone, Copy)]
pub struct Sheet<'a> {
    /// The identifier.
    pub id: &'a str,
    /// Requirement or rule.
    pub subject: Subject,
    /// A short title.
    pub title: &'a str,
    /// What it asks or notes.
    pub what: &'a str,
    /// Why it matters.
    pub why: &'a str,
    /// What to do.
    pub step: &'a str,
    /// How to do that.
    pub how: &'a [Advice],
    /// A checkout that shows the gap.
    pub bad: &'a Example,
    /// A checkout that does not.
    pub good: &'a Example,
    /// The specification or document behind it.
    pub source: &'a str,
}

impl<'a> Sheet<'a> {
    fn of_rule(card: &'a RuleCard) -> Self {
        Sheet {
            id: &card.id,
            subject: Subject::Rule { principle: card.principle, positive: card.positive },
            title: &card.title,
            what: &card.what,
            why: &card.why,
            step: &card.step,
            how: &card.how,
            bad: &card.bad,
            good: &card.good,
            source: &card.source,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_card_is_complete_and_none_is_there_twice() {
        let cards = Cards::get();
        let mut seen = BTreeSet::new();
        for sheet in cards.sheets() {
            assert!(seen.insert(sheet.id), "{} has two cards", sheet.id);
            for (field, text) in [
                ("title", sheet.title),
                ("what", sheet.what),
                ("why", sheet.why),
                ("step", sheet.step),
                ("source", sheet.source),
            ] {
                assert!(!text.trim().is_empty(), "{}: {field} is empty", sheet.id);
            }
            assert!(sheet.source.starts_with("https://"), "{}: {}", sheet.id, sheet.source);
            assert!(!sheet.how.is_empty(), "{}: how", sheet.id);
            assert!(!sheet.bad.is_empty() && !sheet.good.is_empty(), "{}: an example is missing", sheet.id);
            assert!(
                !sheet.title.ends_with('.') && !sheet.step.ends_with('.'),
                "{}: a title ends with a stop",
                sheet.id
            );
        }
        assert_eq!(seen.len(), Requirement::ALL.len() + cards.rules.len());
    }

    #[test]
    fn requirements_and_rules_share_no_identifier_and_are_found_by_it() {
        for sheet in Cards::get().sheets() {
            assert_eq!(Cards::get().sheet(sheet.id).map(|found| found.title), Some(sheet.title));
        }
        assert!(Cards::get().sheet("").is_none());
    }
}
