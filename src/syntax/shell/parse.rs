//! From brush-parser's tree to ours.

use std::borrow::Cow;
use std::sync::Arc;

use brush_parser::ast::{self, SourceLocation};
use brush_parser::{ParserOptions, SourceSpan, Token, TokenizerError, parse_tokens, uncached_tokenize_str};

use super::guard::{Nesting, is_flat};
use super::scan::flatten;
use super::word::{document, elements, verbatim, word};
use super::{
    Assignment, MOST_BYTES, MOST_LINKS, Node, Redirect, RedirectKind, Script, Simple, Test, Value, Word, cut,
    is_declaring, plain,
};
use crate::model::{Bound, Unread};

/// How many lines an unclosed quote may span before its first line counts as broken.
const MOST_QUOTED_LINES: usize = 40;
/// Lines of a statement that cannot be read of which each is told.
const MOST_TOLD: usize = 64;
/// How often a broken script is cut into tokens to find its broken lines.
const MOST_ATTEMPTS: usize = 1500;

/// Reads a script in which CI expressions are masked. What cannot be read is left out and reported.
pub fn parse(text: &str) -> Script {
    if text.len() > MOST_BYTES {
        return Script { nodes: Vec::new(), unread: vec![(0, Bound::Bytes(MOST_BYTES).into())] };
    }
    parse_within(text, 0, 0)
}

/// Reads a script that stands at byte `base` of another one, `depth` substitutions deep.
pub(super) fn parse_within(text: &str, base: usize, depth: usize) -> Script {
    let mut script = Script::default();
    let mut at = 0;
    loop {
        let (nodes, read) = plain::statements(text.get(at..).unwrap_or_default(), base + at, depth + 1);
        script.nodes.extend(nodes);
        at += read;
        let rest = text.get(at..).unwrap_or_default();
        let statement = cut::statement(rest).filter(|length| *length < rest.len());
        let found = statement.and_then(|length| {
            let text = rest.get(..length)?;
            Some((length, whole(text, base + at, depth)?))
        });
        let (length, found) = found.unwrap_or_else(|| (rest.len(), by_grammar(rest, base + at, depth)));
        script.nodes.extend(found.nodes);
        script.unread.extend(found.unread);
        at += length;
        if at >= text.len() {
            return script;
        }
    }
}

/// Lines that may be whole statements, by the library; `None` when they are not.
fn whole(text: &str, base: usize, depth: usize) -> Option<Script> {
    let found = tokens(text).ok()?;
    let mut adapter = Adapter::new(text, base, depth);
    let nodes = adapter.chunk(&found).ok()?;
    Some(Script { nodes, unread: adapter.unread })
}

/// A test in double brackets, as the library has read it.
pub(super) struct Tested(ast::Program);

/// The test that a text is, in a statement `depth` levels deep. Nothing inside of its words is read.
pub(super) fn tested(text: &str, depth: usize) -> Option<Box<Tested>> {
    let found = tokens(text).ok()?;
    let mut nesting = Nesting::new(depth);
    if found.iter().any(|token| nesting.take(token).is_some()) {
        return None;
    }
    let program = parse_tokens(&found, &options()).ok()?;
    let test = Tested(program);
    test.command().is_some().then(|| Box::new(test))
}

impl Tested {
    fn command(&self) -> Option<&ast::Command> {
        let [list] = self.0.complete_commands.as_slice() else { return None };
        let [item] = list.0.as_slice() else { return None };
        let [command @ ast::Command::ExtendedTest(_, None)] = item.0.first.seq.as_slice() else { return None };
        (item.0.additional.is_empty() && !item.0.first.bang).then_some(command)
    }

    /// The test of a text that stands at byte `base`.
    pub(super) fn read(&self, text: &str, base: usize, depth: usize) -> Option<Node> {
        Some(Adapter::new(text, base, depth).command(self.command()?))
    }
}

