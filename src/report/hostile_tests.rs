//! Every format, rendered from checkouts whose authors write names for whatever reads the report.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::*;

/// The hostile samples in every format.
fn everything() -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    for report in [samples::hostile(), samples::smuggler()] {
        let reports = std::slice::from_ref(&report);
        let layout = Human { width: 80, color: false, detail: Detail::Verbose, notes: true };
        all.extend([
            ("human", human(&report, layout)),
            ("json", json(Document::One(&report)).unwrap()),
            ("jsonl", jsonl(reports).unwrap()),
            ("sarif", sarif(reports).unwrap()),
            ("github", github(reports)),
            ("gitlab", gitlab(reports).unwrap()),
            ("markdown", markdown(reports)),
            ("html", html(reports)),
        ]);
    }
    all
}

#[test]
fn nothing_commands_a_terminal_or_hides_itself() {
    for (format, text) in everything() {
        assert!(!text.chars().any(|c| c != '\n' && sanitize::is_deceptive(c)), "{format}: {text:?}");
    }
}

#[test]
fn nothing_commands_the_runner_whose_log_shows_it() {
    let ours = ["::error file=", "::warning file=", "::notice file="];
    for (format, text) in everything() {
        assert!(!text.contains("##["), "{format} has a command in brackets");
        for line in text.lines().filter(|line| line.trim_start().starts_with("::")) {
            assert!(format == "github" && ours.iter().any(|start| line.starts_with(start)), "{format}: {line}");
            // The first `::` behind the command ends its properties, so the names in them have none.
            let (_, properties) = line.trim_start_matches(':').split_once(' ').unwrap();
            let title = properties.split_once("::").unwrap().0.rsplit_once("title=").unwrap().1;
            let known = [
                "Could not be read",
                "SLSA Build level 0%3A",
                "Hardening%3A",
                "Recognised%2C",
                "Claims more",
                "Gate of the team",
                "Said by the team%3A",
                "Accepted until 2027",
            ];
            assert!(known.iter().any(|start| title.starts_with(start)), "{line}");
        }
    }
}

#[test]
fn no_name_makes_a_line_of_its_own() {
    // Both samples have a line break in front of these.
    for (format, text) in everything().into_iter().filter(|(format, _)| *format != "json") {
        for line in text.lines() {
            let line = line.trim_start_matches([' ', '#', '>', '-', '|']);
            assert!(!line.starts_with("SLSA Build level 3"), "{format} claims another level");
            assert!(!line.starts_with("::error file=a,"), "{format}: {line}");
        }
    }
}

#[test]
fn no_name_is_a_tag_in_html() {
    for (_, text) in everything().into_iter().filter(|(format, _)| *format == "html") {
        for tag in ["<script", "<img", "</code></pre>", "onerror='"] {
            assert!(!text.contains(tag), "{tag}");
        }
    }
}

#[test]
fn no_name_is_markup_in_markdown() {
    let known = ["<code>", "</code>", "<!-- -->", "<details>", "</details>", "<summary>", "</summary>"];
    for (_, text) in everything().into_iter().filter(|(format, _)| *format == "markdown") {
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
        let mut heading = None;
        for event in Parser::new_ext(&text, options) {
            match event {
                Event::Html(html) | Event::InlineHtml(html) => {
                    for tag in html.split('<').skip(1).map(|tag| format!("<{}>", tag.split('>').next().unwrap())) {
                        assert!(known.contains(&tag.as_str()), "{tag} in {html}");
                    }
                }
                Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::Emphasis | Tag::BlockQuote(_)) => {
                    panic!("{event:?} is none of ours")
                }
                Event::Start(Tag::CodeBlock(kind)) => {
                    let CodeBlockKind::Fenced(language) = kind else { panic!("an indented block is none of ours") };
                    assert!(["text", "mermaid"].contains(&&*language), "{language}");
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let heading = heading.take().unwrap();
                    let ours = [
                        "SLSA Build level 0",
                        "Could not",
                        "Recogn",
                        "Claims",
                        "Targets",
                        "Trust",
                        "To reach",
                        "Declared",
                        "Accepted by",
                        "Excluded by",
                        "Asked for",
                    ];
                    assert!(ours.iter().any(|start| heading.starts_with(start)), "{heading}");
                }
                Event::Text(words) if heading.is_some() => heading.as_mut().unwrap().push_str(&words),
                // A forge looks for these in the text of the finished page.
                Event::Text(words) => {
                    for reference in ["@everyone", "#1 ", "://evil"] {
                        assert!(!words.contains(reference) || in_block(&words), "{words}");
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether the text is the source line in its block of code, or the diagram.
fn in_block(words: &str) -> bool {
    words.contains(" | ") || words.contains("flowchart")
}
