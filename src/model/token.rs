//! What the token that the platform hands to a job may do.

use std::collections::BTreeMap;

use super::Location;

/// Access that a scope grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// None.
    None,
    /// Reading.
    Read,
    /// Reading and writing.
    Write,
}

/// The scopes of a job's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenScope {
    /// The pipeline declares them.
    Declared {
        /// Access by scope name; a scope that is not listed has `otherwise`.
        scopes: BTreeMap<String, Access>,
        /// Access of every scope that is not listed (`write-all`, `read-all`, or none).
        otherwise: Access,
        /// The declaration.
        location: Location,
        /// Where each listed scope stands.
        lines: BTreeMap<String, Location>,
        /// Whether the declaration is that of its pipeline or of a caller, and not the job's own.
        inherited: bool,
    },
    /// Nothing declares them; a setting outside the checkout decides.
    Undeclared {
        /// The job that declares nothing.
        location: Location,
    },
    /// The platform's files cannot express them.
    Inexpressible {
        /// Why.
        reason: String,
        /// The job.
        location: Location,
    },
}

impl TokenScope {
    /// Access to one scope as far as it is declared; an undeclared token shows nothing.
    pub fn access(&self, scope: &str) -> Access {
        match self {
            // `id-token` is part of `write-all`; `read-all` does not grant it, having no read form.
            TokenScope::Declared { scopes, otherwise, .. } => match scopes.get(scope) {
                Some(access) => *access,
                None if scope == "id-token" && *otherwise == Access::Read => Access::None,
                None => *otherwise,
            },
            _ => Access::None,
        }
    }

    /// Where the access to `scope` is declared, or the whole declaration.
    pub fn location_of(&self, scope: &str) -> &Location {
        match self {
            TokenScope::Declared { lines, location, .. } => lines.get(scope).unwrap_or(location),
            TokenScope::Undeclared { location } | TokenScope::Inexpressible { location, .. } => location,
        }
    }
}