/// The same, all of it by the library.
pub(super) fn by_grammar(text: &str, base: usize, depth: usize) -> Script {
    if text.is_empty() {
        return Script::default();
    }
    let mut adapter = Adapter::new(text, base, depth);
    let nodes = adapter.script();
    let mut unread = adapter.unread;
    unread.sort_unstable();
    unread.dedup();
    Script { nodes, unread }
}

/// Byte offsets by character, for a text in which they differ.
fn byte_offsets(text: &str) -> Option<Vec<usize>> {
    (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).chain([text.len()]).collect())
}

fn options() -> ParserOptions {
    ParserOptions::default()
}

fn tokens(text: &str) -> Result<Vec<Token>, TokenizerError> {
    let flat = short_runs(flatten(text));
    if !is_flat(&flat) {
        return Err(TokenizerError::UnterminatedExpansion);
    }
    let Some(padded) = padded(&flat) else {
        return uncached_tokenize_str(&flat, &options().tokenizer_options());
    };
    let mut found = uncached_tokenize_str(&padded, &options().tokenizer_options())?;
    let end = flat.chars().count();
    while found.last().is_some_and(|token| is_newline(token) && token.location().start.index >= end) {
        found.pop();
    }
    Ok(found)
}

/// The text with at most three `<` in a row, character by character: no operator has more, and the library takes memory
/// without end for some longer rows.
fn short_runs(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains("<<<<") {
        return text;
    }
    let mut run = 0;
    let short = |c: char| {
        run = if c == '<' { run + 1 } else { 0 };
        if run > 3 { '_' } else { c }
    };
    Cow::Owned(text.chars().map(short).collect())
}

/// A text with line ends behind it, where the library may look for more than there is.
///
/// Where a document (`<<`) is announced inside an expansion and the line goes on behind it, the library takes a closing
/// bracket a second time once the document has ended, and asks for the character after it without looking whether there
/// is one. So there is one for every bracket, behind the longest document that the text can announce. A tag or a backslash
/// that ends the text is an error for it.
fn padded(text: &str) -> Option<String> {
    let documents = text.contains("<<");
    let opens = documents && (text.contains("${") || text.contains("$(") || text.contains("$["));
    (opens || documents && !text.ends_with('\n') || text.ends_with('\\')).then(|| {
        let more = text.bytes().filter(|byte| matches!(byte, b'}' | b')' | b']' | b'\n')).count() + 2;
        format!("{text}{}", "\n".repeat(more))
    })
}

fn is_newline(token: &Token) -> bool {
    matches!(token, Token::Operator(text, _) if text == "\n")
}

struct Adapter<'a> {
    text: &'a str,
    base: usize,
    depth: usize,
    bytes: Option<Vec<usize>>,
    unread: Vec<(usize, Unread)>,
}

impl<'a> Adapter<'a> {
    fn new(text: &'a str, base: usize, depth: usize) -> Self {
        Self { text, base, depth, bytes: byte_offsets(text), unread: Vec::new() }
    }

    fn byte(&self, character: usize) -> usize {
        match &self.bytes {
            None => character.min(self.text.len()),
            Some(bytes) => bytes.get(character).copied().unwrap_or(self.text.len()),
        }
    }

    /// The bytes of a stretch, without the white space and continuations in front that the library counts in.
    fn stretch(&self, span: &SourceSpan) -> (usize, usize) {
        let (mut start, end) = (self.byte(span.start.index), self.byte(span.end.index));
        while start < end {
            let rest = self.text.get(start..end).unwrap_or_default();
            match rest.as_bytes() {
                // Of a continuation that begins a line, the library leaves the backslash out.
                [b' ' | b'\t' | b'\n', ..] => start += 1,
                [b'\\', b'\n', ..] => start += 2,
                [b'\\', b'\r', b'\n', ..] => start += 3,
                _ => break,
            }
        }
        (start, end.max(start))
    }

