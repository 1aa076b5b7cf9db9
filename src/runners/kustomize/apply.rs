//! The changes that a customisation makes to objects.

use regex::RegexBuilder;

use super::Object;
use super::charts::{Bears, bears, merge_bears};
use crate::model::Location;
use crate::syntax::conf::{Data, Entry, Value};

/// Most bytes of a compiled pattern of a target.
const PATTERN: usize = 64 * 1024;
/// Values within values that are merged.
const DEEPEST: usize = 40;

/// Lists of Kubernetes' own kinds that are merged by a key; any other list is replaced as a whole.
const KEYED: &[(&str, &str)] = &[
    ("containers", "name"),
    ("initContainers", "name"),
    ("ephemeralContainers", "name"),
    ("volumes", "name"),
    ("env", "name"),
    ("volumeMounts", "mountPath"),
    ("imagePullSecrets", "name"),
];

/// A change, and the objects that it is meant for.
pub(super) struct Change {
    target: Option<Target>,
    what: What,
}

enum What {
    /// The object is merged with this one.
    Merge(Value),
    /// Operations on paths.
    Operations(Vec<Value>),
    /// The image of this name is another one.
    Image { name: String, with: Value },
    /// Names get this in front or behind.
    Affix { front: bool, text: String, at: Location },
    /// What happens is not followed.
    Hidden(Location),
}

/// Which objects a patch is for. Names and kinds of a `target` are patterns, those of the patch itself are not.
struct Target {
    group: Option<String>,
    kind: Option<String>,
    name: Option<String>,
    pattern: bool,
    /// A selector by labels or annotations.
    selector: Option<String>,
}

impl Change {
    /// The change of a patch: operations, or an object to merge with.
    pub(super) fn of(patch: Value, target: Option<&Value>) -> Vec<Self> {
        if patch.is_null() {
            return Vec::new();
        }
        let named = target.map(Target::of);
        match &patch.data {
            Data::List(items) => vec![Self { target: named, what: What::Operations(items.clone()) }],
            Data::Map(_) if patch.get("op").is_some() => {
                vec![Self { target: named, what: What::Operations(vec![patch]) }]
            }
            Data::Map(_) => {
                vec![Self { target: named.or_else(|| Some(Target::own(&patch))), what: What::Merge(patch) }]
            }
            _ => vec![Self { target: named, what: What::Hidden(patch.at) }],
        }
    }

    /// A change that is not followed.
    pub(super) fn hidden(at: Location, target: Option<&Value>) -> Self {
        Self { target: target.map(Target::of), what: What::Hidden(at) }
    }

    /// An entry of `images`.
    pub(super) fn image(entry: &Value) -> Option<Self> {
        let name = entry.get("name")?.text()?.to_owned();
        Some(Self { target: None, what: What::Image { name, with: entry.clone() } })
    }

    /// `namePrefix` and `nameSuffix`.
    pub(super) fn name(front: bool, value: &Value) -> Option<Self> {
        let text = value.text()?.to_owned();
        Some(Self { target: None, what: What::Affix { front, text, at: value.at.clone() } })
    }

    /// Makes the change, if it is meant for the object.
    pub(super) fn make(&self, object: &mut Object) {
        if object.chart.is_some() {
            return self.make_chart(object);
        }
        match self.target.as_ref().map_or(Some(true), |t| t.takes(object)) {
            Some(true) => {}
            Some(false) => return,
            None => object.hidden = object.hidden.take().or_else(|| Some(self.place())),
        }
        match &self.what {
            What::Merge(patch) if directive(patch) == Some("delete") => object.gone = true,
            What::Merge(patch) => {
                let native = matches!(object.group(), "" | "apps" | "batch" | "extensions");
                merge(&mut object.value, patch, native, 0);
            }
            What::Operations(operations) => {
                for operation in operations {
                    if operate(&mut object.value, operation).is_none() {
                        object.hidden = object.hidden.take().or_else(|| Some(operation.at.clone()));
                    }
                }
            }
            What::Image { name, with } => images(&mut object.value, name, with, 0),
            What::Affix { front, text, at } => affix(object, *front, text, at),
            What::Hidden(at) => object.hidden = object.hidden.take().or_else(|| Some(at.clone())),
        }
    }

