//! Kustomize: what is applied is the base with the patches of every overlay above it, not the file as it lies there.
//!
//! A customisation that no other one includes is applied; those below it are parts of it. The objects of a file that it
//! reaches are read after its patches, image settings and prefixes, and every place still names the file that decided.
//! What a customisation changes in ways that are not followed takes away what was met.
//! Source: <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>,
//! <https://datatracker.ietf.org/doc/html/rfc6902>

mod apply;
mod charts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::recognise::{is_incidental, refuse};
use super::{File, each_location, read_named, tree};
use crate::checkout::Checkout;
use crate::model::{Evidence, Location, RunnerPool, Tri};
use crate::syntax::conf::{Value, yaml};

use apply::Change;
use charts::Chart;

/// Names of the file that makes a folder a customisation.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// Customisations within each other.
const DEEPEST: usize = 12;
/// Customisations of a checkout, and objects of one, that are read.
const MOST: usize = 2_000;

/// A customisation of the checkout.
struct Custom {
    /// Its file.
    path: Arc<str>,
    tree: Value,
    /// Customisations that it takes as resources, bases or components, by folder.
    parts: Vec<String>,
    /// Files with objects.
    files: Vec<Arc<str>>,
}

/// Every customisation, by its folder.
struct Customs<'c> {
    checkout: &'c Checkout,
    by_folder: BTreeMap<String, Custom>,
}

