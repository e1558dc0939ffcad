//! Numbers to watch, without the names of the library behind them. Without an OTLP endpoint they cost next to nothing.

use opentelemetry::{
    global,
    metrics::{Counter as OtelCounter, Gauge as OtelGauge, Histogram as OtelHistogram},
};

/// A label of a number: `Label::new("api.method", "createTask")`.
pub use opentelemetry::KeyValue as Label;

/// How long things take, or how large they are.
#[derive(Debug, Clone)]
pub struct Histogram(OtelHistogram<f64>);

impl Histogram {
    /// `unit` as UCUM writes it: `s`, `By`, `{task}`. Ask after `init`: what was made before stays silent.
    pub fn new(part: &'static str, name: &'static str, unit: &'static str, about: &'static str) -> Self {
        Self(global::meter(part).f64_histogram(name).with_unit(unit).with_description(about).build())
    }

    pub fn record(&self, value: f64, labels: &[Label]) {
        self.0.record(value, labels);
    }
}

/// How often things happen.
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

/// How many there are now. What was recorded last is told until something else is.
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
