//! Conditions, as far as they are the usual comparisons.

use crate::syntax::shell::{Node, Piece, Test, Word};

/// The bare text of an operator.
fn operator(word: &Word) -> Option<String> {
    match word.pieces.as_slice() {
        [Piece::Text { text, quoted: false }] => Some(text.to_ascii_lowercase()),
        _ => None,
    }
}

/// A condition made of words, as far as it is one of the usual comparisons.
pub(super) fn test_of(words: &[Word]) -> Option<Node> {
    Some(Node::Test(compare(words)?))
}

fn compare(words: &[Word]) -> Option<Test> {
    for (name, or) in [("-or", true), ("-and", false)] {
        if let Some(at) = words.iter().position(|w| operator(w).as_deref() == Some(name)) {
            let left = Box::new(compare(words.get(..at)?)?);
            let right = Box::new(compare(words.get(at + 1..)?)?);
            return Some(if or { Test::Or(left, right) } else { Test::And(left, right) });
        }
    }
    match words {
        [not, rest @ ..] if matches!(operator(not).as_deref(), Some("-not" | "!")) => {
            Some(Test::Not(Box::new(compare(rest)?)))
        }
        [call, path] if operator(call).as_deref() == Some("test-path") => {
            Some(Test::Unary("-e".to_owned(), path.clone()))
        }
        // `(Test-Path x)` and `(a -eq b)` inside of a condition.
        [only] => match only.pieces.as_slice() {
            [Piece::Text { text, .. }] if text == "false" => {
                Some(Test::Unary("-n".to_owned(), Word::literal("", only.offset, only.end)))
            }
            [Piece::Variable { .. } | Piece::Hole { .. } | Piece::Text { .. }] => {
                Some(Test::Unary("-n".to_owned(), only.clone()))
            }
            _ => None,
        },
        [left, middle, right] => {
            let operator = match operator(middle)?.trim_start_matches("-c").trim_start_matches("-i") {
                "-eq" | "eq" => "==",
                "-ne" | "ne" => "!=",
                "-match" | "match" => "=~",
                "-like" | "like" => {
                    let mut right = right.clone();
                    for piece in &mut right.pieces {
                        if let Piece::Text { quoted, .. } = piece {
                            *quoted = false;
                        }
                    }
                    return Some(Test::Binary(left.clone(), "==".to_owned(), right));
                }
                "-gt" | "-ge" | "-lt" | "-le" => {
                    return Some(Test::Binary(left.clone(), self::operator(middle)?, right.clone()));
                }
                _ => return None,
            };
            Some(Test::Binary(left.clone(), operator.to_owned(), right.clone()))
        }
        _ => None,
    }
}