    /// The change to what comes out of a chart.
    fn make_chart(&self, object: &mut Object) {
        let Some(head) = object.chart.as_ref().map(|chart| chart.head(object)) else { return };
        if self.target.as_ref().map_or(Some(true), |t| t.takes(&head)) == Some(false) {
            return;
        }
        match (&self.what, &mut object.chart) {
            (What::Image { name, with }, _) => images(&mut object.value, name, with, 0),
            (What::Affix { front, text, .. }, Some(chart)) => chart.affix(*front, text),
            (What::Merge(patch), Some(chart)) => chart.patches.push(patch.clone()),
            (What::Operations(operations), Some(chart)) => {
                chart.patches.extend(operations.iter().filter_map(|operation| written_out(&head.value, operation)));
            }
            _ => {}
        }
        let bearing = match &self.what {
            What::Image { .. } | What::Affix { .. } => Bears::Nothing,
            What::Merge(patch) => merge_bears(patch),
            What::Operations(operations) => operations.iter().map(operation_bears).max().unwrap_or(Bears::Nothing),
            What::Hidden(_) => Bears::Everything,
        };
        match bearing {
            Bears::Nothing => {}
            Bears::Isolation => object.blurred = object.blurred.take().or_else(|| Some(self.place())),
            Bears::Everything => object.hidden = object.hidden.take().or_else(|| Some(self.place())),
        }
    }

    fn place(&self) -> Location {
        match &self.what {
            What::Merge(value) | What::Image { with: value, .. } => value.at.clone(),
            What::Operations(operations) => operations.first().map(|o| o.at.clone()).unwrap_or_else(nowhere),
            What::Affix { at, .. } | What::Hidden(at) => at.clone(),
        }
    }
}

fn nowhere() -> Location {
    Location::start_of(&std::sync::Arc::from("kustomization.yaml"))
}

impl Object {
    fn word(&self, keys: &[&str]) -> Option<&str> {
        self.value.path(keys).and_then(Value::text)
    }

    fn group(&self) -> &str {
        self.word(&["apiVersion"]).and_then(|v| v.split_once('/')).map_or("", |(group, _)| group)
    }
}

impl Target {
    fn of(value: &Value) -> Self {
        let word = |key: &str| value.get(key).and_then(Value::shown).map(str::to_owned);
        let selector = ["labelSelector", "annotationSelector"].iter().find_map(|k| word(k));
        Self { group: word("group"), kind: word("kind"), name: word("name"), pattern: true, selector }
    }

    /// A patch without a target names its object itself.
    fn own(patch: &Value) -> Self {
        let version = patch.get("apiVersion").and_then(Value::text).unwrap_or_default();
        Self {
            group: Some(version.split_once('/').map_or("", |(group, _)| group).to_owned()),
            kind: patch.get("kind").and_then(Value::text).map(str::to_owned),
            name: patch.path(&["metadata", "name"]).and_then(Value::text).map(str::to_owned),
            pattern: false,
            selector: None,
        }
    }

    /// Whether an object is meant; `None` when that cannot be told.
    fn takes(&self, object: &Object) -> Option<bool> {
        let group = self.group.as_deref().is_none_or(|g| g == object.group());
        let kind = object.word(&["kind"]).unwrap_or_default();
        let name = object.word(&["metadata", "name"]).unwrap_or_default();
        // A patch may use the name that the object had before prefixes.
        let names = std::iter::once(name).chain(object.names.iter().map(String::as_str));
        let (mut same, mut known) = (false, true);
        for name in names {
            match self.matches(self.name.as_deref(), name) {
                Some(fits) => same |= fits,
                None => known = false,
            }
        }
        match self.matches(self.kind.as_deref(), kind) {
            Some(fits) if !fits || !group => return Some(false),
            Some(_) => {}
            None => known = false,
        }
        if !same && known {
            return Some(false);
        }
        (known && self.selector.is_none()).then_some(true)
    }

    fn matches(&self, wanted: Option<&str>, got: &str) -> Option<bool> {
        let Some(wanted) = wanted.filter(|w| !w.is_empty()) else { return Some(true) };
        if !self.pattern || wanted == got {
            return Some(wanted == got);
        }
        let pattern = RegexBuilder::new(&format!("^(?:{wanted})$")).size_limit(PATTERN).build().ok()?;
        Some(pattern.is_match(got))
    }
}

