//! The list of metrics: what the code declares, under the names that alerts, dashboards and queries use.

use std::{collections::BTreeMap, fmt::Write, fs};

use base::telemetry::{MetricKind, prometheus_name};
use regex::{Captures, Regex};

use crate::{files::files, metadata::root};

const PAGE: &str = "deploy/monitoring/METRICS.md";
const HEAD: &str = "\
# Metrics

Written by the test that checks it, under `UPDATE=1 cargo nextest run -p tests -E 'binary(tidy)'`. Every series also has the label
`otel_scope_name`, the part of the program that counts; `target_info` has those of the process. A histogram has series with `_bucket`,
`_sum` and `_count` behind its name.

| Prometheus | OTLP | kind | unit | what |
|---|---|---|---|---|
";

struct Metric {
    otlp: String,
    kind: MetricKind,
    unit: String,
    about: String,
}

impl Metric {
    fn line(&self) -> (String, String) {
        let Self { otlp, kind, unit, about } = self;
        let name = prometheus_name(otlp, unit, *kind);
        let kind = format!("{kind:?}").to_lowercase();
        let about = about.trim_end_matches('.').replace('|', "\\|");
        let line = format!("| `{name}` | `{otlp}` | {kind} | `{unit}` | {about} |");
        (name, line)
    }
}

fn kind(word: &str) -> MetricKind {
    match word {
        "Counter" => MetricKind::Counter,
        "Gauge" => MetricKind::Gauge,
        _ => MetricKind::Histogram,
    }
}

/// The metrics of one file: `Counter::new(part, "name", "unit", "about")`, and calls of closures around it.
fn declared(text: &str) -> Vec<Metric> {
    const TEXT: &str = r#""((?:[^"\\]|\\[\s\S])*)""#;
    let pattern = |text: &str| Regex::new(&text.replace("TEXT", TEXT)).unwrap();
    let direct = pattern(r"\b(Counter|Gauge|Histogram)::new\(\s*[^,()]+,\s*TEXT,\s*TEXT,\s*(?:TEXT|(\w+))");
    let closure = Regex::new(
        r#"let (\w+) = \|([^|]+)\|\s*(Counter|Gauge|Histogram)::new\([^,]+, name, (?:unit|"([^"]*)"), about\)"#,
    );
    let mut metrics: Vec<Metric> = direct
        .captures_iter(text)
        .map(|found| Metric {
            otlp: found[2].to_owned(),
            kind: kind(&found[1]),
            unit: found[3].to_owned(),
            about: about(text, &found),
        })
        .collect();
    for closure in closure.unwrap().captures_iter(text) {
        let takes_unit = closure[2].contains("unit");
        let call = format!(r"\b{}\(\s*TEXT,\s*TEXT(?:,\s*TEXT)?", &closure[1]);
        metrics.extend(pattern(&call).captures_iter(text).map(|found| {
            let second = found[2].to_owned();
            let (unit, about) =
                if takes_unit { (second, found[3].to_owned()) } else { (closure[4].to_owned(), second) };
            Metric { otlp: found[1].to_owned(), kind: kind(&closure[3]), unit, about: whole(&about) }
        }));
    }
    metrics
}

/// Its own text, or that of the variable or constant that it names.
fn about(text: &str, found: &Captures) -> String {
    if let Some(own) = found.get(4) {
        return whole(own.as_str());
    }
    let before = &text[..found.get(0).unwrap().start()];
    let variable = Regex::new(&format!(r#"\b{}(?:: &str)?\s*=\s*"((?:[^"\\]|\\[\s\S])*)""#, &found[5])).unwrap();
    variable.captures_iter(before).last().map(|found| whole(&found[1])).unwrap_or_default()
}

/// A text of several lines in one.
fn whole(text: &str) -> String {
    Regex::new(r"\\\n\s*").unwrap().replace_all(text, "").into_owned()
}

#[test]
fn the_list_of_metrics_is_that_of_the_code() {
    let mut lines = BTreeMap::new();
    for (name, text) in
        files(".rs").into_iter().filter(|(name, _)| name.contains("/src/") && !name.starts_with("tests/"))
    {
        for metric in declared(&text).into_iter().filter(|_| !name.starts_with("base/")) {
            assert!(metric.about.len() > 5, "{name}: {} does not say what it counts", metric.otlp);
            let (name, line) = metric.line();
            lines.entry(name).or_insert(line);
        }
    }
    assert!(lines.len() > 40, "{} metrics", lines.len());
    let mut page = HEAD.to_owned();
    for line in lines.values() {
        writeln!(page, "{line}").unwrap();
    }
    let path = root().join(PAGE);
    if base::environment::variable("UPDATE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page, "{PAGE} is stale; write it anew with UPDATE=1");
}

#[test]
fn metrics_are_found_however_they_are_declared() {
    let text = r#"
        let about = "Made \
                     here.";
        Counter::new("part", "a.b", "{x}", about);
        Histogram::new(
            SCOPE,
            "c",
            "s",
            "Time.",
        );
        let gauge = |name, about| Gauge::new("part", name, "1", about);
        gauge("d", "Part.");
    "#;
    let names: Vec<(String, String)> =
        declared(text).iter().map(|metric| (metric.line().0, metric.about.clone())).collect();
    let expected = [("a_b_total", "Made here."), ("c_seconds", "Time."), ("d_ratio", "Part.")];
    assert_eq!(names, expected.map(|(name, about)| (name.to_owned(), about.to_owned())));
}
