//! What a substitution prints where that depends on conditions: `$(command -v docker || command -v podman)` is the name
//! of one program or of the other.

use super::capture::{Capture, Stdout};
use super::choices::MOST_PARTS;
use super::interpret::{Interpreter, parts};
use super::status::Rendered;
use super::{matching, symbol};
use crate::catalogue::Does;
use crate::model::{Cond, Location, Text};

/// Values that a substitution can have; one with more stays unknown.
const MOST_VALUES: usize = 8;
/// Bytes of such a value; a longer one is neither a name nor an option.
const LONGEST: usize = 200;
/// Programs that one command looks for.
const MOST_LOCATED: usize = 4;
/// What the folder of a program is called that the run looks for.
const FOLDER: &str = "folder";

impl Interpreter<'_> {
    /// Writes the path of the program that a command looks for, in a folder that nobody knows, under the condition that it
    /// is there. `false` for another command.
    pub(super) fn locates(&mut self, words: &[Text], to: &Stdout, at: &Location) -> bool {
        if *to != Stdout::Capture || self.is_full() {
            return false;
        }
        let Some((asking, names)) =
            matching::tool(Does::Locate, words).and_then(|(_, after)| words.split_at_checked(after))
        else {
            return false;
        };
        let names: Vec<&Text> = names.iter().filter(|name| !name.as_str().starts_with('-')).collect();
        let plain = |name: &&Text| name.literal().is_some_and(|n| !n.is_empty() && !n.contains(char::is_whitespace));
        if names.is_empty() || names.len() > MOST_LOCATED || !names.iter().all(plain) {
            return false;
        }
        // Of several, a script wants the first that is there.
        let mut none = Cond::TRUE;
        for name in names {
            let asked = asking.iter().chain([name]).cloned().collect();
            let found = Cond::atom(format!("success({})", Rendered::command(Vec::new(), asked).text()));
            self.push(none.clone().and(found.clone()));
            let folder = symbol::unknown(FOLDER, name.as_str());
            self.writes(&Text::new(format!("{folder}/{name}\n")), true, to, at);
            self.path.pop();
            none = none.and(found.negate());
        }
        true
    }

    /// Writes what a command prints for each of the values that its input, or else one of its words, can have. `false`
    /// where they are not known.
    pub(super) fn writes_each(&mut self, words: &[Text], input: Option<&Text>, to: &Stdout, at: &Location) -> bool {
        if *to != Stdout::Capture || self.is_full() {
            return false;
        }
        let choices = &self.context.choices;
        let fed = input.and_then(|input| choices.of(input));
        let place = words.iter().enumerate().skip(1).find_map(|(place, word)| Some((place, choices.of(word)?)));
        let (place, options) = match (fed, place) {
            (Some(options), _) => (0, options),
            (None, Some(found)) => found,
            (None, None) => return false,
        };
        let printed = |value: &Text| match place {
            0 => self.printed(words, Some(value), true),
            place => {
                let mut own = words.to_vec();
                own.iter_mut().skip(place).take(1).for_each(|word| word.clone_from(value));
                self.printed(&own, input, true)
            }
        };
        let printed: Vec<(Text, bool)> = options.iter().map(|(_, value)| printed(value)).collect();
        if !printed.iter().all(|(_, plain)| *plain) {
            return false;
        }
        for ((cond, _), (text, plain)) in options.into_iter().zip(printed) {
            self.push(cond);
            self.writes(&text, plain, to, at);
            self.path.pop();
        }
        true
    }

    /// The value of what has printed different texts under different conditions; `None` where reading does not tell which.
    /// A text that is no single word or option stays what it is called where nothing is known.
    pub(super) fn one_of(&self, capture: &Capture, unknown: &Text) -> Option<Text> {
        let options = self.alternatives(capture, unknown)?;
        if let [(_, only)] = options.as_slice() {
            return Some(only.clone());
        }
        let all: Vec<String> = options.iter().map(|(cond, text)| format!("{cond}: {}", symbol::word(text))).collect();
        let symbol = symbol::unknown("if", &all.join("; "));
        self.context.choices.keep(&symbol, options);
        Some(symbol)
    }

    fn alternatives(&self, capture: &Capture, unknown: &Text) -> Option<Vec<(Cond, Text)>> {
        if capture.open || self.is_full() || capture.text.len() > LONGEST * MOST_VALUES {
            return None;
        }
        let base = self.script_cond();
        let ends = capture.parts.iter().skip(1).map(|(start, ..)| *start).chain([capture.text.len()]);
        let mut outcomes = vec![(Cond::TRUE, String::new())];
        for ((start, cond, _), end) in capture.parts.iter().zip(ends) {
            let part = capture.text.get(*start..end)?;
            let cond = besides(cond, &base);
            let mut next = Vec::new();
            for (under, text) in outcomes {
                let (with, without) = (under.clone().and(cond.clone()), under.and(cond.clone().negate()));
                if with.exceeds(MOST_PARTS) || without.exceeds(MOST_PARTS) {
                    return None;
                }
                let longer = format!("{text}{part}");
                next.extend([(with, longer), (without, text)].into_iter().filter(|(under, _)| !under.is_never()));
            }
            if next.len() > MOST_VALUES {
                return None;
            }
            outcomes = next;
        }
        let mut options: Vec<(Cond, Text)> = Vec::new();
        for (cond, text) in outcomes {
            let text = Text::from(text.trim_end_matches('\n'));
            // What a command prints that nothing describes is a symbol, and no text with it is told.
            let short = is_told(&text) && text.as_str().len() <= LONGEST && !text.as_str().contains('\n');
            let text = if short { text } else { unknown.clone() };
            match options.iter_mut().find(|(_, known)| *known == text) {
                Some((known, _)) => *known = known.clone().or(cond),
                None => options.push((cond, text)),
            }
        }
        let told = options.iter().any(|(_, text)| is_told(text) && !text.is_empty());
        told.then_some(options)
    }
}

/// Whether nothing in a text is unknown but the folders of programs.
pub(super) fn is_told(text: &Text) -> bool {
    let is_folder = |symbol: &str| symbol.strip_prefix(FOLDER).is_some_and(|rest| rest.starts_with('('));
    text.symbols().all(is_folder)
}

/// What a condition asks for besides one that holds already.
fn besides(cond: &Cond, base: &Cond) -> Cond {
    if cond == base {
        return Cond::TRUE;
    }
    let known = parts(base);
    parts(cond).iter().filter(|part| !known.contains(part)).cloned().fold(Cond::TRUE, Cond::and)
}
