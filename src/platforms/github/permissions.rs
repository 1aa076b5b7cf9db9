//! `permissions:`: what the job's token may do.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Access, Location, TokenScope};
use crate::syntax::yaml::Node;

/// Reads a `permissions:` value; `None` for one without a value, which counts as absent.
pub(super) fn declared(node: Node<'_>, path: &Arc<str>) -> Option<TokenScope> {
    let location = Location::new(path, node.span());
    let whole = |otherwise| {
        Some(TokenScope::Declared {
            scopes: BTreeMap::new(),
            otherwise,
            location: location.clone(),
            lines: BTreeMap::new(),
            inherited: false,
        })
    };
    if let Some(word) = node.as_str() {
        return match word {
            "write-all" => whole(Access::Write),
            "read-all" => whole(Access::Read),
            // GitHub refuses anything else; it grants nothing that could help a level.
            _ => whole(Access::None),
        };
    }
    if !node.is_mapping() {
        return None;
    }
    let mut scopes = BTreeMap::new();
    let mut lines = BTreeMap::new();
    for (key, value) in node.entries() {
        let Some(name) = key.as_str() else { continue };
        let access = match value.as_str().unwrap_or_default() {
            "write" => Access::Write,
            "read" => Access::Read,
            _ => Access::None,
        };
        scopes.insert(name.to_owned(), access);
        lines.insert(name.to_owned(), Location::new(path, key.span_to(value)));
    }
    Some(TokenScope::Declared { scopes, otherwise: Access::None, location, lines, inherited: false })
}

/// What a job has of a declaration that is not its own.
pub(super) fn inherited(mut token: TokenScope) -> TokenScope {
    if let TokenScope::Declared { inherited, .. } = &mut token {
        *inherited = true;
    }
    token
}

/// What a job of a called workflow holds: its own declaration, within what the caller grants.
pub(super) fn capped(own: Option<TokenScope>, caller: Option<&TokenScope>, job: &Location) -> TokenScope {
    match (own, caller) {
        (None, None) => TokenScope::Undeclared { location: job.clone() },
        (None, Some(TokenScope::Undeclared { .. })) => TokenScope::Undeclared { location: job.clone() },
        (None, Some(caller)) => inherited(caller.clone()),
        (Some(own), None) => own,
        (Some(own), Some(caller @ TokenScope::Declared { .. })) => {
            // Asking for more than the caller grants is refused by the platform; such a run has the smaller one.
            let TokenScope::Declared { scopes, otherwise, location, lines, inherited } = own else { return own };
            let outer = match caller {
                TokenScope::Declared { otherwise, .. } => *otherwise,
                _ => Access::None,
            };
            let scopes = scopes.into_iter().map(|(k, a)| (k.clone(), a.min(caller.access(&k)))).collect();
            TokenScope::Declared { scopes, otherwise: otherwise.min(outer), location, lines, inherited }
        }
        (Some(own), Some(_)) => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::yaml;

    fn scope(text: &str) -> Option<TokenScope> {
        let documents = yaml::parse(text).expect("valid YAML");
        declared(documents[0].root().get("permissions").expect("the key"), &Arc::from("w.yml"))
    }

    #[test]
    fn id_token_is_part_of_write_all_and_not_of_read_all() {
        let access = |text| scope(text).expect("declared").access("id-token");
        assert_eq!(access("permissions: write-all"), Access::Write);
        assert_eq!(access("permissions: read-all"), Access::None);
        assert_eq!(access("permissions: {}"), Access::None);
        assert_eq!(access("permissions: {id-token: write}"), Access::Write);
    }

    #[test]
    fn without_a_value_it_is_as_if_it_were_not_there() {
        assert!(scope("permissions:").is_none());
    }

    #[test]
    fn a_callee_never_holds_more_than_its_caller() {
        let job = Location::start_of(&Arc::from("w.yml"));
        let caller = scope("permissions: {contents: read}");
        let own = scope("permissions: {contents: write, id-token: write}");
        let both = capped(own.clone(), caller.as_ref(), &job);
        assert_eq!((both.access("contents"), both.access("id-token")), (Access::Read, Access::None));
        assert_eq!(capped(None, caller.as_ref(), &job).access("contents"), Access::Read);
        assert_eq!(capped(own, None, &job).access("id-token"), Access::Write);
    }
}
