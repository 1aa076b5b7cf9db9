//! The images that a job makes, by every name that it gives them.

use super::doer::Act;
use super::facts::Facts;
use super::naming;
use crate::catalogue::{Bytes, Catalogue, Does};
use crate::commands::matching;
use crate::model::{Kind, Text};

/// An image is followed back through this many names.
const MOST_NAMES: usize = 8;

/// The reference of an image, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    text: String,
    /// Without tag and digest.
    name: String,
    tag: String,
    /// Whether something of it is not shown, or nothing is.
    unknown: bool,
    symbol: bool,
}

impl Name {
    pub(super) fn new(text: &str) -> Self {
        let last = text.rsplit('/').next().unwrap_or(text);
        let tag = last.split_once(':').map_or("latest", |(_, tag)| tag);
        Self {
            text: text.to_owned(),
            name: naming::image_name(text),
            tag: tag.to_owned(),
            unknown: text.contains("${{"),
            symbol: Text::new(text).symbol().is_some(),
        }
    }

    /// Whether both are known, and the same: without regard to tags where `any_tag`.
    pub(super) fn is(&self, other: &Name, any_tag: bool) -> bool {
        let same = self.text == other.text || !self.unknown && !other.unknown && self.tag == other.tag;
        !self.name.is_empty() && self.name == other.name && (any_tag || same)
    }

    /// Whether it names a registry that jobs can share.
    pub(super) fn is_of_registry(&self) -> bool {
        self.text.split('/').next().is_some_and(|host| self.text.contains('/') && host.contains(['.', ':']))
    }

    /// Without tag and digest.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether this one, which is made, may be an image that is asked for. The empty name is that of any.
    pub(super) fn may_be(&self, image: &Name) -> bool {
        if image.text.is_empty() || self.text == image.text {
            return true;
        }
        if self.name != image.name {
            return image.unknown && (self.unknown || image.symbol);
        }
        let open = |name: &Name| name.unknown || name.text.contains('@');
        open(self) || open(image) || self.tag == image.tag
    }
}

/// What a job makes, loads and renames.
#[derive(Debug)]
pub(super) struct OwnImages {
    built: Vec<Name>,
    /// Whether it makes one under a name that is not told.
    untold: bool,
    /// Whether it puts some into the engine, whatever they are.
    loads: bool,
    /// Names, and those that the same image gets.
    renamed: Vec<(Name, Name)>,
}

impl OwnImages {
    pub(super) fn of_job(own: &Facts<'_>) -> Self {
        let catalogue = Catalogue::get();
        let mut made = Self { built: Vec::new(), untold: false, loads: false, renamed: Vec::new() };
        for doer in own.doers.iter().flatten() {
            for sink in doer.among(&catalogue.index.sinks, &catalogue.sinks) {
                let hit = || doer.is(&sink.actions, &sink.commands);
                let Some(hit) = (sink.kind == Kind::Image && sink.bytes == Bytes::Built).then(hit).flatten() else {
                    continue;
                };
                let names = doer.first(&sink.name, hit, &sink.value_flags);
                let before = made.built.len();
                made.built.extend(names.iter().flat_map(|n| n.value.items(&[',', ' '])).map(|n| Name::new(n.as_str())));
                made.untold |= made.built.len() == before;
            }
            let Act::Command(_, _, words) = doer.act else { continue };
            made.untold |= matching::does(Does::Images, words);
            made.loads |= matching::does(Does::Load, words);
            if matching::does(Does::Image, words) {
                let last = |word: &Text| Name::new(word.as_str().rsplit('=').next().unwrap_or_default());
                made.built.extend(words.iter().map(last));
            }
            if let Some((from, to)) = renamed(words) {
                let pair = (Name::new(from.as_str()), Name::new(to.as_str()));
                // A long list of the same says nothing more.
                if !made.renamed.contains(&pair) {
                    made.renamed.push(pair);
                }
            }
        }
        made
    }

    /// The names of the images that it makes and of what it renames.
    pub(super) fn made(&self) -> impl Iterator<Item = &Name> {
        self.built.iter().chain(self.renamed.iter().map(|(_, to)| to))
    }

    /// Whether it makes an image of this name, or one of a name that is not told, as what it puts into the engine may have
    /// (`loads`).
    pub(super) fn has(&self, image: &str, loads: bool) -> bool {
        if self.untold || loads && self.loads {
            return true;
        }
        let asked = Name::new(image);
        let mut names = vec![&asked];
        let mut at = 0;
        while let Some(name) = names.get(at).copied() {
            if self.built.iter().any(|built| built.may_be(name)) {
                return true;
            }
            for (from, _) in self.renamed.iter().filter(|(_, to)| to.may_be(name)) {
                if names.len() < MOST_NAMES && !names.contains(&from) {
                    names.push(from);
                }
            }
            at += 1;
        }
        false
    }
}

/// The two names of an image of which a command gives it the second one.
pub(super) fn renamed(words: &[Text]) -> Option<(&Text, &Text)> {
    let after = matching::matches("docker|podman|nerdctl|buildah tag", words)
        .or_else(|| matching::matches("docker|podman|nerdctl image tag", words))?;
    let mut named = words.iter().skip(after).filter(|w| !w.as_str().starts_with('-'));
    let pair = (named.next()?, named.next()?);
    named.next().is_none().then_some(pair)
}
