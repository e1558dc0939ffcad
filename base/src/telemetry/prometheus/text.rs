//! Metrics in Prometheus' text format,
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.

use std::{collections::BTreeMap, fmt::Write};

use opentelemetry::KeyValue;
use opentelemetry_sdk::{
    Resource,
    metrics::data::{AggregatedMetrics, Histogram, Metric, MetricData, ResourceMetrics},
};

use super::names::{MetricKind, label_name, prometheus_name};

/// All series of one name: the format wants them together, also where two parts of the program count under one name.
struct Family {
    kind: MetricKind,
    help: String,
    samples: String,
}

type Families = BTreeMap<String, Family>;

pub(super) fn render(metrics: &ResourceMetrics) -> String {
    let mut families = Families::new();
    add_target(&mut families, metrics.resource());
    // The library gives them in no order, and each scrape should have the same one.
    let mut scopes: Vec<_> = metrics.scope_metrics().collect();
    scopes.sort_by_key(|scope| scope.scope().name());
    for scope in scopes {
        let name = scope.scope().name();
        for metric in scope.metrics() {
            match metric.data() {
                AggregatedMetrics::F64(data) => add(&mut families, name, metric, data),
                AggregatedMetrics::U64(data) => add(&mut families, name, metric, data),
                AggregatedMetrics::I64(data) => add(&mut families, name, metric, data),
            }
        }
    }
    let mut text = String::new();
    for (name, Family { kind, help, samples }) in &families {
        let (help, kind) = (escaped(help, false), kind.text());
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{samples}");
    }
    text
}

/// Whose metrics these are.
fn add_target(families: &mut Families, resource: &Resource) {
    let labels = resource.iter().map(|(key, value)| (label_name(key.as_str()), value.to_string()));
    let mut samples = String::new();
    sample(&mut samples, "target_info", &braced(&joined(&labels.collect())), "1");
    let help = "The process that these metrics are of.".to_owned();
    families.insert("target_info".to_owned(), Family { kind: MetricKind::Gauge, help, samples });
}

fn add<T: Number>(families: &mut Families, scope: &str, metric: &Metric, data: &MetricData<T>) {
    let kind = match data {
        MetricData::Sum(sum) if sum.is_monotonic() => MetricKind::Counter,
        MetricData::Sum(_) | MetricData::Gauge(_) => MetricKind::Gauge,
        MetricData::Histogram(_) => MetricKind::Histogram,
        // The format has no words for it, and nothing here makes one.
        MetricData::ExponentialHistogram(_) => return,
    };
    let name = prometheus_name(metric.name(), metric.unit(), kind);
    let family = families.entry(name.clone()).or_insert_with(|| {
        let help = metric.description().to_owned();
        Family { kind, help, samples: String::new() }
    });
    // Two kinds of one name are no valid text; the first stays.
    if family.kind != kind {
        return;
    }
    let samples = &mut family.samples;
    match data {
        MetricData::Gauge(gauge) => {
            for point in gauge.data_points() {
                let labels = braced(&joined(&labels(scope, point.attributes())));
                sample(samples, &name, &labels, &point.value().text());
            }
        }
        MetricData::Sum(sum) => {
            for point in sum.data_points() {
                let labels = braced(&joined(&labels(scope, point.attributes())));
                sample(samples, &name, &labels, &point.value().text());
            }
        }
        MetricData::Histogram(histogram) => add_histogram(samples, &name, scope, histogram),
        MetricData::ExponentialHistogram(_) => {}
    }
}

fn add_histogram<T: Number>(samples: &mut String, name: &str, scope: &str, histogram: &Histogram<T>) {
    for point in histogram.data_points() {
        let mut labels = labels(scope, point.attributes());
        // The name of the bucket's limit is taken.
        if let Some(own) = labels.remove("le") {
            labels.insert("exported_le".to_owned(), own);
        }
        let (labels, bucket) = (joined(&labels), format!("{name}_bucket"));
        let mut count = 0;
        for (bound, more) in point.bounds().zip(point.bucket_counts()) {
            count += more;
            sample(samples, &bucket, &format!("{{{labels},le=\"{bound}\"}}"), &count.text());
        }
        sample(samples, &bucket, &format!("{{{labels},le=\"+Inf\"}}"), &point.count().text());
        sample(samples, &format!("{name}_sum"), &braced(&labels), &point.sum().text());
        sample(samples, &format!("{name}_count"), &braced(&labels), &point.count().text());
    }
}

fn sample(samples: &mut String, name: &str, labels: &str, value: &str) {
    let _ = writeln!(samples, "{name}{labels} {value}");
}

/// The scope tells series apart that two parts of the program write under one name.
fn labels<'a>(scope: &str, attributes: impl Iterator<Item = &'a KeyValue>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from([("otel_scope_name".to_owned(), scope.to_owned())]);
    for KeyValue { key, value, .. } in attributes {
        let value = value.to_string();
        let joined = labels.entry(label_name(key.as_str()));
        joined.and_modify(|other| *other = format!("{other};{value}")).or_insert(value);
    }
    labels
}

fn joined(labels: &BTreeMap<String, String>) -> String {
    let labels: Vec<String> =
        labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value, true))).collect();
    labels.join(",")
}

fn braced(labels: &str) -> String {
    format!("{{{labels}}}")
}

fn escaped(text: &str, is_quoted: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '"' if is_quoted => escaped.push_str("\\\""),
            other => escaped.push(other),
        }
    }
    escaped
}

pub(super) trait Number: Copy {
    fn text(self) -> String;
}

impl Number for u64 {
    fn text(self) -> String {
        self.to_string()
    }
}

impl Number for i64 {
    fn text(self) -> String {
        self.to_string()
    }
}

impl Number for f64 {
    /// Large and small ones with an exponent.
    fn text(self) -> String {
        match self {
            Self::INFINITY => "+Inf".to_owned(),
            Self::NEG_INFINITY => "-Inf".to_owned(),
            other => format!("{other:?}"),
        }
    }
}
