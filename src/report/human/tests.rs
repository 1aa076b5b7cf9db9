use super::page::width;
use super::{Detail, Human, human};
use crate::report::{Report, samples, sanitize};

fn render(report: &Report, width: usize, color: bool, detail: Detail) -> String {
    human(report, Human { width, color, detail, notes: false })
}

/// Colours as a reviewer can read them.
fn visible(text: &str) -> String {
    text.replace('\u{1b}', "␛")
}

#[test]
fn plain() {
    for (name, report) in samples::all() {
        for width in [80, 200] {
            insta::assert_snapshot!(format!("{name}_{width}"), render(&report, width, false, Detail::Normal));
        }
    }
}

#[test]
fn color() {
    for (name, report) in [("seed", samples::seed()), ("many", samples::many())] {
        for width in [80, 200] {
            let text = render(&report, width, true, Detail::Normal);
            insta::assert_snapshot!(format!("{name}_{width}_color"), visible(&text));
        }
    }
}

#[test]
fn quiet() {
    let text: String = samples::all()
        .iter()
        .map(|(_, report)| render(report, 80, false, Detail::Quiet))
        .collect::<Vec<_>>()
        .join("\n");
    insta::assert_snapshot!("quiet", text);
}

#[test]
fn verbose() {
    for (name, report) in [("seed", samples::seed()), ("foreign", samples::foreign())] {
        insta::assert_snapshot!(format!("{name}_verbose"), render(&report, 80, false, Detail::Verbose));
    }
}

/// Every layout of every sample.
fn everything(mut check: impl FnMut(&str, usize, bool, &str)) {
    for (name, report) in samples::all() {
        for detail in [Detail::Quiet, Detail::Normal, Detail::Verbose] {
            for width in [1, 60, 72, 80, 100, 200, 1000] {
                for color in [false, true] {
                    check(name, width, color, &render(&report, width, color, detail));
                }
            }
        }
    }
}

#[test]
fn nothing_from_a_checkout_reaches_the_terminal_as_a_command() {
    everything(|name, width, color, text| {
        let shown = if color { without_colors(text) } else { text.to_owned() };
        assert!(!shown.chars().any(|c| c != '\n' && sanitize::is_deceptive(c)), "{name} at {width}: {shown:?}");
        assert!(
            !shown.lines().any(|line| line.trim_start().starts_with("::")),
            "{name} at {width} commands the runner"
        );
        assert!(!shown.contains("##["), "{name} at {width} commands the runner");
        let headlines = shown.lines().filter(|line| line.starts_with("SLSA Build level ")).count();
        assert_eq!(headlines, 1, "{name} at {width} pretends to be another report");
    });
}

#[test]
fn colors_change_nothing_but_colors() {
    for (_, report) in samples::all() {
        for detail in [Detail::Quiet, Detail::Normal, Detail::Verbose] {
            let plain = render(&report, 80, false, detail);
            assert_eq!(without_colors(&render(&report, 80, true, detail)), plain);
            assert!(!plain.contains('\u{1b}'));
        }
    }
}

#[test]
fn lines_fit_unless_they_name_a_place() {
    everything(|name, columns, color, text| {
        if color {
            return;
        }
        // A place stays in one piece, so that it can be copied and clicked; a headline names the checkout.
        for line in text.lines().filter(|line| !line.contains(".yml") && !line.contains("SLSA Build level")) {
            assert!(
                ["hostile", "smuggler"].contains(&name) || width(line) <= columns.max(60),
                "{name} at {columns}: {line}"
            );
            assert_eq!(line, line.trim_end());
        }
    });
}

/// The text without the sequences that owo-colors writes: `ESC [ digits and semicolons m`, and nothing else.
fn without_colors(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (codes, rest) = piece.split_once('m').expect("a colour ends in m");
        assert!(codes.chars().all(|c| c.is_ascii_digit() || c == ';'), "no colour: {codes:?}");
        plain.push_str(rest);
    }
    plain
}
