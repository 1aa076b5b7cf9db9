//! Dockerfiles: instructions with their lines, and the stages that a build runs.
//! Source: <https://docs.docker.com/reference/dockerfile/>

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// Its name, in upper case.
    pub word: String,
    /// What follows, its own options left out, with the line breaks of the file.
    pub rest: String,
    /// Its own options (`--from=build`).
    pub options: Vec<String>,
    /// The line on which `rest` starts, from 1.
    pub line: u32,
}

impl Instruction {
    /// All of it on one line.
    pub fn joined(&self) -> String {
        let rest = self.rest.replace("\\\n", " ");
        format!("{} {rest}", self.word).trim_end().to_owned()
    }

    /// The words of the exec form (`["npm", "publish"]`), or of the shell form, split at white space.
    pub fn words(&self) -> Vec<String> {
        let text = self.rest.replace("\\\n", " ");
        match serde_json::from_str::<Vec<String>>(text.trim()) {
            Ok(words) => words,
            Err(_) => text.split_whitespace().map(|w| w.trim_matches(['"', '\'']).to_owned()).collect(),
        }
    }

    /// The script of a `RUN`: the line on which it starts, and its text.
    pub fn script(&self) -> (u32, String) {
        let rest = self.rest.as_str();
        if let Ok(words) = serde_json::from_str::<Vec<String>>(rest.replace("\\\n", " ").trim()) {
            let quoted = words.iter().map(|w| format!("'{}'", w.replace('\'', "'\\''")));
            return (self.line, quoted.collect::<Vec<_>>().join(" "));
        }
        // A document alone is the script itself.
        if let Some((head, body)) = rest.split_once('\n')
            && let Some(end) = document(head)
            && head.trim_start().starts_with("<<")
        {
            let lines: Vec<&str> = body.lines().take_while(|l| l.trim() != end).collect();
            return (self.line + 1, lines.join("\n"));
        }
        (self.line, rest.to_owned())
    }
}

/// The word that ends the document which a line opens (`<<EOF`, `<<-"EOF"`).
fn document(line: &str) -> Option<String> {
    let rest = line.split("<<").nth(1)?.trim_start_matches('-');
    let word: String =
        rest.trim_start_matches(['"', '\'']).chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then_some(word)
}

/// A build stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its name.
    pub name: Option<String>,
    /// What it starts from: an image, or another stage.
    pub base: String,
    /// What it does, `FROM` left out.
    pub instructions: Vec<Instruction>,
}

/// The instructions of a file, comments left out.
pub fn instructions(text: &str) -> Vec<Instruction> {
    let mut found: Vec<Instruction> = Vec::new();
    let mut open = false;
    let mut ending: Option<String> = None;
    for (at, raw) in text.lines().enumerate() {
        let line = raw.trim();
        if let (Some(end), Some(last)) = (&ending, found.last_mut()) {
            last.rest.push('\n');
            last.rest.push_str(raw);
            if line == end {
                ending = None;
            }
            continue;
        }
        let silent = line.is_empty() || line.starts_with('#');
        if silent && !open {
            continue;
        }
        if let Some(last) = found.last_mut().filter(|_| open) {
            last.rest.push('\n');
            // A comment between the lines is none of them.
            last.rest.push_str(if silent { "\\" } else { raw });
        } else {
            let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            found.push(Instruction {
                word: word.to_ascii_uppercase(),
                rest: rest.trim_start().to_owned(),
                options: Vec::new(),
                line: u32::try_from(at + 1).unwrap_or(u32::MAX),
            });
        }
        open = silent || line.ends_with('\\');
        if !open && let Some(last) = found.last().filter(|l| matches!(l.word.as_str(), "RUN" | "COPY" | "ADD")) {
            ending = last.rest.lines().last().and_then(document);
        }
    }
    found.iter_mut().for_each(take_options);
    found
}

/// Moves the options at the start of an instruction out of its text.
fn take_options(instruction: &mut Instruction) {
    loop {
        let text = instruction.rest.trim_start_matches([' ', '\t']);
        let (text, broken) = match text.strip_prefix("\\\n") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        if broken {
            instruction.line += 1;
            instruction.rest = text.to_owned();
            continue;
        }
        if !text.starts_with("--") {
            instruction.rest = text.to_owned();
            return;
        }
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (option, rest) = text.split_at(end);
        instruction.options.push(option.to_owned());
        instruction.rest = rest.to_owned();
    }
}

