//! The trust boundary as a Mermaid diagram.

use crate::model::State;
use crate::report::TargetReport;
use crate::report::boundary::{Control, Node, Picture, Side, picture};
use crate::report::sanitize::mermaid;

/// Longer names are cut in the middle: a box as wide as a screen shows nothing.
const NAME: usize = 48;

/// The diagram in its fence.
pub(super) fn diagram(target: &TargetReport) -> String {
    let picture = picture(target);
    let mut text = String::from("```mermaid\nflowchart TB\n");
    lane(&mut text, &picture, Side::Repository, "repository", "Repository");
    text.push_str("  subgraph platform[\"Build platform\"]\n");
    lane(&mut text, &picture, Side::Build, "reach", "The pipeline's own jobs");
    lane(&mut text, &picture, Side::Control, "control", "Out of their reach");
    text.push_str("  end\n");
    lane(&mut text, &picture, Side::Outside, "consumers", "Consumers");
    for edge in &picture.edges {
        let arrow = if edge.bad { "-.->" } else { "-->" };
        text.push_str(&format!("  {} {arrow}|\"{}\"| {}\n", edge.from.id(), edge.what, edge.to.id()));
    }
    // Fill and border together are seen in the light and in the dark theme; words say the same without colour.
    text.push_str("  classDef cap stroke:#cf222e,stroke-width:4px\n");
    text.push_str("  classDef missing stroke-dasharray:6 4\n```\n");
    text
}

fn lane(text: &mut String, picture: &Picture, side: Side, id: &str, title: &str) {
    let nodes: Vec<&Node> = picture.nodes.iter().filter(|node| node.side == side).collect();
    if nodes.is_empty() {
        return;
    }
    text.push_str(&format!("  subgraph {id}[\"{}\"]\n", mermaid(title)));
    for node in nodes {
        let class = match (node.controls.iter().any(|control| control.cap), node.missing) {
            (true, _) => ":::cap",
            (false, true) => ":::missing",
            (false, false) => "",
        };
        text.push_str(&format!("    {}[\"{}\"]{class}\n", node.part.id(), label(node)));
    }
    text.push_str("  end\n");
}

fn label(node: &Node) -> String {
    let mut lines = vec![format!("<b>{}</b>", mermaid(node.title))];
    lines.extend(node.facts.iter().map(|fact| mermaid(&shorten(fact))));
    lines.extend(node.controls.iter().map(control));
    lines.join("<br/>")
}

fn control(control: &Control) -> String {
    let sign = match control.state {
        State::Met => "✓",
        State::Failed => "✗",
        State::Unshown => "?",
        State::NotApplicable => "–",
    };
    let cap = if control.cap { " ← the cap" } else { "" };
    format!("{sign} {}{cap}", mermaid(control.id.id()))
}

fn shorten(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= NAME {
        return name.to_owned();
    }
    let head: String = letters.iter().take(NAME / 2 - 1).collect();
    let tail: String = letters.iter().skip(letters.len() - NAME / 2).collect();
    format!("{head}…{tail}")
}
