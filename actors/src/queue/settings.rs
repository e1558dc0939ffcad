//! What an operator can set about the queue.

use std::time::Duration;

use base::settings::ConfigDuration;
use chrono::TimeDelta;

base::settings! {
    /// The queue: leases, waiting times, and batching.
    pub struct QueueSettings {
        /// How long a claim lasts before it must be renewed by reclaimTask.
        pub claim_timeout: ConfigDuration = ConfigDuration::seconds(1200),
        /// How long after a task's deadline the queue ends it. Reports still under way are accepted until then.
        pub deadline_delay: ConfigDuration = ConfigDuration::seconds(60),
        /// How far ahead a task's deadline may be; 15 minutes more are let through. Taskcluster calls it
        /// `MAX_TASK_DEADLINE_DAYS`. Graphs that train models want 20 days and more.
        pub max_deadline: ConfigDuration = ConfigDuration::days(5),
        /// How many dependencies a task may have, at most 10,000. Taskcluster calls it `TASK_MAX_DEPENDENCIES`.
        pub max_dependencies: usize = 10_000,
        /// How long after its deadline a task that does not say when it expires is kept, with what it left behind.
        pub default_expiry: ConfigDuration = ConfigDuration::days(365),
        /// Whether a worker must have finished all uploads of a run before it reports the run as completed: the answer is
        /// 409 otherwise, and names them. Drover's own workers ask for this whatever is set here.
        pub require_complete_uploads: bool = true,
        /// Worker pools whose workers begin uploads that they never finish, and may complete runs all the same: a list of
        /// `<provisionerId>/<workerType>`, where a `*` at the end stands for any rest (`["old-pool/*"]`).
        pub incomplete_uploads_allowed: Vec<String> = Vec::new(),
        /// How long claimWork waits for a task before it answers with an empty list. Clients give up after 30 s.
        pub long_poll: ConfigDuration = ConfigDuration::seconds(20),
        /// How long a request waits for the queue before it is answered with 503.
        pub request_timeout: ConfigDuration = ConfigDuration::seconds(25),
        /// Database connections for each batched operation that writes (create, claim, report); reclaim and the read of one task have one each.
        /// On two cores one makes the larger batches and is faster; up to 4 help where there are more.
        pub batch_connections: usize = 1,
        /// Most requests that one database call carries.
        pub batch: usize = 128,
        /// Most requests that may wait for one operation; one more is answered with 503.
        pub max_queued: usize = 8192,
        /// How often time-driven work (expired claims, deadlines, lost notifications) is looked for.
        pub sweep_interval: ConfigDuration = ConfigDuration::seconds(1),
    }
}

/// A whole graph may take longer than one task.
pub(super) const GRAPH_TIMEOUT: Duration = Duration::from_mins(1);

/// What a new task may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskLimits {
    pub max_deadline: TimeDelta,
    pub max_dependencies: usize,
    pub default_expiry: TimeDelta,
}

/// Longer durations make dates out of range.
const LONGEST: ConfigDuration = ConfigDuration::days(100 * 365);
/// The schema of a task allows no more.
const MOST_DEPENDENCIES: usize = 10_000;

impl QueueSettings {
    /// The limits, or which setting cannot be and why.
    pub fn task_limits(&self) -> Result<TaskLimits, String> {
        let span = |name: &str, span: ConfigDuration| match span {
            span if span < ConfigDuration::minutes(1) => {
                Err(format!("the setting `queue.{name}` must be 1m or more; it is {span}"))
            }
            span if span > LONGEST => {
                Err(format!("the setting `queue.{name}` must be {LONGEST} or less; it is {span}"))
            }
            span => Ok(span.delta()),
        };
        if !(1..=MOST_DEPENDENCIES).contains(&self.max_dependencies) {
            let given = self.max_dependencies;
            return Err(format!(
                "the setting `queue.max_dependencies` must be 1 to {MOST_DEPENDENCIES}; it is {given}"
            ));
        }
        Ok(TaskLimits {
            max_deadline: span("max_deadline", self.max_deadline)?,
            max_dependencies: self.max_dependencies,
            default_expiry: span("default_expiry", self.default_expiry)?,
        })
    }
}

impl Default for TaskLimits {
    /// Those of the settings' defaults, which a test finds to be good.
    fn default() -> Self {
        let QueueSettings { max_deadline, max_dependencies, default_expiry, .. } = QueueSettings::default();
        Self { max_deadline: max_deadline.delta(), max_dependencies, default_expiry: default_expiry.delta() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_cannot_be_are_named() {
        let words = |settings: QueueSettings| settings.task_limits().unwrap_err();
        let far = words(QueueSettings { max_deadline: ConfigDuration::days(40_000), ..QueueSettings::default() });
        assert!(far.contains("queue.max_deadline") && far.contains("36500d"), "{far}");
        let none = words(QueueSettings { default_expiry: ConfigDuration::seconds(0), ..QueueSettings::default() });
        assert!(none.contains("queue.default_expiry"), "{none}");
        for max_dependencies in [0, 10_001] {
            let many = words(QueueSettings { max_dependencies, ..QueueSettings::default() });
            assert!(many.contains("queue.max_dependencies"), "{many}");
        }
        assert_eq!(QueueSettings::default().task_limits(), Ok(TaskLimits::default()));
    }
}