/// Replaces pools of files that customisations reach by those of the objects as they are applied. `spoken` are the files
/// that hold words of runner configuration.
pub(super) fn applied(
    checkout: &Checkout,
    pools: Vec<RunnerPool>,
    spoken: &BTreeSet<Arc<str>>,
    read: &dyn Fn(&File<'_>) -> Vec<RunnerPool>,
) -> Vec<RunnerPool> {
    if !spoken.iter().any(|path| [".yaml", ".yml", ".json", "Kustomization"].iter().any(|end| path.ends_with(end))) {
        return pools;
    }
    let customs = Customs::read(checkout);
    if customs.by_folder.is_empty() {
        return pools;
    }
    let included: BTreeSet<&String> = customs.by_folder.values().flat_map(|c| &c.parts).collect();
    let with_pools: BTreeSet<Arc<str>> = pools.iter().map(|p| Arc::clone(&p.location.path)).collect();
    let mut reached: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut patches: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut found: Vec<RunnerPool> = Vec::new();
    for folder in customs.by_folder.keys().filter(|f| !included.contains(f)) {
        let whole = customs.speaks(folder, spoken, 0);
        let mut build = Build {
            customs: &customs,
            objects: Vec::new(),
            patches: &mut patches,
            values: &mut reached,
            wanted: (!whole).then_some(&with_pools),
        };
        build.folder(folder, 0);
        let objects = build.objects;
        for object in objects.iter().filter(|o| o.chart.is_some() || with_pools.contains(&o.path)) {
            reached.insert(Arc::clone(&object.path));
        }
        for object in objects.iter().filter(|o| !o.gone) {
            let text = tree::write(&object.value);
            let file = File::new(&object.path, &text.text, checkout);
            let mut made = match &object.chart {
                Some(chart) => chart.pools(&file, read),
                None => read(&file),
            };
            for pool in &mut made {
                // What the object's own file says about its folder holds for it still.
                each_location(pool, &mut |at| {
                    if at.path == object.path {
                        *at = text.place(at.line, at.column, &object.value.at);
                    }
                });
                if let Some(chart) = &object.chart {
                    chart.patched(pool, checkout, read);
                }
                hide(pool, object);
            }
            found.extend(made);
        }
    }
    let mut all: Vec<RunnerPool> = pools;
    all.retain(|p| !reached.contains(&p.location.path) && !patches.contains(&p.location.path));
    for pool in found {
        if !all.contains(&pool) {
            all.push(pool);
        }
    }
    all
}

/// What is met in an object that is changed in a way that is not followed is not shown after all.
fn hide(pool: &mut RunnerPool, object: &Object) {
    let note = "a customisation changes the object in a way that is not followed";
    let isolated = object.hidden.as_ref().or(object.blurred.as_ref());
    for (axis, place) in [(&mut pool.ephemeral, object.hidden.as_ref()), (&mut pool.isolated, isolated)] {
        if let Some(place) = place
            && matches!(axis, Tri::Met(_))
        {
            let evidence = Evidence::observed(place, pool.shape, note);
            *axis = Tri::Unshown(evidence, "patches that are written out for this object".to_owned());
        }
    }
}

impl<'c> Customs<'c> {
    fn read(checkout: &'c Checkout) -> Self {
        let mut by_folder = BTreeMap::new();
        let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        for path in checkout.files().iter().filter(|p| NAMES.contains(&name(p).as_str())).take(MOST) {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            let tree = match checkout.glance(path) {
                Ok(text) => trees_of(checkout, path, &text).and_then(|trees| trees.into_iter().next()),
                Err(error) => {
                    refuse(checkout, path, None, error.to_string());
                    None
                }
            };
            let Some(tree) = tree else { continue };
            let lists = ["resources", "bases", "components"];
            let entries = lists.iter().flat_map(|key| tree.all(key)).filter_map(Value::text);
            let (mut parts, mut files) = (Vec::new(), Vec::new());
            for entry in entries {
                let Some(path) = join(&folder, entry) else { continue };
                if checkout.files().binary_search_by(|f| (**f).cmp(&path)).is_ok() {
                    files.push(Arc::from(path));
                } else {
                    parts.push(path);
                }
            }
            by_folder.insert(folder, Custom { path: Arc::clone(path), tree, parts, files });
        }
        Self { checkout, by_folder }
    }

    /// Whether a customisation, or one below it, has words of runner configuration of its own: in its file or in a patch.
    fn speaks(&self, folder: &str, spoken: &BTreeSet<Arc<str>>, depth: usize) -> bool {
        let Some(custom) = self.by_folder.get(folder).filter(|_| depth < DEEPEST) else { return false };
        let lists = ["patches", "patchesJson6902", "patchesStrategicMerge"];
        let written = lists.iter().flat_map(|key| custom.tree.all(key));
        let mut named = written.filter_map(|e| e.get("path").unwrap_or(e).text()).filter_map(|p| join(folder, p));
        spoken.contains(&custom.path)
            || named.any(|path| spoken.contains(path.as_str()))
            || custom.parts.iter().any(|part| self.speaks(part, spoken, depth + 1))
    }

    fn read_file(&self, folder: &str, written: &str) -> Option<(Arc<str>, Vec<Value>)> {
        let path: Arc<str> = Arc::from(join(folder, written)?);
        let text = read_named(self.checkout, &path, &path)?;
        Some((Arc::clone(&path), trees_of(self.checkout, &path, &text)?))
    }
}

/// The trees of a customisation, or of a file of one. Of a broken one nobody knows what it applies, and what it changes.
fn trees_of(checkout: &Checkout, path: &Arc<str>, text: &str) -> Option<Vec<Value>> {
    let trees = yaml(path, text);
    if trees.is_none() && !text.contains("{{") && !is_incidental(path) {
        let error = crate::syntax::yaml::parse(text).err();
        let why = error.as_ref().map_or_else(String::new, |error| format!(": {}", error.message));
        refuse(checkout, path, error.map(|error| (error.line, error.column)), format!("not valid YAML{why}"));
    }
    trees
}

/// A path as a customisation writes it, from the root of the checkout; `None` for what lies elsewhere.
fn join(folder: &str, written: &str) -> Option<String> {
    if written.contains("://") || written.starts_with('/') || written.starts_with("git@") {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// An object on its way through the customisations.
struct Object {
    /// The file that defines it.
    path: Arc<str>,
    value: Value,
    /// Names that it had before prefixes and suffixes.
    names: Vec<String>,
    /// Where something changes it that is not followed.
    hidden: Option<Location>,
    /// The same for a change that bears on the isolation of its pods alone.
    blurred: Option<Location>,
    /// A patch takes it away.
    gone: bool,
    /// The chart whose values it is, when it is no object itself.
    chart: Option<Chart>,
}

impl Object {
    fn new(path: &Arc<str>, value: Value) -> Self {
        let path = Arc::clone(path);
        Self { path, value, names: Vec::new(), hidden: None, blurred: None, gone: false, chart: None }
    }
}

/// One customisation that is applied.
struct Build<'b, 'c> {
    customs: &'b Customs<'c>,
    objects: Vec<Object>,
    /// Files that are patches, and no objects of their own.
    patches: &'b mut BTreeSet<Arc<str>>,
    /// Files with values of charts.
    values: &'b mut BTreeSet<Arc<str>>,
    /// Files whose objects matter; all of them where patches may make runners of objects that are none.
    wanted: Option<&'b BTreeSet<Arc<str>>>,
}

impl Build<'_, '_> {
    /// Objects of a folder, with its own changes made.
    fn folder(&mut self, folder: &str, depth: usize) {
        let Some(custom) = self.customs.by_folder.get(folder).filter(|_| depth < DEEPEST) else { return };
        let kind = custom.tree.get("kind").and_then(Value::text);
        let first = match kind {
            // A component changes what was gathered before it.
            Some("Component") => 0,
            _ => self.objects.len(),
        };
        let components: Vec<String> =
            custom.tree.all("components").filter_map(Value::text).filter_map(|c| join(folder, c)).collect();
        for part in custom.parts.iter().filter(|p| !components.contains(p)) {
            if self.customs.by_folder.contains_key(part) {
                self.folder(part, depth + 1);
            } else {
                self.refused(folder, custom, part);
            }
        }
        for path in &custom.files {
            if self.wanted.is_some_and(|wanted| !wanted.contains(path)) || self.objects.len() > MOST {
                continue;
            }
            let documents = self.customs.checkout.glance(path).ok().and_then(|text| yaml(path, &text));
            for value in documents.into_iter().flatten() {
                self.objects.push(Object::new(path, value));
            }
        }
        self.objects.extend(charts::of(self.customs, folder, &custom.path, &custom.tree, self.values));
        for part in &components {
            // What this customisation has gathered, and nothing beside it.
            let objects = self.objects.split_off(first.min(self.objects.len()));
            let mut inner = Build {
                customs: self.customs,
                objects,
                patches: &mut *self.patches,
                values: &mut *self.values,
                wanted: self.wanted,
            };
            inner.folder(part, depth + 1);
            self.objects.extend(inner.objects);
        }
        let changes = self.changes(folder, custom);
        for object in self.objects.iter_mut().skip(first) {
            for change in &changes {
                change.make(object);
            }
        }
    }

    /// Objects of a folder that is named and holds no customisation: the build is refused, so what becomes of them is
    /// not shown.
    fn refused(&mut self, folder: &str, custom: &Custom, part: &str) {
        let lists = ["resources", "bases"];
        let mut entries = lists.iter().flat_map(|key| custom.tree.all(key));
        let Some(entry) = entries.find(|e| e.text().and_then(|t| join(folder, t)).as_deref() == Some(part)) else {
            return;
        };
        for path in self.customs.checkout.under(part) {
            if self.wanted.is_some_and(|wanted| !wanted.contains(path)) || self.objects.len() > MOST {
                continue;
            }
            let documents = self.customs.checkout.glance(path).ok().and_then(|text| yaml(path, &text));
            for value in documents.into_iter().flatten() {
                self.objects.push(Object { hidden: Some(entry.at.clone()), ..Object::new(path, value) });
            }
        }
    }

    /// The changes that a customisation makes, in the order in which they are made.
    fn changes(&mut self, folder: &str, custom: &Custom) -> Vec<Change> {
        let tree = &custom.tree;
        let mut found = Vec::new();
        for entry in tree.all("patchesStrategicMerge") {
            self.merge(folder, entry, None, &mut found);
        }
        for key in ["patches", "patchesJson6902"] {
            for entry in tree.all(key) {
                let target = entry.get("target");
                match (entry.get("patch"), entry.get("path").and_then(Value::text)) {
                    (Some(inline), _) => Self::patch(inline, target, &mut found),
                    (None, Some(path)) => match self.customs.read_file(folder, path) {
                        Some((file, documents)) => {
                            self.patches.insert(file);
                            documents.into_iter().for_each(|d| found.extend(Change::of(d, target)));
                        }
                        None => found.push(Change::hidden(entry.at.clone(), target)),
                    },
                    (None, None) => {}
                }
            }
        }
        for key in ["replacements", "transformers", "vars", "configurations"] {
            if let Some(entry) = tree.entry(key) {
                found.push(Change::hidden(entry.at.clone(), None));
            }
        }
        found.extend(tree.all("images").filter_map(Change::image));
        for key in ["namePrefix", "nameSuffix"] {
            found.extend(tree.get(key).and_then(|v| Change::name(key == "namePrefix", v)));
        }
        found
    }

    /// An entry of `patchesStrategicMerge`: a path, or the patch itself.
    fn merge(&mut self, folder: &str, entry: &Value, target: Option<&Value>, found: &mut Vec<Change>) {
        let Some(text) = entry.shown() else { return };
        if text.contains('\n') {
            return Self::patch(entry, target, found);
        }
        match self.customs.read_file(folder, text) {
            Some((file, documents)) => {
                self.patches.insert(file);
                documents.into_iter().for_each(|d| found.extend(Change::of(d, target)));
            }
            None => found.push(Change::hidden(entry.at.clone(), target)),
        }
    }

    /// A patch that stands in the customisation as a text.
    fn patch(inline: &Value, target: Option<&Value>, found: &mut Vec<Change>) {
        let documents = inline.shown().and_then(|text| {
            // Lines hold where the block is a literal one.
            let padded = format!("{}{text}", "\n".repeat(inline.at.line as usize));
            yaml(&inline.at.path, &padded)
        });
        match documents {
            Some(documents) => documents.into_iter().for_each(|d| found.extend(Change::of(d, target))),
            None => found.push(Change::hidden(inline.at.clone(), target)),
        }
    }
}
