//! `${{ }}` expressions: parsed by the platform's grammar, evaluated as far as the checkout allows.

use std::cmp::Ordering;

use github_actions_expressions::call::{Call, Function};
use github_actions_expressions::literal::Literal;
use github_actions_expressions::op::{BinExpr, BinOp, UnOp};
use github_actions_expressions::{Expr, SpannedExpr};
use smol_str::{SmolStr, ToSmolStr, format_smolstr};

use super::value::{Value, equal, order};
use crate::commands::kept;
use crate::model::{Cond, Text, opening};

/// Where the names in an expression get their values.
pub(super) trait Lookup {
    /// The value of a context path such as `github.ref` or `steps.push.outputs.digest`, in lower-case segments where
    /// the platform ignores case.
    fn lookup(&self, path: &[SmolStr]) -> Value;

    /// What the value that a symbol stands for is known to start with.
    fn start(&self, symbol: &str) -> String {
        let _ = symbol;
        String::new()
    }

    /// Whether something failed before: `failure()` holds and `success()` does not.
    fn failed(&self) -> bool {
        false
    }
}

/// Values do not grow longer than this and what one part adds; longer ones than scripts keep are unknown.
const LONGEST_VALUE: usize = 256 << 10;
/// Expressions longer than this are not evaluated.
const LONGEST: usize = 21_000;

/// Evaluates the inside of a `${{ }}`. What cannot be parsed is unknown under its own text.
pub(super) fn evaluate(source: &str, scope: &dyn Lookup) -> Value {
    let source = source.trim();
    if source.len() > LONGEST {
        return Value::unknown("expression too long");
    }
    if let Some(path) = plain_path(source) {
        return scope.lookup(&path);
    }
    match Expr::parse(source) {
        Ok(expression) => value(&expression, scope),
        Err(_) => Value::unknown(&folded(source)),
    }
}

/// The segments of an expression that is one member of a context (`matrix.os`), as most are.
fn plain_path(source: &str) -> Option<Vec<SmolStr>> {
    let mut path = Vec::new();
    let mut start = 0;
    for (at, byte) in source.bytes().chain([b'.']).enumerate() {
        match byte {
            b'.' if at > start => {
                path.push(SmolStr::new(source.get(start..at)?));
                start = at + 1;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {}
            b'0'..=b'9' | b'-' if at > start => {}
            _ => return None,
        }
    }
    (path.len() > 1).then_some(path)
}

/// Whether the expression asks for the state of the run (`always()`, `failure()`, `cancelled()`, `success()`), which
/// takes away the implied `success()`.
pub(super) fn names_status(source: &str) -> bool {
    fn calls(e: &SpannedExpr<'_>) -> bool {
        match &e.inner {
            Expr::Call(Call { func, args }) => {
                matches!(func, Function::Always | Function::Failure | Function::Cancelled | Function::Success)
                    || args.iter().any(calls)
            }
            Expr::BinExpr(BinExpr { lhs, rhs, .. }) => calls(lhs) || calls(rhs),
            Expr::UnExpr { expr, .. } | Expr::Index(expr) => calls(expr),
            _ => false,
        }
    }
    // Most conditions call nothing, which a scan for one byte shows fastest.
    source.contains('(') && Expr::parse(source.trim()).is_ok_and(|e| calls(&e))
}

/// The context paths whose text becomes part of what the expression yields, in lower case with dots: `a && b` yields
/// `b`, a comparison yields neither side. A path that is read element by element holds a `*`.
pub(super) fn yielded(source: &str) -> Vec<String> {
    fn walk(e: &SpannedExpr<'_>, found: &mut Vec<String>) {
        match &e.inner {
            Expr::Context(context) => {
                let parts = context.parts.iter().map(|part| match &part.inner {
                    Expr::Identifier(name) => name.as_str().to_ascii_lowercase(),
                    Expr::Index(inner) => match &inner.inner {
                        Expr::Literal(Literal::String(key)) => key.to_ascii_lowercase(),
                        _ => "*".to_owned(),
                    },
                    _ => "*".to_owned(),
                });
                found.push(parts.collect::<Vec<_>>().join("."));
            }
            Expr::Call(Call {
                func: Function::Format | Function::Join | Function::ToJSON | Function::FromJSON | Function::Case,
                args,
            }) => args.iter().for_each(|arg| walk(arg, found)),
            Expr::BinExpr(BinExpr { lhs, op: BinOp::Or, rhs }) => {
                walk(lhs, found);
                walk(rhs, found);
            }
            Expr::BinExpr(BinExpr { op: BinOp::And, rhs, .. }) => walk(rhs, found),
            Expr::Index(inner) => walk(inner, found),
            _ => {}
        }
    }
    let mut found = Vec::new();
    let source = source.trim();
    if source.len() <= LONGEST
        && let Ok(expression) = Expr::parse(source)
    {
        walk(&expression, &mut found);
    }
    found
}

/// The parts of a text outside and inside `${{ }}`; an expression carries its byte range, marks included.
pub(super) fn expressions(text: &str) -> Vec<(std::ops::Range<usize>, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(opening).map(|at| from + at) {
        let inner = start + 3;
        // A `}}` inside a string literal does not end the expression.
        let mut quoted = false;
        let mut end = None;
        let bytes = text.as_bytes();
        let mut at = inner;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'\'' => quoted = !quoted,
                b'}' if !quoted && bytes.get(at + 1) == Some(&b'}') => {
                    end = Some(at);
                    break;
                }
                _ => {}
            }
            at += 1;
        }
        let Some(end) = end else { break };
        found.push((start..end + 2, text.get(inner..end).unwrap_or_default()));
        from = end + 2;
    }
    found
}

