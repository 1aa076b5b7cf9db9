//! Scripts that a shell takes into itself: what they define stays (`source ci/lib.sh; publish_all`).

use std::rc::Rc;
use std::sync::Arc;

use super::interpret::{Frame, Interpreter, Shell};
use super::jumps::Leave;
use super::paths;
use super::scripts::position;
use super::status::Status;
use crate::catalogue::{Catalogue, Topic};
use crate::model::{Hop, Location, Span, Text};
use crate::syntax::lines::Starts;
use crate::syntax::shell::{Masked, Simple};

/// A file that a shell took into itself.
pub(super) struct Sourced {
    path: Arc<str>,
    /// Its path as the script names it.
    pub(super) typed: Text,
    text: Arc<str>,
    lines: Starts,
    masked: Masked,
}

impl Sourced {
    /// The place of a stretch of its masked text.
    pub(super) fn locate(&self, from: usize, to: usize) -> Location {
        let place = |offset| position((&self.text, &self.lines), self.masked.original(offset), 1);
        Location::new(&self.path, Span { start: place(from), end: place(to) })
    }

    /// Whether it names publishing at all, as far as its words say.
    pub(super) fn speaks(&self) -> bool {
        let names = &Catalogue::get().names;
        names.of(Topic::Publishing).words.iter().any(|word| self.text.contains(word.as_str()))
    }
}

impl Interpreter<'_> {
    /// Runs a script of the checkout in this shell; `None` when it is not here, or none of a shell like this.
    pub(super) fn source(&mut self, arguments: &[Text], simple: &Simple) -> Option<Status> {
        let (file, own) = arguments.split_first()?;
        if file.as_str().to_ascii_lowercase().ends_with(".ps1") {
            return None;
        }
        let (path, text) = (self.context.sourced)(&paths::join(&self.folder, file))?;
        // A file that takes itself along has been seen.
        if !self.sources.contains(&path) && self.enter() {
            self.charge(text.len());
            let masked = Masked::of(&Text::new(&*text));
            let script = self.context.parsed.read(&masked.text, Shell::Posix);
            self.chain.push(Hop { what: format!("runs {path}"), location: self.locate(simple.offset, simple.end) });
            self.sources.push(Arc::clone(&path));
            self.found.sources.push(Arc::clone(&path));
            let holes = masked.holes.clone();
            let lines = Starts::of(&text);
            let file = Sourced { path, typed: file.clone(), text, lines, masked };
            let frame = Rc::new(Frame { holes, origin: None, file: Some(file) });
            let frame = std::mem::replace(&mut self.frame, frame);
            let positional = (!own.is_empty()).then(|| std::mem::replace(&mut self.positional, own.to_vec()));
            self.catching(Leave::is_return, |this| this.script(&script));
            if let Some(positional) = positional {
                self.positional = positional;
            }
            self.frame = frame;
            self.sources.pop();
            self.chain.pop();
            self.calls -= 1;
        }
        Some(self.success())
    }
}
