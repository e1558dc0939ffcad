//! What an operator can set about the reporter.

use base::settings::ConfigDuration;
use protocol::{exchanges::ExchangeNames, treeherder::Dialect};
use serde::{Deserialize, Serialize};

base::settings! {
    /// The Treeherder reporter: runs of tasks as job messages.
    pub struct TreeherderSettings {
        /// The name of this reporter. Processes with the same name share the work, of which one does it at a time; further
        /// reporters, with other prefixes or projects, need other names.
        pub name: String = "treeherder".to_owned(),
        /// First words of the routes to report: `tc-treeherder`, `tc-treeherder-stage`. A task with routes of several
        /// is reported once for each.
        pub route_prefixes: Vec<String> = vec!["tc-treeherder".to_owned()],
        /// Only these projects are reported. Empty: all.
        pub projects: Vec<String> = Vec::new(),
        /// The form of messages: `present`, what Treeherder's loader takes now; `2019`, what it took until July 2019;
        /// or `both`.
        pub dialect: Dialects = Dialects::Present,
        /// The exchange of the messages, of type topic. Empty: `treeherder/v1/jobs` in the namespace of the setting
        /// `bus.pulse_namespace`, like `exchange/taskcluster-treeherder/v1/jobs`.
        pub exchange: String = String::new(),
        /// The exchange of messages in the form of 2019 where both are sent. Empty: the same with `jobs-2019`.
        pub exchange_2019: String = String::new(),
        /// Whether tasks are reported that still wait for their dependencies. The form of 2019 cannot express them.
        pub report_unscheduled: bool = true,
        /// Whether a task that was cancelled, or missed its deadline, while it waited for its dependencies is reported
        /// as resolved. Treeherder's own ingestion does not, and shows it as unscheduled for ever.
        pub close_unscheduled: bool = false,
        /// Most artifacts of a run that are linked in its message.
        pub link_limit: u16 = 1000,
        /// Most events worked on at a time.
        pub prefetch: u16 = 200,
        /// How long the bus may take to confirm a batch before it is published again.
        pub confirm_within: ConfigDuration = ConfigDuration::seconds(10),
    }
}

/// Which forms are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dialects {
    #[serde(rename = "present")]
    Present,
    #[serde(rename = "2019")]
    Of2019,
    #[serde(rename = "both")]
    Both,
}

impl TreeherderSettings {
    /// The forms to send, each with its exchange.
    pub(super) fn exchanges(&self, names: &ExchangeNames) -> Vec<(Dialect, String)> {
        let or =
            |given: &str, name: &str| if given.is_empty() { names.of("treeherder", name) } else { given.to_owned() };
        let exchange = or(&self.exchange, "jobs");
        match self.dialect {
            Dialects::Present => vec![(Dialect::Present, exchange)],
            Dialects::Of2019 => vec![(Dialect::Of2019, exchange)],
            Dialects::Both => {
                vec![(Dialect::Present, exchange), (Dialect::Of2019, or(&self.exchange_2019, "jobs-2019"))]
            }
        }
    }
}
