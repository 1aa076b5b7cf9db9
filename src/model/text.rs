//! Strings of a pipeline as far as reading resolves them.

use std::borrow::Cow;
use std::fmt;

use smol_str::{SmolStr, format_smolstr};

use super::Cond;

/// The length of what a symbol opens with.
const MARK: usize = 3;

/// What the symbol of an output ends with that no other job sees.
const WITHHELD: &str = ".withheld";

/// Where the first symbol of a text opens. Most texts have no dollar, which a scan for one byte shows fastest.
pub fn opening(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'$', bytes).find(|at| bytes.get(at + 1..at + MARK) == Some(b"{{"))
}

/// Where a symbol that has opened before a text ends.
pub fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'}', bytes).find(|at| bytes.get(at + 1) == Some(&b'}'))
}

/// A name in lower case, as nearly every name is already.
pub fn lowered(name: &str) -> Cow<'_, str> {
    match name.bytes().any(|b| b.is_ascii_uppercase()) {
        true => Cow::Owned(name.to_ascii_lowercase()),
        false => Cow::Borrowed(name),
    }
}

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

    /// The output of a job as other jobs see it where it holds a secret: the platform does not hand it on, so it is empty.
    pub fn withheld(job: &str, output: &str) -> Self {
        Self(format_smolstr!("${{{{ jobs.{job}.outputs.{output}{WITHHELD} }}}}"))
    }

    /// The job and the output of the first part that is [withheld](Self::withheld).
    pub fn lacks(&self) -> Option<(&str, &str)> {
        if !self.0.contains(WITHHELD) {
            return None;
        }
        let between = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'));
        let mut paths = self.symbols().flat_map(|symbol| symbol.split(between));
        paths.find_map(|path| path.strip_prefix("jobs.")?.strip_suffix(WITHHELD)?.rsplit_once(".outputs."))
    }

    /// The string, symbols included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing in it is unknown.
    pub fn is_literal(&self) -> bool {
        opening(&self.0).is_none()
    }

    /// Whether the last symbol has no end, as where an expression is not closed.
    pub fn is_cut(&self) -> bool {
        self.0.rfind("${{").is_some_and(|at| !self.0.get(at..).unwrap_or_default().contains("}}"))
    }

    /// The literal value, when nothing in it is unknown.
    pub fn literal(&self) -> Option<&str> {
        self.is_literal().then_some(self.0.as_str())
    }

    /// The symbol, when the whole value is one unknown.
    pub fn symbol(&self) -> Option<&str> {
        let inner = self.0.strip_prefix("${{")?.strip_suffix("}}")?;
        opening(inner).is_none().then(|| inner.trim())
    }

    /// All symbols in it, in order.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.0.as_str();
        std::iter::from_fn(move || {
            let inner = rest.get(opening(rest)? + MARK..)?;
            let length = opening(inner).unwrap_or(inner.len());
            rest = inner.get(length..)?;
            let opened = inner.get(..length)?;
            Some(opened.get(..closing(opened).unwrap_or(length))?.trim())
        })
    }

    /// The text with a value wherever the symbol stands.
    pub fn filled(&self, symbol: &str, value: &Text) -> Text {
        let mut filled = String::with_capacity(self.0.len() + value.0.len());
        let mut rest = self.0.as_str();
        while let Some((before, opened)) = opening(rest).and_then(|at| rest.split_at_checked(at)) {
            let inner = opened.get(MARK..).unwrap_or_default();
            let inner = opening(inner).and_then(|next| inner.get(..next)).unwrap_or(inner);
            let end = closing(inner).filter(|end| inner.get(..*end).is_some_and(|found| found.trim() == symbol));
            let (written, length) = match end {
                Some(end) => (value.as_str(), MARK + end + "}}".len()),
                None => (opened.get(..MARK + inner.len()).unwrap_or_default(), MARK + inner.len()),
            };
            filled.push_str(before);
            filled.push_str(written);
            rest = opened.get(length..).unwrap_or_default();
        }
        filled.push_str(rest);
        Text::from(filled)
    }

    /// The literal beginning and end around the unknown parts.
    pub fn ends(&self) -> (&str, &str) {
        let text = self.0.as_str();
        let head = opening(text).and_then(|at| text.get(..at)).unwrap_or(text);
        let tail = if text.contains('}') { text.rsplit("}}").next().unwrap_or(text) } else { text };
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
        let (mut start, mut from) = (0, 0);
        let ends = |c: char| matches!(c, '$' | '\n') || separators.contains(&c);
        while let Some(at) = text.get(from..).and_then(|rest| rest.find(ends)).map(|found| from + found) {
            let rest = text.get(at..).unwrap_or_default();
            let next = rest.chars().next().unwrap_or_default();
            from = at + next.len_utf8();
            if next != '$' {
                add(text.get(start..at).unwrap_or_default());
                start = from;
            } else if rest.starts_with("${{") {
                from = closing(rest).map_or(text.len(), |end| at + end + 2);
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

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn a_value_takes_the_place_of_its_symbol_alone() {
        let text = Text::from("${{ a }}-${{b}}/${{ a }}${{ ab }}${{ a");
        assert_eq!(text.filled("a", &Text::from("x ${{ a }}")).as_str(), "x ${{ a }}-${{b}}/x ${{ a }}${{ ab }}${{ a");
        assert_eq!(text.filled("b", &Text::from("y")).as_str(), "${{ a }}-y/${{ a }}${{ ab }}${{ a");
        assert_eq!(text.filled("c", &Text::from("z")), text);
        let nested = Text::from("${{ if(${{ a }}; b) }}");
        assert_eq!(nested.filled("a", &Text::from("x")).as_str(), "${{ if(x; b) }}");
    }
}
