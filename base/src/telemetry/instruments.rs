//! Metrics, without the types of the library behind them. Without an OTLP endpoint they cost next to nothing.

use opentelemetry::{
    global,
    metrics::{Counter as OtelCounter, Gauge as OtelGauge, Histogram as OtelHistogram},
};

/// A label of a metric: `Label::new("api.method", "createTask")`.
pub use opentelemetry::KeyValue as Label;

#[derive(Debug, Clone)]
pub struct Histogram(OtelHistogram<f64>);

impl Histogram {
    /// `unit` as UCUM writes it: `s`, `By`, `{task}`. Create metrics after `init`: those created before are not exported.
    pub fn new(part: &'static str, name: &'static str, unit: &'static str, about: &'static str) -> Self {
        Self(global::meter(part).f64_histogram(name).with_unit(unit).with_description(about).build())
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