/// Merges a patch into a value: maps key by key, `null` removes, and lists as the kind knows them.
fn merge(value: &mut Value, patch: &Value, native: bool, depth: usize) {
    let Data::Map(changes) = &patch.data else {
        *value = patch.clone();
        return;
    };
    if !value.is_map() || depth > DEEPEST || directive(patch) == Some("replace") {
        *value = without_directives(patch, 0);
        return;
    }
    let Data::Map(entries) = &mut value.data else { return };
    for change in changes.iter().filter(|c| !c.key.starts_with('$')) {
        if change.value.is_null() || directive(&change.value) == Some("delete") {
            entries.retain(|e| e.key != change.key);
            continue;
        }
        let Some(entry) = entries.iter_mut().find(|e| e.key == change.key) else {
            entries.push(Entry { value: without_directives(&change.value, 0), ..change.clone() });
            continue;
        };
        let keyed = KEYED.iter().find(|(list, _)| *list == change.key).filter(|_| native);
        match (keyed, &mut entry.value.data, &change.value.data) {
            (Some((_, key)), Data::List(items), Data::List(patches)) => {
                merge_lists(items, patches, key, depth + 1);
            }
            (_, Data::Map(_), Data::Map(_)) => merge(&mut entry.value, &change.value, native, depth + 1),
            // What a patch repeats to name its object is still the object's own.
            (_, own, repeated) if own == repeated => {}
            _ => {
                entry.at = change.at.clone();
                entry.value = without_directives(&change.value, 0);
            }
        }
    }
}

fn merge_lists(items: &mut Vec<Value>, patches: &[Value], key: &str, depth: usize) {
    if patches.iter().any(|p| directive(p) == Some("replace")) {
        items.clear();
    }
    for patch in patches {
        let id = patch.get(key).and_then(Value::text);
        let same = |item: &Value| id.is_some() && item.get(key).and_then(Value::text) == id;
        if directive(patch) == Some("delete") {
            items.retain(|i| !same(i));
        } else if let Some(item) = items.iter_mut().find(|i| same(i)) {
            merge(item, patch, true, depth);
        } else if patch.entries().iter().any(|e| !e.key.starts_with('$')) || !patch.is_map() {
            items.push(without_directives(patch, 0));
        }
    }
}

fn directive(value: &Value) -> Option<&str> {
    value.get("$patch").and_then(Value::text)
}

fn without_directives(value: &Value, depth: usize) -> Value {
    let mut own = value.clone();
    if depth > DEEPEST {
        return own;
    }
    match &mut own.data {
        Data::Map(entries) => {
            entries.retain(|e| !e.key.starts_with("$patch") && !e.key.starts_with("$setElement"));
            entries.retain(|e| !e.value.is_null());
            entries.iter_mut().for_each(|e| e.value = without_directives(&e.value, depth + 1));
        }
        Data::List(items) => items.iter_mut().for_each(|i| *i = without_directives(i, depth + 1)),
        _ => {}
    }
    own
}

