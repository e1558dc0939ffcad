//! Telemetry: logs on standard error, with an OTLP endpoint also traces and metrics, and metrics for Prometheus to scrape.

mod context;
mod error;
mod export;
mod idle;
mod instruments;
mod lines;
mod prometheus;
mod settings;

use std::{io, net::TcpListener, sync::Arc};

use opentelemetry::{global, trace::TracerProvider};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

pub use context::{follow, traceparent};
pub use error::TelemetryError;
use export::Exporters;
pub use instruments::{Counter, Gauge, Histogram, Label};
pub use prometheus::{MetricKind, prometheus_name};
pub use settings::TelemetrySettings;

use crate::environment;

/// Sends what is still to be sent when it is dropped, within the deadline of the settings.
#[must_use = "traces and metrics are sent only while the guard lives"]
#[derive(Debug)]
pub struct Guard {
    // The server goes first: what is scraped afterwards would be an error.
    _prometheus: Option<prometheus::Server>,
    _exporters: Option<Exporters>,
}

/// Starts logging, and export where an endpoint is set. `role` distinguishes the processes of one installation.
/// Once per process, before anything that logs.
pub fn init(settings: &TelemetrySettings, role: &str) -> Result<Guard, TelemetryError> {
    start(settings, role, log_layer(settings)?)
}

/// The same with each log line as a JSON object, flat, for this function instead of standard error.
pub fn init_with_lines(
    settings: &TelemetrySettings,
    role: &str,
    write: impl Fn(&[u8]) + Send + Sync + 'static,
) -> Result<Guard, TelemetryError> {
    let write: lines::Write = Arc::new(write);
    let lines = fmt::layer().with_writer(move || lines::LineWriter::new(write.clone()));
    start(settings, role, lines.json().flatten_event(true).with_filter(log_filter(settings)?).boxed())
}

fn start(settings: &TelemetrySettings, role: &str, log: LogLayer) -> Result<Guard, TelemetryError> {
    let listener = Some(&settings.prometheus_listen).filter(|address| !address.is_empty());
    let listener = listener.map(|address| prometheus::bind(address)).transpose()?;
    let reader = listener.as_ref().map(|_| prometheus::ScrapeReader::default());
    let exporters = Exporters::build(settings, role, reader.clone())?;
    let spans = exporters
        .as_ref()
        .and_then(|exporters| exporters.traces.as_ref())
        .map(|traces| tracing_opentelemetry::layer().with_tracer(traces.tracer("drover")).with_filter(exported()));
    let layers = Registry::default().with(log).with(spans);
    layers.try_init().map_err(|_| TelemetryError::Twice)?;
    if let Some(exporters) = &exporters {
        global::set_meter_provider(exporters.metrics.clone());
    }
    let prometheus = listener.zip(reader).map(|(listener, reader)| serve(listener, reader)).transpose()?;
    Ok(Guard { _prometheus: prometheus, _exporters: exporters })
}

fn serve(listener: TcpListener, reader: prometheus::ScrapeReader) -> Result<prometheus::Server, TelemetryError> {
    let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let server = prometheus::Server::start(listener, reader)
        .map_err(|error| TelemetryError::Listen { address, reason: error.to_string() })?;
    tracing::info!(address = %server.address, "metrics are served for Prometheus");
    Ok(server)
}

type LogLayer = Box<dyn Layer<Registry> + Send + Sync>;

fn log_filter(settings: &TelemetrySettings) -> Result<EnvFilter, TelemetryError> {
    EnvFilter::try_new(&settings.log).map_err(|error| TelemetryError::Filter(error.to_string()))
}

fn log_layer(settings: &TelemetrySettings) -> Result<LogLayer, TelemetryError> {
    let filter = log_filter(settings)?;
    let lines = fmt::layer().with_writer(io::stderr);
    match settings.format.as_str() {
        "text" => Ok(lines.with_ansi(has_colours()).with_filter(filter).boxed()),
        "json" => Ok(lines.json().flatten_event(true).with_filter(filter).boxed()),
        other => Err(TelemetryError::Format(other.to_owned())),
    }
}

/// Standard error is a terminal, and colours are not disabled (<https://no-color.org>).
fn has_colours() -> bool {
    io::IsTerminal::is_terminal(&io::stderr()) && environment::variable("NO_COLOR").is_none()
}

/// Without ractor's span per actor, which never ends, and without spans of the export itself, which would be exported again.
fn exported() -> Targets {
    let silent =
        ["ractor", "opentelemetry", "opentelemetry_sdk", "opentelemetry_otlp", "hyper", "hyper_util", "reqwest"];
    Targets::new().with_default(LevelFilter::INFO).with_targets(silent.map(|target| (target, LevelFilter::OFF)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_log_format_is_refused() {
        let settings = TelemetrySettings { format: "yaml".to_owned(), ..TelemetrySettings::default() };
        let refused = log_layer(&settings).err().map(|error| error.to_string());
        assert_eq!(refused.as_deref(), Some("the setting `telemetry.format` must be `text` or `json`, not `yaml`"));
    }

    #[test]
    fn spans_of_ractor_are_not_exported() {
        assert!(!exported().would_enable("ractor::actor", &tracing::Level::ERROR));
        assert!(exported().would_enable("actors::queue", &tracing::Level::INFO));
    }
}
