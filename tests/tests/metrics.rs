//! What Prometheus scrapes, with its own parser.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    process::{Command, Stdio},
};

use protocol::id::TaskId;
use serde_json::json;
use tests::{Drover, Seed, TestDirectory, definition};

const FLAGS: [&str; 4] = ["--workers", "0", "--set", "telemetry.prometheus_listen=127.0.0.1:0"];

/// Where the log says that it listens.
fn address(folder: &TestDirectory) -> String {
    let log = fs::read_to_string(folder.path().join("drover.log")).unwrap();
    let line = log.lines().rfind(|line| line.contains("metrics are served for Prometheus")).unwrap();
    line.rsplit_once("address=").unwrap().1.trim().to_owned()
}

async fn scrape(address: &str) -> String {
    let response = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    response.error_for_status().unwrap().text().await.unwrap()
}

/// The names behind `# TYPE`.
fn families(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect()
}

/// Debian's `promtool`; without it the format is not read a second time.
fn check(text: &str) {
    let checker =
        Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut checker) = checker else {
        println!("skipped: there is no promtool (Debian: prometheus)");
        return;
    };
    checker.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let done = checker.wait_with_output().unwrap();
    let problems = String::from_utf8(done.stderr).unwrap();
    // The linter's advice about names has exit code 3: OpenTelemetry chose them.
    assert!(done.status.success() || done.status.code() == Some(3), "{problems}");
    assert!(!problems.contains("error while"), "{problems}");
}

#[tokio::test]
async fn prometheus_reads_what_is_listed_and_nothing_else() {
    let rng = Seed::choose("metrics").rng();
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &FLAGS).await;
    let id = TaskId::from_random(rng.uuid_bytes());
    drover.client().create(id, &definition("tests/metrics", &json!({}))).await.unwrap().ok();

    let text = scrape(&address(&folder)).await;
    check(&text);
    let names = families(&text);
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/monitoring/METRICS.md")).unwrap();
    let unlisted: Vec<_> =
        names.iter().filter(|name| **name != "target_info" && !page.contains(&format!("| `{name}` |"))).collect();
    assert!(unlisted.is_empty(), "deploy/monitoring/METRICS.md lacks {unlisted:?}");
    for name in ["http_server_request_duration_seconds", "drover_batcher_duration_seconds", "target_info"] {
        assert!(names.contains(name), "{names:?}");
    }
    assert!(text.contains("drover_role=\"dev\"") && text.contains("api_method=\"createTask\""), "{text}");
    drover.stop().await;
}

/// The collector cannot be reached, and a second process finds the port taken.
#[tokio::test]
async fn metrics_need_no_collector_and_a_port_that_is_taken_is_refused() {
    let folder = TestDirectory::new();
    let collector = ["--set", "telemetry.otlp_endpoint=http://127.0.0.1:9"];
    let drover = Drover::start(folder.path(), &[&FLAGS[..], &collector].concat()).await;
    let address = address(&folder);
    assert!(scrape(&address).await.contains("target_info{"));

    let setting = format!("telemetry.prometheus_listen={address}");
    let other = TestDirectory::new();
    let mut second = tests::program();
    second.args(["dev", "--listen", "127.0.0.1:0", "--workers", "0", "--set", &setting]);
    let second = second.arg("--data-dir").arg(other.path()).output().await.unwrap();
    let words = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{words}");
    assert!(words.contains("the setting `telemetry.prometheus_listen`") && words.contains(&address), "{words}");
    drover.stop().await;
}
