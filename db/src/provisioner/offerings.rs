//! What providers sell: prices, and what was learned from machines.

use protocol::time::Timestamp;
use serde::Serialize;
use sqlx::{FromRow, PgConnection, types::Json};

use crate::{Db, DbError};

/// A kind of machine in a region of a provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, FromRow)]
pub struct OfferingRef {
    pub provider_id: String,
    pub region: String,
    pub instance_type: String,
    /// `spot` or `on-demand`.
    pub market: String,
}

/// What is known of an offering. The counts are of the last hours: they decay by half in six.
#[derive(Debug, Clone, FromRow)]
pub struct OfferingRow {
    #[sqlx(flatten)]
    pub offering: OfferingRef,
    /// US dollars an hour.
    pub price: Option<f64>,
    pub price_at: Option<Timestamp>,
    /// Machines that registered, or failed to.
    pub launched: f64,
    pub boot_failed: f64,
    pub interrupted: f64,
    pub machine_hours: f64,
    /// From the launch to the registration, of all that registered.
    pub boot_seconds: f64,
}

/// A price as it is stored.
#[derive(Debug, Clone, Serialize)]
pub struct NewPrice {
    pub instance_type: String,
    pub market: &'static str,
    pub price: f64,
}

impl Db {
    /// `provision_offerings`: those of which something is known.
    pub async fn provision_offerings(
        &self,
        offerings: &[OfferingRef],
        now: Timestamp,
    ) -> Result<Vec<OfferingRow>, DbError> {
        read(&mut *self.pool().acquire().await?, offerings, now).await
    }

    /// `provision_prices_set`.
    pub async fn set_provision_prices(
        &self,
        provider_id: &str,
        region: &str,
        prices: &[NewPrice],
        now: Timestamp,
    ) -> Result<(), DbError> {
        let call = sqlx::query("select provision_prices_set($1,$2,$3,$4)").bind(provider_id).bind(region);
        call.bind(Json(prices)).bind(now).execute(self.pool()).await?;
        Ok(())
    }

    /// `provision_configurations`: launch configs of a provider's pools, JSON.
    pub async fn provision_configurations(&self, provider_id: &str) -> Result<Vec<String>, DbError> {
        let call = sqlx::query_scalar("select provision_configurations($1)").bind(provider_id);
        Ok(call.fetch_all(self.pool()).await?)
    }
}

pub(super) async fn read(
    connection: &mut PgConnection,
    offerings: &[OfferingRef],
    now: Timestamp,
) -> Result<Vec<OfferingRow>, DbError> {
    let part = |of: fn(&OfferingRef) -> &String| offerings.iter().map(of).cloned().collect::<Vec<_>>();
    let call = sqlx::query_as("select * from provision_offerings($1,$2,$3,$4,$5)")
        .bind(part(|it| &it.provider_id))
        .bind(part(|it| &it.region))
        .bind(part(|it| &it.instance_type))
        .bind(part(|it| &it.market))
        .bind(now);
    Ok(call.fetch_all(connection).await?)
}
