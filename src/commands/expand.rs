//! Words become strings.

use std::borrow::Cow;

use super::interpret::Interpreter;
use super::scope::Held;
use super::symbol;
use crate::model::{Cond, Text};
use crate::syntax::shell::{Operator, Piece, Script, Word};

/// A word expands to at most this many words.
const MOST_WORDS: usize = 500;
/// Braces (`{a,b}`) make at most this many words of one.
const MOST_BRACES: usize = 64;
/// A longer word is not looked through for braces.
const MOST_BRACED: usize = 1000;

/// The outcome of a parameter expansion.
enum Expanded {
    One(Text),
    /// The elements of an array or the positional parameters.
    Many(Vec<Text>),
}

/// The words that come out of one, as they grow.
#[derive(Default)]
struct Fields {
    done: Vec<Text>,
    open: Option<String>,
}

impl Fields {
    fn push(&mut self, text: &str) {
        self.open.get_or_insert_default().push_str(text);
    }

    fn cut(&mut self) {
        if let Some(text) = self.open.take()
            && self.done.len() < MOST_WORDS
        {
            self.done.push(Text::from(text));
        }
    }

    /// An unquoted value: white space outside of symbols separates, and nothing comes of an empty one.
    fn split(&mut self, text: &Text) {
        let mut rest = text.as_str();
        while let Some(c) = rest.chars().next() {
            let length =
                if rest.starts_with("${{") { rest.find("}}").map_or(rest.len(), |at| at + 2) } else { c.len_utf8() };
            let (head, tail) = rest.split_at(length);
            if c.is_whitespace() {
                self.cut();
            } else {
                self.push(head);
            }
            rest = tail;
        }
    }

    fn add(&mut self, expanded: Expanded, quoted: bool) {
        match expanded {
            Expanded::One(text) if quoted => self.push(text.as_str()),
            Expanded::One(text) => self.split(&text),
            Expanded::Many(items) => {
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.cut();
                    }
                    if quoted { self.push(item.as_str()) } else { self.split(item) }
                }
            }
        }
    }
}

