//! What the fuzz targets run, shared with `tests/fuzz.rs`: every reader of text from a checkout, and the whole of a
//! check. A body ends in time and without a panic for any input; some assert more.

use std::sync::Arc;

use truelevel::checkout::Checkout;
use truelevel::commands::{Choices, Context, Parsed, Shell, interpret, read};
use truelevel::model::{Cond, Location, Position, Span, Text};
use truelevel::report::{self, Detail, Document, Human};
use truelevel::syntax::yaml::{self, Node};
use truelevel::syntax::{conf, literals, makefile, shell};
use truelevel::{Options, grade_checkout, runners};

/// A name and what it runs.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// Every target.
pub(crate) const TARGETS: &[Target] = &[
    ("yaml", read_yaml),
    ("shell", |data| script(data, Shell::Posix)),
    ("powershell", |data| script(data, Shell::PowerShell)),
    ("batch", |data| script(data, Shell::Batch)),
    ("makefile", read_makefile),
    ("literals", read_literals),
    ("conf", read_conf),
    ("expressions", read_expressions),
    ("follow", follow),
    ("runners", read_runners),
    ("workflow", workflow),
    ("check", check),
];

/// Runs the target of this name.
#[allow(dead_code, reason = "for the fuzz targets")]
pub(crate) fn run(name: &str, data: &[u8]) {
    for (_, body) in TARGETS.iter().filter(|(target, _)| *target == name) {
        body(data);
    }
}

/// Between the paths and the texts of an archive: no text that is read holds it.
pub(crate) const SEPARATOR: u8 = 0x1e;

/// Files of a checkout as one input: path, text, path, text.
pub(crate) fn pack(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let parts = files.iter().flat_map(|(path, text)| [path.as_bytes(), text.as_slice()]);
    parts.collect::<Vec<_>>().join(&SEPARATOR)
}

fn unpack(data: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut parts = data.split(|byte| *byte == SEPARATOR);
    let mut files = Vec::new();
    while let (Some(path), Some(text)) = (parts.next(), parts.next()) {
        files.push((String::from_utf8_lossy(path).into_owned(), text.to_vec()));
    }
    files
}

fn text(data: &[u8]) -> &str {
    data.utf8_chunks().next().map_or("", |chunk| chunk.valid())
}

fn read_yaml(data: &[u8]) {
    fn walk(node: Node<'_>, source: &str, budget: &mut usize) {
        *budget = budget.saturating_sub(1);
        if *budget == 0 {
            return;
        }
        let span = node.span();
        let (start, end) = (span.start.byte as usize, span.end.byte as usize);
        assert!(start <= end && end <= source.len(), "{span:?} of {} bytes", source.len());
        assert!(span.start.line > 0 && span.start.column > 0);
        let _ = (node.as_str(), node.as_bool(), node.as_i64(), node.comment_after(), node.tag());
        for (key, value) in node.entries() {
            walk(key, source, budget);
            walk(value, source, budget);
        }
        for item in node.items() {
            walk(item, source, budget);
        }
    }
    let text = text(data);
    if let Ok(documents) = yaml::parse(text) {
        let path: Arc<str> = Arc::from("a.yml");
        for document in &documents {
            walk(document.root(), document.text(), &mut 20_000);
            conf::yaml_node(&path, document.root());
        }
    }
}

fn script(data: &[u8], language: Shell) {
    let masked = shell::Masked::new(text(data), Text::unknown);
    let here = Position { line: 1, column: 1, byte: 0 };
    let locate = |_, _| Location::new(&Arc::from("script"), Span { start: here, end: here });
    let script = read(&masked.text, language);
    interpret(
        &script,
        Context {
            env: &[("A".to_owned(), Text::from("value")), ("B".to_owned(), Text::unknown("secret"))],
            holes: &masked.holes,
            folder: Text::default(),
            locate: &locate,
            chain: Vec::new(),
            cond: Cond::TRUE,
            positional: vec![Text::from("first")],
            choices: Choices::default(),
            wrappers: &truelevel::catalogue::Catalogue::get().wrappers,
            parsed: &Parsed::default(),
            platform: &|_| None,
        },
    );
}

