//! What is known of offerings: prices, what was learned from machines, and what the operator says.

use std::collections::HashMap;

use actors::worker_manager::OfferingSettings;
use chrono::TimeDelta;
use db::provisioner::{OfferingRef, OfferingRow};
use protocol::time::Timestamp;
use serde_json::Value;

use crate::{
    decision::{Market, Offering},
    provider::OfferingKey,
    shared::ProviderHandle,
};

/// Work that an interruption destroys, in hours.
const LOST_HOURS: f64 = 0.25;
/// A price that was not confirmed for so long is not known any more.
const PRICE_KEEP: TimeDelta = TimeDelta::hours(6);
/// Before anything was learned it is as if so many machines had been launched, and so many of them had failed: one event decides
/// nothing.
const PRIOR_LAUNCHED: f64 = 20.0;
const PRIOR_BOOT_FAILED: f64 = 0.4;
/// The same for hours of spot machines and their interruptions.
const PRIOR_HOURS: f64 = 20.0;
const PRIOR_INTERRUPTED: f64 = 1.0;

/// What the database knows, by offering.
pub(crate) struct Offerings {
    rows: HashMap<OfferingRef, OfferingRow>,
    now: Timestamp,
}

pub(crate) fn offering_ref(provider: &str, key: &OfferingKey) -> OfferingRef {
    OfferingRef {
        provider_id: provider.to_owned(),
        region: key.region.clone(),
        instance_type: key.instance_type.clone(),
        market: key.market.as_str().to_owned(),
    }
}

impl Offerings {
    pub(crate) fn new(rows: Vec<OfferingRow>, now: Timestamp) -> Self {
        Self { rows: rows.into_iter().map(|row| (row.offering.clone(), row)).collect(), now }
    }

    pub(crate) fn view(&self, provider: &ProviderHandle, key: &OfferingKey, configuration: &Value) -> Offering {
        let row = self.rows.get(&offering_ref(&provider.id, key));
        let set = |of: fn(&OfferingSettings) -> f64| set(&provider.offerings, key, of);
        let known = row.filter(|row| row.price_at.is_some_and(|at| at > self.now - PRICE_KEEP));
        let limits = [set(|it| it.price_limit), max_price(configuration)];
        Offering {
            provider: provider.id.clone(),
            region: key.region.clone(),
            instance_type: key.instance_type.clone(),
            market: key.market,
            price: set(|it| it.price).or_else(|| known?.price),
            price_limit: limits.into_iter().flatten().min_by(f64::total_cmp),
            utility: set(|it| it.utility).unwrap_or(1.0),
            region_bias: set(|it| it.bias).unwrap_or(1.0),
            interruptions_per_hour: interruptions(row, key.market),
            lost_hours: LOST_HOURS,
            boot_failure: boot_failure(row),
        }
    }
}

/// The last that concerns these machines and has it.
fn set(settings: &[OfferingSettings], key: &OfferingKey, of: fn(&OfferingSettings) -> f64) -> Option<f64> {
    let is_one = |set: &str, one: &str| set == "*" || set == one;
    let concerns = |it: &&OfferingSettings| {
        is_one(&it.region, &key.region)
            && is_one(&it.instance_type, &key.instance_type)
            && is_one(&it.market, key.market.as_str())
    };
    settings.iter().filter(concerns).map(of).rfind(|value| value.is_finite() && *value > 0.0)
}

/// What a launch config of AWS itself says about spot machines.
fn max_price(configuration: &Value) -> Option<f64> {
    let text = configuration.pointer("/launchConfig/InstanceMarketOptions/SpotOptions/MaxPrice")?.as_str()?;
    text.parse().ok().filter(|price: &f64| price.is_finite())
}

fn boot_failure(row: Option<&OfferingRow>) -> f64 {
    let (failed, launched) = row.map_or((0.0, 0.0), |row| (row.boot_failed, row.launched));
    (failed + PRIOR_BOOT_FAILED) / (launched + PRIOR_LAUNCHED)
}

fn interruptions(row: Option<&OfferingRow>, market: Market) -> f64 {
    let (interrupted, hours) = row.map_or((0.0, 0.0), |row| (row.interrupted, row.machine_hours));
    match market {
        Market::Spot => (interrupted + PRIOR_INTERRUPTED) / (hours + PRIOR_HOURS),
        Market::OnDemand => 0.0,
    }
}