impl Interpreter<'_> {
    /// Adds the words that a word expands to. Commands inside of substitutions run.
    pub(super) fn words(&mut self, word: &Word, words: &mut Vec<Text>) {
        // Most words are nothing but a text.
        if let [Piece::Text { text, quoted }] = word.pieces.as_slice()
            && (*quoted || !text.is_empty() && !text.contains('{'))
        {
            self.charge(text.len());
            words.push(Text::from(text.as_str()));
            return;
        }
        let mut fields = Fields::default();
        for pieces in braces(&word.pieces) {
            for piece in &*pieces {
                match piece {
                    Piece::Text { text, quoted } if !quoted && text.is_empty() => {}
                    Piece::Text { text, .. } => fields.push(text),
                    piece => {
                        let quoted = is_quoted(piece);
                        let expanded = self.piece(piece);
                        fields.add(expanded, quoted);
                    }
                }
            }
            fields.cut();
        }
        self.charge(fields.done.iter().map(|t| t.as_str().len()).sum());
        words.extend(fields.done);
    }

    /// A word where the shell does not split: an assignment, a redirect, the subject of `case`.
    pub(super) fn text(&mut self, word: &Word) -> Text {
        let mut text = String::new();
        for piece in &word.pieces {
            match piece {
                Piece::Text { text: literal, .. } => text.push_str(literal),
                piece => match self.piece(piece) {
                    Expanded::One(value) => text.push_str(value.as_str()),
                    Expanded::Many(items) => {
                        text.push_str(&items.iter().map(Text::as_str).collect::<Vec<_>>().join(" "));
                    }
                },
            }
        }
        self.charge(text.len());
        symbol::kept(Text::from(text))
    }

    fn piece(&mut self, piece: &Piece) -> Expanded {
        if !self.step() {
            return Expanded::One(Text::unknown("unread"));
        }
        match piece {
            Piece::Text { text, .. } => Expanded::One(Text::from(text.as_str())),
            Piece::Hole { index, .. } => {
                let hole = self.frame.holes.get(*index).cloned();
                Expanded::One(hole.unwrap_or_else(|| Text::unknown("expression")))
            }
            Piece::Opaque { raw, .. } => {
                self.charge(raw.len());
                Expanded::One(self.opaque(raw))
            }
            Piece::Substitution { script, raw, .. } => Expanded::One(self.substitution(script, raw)),
            Piece::Variable { name, index, operator, .. } => self.variable(name, index.as_deref(), operator),
        }
    }

    /// Something of which only the text is known, with what is known of the variables in it.
    pub(super) fn opaque(&self, raw: &str) -> Text {
        symbol::unknown("expand", &self.bound(raw))
    }

    /// The text of a piece of shell, followed by the variables in it which the script has set. Without them, equal
    /// text would not mean equal value.
    pub(super) fn bound(&self, raw: &str) -> String {
        let mut text = String::new();
        for c in raw.chars() {
            match crate::syntax::shell::hole_number(c) {
                Some(index) => {
                    let value = self.frame.holes.get(index).cloned().unwrap_or_default();
                    text.push_str(&symbol::inline(&value));
                }
                None if c == '\u{7f}' => {}
                None => text.push(c),
            }
        }
        let mut names: Vec<&str> = raw
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
            .collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            // PowerShell keeps its names in lower case.
            if let Some(held) = self.scope.get(name).or_else(|| self.scope.get(&name.to_ascii_lowercase())) {
                text.push_str(&format!("; {name}={}", symbol::word(&held.text())));
            }
        }
        text
    }

    /// What commands in a substitution print.
    pub(super) fn substitution(&mut self, script: &Script, raw: &str) -> Text {
        self.charge(raw.len());
        let (capture, ()) = self.capturing(|this| this.apart(|this| this.script(script)));
        if capture.mixed || !script.unread.is_empty() {
            let unknown = symbol::unknown("shell", &self.bound(raw));
            let known = script.unread.is_empty().then(|| self.one_of(&capture, &unknown)).flatten();
            return known.unwrap_or(unknown);
        }
        let text = capture.text.trim_end_matches('\n');
        if !capture.plain && text.contains('\n') {
            return symbol::unknown("shell", &self.bound(raw));
        }
        symbol::kept(Text::from(text))
    }

    /// The value of a variable, as far as the script or its environment sets it.
    pub(super) fn known(&self, name: &str) -> Option<Held> {
        if let Some(held) = self.scope.get(name) {
            return Some(held.clone());
        }
        self.outside(name).map(Held::Scalar)
    }

    /// The value that a variable has before the script sets it.
    pub(super) fn outside(&self, name: &str) -> Option<Text> {
        let found = self.context.env.iter().rev().find(|(n, _)| n == name);
        found.map(|(_, text)| text.clone()).or_else(|| (self.context.platform)(name))
    }

    pub(super) fn value(&self, name: &str) -> Held {
        self.known(name).unwrap_or_else(|| match name {
            "PWD" => Held::Scalar(self.working_folder()),
            "BASH_SOURCE" => match &self.frame.file {
                Some(file) => Held::Scalar(file.typed.clone()),
                None => self.value("0"),
            },
            name => Held::Scalar(Text::unknown(&format!("env.{name}"))),
        })
    }

    /// The folder as a program sees it: under what stands for the root of the checkout.
    pub(super) fn working_folder(&self) -> Text {
        let folder = self.folder.as_str();
        if folder.is_empty() {
            Text::unknown("env.PWD")
        } else if folder.starts_with(['/', '~']) || folder.starts_with("${{") {
            self.folder.clone()
        } else {
            Text::new(format!("{}/{folder}", Text::unknown("env.PWD")))
        }
    }

    fn variable(&mut self, name: &str, index: Option<&str>, operator: &Operator) -> Expanded {
        if matches!(name, "?" | "PIPESTATUS") {
            self.answers();
        }
        if name == "@" || name == "*" {
            return Expanded::Many(self.positional.clone());
        }
        if name == "#" {
            return Expanded::One(Text::from(self.positional.len().to_string()));
        }
        let positional = name.parse::<usize>().ok().filter(|number| *number > 0);
        let held = match positional {
            // A parameter that nobody has passed is unset.
            Some(number) => Held::Scalar(self.positional.get(number - 1).cloned().unwrap_or_default()),
            None => self.value(name),
        };
        let held = match (held, index) {
            (Held::Array(items), Some("@" | "*")) => {
                if matches!(operator, Operator::None) {
                    return Expanded::Many(items);
                }
                Held::Scalar(Text::from(items.iter().map(Text::as_str).collect::<Vec<_>>().join(" ")))
            }
            (Held::Array(items), Some(index)) => {
                let item = index.parse::<usize>().ok().map(|at| items.get(at).cloned().unwrap_or_default());
                let unknown = || symbol::unknown("expand", &self.bound(&format!("{name}[{index}]")));
                Held::Scalar(item.unwrap_or_else(unknown))
            }
            (held, Some("@" | "*" | "0") | None) => Held::Scalar(held.text()),
            (Held::Scalar(text), Some(index)) => {
                Held::Scalar(symbol::unknown("expand", &format!("{}[{index}]", symbol::inline(&text))))
            }
        };
        Expanded::One(self.operate(name, held.text(), operator))
    }

    /// The symbol of an expansion that is one thing when its variable is filled and another when it is not.
    fn kept(&self, text: String, filled: &Cond, yes: Text, no: Text) -> Text {
        let symbol = symbol::unknown("expand", &text);
        let filled = self.context.choices.resolve(filled.clone());
        self.context.choices.keep(&symbol, vec![(filled.clone(), yes), (filled.negate(), no)]);
        symbol
    }

    fn operate(&mut self, name: &str, value: Text, operator: &Operator) -> Text {
        if matches!(operator, Operator::None | Operator::Required) {
            return value;
        }
        let unknown = |text: String| symbol::unknown("expand", &text);
        let inner = symbol::inline(&value);
        let filled = symbol::present(&value);
        match operator {
            Operator::None | Operator::Required => value,
            Operator::Default(word) | Operator::Assign(word) => {
                let default = self.text(word);
                let chosen = match (filled.is_always(), filled.is_never()) {
                    (true, _) => value,
                    (_, true) => default,
                    _ => self.kept(format!("{inner}:-{}", symbol::inline(&default)), &filled, value, default),
                };
                if matches!(operator, Operator::Assign(_)) {
                    self.scope.set(name, Held::Scalar(chosen.clone()), false);
                }
                chosen
            }
            Operator::Alternative(word) => {
                let other = self.text(word);
                match (filled.is_always(), filled.is_never()) {
                    (true, _) => other,
                    (_, true) => Text::default(),
                    _ => self.kept(format!("{inner}:+{}", symbol::inline(&other)), &filled, other, Text::default()),
                }
            }
            Operator::Remove { suffix, longest, pattern } => {
                let pattern = self.text(pattern);
                match (value.literal(), pattern.literal()) {
                    (Some(value), Some(pattern)) => Text::from(remove(value, pattern, *suffix, *longest)),
                    _ => {
                        let sign = if *suffix { "%" } else { "#" };
                        let sign = if *longest { sign.repeat(2) } else { sign.to_owned() };
                        unknown(format!("{inner}{sign}{}", symbol::inline(&pattern)))
                    }
                }
            }
            Operator::Replace { all, pattern, with } => {
                let (pattern, with) = (self.text(pattern), self.text(with));
                match (value.literal(), pattern.literal()) {
                    (Some(value), Some(pattern)) if !pattern.is_empty() && !pattern.contains(['*', '?', '[']) => {
                        let times = if *all { usize::MAX } else { 1 };
                        Text::from(value.replacen(pattern, with.as_str(), times))
                    }
                    _ => {
                        let sign = if *all { "//" } else { "/" };
                        unknown(format!("{inner}{sign}{}/{}", symbol::inline(&pattern), symbol::inline(&with)))
                    }
                }
            }
            Operator::Other(raw) => match (value.literal(), raw.as_str()) {
                (Some(value), "^^" | "@U") => Text::from(value.to_uppercase()),
                (Some(value), ",," | "@L") => Text::from(value.to_lowercase()),
                _ => unknown(format!("{inner}{}", self.bound(raw))),
            },
        }
    }
}

