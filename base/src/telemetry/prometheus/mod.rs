//! `/metrics` for Prometheus, on a port of its own: whoever may scrape need not reach the API.

mod names;
mod server;
mod text;

use std::{net::TcpListener, sync::Arc, sync::Weak, time::Duration};

use opentelemetry_sdk::{
    error::OTelSdkResult,
    metrics::{InstrumentKind, ManualReader, Pipeline, Temporality, data::ResourceMetrics, reader::MetricReader},
};

pub use names::{MetricKind, prometheus_name};
pub(super) use server::Server;

use super::error::TelemetryError;

/// The address is taken before anything is started, so that a wrong one is refused with nothing begun.
pub(super) fn bind(address: &str) -> Result<TcpListener, TelemetryError> {
    let bound = TcpListener::bind(address);
    bound.map_err(|error| TelemetryError::Listen { address: address.to_owned(), reason: error.to_string() })
}

/// Collects what has been counted since the start of the process, when it is asked to.
#[derive(Debug, Clone, Default)]
pub(super) struct ScrapeReader(Arc<ManualReader>);

impl ScrapeReader {
    /// `None` once metrics have ended.
    fn scrape(&self) -> Option<String> {
        let mut metrics = ResourceMetrics::default();
        self.0.collect(&mut metrics).ok()?;
        Some(text::render(&metrics))
    }
}

/// The library takes its reader for itself, and this one is needed by the server too.
impl MetricReader for ScrapeReader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

#[cfg(test)]
mod tests;
