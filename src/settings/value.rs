//! Values that are checked while they are read.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::file::Exclude;
use super::{MAX_ENTRIES, MAX_TEXT};
use crate::model::Kind;

/// A text that says something, on one line.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if text.trim().is_empty() {
        return Err(de::Error::custom("this is empty"));
    }
    if text.chars().count() > MAX_TEXT {
        return Err(de::Error::custom(format!("this has more than {MAX_TEXT} characters")));
    }
    // A block scalar ends in a line end, and a folded one may hold some.
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// As [`text`], for a key that may be absent.
pub(super) fn some_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    text(from).map(Some)
}

/// A day.
pub(super) fn date<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = || de::Error::custom(format!("`{text}` is no day; write it as in 2027-01-31"));
    // The library reads times and zones as well.
    if text.len() != "2027-01-31".len() {
        return Err(wrong());
    }
    text.parse().map_err(|_| wrong())
}

/// A level of the Build track.
pub(super) fn level<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    let level = u64::deserialize(from)?;
    u8::try_from(level)
        .ok()
        .filter(|level| *level <= 3)
        .ok_or_else(|| de::Error::custom(format!("{level} is no level of the Build track: they are 0, 1, 2 and 3")))
}

/// As [`level`], for a key that may be absent.
pub(super) fn some_level<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u8>, D::Error> {
    level(from).map(Some)
}

/// `kind:name` of a target.
pub(super) fn target<'de, D: Deserializer<'de>>(from: D) -> Result<(Kind, String), D::Error> {
    let text = text(from)?;
    let wrong =
        || de::Error::custom(format!("`{text}` names no target; write kind:name, as in image:ghcr.io/acme/app"));
    let (kind, name) = text.split_once(':').ok_or_else(wrong)?;
    if name.trim().is_empty() {
        return Err(wrong());
    }
    // The error of serde names the kinds that there are.
    let kind = Kind::deserialize(de::value::StrDeserializer::<D::Error>::new(kind))?;
    Ok((kind, name.trim().to_owned()))
}

/// A list of no more entries than are looked at.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    struct List<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(next) = from.next_element()? {
                if all.len() == MAX_ENTRIES {
                    return Err(de::Error::custom(format!("this list has more than {MAX_ENTRIES} entries")));
                }
                all.push(next);
            }
            Ok(all)
        }
    }
    from.deserialize_seq(List(std::marker::PhantomData))
}

/// `owner/name` of other repositories, in lower case, and a path for each.
pub(super) fn repositories<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    let all = BTreeMap::<String, String>::deserialize(from)?;
    if all.len() > MAX_ENTRIES {
        return Err(de::Error::custom(format!("this has more than {MAX_ENTRIES} entries")));
    }
    let mut known = BTreeMap::new();
    for (name, path) in all {
        let parts: Vec<&str> = name.split('/').collect();
        if parts.len() < 2 || parts.iter().any(|part| part.trim().is_empty()) {
            return Err(de::Error::custom(format!("`{name}` names no repository; write owner/name")));
        }
        known.insert(name.to_lowercase(), path);
    }
    Ok(known)
}

/// A pattern alone, or with the reason why.
impl<'de> Deserialize<'de> for Exclude {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Exclude;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a pattern, or a mapping with `path` and `reason`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Exclude, E> {
                let path = Deserialize::deserialize(de::value::StrDeserializer::<E>::new(text))?;
                Ok(Exclude { path, reason: None, location: super::somewhere() })
            }

            fn visit_map<A: MapAccess<'de>>(self, from: A) -> Result<Exclude, A::Error> {
                let with = super::file::ExcludeWith::deserialize(de::value::MapAccessDeserializer::new(from))?;
                Ok(Exclude { path: with.path, reason: with.reason, location: super::somewhere() })
            }
        }
        from.deserialize_any(Either)
    }
}
