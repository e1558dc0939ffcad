//! Names of metrics and labels as Prometheus has them, by the rules of
//! <https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/>, which the exporter of the OpenTelemetry
//! Collector follows too: alerts and dashboards read either.

/// What kind of metric it is for Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    Counter,
    Gauge,
    Histogram,
}

impl MetricKind {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What the unit adds to a name. Others are added as they are written.
const UNITS: &[(&str, &str)] = &[
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    ("Hz", "hertz"),
    ("%", "percent"),
    ("1", ""),
];

const UNITS_OF_RATES: &[(&str, &str)] = &[("s", "second"), ("min", "minute"), ("h", "hour"), ("d", "day")];

/// The name under which Prometheus knows a metric: `drover.actor.restarts`, a counter, is `drover_actor_restarts_total`. A
/// histogram has series with `_bucket`, `_sum` and `_count` behind it.
pub fn prometheus_name(name: &str, unit: &str, kind: MetricKind) -> String {
    let mut words = words(name);
    let (unit, rate) = unit.split_once('/').unwrap_or((unit, ""));
    add_unit(&mut words, &[], unit, UNITS);
    add_unit(&mut words, &["per"], rate, UNITS_OF_RATES);
    match (kind, unit) {
        (MetricKind::Counter, _) => move_to_end(&mut words, "total"),
        (MetricKind::Gauge, "1") => move_to_end(&mut words, "ratio"),
        _ => {}
    }
    let name = words.join("_");
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// A label's name, with what Prometheus does not take in it replaced.
pub(super) fn label_name(name: &str) -> String {
    let name = name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    match name.chars().next() {
        None => "_".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("key_{name}"),
        Some(_) => name,
    }
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != ':');
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// What is in braces says what is counted, and is no part of the name.
fn add_unit(name: &mut Vec<String>, before: &[&str], unit: &str, known: &[(&str, &str)]) {
    let unit = unit.trim();
    if unit.is_empty() || unit.contains(['{', '}']) {
        return;
    }
    let unit = known.iter().find(|(short, _)| *short == unit).map_or(unit, |(_, long)| long);
    let unit = words(unit).join("_");
    if !unit.is_empty() && !name.contains(&unit) {
        name.extend(before.iter().map(|&word| word.to_owned()));
        name.push(unit);
    }
}

fn move_to_end(name: &mut Vec<String>, word: &str) {
    name.retain(|other| other != word);
    name.push(word.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_unit_and_kind() {
        let (counter, gauge, histogram) = (MetricKind::Counter, MetricKind::Gauge, MetricKind::Histogram);
        let cases = [
            ("drover.actor.restarts", "{restart}", counter, "drover_actor_restarts_total"),
            ("http.server.request.duration", "s", histogram, "http_server_request_duration_seconds"),
            ("drover.bridge.master.up", "1", gauge, "drover_bridge_master_up_ratio"),
            ("drover.bridge.requests.open", "{request}", gauge, "drover_bridge_requests_open"),
            ("drover.total.sent", "By", counter, "drover_sent_bytes_total"),
            ("drover.request.seconds", "s", gauge, "drover_request_seconds"),
            ("drover.rate", "By/s", gauge, "drover_rate_bytes_per_second"),
            ("drover.rate", "{task}/min", gauge, "drover_rate_per_minute"),
            ("drover..odd-name/x", "foo.bar", gauge, "drover_odd_name_x_foo_bar"),
            ("9lives", "", gauge, "_9lives"),
        ];
        for (name, unit, kind, expected) in cases {
            assert_eq!(prometheus_name(name, unit, kind), expected);
        }
    }

    #[test]
    fn labels_have_names_that_prometheus_takes() {
        let cases = [("api.method", "api_method"), ("1st", "key_1st"), ("größe", "gr__e"), ("", "_")];
        for (name, expected) in cases {
            assert_eq!(label_name(name), expected);
        }
    }
}
