//! The deny list.

use protocol::{notify::NotificationKind, time::Timestamp};
use sqlx::FromRow;

use super::DeniedAddress;
use crate::{Db, DbError, Rows};

impl Db {
    /// `notify_deny`, safe to repeat.
    pub async fn notify_deny(&self, kind: NotificationKind, address: &str, now: Timestamp) -> Result<(), DbError> {
        let call = sqlx::query("select notify_deny($1,$2,$3,$4)").bind(kind.code()).bind(address);
        call.bind(kind.destination(address)).bind(now).execute(self.pool()).await?;
        Ok(())
    }

    /// `notify_allow`, safe to repeat.
    pub async fn notify_allow(&self, kind: NotificationKind, address: &str) -> Result<(), DbError> {
        let call = sqlx::query("select notify_allow($1,$2)").bind(kind.code()).bind(address);
        call.execute(self.pool()).await?;
        Ok(())
    }

    /// `notify_denials`: at most `limit` after the given one.
    pub async fn notify_denials(
        &self,
        after: Option<(NotificationKind, &str)>,
        limit: i32,
        now: Timestamp,
    ) -> Result<Rows<DeniedAddress>, DbError> {
        let call = sqlx::query("select * from notify_denials($1,$2,$3,$4)")
            .bind(after.map(|(kind, _)| kind.code()))
            .bind(after.map(|(_, address)| address))
            .bind(limit)
            .bind(now);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(Rows::read("denied address", &rows, DeniedAddress::from_row))
    }
}
