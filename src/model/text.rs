//! Strings of a pipeline as far as reading resolves them.

use std::fmt;

use smol_str::{SmolStr, format_smolstr};

use super::Cond;

/// A string in which what cannot be known from the checkout stands as `${{ symbol }}`.
///
/// Symbols are canonical: the same source of a value always has the same symbol, whatever it was called on the way, so
/// equality of symbols is equality of values. `jobs.build.steps.push.outputs.digest` is an output of a step,
/// `env.NAME` an unset shell or environment variable, `shell(...)` the output of a command.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text(SmolStr);

impl Text {
    /// A string that holds symbols already, or none.
    pub fn new(text: impl Into<SmolStr>) -> Self {
        Self(text.into())
    }

    /// The unknown value that `symbol` names.
    pub fn unknown(symbol: &str) -> Self {
        Self(format_smolstr!("${{{{ {} }}}}", symbol.trim()))
    }

    /// The string, symbols included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing in it is unknown.
    pub fn is_literal(&self) -> bool {
        // Most have no dollar, which a scan for one byte shows fastest.
        !self.0.as_bytes().contains(&b'$') || !self.0.contains("${{")
    }

    /// The literal value, when nothing in it is unknown.
    pub fn literal(&self) -> Option<&str> {
        self.is_literal().then_some(self.0.as_str())
    }

    /// The symbol, when the whole value is one unknown.
    pub fn symbol(&self) -> Option<&str> {
        let inner = self.0.strip_prefix("${{")?.strip_suffix("}}")?;
        (!inner.contains("${{")).then(|| inner.trim())
    }

    /// All symbols in it, in order.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        let open = if self.is_literal() { "" } else { self.0.as_str() };
        open.split("${{").skip(1).filter_map(|rest| rest.split("}}").next()).map(str::trim)
    }

    /// The literal beginning and end around the unknown parts.
    pub fn ends(&self) -> (&str, &str) {
        let head = self.0.split("${{").next().unwrap_or(&self.0);
        let tail = self.0.rsplit("}}").next().unwrap_or(&self.0);
        (head, tail)
    }

    /// The text without the marks around symbols, for use inside another symbol.
    pub fn plain(&self) -> String {
        match self.symbol() {
            Some(symbol) => symbol.to_owned(),
            None => format!("'{}'", self.0.replace("${{ ", "<").replace(" }}", ">")),
        }
    }

    /// The condition that both are the same, without regard to case. An unknown compared with `true` is the
    /// unknown's own truth.
    pub fn equals(&self, other: &Text) -> Cond {
        if let (Some(a), Some(b)) = (self.literal(), other.literal()) {
            return Cond::Known(a.eq_ignore_ascii_case(b));
        }
        if self == other {
            return Cond::TRUE;
        }
        let (open, other) = if self.is_literal() { (other, self) } else { (self, other) };
        if let Some(symbol) = open.symbol() {
            match other.literal() {
                Some("true") => return Cond::atom(symbol),
                Some("false" | "") => return Cond::atom(symbol).negate(),
                _ => {}
            }
        } else if let Some(literal) = other.literal() {
            let (head, tail) = open.ends();
            let low = literal.to_ascii_lowercase();
            if !low.starts_with(&head.to_ascii_lowercase()) || !low.ends_with(&tail.to_ascii_lowercase()) {
                return Cond::FALSE;
            }
        }
        Cond::atom(format!("{} == {}", open.plain(), other.plain()))
    }

    /// This text and another behind it.
    pub fn followed_by(&self, other: &Text) -> Text {
        Self([self.as_str(), other.as_str()].into_iter().collect())
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The trimmed, non-empty lines, or the pieces between `separators` of each line. Separators inside a symbol
    /// do not count.
    pub fn items(&self, separators: &[char]) -> Vec<Text> {
        let text = self.0.as_str();
        let mut items = Vec::new();
        let mut add = |item: &str| {
            let item = item.trim();
            if !item.is_empty() {
                items.push(Text::from(item));
            }
        };
        let (mut start, mut open) = (0, 0);
        for (at, next) in text.char_indices() {
            if at < open {
                continue;
            }
            if next == '$' && text.get(at..).is_some_and(|rest| rest.starts_with("${{")) {
                let end = text.get(at..).and_then(|rest| rest.find("}}"));
                open = end.map_or(text.len(), |end| at + end + 2);
            } else if next == '\n' || separators.contains(&next) {
                add(text.get(start..at).unwrap_or_default());
                start = at + next.len_utf8();
            }
        }
        add(text.get(start..).unwrap_or_default());
        items
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(SmolStr::new(text))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(SmolStr::from(text))
    }
}
