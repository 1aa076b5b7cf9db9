//! Files of the checkout, parsed once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::checkout::{Checkout, place_beside};
use crate::model::{Location, Problem, Span};
use crate::syntax::yaml::{self, Document, Node};

/// A parsed YAML file.
pub(super) struct Source {
    pub(super) path: Arc<str>,
    pub(super) text: Arc<str>,
    /// The repository that it belongs to, when it is not the graded one.
    pub(super) repository: Option<String>,
    documents: Vec<Document>,
}

impl Source {
    /// The first document's root.
    pub(super) fn root(&self) -> Option<Node<'_>> {
        self.documents.first().map(Document::root)
    }

    pub(super) fn at(&self, span: Span) -> Location {
        Location::new(&self.path, span)
    }

    /// The path of a file of the same repository.
    pub(super) fn beside(&self, path: &str) -> String {
        match &self.repository {
            Some(repository) => place_beside(repository, path),
            None => path.to_owned(),
        }
    }

    pub(super) fn document(&self) -> Option<&Document> {
        self.documents.first()
    }

    /// The source text of a node.
    pub(super) fn slice(&self, span: Span) -> &str {
        self.text.get(span.start.byte as usize..span.end.byte as usize).unwrap_or_default()
    }
}

/// Reads and parses files, each once.
pub(super) struct Sources<'c> {
    checkout: &'c Checkout,
    read: RefCell<HashMap<String, Result<Rc<Source>, Problem>>>,
}

impl<'c> Sources<'c> {
    pub(super) fn new(checkout: &'c Checkout) -> Self {
        Self { checkout, read: RefCell::default() }
    }

    pub(super) fn checkout(&self) -> &'c Checkout {
        self.checkout
    }

    /// The files that have been asked for.
    pub(super) fn paths(&self) -> Vec<String> {
        self.read.borrow().keys().cloned().collect()
    }

    /// The parsed file, or the problem that keeps it from being read.
    pub(super) fn load(&self, path: &str) -> Result<Rc<Source>, Problem> {
        if let Some(known) = self.read.borrow().get(path) {
            return known.clone();
        }
        let loaded = self.parse(path);
        self.read.borrow_mut().insert(path.to_owned(), loaded.clone());
        loaded
    }

    fn parse(&self, path: &str) -> Result<Rc<Source>, Problem> {
        let text = self.checkout.read(path).map_err(|e| Problem {
            path: path.to_owned(),
            line: e.position().map(|p| p.0),
            column: e.position().map(|p| p.1),
            message: e.to_string(),
        })?;
        self.parsed(path, text)
    }

    fn parsed(&self, path: &str, text: Arc<str>) -> Result<Rc<Source>, Problem> {
        let documents = yaml::parse(&text).map_err(|e| Problem {
            path: path.to_owned(),
            line: Some(e.line),
            column: Some(e.column),
            message: format!("not valid YAML: {}", e.message),
        })?;
        let repository = self.checkout.repository_of(path).map(str::to_owned);
        Ok(Rc::new(Source { path: Arc::from(path), text, repository, documents }))
    }

    /// A file on which no level depends, when it can be read.
    pub(super) fn glance(&self, path: &str) -> Option<Rc<Source>> {
        if let Some(known) = self.read.borrow().get(path) {
            return known.clone().ok();
        }
        self.parsed(path, self.checkout.glance(path).ok()?).ok()
    }
}
