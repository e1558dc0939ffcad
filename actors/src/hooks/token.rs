//! Secrets of hooks: the trigger token, and the id of the task of the next date.

use base::SealedText;
use db::hooks::HookRow;
use protocol::id::TaskId;
use sha2::{Digest, Sha256};

use super::{HookError, HookName, Hooks, Inner, Result, by};
use crate::auth::access_token;

impl Hooks {
    /// The token with which anybody can trigger the hook.
    pub async fn token(&self, name: &HookName) -> Result<String> {
        self.0.open_token(name, &self.0.hook(name).await?)
    }

    /// A new token; the old one is good for nothing.
    pub async fn reset_token(&self, name: &HookName, client_id: &str) -> Result<String> {
        let inner = &self.0;
        let token = access_token(&inner.rng);
        let sealed = inner.seal_token(name, &token);
        if inner.db.hook_reset_token(name.parts(), &sealed, &by(client_id), inner.clock.now()).await? {
            Ok(token)
        } else {
            Err(HookError::NoSuchHook(name.clone()))
        }
    }
}

impl Inner {
    /// Compares hashes, so that the time it takes says nothing about the token.
    pub(super) fn check_token(&self, name: &HookName, row: &HookRow, given: &str) -> Result<()> {
        let token = self.open_token(name, row)?;
        if Sha256::digest(token.as_bytes()) == Sha256::digest(given.as_bytes()) {
            Ok(())
        } else {
            Err(HookError::WrongToken)
        }
    }

    pub(super) fn seal_token(&self, name: &HookName, token: &str) -> SealedText {
        self.keys.seal(token, &format!("trigger token of {name}"), &self.rng)
    }

    pub(super) fn seal_task_id(&self, name: &HookName, task_id: TaskId) -> SealedText {
        self.keys.seal(&task_id.to_string(), &format!("next task of {name}"), &self.rng)
    }

    pub(super) fn open_token(&self, name: &HookName, row: &HookRow) -> Result<String> {
        let opened = self.keys.open(&row.trigger_token, &format!("trigger token of {name}"));
        opened.map_err(|cause| HookError::Sealed { name: name.clone(), cause })
    }

    /// The id of the task of the next date. One that cannot be opened, because its key is gone, is replaced: then a repeat of
    /// this very fire is known by its date only.
    pub(super) fn open_task_id(&self, name: &HookName, row: &HookRow) -> TaskId {
        let opened = self.keys.open(&row.next_task_id, &format!("next task of {name}"));
        let parsed = opened.ok().and_then(|text| text.parse().ok());
        parsed.unwrap_or_else(|| TaskId::from_random(self.rng.uuid_bytes()))
    }
}