/// The stages of a file, in order. What stands before the first is left out.
pub fn stages(text: &str) -> Vec<Stage> {
    let mut found: Vec<Stage> = Vec::new();
    for instruction in instructions(text) {
        if instruction.word == "FROM" {
            let words = instruction.words();
            let named = words.iter().position(|w| w.eq_ignore_ascii_case("as"));
            found.push(Stage {
                name: named.and_then(|at| words.get(at + 1)).cloned(),
                base: words.first().cloned().unwrap_or_default(),
                instructions: Vec::new(),
            });
        } else if let Some(stage) = found.last_mut() {
            stage.instructions.push(instruction);
        }
    }
    found
}

/// The indices of the stages that a build runs: its target, the last one if none is named, and those it draws on. All
/// of them where nothing tells which is the target.
pub fn run(stages: &[Stage], target: Option<&str>) -> Vec<usize> {
    let find = |name: &str| {
        let by_name = stages.iter().position(|s| s.name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(name)));
        by_name.or_else(|| name.parse().ok().filter(|at| *at < stages.len()))
    };
    let start = match target {
        None => stages.len().checked_sub(1),
        Some(name) => find(name),
    };
    let Some(start) = start else { return (0..stages.len()).collect() };
    let mut wanted = vec![start];
    let mut at = 0;
    while let Some(stage) = wanted.get(at).and_then(|w| stages.get(*w)) {
        at += 1;
        let sources = stage.instructions.iter().flat_map(|i| &i.options).filter_map(|option| {
            let (_, source) = option.split_once("from=")?;
            Some(source.split(',').next().unwrap_or(source))
        });
        for name in sources.chain([stage.base.as_str()]) {
            if let Some(found) = find(name).filter(|f| !wanted.contains(f)) {
                wanted.push(found);
            }
        }
    }
    wanted.sort_unstable();
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# syntax=docker/dockerfile:1\nFROM node:24 AS deps\nRUN npm ci\n\nFROM deps AS publish\nRUN --mount=type=secret,id=npm \\\n  # a note\n  --network=host \\\n  npm run build && \\\n  # another\n\n  npm publish\n\nFROM scratch\nCOPY --from=deps /app /app\nENTRYPOINT [\"/app/run\", \"now\"]\n";

    #[test]
    fn instructions_keep_their_lines() {
        let all = instructions(FILE);
        let run = all.iter().find(|i| i.rest.contains("npm publish")).expect("the step");
        assert_eq!(run.options, ["--mount=type=secret,id=npm", "--network=host"]);
        let (line, text) = run.script();
        assert_eq!(line, 9);
        assert_eq!(text.lines().position(|l| l.contains("npm publish")), Some(3));
        assert_eq!(all.last().map(Instruction::words), Some(vec!["/app/run".to_owned(), "now".to_owned()]));
    }

    #[test]
    fn only_the_stages_behind_the_target_run() {
        let stages = stages(FILE);
        assert_eq!(run(&stages, None), [0, 2]);
        assert_eq!(run(&stages, Some("publish")), [0, 1]);
        assert_eq!(run(&stages, Some("1")), [0, 1]);
        assert_eq!(run(&stages, Some("gone")), [0, 1, 2]);
        assert!(run(&[], None).is_empty());
    }

    #[test]
    fn documents_and_lists_are_scripts() {
        let script = |text: &str| instructions(text).first().map(Instruction::script);
        assert_eq!(script("RUN <<EOF\nset -e\nnpm publish\nEOF\nRUN x\n"), Some((2, "set -e\nnpm publish".to_owned())));
        assert_eq!(script("RUN [\"npm\", \"publish\"]\n"), Some((1, "'npm' 'publish'".to_owned())));
        assert_eq!(script("RUN cat <<EOF > x\nFROM y\nEOF\n"), Some((1, "cat <<EOF > x\nFROM y\nEOF".to_owned())));
    }
}
