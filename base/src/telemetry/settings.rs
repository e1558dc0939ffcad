//! Settings of logs, traces and metrics.

use crate::ConfigDuration;

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
        /// Address and port for Prometheus to scrape, like `0.0.0.0:9464`: `GET /metrics` there needs no credentials, so let
        /// nobody else reach it. Port 0 takes any free one, which the log names. It works with and without a collector.
        /// Empty: nothing listens.
        pub prometheus_listen: String = String::new(),
        /// How long the last traces and metrics may take to be sent when the process ends.
        pub flush_deadline: ConfigDuration = ConfigDuration::seconds(3),
    }
}
