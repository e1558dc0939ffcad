//! What an operator can set about hooks.

use base::settings::ConfigDuration;
use serde::{Deserialize, Serialize};

base::settings! {
    /// Hooks: missed dates, and which exchanges they may listen to.
    pub struct HooksSettings {
        /// What happens to dates that nothing fired at, because Drover was down: `latest` fires once for the newest of them,
        /// `none` for none, `all` for each, but for 100 of a hook at most. The others are in the history as skipped.
        pub catch_up: CatchUp = CatchUp::Latest,
        /// Dates missed for longer are skipped.
        pub catch_up_window: ConfigDuration = ConfigDuration::days(1),
        /// How long the history of fires is kept.
        pub fire_retention: ConfigDuration = ConfigDuration::days(365),
        /// How many messages wait in the queue of a hook; beyond it the oldest are dropped, and counted. A queue that exists with
        /// another length keeps it until it is deleted, as when its hook has no bindings for a while.
        pub pulse_max_length: u32 = 10_000,
        /// Exchanges that no hook may be bound to, since what it does could fire it again; a `*` at the end stands for any
        /// rest.
        pub denied_exchanges: Vec<String> = denied_exchanges(),
    }
}

/// What happens to missed dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CatchUp {
    Latest,
    None,
    All,
}

fn denied_exchanges() -> Vec<String> {
    ["exchange/taskcluster-hooks/v1/*", "exchange/taskcluster-queue/v1/task-created"].map(str::to_owned).to_vec()
}