    fn script(&mut self) -> Vec<Node> {
        let whole = match tokens(self.text) {
            Ok(found) => Some(found),
            Err(TokenizerError::UnterminatedHereDocuments(tag, _)) => {
                // A shell takes the end of the script for the end of the document.
                tokens(&format!("{}\n{}\n", self.text, tag.trim_matches(['\'', '"']))).ok()
            }
            Err(_) => None,
        };
        let found = whole.or_else(|| tokens(&self.without_broken_lines()).ok());
        let Some(found) = found else {
            let why = Unread::Refused("quotes or expansions do not end".to_owned());
            self.refuse_lines(0, self.text.len(), &why);
            return Vec::new();
        };
        self.statements(&found)
    }

    /// The text with every line blanked in which a quote or an expansion opens that does not end.
    fn without_broken_lines(&mut self) -> String {
        let lines: Vec<&str> = self.text.split_inclusive('\n').collect();
        let mut kept = String::with_capacity(self.text.len());
        let mut at = 0;
        let mut attempts = 0;
        while let Some(line) = lines.get(at) {
            let mut chunk = String::new();
            let mut length = 0;
            let mut good = false;
            for next in lines.iter().skip(at).take(MOST_QUOTED_LINES) {
                chunk.push_str(next);
                length += 1;
                attempts += 1;
                if attempts > MOST_ATTEMPTS {
                    break;
                }
                if tokens(&chunk).is_ok() {
                    good = true;
                    break;
                }
            }
            if good {
                kept.push_str(&chunk);
                at += length;
            } else {
                let offset: usize = lines.iter().take(at).map(|line| line.len()).sum();
                self.unread
                    .push((self.base + offset, Unread::Refused("a quote or an expansion does not end".to_owned())));
                // As many characters, since that is what the library's positions count.
                kept.extend(line.chars().map(|c| if c == '\n' { c } else { ' ' }));
                at += 1;
            }
        }
        kept
    }

    fn statements(&mut self, found: &[Token]) -> Vec<Node> {
        if let Ok(nodes) = self.chunk(found) {
            return nodes;
        }
        // One odd statement must not lose the script: every top-level statement is read on its own.
        let mut nodes = Vec::new();
        let mut nesting = Nesting::new(self.depth);
        let mut start = 0;
        for (at, token) in found.iter().enumerate() {
            let refused = nesting.take(token).is_some();
            if at + 1 == found.len() || refused || (is_newline(token) && nesting.depth() == 0) {
                let end = if refused { found.len() } else { at + 1 };
                let chunk = found.get(start..end).unwrap_or_default();
                start = end;
                match self.chunk(chunk) {
                    Ok(read) => nodes.extend(read),
                    Err(why) => self.refuse(chunk, &why),
                }
                if refused {
                    break;
                }
            }
        }
        nodes
    }

    /// Every line of a statement that cannot be read is unread: any of them may hold what matters.
    fn refuse(&mut self, chunk: &[Token], why: &Unread) {
        let mut shown = chunk.iter().filter(|token| !is_newline(token)).map(|token| self.stretch(token.location()));
        let Some((start, first)) = shown.next() else { return };
        let end = shown.next_back().map_or(first, |(_, end)| end);
        self.refuse_lines(start, end, why);
    }

    fn refuse_lines(&mut self, start: usize, end: usize, why: &Unread) {
        let mut at = start;
        let mut told = 0;
        for line in self.text.get(start..end).unwrap_or_default().split_inclusive('\n') {
            let words = line.trim_start();
            if told == MOST_TOLD {
                self.unread.push((self.base + at, Bound::Statement(MOST_TOLD).into()));
                return;
            }
            if at == start || !words.is_empty() && !words.starts_with('#') {
                self.unread.push((self.base + at + line.len() - words.len(), why.clone()));
                told += 1;
            }
            at += line.len();
        }
    }

    fn chunk(&mut self, found: &[Token]) -> Result<Vec<Node>, Unread> {
        if found.iter().all(is_newline) {
            return Ok(Vec::new());
        }
        let mut nesting = Nesting::new(self.depth);
        if let Some(why) = found.iter().find_map(|token| nesting.take(token)) {
            return Err(why);
        }
        match parse_tokens(found, &options()) {
            Ok(program) => Ok(program.complete_commands.iter().map(|list| self.list(list)).collect()),
            Err(_) => Err(Unread::Refused("this is not a statement of a shell".to_owned())),
        }
    }