/// A string with its expressions evaluated. A string that is one expression keeps that expression's type.
pub(super) fn interpolate(text: &str, scope: &dyn Lookup) -> Value {
    let found = expressions(text);
    match found.as_slice() {
        [] => Value::literal(text),
        [(range, inner)] if range.start == 0 && range.end == text.len() => evaluate(inner, scope),
        _ => {
            let mut parts = vec![];
            let mut from = 0;
            for (range, inner) in &found {
                parts.push(Value::literal(text.get(from..range.start).unwrap_or_default()));
                parts.push(evaluate(inner, scope));
                from = range.end;
            }
            parts.push(Value::literal(text.get(from..).unwrap_or_default()));
            concatenate(parts)
        }
    }
}

/// Alternatives multiply; beyond this many a part stands as one unknown.
const MOST_PRODUCTS: usize = 32;

fn concatenate(parts: Vec<Value>) -> Value {
    let mut all: Vec<(Cond, String)> = vec![(Cond::TRUE, String::new())];
    for part in parts {
        match part {
            Value::Choice(options) if options.len() * all.len() <= MOST_PRODUCTS => {
                let both = |(c, head): &(Cond, String), (d, tail): &(Cond, Value)| {
                    (c.clone().and(d.clone()), format!("{head}{}", tail.text()))
                };
                all = all
                    .iter()
                    .flat_map(|head| options.iter().map(|tail| both(head, tail)).collect::<Vec<_>>())
                    .collect();
            }
            other => {
                let tail = other.text();
                // Whatever is so long already stays unknown.
                let short = all.iter_mut().filter(|(_, head)| head.len() <= LONGEST_VALUE);
                short.for_each(|(_, head)| head.push_str(tail.as_str()));
            }
        }
    }
    Value::Choice(all.into_iter().map(|(c, t)| (c, Value::String(kept(Text::new(t))))).collect()).simplified()
}

/// The value of an `if:`: an expression with or without marks. Text around an expression makes it a string, which is
/// always true.
pub(super) fn condition(source: &str, scope: &dyn Lookup) -> Cond {
    let trimmed = source.trim();
    if trimmed.contains("${{") { interpolate(trimmed, scope).truth() } else { evaluate(trimmed, scope).truth() }
}

fn folded(source: &str) -> String {
    source.split_whitespace().collect::<Vec<_>>().join(" ").replace("}}", "} }")
}

fn value(expression: &SpannedExpr<'_>, scope: &dyn Lookup) -> Value {
    match &expression.inner {
        Expr::Literal(literal) => match literal {
            Literal::Number(n) => Value::Number(*n),
            Literal::String(s) => Value::literal(s),
            Literal::Boolean(b) => Value::Bool(*b),
            Literal::Null => Value::Null,
        },
        Expr::Star => Value::Null,
        Expr::Call(call) => function(call, expression, scope),
        Expr::Identifier(name) => scope.lookup(&[SmolStr::new(name.as_str())]),
        Expr::Index(inner) => value(inner, scope),
        Expr::Context(context) => path(&context.parts, scope),
        Expr::BinExpr(BinExpr { lhs, op, rhs }) => binary(lhs, op, rhs, scope),
        Expr::UnExpr { op: UnOp::Not, expr } => match value(expr, scope).truth() {
            Cond::Known(b) => Value::Bool(!b),
            c => Value::Truth(c.negate()),
        },
    }
}

