//! Traces and metrics: export to a collector, and a reader for whoever scrapes.

use std::{sync::mpsc, thread, time::Duration};

use opentelemetry::KeyValue;
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    metrics::{PeriodicReader, SdkMeterProvider},
    trace::{Sampler, SdkTracerProvider},
};

use super::{error::TelemetryError, idle::WithoutIdle, prometheus::ScrapeReader, settings::TelemetrySettings};
use crate::environment;

/// Each of them enables the export.
const ENDPOINT_VARIABLES: [&str; 3] =
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"];

#[derive(Debug)]
pub(super) struct Exporters {
    /// `None`: no collector is configured.
    pub(super) traces: Option<SdkTracerProvider>,
    pub(super) metrics: SdkMeterProvider,
    deadline: Duration,
}

impl Exporters {
    /// `None`: there is neither a collector nor a `reader`.
    pub(super) fn build(
        settings: &TelemetrySettings,
        role: &str,
        reader: Option<ScrapeReader>,
    ) -> Result<Option<Self>, TelemetryError> {
        let endpoint = collector(settings);
        if endpoint.is_none() && reader.is_none() {
            return Ok(None);
        }
        let resource = resource(role);
        let mut metrics = SdkMeterProvider::builder().with_resource(resource.clone());
        if let Some(reader) = reader {
            metrics = metrics.with_reader(reader);
        }
        let mut traces = None;
        if let Some(endpoint) = endpoint {
            let refused = |error: ExporterBuildError| TelemetryError::Exporter { endpoint, reason: error.to_string() };
            let (spans, reader) = connect(settings, resource).map_err(refused)?;
            traces = Some(spans);
            metrics = metrics.with_reader(reader);
        }
        Ok(Some(Self { traces, metrics: metrics.build(), deadline: settings.flush_deadline.duration() }))
    }
}

/// The address of the collector as it is configured, for messages.
fn collector(settings: &TelemetrySettings) -> Option<String> {
    let given = Some(settings.otlp_endpoint.clone()).filter(|endpoint| !endpoint.is_empty());
    given.or_else(|| ENDPOINT_VARIABLES.iter().find_map(|name| environment::variable(name)))
}

fn resource(role: &str) -> Resource {
    Resource::builder()
        .with_service_name("drover")
        .with_attribute(KeyValue::new("drover.role", role.to_owned()))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build()
}

fn connect(
    settings: &TelemetrySettings,
    resource: Resource,
) -> Result<(SdkTracerProvider, PeriodicReader<MetricExporter>), ExporterBuildError> {
    let traces = SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.trace_ratio))))
        .with_resource(resource)
        .with_batch_exporter(WithoutIdle(span_exporter(&settings.otlp_endpoint)?))
        .build();
    let reader = PeriodicReader::builder(metric_exporter(&settings.otlp_endpoint)?)
        .with_interval(settings.metrics_every.duration())
        .build();
    Ok((traces, reader))
}

impl Drop for Exporters {
    /// In a thread of its own, because the exporters may wait for the collector longer than the process may take to end.
    fn drop(&mut self) {
        let (traces, metrics, deadline) = (self.traces.clone(), self.metrics.clone(), self.deadline);
        let (done, finished) = mpsc::channel();
        thread::spawn(move || {
            if let Some(traces) = traces {
                let _ = traces.shutdown_with_timeout(deadline);
            }
            let _ = metrics.shutdown_with_timeout(deadline);
            let _ = done.send(());
        });
        let _ = finished.recv_timeout(self.deadline);
    }
}

/// Without a configured endpoint the library reads the standard variables itself.
fn span_exporter(endpoint: &str) -> Result<SpanExporter, ExporterBuildError> {
    let exporter = SpanExporter::builder().with_http();
    if endpoint.is_empty() { exporter.build() } else { exporter.with_endpoint(signal(endpoint, "traces")).build() }
}

fn metric_exporter(endpoint: &str) -> Result<MetricExporter, ExporterBuildError> {
    let exporter = MetricExporter::builder().with_http();
    if endpoint.is_empty() { exporter.build() } else { exporter.with_endpoint(signal(endpoint, "metrics")).build() }
}

fn signal(endpoint: &str, signal: &str) -> String {
    format!("{}/v1/{signal}", endpoint.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_signal_has_its_path_below_the_root() {
        assert_eq!(signal("http://collector:4318/", "traces"), "http://collector:4318/v1/traces");
    }
}
