//! When keys change, tokens and task ids that an older key sealed are sealed anew, so that the older key can be taken out of the
//! settings. It is done again and again, since processes with the older settings may still be writing.

use std::time::Duration;

use db::hooks::HookRow;

use super::{HookError, HookName, Hooks, Result};
use crate::kit::{Child, Next, Periodic, Schedule};

const EVERY: Duration = Duration::from_mins(10);
const ROWS: i32 = 500;

impl Hooks {
    /// To be supervised. Several processes may run one.
    pub fn resealer(&self) -> Child {
        let hooks = self.clone();
        Schedule::every(EVERY, self.0.rng.branch("reseal")).child("hooks/reseal", move |_| Resealer(hooks.clone())).0
    }

    /// How many hooks were sealed with another key. What cannot be opened is logged and stays as it is: its key may come back.
    pub async fn reseal(&self) -> Result<usize> {
        let (mut after, mut count) = (None, 0);
        loop {
            let rows = self.0.db.hooks_after(after.as_ref().map(HookName::parts), ROWS).await?;
            let Some(last) = rows.readable.last() else { return Ok(count) };
            after = Some(HookName::new(&last.hook_group_id, &last.hook_id));
            for row in &rows.readable {
                count += usize::from(self.reseal_one(row).await?);
            }
        }
    }

    async fn reseal_one(&self, row: &HookRow) -> Result<bool> {
        let (inner, name) = (&self.0, HookName::new(&row.hook_group_id, &row.hook_id));
        if !inner.keys.is_old(&row.trigger_token) && !inner.keys.is_old(&row.next_task_id) {
            return Ok(false);
        }
        let token = match inner.open_token(&name, row) {
            Ok(token) => token,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(hook = %name, error, "the token of a hook cannot be opened");
                return Ok(false);
            }
        };
        let token = inner.seal_token(&name, &token);
        let task_id = inner.seal_task_id(&name, inner.open_task_id(&name, row));
        Ok(inner.db.hook_reseal(row, &token, &task_id).await?)
    }
}

struct Resealer(Hooks);

impl Periodic for Resealer {
    type Error = HookError;

    async fn run(&mut self) -> Result<Next> {
        let hooks = self.0.reseal().await?;
        if hooks == 0 {
            return Ok(Next::IDLE);
        }
        tracing::info!(hooks, "secrets of hooks resealed with the newest key");
        Ok(Next::DONE)
    }
}
