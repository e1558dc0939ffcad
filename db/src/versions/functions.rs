//! Which stored functions there are, and since and until when programs call them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::VersionError;
use super::load;

/// One stored function in the newest version that this program knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionLifetime {
    pub name: String,
    /// `read` or `write`.
    pub mode: String,
    /// The service that calls it.
    pub owner: String,
    /// The version it came with.
    pub since: u32,
    /// The version that last changed what it does.
    pub redefined: u32,
    /// The last version whose programs call it; `None` while this program does.
    pub last_used: Option<u32>,
}

/// All functions by name.
pub fn functions() -> Result<Vec<FunctionLifetime>, VersionError> {
    Ok(of(load::shipped()?))
}

pub(super) fn of(versions: &[load::Version]) -> Vec<FunctionLifetime> {
    let mut newest = BTreeMap::new();
    for version in versions {
        for function in &version.functions {
            newest.insert(&function.name, (version.number, function));
        }
    }
    newest.into_values().map(|(redefined, function)| lifetime(redefined, function)).collect()
}

fn lifetime(redefined: u32, function: &load::Function) -> FunctionLifetime {
    FunctionLifetime {
        name: function.name.clone(),
        mode: function.mode.clone(),
        owner: function.owner.clone(),
        since: function.since,
        redefined,
        last_used: function.last_used,
    }
}
