//! Ids of tasks, derived from the submit key and their names, so that a repeat gives the same ids.

use std::{collections::BTreeMap, fmt};

use base::Rng;
use protocol::id::{TaskGroupId, TaskId};
use sha2::{Digest, Sha256};

/// What makes a submission the same submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubmitKey(String);

impl SubmitKey {
    pub(crate) fn given(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(crate) fn random(rng: &Rng) -> Self {
        Self(TaskId::from_random(rng.uuid_bytes()).to_string())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn name_all<'a>(&self, names: impl Iterator<Item = &'a String>) -> BTreeMap<String, TaskId> {
        names.map(|name| (name.clone(), TaskId::from_random(self.bytes("task", name)))).collect()
    }

    /// A graph of one task, a decision task mostly, is named after it.
    pub(super) fn group(&self, names: &BTreeMap<String, TaskId>) -> TaskGroupId {
        match names.values().next() {
            Some(only) if names.len() == 1 => TaskGroupId::from(*only),
            _ => TaskGroupId::from_random(self.bytes("group", "")),
        }
    }

    fn bytes(&self, kind: &str, name: &str) -> [u8; 16] {
        let mut hash = Sha256::new();
        for part in ["drover graph", kind, &self.0, name] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        bytes
    }
}

impl fmt::Display for SubmitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
