//! `DescribeSpotPriceHistory`: what spot machines cost now. Prices on demand are no part of EC2's API; they are settings.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;

use super::{
    client::{AwsClient, Fields},
    xml::{self, Items},
};
use crate::{
    decision::Market,
    provider::{Price, ProviderError, ProviderResult},
};

/// A region has about 4,000 prices, in pages of 1,000.
const MAX_PAGES: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    spot_price_history_set: Items<Entry>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    instance_type: String,
    spot_price: String,
    timestamp: DateTime<Utc>,
    #[serde(default)]
    availability_zone: String,
}

pub(super) async fn prices(client: &AwsClient, region: &str) -> ProviderResult<Vec<Price>> {
    // A history that begins now has the prices in force.
    let now = client.clock.now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let asked =
        Fields::default().with("StartTime", now).with("ProductDescription.1", "Linux/UNIX").with("MaxResults", "1000");
    let (mut entries, mut token) = (Vec::new(), None::<String>);
    for _ in 0..MAX_PAGES {
        let mut fields = asked.clone();
        if let Some(token) = token {
            fields.set("NextToken", token);
        }
        let answer: Answer = xml::parse(&client.ec2_read(region, "DescribeSpotPriceHistory", &fields).await?)?;
        entries.extend(answer.spot_price_history_set.item);
        token = answer.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(of_types(entries));
        }
    }
    Err(ProviderError::unanswered(format!("more than {MAX_PAGES} pages of prices")))
}

/// One price for each type: the median of its zones, so that one zone's peak decides nothing.
fn of_types(entries: Vec<Entry>) -> Vec<Price> {
    let mut newest = BTreeMap::<(String, String), Entry>::new();
    for entry in entries {
        let key = (entry.instance_type.clone(), entry.availability_zone.clone());
        if newest.get(&key).is_none_or(|known| known.timestamp < entry.timestamp) {
            newest.insert(key, entry);
        }
    }
    let mut types = BTreeMap::<String, Vec<(f64, DateTime<Utc>)>>::new();
    for ((instance_type, _), entry) in newest {
        // A price that is no number is unknown, not free.
        if let Ok(hourly) = entry.spot_price.parse::<f64>()
            && hourly.is_finite()
            && hourly > 0.0
        {
            types.entry(instance_type).or_default().push((hourly, entry.timestamp));
        }
    }
    types.into_iter().filter_map(|(instance_type, zones)| median(instance_type, zones)).collect()
}

fn median(instance_type: String, mut zones: Vec<(f64, DateTime<Utc>)>) -> Option<Price> {
    zones.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = zones.iter().map(|(_, at)| *at).max()?;
    let (hourly, _) = zones[(zones.len() - 1) / 2];
    Some(Price { instance_type, market: Market::Spot, hourly, at })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(instance_type: &str, zone: &str, price: &str, second: i64) -> Entry {
        Entry {
            instance_type: instance_type.to_owned(),
            spot_price: price.to_owned(),
            timestamp: DateTime::from_timestamp(second, 0).unwrap(),
            availability_zone: zone.to_owned(),
        }
    }

    #[test]
    fn a_type_costs_the_median_of_its_zones_newest_prices() {
        let entries = vec![
            entry("m5.large", "a", "0.03", 20),
            entry("m5.large", "a", "9.00", 10),
            entry("m5.large", "b", "0.04", 5),
            entry("m5.large", "c", "0.90", 30),
            entry("c5.large", "a", "NaN", 1),
            entry("c5.large", "b", "-1", 1),
        ];
        let at = DateTime::from_timestamp(30, 0).unwrap();
        let expected = Price { instance_type: "m5.large".to_owned(), market: Market::Spot, hourly: 0.04, at };
        assert_eq!(of_types(entries), [expected]);
    }
}
