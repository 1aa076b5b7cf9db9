//! HCL: Terraform, OpenTofu, Nomad, Packer.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::sync::Arc;

use hcl_edit::expr::{
    BinaryOp, BinaryOperator, Expression, ForExpr, FuncCall, ObjectKey, Traversal, TraversalOperator,
};
use hcl_edit::structure::{Block as HclBlock, Body, Structure};
use hcl_edit::template::{Element, Template};
use hcl_edit::{Decorated, Span};

use super::{Data, Entry, Lines, MAX_DEPTH, MAX_VALUES, Value};

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

    /// The value of a bare name, in languages that have such (Bake).
    fn variable(&self, _: &str) -> Option<Value> {
        None
    }
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
    let reader =
        Reader { lines: &lines, names, bound: RefCell::default(), dynamic: RefCell::default(), made: Cell::default() };
    let mut blocks = Vec::new();
    let mut entries = Vec::new();
    for structure in body.iter() {
        match structure {
            Structure::Attribute(a) => entries.push(reader.attribute(a, 0)),
            Structure::Block(block) => {
                reader.top(block, &mut blocks);
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
    /// The names among them that stand for a key and a value, not for the element itself.
    dynamic: RefCell<Vec<String>>,
    /// What was made so far.
    made: Cell<usize>,
}

/// A `dynamic` block is written out for no more elements.
const MOST_DYNAMIC: usize = 50;

impl Reader<'_> {
    /// Names that stand for names and loops in loops make much of little.
    fn is_spent(&self) -> bool {
        self.made.get() > MAX_VALUES
    }

    fn spend(&self, weight: usize) {
        self.made.set(self.made.get().saturating_add(weight));
    }

    fn value(&self, bytes: Range<usize>, data: Data) -> Value {
        self.spend(match &data {
            Data::Text { text, .. } => 1 + text.len() / 16,
            _ => 1,
        });
        Value::new(self.lines.at(&bytes), bytes, data)
    }

    /// A block with `for_each` is written out once for each element, when these are visible.
    fn top(&self, block: &HclBlock, blocks: &mut Vec<Block>) {
        let kind = block.ident.to_string();
        let each = block.body.get_attribute("for_each").map(|a| self.expression(&a.value, 1));
        let elements = each.as_ref().and_then(elements).unwrap_or_default();
        if elements.is_empty() || elements.len() > MOST_DYNAMIC {
            blocks.push(Block { kind, labels: labels(block), value: self.block(block, 0) });
            return;
        }
        for (key, item) in elements {
            if self.is_spent() {
                break;
            }
            let mut labels = labels(block);
            labels.extend(key.text().map(str::to_owned));
            self.bound.borrow_mut().push(("each".to_owned(), key, item));
            let value = self.block(block, 0);
            self.bound.borrow_mut().pop();
            blocks.push(Block { kind: kind.clone(), labels, value });
        }
    }

    /// `{ for k, v in X : k => v if c }` and `[for v in X : v if c]`, when X is visible.
    fn for_expression(&self, expression: &ForExpr, depth: usize) -> Option<Data> {
        let intro = &expression.intro;
        let collection = self.expression(&intro.collection_expr, depth + 1);
        let elements = elements(&collection)?;
        if elements.len() > MOST_DYNAMIC {
            return None;
        }
        let value_name = intro.value_var.to_string();
        let key_name = intro.key_var.as_ref().map(ToString::to_string);
        let mut entries = Vec::new();
        let mut items = Vec::new();
        let is_list = matches!(collection.data, Data::List(_));
        for (index, (key, item)) in elements.into_iter().enumerate() {
            if self.is_spent() {
                return None;
            }
            let key = if is_list { Value { data: Data::Number(index.to_string()), ..key } } else { key };
            let mark = self.bound.borrow().len();
            self.bound.borrow_mut().push((value_name.clone(), key.clone(), item));
            if let Some(name) = &key_name {
                self.bound.borrow_mut().push((name.clone(), key.clone(), key));
            }
            let wanted = expression.cond.as_ref().map(|c| self.expression(&c.expr, depth + 1));
            let unsure = wanted.as_ref().is_some_and(|w| w.bool().is_none());
            let dropped = wanted.is_some_and(|w| w.bool() == Some(false));
            let mut value = self.expression(&expression.value_expr, depth + 1);
            let key = expression.key_expr.as_ref().map(|k| self.expression(k, depth + 1));
            self.bound.borrow_mut().truncate(mark);
            if dropped {
                continue;
            }
            if unsure {
                value.assumed = Some(Arc::from("a part that is not visible"));
            }
            match key {
                Some(key) => {
                    let at = value.at.clone();
                    entries.push(Entry { key: key.shown()?.to_owned(), at, value });
                }
                None => items.push(value),
            }
        }
        Some(if expression.key_expr.is_some() { Data::Map(entries) } else { Data::List(items) })
    }

    /// `==` and `!=` of what is visible.
    fn comparison(&self, operation: &BinaryOp, depth: usize) -> Option<Data> {
        let equal = match operation.operator.value() {
            BinaryOperator::Eq => true,
            BinaryOperator::NotEq => false,
            _ => return None,
        };
        let left = self.expression(&operation.lhs_expr, depth + 1);
        let right = self.expression(&operation.rhs_expr, depth + 1);
        if left.assumed.is_some() || right.assumed.is_some() {
            return None;
        }
        Some(Data::Bool((left.text()? == right.text()?) == equal))
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
        let Some(elements) = each.as_ref().and_then(elements) else {
            let value = self.block(content, depth + 1);
            entries.push(Entry { key, at: value.at.clone(), value });
            return;
        };
        for (index, item) in elements.into_iter().take(MOST_DYNAMIC) {
            if self.is_spent() {
                break;
            }
            self.bound.borrow_mut().push((name.clone(), index, item));
            self.dynamic.borrow_mut().push(name.clone());
            let value = self.block(content, depth + 1);
            self.dynamic.borrow_mut().pop();
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
        if depth > MAX_DEPTH || self.is_spent() {
            return self.value(bytes.clone(), Data::Unknown(String::new()));
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
            Expression::ForExpr(e) => self.for_expression(e, depth).unwrap_or_else(raw),
            Expression::BinaryOp(e) => self.comparison(e, depth).unwrap_or_else(raw),
            Expression::Variable(name) => {
                let bound = self.bound(name.as_str(), false);
                let bound = bound.or_else(|| {
                    let value = self.names.variable(name.as_str())?;
                    self.spend(value.weight());
                    Some(value)
                });
                return bound.unwrap_or_else(|| self.value(bytes.clone(), raw()));
            }
            Expression::UnaryOp(_) => raw(),
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
            "equal" | "notequal" => {
                let texts = (arguments.first().and_then(Value::text), arguments.get(1).and_then(Value::text));
                let (Some(left), Some(right)) = texts else { return unknown() };
                self.value(bytes.clone(), Data::Bool((left == right) == (name == "equal")))
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
        let root = root.as_str();
        // A variable of a `for` is the element itself; `each` and the iterators of dynamic blocks have a key and a value.
        let iterator = root == "each" || self.dynamic.borrow().iter().any(|n| n == root);
        if !iterator && let Some(value) = self.bound(root, false) {
            return self.follow(value, traversal.operators.iter(), depth);
        }
        let mut operators = traversal.operators.iter();
        let TraversalOperator::GetAttr(name) = operators.next()?.value() else { return None };
        let name = name.as_str();
        if let Some(value) = self.names.variable(root) {
            self.spend(value.weight());
            return self.follow(value, traversal.operators.iter(), depth);
        }
        let value = match self.bound(root, name == "key") {
            Some(value) => value,
            None => {
                let value = self.names.name(root, name)?;
                self.spend(value.weight());
                value
            }
        };
        if self.is_spent() {
            return None;
        }
        self.follow(value, operators, depth)
    }

    /// What a name is bound to by an iterator around: its key, or the element.
    fn bound(&self, name: &str, key: bool) -> Option<Value> {
        let bound = self.bound.borrow();
        let (_, index, item) = bound.iter().rev().find(|(n, ..)| n == name)?;
        let value = if key { index } else { item };
        self.spend(value.weight());
        Some(value.clone())
    }

    fn follow<'o>(
        &self,
        mut value: Value,
        operators: impl Iterator<Item = &'o Decorated<TraversalOperator>>,
        depth: usize,
    ) -> Option<Value> {
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

/// Keys and values of a map, or the elements of a list twice, as `toset` makes them.
fn elements(collection: &Value) -> Option<Vec<(Value, Value)>> {
    match &collection.data {
        Data::Map(entries) => {
            let named = |e: &Entry| {
                let text = Data::Text { text: e.key.clone(), exact: true };
                (Value::new(e.at.clone(), e.value.bytes.clone(), text), e.value.clone())
            };
            Some(entries.iter().map(named).collect())
        }
        Data::List(items) => Some(items.iter().map(|e| (e.clone(), e.clone())).collect()),
        _ => None,
    }
}

fn template_elements(template: &Template) -> Vec<&Element> {
    template.iter().collect()
}
