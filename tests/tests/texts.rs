//! Texts that people and programs read, compared whole. `UPDATE_EXPECT=1` rewrites them after a change that is meant.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::Output;

use expect_test::expect;
use regex::Regex;
use serde_json::{Value, json};
use tests::{Drover, TestDirectory, definition, program};

const TASK_ID: &str = "fN1SbArXTPSVFNUvaOlinQ";

/// The text that a command prints, with `TIME` in place of times and `N` in place of durations.
async fn text(drover: Option<&Drover>, arguments: &[&str]) -> String {
    let mut command = program();
    command.args(arguments);
    if let Some(drover) = drover {
        command.envs(drover.variables());
    }
    let Output { stdout, stderr, .. } = command.output().await.unwrap();
    let text = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    without_times(&text)
}

fn without_times(text: &str) -> String {
    let times = Regex::new(r"\d{4}-\d\d-\d\dT[\d:.]+Z").unwrap().replace_all(text, "TIME").into_owned();
    Regex::new(r"\b\d+ (s|min)\b").unwrap().replace_all(&times, "N $1").into_owned()
}

#[tokio::test]
async fn a_help_page_has_options_and_examples() {
    expect![[""]].assert_eq(&text(None, &["completions", "--help"]).await);
}

#[tokio::test]
async fn the_example_of_settings_is_valid() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../drover/settings.example.toml");
    let shown = text(None, &["config", "show", "--config", file]).await;
    assert!(shown.contains("root_url = \"https://ci.example.com\""), "{shown}");
}

#[tokio::test]
async fn a_setting_is_explained_with_type_default_and_variable() {
    expect![[""]].assert_eq(&text(None, &["config", "explain", "database.pool_size"]).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pending_task_is_shown_and_explained_and_errors_have_their_form() {
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let client = drover.client();
    client.create(TASK_ID.parse().unwrap(), &definition("tests/texts", &json!({}))).await.unwrap().ok();

    expect![[""]].assert_eq(&text(Some(&drover), &["task", "status", TASK_ID]).await);
    expect![[""]].assert_eq(&text(Some(&drover), &["group", "list", TASK_ID]).await);
    expect![[""]].assert_eq(&text(Some(&drover), &["explain", TASK_ID]).await);

    let mut refused = client.post("task/fN1SbArXTPSVFNUvaOlinA/runs/0/claim", &json!({ "workerId": 5 })).await.unwrap();
    refused.body["requestInfo"]["time"] = Value::Null;
    let error = serde_json::to_string_pretty(&refused.body).unwrap();
    expect![[""]].assert_eq(&without_times(&error));
    drover.stop().await;
}
