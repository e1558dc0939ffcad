//! `github_receive`, `github_delivery_get`, `github_installation_get`, `github_expire`.

use protocol::{exchanges::ExchangeDeclaration, github::DeliveryState, time::Timestamp};
use sqlx::FromRow;

use super::DeliveryRow;
use crate::{Db, DbError};

/// A delivery to take in.
#[derive(Debug, Clone)]
pub struct NewDelivery<'a> {
    pub delivery_id: &'a str,
    pub event: &'a str,
    /// JSON.
    pub body: &'a str,
    /// Owner and name with a slash between them; with the subject, what is handled in order. Both empty where nothing is.
    pub repository: String,
    pub subject: String,
    pub state: DeliveryState,
    /// Why nothing will come of it.
    pub reason: Option<&'a str>,
    pub message: Option<NewDeliveryMessage>,
    pub installation: Option<InstallationUpdate<'a>>,
}

/// The message that tells a delivery.
#[derive(Debug, Clone)]
pub struct NewDeliveryMessage {
    pub exchange: &'static ExchangeDeclaration,
    pub routing_key: String,
    /// JSON.
    pub body: String,
}

/// The app was installed for an owner of repositories, or removed.
#[derive(Debug, Clone, Copy)]
pub struct InstallationUpdate<'a> {
    pub owner: &'a str,
    pub installation: i64,
    pub active: bool,
}

impl Db {
    /// `github_receive`: whether it is new. A message that cannot be sent is refused with an error that
    /// [is permanent](DbError::is_permanent).
    pub async fn github_receive(
        &self,
        new: &NewDelivery<'_>,
        trace: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let (message, change) = (new.message.as_ref(), new.installation);
        let call = sqlx::query_scalar("select github_receive($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)")
            .bind(new.delivery_id)
            .bind(new.event)
            .bind(new.body)
            .bind(&new.repository)
            .bind(&new.subject)
            .bind(new.state.code())
            .bind(new.reason)
            .bind(message.map(|message| message.exchange.name))
            .bind(message.map(|message| &message.routing_key))
            .bind(message.map(|message| &message.body))
            .bind(change.map(|change| change.owner))
            .bind(change.map(|change| change.installation))
            .bind(change.map(|change| change.active))
            .bind(trace)
            .bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `github_delivery_get`.
    pub async fn github_delivery(&self, delivery_id: &str) -> Result<Option<DeliveryRow>, DbError> {
        let call = sqlx::query("select * from github_delivery_get($1)").bind(delivery_id);
        let row = call.fetch_optional(self.pool()).await?;
        Ok(row.map(|row| DeliveryRow::from_row(&row)).transpose()?)
    }

    /// `github_installation_get`.
    pub async fn github_installation(&self, owner: &str) -> Result<Option<i64>, DbError> {
        Ok(sqlx::query_scalar("select github_installation_get($1)").bind(owner).fetch_one(self.pool()).await?)
    }

    /// `github_expire`: how many of the most frequent kind.
    pub async fn expire_github(&self, deliveries: Timestamp, builds: Timestamp, limit: i32) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select github_expire($1,$2,$3)").bind(deliveries).bind(builds).bind(limit);
        Ok(call.fetch_one(self.pool()).await?)
    }
}
