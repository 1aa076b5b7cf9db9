//! Shell scripts as a small tree with byte positions.
//!
//! The grammar is read by brush-parser; words are read here, because its own reader is exponential on hostile input
//! and gives no positions for nested text. Nothing outside of this folder sees the library's types. The readers of
//! PowerShell and of Windows batch files fill the same tree.

mod compound;
mod cut;
mod guard;
mod mask;
mod parse;
mod plain;
mod scan;
#[cfg(test)]
mod tests;
mod tree;
mod word;

use std::sync::Arc;

use crate::model::Unread;

pub(crate) use mask::hole as hole_number;
pub use mask::{Masked, mask};
pub use parse::parse;

/// A script longer than this many bytes is not read.
pub const MOST_BYTES: usize = 1 << 20;
/// Statements and expansions nested deeper than this, all levels together, are not read.
pub const MOST_DEPTH: usize = 40;
/// Links of one chain of `&&` and `||`; the tree is as deep as a chain is long.
const MOST_LINKS: usize = 100;

/// A script.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// Its statements in order.
    pub nodes: Vec<Node>,
    /// Byte offsets of stretches that could not be read, and why.
    pub unread: Vec<(usize, Unread)>,
}

/// A statement. Offsets count bytes in the text that was parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A simple command or a bare assignment.
    Command(Simple),
    /// `a && b`.
    And(Box<Node>, Box<Node>),
    /// `a || b`.
    Or(Box<Node>, Box<Node>),
    /// `! a`.
    Not(Box<Node>),
    /// Statements one after the other.
    Sequence(Vec<Node>),
    /// `a | b`.
    Pipeline(Vec<Node>),
    /// `if`, `elif`, `else`.
    If {
        /// Tests and bodies in order.
        branches: Vec<(Node, Node)>,
        /// The `else` body.
        otherwise: Option<Box<Node>>,
    },
    /// `for x in words`.
    For {
        /// The loop variable.
        variable: String,
        /// The list; `None` stands for the positional parameters.
        words: Option<Vec<Word>>,
        /// The body.
        body: Box<Node>,
    },
    /// `while` and `until`.
    While {
        /// The test.
        test: Box<Node>,
        /// The body.
        body: Box<Node>,
        /// Whether it is an `until` loop.
        until: bool,
    },
    /// `case`.
    Case {
        /// The word that is compared.
        word: Word,
        /// Patterns and bodies in order.
        arms: Vec<(Vec<Word>, Node)>,
    },
    /// `( ... )`.
    Subshell(Box<Node>),
    /// The definition of a function, which runs nothing.
    Function {
        /// Its name.
        name: String,
        /// Its body.
        body: Arc<Node>,
    },
    /// `[[ ... ]]`, or a comparison of another language.
    Test(Test),
    /// `(( ... ))` or another test of which only the text is known.
    Opaque(String),
    /// A compound statement with redirects.
    Redirected(Box<Node>, Vec<Redirect>),
}

/// The inside of `[[ ... ]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// Both.
    And(Box<Test>, Box<Test>),
    /// Either.
    Or(Box<Test>, Box<Test>),
    /// The opposite.
    Not(Box<Test>),
    /// An operator and its operand (`-n "$X"`).
    Unary(String, Word),
    /// Left, operator, right.
    Binary(Word, String, Word),
}

/// A simple command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Simple {
    /// The assignments in front of the program.
    pub assignments: Vec<Assignment>,
    /// Assignments behind `export`, `local`, `readonly`, `declare`, `typeset`; they are not among `words`.
    pub declarations: Vec<Assignment>,
    /// Program and arguments.
    pub words: Vec<Word>,
    /// Its redirects.
    pub redirects: Vec<Redirect>,
    /// First byte.
    pub offset: usize,
    /// The byte behind the last.
    pub end: usize,
}

/// `X=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// Its index, raw, for `X[1]=value`.
    pub index: Option<String>,
    /// The value.
    pub value: Value,
    /// Whether it is `+=`.
    pub append: bool,
}

/// What is assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// One string.
    Scalar(Word),
    /// The elements of an array; keys are dropped.
    Array(Vec<Word>),
}

/// A redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The descriptor, when it is written.
    pub descriptor: Option<u32>,
    /// What happens.
    pub kind: RedirectKind,
    /// The file, the here-string, or the body of the here-document.
    pub target: Word,
}

