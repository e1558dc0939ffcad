//! Metrics of the bridge; `bridge/README.md` lists them.

use std::time::Duration;

use base::telemetry::{Counter, Gauge, Histogram, Label};
use chrono::TimeDelta;
use db::bridge::{BridgeCount, BridgeState};

const SCOPE: &str = "bridge";

#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    check: Histogram,
    create: Histogram,
    resolve: Histogram,
    creates_retried: Counter,
    cancels_ignored: Counter,
    claims_late: Counter,
    requests: Counter,
    events: Counter,
    requests_open: Gauge,
    master_up: Gauge,
    builds_hanging: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let histogram = |name, about| Histogram::new(SCOPE, name, "s", about);
        let counter = |name, unit, about| Counter::new(SCOPE, name, unit, about);
        let gauge = |name, unit, about| Gauge::new(SCOPE, name, unit, about);
        Self {
            check: histogram("drover.bridge.check.duration", "Checking one group of open requests."),
            create: histogram("drover.bridge.create.duration", "From a pending run to the request at the master."),
            resolve: histogram("drover.bridge.resolve.duration", "From the end of a build to its run being resolved."),
            creates_retried: counter("drover.bridge.creates.retried", "{request}", "Creates after an unconfirmed one."),
            cancels_ignored: counter(
                "drover.bridge.cancels.ignored",
                "{request}",
                "Cancels without effect at the master.",
            ),
            claims_late: counter("drover.bridge.claims.late", "{run}", "Claims renewed within a minute of their end."),
            requests: counter("drover.bridge.requests", "{request}", "Requests that entered a state."),
            events: counter("drover.bridge.events", "{event}", "Events received from a master."),
            requests_open: gauge("drover.bridge.requests.open", "{request}", "Open requests, by state."),
            master_up: gauge(
                "drover.bridge.master.up",
                "1",
                "1 while the master answers, 0 while the circuit breaker is open.",
            ),
            builds_hanging: gauge("drover.bridge.builds.hanging", "{build}", "Builds of the master that never began."),
        }
    }

    pub(crate) fn record_check(&self, master: &str, took: Duration) {
        self.check.record(took.as_secs_f64(), &[label(master)]);
    }

    pub(crate) fn record_create(&self, master: &str, took: TimeDelta) {
        self.create.record(took.as_seconds_f64(), &[label(master)]);
    }

    pub(crate) fn record_resolve(&self, master: &str, took: TimeDelta) {
        self.resolve.record(took.as_seconds_f64(), &[label(master)]);
    }

    pub(crate) fn count_create_retried(&self, master: &str) {
        self.creates_retried.add(1, &[label(master)]);
    }

    pub(crate) fn count_cancel_ignored(&self, master: &str) {
        self.cancels_ignored.add(1, &[label(master)]);
    }

    pub(crate) fn count_claim_late(&self, master: &str) {
        self.claims_late.add(1, &[label(master)]);
    }

    pub(crate) fn count_state(&self, master: &str, state: &'static str) {
        self.requests.add(1, &[label(master), Label::new("bridge.state", state)]);
    }

    pub(crate) fn count_event(&self, master: &str) {
        self.events.add(1, &[label(master)]);
    }

    /// Recorded by the process that holds the master's lease. It records zeros when it has lost the lease.
    pub(crate) fn record_open(&self, master: &str, counts: &[BridgeCount]) {
        for (state, name) in OPEN {
            self.requests_open.record(open_in(state, counts), &[label(master), Label::new("bridge.state", name)]);
        }
    }

    pub(crate) fn record_hanging(&self, master: &str, builds: usize) {
        self.builds_hanging.record(u64::try_from(builds).unwrap_or_default(), &[label(master)]);
    }

    pub(crate) fn record_up(&self, master: &str, up: bool) {
        self.master_up.record(u64::from(up), &[label(master)]);
    }
}

const OPEN: [(BridgeState, &str); 4] = [
    (BridgeState::PendingCreate, "pending"),
    (BridgeState::Created, "created"),
    (BridgeState::Running, "running"),
    (BridgeState::Finished, "finished"),
];

/// Cancelled ones included.
fn open_in(state: BridgeState, counts: &[BridgeCount]) -> u64 {
    let counts = counts.iter().filter(|count| count.state == state);
    counts.map(|count| u64::try_from(count.requests).unwrap_or_default()).sum()
}

fn label(master: &str) -> Label {
    Label::new("bridge.master", master.to_owned())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use db::bridge::Intent;

    use super::*;

    #[test]
    fn open_requests_are_counted_whether_cancelled_or_not() {
        let count = |state, intent, requests| BridgeCount { state, intent, requests, oldest: DateTime::UNIX_EPOCH };
        let counts = [
            count(BridgeState::Running, Intent::Run, 3),
            count(BridgeState::Running, Intent::Cancel, 2),
            count(BridgeState::Resolved, Intent::Run, 9),
        ];
        assert_eq!(OPEN.map(|(state, _)| open_in(state, &counts)), [0, 0, 5, 0]);
    }
}
