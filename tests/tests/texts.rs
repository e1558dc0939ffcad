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
    expect![[r#"
        Print the completions of commands and flags for a shell

        Usage: drover completions [OPTIONS] <SHELL>

        Arguments:
          <SHELL>  The shell to write it for [possible values: bash, elvish, fish, powershell, zsh]

        Options:
          -h, --help  Print help

        Common options:
          -o, --output <OUTPUT>  How to print results: for people, or as JSON on standard output [env: DROVER_OUTPUT] [default: text] [possible values: text, json]
              --config <FILE>    The settings file, instead of `drover.toml` in the working directory [env: DROVER_CONFIG]
              --set <KEY=VALUE>  One setting, by its dotted key; may be given several times

        Examples:
          drover completions bash > ~/.local/share/bash-completion/completions/drover
          drover completions zsh > ~/.zfunc/_drover
          drover completions fish > ~/.config/fish/completions/drover.fish
    "#]].assert_eq(&text(None, &["completions", "--help"]).await);
}

#[tokio::test]
async fn the_example_of_settings_is_valid() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../drover/settings.example.toml");
    let shown = text(None, &["config", "show", "--config", file]).await;
    assert!(shown.contains("root_url = \"https://ci.example.com\""), "{shown}");
}

#[tokio::test]
async fn a_setting_is_explained_with_type_default_and_variable() {
    expect![[r#"
        database.pool_size  (whole number, by default 8)
            Connections for reads and rare commands; the hot steps have a few of their own.
            Variable: DROVER__DATABASE__POOL_SIZE

    "#]]
    .assert_eq(&text(None, &["config", "explain", "database.pool_size"]).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pending_task_is_shown_and_explained() {
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let client = drover.client();
    client.create(TASK_ID.parse().unwrap(), &definition("tests/texts", &json!({}))).await.unwrap().ok();

    expect![[r#"
        fN1SbArXTPSVFNUvaOlinQ pending a test
          queue tests/texts, group fN1SbArXTPSVFNUvaOlinQ
          deadline TIME
          run 0:  pending  pending since TIME, N s
    "#]]
    .assert_eq(&text(Some(&drover), &["task", "status", TASK_ID]).await);
    expect![[r#"
        fN1SbArXTPSVFNUvaOlinQ  pending  a test
    "#]]
    .assert_eq(&text(Some(&drover), &["group", "list", TASK_ID]).await);
    expect![[r#"
        fN1SbArXTPSVFNUvaOlinQ `a test` is pending.
        It is ready, but no worker was ever seen on the queue tests/texts; it is the next to be claimed.
          -> Start a worker for tests/texts; it needs the scope `queue:claim-work:tests/texts`. Is the queue's name right?
        queue         0 ahead (0 of higher priority), 1 pending
        workers       0 known on tests/texts, 0 alive, 0 in quarantine
        runs          1 so far, 5 of 5 retries left
        deadline      TIME (N min ahead)
    "#]].assert_eq(&text(Some(&drover), &["explain", TASK_ID]).await);

    drover.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_names_every_fault_with_its_pointer() {
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let client = drover.client();
    let mut refused = client.post("task/fN1SbArXTPSVFNUvaOlinA/runs/0/claim", &json!({ "workerId": 5 })).await.unwrap();
    refused.body["requestInfo"]["time"] = Value::Null;
    let error = serde_json::to_string_pretty(&refused.body).unwrap();
    expect![[r#"
        {
          "code": "InputValidationError",
          "details": {
            "faults": [
              {
                "expected": "be given",
                "got": "nothing",
                "pointer": "/payload/workerGroup"
              },
              {
                "expected": "be of type string",
                "got": "5",
                "pointer": "/payload/workerId"
              }
            ]
          },
          "message": "\nSchema Validation Failed!\nRejecting Schema: /schemas/queue/v1/task-claim-request.json#\nErrors:\n  * data/workerGroup must be given; got nothing\n  * data/workerId must be of type string; got 5\n\n---\n\n* method:     claimTask\n* errorCode:  InputValidationError\n* statusCode: 400\n* time:       TIME",
          "requestInfo": {
            "method": "claimTask",
            "params": {
              "runId": "0",
              "taskId": "fN1SbArXTPSVFNUvaOlinA"
            },
            "payload": {
              "workerId": 5
            },
            "time": null
          }
        }"#]].assert_eq(&without_times(&error));
    drover.stop().await;
}