    fn list(&mut self, list: &ast::CompoundList) -> Node {
        self.depth += 1;
        let mut nodes: Vec<Node> = list.0.iter().map(|item| self.and_or(&item.0)).collect();
        self.depth -= 1;
        match nodes.pop() {
            Some(only) if nodes.is_empty() => only,
            Some(last) => {
                nodes.push(last);
                Node::Sequence(nodes)
            }
            None => Node::Sequence(nodes),
        }
    }

    fn and_or(&mut self, list: &ast::AndOrList) -> Node {
        let mut node = self.pipeline(&list.first);
        if list.additional.len() > MOST_LINKS {
            let at = list.location().map_or(0, |span| self.stretch(&span).0);
            self.unread.push((self.base + at, Bound::Chain(MOST_LINKS).into()));
        }
        for link in list.additional.iter().take(MOST_LINKS) {
            node = match link {
                ast::AndOr::And(next) => Node::And(Box::new(node), Box::new(self.pipeline(next))),
                ast::AndOr::Or(next) => Node::Or(Box::new(node), Box::new(self.pipeline(next))),
            };
        }
        node
    }

    fn pipeline(&mut self, pipeline: &ast::Pipeline) -> Node {
        let mut nodes: Vec<Node> = pipeline.seq.iter().map(|command| self.command(command)).collect();
        let node = match nodes.pop() {
            Some(only) if nodes.is_empty() => only,
            Some(last) => {
                nodes.push(last);
                Node::Pipeline(nodes)
            }
            None => Node::Sequence(nodes),
        };
        if pipeline.bang { Node::Not(Box::new(node)) } else { node }
    }

    fn command(&mut self, command: &ast::Command) -> Node {
        match command {
            ast::Command::Simple(simple) => Node::Command(self.simple(simple)),
            ast::Command::Compound(compound, redirects) => {
                let node = self.compound(compound);
                self.redirected(node, redirects.as_ref())
            }
            ast::Command::Function(function) => {
                let name = function.fname.value.clone();
                let body = self.compound(&function.body.0);
                let body = self.redirected(body, function.body.1.as_ref());
                Node::Function { name, body: Arc::new(body) }
            }
            ast::Command::ExtendedTest(test, redirects) => {
                let node = Node::Test(self.test(&test.expr));
                self.redirected(node, redirects.as_ref())
            }
        }
    }

    fn redirected(&mut self, node: Node, redirects: Option<&ast::RedirectList>) -> Node {
        let redirects: Vec<Redirect> = redirects.iter().flat_map(|r| &r.0).map(|r| self.redirect(r)).collect();
        if redirects.is_empty() { node } else { Node::Redirected(Box::new(node), redirects) }
    }

