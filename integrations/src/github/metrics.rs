//! Metrics of GitHub.

use base::telemetry::{Counter, Histogram, Label};
use chrono::TimeDelta;
use protocol::github::ReportKind;

const SCOPE: &str = "github";

#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    deliveries: Counter,
    delivery_duration: Histogram,
    reports: Counter,
    report_delay: Histogram,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let deliveries = "Deliveries handled, by outcome.";
        let duration = "From a delivery being taken in to its being handled.";
        let reports = "Attempts to send a report to GitHub, by kind and outcome.";
        let delay = "From a report being changed to GitHub having it.";
        Self {
            deliveries: Counter::new(SCOPE, "drover.github.deliveries", "{delivery}", deliveries),
            delivery_duration: Histogram::new(SCOPE, "drover.github.delivery.duration", "s", duration),
            reports: Counter::new(SCOPE, "drover.github.reports", "{attempt}", reports),
            report_delay: Histogram::new(SCOPE, "drover.github.report.delay", "s", delay),
        }
    }

    pub(super) fn delivery(&self, outcome: &'static str, age: TimeDelta) {
        self.deliveries.add(1, &[Label::new("outcome", outcome)]);
        self.delivery_duration.record(age.as_seconds_f64(), &[]);
    }

    /// `age`: of what was sent.
    pub(super) fn report(&self, kind: ReportKind, outcome: &'static str, age: Option<TimeDelta>) {
        let kind = Label::new("report.kind", kind.as_str());
        self.reports.add(1, &[kind.clone(), Label::new("outcome", outcome)]);
        if let Some(age) = age {
            self.report_delay.record(age.as_seconds_f64(), &[kind]);
        }
    }
}
