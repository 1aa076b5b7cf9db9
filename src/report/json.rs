//! The JSON report and its schema.

use std::io;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::{Report, sanitize};

/// What a JSON report file holds: one object for one checkout, an array when several were asked for.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Document<'a> {
    /// The report on the one checkout that was asked for.
    One(&'a Report),
    /// The reports on several checkouts, in the order in which they were asked for.
    Several(&'a [Report]),
}

/// A JSON document, ending in a line end.
pub fn json(document: Document<'_>) -> Result<String, serde_json::Error> {
    pretty(&document)
}

/// One line for each report, each an object as [`json`] writes it.
pub fn jsonl(reports: &[Report]) -> Result<String, serde_json::Error> {
    reports.iter().map(|report| write(report, CompactFormatter)).collect()
}

/// Any value as indented JSON that is harmless on a terminal and in a log, ending in a line end.
pub(super) fn pretty(value: &impl Serialize) -> Result<String, serde_json::Error> {
    write(value, PrettyFormatter::new())
}

fn write(value: &impl Serialize, formatter: impl Formatter) -> Result<String, serde_json::Error> {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Harmless(formatter)))?;
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(serde::ser::Error::custom)
}

/// The JSON Schema of [`json`]'s output.
pub fn schema() -> serde_json::Value {
    let mut schema =
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Document<'_>>();
    schema.insert("title".to_owned(), "truelevel report, version 1".into());
    schema.to_value()
}

/// The formatter in it, with strings that are harmless when somebody looks at the file on a terminal.
struct Harmless<F>(F);