fn read_makefile(data: &[u8]) {
    makefile::parse(text(data));
}

fn read_literals(data: &[u8]) {
    literals::invocations(text(data));
}

/// The first byte chooses the language.
fn read_conf(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let (path, text): (Arc<str>, _) = (Arc::from("a"), text(rest));
    match first % 4 {
        0 => drop(conf::hcl(&path, text, &())),
        1 => drop(conf::bicep(&path, text)),
        2 => drop(conf::Value::of_toml(&path, text)),
        _ => drop(conf::yaml(&path, text)),
    }
}

/// An expression wherever a workflow takes one.
fn read_expressions(data: &[u8]) {
    let expression = text(data);
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let (bare, marked) = (quoted(expression), quoted(&format!("${{{{ {expression} }}}}")));
    let workflow = format!(
        "on: {{ push: {{ tags: ['*'] }}, workflow_dispatch: {{ inputs: {{ x: {{ default: {marked} }} }} }} }}\nenv: {{ E: {marked} \
         }}\nconcurrency: {marked}\njobs:\n  a:\n    if: {bare}\n    runs-on: {marked}\n    strategy: {{ matrix: {marked} }}\n    \
         outputs: {{ o: {marked} }}\n    steps:\n      - if: {bare}\n        run: {marked}\n        env: {{ V: {marked} }}\n        \
         working-directory: {marked}\n      - uses: actions/cache@v4\n        with: {{ path: {marked}, key: {marked} }}\n      - run: npm \
         publish\n"
    );
    grade(vec![(".github/workflows/a.yml".to_owned(), workflow.into_bytes())]);
}

/// Commands that lead to every kind of file that is followed.
const LEADS: &str = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - uses: ./act\n      - \
                     run: |\n          make\n          make release VERSION=1\n          npm run release\n          npm publish\n          pnpm -r publish\n          task \
                     release\n          just release\n          tox -e release\n          nox -s release\n          poe release\n          hatch run release\n          pdm \
                     run release\n          cargo xtask release\n          docker compose push\n          docker buildx bake --push\n          npx release-it\n          goreleaser release\n          npx semantic-release\n          \
                     ./release.sh v1\n          python3 release.py\n          node release.js\n          pwsh release.ps1\n";

fn follow(data: &[u8]) {
    let mut files = unpack(data);
    files.push((".github/workflows/leads.yml".to_owned(), LEADS.as_bytes().to_vec()));
    grade(files);
}

fn read_runners(data: &[u8]) {
    runners::pools_in(&Checkout::in_memory(unpack(data), Some("acme/widget")), Some("elsewhere"));
}

fn workflow(data: &[u8]) {
    grade(vec![(".github/workflows/a.yml".to_owned(), data.to_vec())]);
}

/// A whole checkout, and every report on it.
fn check(data: &[u8]) {
    let report = grade(unpack(data));
    for detail in [Detail::Quiet, Detail::Verbose] {
        let shown = report::human(&report, Human { width: 80, color: false, detail, notes: true });
        let deceptive =
            |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!shown.contains(deceptive), "{shown:?}");
    }
    let json = report::json(Document::One(&report)).unwrap_or_default();
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{json}");
    let reports = [report];
    drop((report::sarif(&reports), report::gitlab(&reports), report::jsonl(&reports)));
    drop((report::markdown(&reports), report::html(&reports)));
    let annotations = report::github(&reports);
    for line in annotations.lines().filter(|line| line.starts_with("::")) {
        let known = ["::error", "::warning", "::notice", "::group", "::endgroup"].iter().any(|c| line.starts_with(c));
        assert!(known, "{line:?}");
    }
}

/// Grades files by the rules of a folder, and checks what holds for every report.
fn grade(files: Vec<(String, Vec<u8>)>) -> report::Report {
    let report = grade_checkout(&Checkout::in_memory(files, Some("acme/widget")), ".", &Options::default());
    assert!(report.level <= 3);
    assert_eq!(report.cap.is_none(), report.level == 3, "a level below 3 has one cap");
    assert!(report.targets.iter().all(|target| target.level >= report.level), "the lowest target decides");
    assert!(report.errors.is_empty() || report.level < 3, "what could not be read holds the level down");
    report
}
