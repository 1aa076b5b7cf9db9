//! What the fuzz targets run, shared with `tests/fuzz.rs`: every reader of text from a checkout, and the whole of a
//! check. A body ends in time and without a panic for any input; some assert more.

use std::sync::Arc;

use truelevel::checkout::{Checkout, Repository};
use truelevel::commands::{Choices, Context, Parsed, Shell, interpret, read};
use truelevel::model::{Cond, Location, Position, Requirement, Span, State, Text};
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
    ("git", read_git),
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

/// The files of an input: path, text, path, text.
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
            sourced: &|_| None,
            kept: &|_| None,
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

/// The files of a `.git`: what is taken from them names a host, a repository and a commit, and no more.
fn read_git(data: &[u8]) {
    let files = unpack(data);
    let read = |name: &str| files.iter().find(|(path, _)| path == name).map(|(_, bytes)| text(bytes).to_owned());
    let told = Repository::told_by(read);
    assert_eq!(told.host.is_some(), told.slug.is_some());
    for word in told.host.iter().chain(&told.slug) {
        assert!(!word.is_empty() && !word.contains(|c: char| c.is_control() || c.is_whitespace()), "{word:?}");
    }
    assert!(!told.host.is_some_and(|host| host.contains(['@', '/'])), "a user name is no part of a host");
    let commit = |text: &String| matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
    assert!(told.revision.iter().all(commit), "{:?}", told.revision);
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

/// A whole checkout, and one of the reports on it; which one follows from the input.
fn check(data: &[u8]) {
    let report = grade(unpack(data));
    let choice = data.iter().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte));
    show(report, choice);
}

/// Renders a report in one format.
pub(crate) fn show(report: report::Report, choice: u8) {
    let json = |text: Result<String, serde_json::Error>| {
        let text = text.unwrap_or_default();
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
    };
    let reports = [report];
    let [report] = &reports;
    match choice % 8 {
        0 | 1 => {
            let detail = if choice.is_multiple_of(2) { Detail::Quiet } else { Detail::Verbose };
            let shown = report::human(report, Human { width: 80, color: false, detail, notes: true });
            let deceptive = |c: char| {
                (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            assert!(!shown.contains(deceptive), "{shown:?}");
        }
        2 => json(report::json(Document::One(report))),
        3 => json(report::sarif(&reports)),
        4 => json(report::gitlab(&reports)),
        5 => drop(report::markdown(&reports)),
        6 => drop(report::html(&reports)),
        _ => {
            for line in report::github(&reports).lines().filter(|line| line.starts_with("::")) {
                let known = ["::error", "::warning", "::notice", "::group", "::endgroup"];
                assert!(known.iter().any(|command| line.starts_with(command)), "{line:?}");
            }
        }
    }
}

/// Grades files by the rules of a folder, and checks what holds for every report.
pub(crate) fn grade(files: Vec<(String, Vec<u8>)>) -> report::Report {
    let checkout = Checkout::in_memory(files, Some("acme/widget"));
    let report = grade_checkout(&checkout, ".", &Options::default());
    sound(&report, &checkout);
    report
}

/// What holds for the report on any checkout.
pub(crate) fn sound(report: &report::Report, checkout: &Checkout) {
    assert!(report.level <= 3);
    assert!((report.level..=3).contains(&report.declared_level), "declarations never lower");
    assert_eq!(report.cap.is_none(), report.level == 3, "a level below 3 has one cap");
    assert!(report.targets.iter().all(|target| target.level >= report.level), "the lowest target decides");
    assert!(report.level == 0 || !report.targets.is_empty(), "no target is level 0");
    assert!(report.errors.is_empty() || report.level < 3, "what could not be read holds the level down");
    let held = report.unassessed.iter().any(|pipeline| pipeline.holds_down);
    assert!(!held || report.level == 0, "a release that was not graded holds the level at 0");
    for cap in report.cap.iter().chain(report.targets.iter().filter_map(|target| target.cap.as_ref())) {
        assert!(cap.state.is_open() && !cap.reason.is_empty(), "{cap:?}");
        cap.location.iter().for_each(|at| inside(at, checkout));
    }
    for target in &report.targets {
        assert_eq!(target.requirements.len(), Requirement::ALL.len(), "{}", target.id);
        let ids = target.requirements.iter().map(|verdict| &verdict.id);
        assert!(ids.eq(Requirement::ALL), "{}: in the order in which they cap", target.id);
        let open = target.requirements.iter().find(|verdict| verdict.state.is_open());
        assert_eq!(target.level, open.map_or(3, |verdict| verdict.level - 1), "{}: the first open one", target.id);
        assert_eq!(target.cap.as_ref().map(|cap| cap.requirement), open.map(|verdict| verdict.id), "{}", target.id);
        assert!(target.reach >= target.level && target.reach <= 3, "{}", target.id);
        for verdict in &target.requirements {
            assert!(!verdict.evidence.is_empty() && !verdict.reason.is_empty(), "{}: {verdict:?}", target.id);
            assert_eq!(verdict.to_show.is_some(), verdict.state == State::Unshown, "{}: {verdict:?}", target.id);
            for evidence in &verdict.evidence {
                assert!(!evidence.note.is_empty() && !evidence.rule.is_empty(), "{evidence:?}");
                inside(&evidence.location, checkout);
            }
        }
        target.chain.iter().for_each(|link| inside(&link.location, checkout));
    }
    for (at, step) in report.plan.iter().enumerate() {
        assert_eq!(step.step as usize, at + 1);
        assert!(!step.title.is_empty() && step.level_after <= 3, "{step:?}");
        step.locations.iter().for_each(|at| inside(at, checkout));
    }
    assert!(report.plan.is_sorted_by_key(|step| step.level_after), "the way up only goes up");
    report.notes.iter().filter_map(|note| note.location.as_ref()).for_each(|at| inside(at, checkout));
    for problem in &report.errors {
        assert!(!problem.message.is_empty() && problem.line != Some(0) && problem.column != Some(0), "{problem:?}");
    }
}

/// A place lies in the file that it names: no line after its last, no end before its start.
fn inside(at: &Location, checkout: &Checkout) {
    assert!(at.line > 0 && at.column > 0, "{at:?}");
    assert!((at.line, at.column) <= (at.end_line, at.end_column), "{at:?}");
    if let Ok(text) = checkout.glance(&at.path) {
        // A place behind the last line end is one of the file, too; YAML takes a carriage return for a line end.
        let lines = text.split(['\n', '\r']).count();
        assert!(at.end_line as usize <= lines, "{at:?} of at most {lines} lines");
    }
}
