//! `truelevel check`: grades checkouts, prints the report, and holds the gate.

use std::path::{Path, PathBuf};

use super::delivery::Delivery;
use super::progress::Progress;
use super::{Common, Console, DOUBT, GATE, HOLDS, Output, parallel};
use crate::report::Report;

/// Grades every path and returns the exit code.
pub(super) fn run(
    paths: &[PathBuf],
    common: &Common,
    grade: &(dyn Fn(&Path) -> Result<Report, String> + Sync),
    console: &mut Console<'_>,
) -> u8 {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here } else { paths };
    if let Some(twice) = written_twice(&common.output) {
        console.say(&format!("two reports go to {}; every --output needs a file of its own", twice.display()));
        return DOUBT;
    }

    let mut delivery = Delivery::new(common, paths.len() > 1);
    let mut gate = HOLDS;
    let mut doubt = false;
    // Messages wait until the line of the progress is gone, and stand behind those about the paths.
    let (mut refused, mut said) = (Vec::new(), Vec::new());
    let progress = Progress::start(paths.len(), common, console);
    let work = |path: &Path| {
        progress.at(path);
        grade(path)
    };
    parallel::in_order(paths, &work, &mut |path, graded| {
        progress.next();
        let report = match graded {
            Ok(report) => report,
            Err(reason) => {
                refused.push(format!("{}: {reason}", path.display()));
                return;
            }
        };
        if !report.errors.is_empty() {
            doubt = true;
            let places = if report.errors.len() == 1 { "place" } else { "places" };
            said.push(format!("{}: {} {places} could not be read", report.root, report.errors.len()));
        }
        if let Some(least) = common.min_level.filter(|least| report.level < *least) {
            gate = GATE;
            said.push(format!("{}: level {} is below --min-level {least}", report.root, report.level));
        }
        let overclaims = report.claims.iter().filter(|claim| claim.overclaim);
        for claim in overclaims.filter(|_| common.deny_overclaim) {
            gate = GATE;
            let place = format!("{}:{}", claim.location.path, claim.location.line);
            said.push(format!(
                "{}: {place} claims level {}, and level {} is shown",
                report.root, claim.level, report.level
            ));
        }
        for condition in report.gate.iter().filter(|condition| !condition.holds) {
            gate = GATE;
            let place = format!("{}:{}", condition.location.path, condition.location.line);
            said.push(format!("{}: {} ({place})", report.root, condition.message));
        }
        delivery.take(report, console);
    });
    drop(progress);
    doubt |= !refused.is_empty();
    refused.iter().for_each(|message| console.say(message));
    doubt |= !delivery.finish(console);
    said.iter().for_each(|message| console.say(message));
    if doubt { DOUBT } else { gate }
}

