//! HCL: Terraform, OpenTofu, Nomad, Packer.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use hcl_edit::Span;
use hcl_edit::expr::{Expression, FuncCall, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::structure::{Block as HclBlock, Body, Structure};
use hcl_edit::template::{Element, Template};

use super::{Data, Entry, Lines, MAX_DEPTH, Value};

/// A top-level block.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// `resource`, `module`, `job`, ...
    pub kind: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Its content.
    pub value: Value,
}

/// What `local.NAME` and `var.NAME` stand for.
pub trait Names {
    /// The value of a name of the namespace `local` or `var`.
    fn name(&self, namespace: &str, name: &str) -> Option<Value>;
}

/// Nothing has a name.
impl Names for () {
    fn name(&self, _: &str, _: &str) -> Option<Value> {
        None
    }
}

/// Reads an HCL text: its blocks, and its attributes outside of blocks. `None` when it is broken.
pub fn hcl(path: &Arc<str>, text: &str, names: &dyn Names) -> Option<(Vec<Block>, Vec<Entry>)> {
    let body = hcl_edit::parser::parse_body(text).ok()?;
    let lines = Lines::new(path, text);
    let reader = Reader { lines: &lines, names, bound: RefCell::default() };
    let mut blocks = Vec::new();
    let mut entries = Vec::new();
    for structure in body.iter() {
        match structure {
            Structure::Attribute(a) => entries.push(reader.attribute(a, 0)),
            Structure::Block(block) => {
                let labels = labels(block);
                blocks.push(Block { kind: block.ident.to_string(), labels, value: reader.block(block, 0) });
            }
        }
    }
    Some((blocks, entries))
}

fn labels(block: &HclBlock) -> Vec<String> {
    block.labels.iter().map(|l| l.as_str().to_owned()).collect()
}

struct Reader<'a> {
    lines: &'a Lines<'a>,
    names: &'a dyn Names,
    /// The iterators of the `dynamic` blocks around: name, key, value.
    bound: RefCell<Vec<(String, Value, Value)>>,
}

/// A `dynamic` block is written out for no more elements.
const MOST_DYNAMIC: usize = 50;