impl<F: Formatter> Formatter for Harmless<F> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        let marked = || memchr::memchr2(b'#', 0x7f, fragment.as_bytes()).is_some();
        if fragment.is_ascii() && (!marked() || !fragment.contains('\u{7f}') && !fragment.contains("##")) {
            return to.write_all(fragment.as_bytes());
        }
        let mut safe = String::with_capacity(fragment.len());
        fragment.chars().for_each(|c| sanitize::push_json(&mut safe, c));
        to.write_all(safe.as_bytes())
    }

    fn write_char_escape<W: ?Sized + io::Write>(&mut self, to: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.write_char_escape(to, escape)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_array(to)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_array(to)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(to, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_array_value(to)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_object(to)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object(to)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(to, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.begin_object_value(to)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.0.end_object_value(to)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::samples;

    /// The keys of an object, in order.
    fn keys(of: &Value) -> Vec<&str> {
        of.as_object().expect("an object").keys().map(String::as_str).collect()
    }

    fn value(report: &Report) -> Value {
        serde_json::from_str(&json(Document::One(report)).unwrap()).unwrap()
    }

    #[test]
    fn schema_file_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.schema.json");
        let wanted = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(path, &wanted).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            kept == wanted,
            "docs/report.schema.json differs from the report's types; `UPDATE_SCHEMA=1 cargo test --lib schema` rewrites it"
        );
    }

    #[test]
    fn samples_fit_the_schema() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let check = |document: Document<'_>| {
            let value: Value = serde_json::from_str(&json(document).unwrap()).unwrap();
            let errors: Vec<_> = validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path)).collect();
            assert_eq!(errors, Vec::<String>::new());
        };
        let all: Vec<Report> = samples::all().into_iter().map(|(_, report)| report).collect();
        all.iter().for_each(|report| check(Document::One(report)));
        check(Document::Several(&all));
        check(Document::Several(&[]));
    }

    #[test]
    fn the_schema_refuses_what_is_no_report() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let good = value(&samples::seed());
        assert!(validator.is_valid(&good));
        let broken: &[fn(&mut Value)] = &[
            |r| r["level"] = 4.into(),
            |r| r["version"] = 2.into(),
            |r| r["cap"]["state"] = "perhaps".into(),
            |r| r["targets"][0]["kind"] = "floppy".into(),
            |r| drop(r["targets"][0]["requirements"].as_array_mut().unwrap().pop()),
            |r| drop(r.as_object_mut().unwrap().remove("cap")),
            |r| drop(r.as_object_mut().unwrap().remove("revision")),
        ];
        for (at, break_it) in broken.iter().enumerate() {
            let mut report = good.clone();
            break_it(&mut report);
            assert!(!validator.is_valid(&report), "change {at} is accepted");
        }
    }

    #[test]
    fn keys_stand_in_the_order_of_the_contract() {
        let report = value(&samples::many());
        assert_eq!(
            keys(&report),
            [
                "version",
                "tool",
                "root",
                "revision",
                "level",
                "declared_level",
                "cap",
                "targets",
                "plan",
                "claims",
                "notes",
                "declarations",
                "accepted",
                "excluded",
                "gate",
                "unassessed",
                "errors"
            ]
        );
        assert_eq!(keys(&report["tool"]), ["name", "version", "spec"]);
        assert_eq!(keys(&report["cap"]), ["requirement", "state", "target", "reason", "location", "snippet"]);
        assert_eq!(keys(&report["cap"]["location"]), ["path", "line", "column", "end_line", "end_column"]);
        let target = &report["targets"][0];
        assert_eq!(
            keys(target),
            [
                "id",
                "kind",
                "name",
                "locations",
                "pipeline",
                "platform",
                "event",
                "build_jobs",
                "publish_job",
                "provenance_job",
                "level",
                "declared_level",
                "reach",
                "cap",
                "requirements",
                "chain"
            ]
        );
        let requirement = &target["requirements"][0];
        assert_eq!(keys(requirement), ["id", "level", "state", "reason", "evidence", "to_show"]);
        assert_eq!(
            keys(&requirement["evidence"][0]),
            ["path", "line", "column", "end_line", "end_column", "note", "rule", "grade"]
        );
        assert_eq!(
            keys(&report["plan"][0]),
            ["step", "requirement", "targets", "title", "detail", "level_after", "locations", "fixable"]
        );
        assert_eq!(
            keys(&report["claims"][0]),
            ["path", "line", "column", "end_line", "end_column", "level", "overclaim", "text"]
        );
        assert_eq!(keys(&report["notes"][0]), ["rule", "severity", "message", "location"]);
        assert_eq!(keys(&report["errors"][0]), ["path", "line", "column", "message"]);
        assert_eq!(keys(&report["unassessed"][0])[..3], ["path", "platform", "reason"]);
    }

    #[test]
    fn absent_values_are_null() {
        let report = value(&samples::empty());
        assert_eq!(report["revision"], Value::Null);
        assert_eq!(report["cap"]["target"], Value::Null);
        assert_eq!(report["cap"]["location"], Value::Null);
        assert_eq!(value(&samples::hardened())["cap"], Value::Null);
        let notes = value(&samples::many());
        assert!(notes["notes"].as_array().unwrap().iter().any(|note| note["location"].is_null()));
    }

    #[test]
    fn one_checkout_is_an_object_and_several_are_an_array() {
        let report = samples::seed();
        assert!(json(Document::One(&report)).unwrap().starts_with("{\n"));
        assert!(json(Document::Several(&[report])).unwrap().starts_with("[\n"));
    }

    #[test]
    fn hostile_strings_are_harmless_and_read_back_unchanged() {
        let report = samples::hostile();
        let text = json(Document::One(&report)).unwrap();
        assert!(!text.chars().any(|c| c != '\n' && sanitize::is_deceptive(c)), "{text:?}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), serde_json::to_value(&report).unwrap());
    }

    #[test]
    fn each_checkout_is_one_line() {
        let all: Vec<Report> = samples::all().into_iter().map(|(_, report)| report).collect();
        let text = jsonl(&all).unwrap();
        assert_eq!(text.lines().count(), all.len());
        assert!(text.ends_with('\n') && !text.chars().any(|c| c != '\n' && sanitize::is_deceptive(c)));
        for (line, report) in text.lines().zip(&all) {
            assert_eq!(serde_json::from_str::<Value>(line).unwrap(), value(report));
        }
        assert_eq!(jsonl(&[]).unwrap(), "");
    }

    #[test]
    fn snapshots() {
        for (name, report) in [("seed", samples::seed()), ("hostile", samples::hostile())] {
            insta::assert_snapshot!(name, json(Document::One(&report)).unwrap());
        }
        insta::assert_snapshot!("lines", jsonl(&[samples::seed(), samples::smuggler()]).unwrap());
    }
}