/// One operation of RFC 6902; `None` when it is not followed.
fn operate(value: &mut Value, operation: &Value) -> Option<()> {
    let op = operation.get("op")?.text()?;
    if op == "test" {
        return Some(());
    }
    let path = operation.get("path")?.text()?;
    let mut keys: Vec<String> =
        path.strip_prefix('/')?.split('/').map(|k| k.replace("~1", "/").replace("~0", "~")).collect();
    let last = keys.pop()?;
    let new = operation.get("value");
    let mut here = value;
    for key in keys.iter().take(DEEPEST) {
        here = match &mut here.data {
            Data::Map(entries) => &mut entries.iter_mut().find(|e| e.key == *key)?.value,
            Data::List(items) => items.get_mut(key.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    let at = operation.entry("value").map_or(&operation.at, |e| &e.at).clone();
    match (op, &mut here.data) {
        ("add" | "replace", Data::Map(entries)) => match entries.iter_mut().find(|e| e.key == last) {
            Some(entry) => *entry = Entry { key: last, at, value: new?.clone() },
            None => entries.push(Entry { key: last, at, value: new?.clone() }),
        },
        ("add", Data::List(items)) if last == "-" => items.push(new?.clone()),
        ("add", Data::List(items)) => {
            let index = last.parse::<usize>().ok().filter(|i| *i <= items.len())?;
            items.insert(index, new?.clone());
        }
        ("replace", Data::List(items)) => *items.get_mut(last.parse::<usize>().ok()?)? = new?.clone(),
        ("remove", Data::Map(entries)) => entries.retain(|e| e.key != last),
        ("remove", Data::List(items)) => {
            let index = last.parse::<usize>().ok().filter(|i| *i < items.len())?;
            items.remove(index);
        }
        _ => return None,
    }
    Some(())
}

fn operation_bears(operation: &Value) -> Bears {
    let word = |key: &str| operation.get(key).and_then(Value::text);
    if word("op") == Some("test") {
        return Bears::Nothing;
    }
    match word("path").and_then(|path| path.strip_prefix('/')) {
        Some(path) => bears(&path.split('/').collect::<Vec<_>>()),
        None => Bears::Everything,
    }
}

/// The object that an operation alone would make: what it sets, at its path.
fn written_out(head: &Value, operation: &Value) -> Option<Value> {
    if !matches!(operation.get("op")?.text()?, "add" | "replace") {
        return None;
    }
    let at = operation.entry("value").map_or(&operation.at, |e| &e.at);
    let mut value = operation.get("value")?.clone();
    let keys: Vec<&str> = operation.get("path")?.text()?.strip_prefix('/')?.split('/').take(DEEPEST).collect();
    for key in keys.iter().rev() {
        let data = match key.parse::<usize>().is_ok() || *key == "-" {
            true => Data::List(vec![value]),
            false => {
                let key = key.replace("~1", "/").replace("~0", "~");
                Data::Map(vec![Entry { key, at: at.clone(), value }])
            }
        };
        value = Value::new(at.clone(), operation.bytes.clone(), data);
    }
    let mut object = head.clone();
    merge(&mut object, &value, false, 0);
    Some(object)
}

/// Gives containers with an image of this name another one.
fn images(value: &mut Value, name: &str, with: &Value, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    match &mut value.data {
        Data::List(items) => items.iter_mut().for_each(|i| images(i, name, with, depth + 1)),
        Data::Map(entries) => {
            for entry in entries {
                let shown = entry.value.text().filter(|_| entry.key == "image").map(str::to_owned);
                let Some(image) = shown else {
                    images(&mut entry.value, name, with, depth + 1);
                    continue;
                };
                let (base, rest) = parts(&image);
                if base != name {
                    continue;
                }
                let word = |key: &str| with.get(key).and_then(Value::text);
                let base = word("newName").unwrap_or(base);
                let text = match (word("digest"), word("newTag")) {
                    (Some(digest), _) => format!("{base}@{digest}"),
                    (None, Some(tag)) => format!("{base}:{tag}"),
                    (None, None) => format!("{base}{rest}"),
                };
                entry.value = Value { data: Data::Text { text, exact: true }, ..with.clone() };
            }
        }
        _ => {}
    }
}

/// An image's name, and its tag or digest with the mark in front.
fn parts(image: &str) -> (&str, &str) {
    if let Some(at) = image.find('@') {
        return image.split_at(at);
    }
    match image.rfind(':').filter(|at| !image.get(*at..).unwrap_or_default().contains('/')) {
        Some(at) => image.split_at(at),
        None => (image, ""),
    }
}

fn affix(object: &mut Object, front: bool, text: &str, at: &Location) {
    let Some(name) = object.word(&["metadata", "name"]).map(str::to_owned) else { return };
    let new = if front { format!("{text}{name}") } else { format!("{name}{text}") };
    object.names.push(name);
    let Data::Map(entries) = &mut object.value.data else { return };
    let metadata = entries.iter_mut().find(|e| e.key == "metadata").map(|e| &mut e.value.data);
    let Some(Data::Map(metadata)) = metadata else { return };
    if let Some(entry) = metadata.iter_mut().find(|e| e.key == "name") {
        entry.value = Value { at: at.clone(), data: Data::Text { text: new, exact: true }, ..entry.value.clone() };
    }
}