impl Reader<'_> {
    fn value(&self, bytes: Range<usize>, data: Data) -> Value {
        Value::new(self.lines.at(&bytes), bytes, data)
    }

    fn block(&self, block: &HclBlock, depth: usize) -> Value {
        // The head of the block is its place, not all of its lines.
        let start = block.ident.span().map_or(0, |s| s.start);
        let end = block.labels.last().and_then(Span::span).or_else(|| block.ident.span()).map_or(start, |s| s.end);
        let entries = if depth > MAX_DEPTH { Vec::new() } else { self.body(&block.body, depth) };
        let mut value = self.value(start..end, Data::Map(entries));
        value.labels = labels(block);
        value
    }

    fn body(&self, body: &Body, depth: usize) -> Vec<Entry> {
        let mut entries = Vec::new();
        for structure in body.iter() {
            match structure {
                Structure::Attribute(a) => entries.push(self.attribute(a, depth)),
                Structure::Block(block) if block.has_ident("dynamic") => self.dynamic(block, depth, &mut entries),
                Structure::Block(block) => {
                    let value = self.block(block, depth + 1);
                    entries.push(Entry { key: block.ident.to_string(), at: value.at.clone(), value });
                }
            }
        }
        entries
    }

    /// `dynamic "x" { for_each = ... content { ... } }` makes blocks of the kind `x`: one for each element, or one where
    /// the elements are not visible.
    fn dynamic(&self, block: &HclBlock, depth: usize, entries: &mut Vec<Entry>) {
        let Some(key) = labels(block).into_iter().next() else { return };
        let Some(content) = block.body.get_blocks("content").next() else { return };
        let each = block.body.get_attribute("for_each").map(|a| self.expression(&a.value, depth + 1));
        let name = block.body.get_attribute("iterator").and_then(|a| a.value.as_variable().map(ToString::to_string));
        let name = name.unwrap_or_else(|| key.clone());
        let elements: Vec<(Value, Value)> = match each.as_ref().map(|e| &e.data) {
            Some(Data::Map(elements)) => {
                let named = |e: &Entry| {
                    let text = Data::Text { text: e.key.clone(), exact: true };
                    (Value::new(e.at.clone(), e.value.bytes.clone(), text), e.value.clone())
                };
                elements.iter().map(named).collect()
            }
            Some(Data::List(elements)) => elements.iter().map(|e| (e.clone(), e.clone())).collect(),
            _ => {
                let value = self.block(content, depth + 1);
                entries.push(Entry { key, at: value.at.clone(), value });
                return;
            }
        };
        for (index, item) in elements.into_iter().take(MOST_DYNAMIC) {
            self.bound.borrow_mut().push((name.clone(), index, item));
            let value = self.block(content, depth + 1);
            self.bound.borrow_mut().pop();
            entries.push(Entry { key: key.clone(), at: value.at.clone(), value });
        }
    }

    fn attribute(&self, attribute: &hcl_edit::structure::Attribute, depth: usize) -> Entry {
        let at = attribute.key.span().unwrap_or_default();
        let value = self.expression(&attribute.value, depth);
        Entry { key: attribute.key.to_string(), at: self.lines.at(&at), value }
    }

    fn expression(&self, expression: &Expression, depth: usize) -> Value {
        let bytes = expression.span().unwrap_or_default();
        let raw = || Data::Unknown(self.lines.slice(bytes.clone()).trim().to_owned());
        if depth > MAX_DEPTH {
            return self.value(bytes.clone(), raw());
        }
        let data = match expression {
            Expression::Null(_) => Data::Null,
            Expression::Bool(b) => Data::Bool(*b.value()),
            Expression::Number(n) => Data::Number(n.value().to_string()),
            Expression::String(s) => Data::Text { text: s.value().clone(), exact: true },
            Expression::Array(list) => Data::List(list.iter().map(|e| self.expression(e, depth + 1)).collect()),
            Expression::Object(object) => {
                let entries = object.iter().filter_map(|(key, value)| {
                    let (name, span) = match key {
                        ObjectKey::Ident(ident) => (ident.to_string(), ident.span()),
                        ObjectKey::Expression(e) => (self.expression(e, depth + 1).shown()?.to_owned(), e.span()),
                    };
                    let at = self.lines.at(&span.unwrap_or_default());
                    Some(Entry { key: name, at, value: self.expression(value.expr(), depth + 1) })
                });
                Data::Map(entries.collect())
            }
            Expression::StringTemplate(template) => {
                let elements: Vec<&Element> = template.iter().collect();
                if let [Element::Interpolation(only)] = elements.as_slice() {
                    let mut value = self.expression(&only.expr, depth + 1);
                    value.at = self.lines.at(&bytes);
                    return value;
                }
                return self.template(elements, bytes, depth);
            }
            Expression::HeredocTemplate(heredoc) => {
                return self.template(template_elements(&heredoc.template), bytes, depth);
            }
            Expression::Parenthesis(inner) => return self.expression(inner.inner(), depth + 1),
            Expression::Conditional(choice) => match self.expression(&choice.cond_expr, depth + 1).bool() {
                Some(true) => return self.expression(&choice.true_expr, depth + 1),
                Some(false) => return self.expression(&choice.false_expr, depth + 1),
                None => raw(),
            },
            Expression::FuncCall(call) => return self.call(call, bytes, depth),
            Expression::Traversal(traversal) => {
                return self.traversal(traversal, depth).unwrap_or_else(|| self.value(bytes.clone(), raw()));
            }
            Expression::Variable(_) | Expression::UnaryOp(_) | Expression::BinaryOp(_) | Expression::ForExpr(_) => {
                raw()
            }
        };
        self.value(bytes, data)
    }

    fn template(&self, elements: Vec<&Element>, bytes: Range<usize>, depth: usize) -> Value {
        let mut text = String::new();
        let mut exact = true;
        let mut assumed = None;
        for element in elements {
            match element {
                Element::Literal(literal) => text.push_str(literal),
                Element::Interpolation(part) => {
                    let value = self.expression(&part.expr, depth + 1);
                    if let Some(known) = value.text() {
                        text.push_str(known);
                    } else {
                        exact = false;
                        match &value.data {
                            // `path.module` and texts with unknown parts of their own.
                            Data::Text { text: inner, .. } => text.push_str(inner),
                            _ => {
                                text.push_str("${");
                                text.push_str(value.shown().unwrap_or("..."));
                                text.push('}');
                            }
                        }
                    }
                    assumed = assumed.or(value.assumed);
                }
                Element::Directive(_) => {
                    exact = false;
                    text.push_str("${...}");
                }
            }
        }
        let mut value = self.value(bytes, Data::Text { text, exact });
        value.assumed = assumed;
        value
    }

    fn call(&self, call: &FuncCall, bytes: Range<usize>, depth: usize) -> Value {
        let arguments: Vec<Value> = call.args.iter().map(|a| self.expression(a, depth + 1)).collect();
        let unknown = || self.value(bytes.clone(), Data::Unknown(self.lines.slice(bytes.clone()).trim().to_owned()));
        let first = || arguments.first().cloned().unwrap_or_else(unknown);
        let name = call.name.name.to_string();
        match name.as_str() {
            "jsonencode" | "yamlencode" | "base64encode" | "base64gzip" | "trimspace" | "chomp" | "sensitive"
            | "nonsensitive" | "tolist" | "toset" | "tomap" | "tostring" | "tobool" | "tonumber" | "compact"
            | "distinct" | "sort" | "textencodebase64" | "jsondecode" | "yamldecode" | "replace" | "one" => first(),
            "try" if arguments.len() == 1 => first(),
            "indent" => arguments.get(1).cloned().unwrap_or_else(unknown),
            "file" | "templatefile" | "filebase64" => {
                let Some(path) = arguments.first().and_then(Value::shown) else { return unknown() };
                let variables = arguments.get(1).map(|v| v.entries().to_vec()).unwrap_or_default();
                self.value(bytes.clone(), Data::File { path: path.to_owned(), variables })
            }
            "join" => {
                let separator = arguments.first().and_then(Value::text).unwrap_or_default();
                let Some(Data::List(items)) = arguments.get(1).map(|l| &l.data) else { return unknown() };
                let exact = items.iter().all(|i| i.text().is_some());
                let words: Vec<String> =
                    items.iter().map(|i| i.text().map_or("${...}".to_owned(), str::to_owned)).collect();
                self.value(bytes.clone(), Data::Text { text: words.join(separator), exact })
            }
            "merge" if arguments.iter().any(Value::is_map) => self.merged(&arguments, bytes, false),
            "concat" | "flatten" | "setunion" => {
                let mut items = Vec::new();
                for argument in &arguments {
                    let Data::List(list) = &argument.data else { return unknown() };
                    for item in list {
                        match (&item.data, name.as_str()) {
                            (Data::List(inner), "flatten") => items.extend(inner.iter().cloned()),
                            _ => items.push(item.clone()),
                        }
                    }
                }
                self.value(bytes.clone(), Data::List(items))
            }
            "split" => {
                let (Some(separator), Some(text)) =
                    (arguments.first().and_then(Value::text), arguments.get(1).and_then(Value::text))
                else {
                    return unknown();
                };
                let item = |word: &str| self.value(bytes.clone(), Data::Text { text: word.to_owned(), exact: true });
                self.value(bytes.clone(), Data::List(text.split(separator).map(item).collect()))
            }
            "lower" => match arguments.first().and_then(Value::text) {
                Some(text) => self.value(bytes.clone(), Data::Text { text: text.to_lowercase(), exact: true }),
                None => unknown(),
            },
            _ => unknown(),
        }
    }

    /// One map of several. The last writer wins; what a part that is not visible may write over is only assumed. Of
    /// `alternatives` one holds, and all is assumed.
    fn merged(&self, parts: &[Value], bytes: Range<usize>, alternatives: bool) -> Value {
        let unsure: Arc<str> = Arc::from("a part that is not visible");
        let mut entries: Vec<Entry> = Vec::new();
        let mut assumed = None;
        for part in parts {
            if !part.is_map() {
                assumed = Some(Arc::clone(&unsure));
                entries.iter_mut().for_each(|e| e.value.assumed = Some(Arc::clone(&unsure)));
            }
            assumed = assumed.or_else(|| part.assumed.clone());
            for entry in part.entries() {
                let mut entry = entry.clone();
                if alternatives || part.assumed.is_some() {
                    entry.value.assumed.get_or_insert_with(|| Arc::clone(&unsure));
                }
                entries.retain(|e| e.key != entry.key);
                entries.push(entry);
            }
        }
        let mut value = self.value(bytes, Data::Map(entries));
        value.assumed = assumed.or(alternatives.then_some(unsure));
        value
    }

    fn traversal(&self, traversal: &Traversal, depth: usize) -> Option<Value> {
        let Expression::Variable(root) = &traversal.expr else { return None };
        let mut operators = traversal.operators.iter();
        let TraversalOperator::GetAttr(name) = operators.next()?.value() else { return None };
        let bound = self
            .bound
            .borrow()
            .iter()
            .rev()
            .find(|(n, ..)| n == root.as_str())
            .map(|(_, key, item)| if name.as_str() == "key" { key.clone() } else { item.clone() });
        let mut value = match bound {
            Some(value) => value,
            None => self.names.name(root.as_str(), name.as_str())?,
        };
        for operator in operators {
            let assumed = value.assumed.clone();
            value = match operator.value() {
                TraversalOperator::GetAttr(key) => value.get(key.as_str())?.clone(),
                TraversalOperator::Index(index) => {
                    let index = self.expression(index, depth + 1);
                    match &value.data {
                        Data::List(items) => items.get(usize::try_from(index.int()?).ok()?)?.clone(),
                        _ => value.get(index.text()?)?.clone(),
                    }
                }
                _ => return None,
            };
            value.assumed = value.assumed.or(assumed);
        }
        Some(value)
    }
}

fn template_elements(template: &Template) -> Vec<&Element> {
    template.iter().collect()
}
