//! Reading hooks and their history.

use protocol::time::Timestamp;

use super::{FireRow, Hook, HookError, HookName, Hooks, Result};
use crate::kit::{Page, PageAfter};

/// What the last fire came to, and the next date.
#[derive(Debug, Clone)]
pub struct HookStatus {
    pub last_fire: Option<FireRow>,
    pub next_scheduled_at: Option<Timestamp>,
}

/// Rows of one look; lists without pages are put together from several.
const ROWS: i32 = 1000;

impl Hooks {
    pub async fn hook(&self, name: &HookName) -> Result<Hook> {
        Hook::try_from(&self.0.hook(name).await?)
    }

    /// The ids of all groups, in order.
    pub async fn groups(&self) -> Result<Vec<String>> {
        let mut all: Vec<String> = Vec::new();
        loop {
            let page = self.0.db.hook_groups(all.last().map(String::as_str), ROWS).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// All hooks of a group, in order.
    pub async fn list(&self, hook_group_id: &str) -> Result<Vec<Hook>> {
        let mut all: Vec<Hook> = Vec::new();
        loop {
            let after = all.last().map(|hook| hook.name.hook_id.clone());
            let rows = self.0.db.hooks(hook_group_id, after.as_deref(), ROWS).await?;
            let found = all.len();
            for row in rows {
                all.push(Hook::try_from(&row)?);
            }
            if all.len() == found {
                break;
            }
        }
        if all.is_empty() { Err(HookError::NoSuchGroup(hook_group_id.to_owned())) } else { Ok(all) }
    }

    pub async fn status(&self, name: &HookName) -> Result<HookStatus> {
        let row = self.0.hook(name).await?;
        let fires = self.0.db.hook_fires(&name.hook_group_id, &name.hook_id, None, 1).await?;
        Ok(HookStatus { last_fire: fires.into_iter().next(), next_scheduled_at: row.next_scheduled_at })
    }

    /// The history of a hook, newest first.
    pub async fn fires(&self, name: &HookName, page: PageAfter<i64>) -> Result<Page<FireRow, i64>> {
        let first = page.after.is_none();
        let rows = self.0.db.hook_fires(&name.hook_group_id, &name.hook_id, page.after, page.rows()).await?;
        let page = Page::cut(rows, page.limit, |fire| fire.fire_id);
        if first && page.rows.is_empty() {
            self.0.hook(name).await?;
            return Err(HookError::NeverFired(name.clone()));
        }
        Ok(page)
    }
}
