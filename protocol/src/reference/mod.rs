//! The declared endpoints: one entry each, from which routes, reference documents and checks follow.
//!
//! The entries are in `references/<service>/api.json`, in a format of our own, with the schemas beside them.

mod document;
mod endpoint;
mod extension;
mod load;
mod params;
mod satisfiable;
mod scopes;

pub use document::{Document, documents, manifest};
pub use endpoint::{Endpoint, Method, Output, Param, QueryKey, Segment};
pub(crate) use extension::extensions;
pub use extension::{References, TooLate, extend};
pub use load::{service, services};
pub use params::Pattern;
pub use scopes::{MissingParam, ParamValue, ScopeParams, ScopeTemplate};

use serde::Deserialize;

/// One service and all its endpoints, in the order in which they are to be matched.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Service {
    pub service_name: String,
    pub api_version: String,
    pub title: String,
    pub description: String,
    pub entries: Vec<Endpoint>,
}

impl Service {
    /// The endpoint of this name.
    pub fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.entries.iter().find(|endpoint| endpoint.name == name)
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod widths;
