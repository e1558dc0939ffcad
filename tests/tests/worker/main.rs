//! A worker and a server, with real processes and real files between them.

#![allow(clippy::unwrap_used, reason = "tests")]

mod bench;
mod chain_of_trust;
mod containers;
mod dev;
mod escapes;
mod payload;
mod pool;
mod runner;
mod shell;

use bench::{Bench, payload};
use serde_json::json;

#[tokio::test]
async fn a_task_runs_and_its_files_and_log_are_kept() {
    let bench = Bench::start().await;
    let script = "echo hello; printf small > small.txt; mkdir -p out/deep; head -c 300000 /dev/zero > out/deep/large";
    let mut task = payload(script);
    task["artifacts"] = json!([
        { "type": "file", "path": "small.txt", "name": "public/small.txt" },
        { "type": "directory", "path": "out", "name": "public/out" },
    ]);
    let id = bench.task(&task, &json!({})).await;

    bench.until(id, "completed").await;

    assert_eq!(bench.artifact(id, "public/small.txt").await, b"small");
    assert_eq!(bench.artifact(id, "public/out/deep/large").await, vec![0; 300_000]);
    let log = bench.log(id).await;
    assert!(log.contains("\nhello\n") && log.contains("result completed"), "{log}");
    assert_eq!(bench.artifact(id, "public/logs/live.log").await, log.as_bytes(), "the live log leads to the whole log");
    bench.stop().await;
}

#[tokio::test]
async fn every_end_of_a_task_is_reported_as_what_it_is() {
    let bench = Bench::start().await;
    let mut retried = payload("test $RUN_ID = 1 || exit 42");
    retried["onExitStatus"] = json!({ "retry": [42] });
    let mut missing = payload("true");
    missing["artifacts"] = json!([{ "type": "file", "path": "nothing", "name": "public/nothing" }]);
    let mut slow = payload("setsid sleep 1000 & sleep 1000");
    slow["maxRunTime"] = json!(1);
    let cases = [
        (payload("exit 3"), "failed", "ended with exit code 3"),
        (payload("kill -9 $$"), "failed", "was ended by signal 9"),
        (retried, "completed", "result completed"),
        (missing, "failed", "artifact public/nothing is missing"),
        (slow, "failed", "maxRunTime of 1 s is over"),
        (json!({ "command": "true" }), "exception", "payload.command:"),
    ];
    for (payload, state, words) in cases {
        let id = bench.task(&payload, &json!({})).await;
        bench.until(id, state).await;
        let log = bench.log(id).await;
        assert!(log.contains(words), "no `{words}` in:\n{log}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn what_one_task_makes_another_finds_and_a_cache_is_kept_between_them() {
    let bench = Bench::start().await;
    let cache = json!({ "directory": "cache", "cacheName": "shared" });
    let scopes = json!(["generic-worker:cache:shared", "queue:get-artifact:public/*"]);
    let mut first = payload("echo kept > cache/note; mkdir box; echo inside > box/file; tar -czf box.tar.gz box");
    first["mounts"] = json!([cache]);
    first["artifacts"] = json!([{ "type": "file", "path": "box.tar.gz", "name": "public/box.tar.gz" }]);
    let first = bench.task(&first, &json!({ "scopes": scopes })).await;

    let content = json!({ "taskId": first, "artifact": "public/box.tar.gz" });
    let mut second = payload("cat cache/note unpacked/box/file plain");
    second["mounts"] = json!([
        cache,
        { "directory": "unpacked", "format": "tar.gz", "content": content },
        { "file": "plain", "content": { "raw": "written\n" } },
    ]);
    let second = bench.task(&second, &json!({ "scopes": scopes, "dependencies": [first] })).await;

    bench.until(second, "completed").await;
    let log = bench.log(second).await;
    assert!(log.contains("kept\ninside\nwritten\n"), "{log}");
    bench.stop().await;
}

#[tokio::test]
async fn a_long_task_keeps_its_claim_and_ends_when_it_is_cancelled() {
    let bench = Bench::start().await;
    let id = bench.task(&payload("sleep 1000"), &json!({})).await;
    bench.until(id, "running").await;
    let first = bench.taken_until(id).await;
    while bench.taken_until(id).await == first {
        bench.a_moment().await;
    }

    bench.cancel(id).await;

    // The only place is free again: the next task can run.
    let next = bench.task(&payload("true"), &json!({})).await;
    bench.until(next, "completed").await;
    assert!(bench.log(id).await.contains("stopped: "));
    bench.stop().await;
}

#[tokio::test]
async fn a_worker_that_stops_gives_its_task_back() {
    let mut bench = Bench::start().await;
    let id = bench.task(&payload("test $RUN_ID = 1 || { echo begun; sleep 1000; }"), &json!({})).await;
    bench.first_lines(id, 1).await;

    bench.stop_worker().await;
    assert_eq!(bench.reasons(id).await, ["worker-shutdown"]);

    bench.start_worker().await;
    bench.until(id, "completed").await;
    bench.stop().await;
}

#[tokio::test]
async fn the_proxy_signs_with_what_the_task_may_do() {
    let bench = Bench::start().await;
    let script = "ask() { curl -s -o /dev/null -w '%{http_code}\\n' \"$TASKCLUSTER_PROXY_URL$1\"; }
        echo asked; ask /api/queue/v1/task/$TASK_ID/status; ask /queue/v1/task/$TASK_ID/status; ask /auth/v1/scopes/current";
    let mut task = payload(script);
    task["features"] = json!({ "taskclusterProxy": true });
    let id = bench.task(&task, &json!({ "scopes": ["queue:status:*"] })).await;

    bench.until(id, "completed").await;

    // Existing clients leave out the /api; and there is no scope for the last one.
    let log = bench.log(id).await;
    assert!(log.contains("asked\n200\n200\n403\n"), "{log}");
    bench.stop().await;
}

#[tokio::test]
async fn a_run_with_an_upload_that_nobody_finished_is_not_green_but_tried_again() {
    let bench = Bench::start().await;
    // The proxy tells it when the upload has begun.
    let listed = "curl -s $TASKCLUSTER_PROXY_URL/api/queue/v1/task/$TASK_ID/runs/0/artifacts | grep -q public/half";
    let mut task = payload(&format!("until {listed}; do sleep 0.05; done"));
    task["features"] = json!({ "taskclusterProxy": true });
    let id = bench.task(&task, &json!({ "scopes": ["queue:list-artifacts:*"] })).await;
    bench.until(id, "running").await;
    bench.begin_upload(id, "public%2Fhalf").await;

    bench.until(id, "completed").await;

    assert_eq!(bench.reasons(id).await, ["intermittent-task", "completed"]);
    bench.stop().await;
}

#[tokio::test]
async fn a_worker_whose_request_can_never_be_right_ends() {
    let bench = Bench::start().await;
    let mut command = tests::program();
    command.args([
        "worker",
        "--root-url",
        bench.root_url(),
        "--task-queue-id",
        "no-queue",
        "--allow-powerful-credentials",
    ]);
    command.arg("--work-dir").arg(bench.path("refused")).env("TASKCLUSTER_CLIENT_ID", bench::ROOT.0);
    let ended = command.env("TASKCLUSTER_ACCESS_TOKEN", bench::ROOT.1).output();
    let ended = tokio::time::timeout(bench::TIMEOUT, ended).await.unwrap().unwrap();
    let words = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{words}");
    assert!(words.contains("400") && words.contains("--task-queue-id"), "{words}");
    bench.stop().await;
}
