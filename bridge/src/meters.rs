//! What there is to watch about a bridge.

use std::time::Duration;

use base::telemetry::{Counter, Histogram, Label};

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
}

fn of(master: &str) -> Label {
    Label::new("bridge.master", master.to_owned())
}
