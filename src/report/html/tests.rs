use super::html;
use crate::report::{Report, samples};

/// The document without its style sheet, which would drown the snapshots.
fn document(reports: &[Report]) -> String {
    let text = html(reports);
    let (head, rest) = text.split_once("<style>").unwrap();
    let (_, body) = rest.split_once("</style>").unwrap();
    format!("{head}{body}")
}

/// Every start of a tag in the document, with its attributes.
fn tags(text: &str) -> Vec<&str> {
    text.split('<').skip(1).map(|tag| tag.split_once('>').expect("a tag ends").0).collect()
}

#[test]
fn snapshots() {
    for name in ["seed", "empty", "smuggler"] {
        let (_, report) = samples::all().into_iter().find(|(sample, _)| *sample == name).unwrap();
        insta::assert_snapshot!(name, document(&[report]));
    }
    insta::assert_snapshot!("several", document(&[samples::hardened(), samples::foreign()]));
}

#[test]
fn nothing_runs_and_nothing_is_fetched() {
    for (name, report) in samples::all() {
        let text = document(&[report]);
        for tag in tags(&text) {
            let element = tag.split([' ', '\n']).next().unwrap();
            let known = "!doctype /html html head meta title style body main header footer nav article section h1 h2 h3 \
                         h4 p ol ul li dl dt dd div span code pre mark strong a label input table thead tbody tr th td \
                         details summary figure figcaption svg desc rect text path";
            assert!(known.split(' ').any(|k| k == element.trim_start_matches('/') || k == element), "{name}: <{tag}>");
            for attribute in tag.split('"').step_by(2) {
                let attribute = attribute.trim().trim_end_matches('=');
                assert!(
                    !attribute.starts_with("on") && !["src", "style", "srcset"].contains(&attribute),
                    "{name}: <{tag}>"
                );
            }
            if let Some((_, value)) = tag.split_once("href=\"") {
                let ours = value.starts_with('#') || value.starts_with("https://slsa.dev/spec/");
                assert!(ours, "{name}: <{tag}>");
            }
        }
    }
    let style = html(&[]);
    assert!(!style.contains("url(") && !style.contains("@import") && !style.contains("<script"));
}

#[test]
fn what_is_opened_is_closed() {
    let all: Vec<Report> = samples::all().into_iter().map(|(_, report)| report).collect();
    let text = document(&all);
    let mut open: Vec<&str> = Vec::new();
    for tag in tags(&text) {
        let element = tag.split([' ', '\n']).next().unwrap();
        match element.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop(), Some(closed)),
            None if ["meta", "input", "!doctype"].contains(&element) => {}
            None => open.push(element),
        }
    }
    assert!(open.is_empty());
}

#[test]
fn identifiers_are_unique_and_references_lead_somewhere() {
    let all: Vec<Report> = samples::all().into_iter().map(|(_, report)| report).collect();
    for reports in [&all[..], &all[..1]] {
        let text = document(reports);
        let values = |name: &str| -> Vec<String> {
            text.split(&format!(" {name}=\"")).skip(1).map(|v| v.split('"').next().unwrap().to_owned()).collect()
        };
        let ids = values("id");
        let unique: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len());
        for labels in values("aria-labelledby") {
            assert!(labels.split(' ').all(|label| ids.iter().any(|id| id == label)), "{labels}");
        }
        for href in values("href").iter().filter_map(|href| href.strip_prefix('#')) {
            assert!(ids.iter().any(|id| id == href), "{href}");
        }
    }
}

#[test]
fn headings_leave_out_no_rank() {
    let all: Vec<Report> = samples::all().into_iter().map(|(_, report)| report).collect();
    for reports in [&all[..], &all[..1]] {
        let text = document(reports);
        let mut last = 0;
        for tag in tags(&text) {
            let element = tag.split(' ').next().unwrap();
            if let Some(rank) = element.strip_prefix('h').and_then(|rank| rank.parse::<u8>().ok()) {
                assert!(rank <= last + 1, "h{rank} below h{last}");
                last = rank;
            }
        }
    }
}
