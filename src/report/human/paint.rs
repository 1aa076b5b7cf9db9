//! What a piece of text is, and the colour that goes with it.

use owo_colors::{OwoColorize, Style};

use crate::model::State;

/// What a piece of text is to the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Running text.
    Plain,
    /// A heading, or what the eye shall find first.
    Strong,
    /// What may be skipped.
    Faint,
    /// A place in a file.
    Place,
    /// The frame of a source snippet.
    Gutter,
    /// A level, or what has to do with it.
    Level(u8),
    /// The state of a requirement.
    State(State),
}

impl Role {
    fn style(self) -> Style {
        let style = Style::new();
        match self {
            Role::Plain => style,
            Role::Strong => style.bold(),
            Role::Faint => style.dimmed(),
            Role::Place => style.cyan(),
            Role::Gutter => style.blue().bold(),
            Role::Level(0) => style.red().bold(),
            Role::Level(1 | 2) => style.yellow().bold(),
            Role::Level(_) => style.green().bold(),
            Role::State(State::Failed) => style.red(),
            Role::State(State::Unshown) => style.yellow(),
            Role::State(State::Met) => style.green(),
            Role::State(State::NotApplicable) => style.dimmed(),
        }
    }

    /// Appends `text`, which is sanitised, in this role's colour or without any.
    pub(super) fn write(self, to: &mut String, text: &str, color: bool) {
        if color && self != Role::Plain && !text.trim().is_empty() {
            to.push_str(&text.style(self.style()).to_string());
        } else {
            to.push_str(text);
        }
    }
}
