//! From the parts of plain statements to the tree.

use std::ops::Range;

use super::compound::Compound;
use super::plain::{Operator, Part, assigned};
use super::word::word;
use super::{Assignment, Node, Redirect, Simple, Value};

/// The statements of a list as they grow together.
pub(super) struct Tree<'a> {
    text: &'a str,
    base: usize,
    depth: usize,
    simple: Simple,
    /// A statement in place of a command; what else `simple` has are its redirects.
    whole: Option<Node>,
    /// Whether the pipeline is turned round.
    negated: bool,
    pipeline: Vec<Node>,
    chain: Option<(Node, Operator)>,
    list: Vec<Node>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(text: &'a str, base: usize, depth: usize) -> Self {
        let (simple, pipeline, list) = (Simple::begun(), Vec::new(), Vec::new());
        Self { text, base, depth, simple, whole: None, negated: false, pipeline, chain: None, list }
    }

    /// What the parts come to.
    pub(super) fn grow(mut self, parts: Vec<Part>) -> Vec<Node> {
        let ended = matches!(parts.last(), None | Some(Part::Operator(_)));
        for part in parts {
            match part {
                Part::Word(stretch) => {
                    let word = self.word(stretch);
                    self.simple.add(word);
                }
                Part::Assignment(stretch) => self.assign(stretch),
                Part::Redirect(descriptor, kind, stretch) => {
                    let target = self.word(stretch);
                    self.simple.redirects.push(Redirect::new(descriptor, kind, target));
                }
                Part::Operator(operator) => self.end(operator),
                Part::Not => self.negated = true,
                Part::Test(stretch, test) => {
                    let text = self.text.get(stretch.clone()).unwrap_or_default();
                    self.whole = test.read(text, self.base + stretch.start, self.depth);
                }
                Part::Compound(compound) => self.whole = Some(self.compound(compound)),
            }
        }
        if !ended {
            self.end(Operator::End);
        }
        self.list
    }

    fn compound(&self, compound: Compound) -> Node {
        let list = |parts: Vec<Part>| {
            let mut nodes = Self::new(self.text, self.base, self.depth + 1).grow(parts);
            match nodes.pop() {
                Some(only) if nodes.is_empty() => only,
                last => Node::Sequence(nodes.into_iter().chain(last).collect()),
            }
        };
        match compound {
            Compound::If { branches, otherwise } => Node::If {
                branches: branches.into_iter().map(|(condition, body)| (list(condition), list(body))).collect(),
                otherwise: otherwise.map(|body| Box::new(list(body))),
            },
            Compound::For { variable, words, body } => Node::For {
                variable: self.text.get(variable).unwrap_or_default().to_owned(),
                words: Some(words.into_iter().map(|stretch| self.word(stretch)).collect()),
                body: Box::new(list(body)),
            },
            Compound::While { test, body, until } => {
                Node::While { test: Box::new(list(test)), body: Box::new(list(body)), until }
            }
        }
    }

    fn word(&self, stretch: Range<usize>) -> super::Word {
        let start = self.base + stretch.start;
        word(self.text.get(stretch).unwrap_or_default(), start, self.depth)
    }

    fn assign(&mut self, stretch: Range<usize>) {
        let text = self.text.get(stretch.clone()).unwrap_or_default();
        let Some((name, at)) = assigned(text) else { return };
        let value = Value::Scalar(self.word(stretch.start + at..stretch.end));
        let append = at > name.len() + 1;
        let assignment = Assignment { name: name.to_owned(), index: None, value, append };
        self.simple.reach(self.base + stretch.start, self.base + stretch.end);
        let declares = !self.simple.words.is_empty();
        if declares { &mut self.simple.declarations } else { &mut self.simple.assignments }.push(assignment);
    }

    /// Ends a command with what stands behind it.
    fn end(&mut self, operator: Operator) {
        let simple = std::mem::replace(&mut self.simple, Simple::begun());
        self.pipeline.push(match self.whole.take() {
            None => Node::Command(simple.settled(self.base)),
            Some(whole) if simple.redirects.is_empty() => whole,
            Some(whole) => Node::Redirected(Box::new(whole), simple.redirects),
        });
        if operator == Operator::Pipe {
            return;
        }
        let mut pipeline = std::mem::take(&mut self.pipeline);
        let node = match pipeline.pop() {
            Some(only) if pipeline.is_empty() => only,
            Some(last) => {
                pipeline.push(last);
                Node::Pipeline(pipeline)
            }
            None => return,
        };
        let node = if std::mem::take(&mut self.negated) { Node::Not(Box::new(node)) } else { node };
        let node = match self.chain.take() {
            None => node,
            Some((before, Operator::Or)) => Node::Or(Box::new(before), Box::new(node)),
            Some((before, _)) => Node::And(Box::new(before), Box::new(node)),
        };
        match operator {
            Operator::End => self.list.push(node),
            operator => self.chain = Some((node, operator)),
        }
    }
}