    fn compound(&mut self, compound: &ast::CompoundCommand) -> Node {
        use ast::CompoundCommand as C;
        match compound {
            C::Arithmetic(command) => {
                let (start, end) = self.stretch(&command.loc);
                Node::Opaque(self.text.get(start..end).unwrap_or_default().to_owned())
            }
            C::ArithmeticForClause(command) => {
                let condition = command.condition.as_ref().map_or("", |c| c.value.as_str());
                let test = Box::new(Node::Opaque(format!("(({condition}))")));
                Node::While { test, body: Box::new(self.list(&command.body.list)), until: false }
            }
            C::BraceGroup(group) => Node::Sequence(vec![self.list(&group.list)]),
            C::Subshell(shell) => Node::Subshell(Box::new(self.list(&shell.list))),
            C::ForClause(clause) => {
                let words = clause.values.as_ref().map(|words| words.iter().map(|w| self.word(w)).collect());
                let body = Box::new(self.list(&clause.body.list));
                // `for x in; do` lists nothing; only `for x; do` stands for the parameters. The library has the
                // same tree for both, and the latter is the one that people write.
                Node::For { variable: clause.variable_name.clone(), words, body }
            }
            C::CaseClause(clause) => {
                let word = self.word(&clause.value);
                let mut arms = Vec::new();
                for case in &clause.cases {
                    let patterns = case.patterns.iter().map(|p| self.word(p)).collect();
                    let body = case.cmd.as_ref().map_or(Node::Sequence(Vec::new()), |list| self.list(list));
                    arms.push((patterns, body));
                }
                Node::Case { word, arms }
            }
            C::IfClause(clause) => {
                let mut branches = vec![(self.list(&clause.condition), self.list(&clause.then))];
                let mut otherwise = None;
                for part in clause.elses.iter().flatten() {
                    let body = self.list(&part.body);
                    match &part.condition {
                        Some(condition) => branches.push((self.list(condition), body)),
                        None => otherwise = Some(Box::new(body)),
                    }
                }
                Node::If { branches, otherwise }
            }
            C::WhileClause(clause) => self.repeat(clause, false),
            C::UntilClause(clause) => self.repeat(clause, true),
            C::Coprocess(coprocess) => Node::Subshell(Box::new(self.command(&coprocess.body))),
        }
    }

    fn repeat(&mut self, clause: &ast::WhileOrUntilClauseCommand, until: bool) -> Node {
        let test = Box::new(self.list(&clause.0));
        Node::While { test, body: Box::new(self.list(&clause.1.list)), until }
    }

    fn test(&mut self, test: &ast::ExtendedTestExpr) -> Test {
        use ast::ExtendedTestExpr as T;
        match test {
            T::And(a, b) => Test::And(Box::new(self.test(a)), Box::new(self.test(b))),
            T::Or(a, b) => Test::Or(Box::new(self.test(a)), Box::new(self.test(b))),
            T::Not(a) => Test::Not(Box::new(self.test(a))),
            T::Parenthesized(a) => self.test(a),
            T::UnaryTest(operator, operand) => Test::Unary(operator.to_string(), self.word(operand)),
            T::BinaryTest(operator, left, right) => {
                Test::Binary(self.word(left), operator.to_string(), self.word(right))
            }
        }
    }

    fn word(&self, found: &ast::Word) -> Word {
        match &found.loc {
            Some(span) => self.word_at(span),
            None => word(&found.value, self.base, self.depth),
        }
    }

    fn word_at(&self, span: &SourceSpan) -> Word {
        let (start, end) = self.stretch(span);
        word(self.text.get(start..end).unwrap_or_default(), self.base + start, self.depth)
    }

    fn simple(&mut self, command: &ast::SimpleCommand) -> Simple {
        use ast::CommandPrefixOrSuffixItem as Item;
        let mut simple = Simple::begun();
        let prefix = command.prefix.iter().flat_map(|p| &p.0);
        let suffix = command.suffix.iter().flat_map(|s| &s.0);
        for item in prefix {
            match item {
                Item::IoRedirect(redirect) => simple.redirects.push(self.redirect(redirect)),
                Item::AssignmentWord(assignment, found) => {
                    let (assignment, start, end) = self.assignment(assignment, found);
                    simple.reach(start, end);
                    simple.assignments.push(assignment);
                }
                Item::Word(found) => simple.add(self.word(found)),
                Item::ProcessSubstitution(_, shell) => simple.add(self.process(shell)),
            }
        }
        let mut declares = false;
        if let Some(found) = &command.word_or_name {
            declares = is_declaring(&found.value);
            simple.add(self.word(found));
        }
        for item in suffix {
            match item {
                Item::IoRedirect(redirect) => simple.redirects.push(self.redirect(redirect)),
                Item::AssignmentWord(assignment, found) if declares => {
                    let (assignment, start, end) = self.assignment(assignment, found);
                    simple.reach(start, end);
                    simple.declarations.push(assignment);
                }
                Item::AssignmentWord(_, found) | Item::Word(found) => simple.add(self.word(found)),
                Item::ProcessSubstitution(_, shell) => simple.add(self.process(shell)),
            }
        }
        simple.settled(self.base)
    }

