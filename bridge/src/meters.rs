//! What there is to watch about a bridge.

use std::time::Duration;

use base::telemetry::{Counter, Gauge, Histogram, Label};
use db::bridge::{BridgeCount, BridgeState};

const PART: &str = "bridge";

#[derive(Debug, Clone)]
pub(crate) struct Meters {
    looks: Histogram,
    accepted: Histogram,
    resolved: Histogram,
    creates_repeated: Counter,
    cancels_ignored: Counter,
    claims_late: Counter,
    states: Counter,
    events: Counter,
    open: Gauge,
    up: Gauge,
    hanging: Gauge,
}

impl Meters {
    pub(crate) fn new() -> Self {
        Self {
            looks: Histogram::new(PART, "bridge.look.duration", "s", "Looking at one group of open requests."),
            accepted: Histogram::new(PART, "bridge.accept.duration", "s", "From the wish to the master's request."),
            resolved: Histogram::new(PART, "bridge.resolve.duration", "s", "From a build's end to its task's end."),
            creates_repeated: Counter::new(
                PART,
                "bridge.creates.repeated",
                "{request}",
                "Creates after an unclear one.",
            ),
            cancels_ignored: Counter::new(
                PART,
                "bridge.cancels.ignored",
                "{request}",
                "Cancels the master did not follow.",
            ),
            claims_late: Counter::new(
                PART,
                "bridge.claims.late",
                "{run}",
                "Claims renewed when they had nearly ended.",
            ),
            states: Counter::new(PART, "bridge.requests", "{request}", "Requests that came into a state."),
            events: Counter::new(PART, "bridge.events", "{event}", "Events heard from a master."),
            open: Gauge::new(PART, "bridge.requests.open", "{request}", "Requests that are followed, by state."),
            up: Gauge::new(PART, "bridge.master.up", "1", "1 while the master answers, 0 while it is left alone."),
            hanging: Gauge::new(PART, "bridge.builds.hanging", "{build}", "Builds of the master that never began."),
        }
    }

    pub(crate) fn looked(&self, master: &str, took: Duration) {
        self.looks.record(took.as_secs_f64(), &[of(master)]);
    }

    pub(crate) fn accepted(&self, master: &str, took: chrono::TimeDelta) {
        self.accepted.record(took.as_seconds_f64(), &[of(master)]);
    }

    pub(crate) fn resolved(&self, master: &str, took: chrono::TimeDelta) {
        self.resolved.record(took.as_seconds_f64(), &[of(master)]);
    }

    pub(crate) fn create_repeated(&self, master: &str) {
        self.creates_repeated.add(1, &[of(master)]);
    }

    pub(crate) fn cancel_ignored(&self, master: &str) {
        self.cancels_ignored.add(1, &[of(master)]);
    }

    pub(crate) fn claim_late(&self, master: &str) {
        self.claims_late.add(1, &[of(master)]);
    }

    pub(crate) fn came_into(&self, master: &str, state: &'static str) {
        self.states.add(1, &[of(master), Label::new("bridge.state", state)]);
    }

    pub(crate) fn heard(&self, master: &str) {
        self.events.add(1, &[of(master)]);
    }

    /// Told by the process that looks after the master; it tells of nothing once another one does.
    pub(crate) fn open(&self, master: &str, counts: &[BridgeCount]) {
        for (state, name) in OPEN {
            self.open.record(open_in(state, counts), &[of(master), Label::new("bridge.state", name)]);
        }
    }

    pub(crate) fn hanging(&self, master: &str, builds: usize) {
        self.hanging.record(u64::try_from(builds).unwrap_or_default(), &[of(master)]);
    }

    pub(crate) fn up(&self, master: &str, up: bool) {
        self.up.record(u64::from(up), &[of(master)]);
    }
}

const OPEN: [(BridgeState, &str); 4] = [
    (BridgeState::Wanted, "wanted"),
    (BridgeState::Created, "created"),
    (BridgeState::Running, "running"),
    (BridgeState::Finished, "finished"),
];

/// Those to be built and those to be cancelled together.
fn open_in(state: BridgeState, counts: &[BridgeCount]) -> u64 {
    let those = counts.iter().filter(|count| count.state == state);
    those.map(|count| u64::try_from(count.requests).unwrap_or_default()).sum()
}

fn of(master: &str) -> Label {
    Label::new("bridge.master", master.to_owned())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use db::bridge::Wanted;

    use super::*;

    #[test]
    fn open_requests_are_counted_whether_they_are_wanted_or_to_be_cancelled() {
        let count = |state, wanted, requests| BridgeCount { state, wanted, requests, oldest: DateTime::UNIX_EPOCH };
        let counts = [
            count(BridgeState::Running, Wanted::Run, 3),
            count(BridgeState::Running, Wanted::Cancel, 2),
            count(BridgeState::Resolved, Wanted::Run, 9),
        ];
        assert_eq!(OPEN.map(|(state, _)| open_in(state, &counts)), [0, 0, 5, 0]);
    }
}
