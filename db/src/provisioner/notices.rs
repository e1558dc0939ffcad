//! What providers say of their own accord about machines.

use protocol::time::Timestamp;
use serde::Serialize;
use sqlx::{FromRow, types::Json};

use crate::{Db, DbError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MachineNoticeKind {
    /// Its worker is due for a look.
    StateChanged,
    /// The machine is taken back within minutes.
    Interruption,
}

#[derive(Debug, Clone, Serialize)]
pub struct MachineNotice {
    pub machine: String,
    pub kind: MachineNoticeKind,
}

/// A worker whose machine was named.
#[derive(Debug, Clone, FromRow)]
pub struct NoticedWorker {
    pub worker_pool_id: String,
    pub worker_group: String,
    pub worker_id: String,
    /// By this notice; not by an earlier one.
    pub interrupted: bool,
    /// How many runs were ended.
    pub runs: i64,
}

impl Db {
    /// `provision_notices`. Safe to repeat.
    pub async fn provision_notices(
        &self,
        provider_id: &str,
        notices: &[MachineNotice],
        now: Timestamp,
    ) -> Result<Vec<NoticedWorker>, DbError> {
        let call = sqlx::query_as("select * from provision_notices($1,$2,$3)").bind(provider_id);
        Ok(call.bind(Json(notices)).bind(now).fetch_all(self.pool()).await?)
    }
}
