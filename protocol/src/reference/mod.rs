//! The declared endpoints: one entry each, from which router, reference documents and checks are made.
//!
//! The entries stand in `references/<service>/api.json`, with words of our own, and the schemas beside them.

mod chance;
mod document;
mod endpoint;
mod extension;
mod load;
mod params;
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
