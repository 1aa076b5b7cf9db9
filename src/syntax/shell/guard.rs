//! Keeps hostile scripts away from the grammar library: it recurses without a bound, tries some constructs twice on
//! every level (so that a few dozen unclosed parentheses take hours), and unwraps a number.

use brush_parser::Token;

use super::{MOST_DEPTH, scan};
use crate::model::{Bound, Unread};

/// Constructs that the library reads twice on a level: parentheses and `case`.
const MOST_TWICE: usize = 8;
/// `coproc` nested deeper than this.
const MOST_COPROC: usize = 3;
/// Tokens of one `[[ ]]`, which become a tree as deep as they are many.
const MOST_TESTED: usize = 150;

/// Expansions nested deeper than this are not cut into tokens.
const MOST_EXPANSIONS: usize = 24;

/// Brackets in the index of an array element, in which the library tries every reading on every level.
const MOST_INDEXED: usize = 8;

/// Whether a word starts like an array element whose index must not reach the library.
fn is_hostile_index(word: &str) -> bool {
    let name = word.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let index = word.get(name..).unwrap_or_default();
    name > 0
        && index.starts_with('[')
        && index.bytes().filter(|b| matches!(b, b'[' | b'(' | b'{' | b'`')).count() > MOST_INDEXED
}

/// Whether a text can be cut into tokens: the library recurses for each expansion within another.
pub(super) fn is_flat(text: &str) -> bool {
    let opening = text.bytes().filter(|b| matches!(b, b'(' | b'{' | b'`')).count();
    opening <= MOST_EXPANSIONS || scan::depth(text) <= MOST_EXPANSIONS
}

/// Follows the nesting of statements along the tokens of a script.
pub(super) struct Nesting {
    most: usize,
    stack: Vec<&'static str>,
    at_command: bool,
    /// The next word is the name of a function, and its body may follow without a line end.
    named: bool,
    coprocs: usize,
    in_test: usize,
    digits: bool,
}

impl Nesting {
    /// For a script that stands `depth` levels deep in others.
    pub(super) fn new(depth: usize) -> Self {
        let most = MOST_DEPTH.saturating_sub(depth);
        Self { most, stack: Vec::new(), at_command: true, named: false, coprocs: 0, in_test: 0, digits: false }
    }

    /// How deep the statement is in which the next token stands.
    pub(super) fn depth(&self) -> usize {
        self.stack.len()
    }

    /// Takes the next token; the reason when the script must not reach the library.
    pub(super) fn take(&mut self, token: &Token) -> Option<Unread> {
        let command = std::mem::take(&mut self.at_command);
        let named = std::mem::take(&mut self.named);
        let digits = std::mem::take(&mut self.digits);
        match token {
            Token::Operator(text, _) => {
                if digits && text.starts_with(['<', '>']) {
                    return Some(Unread::Refused("a file descriptor out of range".to_owned()));
                }
                match text.as_str() {
                    "(" => self.stack.push("("),
                    ")" => self.pop("("),
                    _ => {}
                }
                self.at_command = !text.starts_with(['<', '>']) && text != "&>" && text != "&>>";
            }
            Token::Word(text, _) => {
                if is_hostile_index(text) {
                    return Some(Bound::Index.into());
                }
                self.digits = text.len() > 9 && text.bytes().all(|b| b.is_ascii_digit());
                if self.stack.contains(&"[[") {
                    if text == "]]" {
                        self.pop("[[");
                    }
                } else if named {
                    self.at_command = true;
                } else if command || text == "do" && self.top() == "do" {
                    self.keyword(text);
                }
            }
        }
        if self.stack.contains(&"[[") {
            self.in_test += 1;
        }
        let of = |kind: &str| self.stack.iter().filter(|k| **k == kind).count();
        (self.stack.len() > self.most
            || of("(") > MOST_TWICE
            || of("case") > MOST_TWICE
            || self.coprocs > MOST_COPROC
            || self.in_test > MOST_TESTED)
            .then_some(Bound::Nesting.into())
    }

    fn keyword(&mut self, text: &str) {
        self.at_command = true;
        match text {
            "if" => self.stack.push("if"),
            "{" => self.stack.push("{"),
            // From here on, so that tests nested in tests count.
            "for" | "while" | "until" | "select" => self.stack.push("do"),
            "case" => {
                self.stack.push("case");
                self.at_command = false;
            }
            "[[" => {
                self.stack.push("[[");
                self.in_test = 0;
                self.at_command = false;
            }
            "coproc" => self.coprocs += 1,
            "function" => self.named = true,
            "fi" => self.pop("if"),
            "}" => self.pop("{"),
            "done" => self.pop("do"),
            "esac" => self.pop("case"),
            "then" | "else" | "elif" | "do" | "!" | "time" | "-p" | "--" => {}
            _ => self.at_command = false,
        }
    }

    fn top(&self) -> &'static str {
        self.stack.last().copied().unwrap_or_default()
    }

    fn pop(&mut self, kind: &str) {
        if self.top() == kind {
            self.stack.pop();
        }
    }
}
