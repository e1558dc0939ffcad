//! Keeps the prices of what one provider sells, of what launch configs ask for.
//!
//! Owns: nothing.
//! Woken by: a timer.
//! Emits: nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use actors::kit::{Child, Next, Periodic, Schedule};
use chrono::TimeDelta;
use db::{
    DbError,
    provisioner::{NewPrice, OfferingRef},
};

use crate::{
    offerings::offering_ref,
    provider::{OfferingKey, Price},
    shared::{ProviderHandle, Shared, in_time},
};

const INTERVAL: Duration = Duration::from_mins(5);
/// Prices that another process fetched within this time are not fetched again.
const FRESH: TimeDelta = TimeDelta::minutes(4);

pub(crate) struct Prices {
    pub(crate) shared: Arc<Shared>,
    pub(crate) provider: ProviderHandle,
}

pub(crate) fn child(shared: &Arc<Shared>, provider: &ProviderHandle) -> Child {
    let (shared, provider) = (shared.clone(), provider.clone());
    let schedule = Schedule::every(INTERVAL, shared.rng.branch("prices"));
    let name = format!("provisioner/prices/{}", provider.id);
    schedule.child(&name, move |_| Prices { shared: shared.clone(), provider: provider.clone() }).0
}

impl Periodic for Prices {
    type Error = DbError;

    async fn run(&mut self) -> Result<Next, DbError> {
        let due = self.due().await?;
        if due.is_empty() {
            return Ok(Next::IDLE);
        }
        for (region, keys) in due {
            let begun = Instant::now();
            let prices = in_time(self.provider.driver.prices(&region)).await;
            match prices {
                Ok(None) => return Ok(Next::IDLE),
                Ok(Some(prices)) => self.store(&region, &keys, &prices).await?,
                Err(error) => {
                    let (provider, took) = (&self.provider.id, begun.elapsed());
                    self.shared.metrics.record_call(provider, "prices", took, Some(&error));
                    tracing::warn!(provider, region, %error, "prices cannot be fetched");
                }
            }
        }
        Ok(Next::DONE)
    }
}

impl Prices {
    /// By region what launch configs ask for, without regions whose prices are fresh.
    async fn due(&self) -> Result<BTreeMap<String, BTreeSet<OfferingKey>>, DbError> {
        let (db, provider, now) = (&self.shared.db, &self.provider, self.shared.clock.now());
        let mut regions: BTreeMap<String, BTreeSet<OfferingKey>> = BTreeMap::new();
        for text in db.provision_configurations(&provider.id).await? {
            let Ok(configuration) = serde_json::from_str(&text) else { continue };
            let key = provider.driver.offering(&configuration);
            regions.entry(key.region.clone()).or_default().insert(key);
        }
        let all: Vec<OfferingRef> = regions.values().flatten().map(|key| offering_ref(&provider.id, key)).collect();
        let known = db.provision_offerings(&all, now).await?;
        let fresh = known.into_iter().filter(|row| row.price_at.is_some_and(|at| at > now - FRESH));
        let fresh: BTreeSet<OfferingRef> = fresh.map(|row| row.offering).collect();
        regions.retain(|_, keys| keys.iter().any(|key| !fresh.contains(&offering_ref(&provider.id, key))));
        Ok(regions)
    }

    async fn store(&self, region: &str, keys: &BTreeSet<OfferingKey>, prices: &[Price]) -> Result<(), DbError> {
        let is_asked = |price: &&Price| {
            keys.iter().any(|key| key.instance_type == price.instance_type && key.market == price.market)
        };
        let new = |price: &Price| NewPrice {
            instance_type: price.instance_type.clone(),
            market: price.market.as_str(),
            price: price.hourly,
        };
        let new: Vec<NewPrice> = prices.iter().filter(is_asked).map(new).collect();
        self.shared.db.set_provision_prices(&self.provider.id, region, &new, self.shared.clock.now()).await
    }
}
