//! Telemetry: logs on standard error, and with an OTLP endpoint also traces and metrics.

mod context;
mod export;
mod idle;
mod instruments;
mod lines;

use std::{io, sync::Arc};

use opentelemetry::{global, trace::TracerProvider};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

pub use context::{follow, traceparent};
use export::Exporters;
pub use instruments::{Counter, Gauge, Histogram, Label};

use crate::{ConfigDuration, environment};

crate::settings! {
    /// Logs, traces and metrics.
    pub struct TelemetrySettings {
        /// Which log lines are written: a level (`error`, `warn`, `info`, `debug`, `trace`), or levels for single crates,
        /// like `info,actors=debug`.
        pub log: String = "info".to_owned(),
        /// How log lines look: `text` for people, `json` for machines.
        pub format: String = "text".to_owned(),
        /// Where traces and metrics go: the root address of an OTLP/HTTP collector, like `http://localhost:4318`.
        /// Empty: what the standard variable `OTEL_EXPORTER_OTLP_ENDPOINT` says, and without it nothing is sent.
        pub otlp_endpoint: String = String::new(),
        /// The part of traces that is sent, from 0 to 1. A trace that began elsewhere keeps what was decided there.
        pub trace_ratio: f64 = 1.0,
        /// How often metrics are sent.
        pub metrics_every: ConfigDuration = ConfigDuration::seconds(15),
        /// How long the last traces and metrics may take to be sent when the process ends.
        pub flush_deadline: ConfigDuration = ConfigDuration::seconds(3),
    }
}

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("the setting `telemetry.log` cannot be used: {0}")]
    Filter(String),
    #[error("the setting `telemetry.format` must be `text` or `json`, not `{0}`")]
    Format(String),
    #[error("the telemetry exporter for `{endpoint}` cannot be built: {reason}")]
    Exporter { endpoint: String, reason: String },
    #[error("logging was already started in this process")]
    Twice,
}

/// Sends what is still to be sent when it is dropped, within the deadline of the settings.
#[must_use = "traces and metrics are sent only while the guard lives"]
#[derive(Debug)]
pub struct Guard {
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
    let exporters = Exporters::build(settings, role)?;
    let spans = exporters.as_ref().map(|exporters| {
        let tracer = exporters.traces.tracer("drover");
        tracing_opentelemetry::layer().with_tracer(tracer).with_filter(exported())
    });
    let layers = Registry::default().with(log).with(spans);
    layers.try_init().map_err(|_| TelemetryError::Twice)?;
    if let Some(exporters) = &exporters {
        global::set_meter_provider(exporters.metrics.clone());
    }
    Ok(Guard { _exporters: exporters })
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
