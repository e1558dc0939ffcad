//! Fields of the payload, and what becomes of them.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::bench::{Bench, payload};

#[tokio::test]
async fn content_of_an_indexed_task_is_mounted() {
    let bench = Bench::start().await;
    let mut first = payload("echo indexed > file");
    first["artifacts"] = json!([{ "type": "file", "path": "file", "name": "public/file" }]);
    let namespace = "tests.worker.latest";
    let first = bench.task(&first, &json!({ "routes": [format!("index.{namespace}")] })).await;
    bench.until(first, "completed").await;
    bench.until_indexed(namespace).await;

    let mut second = payload("cat mounted");
    let content = json!({ "namespace": namespace, "artifact": "public/file" });
    second["mounts"] = json!([{ "file": "mounted", "content": content }]);
    let scopes = json!(["index:find-task:tests.worker.*", "queue:get-artifact:public/*"]);
    let second = bench.task(&second, &json!({ "scopes": scopes })).await;
    bench.until(second, "completed").await;
    let log = bench.log(second).await;
    assert!(log.contains("\nindexed\n") && log.contains(&format!("task {first} as {namespace}")), "{log}");

    let content = json!({ "namespace": "tests.worker.nothing", "artifact": "public/file" });
    let mut third = payload("true");
    third["mounts"] = json!([{ "file": "mounted", "content": content }]);
    let third = bench.task(&third, &json!({ "scopes": scopes })).await;
    bench.until(third, "exception").await;
    assert_eq!(bench.reasons(third).await, ["malformed-payload"]);
    assert!(bench.log(third).await.contains("indexed as tests.worker.nothing"));
    bench.stop().await;
}

#[tokio::test]
async fn a_packed_artifact_is_read_unpacked_and_a_packed_mount_is_unpacked() {
    let bench = Bench::start().await;
    let mut task = payload("cat mounted; seq 50000 > numbers");
    // Of `hello\n`, as `lzip` packs it.
    let packed = STANDARD.encode(include_bytes!("hello.lz"));
    task["mounts"] = json!([{ "file": "mounted", "format": "lz", "content": { "base64": packed } }]);
    task["artifacts"] =
        json!([{ "type": "file", "path": "numbers", "name": "public/numbers", "contentEncoding": "gzip" }]);
    let id = bench.task(&task, &json!({})).await;
    bench.until(id, "completed").await;
    assert!(bench.log(id).await.contains("\nhello\n"));
    let answer = bench.raw_artifact(id, "public/numbers").await;
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    let packed = answer.bytes().await.unwrap();
    let content = std::io::read_to_string(flate2::read::GzDecoder::new(&*packed)).unwrap();
    let expected = (1..=50_000).map(|number| number.to_string() + "\n").collect::<String>();
    assert!(content == expected && packed.len() < expected.len(), "{} bytes in {}", content.len(), packed.len());
    bench.stop().await;
}

#[tokio::test]
async fn a_group_takes_a_scope_and_a_worker_with_users() {
    let bench = Bench::start().await;
    let task = |name: &str| {
        let mut task = payload("id -Gn; id -G");
        task["osGroups"] = json!([name]);
        task
    };
    let scope = |name: &str| json!({ "scopes": [format!("generic-worker:os-group:tests/worker/{name}")] });
    let is_root = base::environment::is_root();
    let cases = if is_root {
        vec![
            (
                "audio",
                json!({}),
                "payload.osGroups: the group `audio` takes a scope: add `generic-worker:os-group:tests/worker/audio`",
            ),
            ("nobody-has-it", scope("nobody-has-it"), "no group `nobody-has-it`"),
            ("root", scope("root"), "the group `root` has rights over the whole machine"),
        ]
    } else {
        vec![("audio", scope("audio"), "payload.osGroups: needs a worker of isolation level `user`")]
    };
    for (name, more, words) in cases {
        let id = bench.task(&task(name), &more).await;
        bench.until(id, "exception").await;
        assert_eq!(bench.reasons(id).await, ["malformed-payload"]);
        let log = bench.log(id).await;
        assert!(log.contains(words) && log.contains("[taskcluster:error] "), "{log}");
    }
    if is_root {
        let id = bench.task(&task("audio"), &scope("audio")).await;
        bench.until(id, "completed").await;
        let log = bench.log(id).await;
        assert!(log.lines().any(|line| line.ends_with(" audio") && line.starts_with("task-4")), "{log}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn the_log_has_the_lines_that_programs_look_for() {
    let bench = Bench::start().await;
    let mut task = payload("echo in $TASK_WORKDIR; echo at $TASKCLUSTER_WORKER_LOCATION; exit 3");
    task["supersederUrl"] = json!("https://example.com/");
    let id = bench.task(&task, &json!({})).await;
    bench.until(id, "failed").await;
    let log = bench.log(id).await;
    for words in [
        "Z] Worker Type (tests/worker) settings:\n",
        &format!("Z] Task ID: {id}\n"),
        "Z] === Task Starting ===\n",
        "Z] Executing command 0: sh -c ",
        "\nin /task\nat {\"region\":\"tests\"}\n",
        "\n[taskcluster:error] command 0 ended with exit code 3",
        "Z] === Task Finished ===\n",
        "[taskcluster:warn 2",
        "Z] payload.supersederUrl has no effect\n",
    ] {
        assert!(log.contains(words), "no `{words}` in:\n{log}");
    }
    assert!(log.starts_with("[taskcluster 2"), "{log}");
    bench.stop().await;
}