    /// `<(...)` as a word.
    fn process(&self, shell: &ast::SubshellCommand) -> Word {
        let (start, end) = self.stretch(&shell.loc);
        let text = format!("<{}", self.text.get(start..end).unwrap_or_default());
        // One byte more in front, for the angle bracket that the location leaves out.
        let mut word = word(&text, (self.base + start).saturating_sub(1), self.depth);
        word.end = self.base + end;
        word
    }

    fn assignment(&self, assignment: &ast::Assignment, found: &ast::Word) -> (Assignment, usize, usize) {
        let (start, end) = match &found.loc {
            Some(span) => self.stretch(span),
            None => (0, 0),
        };
        let text = self.text.get(start..end).unwrap_or_default();
        let (name, index) = match &assignment.name {
            ast::AssignmentName::VariableName(name) => (name.clone(), None),
            ast::AssignmentName::ArrayElementName(name, index) => (name.clone(), Some(index.clone())),
        };
        // The index may hold an `=` of its own.
        let from = match &index {
            Some(_) => text.find("]=").or_else(|| text.find("]+=")).unwrap_or(name.len()),
            None => name.len(),
        };
        let at = text.get(from..).and_then(|t| t.find('=')).map_or(text.len(), |at| from + at + 1);
        let inner = text.get(at..).unwrap_or_default();
        let base = self.base + start + at;
        let value = match &assignment.value {
            ast::AssignmentValue::Scalar(_) => Value::Scalar(word(inner, base, self.depth)),
            ast::AssignmentValue::Array(_) => {
                let inside = inner.trim_start().trim_start_matches('(');
                let skipped = inner.len() - inside.len();
                let inside = inside.strip_suffix(')').unwrap_or(inside);
                Value::Array(elements(inside, base + skipped, self.depth))
            }
        };
        let assignment = Assignment { name, index, value, append: assignment.append };
        (assignment, self.base + start, self.base + end)
    }

    fn redirect(&mut self, redirect: &ast::IoRedirect) -> Redirect {
        let number = |fd: &Option<i32>| fd.and_then(|fd| u32::try_from(fd).ok());
        match redirect {
            ast::IoRedirect::File(fd, kind, target) => {
                use ast::IoFileRedirectKind as K;
                let kind = match kind {
                    K::Read | K::ReadAndWrite => RedirectKind::Read,
                    K::Write | K::Clobber => RedirectKind::Write,
                    K::Append => RedirectKind::Append,
                    K::DuplicateInput | K::DuplicateOutput => RedirectKind::Duplicate,
                };
                let target = match target {
                    ast::IoFileRedirectTarget::Filename(found) | ast::IoFileRedirectTarget::Duplicate(found) => {
                        self.word(found)
                    }
                    ast::IoFileRedirectTarget::Fd(fd) => Word::literal(fd.to_string(), 0, 0),
                    ast::IoFileRedirectTarget::ProcessSubstitution(_, shell) => self.process(shell),
                };
                Redirect::new(number(fd), kind, target)
            }
            ast::IoRedirect::OutputAndError(target, _) => {
                Redirect { descriptor: None, kind: RedirectKind::Both, target: self.word(target) }
            }
            ast::IoRedirect::HereString(fd, target) => {
                Redirect { descriptor: number(fd), kind: RedirectKind::HereString, target: self.word(target) }
            }
            ast::IoRedirect::HereDocument(fd, here) => {
                let start = here.doc.loc.as_ref().map_or(0, |span| self.byte(span.start.index));
                let target = if here.requires_expansion {
                    document(&here.doc.value, self.base + start, self.depth)
                } else {
                    verbatim(&here.doc.value, self.base + start)
                };
                Redirect { descriptor: number(fd), kind: RedirectKind::HereDocument, target }
            }
        }
    }
}