fn is_quoted(piece: &Piece) -> bool {
    match piece {
        Piece::Text { quoted, .. }
        | Piece::Variable { quoted, .. }
        | Piece::Substitution { quoted, .. }
        | Piece::Hole { quoted, .. }
        | Piece::Opaque { quoted, .. } => *quoted,
    }
}

/// `${value#pattern}` and its kin.
fn remove(value: &str, pattern: &str, suffix: bool, longest: bool) -> String {
    if value.len() > 1000 || pattern.len() > 200 {
        return value.to_owned();
    }
    let mut cuts: Vec<usize> = value.char_indices().map(|(at, _)| at).chain([value.len()]).collect();
    // From the shortest removed part to the longest, or the other way round.
    if suffix != longest {
        cuts.reverse();
    }
    for cut in cuts {
        let (head, tail) = value.split_at(cut);
        let (part, rest) = if suffix { (tail, head) } else { (head, tail) };
        if symbol::glob_matches(pattern, part) {
            return rest.to_owned();
        }
    }
    value.to_owned()
}

/// A character of an unquoted stretch, or a piece that braces do not look into.
#[derive(Clone)]
enum Atom {
    Char(char),
    Piece(Piece),
}

/// Expands `{a,b}` and `{1..3}`.
fn braces(pieces: &[Piece]) -> Vec<Cow<'_, [Piece]>> {
    let opens = |p: &Piece| matches!(p, Piece::Text { text, quoted: false } if text.contains('{'));
    if !pieces.iter().any(opens) {
        return vec![Cow::Borrowed(pieces)];
    }
    let mut atoms = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text { text, quoted: false } => atoms.extend(text.chars().map(Atom::Char)),
            piece => atoms.push(Atom::Piece(piece.clone())),
        }
    }
    let mut words = vec![atoms];
    let mut done = Vec::new();
    while let Some(atoms) = words.pop() {
        match brace(&atoms) {
            Some(alternatives) if words.len() + done.len() + alternatives.len() <= MOST_BRACES => {
                words.extend(alternatives.into_iter().rev());
            }
            _ => done.push(Cow::Owned(pieces_of(atoms))),
        }
    }
    done
}