/// A file that two outputs name.
fn written_twice(outputs: &[Output]) -> Option<&Path> {
    let twice = |(at, output): &(usize, &Output)| outputs.iter().take(*at).any(|earlier| earlier.file == output.file);
    outputs.iter().enumerate().find(twice).map(|(_, output)| output.file.as_path())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::io::{self, Write};

    use super::super::run;
    use super::*;
    use crate::report::{Detail, Human, human, samples};

    /// What a run leaves behind.
    struct Run {
        code: u8,
        out: String,
        err: String,
    }

    /// Folders named after the samples; everything else is unreadable.
    fn grade(path: &Path) -> Result<Report, String> {
        let name = path.to_string_lossy();
        let name = if name == "." { "seed" } else { name.as_ref() };
        let found = samples::all().into_iter().find(|(sample, _)| *sample == name);
        found.map(|(_, report)| report).ok_or_else(|| "no such\u{1b}[2J folder".to_owned())
    }

    fn start(arguments: &[&str], out: impl Write, err: impl Write, width: Option<usize>, colors: bool) -> u8 {
        let arguments = ["truelevel"].iter().chain(arguments).map(OsString::from);
        run(arguments, &|path, _| grade(path), &mut Console::new(out, err, width, colors))
    }

    fn truelevel(arguments: &[&str]) -> Run {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = start(arguments, &mut out, &mut err, None, false);
        Run { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
    }

    #[test]
    fn check_is_the_command_when_none_is_named() {
        let plain = truelevel(&[]);
        assert_eq!((plain.code, plain.err.as_str()), (0, ""));
        assert!(plain.out.starts_with("SLSA Build level 1"));
        for same in [&["check"][..], &["."], &["check", "."], &["seed"]] {
            assert_eq!(truelevel(same).out, plain.out, "{same:?}");
        }
    }

    #[test]
    fn options_stand_before_or_behind_the_command() {
        let wanted = truelevel(&["check", "seed", "--format", "json"]).out;
        for same in [&["--format", "json", "check", "seed"][..], &["--format=json", "seed"], &["seed", "--format=json"]]
        {
            assert_eq!(truelevel(same).out, wanted, "{same:?}");
        }
        assert_eq!(truelevel(&["--min-level", "2", "check", "seed"]).code, 1);
        assert_eq!(truelevel(&["check", "--min-level", "2", "seed"]).code, 1);
    }

    #[test]
    fn only_the_first_word_is_a_command() {
        assert_eq!(truelevel(&["seed", "check"]).err, "truelevel: check: no such\\u{1b}[2J folder\n");
        assert_eq!(truelevel(&["check", "check"]).err, "truelevel: check: no such\\u{1b}[2J folder\n");
    }

    #[test]
    fn the_gate_decides_between_0_and_1() {
        for (sample, least, code) in [
            ("seed", "0", 0),
            ("seed", "1", 0),
            ("seed", "2", 1),
            ("hardened", "3", 0),
            ("empty", "0", 0),
            ("empty", "1", 1),
        ] {
            let run = truelevel(&[sample, "--min-level", least]);
            assert_eq!(run.code, code, "{sample} {least}");
            assert!(run.out.starts_with("SLSA Build level"));
            assert_eq!(run.err.is_empty(), code == 0);
        }
        assert_eq!(truelevel(&["seed", "--min-level=2"]).err, "truelevel: .: level 1 is below --min-level 2\n");
        assert_eq!(truelevel(&["hardened", "seed", "--min-level=2"]).code, 1);
    }

    #[test]
    fn doubt_outranks_the_gate_and_the_report_is_still_printed() {
        let run = truelevel(&["many", "--min-level", "3"]);
        assert_eq!(run.code, 2);
        assert!(run.out.contains(".github/workflows/nightly.yml:17:3"));
        insta::assert_snapshot!(run.err, @r"
        truelevel: work/platform: 2 places could not be read
        truelevel: work/platform: level 0 is below --min-level 3
        ");
    }

    #[test]
    fn an_unreadable_path_is_told_and_the_others_are_graded() {
        let run = truelevel(&["seed", "nowhere", "--min-level=3"]);
        assert_eq!(run.code, 2);
        assert!(run.out.starts_with("SLSA Build level 1"));
        assert!(run.err.starts_with("truelevel: nowhere: no such\\u{1b}[2J folder\n"), "{}", run.err);
        for format in ["json", "jsonl", "sarif", "github", "gitlab", "markdown", "html"] {
            let alone = truelevel(&["nowhere", "--format", format]);
            assert_eq!((alone.code, alone.out.as_str()), (2, ""), "{format}");
        }
    }

    #[test]
    fn several_checkouts_are_several_reports() {
        let run = truelevel(&["seed", "hardened"]);
        assert!(run.out.contains("\n\nSLSA Build level 3"));
        let quiet = truelevel(&["-q", "seed", "hardened"]);
        assert_eq!(quiet.out.lines().count(), 3);
        let json = truelevel(&["--format=json", "seed", "hardened"]).out;
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json.as_array().unwrap().len(), 2);
        // A script that asked for two gets an array, whatever became of them.
        let json = truelevel(&["--format=json", "seed", "nowhere"]).out;
        assert!(json.starts_with('['));
    }

    #[test]
    fn wrong_usage_is_2() {
        for wrong in [
            &["--min-level", "4"][..],
            &["--min-level", "high"],
            &["--format", "yaml"],
            &["--output", "json"],
            &["--output", "json="],
            &["--output", "xml=a"],
            &["--output", "json=a", "--output", "human=a"],
            &["--color", "sometimes"],
            &["--with", "acme/flows"],
            &["--with", "flows=../flows"],
            &["--with", "acme/flows="],
            &["-q", "-v"],
            &["--frobnicate"],
        ] {
            let run = truelevel(wrong);
            assert_eq!((run.code, run.out.as_str()), (2, ""), "{wrong:?}");
            assert!(!run.err.is_empty(), "{wrong:?}");
        }
    }

    #[test]
    fn messages_are_neutralised() {
        let run = truelevel(&["--\u{1b}[31mx", "a\u{202e}b"]);
        assert_eq!(run.code, 2);
        assert!(!run.err.contains(['\u{1b}', '\u{202e}']), "{:?}", run.err);
        let run = truelevel(&["a\u{202e}b\nc"]);
        assert_eq!(run.err, "truelevel: a\\u{202e}b\\u{a}c: no such\\u{1b}[2J folder\n");
    }

    #[test]
    fn reports_go_to_files_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let (json, human) = (folder.path().join("level.json"), folder.path().join("level.txt"));
        let outputs = [format!("json={}", json.display()), format!("human={}", human.display())];
        let run = truelevel(&["--output", &outputs[0], "--output", &outputs[1], "seed"]);
        assert_eq!(run.code, 0);
        assert_eq!(std::fs::read_to_string(json).unwrap(), truelevel(&["--format=json"]).out);
        assert_eq!(std::fs::read_to_string(human).unwrap(), run.out);
    }

    /// Runs with a file for the summary.
    fn summarised(arguments: &[&str], summary: &Path) -> Run {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let arguments = ["truelevel"].iter().chain(arguments).map(OsString::from);
        let mut console = Console::new(&mut out, &mut err, None, false).with_summary(Some(summary.to_path_buf()));
        let code = run(arguments, &|path, _| grade(path), &mut console);
        drop(console);
        Run { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
    }

    #[test]
    fn annotations_come_with_a_summary_where_the_runner_asks_for_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("summary.md");
        std::fs::write(&file, "before\n").unwrap();
        let wanted = format!("before\n{}", truelevel(&["seed", "--format=markdown"]).out);
        assert_eq!(summarised(&["seed"], &file).code, 0);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "before\n");
        let run = summarised(&["seed", "--format=github"], &file);
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        assert!(run.out.starts_with("::error file="));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), wanted);
    }

    #[test]
    fn a_summary_goes_into_a_regular_file_or_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        for file in [folder.path().to_path_buf(), folder.path().join("absent")] {
            let run = summarised(&["seed", "--format=github"], &file);
            assert_eq!(run.code, 0);
            assert!(run.out.starts_with("::error file="));
            assert!(run.err.starts_with("truelevel: cannot write the summary to "), "{}", run.err);
        }
        assert!(!folder.path().join("absent").exists());
    }

    #[test]
    fn every_format_goes_to_a_file_as_it_goes_to_standard_output() {
        let folder = tempfile::tempdir().unwrap();
        for format in ["human", "json", "jsonl", "sarif", "github", "gitlab", "markdown", "html"] {
            for paths in [&["seed"][..], &["seed", "smuggler"]] {
                let file = folder.path().join(format);
                let output = format!("--output={format}={}", file.display());
                truelevel(&[&[output.as_str()], paths].concat());
                let written = std::fs::read_to_string(file).unwrap();
                let printed = truelevel(&[&["--format", format], paths].concat()).out;
                assert!(written == printed && printed.ends_with('\n'), "{format}");
            }
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_is_told_and_the_report_still_printed() {
        let run = truelevel(&["seed", "--output", "json=/nonexistent/level.json"]);
        assert_eq!(run.code, 2);
        assert!(run.out.starts_with("SLSA Build level 1"));
        assert!(run.err.starts_with("truelevel: cannot write /nonexistent/level.json: "), "{}", run.err);
        assert_eq!(run.err.lines().count(), 1);
    }

    #[test]
    fn color_follows_the_terminal_unless_told_otherwise() {
        for (arguments, terminal, colored) in [
            (&["seed"][..], true, true),
            (&["seed"], false, false),
            (&["seed", "--color", "never"], true, false),
            (&["seed", "--color", "always"], false, true),
            (&["seed", "--format", "json", "--color", "always"], true, false),
        ] {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            start(arguments, &mut out, &mut err, Some(80), terminal);
            assert_eq!(out.contains(&0x1b), colored, "{arguments:?} {terminal}");
        }
    }

    #[test]
    fn the_report_is_as_wide_as_the_terminal() {
        let (mut narrow, mut err) = (Vec::new(), Vec::new());
        start(&["seed"], &mut narrow, &mut err, Some(80), false);
        let layout = Human { width: 80, color: false, detail: Detail::Normal, notes: false };
        assert_eq!(String::from_utf8(narrow).unwrap(), human(&samples::seed(), layout));
        assert_eq!(truelevel(&["seed"]).out, human(&samples::seed(), Human { width: 100, ..layout }));
    }

    /// A stream that takes nothing.
    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_leaves_is_no_failure_and_a_full_disk_is() {
        for arguments in [&["seed"][..], &["seed", "--format=json"], &["--help"], &["--version"]] {
            let mut err = Vec::new();
            assert_eq!(start(arguments, Broken(io::ErrorKind::BrokenPipe), &mut err, None, false), 0);
            assert_eq!(String::from_utf8(err).unwrap(), "");
            let mut err = Vec::new();
            assert_eq!(start(arguments, Broken(io::ErrorKind::StorageFull), &mut err, None, false), 2);
            assert_eq!(String::from_utf8(err).unwrap().lines().count(), 1);
        }
        // The gate's answer does not depend on how much of the report was read.
        let gate = &["seed", "--min-level=2"];
        assert_eq!(start(gate, Broken(io::ErrorKind::BrokenPipe), io::sink(), None, false), 1);
        assert_eq!(start(&["nowhere"], io::sink(), Broken(io::ErrorKind::StorageFull), None, false), 2);
    }

    #[test]
    fn help_and_version() {
        assert_eq!(truelevel(&["--version"]).out, concat!("truelevel ", env!("CARGO_PKG_VERSION"), "\n"));
        let help = truelevel(&["--help"]);
        assert_eq!(help.code, 0);
        insta::assert_snapshot!("help", help.out);
        insta::assert_snapshot!("help_short", truelevel(&["-h"]).out);
        assert!(truelevel(&["check", "--help"]).out.contains("Exit codes:"));
    }
}
