//! The environment at a place in a workflow.

use std::cell::OnceCell;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use super::value::Value;
use crate::model::Text;

/// Variables, the outer levels first. Most steps add none and share the texts of the step before.
#[derive(Debug, Clone, Default)]
pub(super) struct Env {
    variables: Rc<Vec<(String, Value)>>,
    texts: OnceCell<Arc<[(String, Text)]>>,
}

impl Env {
    /// Adds variables that hide those of the same name.
    pub(super) fn extend(&mut self, more: Vec<(String, Value)>) {
        if !more.is_empty() {
            Rc::make_mut(&mut self.variables).extend(more);
            self.texts.take();
        }
    }

    /// Takes off all but the first.
    pub(super) fn truncate(&mut self, length: usize) {
        if length < self.variables.len() {
            Rc::make_mut(&mut self.variables).truncate(length);
            self.texts.take();
        }
    }

    /// The variables as strings.
    pub(super) fn texts(&self) -> Arc<[(String, Text)]> {
        let texts = || self.variables.iter().map(|(name, value)| (name.clone(), value.text())).collect();
        Arc::clone(self.texts.get_or_init(texts))
    }
}

impl PartialEq for Env {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.variables, &other.variables) || self.variables == other.variables
    }
}

impl From<Vec<(String, Value)>> for Env {
    fn from(variables: Vec<(String, Value)>) -> Self {
        Self { variables: Rc::new(variables), texts: OnceCell::new() }
    }
}

impl Deref for Env {
    type Target = [(String, Value)];

    fn deref(&self) -> &[(String, Value)] {
        &self.variables
    }
}