/// The words that the first brace expression makes.
fn brace(atoms: &[Atom]) -> Option<Vec<Vec<Atom>>> {
    // Nested braces are looked through once for each opening one.
    if atoms.len() > MOST_BRACED {
        return None;
    }
    let is = |at: usize, c: char| matches!(atoms.get(at), Some(Atom::Char(x)) if *x == c);
    for start in (0..atoms.len()).filter(|at| is(*at, '{')) {
        let mut depth = 0;
        let mut commas = Vec::new();
        let mut end = None;
        for at in start..atoms.len() {
            match atoms.get(at) {
                Some(Atom::Char('{')) => depth += 1,
                Some(Atom::Char(',')) if depth == 1 => commas.push(at),
                Some(Atom::Char('}')) => {
                    depth -= 1;
                    if depth == 0 {
                        end = Some(at);
                        break;
                    }
                }
                _ => {}
            }
        }
        let end = end?;
        let around = |middle: Vec<Atom>| {
            let mut word = atoms.get(..start).unwrap_or_default().to_vec();
            word.extend(middle);
            word.extend_from_slice(atoms.get(end + 1..).unwrap_or_default());
            word
        };
        if !commas.is_empty() {
            let mut from = start + 1;
            let mut alternatives = Vec::new();
            for comma in commas.into_iter().chain([end]) {
                alternatives.push(around(atoms.get(from..comma).unwrap_or_default().to_vec()));
                from = comma + 1;
            }
            return Some(alternatives);
        }
        let inside: Option<String> = atoms
            .get(start + 1..end)?
            .iter()
            .map(|a| match a {
                Atom::Char(c) => Some(*c),
                Atom::Piece(_) => None,
            })
            .collect();
        let range = inside.as_deref().and_then(|i| i.split_once(".."));
        let range = range.and_then(|(a, b)| Some((a.parse::<i32>().ok()?, b.parse::<i32>().ok()?)));
        if let Some((low, high)) = range
            && low <= high
            && usize::try_from(high.saturating_sub(low)).is_ok_and(|n| n < MOST_BRACES)
        {
            return Some((low..=high).map(|n| around(n.to_string().chars().map(Atom::Char).collect())).collect());
        }
    }
    None
}

fn pieces_of(atoms: Vec<Atom>) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for atom in atoms {
        match (atom, pieces.last_mut()) {
            (Atom::Char(c), Some(Piece::Text { text, quoted: false })) => text.push(c),
            (Atom::Char(c), _) => pieces.push(Piece::Text { text: c.to_string(), quoted: false }),
            (Atom::Piece(piece), _) => pieces.push(piece),
        }
    }
    pieces
}
