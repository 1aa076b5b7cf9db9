//! Conditions from a grammar, held against an evaluation by the rules of the platform: where a condition can hold for
//! some values of its unknowns, what it guards is not taken for absent.

use proptest::prelude::*;

use super::{hold, level_beside};

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
}

#[derive(Debug, Clone)]
enum Expression {
    Literal(Value),
    /// `vars.A` and `vars.B`: texts that nobody knows here.
    Variable(usize),
    Not(Box<Expression>),
    Binary(&'static str, Box<Expression>, Box<Expression>),
    Call(&'static str, Box<Expression>, Box<Expression>),
}

use Expression::{Binary, Call, Literal, Not, Variable};

/// What an unknown may be.
const TEXTS: [&str; 5] = ["", "a", "B", "abc", "1"];

impl Value {
    fn holds(&self) -> bool {
        match self {
            Value::Null => false,
            Value::Bool(value) => *value,
            Value::Number(value) => *value != 0.0 && !value.is_nan(),
            Value::Text(value) => !value.is_empty(),
        }
    }

    fn number(&self) -> f64 {
        match self {
            Value::Null => 0.0,
            Value::Bool(value) => f64::from(u8::from(*value)),
            Value::Number(value) => *value,
            Value::Text(text) if text.is_empty() => 0.0,
            Value::Text(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    fn text(&self) -> String {
        match self {
            Value::Null => String::new(),
            Value::Bool(value) => value.to_string(),
            Value::Number(value) => value.to_string(),
            Value::Text(text) => text.clone(),
        }
    }
}

impl Expression {
    fn written(&self) -> String {
        match self {
            Literal(Value::Null) => "null".to_owned(),
            Literal(Value::Text(text)) => format!("'{}'", text.replace('\'', "''")),
            Literal(value) => value.text(),
            Variable(at) => format!("vars.{}", ["A", "B"][*at]),
            Not(inner) => format!("!({})", inner.written()),
            Binary(sign, one, other) => format!("({}) {sign} ({})", one.written(), other.written()),
            Call(name, one, other) => format!("{name}({}, {})", one.written(), other.written()),
        }
    }

    /// Whether it yields a truth value or a number by itself.
    fn plain(&self) -> bool {
        match self {
            Literal(value) => !matches!(value, Value::Text(_)),
            Variable(_) => false,
            Not(_) | Call(..) => true,
            Binary(sign, ..) => !matches!(*sign, "&&" | "||"),
        }
    }

    /// Whether a computed value is compared with a text somewhere, or a choice searched as a text. The text of a step's
    /// output, and of an environment variable, may be a computed value as well: the reader does not tell `true` from the
    /// text of it.
    fn ambiguous(&self) -> bool {
        match self {
            Literal(_) | Variable(_) => false,
            Not(inner) => inner.ambiguous(),
            Call(_, one, other) => {
                let chosen = |side: &Expression| matches!(side, Binary("&&" | "||", ..));
                chosen(one) || chosen(other) || one.ambiguous() || other.ambiguous()
            }
            Binary(sign, one, other) => {
                let compared = !matches!(*sign, "&&" | "||");
                let computed = |side: &Expression| !matches!(side, Literal(_) | Variable(_));
                compared && (computed(one) || computed(other)) && !(one.plain() && other.plain())
                    || one.ambiguous()
                    || other.ambiguous()
            }
        }
    }

    fn value(&self, unknowns: &[&str; 2]) -> Value {
        match self {
            Literal(value) => value.clone(),
            Variable(at) => Value::Text(unknowns[*at].to_owned()),
            Not(inner) => Value::Bool(!inner.value(unknowns).holds()),
            Binary(sign, one, other) => {
                let (one, other) = (one.value(unknowns), other.value(unknowns));
                let order = match (&one, &other) {
                    (Value::Text(one), Value::Text(other)) => Some(one.to_lowercase().cmp(&other.to_lowercase())),
                    _ => one.number().partial_cmp(&other.number()),
                };
                Value::Bool(match *sign {
                    "&&" => return if one.holds() { other } else { one },
                    "||" => return if one.holds() { one } else { other },
                    "==" => order.is_some_and(|o| o.is_eq()),
                    "!=" => !order.is_some_and(|o| o.is_eq()),
                    "<" => order.is_some_and(|o| o.is_lt()),
                    ">=" => order.is_some_and(|o| o.is_ge()),
                    sign => panic!("{sign}"),
                })
            }
            Call(name, one, other) => {
                let (one, other) =
                    (one.value(unknowns).text().to_lowercase(), other.value(unknowns).text().to_lowercase());
                Value::Bool(match *name {
                    "contains" => one.contains(&other),
                    "startsWith" => one.starts_with(&other),
                    "endsWith" => one.ends_with(&other),
                    name => panic!("{name}"),
                })
            }
        }
    }
}

fn expression() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![
        3 => (0..2_usize).prop_map(Variable),
        3 => proptest::sample::select(vec!["", "a", "A", "b", "ab", "it's", "1", "true"]).prop_map(|text| Literal(Value::Text(text.to_owned()))),
        1 => any::<bool>().prop_map(|value| Literal(Value::Bool(value))),
        1 => proptest::sample::select(vec![0.0, 1.0, -1.0, 2.5]).prop_map(|value| Literal(Value::Number(value))),
        1 => Just(Literal(Value::Null)),
    ];
    let any = leaf.prop_recursive(5, 24, 2, |inner| {
        let sign = proptest::sample::select(vec!["&&", "||", "&&", "||", "==", "!=", "<", ">="]);
        let name = proptest::sample::select(vec!["contains", "startsWith", "endsWith"]);
        prop_oneof![
            1 => inner.clone().prop_map(|one| Not(Box::new(one))),
            4 => (sign, inner.clone(), inner.clone()).prop_map(|(sign, one, other)| Binary(sign, Box::new(one), Box::new(other))),
            1 => (name, inner.clone(), inner).prop_map(|(name, one, other)| Call(name, Box::new(one), Box::new(other))),
        ]
    });
    any.prop_filter("what is compared has one meaning", |expression| !expression.ambiguous())
}

fn guarded(expression: &Expression, whole_job: bool) -> String {
    let condition = serde_json::Value::from(format!("${{{{ {} }}}}", expression.written())).to_string();
    let (job, step) = if whole_job {
        (format!("    if: {condition}\n"), String::new())
    } else {
        (String::new(), format!("if: {condition}, "))
    };
    format!(
        "on: push\npermissions: {{ contents: read }}\njobs:\n  j:\n    runs-on: ubuntu-latest\n{job}    steps:\n      - {{ {step}run: npm publish }}\n"
    )
}

#[test]
fn what_a_condition_may_let_through_is_not_taken_for_absent() {
    hold(500, (expression(), any::<bool>()), |(expression, whole_job)| {
        let may_hold = TEXTS.iter().any(|a| TEXTS.iter().any(|b| expression.value(&[a, b]).holds()));
        let level = level_beside(guarded(&expression, whole_job));
        assert!(!may_hold || level == 0, "this can hold, and what it guards is not seen: {}", expression.written());
    });
}

/// Without unknowns the answer is exact in both directions.
#[test]
fn a_condition_of_literals_is_decided() {
    let decided = expression().prop_filter("no unknowns", |expression| !expression.written().contains("vars."));
    hold(200, decided, |expression| {
        let level = level_beside(guarded(&expression, false));
        let wanted = if expression.value(&["", ""]).holds() { 0 } else { 3 };
        assert_eq!(level, wanted, "{}", expression.written());
    });
}
