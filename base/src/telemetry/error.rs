//! Why telemetry cannot start.

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("the setting `telemetry.log` cannot be used: {0}")]
    Filter(String),
    #[error("the setting `telemetry.format` must be `text` or `json`, not `{0}`")]
    Format(String),
    #[error("the telemetry exporter for `{endpoint}` cannot be built: {reason}")]
    Exporter { endpoint: String, reason: String },
    #[error("the setting `telemetry.prometheus_listen`: {address} cannot be listened on: {reason}")]
    Listen { address: String, reason: String },
    #[error("logging was already started in this process")]
    Twice,
}
