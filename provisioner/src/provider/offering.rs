//! What a provider sells, as launch configs name it.

use serde_json::Value;

use crate::decision::Market;

/// A kind of machine in a region. Parts that a provider does not have are empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OfferingKey {
    pub region: String,
    pub instance_type: String,
    pub market: Market,
}

/// Longer ones cannot be keys; the cloud would refuse them anyway.
const MAX_BYTES: usize = 200;

impl OfferingKey {
    /// As the launch configs of AWS and Google have it.
    pub fn of_launch_config(configuration: &Value) -> Self {
        let text = |pointer: &str| configuration.pointer(pointer).and_then(Value::as_str);
        let first = |pointers: &[&str]| {
            let found = pointers.iter().find_map(|pointer| text(pointer)).unwrap_or_default();
            found.chars().filter(|letter| !letter.is_whitespace()).take(MAX_BYTES / 4).collect::<String>()
        };
        let is_spot = text("/launchConfig/InstanceMarketOptions/MarketType") == Some("spot")
            || text("/scheduling/provisioningModel").is_some_and(|model| model.eq_ignore_ascii_case("spot"))
            || configuration.pointer("/scheduling/preemptible") == Some(&Value::Bool(true));
        Self {
            region: first(&["/region", "/location"]),
            instance_type: first(&["/launchConfig/InstanceType", "/machineType", "/hardwareProfile/vmSize"]),
            market: if is_spot { Market::Spot } else { Market::OnDemand },
        }
    }
}
