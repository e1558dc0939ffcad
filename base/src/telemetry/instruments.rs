//! Metrics, without the types of the library behind them. Where nobody reads them they cost next to nothing.

use opentelemetry::{
    global,
    metrics::{Counter as OtelCounter, Gauge as OtelGauge, Histogram as OtelHistogram},
};

/// A label of a metric: `Label::new("api.method", "createTask")`.
pub use opentelemetry::KeyValue as Label;

/// Those that OpenTelemetry names for the duration of HTTP requests, and up to the longest deadline of a request. The
/// library's own begin at 5, and would put all durations in seconds into one bucket.
const SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0];
const COUNTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

fn boundaries(unit: &str) -> &'static [f64] {
    if unit == "s" { SECONDS } else { COUNTS }
}

#[derive(Debug, Clone)]
pub struct Histogram(OtelHistogram<f64>);

impl Histogram {
    /// `unit` as UCUM writes it: `s`, `By`, `{task}`. Create metrics after `init`: those created before are not exported.
    pub fn new(part: &'static str, name: &'static str, unit: &'static str, about: &'static str) -> Self {
        let meter = global::meter(part);
        let histogram = meter.f64_histogram(name).with_unit(unit).with_description(about);
        Self(histogram.with_boundaries(boundaries(unit).to_vec()).build())
    }

    pub fn record(&self, value: f64, labels: &[Label]) {
        self.0.record(value, labels);
    }
}

#[derive(Debug, Clone)]
pub struct Counter(OtelCounter<u64>);

impl Counter {
    /// See [`Histogram::new`].
    pub fn new(part: &'static str, name: &'static str, unit: &'static str, about: &'static str) -> Self {
        Self(global::meter(part).u64_counter(name).with_unit(unit).with_description(about).build())
    }

    pub fn add(&self, count: usize, labels: &[Label]) {
        self.0.add(u64::try_from(count).unwrap_or(u64::MAX), labels);
    }
}

/// The latest recorded value is exported until another one is recorded.
#[derive(Debug, Clone)]
pub struct Gauge(OtelGauge<u64>);

impl Gauge {
    /// See [`Histogram::new`].
    pub fn new(part: &'static str, name: &'static str, unit: &'static str, about: &'static str) -> Self {
        Self(global::meter(part).u64_gauge(name).with_unit(unit).with_description(about).build())
    }

    pub fn record(&self, value: u64, labels: &[Label]) {
        self.0.record(value, labels);
    }
}
