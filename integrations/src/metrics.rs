//! Metrics of deliveries.

use base::telemetry::{Counter, Histogram, Label};
use chrono::TimeDelta;
use protocol::notify::NotificationKind;

use crate::channel::Delivery;

const SCOPE: &str = "notify";

#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    attempts: Counter,
    delay: Histogram,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let attempts = "Attempts to deliver a notification, by kind and outcome.";
        let delay = "From a notification being stored to its being delivered.";
        Self {
            attempts: Counter::new(SCOPE, "drover.notify.attempts", "{attempt}", attempts),
            delay: Histogram::new(SCOPE, "drover.notify.delay", "s", delay),
        }
    }

    pub(crate) fn record(&self, kind: NotificationKind, delivery: &Delivery, age: TimeDelta) {
        let kind = Label::new("notification.kind", kind.as_str());
        self.attempts.add(1, &[kind.clone(), Label::new("outcome", delivery.name())]);
        if matches!(delivery, Delivery::Sent(_)) {
            self.delay.record(age.as_seconds_f64(), &[kind]);
        }
    }
}
