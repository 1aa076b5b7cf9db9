//! Whether an image or a sentence claims a level.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::document::Block;
use crate::catalogue::Claims;

/// What stands for the mention in the forms.
const MENTION: &str = "§";

/// Longer sentences are no claim: nobody reads them.
const LONGEST: usize = 1_000;

/// The rules, compiled.
pub(super) struct Judge {
    badges: Vec<Regex>,
    mention: Regex,
    forms: Vec<(Regex, Option<usize>, bool)>,
    unless: Vec<Regex>,
    sections: Regex,
}

impl Judge {
    /// The rules for a repository of this name; it may be unknown.
    pub(super) fn new(rules: &Claims, name: &str) -> Option<Self> {
        let compile = |text: &str| RegexBuilder::new(text).case_insensitive(true).build().ok();
        // A name that cannot stand between two bounds of words would make the expression match anything or nothing.
        let named = name.starts_with(char::is_alphanumeric) && name.ends_with(char::is_alphanumeric);
        let name = if named { regex::escape(name) } else { "this project".to_owned() };
        let forms = rules
            .forms
            .iter()
            .map(|form| Some((compile(&form.matches.replace("{name}", &name))?, form.words, form.list)));
        Some(Self {
            badges: rules.badges.iter().map(|badge| compile(&badge.matches)).collect::<Option<_>>()?,
            mention: compile(&rules.mention)?,
            forms: forms.collect::<Option<_>>()?,
            unless: rules.unless.iter().map(|text| compile(text)).collect::<Option<_>>()?,
            sections: compile(&rules.sections)?,
        })
    }

    /// The level that the address of an image claims.
    pub(super) fn badge(&self, address: &str) -> Option<u8> {
        let found = self.badges.iter().find_map(|badge| badge.captures(address))?;
        found.name("level")?.as_str().parse().ok()
    }

    /// The sentences of a block that claim a level: the place of the mention, the level, the sentence.
    pub(super) fn sentences(&self, block: &Block) -> Vec<(Range<usize>, u8, String)> {
        if !self.mention.is_match(&block.text) || block.headings.iter().any(|h| self.sections.is_match(h)) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for sentence in sentences(&block.text) {
            let text = block.text.get(sentence.clone()).unwrap_or_default();
            if let Some((mention, level)) = self.claim(text, block.list) {
                let (start, end) = (sentence.start + mention.start, sentence.start + mention.end);
                let place = block.place(start);
                // A mention may be written over two lines; it is pointed at by its length in the text.
                found.push((place..place + (end - start), level, text.trim().to_owned()));
            }
        }
        found
    }

    /// The mention in a sentence that claims a level, and the level.
    fn claim(&self, sentence: &str, list: bool) -> Option<(Range<usize>, u8)> {
        if sentence.len() > LONGEST {
            return None;
        }
        let mut mentions: Vec<(Range<usize>, u8)> = Vec::new();
        for found in self.mention.captures_iter(sentence) {
            let (Some(whole), Some(level)) = (found.get(0), found.name("level")) else { continue };
            // A version of the specification.
            let mut rest = sentence.get(whole.end()..).unwrap_or_default().chars();
            let version = rest.next() == Some('.') && rest.next().is_some_and(|c| c.is_ascii_digit());
            if !version {
                mentions.push((whole.range(), level.as_str().parse().ok()?));
            }
        }
        let (first, level) = mentions.first()?.clone();
        // Who names several levels tells them apart.
        if mentions.iter().any(|(_, other)| *other != level) {
            return None;
        }
        let mut text = String::new();
        let mut at = 0;
        for (mention, _) in &mentions {
            text.push_str(sentence.get(at..mention.start).unwrap_or_default());
            text.push_str(MENTION);
            at = mention.end;
        }
        text.push_str(sentence.get(at..).unwrap_or_default());
        if self.unless.iter().any(|unless| unless.is_match(&text)) {
            return None;
        }
        let words = text.split_whitespace().count();
        let fits = |(form, most, only_list): &(Regex, Option<usize>, bool)| {
            most.is_none_or(|most| words <= most) && (list || !only_list) && form.is_match(&text)
        };
        self.forms.iter().any(fits).then_some((first, level))
    }
}

/// The sentences of a text.
fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut start = 0;
    let mut letters = text.char_indices().peekable();
    while let Some((at, c)) = letters.next() {
        let ends = matches!(c, '.' | '!' | '?' | ';') && letters.peek().is_none_or(|(_, next)| next.is_whitespace());
        if ends {
            all.push(start..at + c.len_utf8());
            start = at + c.len_utf8();
        }
    }
    all.push(start..text.len());
    all
}
