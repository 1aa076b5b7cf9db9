//! Where reports go: to standard output, and to the files of `--output`.
//!
//! Reports on several checkouts are written one by one where their format is a list, so that memory does not grow with
//! their number. The other formats are one document over all of them, and wait for the last.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::{Color, Common, Console, Format, Output};
use crate::report::{Detail, Document, Human, Report, github, gitlab, html, human, json, jsonl, markdown, sarif};

/// The reports of one run on their way out.
pub(super) struct Delivery<'c> {
    common: &'c Common,
    several: bool,
    /// Reports for the formats that need all of them.
    kept: Vec<Report>,
    files: Vec<Listed<'c>>,
    /// Text for a terminal, on which the progress may still stand.
    held: String,
    /// How many reports there were.
    count: usize,
    /// Whether standard output took what it got. After a failure nothing more is printed.
    printed: bool,
    /// Whether every file did.
    delivered: bool,
}

/// A file that is written report by report.
struct Listed<'c> {
    output: &'c Output,
    file: io::Result<BufWriter<File>>,
}

impl<'c> Delivery<'c> {
    pub(super) fn new(common: &'c Common, several: bool) -> Self {
        let lists = common.output.iter().filter(|output| several && is_list(output.format));
        let open = |output: &'c Output| Listed { output, file: File::create(&output.file).map(BufWriter::new) };
        let files = lists.map(open).collect();
        Self { common, several, kept: Vec::new(), files, held: String::new(), count: 0, printed: true, delivered: true }
    }

    fn streams(&self, format: Format) -> bool {
        self.several && is_list(format)
    }

    /// Takes the next report.
    pub(super) fn take(&mut self, report: Report, console: &mut Console<'_>) {
        let file_layout = layout(self.common, Console::file_width(), self.common.color == Color::Always);
        for Listed { output, file } in &mut self.files {
            write(file, || item(output.format, &report, file_layout, self.count == 0));
        }
        if self.streams(self.common.format) {
            let text = item(self.common.format, &report, self.layout(console), self.count == 0);
            self.print(text, console);
        }
        self.count += 1;
        let mut formats = self.common.output.iter().map(|output| output.format).chain([self.common.format]);
        if formats.any(|format| !self.streams(format)) {
            self.kept.push(report);
        }
    }

    /// Writes what is left; `false` when a place did not take its reports.
    pub(super) fn finish(mut self, console: &mut Console<'_>) -> bool {
        let end = if self.count == 0 { "[]\n" } else { "\n]\n" };
        for Listed { output, mut file } in std::mem::take(&mut self.files) {
            if output.format == Format::Json {
                write(&mut file, || Ok(end.to_owned()));
            }
            if let Err(error) = file.and_then(|mut file| file.flush()) {
                console.say(&format!("cannot write {}: {error}", output.file.display()));
                self.delivered = false;
            }
        }
        let common = self.common;
        for output in &common.output {
            if self.streams(output.format) {
                continue;
            }
            let layout = layout(common, Console::file_width(), common.color == Color::Always);
            let written = render(output.format, &self.kept, self.several, layout)
                .and_then(|text| std::fs::write(&output.file, text).map_err(|error| error.to_string()));
            if let Err(reason) = written {
                console.say(&format!("cannot write {}: {reason}", output.file.display()));
                self.delivered = false;
            }
        }
        let mut formats = common.output.iter().map(|output| output.format).chain([common.format]);
        let summary =
            console.summary().map(Path::to_path_buf).filter(|_| formats.any(|format| format == Format::Github));
        if let Some(file) = summary
            && let Err(error) = append(&file, &markdown(&self.kept))
        {
            // Nobody asked for it in so many words, and the annotations have been written.
            console.say(&format!("cannot write the summary to {}: {error}", file.display()));
        }
        let text = match (self.streams(common.format), common.format) {
            (true, Format::Json) => Ok(end.to_owned()),
            (true, _) => Ok(String::new()),
            (false, format) => render(format, &self.kept, self.several, self.layout(console)),
        };
        self.print(text, console);
        let held = std::mem::take(&mut self.held);
        self.delivered & self.printed & (held.is_empty() || console.print(&held))
    }

    /// Prints a stretch of the report, or holds it back for a terminal.
    fn print(&mut self, text: Result<String, String>, console: &mut Console<'_>) {
        match text {
            Ok(text) if console.terminal() => self.held.push_str(&text),
            Ok(text) => self.printed = self.printed && (text.is_empty() || console.print(&text)),
            Err(reason) => {
                console.say(&format!("cannot render the report: {reason}"));
                self.printed = false;
            }
        }
    }

    fn layout(&self, console: &Console<'_>) -> Human {
        layout(self.common, console.width(), colors(self.common, console))
    }
}

/// Whether the format of several reports is one report after the other.
fn is_list(format: Format) -> bool {
    matches!(format, Format::Human | Format::Json | Format::Jsonl)
}

/// One report of several, with what stands between it and the one before it.
fn item(format: Format, report: &Report, layout: Human, first: bool) -> Result<String, String> {
    let text = render(format, std::slice::from_ref(report), true, layout)?;
    Ok(match format {
        Format::Json => {
            let inner = text.strip_prefix("[\n").and_then(|text| text.strip_suffix("\n]\n")).unwrap_or(&text);
            format!("{}{inner}", if first { "[\n" } else { ",\n" })
        }
        // Quiet reports are two lines each and need no air between them.
        Format::Human if !first && layout.detail != Detail::Quiet => format!("\n{text}"),
        _ => text,
    })
}

/// Writes to a file that has taken everything so far.
fn write(file: &mut io::Result<BufWriter<File>>, text: impl FnOnce() -> Result<String, String>) {
    if let Ok(open) = file
        && let Err(error) = text().map_err(io::Error::other).and_then(|text| open.write_all(text.as_bytes()))
    {
        *file = Err(error);
    }
}

/// Appends to a file that exists, as the runner makes it; a link or a device is none.
fn append(file: &Path, text: &str) -> io::Result<()> {
    if !std::fs::symlink_metadata(file)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    std::fs::OpenOptions::new().append(true).open(file)?.write_all(text.as_bytes())
}

/// Whether standard output is coloured.
pub(super) fn colors(common: &Common, console: &Console<'_>) -> bool {
    match common.color {
        Color::Auto => console.colors(),
        Color::Always => true,
        Color::Never => false,
    }
}

pub(super) fn layout(common: &Common, width: usize, color: bool) -> Human {
    let detail = match (common.quiet, common.verbose) {
        (true, _) => Detail::Quiet,
        (false, 0) => Detail::Normal,
        (false, _) => Detail::Verbose,
    };
    Human { width, color, detail, notes: common.notes }
}

/// The reports in one format.
fn render(format: Format, reports: &[Report], several: bool, layout: Human) -> Result<String, String> {
    if reports.is_empty() && !several {
        // The one checkout could not be graded: there is nothing to say, and an empty list would say that all is well.
        return Ok(String::new());
    }
    match format {
        Format::Human => Ok(reports.iter().map(|report| human(report, layout)).collect()),
        Format::Json => match (several, reports) {
            (false, [report]) => json(Document::One(report)),
            _ => json(Document::Several(reports)),
        }
        .map_err(|error| error.to_string()),
        Format::Jsonl => jsonl(reports).map_err(|error| error.to_string()),
        Format::Sarif => sarif(reports).map_err(|error| error.to_string()),
        Format::Github => Ok(github(reports)),
        Format::Markdown => Ok(markdown(reports)),
        Format::Html => Ok(html(reports)),
        Format::Gitlab => gitlab(reports).map_err(|error| error.to_string()),
    }
}
