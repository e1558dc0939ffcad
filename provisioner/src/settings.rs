//! What an operator can set about the provisioner.

use base::settings::ConfigDuration;
use serde::{Deserialize, Serialize};

use crate::decision::{EstimateMethod, Limits, Ratio, Tokens};

base::settings! {
    /// How many machines are launched for worker pools, and when they are looked at.
    pub struct ProvisionSettings {
        /// How the missing capacity is estimated: `demand` counts machines that boot once, `taskcluster` is Taskcluster's formula,
        /// which subtracts them twice.
        pub estimate: Estimate = Estimate::Demand,
        /// Share of the machines expected to become free before a new one could boot that counts as supply: 0 to 1.
        pub forecast: f64 = 0.0,
        /// Largest share of one decision that goes to one kind of machine while others have room: 0 to 1.
        pub spread: f64 = 0.6,
        /// How long tasks wait for spot machines before on-demand ones are launched as well.
        pub spot_timeout: ConfigDuration = ConfigDuration::minutes(3),
        /// Machines of a launch config that never worked which may boot at a time.
        pub canary: u32 = 5,
        /// Machines that all worker pools together may launch in a minute.
        pub boot_rate: u32 = 120,
        /// The same for each worker pool.
        pub pool_boot_rate: u32 = 60,
        /// The same for each region of a provider.
        pub region_boot_rate: u32 = 120,
        /// Machines in one call to a provider.
        pub call_size: u32 = 100,
        /// Time between two decisions after tasks became pending.
        pub coalesce: ConfigDuration = ConfigDuration::millis(100),
        /// Time until a worker pool is decided about again even if nothing happens.
        pub interval: ConfigDuration = ConfigDuration::minutes(1),
        /// Time between looks at the machine of a worker that has not registered.
        pub check_requested: ConfigDuration = ConfigDuration::seconds(15),
        /// The same for a worker that runs.
        pub check_running: ConfigDuration = ConfigDuration::minutes(5),
        /// The same for a worker that is being stopped.
        pub check_stopping: ConfigDuration = ConfigDuration::seconds(15),
        /// How long a machine may take to register where its worker pool does not say (`lifecycle.registrationTimeout`).
        pub registration_timeout: ConfigDuration = ConfigDuration::minutes(30),
        /// How old a machine is that nobody knows before it is ended.
        pub orphan_age: ConfigDuration = ConfigDuration::minutes(5),
        /// Time between two searches for such machines.
        pub orphan_interval: ConfigDuration = ConfigDuration::minutes(10),
        /// How long decisions and ended launches are kept.
        pub decision_keep: ConfigDuration = ConfigDuration::days(7),
    }
}

/// [`EstimateMethod`], as it is written in settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Estimate {
    #[default]
    Demand,
    Taskcluster,
}

impl ProvisionSettings {
    /// The limits of a decision that finds all rate limits unused.
    pub fn unused_limits(&self) -> Limits {
        let tokens =
            Tokens { pool: self.pool_boot_rate, all: self.boot_rate, regions: std::collections::BTreeMap::new() };
        Limits { tokens, ..self.limits() }
    }

    /// The limits of decisions, without tokens.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            estimate: match self.estimate {
                Estimate::Demand => EstimateMethod::Demand,
                Estimate::Taskcluster => EstimateMethod::Taskcluster,
            },
            forecast: Ratio::new(self.forecast),
            spread: Ratio::new(self.spread),
            spot_timeout: self.spot_timeout.delta(),
            interval: self.interval.delta(),
            call_size: self.call_size.max(1),
            tokens: Tokens { pool: 0, all: 0, regions: std::collections::BTreeMap::new() },
            ..Limits::default()
        }
    }
}

/// Whole seconds, as the database takes them.
pub(crate) fn seconds(duration: ConfigDuration) -> i32 {
    i32::try_from(duration.duration().as_secs()).unwrap_or(i32::MAX)
}
