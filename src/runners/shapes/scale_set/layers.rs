//! Values of the chart that lie in several places, laid over one another in the order in which a release reads them.
//!
//! Mappings are merged key by key, and lists are replaced as a whole. What the checkout does not hold may set anything.
//! Source: <https://helm.sh/docs/chart_template_guide/values_files/>

use std::sync::Arc;

use super::options::worse;
use super::{Definition, RULE, set_of, values};
use crate::model::{Evidence, Location, RunnerPool, Tri, Version};
use crate::runners::tree::{self, lay_over, put};
use crate::runners::{File, each_location};
use crate::syntax::conf::{Data, Value, yaml_node};

/// Values of a release, as far as they have been read.
#[derive(Default)]
pub(super) struct Layers {
    values: Option<Value>,
    /// How many places they come from.
    places: usize,
    /// Where values are named that nothing shows.
    hidden: Option<Location>,
}

impl Layers {
    /// Whether what one place says is not all that counts.
    pub(super) fn count(&self) -> bool {
        self.places > 1 || self.hidden.is_some()
    }

    /// Lays values over those so far.
    pub(super) fn add(&mut self, over: Value) {
        self.places += 1;
        match &mut self.values {
            Some(values) => lay_over(values, over, true),
            None => self.values = Some(over),
        }
    }

    /// The same with what a file holds, or with what nothing shows, when it is not there.
    pub(super) fn add_file(&mut self, read: Option<(Arc<str>, Arc<str>)>, checkout: &File<'_>, named: &Location) {
        let Some((path, text)) = read else { return self.hide(named) };
        let file = File::new(&path, &text, checkout.checkout);
        self.add_text(&file, named);
    }

    /// The same with the first document of a text.
    pub(super) fn add_text(&mut self, file: &File<'_>, named: &Location) {
        let Some(document) = file.documents().first() else { return self.hide(named) };
        if let Some(directive) = file.directive() {
            self.hide(directive);
        }
        // An empty file sets nothing.
        if document.root().is_mapping() {
            self.add(yaml_node(file.path, document.root()));
        }
    }

    /// The same with a text inside a document, whose places are those of the document.
    pub(super) fn add_inside(&mut self, file: &File<'_>, text: &str, place: &Location) {
        let inside = File::new(file.path, text, file.checkout);
        let Some(document) = inside.documents().first() else { return self.hide(place) };
        if inside.directive().is_some() {
            self.hide(place);
        }
        let mut value = yaml_node(file.path, document.root());
        if value.is_map() {
            move_to(&mut value, place);
            self.add(value);
        }
    }

    /// The same with one value by its dotted name. A name with an index of a list is not followed.
    pub(super) fn set(&mut self, name: &str, value: &str, place: &Location) {
        if name.contains(['[', '\\']) {
            if name.starts_with("template") {
                self.hide(place);
            }
            return;
        }
        let data = match value {
            "true" => Data::Bool(true),
            "false" => Data::Bool(false),
            text => Data::Text { text: text.to_owned(), exact: true },
        };
        let keys: Vec<&str> = name.split('.').take(super::DEEPEST * 2).collect();
        let empty = || Value::new(place.clone(), 0..0, Data::Map(Vec::new()));
        put(self.values.get_or_insert_with(empty), &keys, Value::new(place.clone(), 0..0, data));
        self.places += 1;
    }

    /// Values are named here that nothing shows.
    pub(super) fn hide(&mut self, at: &Location) {
        self.hidden.get_or_insert_with(|| at.clone());
    }

    /// The scale sets of these values. With `whole` the values are those of the chart itself, whatever they say.
    pub(super) fn pools(
        &self,
        file: &File<'_>,
        name: Option<&str>,
        version: Option<Version>,
        whole: bool,
    ) -> Vec<RunnerPool> {
        let Some(tree) = &self.values else { return Vec::new() };
        let text = tree::write(tree);
        // A path of its own tells the places of this text from those of files.
        let path: Arc<str> = Arc::from(format!("{}\0", file.path));
        let inside = File::new(&path, &text.text, file.checkout);
        let Some(root) = inside.documents().first().map(|d| d.root()) else { return Vec::new() };
        let mut sets = Vec::new();
        values(root, 0, &mut sets);
        if sets.is_empty() && whole && root.is_mapping() {
            sets.push(root);
        }
        let of = |set| {
            let (name, place) = (name.map(str::to_owned), inside.at(set));
            let mut pool = set_of(&Definition { values: set, file: &inside, name, version, place });
            each_location(&mut pool, &mut |at: &mut Location| {
                if *at.path == *path {
                    *at = text.place(at.line, at.column, &tree.at);
                }
            });
            self.doubted(pool)
        };
        sets.into_iter().map(of).collect()
    }

    /// A pool, short of what values that nothing shows may change.
    pub(super) fn doubted(&self, mut pool: RunnerPool) -> RunnerPool {
        if let Some(at) = &self.hidden {
            let note = "what the release takes in here is not shown, and it may change the pods of the runners";
            let to_show = || "the values that the release names, in the checkout".to_owned();
            let axis = || Tri::Unshown(Evidence::observed(at, RULE, note), to_show());
            pool.ephemeral = worse(pool.ephemeral, axis());
            pool.isolated = worse(pool.isolated, axis());
        }
        pool
    }
}

/// Whether a value with this dotted name may change what a scale set shows.
pub(super) fn bears(name: &str) -> bool {
    const NEUTRAL: &[&str] =
        &["minRunners", "maxRunners", "labels", "annotations", "proxy", "controllerServiceAccount"];
    // A credential is the controller's.
    let head = name.split(['.', '[']).next().unwrap_or_default();
    !NEUTRAL.contains(&head) && !name.starts_with("githubConfigSecret.")
}

fn move_to(value: &mut Value, place: &Location) {
    value.at = place.clone();
    match &mut value.data {
        Data::List(items) => items.iter_mut().for_each(|item| move_to(item, place)),
        Data::Map(entries) => entries.iter_mut().for_each(|entry| {
            entry.at = place.clone();
            move_to(&mut entry.value, place);
        }),
        _ => {}
    }
}