/// Kinds of redirects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectKind {
    /// `<`
    Read,
    /// `>`, `>|`
    Write,
    /// `>>`
    Append,
    /// `&>`, `&>>`: output and errors.
    Both,
    /// `>&`, `<&`
    Duplicate,
    /// `<<<`
    HereString,
    /// `<<`
    HereDocument,
}

/// A word before expansion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Word {
    /// Its parts in order.
    pub pieces: Vec<Piece>,
    /// First byte.
    pub offset: usize,
    /// The byte behind the last.
    pub end: usize,
}

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Literal text, quotes and escapes removed.
    Text {
        /// The text.
        text: String,
        /// Whether it was quoted, so that it holds no patterns.
        quoted: bool,
    },
    /// A parameter expansion.
    Variable {
        /// The parameter: a name, a number or a special character.
        name: String,
        /// The raw index of an array element; `@` and `*` stand for all.
        index: Option<String>,
        /// What is done with it.
        operator: Operator,
        /// Whether it stands in double quotes, so that its value is not split.
        quoted: bool,
    },
    /// `$(...)`, backquotes, `<(...)`.
    Substitution {
        /// The commands inside.
        script: Arc<Script>,
        /// Their text.
        raw: String,
        /// Whether it stands in double quotes.
        quoted: bool,
    },
    /// The n-th CI expression of the masked text.
    Hole {
        /// Its number, from 0.
        index: usize,
        /// Whether it stands in quotes.
        quoted: bool,
    },
    /// An arithmetic expansion, or anything else of which only the text is kept.
    Opaque {
        /// Its text.
        raw: String,
        /// Whether it stands in double quotes.
        quoted: bool,
    },
}

/// What a parameter expansion does with the parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operator {
    /// Takes its value.
    None,
    /// `:-`, `-`.
    Default(Word),
    /// `:=`, `=`.
    Assign(Word),
    /// `:+`, `+`.
    Alternative(Word),
    /// `:?`, `?`: its value, or the script fails.
    Required,
    /// `#`, `##`, `%`, `%%`.
    Remove {
        /// Whether the pattern is removed from the end.
        suffix: bool,
        /// Whether the longest match is removed.
        longest: bool,
        /// The pattern.
        pattern: Word,
    },
    /// `/`, `//`.
    Replace {
        /// Whether every match is replaced.
        all: bool,
        /// The pattern.
        pattern: Word,
        /// What it is replaced with.
        with: Word,
    },
    /// Anything else, raw (`^^`, `:0:7`, `@Q`).
    Other(String),
}

impl Word {
    /// A word of one literal piece.
    pub fn literal(text: impl Into<String>, offset: usize, end: usize) -> Self {
        Self { pieces: vec![Piece::Text { text: text.into(), quoted: true }], offset, end }
    }
}

impl Simple {
    /// A command of which nothing is read.
    fn begun() -> Self {
        Self { offset: usize::MAX, ..Self::default() }
    }

    fn reach(&mut self, start: usize, end: usize) {
        self.offset = self.offset.min(start);
        self.end = self.end.max(end);
    }

    fn add(&mut self, word: Word) {
        self.reach(word.offset, word.end);
        self.words.push(word);
    }

    /// The command as it is once all of it is read, in a script that stands at byte `base`.
    fn settled(mut self, base: usize) -> Self {
        for redirect in &self.redirects {
            if !matches!(redirect.kind, RedirectKind::HereDocument) && redirect.target.end > redirect.target.offset {
                self.offset = self.offset.min(redirect.target.offset);
                self.end = self.end.max(redirect.target.end);
            }
        }
        if self.offset == usize::MAX {
            // A here-document is all there is.
            self.offset = self.redirects.first().map_or(base, |redirect| redirect.target.offset.max(base));
            self.end = self.offset;
        }
        self
    }
}

impl Redirect {
    /// `>& file` is `&> file`; `>&2` names a descriptor.
    fn new(descriptor: Option<u32>, kind: RedirectKind, target: Word) -> Self {
        let named = matches!(target.pieces.as_slice(), [Piece::Text { text, .. }]
            if text.bytes().all(|b| b.is_ascii_digit() || b == b'-'));
        let both = kind == RedirectKind::Duplicate && !named;
        Self { descriptor, kind: if both { RedirectKind::Both } else { kind }, target }
    }
}

/// Whether assignments behind this program are its declarations.
fn is_declaring(program: &str) -> bool {
    matches!(program, "export" | "local" | "readonly" | "declare" | "typeset")
}