fn path(parts: &[SpannedExpr<'_>], scope: &dyn Lookup) -> Value {
    let mut segments: Vec<SmolStr> = Vec::new();
    let mut base: Option<Value> = None;
    for part in parts {
        let segment = match &part.inner {
            Expr::Identifier(name) => SmolStr::new(name.as_str()),
            Expr::Star => SmolStr::new_static("*"),
            Expr::Index(inner) => match value(inner, scope) {
                Value::Number(n) => (n as i64).to_smolstr(),
                other => plain_index(&other.text()),
            },
            Expr::Call(call) => {
                base = Some(function(call, part, scope));
                continue;
            }
            _ => {
                base = Some(value(part, scope));
                continue;
            }
        };
        segments.push(segment);
    }
    match base {
        Some(base) => base.below(&segments),
        None => scope.lookup(&segments),
    }
}

fn plain_index(text: &Text) -> SmolStr {
    match text.literal() {
        Some(literal) => SmolStr::new(literal),
        None => format_smolstr!("[{}]", text.plain()),
    }
}

fn binary(lhs: &SpannedExpr<'_>, op: &BinOp, rhs: &SpannedExpr<'_>, scope: &dyn Lookup) -> Value {
    let a = value(lhs, scope);
    match op {
        BinOp::And => both(a, || value(rhs, scope)),
        BinOp::Or => either(a, || value(rhs, scope)),
        BinOp::Eq => truth(equal(&a, &value(rhs, scope))),
        BinOp::Neq => truth(equal(&a, &value(rhs, scope)).negate()),
        BinOp::Gt | BinOp::Ge | BinOp::Lt | BinOp::Le => {
            let b = value(rhs, scope);
            let sign = match op {
                BinOp::Gt => ">",
                BinOp::Ge => ">=",
                BinOp::Lt => "<",
                _ => "<=",
            };
            match order(&a, &b) {
                Some(order) => Value::Bool(match op {
                    BinOp::Gt => order.is_some_and(Ordering::is_gt),
                    BinOp::Ge => order.is_some_and(Ordering::is_ge),
                    BinOp::Lt => order.is_some_and(Ordering::is_lt),
                    _ => order.is_some_and(Ordering::is_le),
                }),
                None => Value::Truth(Cond::atom(format!("{} {sign} {}", a.text().plain(), b.text().plain()))),
            }
        }
    }
}

fn truth(c: Cond) -> Value {
    match c {
        Cond::Known(b) => Value::Bool(b),
        c => Value::Truth(c),
    }
}

/// `a && b`: `a` when it does not hold, else `b`.
fn both(a: Value, b: impl FnOnce() -> Value) -> Value {
    match a.truth() {
        Cond::Known(true) => b(),
        Cond::Known(false) => a,
        c => match b() {
            Value::Bool(true) => Value::Truth(c),
            Value::Bool(false) => Value::Bool(false),
            Value::Truth(d) => truth(c.and(d)),
            b => {
                // Of texts only the empty one does not hold.
                let without = if matches!(a, Value::String(_)) { Value::literal("") } else { Value::Bool(false) };
                Value::Choice(vec![(c.clone(), b), (c.negate(), without)]).simplified()
            }
        },
    }
}

/// `a || b`: `a` when it holds, else `b`.
fn either(a: Value, b: impl FnOnce() -> Value) -> Value {
    match (a.truth(), a) {
        (Cond::Known(true), a) => a,
        (Cond::Known(false), _) => b(),
        (c, Value::Truth(_)) => match b() {
            Value::Bool(true) => Value::Bool(true),
            Value::Bool(false) => Value::Truth(c),
            Value::Truth(d) => truth(c.or(d)),
            b => Value::Choice(vec![(c.clone(), Value::Bool(true)), (c.negate(), b)]),
        },
        (_, Value::Choice(options)) => {
            let b = b();
            let mut all = Vec::new();
            for (c, v) in options {
                match v.truth() {
                    Cond::Known(true) => all.push((c, v)),
                    Cond::Known(false) => all.push((c, b.clone())),
                    d => {
                        all.push((c.clone().and(d.clone()), v));
                        all.push((c.and(d.negate()), b.clone()));
                    }
                }
            }
            Value::Choice(all).simplified()
        }
        (c, a) => match b() {
            // `unknown || false` and `unknown || ''` say no more than the unknown itself.
            Value::Bool(false) | Value::Null => a,
            Value::String(t) if t.is_empty() => a,
            b => Value::Choice(vec![(c.clone(), a), (c.negate(), b)]).simplified(),
        },
    }
}

fn function(call: &Call<'_>, whole: &SpannedExpr<'_>, scope: &dyn Lookup) -> Value {
    let mut args = call.args.iter().map(|a| value(a, scope));
    let mut next = || args.next().unwrap_or(Value::Null);
    match call.func {
        Function::Always => Value::Bool(true),
        Function::Success => Value::Bool(!scope.failed()),
        // The path on which a release succeeds, unless the question is what happens when it fails.
        Function::Failure => Value::Bool(scope.failed()),
        Function::Cancelled => Value::Bool(false),
        Function::Contains => contains(&next(), &next()),
        Function::StartsWith => {
            let (text, prefix) = (next().text(), next().text());
            // What the event's filter lets through starts as its patterns do.
            let head = text.ends().0;
            let rest = Text::new(text.as_str().get(head.len()..).unwrap_or_default());
            if let (Some(symbol), Some(prefix)) = (rest.symbol(), prefix.literal())
                && format!("{head}{}", scope.start(symbol)).to_lowercase().starts_with(&prefix.to_lowercase())
            {
                return Value::Bool(true);
            }
            affix("startsWith", &text, &prefix, text.ends().0, |t, p| t.starts_with(p), |p, t| p.starts_with(t))
        }
        Function::EndsWith => {
            let (text, suffix) = (next().text(), next().text());
            affix("endsWith", &text, &suffix, text.ends().1, |t, p| t.ends_with(p), |p, t| p.ends_with(t))
        }
        Function::Format => {
            format(&next().text(), &call.args.iter().skip(1).map(|a| value(a, scope)).collect::<Vec<_>>())
        }
        Function::Join => match next() {
            Value::List(items) => {
                let separator = match next() {
                    Value::Null => Text::new(","),
                    other => other.text(),
                };
                let items: Vec<Text> = items.iter().map(Value::text).collect();
                let items: Vec<&str> = items.iter().map(Text::as_str).collect();
                Value::String(kept(Text::new(items.join(separator.as_str()))))
            }
            other => other,
        },
        Function::ToJSON => {
            let inner = next();
            match inner.json() {
                Some(json) => Value::String(kept(Text::new(json.to_string()))),
                None => Value::unknown(&format!("toJSON({})", inner.text().plain())),
            }
        }
        Function::FromJSON => next().map(&mut |v| from_json(&v)),
        Function::HashFiles => Value::unknown(&folded(whole.origin.raw)),
        Function::Case => {
            let args: Vec<Value> = args.collect();
            let mut options = Vec::new();
            let mut rest = Cond::TRUE;
            for pair in args.chunks(2) {
                match pair {
                    [test, result] => {
                        options.push((rest.clone().and(test.truth()), result.clone()));
                        rest = rest.and(test.truth().negate());
                    }
                    [otherwise] => options.push((rest.clone(), otherwise.clone())),
                    _ => {}
                }
            }
            Value::Choice(options).simplified()
        }
    }
}

fn from_json(value: &Value) -> Value {
    match value {
        Value::String(t) => match t.literal() {
            Some(literal) => match serde_json::from_str(literal) {
                Ok(json) => Value::from_json(&json),
                Err(_) => Value::unknown("fromJSON(invalid)"),
            },
            None => match t.symbol() {
                Some(symbol) => match symbol.strip_prefix("toJSON(").and_then(|s| s.strip_suffix(')')) {
                    Some(inner) => Value::unknown(inner),
                    None => Value::unknown(&format!("fromJSON({symbol})")),
                },
                // JSON text around unknown parts: they stay unknown strings where they stand inside quotes.
                None => match serde_json::from_str(t.as_str()) {
                    Ok(json) => Value::from_json(&json),
                    Err(_) => Value::unknown(&format!("fromJSON({})", t.plain())),
                },
            },
        },
        Value::Truth(c) => Value::Truth(c.clone()),
        other => other.clone(),
    }
}

fn contains(haystack: &Value, needle: &Value) -> Value {
    match haystack {
        Value::List(items) => truth(items.iter().fold(Cond::FALSE, |all, item| all.or(equal(item, needle)))),
        other => {
            let (text, part) = (other.text(), needle.text());
            match (text.literal(), part.literal()) {
                (Some(t), Some(p)) => Value::Bool(t.to_ascii_lowercase().contains(&p.to_ascii_lowercase())),
                (None, Some(p))
                    if text.symbol().is_none() && {
                        let (head, tail) = text.ends();
                        let p = p.to_ascii_lowercase();
                        head.to_ascii_lowercase().contains(&p) || tail.to_ascii_lowercase().contains(&p)
                    } =>
                {
                    Value::Bool(true)
                }
                _ => Value::Truth(Cond::atom(format!("contains({}, {})", text.plain(), part.plain()))),
            }
        }
    }
}

fn affix(
    name: &str,
    text: &Text,
    part: &Text,
    known: &str,
    has: impl Fn(&str, &str) -> bool,
    within: impl Fn(&str, &str) -> bool,
) -> Value {
    if let Some(p) = part.literal() {
        let p = p.to_ascii_lowercase();
        let known = known.to_ascii_lowercase();
        if text.is_literal() || has(&known, &p) {
            return Value::Bool(has(&known, &p));
        }
        // What is known already differs from what is asked for.
        if !within(&p, &known) {
            return Value::Bool(false);
        }
    }
    Value::Truth(Cond::atom(format!("{name}({}, {})", text.plain(), part.plain())))
}

fn format(pattern: &Text, args: &[Value]) -> Value {
    let mut out = String::new();
    let mut rest = pattern.as_str();
    while let Some(at) = rest.find(['{', '}']).filter(|_| out.len() <= LONGEST_VALUE) {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        if let Some(after) = tail.strip_prefix("{{") {
            out.push('{');
            rest = after;
        } else if let Some(after) = tail.strip_prefix("}}") {
            out.push('}');
            rest = after;
        } else {
            let end = tail.find('}').unwrap_or(tail.len() - 1);
            let index = tail.get(1..end).and_then(|i| i.trim().parse::<usize>().ok());
            if let Some(arg) = index.and_then(|i| args.get(i)) {
                out.push_str(arg.text().as_str());
            }
            rest = tail.get(end + 1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    Value::String(kept(Text::new(out)))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Names;
    impl Lookup for Names {
        fn lookup(&self, path: &[SmolStr]) -> Value {
            let path = path.join(".");
            match path.as_str() {
                "github.ref" => Value::String(Text::new("refs/tags/${{ github.ref_name }}")),
                "github.event_name" => Value::literal("push"),
                "matrix.os" => Value::literal("ubuntu-latest"),
                "none" => Value::Null,
                other => Value::unknown(other),
            }
        }
    }

    fn shown(source: &str) -> String {
        match interpolate(source, &Names) {
            Value::Truth(c) => format!("if {c}"),
            other => other.text().to_string(),
        }
    }

    #[test]
    fn what_the_event_decides_is_folded() {
        assert_eq!(shown("${{ startsWith(github.ref, 'refs/tags/') }}"), "true");
        assert_eq!(shown("${{ github.ref == 'refs/heads/main' }}"), "false");
        assert_eq!(
            shown("${{ startsWith(github.ref, 'refs/tags/v') }}"),
            "if startsWith('refs/tags/<github.ref_name>', 'refs/tags/v')"
        );
        assert_eq!(shown("${{ github.event_name == 'push' && matrix.os || 'x' }}"), "ubuntu-latest");
        assert_eq!(shown("${{ none && 'a' || 'b' }}"), "b");
    }

    #[test]
    fn an_undecided_test_keeps_both_alternatives() {
        let v = interpolate("${{ inputs.big && 'big-runner' || 'ubuntu-latest' }}", &Names);
        let all: Vec<String> = v.alternatives().iter().map(|v| v.text().to_string()).collect();
        assert_eq!(all, ["big-runner", "ubuntu-latest"]);
    }

    #[test]
    fn comparing_an_unknown_with_true_is_its_own_truth() {
        assert_eq!(condition("inputs.publish == true", &Names), condition("inputs.publish", &Names));
        assert_eq!(condition("inputs.publish == 'true'", &Names), condition("${{ inputs.publish }}", &Names));
        assert!(condition("inputs.publish != true", &Names).and(condition("inputs.publish", &Names)).is_never());
    }

    #[test]
    fn braces_in_strings_do_not_end_an_expression() {
        assert_eq!(shown("a-${{ format('{0}}}', 'x') }}-b"), "a-x}-b");
        assert_eq!(expressions("${{ '}}' }} ${{ b }}").len(), 2);
    }

    #[test]
    fn text_around_an_expression_makes_an_if_always_true() {
        assert!(condition("${{ false }} || x", &Names).is_always());
    }

    #[test]
    fn status_functions_are_seen_in_calls_only() {
        assert!(names_status("always() && github.event_name == 'push'"));
        assert!(!names_status("github.event_name == 'always()'"));
    }
}
