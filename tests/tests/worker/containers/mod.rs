//! Tasks with docker-worker's payload, in real containers of real images.

mod escapes;
mod image;
mod registry;
mod sources;

use std::{ffi::OsStr, path::Path, process::Command};

use protocol::id::TaskId;
use serde_json::{Value, json};

use self::image::{Entry, ImageParts, layer};
use crate::bench::{Bench, WorkerUser};

/// Where tests can be that need root, podman and a static busybox.
fn is_possible() -> bool {
    let has_podman = Command::new("podman").arg("--version").output().is_ok_and(|output| output.status.success());
    let is_possible = base::environment::is_root() && has_podman && Path::new("/bin/busybox").exists();
    if !is_possible {
        eprintln!("skipped: containers need root, podman and a static busybox");
    }
    is_possible
}

/// With a worker that runs containers, and these flags.
async fn bench_with(flags: &[&str]) -> Bench {
    bench_of(1, flags).await
}

/// With one that runs so many tasks at the same time.
async fn bench_of(capacity: u8, flags: &[&str]) -> Bench {
    let mut bench = Bench::start_as(WorkerUser::Ours, capacity).await;
    let mut all: Vec<&OsStr> = vec!["--isolation".as_ref(), "container".as_ref()];
    all.extend(flags.iter().map(OsStr::new));
    bench.restart_with(&all).await;
    bench
}

/// An artifact of a task that did nothing else.
async fn stored(bench: &Bench, archive: &[u8], more: &Value) -> TaskId {
    let id = bench.task(&crate::bench::payload("exec sleep 1000"), more).await;
    bench.until(id, "running").await;
    bench.store(id, "public/image.tar", archive).await;
    bench.cancel(id).await;
    id
}

fn image_of(id: TaskId) -> Value {
    json!({ "type": "task-image", "taskId": id, "path": "public/image.tar" })
}

fn payload_in(image: &Value, script: &str) -> Value {
    json!({ "image": image, "command": ["sh", "-c", script], "maxRunTime": 60 })
}

/// With the scope to read images.
async fn run(bench: &Bench, payload: &Value, more: &Value) -> TaskId {
    let mut more = more.clone();
    let mut scopes = more["scopes"].as_array().cloned().unwrap_or_default();
    scopes.push(json!("queue:get-artifact:public/*"));
    more["scopes"] = json!(scopes);
    bench.task(payload, &more).await
}

async fn log_of(bench: &Bench, payload: &Value, more: &Value, state: &str) -> String {
    let id = run(bench, payload, more).await;
    bench.until(id, state).await;
    bench.log(id).await
}

#[tokio::test]
async fn a_task_runs_in_its_image_as_docker_would_run_it() {
    if !is_possible() {
        return;
    }
    let bench = bench_with(&[]).await;
    let config = json!({
        "Env": ["PATH=/bin", "OF_THE_IMAGE=yes", "BOTH=image"], "User": "worker", "WorkingDir": "/builds/worker",
        "Entrypoint": ["/bin/sh", "-c", "echo entered by \"$@\"; exec \"$@\"", "entry"], "Cmd": ["id"],
    });
    let upper = layer(&[
        ("builds", Entry::Directory(0, 0o755)),
        ("builds/worker", Entry::Directory(1000, 0o755)),
        ("builds/worker/added", Entry::File(1000, 0o600, b"by a layer\n")),
        ("builds/worker/.wh.note", Entry::File(0, 0o644, b"")),
    ]);
    let parts = ImageParts::new(vec![image::base_layer(), upper], config);
    let image = image_of(stored(&bench, &parts.docker_archive(Some("example.com/a:b")), &json!({})).await);
    let script = "id; pwd; echo $OF_THE_IMAGE $BOTH $HOME $TASK_ID; cat added; ls note; hostname
        touch made && mkdir artifacts && echo kept > artifacts/file && ln -s /builds/worker/artifacts/file /builds/worker/link
        ln -s /etc/shadow artifacts/nowhere; grep '0 *1' /proc/self/uid_map";
    let mut task = payload_in(&image, script);
    task["env"] = json!({ "BOTH": "payload" });
    task["artifacts"] = json!({
        "public/build": { "type": "directory", "path": "/builds/worker/artifacts" },
        "public/link": { "type": "file", "path": "/builds/worker/link" },
        "public/missing": { "type": "file", "path": "/nothing" },
    });
    let id = run(&bench, &task, &json!({})).await;
    bench.until(id, "completed").await;
    let log = bench.log(id).await;
    for words in [
        "isolation level container, runs as user ",
        "\nentered by sh -c ",
        "\nuid=1000(worker) gid=1000(worker)",
        "\n/builds/worker\nyes payload /builds/worker ",
        &format!("{id}\nby a layer\n"),
        "note: No such file",
        "\ntask\n",
    ] {
        assert!(log.contains(words), "no `{words}` in:\n{log}");
    }
    assert_eq!(bench.artifact(id, "public/build/file").await, b"kept\n");
    assert_eq!(bench.artifact(id, "public/link").await, b"kept\n");

    let mut own = payload_in(&image, "");
    own["command"] = json!([]);
    let log = log_of(&bench, &own, &json!({}), "completed").await;
    assert!(log.contains("\nentered by id\nuid=1000(worker)") && log.contains("which is here already"), "{log}");
    bench.stop().await;
}

#[tokio::test]
async fn a_worker_without_containers_says_what_the_payload_needs() {
    let bench = Bench::start().await;
    let id = run(&bench, &payload_in(&json!("busybox"), "true"), &json!({})).await;
    bench.until(id, "exception").await;
    assert_eq!(bench.reasons(id).await, ["malformed-payload"]);
    let log = bench.log(id).await;
    assert!(log.contains("payload.image: needs a worker of isolation level `container`, and this one has `"), "{log}");
    bench.stop().await;
}

#[tokio::test]
async fn a_cache_is_kept_with_its_owners_and_takes_a_scope() {
    if !is_possible() {
        return;
    }
    let bench = bench_with(&[]).await;
    let parts = ImageParts::small(json!({ "Env": ["PATH=/bin"] }));
    let image = image_of(stored(&bench, &parts.docker_archive(None), &json!({})).await);
    let with = |script: &str| {
        let mut task = payload_in(&image, script);
        task["cache"] = json!({ "level-1-checkouts": "/builds/worker/checkouts" });
        task
    };
    let scopes = json!({ "scopes": ["docker-worker:cache:level-1-*"] });
    let script =
        "cd /builds/worker/checkouts && echo kept > note && chown worker:worker . note && touch root && ls -ln";
    log_of(&bench, &with(script), &scopes, "completed").await;
    let log = log_of(&bench, &with("cd /builds/worker/checkouts; ls -lan; cat note"), &scopes, "completed").await;
    assert!(log.contains("(used before)") && log.contains("\nkept\n"), "{log}");
    let owners: Vec<&str> = log.lines().filter(|line| line.starts_with(['d', '-'])).collect();
    assert!(owners.iter().any(|line| line.contains("1000     1000") && line.ends_with(" note")), "{log}");
    assert!(owners.iter().any(|line| line.contains("0        0") && line.ends_with(" root")), "{log}");

    let log = log_of(&bench, &with("true"), &json!({}), "exception").await;
    assert!(log.contains("add `docker-worker:cache:level-1-checkouts` to the task's `scopes`"), "{log}");
    let generic = json!({ "scopes": ["generic-worker:cache:*"], "retries": 0 });
    log_of(&bench, &with("true"), &generic, "exception").await;
    // Ordinary tasks run beside them, with caches of their own.
    let mut ordinary = crate::bench::payload("ls cache; test ! -e cache/note");
    ordinary["mounts"] = json!([{ "directory": "cache", "cacheName": "level-1-checkouts" }]);
    let log = log_of(&bench, &ordinary, &generic, "completed").await;
    assert!(log.contains("(new)"), "{log}");
    bench.stop().await;
}

#[tokio::test]
async fn exit_codes_and_limits_mean_what_they_mean_elsewhere() {
    if !is_possible() {
        return;
    }
    let bench = bench_with(&[]).await;
    let parts = ImageParts::small(json!({ "Env": ["PATH=/bin"] }));
    let image = image_of(stored(&bench, &parts.docker_archive(None), &json!({})).await);
    let mut retried = payload_in(&image, "test $RUN_ID = 1 || exit 72");
    retried["onExitStatus"] = json!({ "retry": [72], "purgeCaches": [72] });
    let mut slow = payload_in(&image, "echo kept > /kept; sleep 1000 & sleep 1000");
    slow["maxRunTime"] = json!(1);
    slow["artifacts"] = json!({ "public/kept": { "type": "file", "path": "/kept" } });
    let mut unknown = payload_in(&image, "");
    unknown["command"] = json!(["/nothing/there"]);
    let mut none = payload_in(&image, "");
    none["command"] = json!([]);
    let full = "head -c 50000000 /dev/zero > /one; head -c 50000000 /dev/zero > /two; exec sleep 1000";
    for (task, state, words) in [
        (payload_in(&image, "exit 3"), "failed", "ended with exit code 3"),
        (retried, "completed", "result completed"),
        (unknown, "failed", "command 0 could not be started: No such file"),
        (none, "exception", "payload.command: the image has no command of its own"),
        (payload_in(&image, full), "failed", "disk limit of"),
    ] {
        let log = log_of(&bench, &task, &json!({}), state).await;
        assert!(log.contains(words), "no `{words}` in:\n{log}");
    }
    let id = run(&bench, &slow, &json!({})).await;
    bench.until(id, "failed").await;
    assert!(bench.log(id).await.contains("maxRunTime of 1 s is over"));
    assert_eq!(bench.artifact(id, "public/kept").await, b"kept\n", "artifacts are stored all the same");
    bench.stop().await;
}

#[tokio::test]
async fn the_proxy_of_a_task_is_reached_from_its_container_and_nothing_else_is() {
    if !is_possible() {
        return;
    }
    let bench = bench_with(&[]).await;
    let parts = ImageParts::small(json!({ "Env": ["PATH=/bin"] }));
    let image = image_of(stored(&bench, &parts.docker_archive(None), &json!({})).await);
    let script = "wget -q -O - $TASKCLUSTER_PROXY_URL/api/queue/v1/ping; echo; ping -c 1 -W 1 taskcluster > /dev/null; cat /etc/hosts
        for port in $API_PORT 5432 5672; do nc -w 1 127.0.0.1 $port < /dev/null && echo REACHED; done; ip route; ls /sys/class/net; true";
    let mut task = payload_in(&image, script);
    task["features"] = json!({ "taskclusterProxy": true });
    task["env"] = json!({ "API_PORT": bench.root_url().rsplit(':').next().unwrap() });
    let log = log_of(&bench, &task, &json!({}), "completed").await;
    assert!(log.contains("\"alive\"") && log.contains("127.0.0.1 localhost"), "{log}");
    assert!(!log.contains("\nREACHED"), "{log}");
    bench.stop().await;
}

/// What a container could leave: processes, mounts, files.
fn left(bench: &Bench, id: TaskId, mark: &str) -> Vec<String> {
    let mut left = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&line).contains(mark) {
            left.push(format!("process {}", entry.path().display()));
        }
    }
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    let work = bench.path("work").display().to_string();
    left.extend(mounts.lines().filter(|line| line.contains(&work)).map(str::to_owned));
    let directory = bench.path(&format!("work/tasks/{id}-0"));
    left.extend(directory.exists().then(|| directory.display().to_string()));
    left
}

#[tokio::test]
async fn nothing_of_a_container_is_left_not_even_when_its_worker_is_killed() {
    if !is_possible() {
        return;
    }
    let mut bench = bench_with(&[]).await;
    let parts = ImageParts::small(json!({ "Env": ["PATH=/bin"] }));
    let image = image_of(stored(&bench, &parts.docker_archive(None), &json!({})).await);
    let script =
        "(setsid sh -c \"trap '' TERM HUP; sleep 6.4321\" &) ; setsid sleep 6.4321 & sleep 0.2; echo made > /file";
    let id = run(&bench, &payload_in(&image, script), &json!({})).await;
    bench.until(id, "completed").await;
    assert!(bench.log(id).await.contains("processes that were still running"));
    let next = run(&bench, &payload_in(&image, "test ! -e /file"), &json!({})).await;
    bench.until(next, "completed").await;
    assert_eq!(left(&bench, id, "6.4321"), Vec::<String>::new());

    let id =
        run(&bench, &payload_in(&image, "echo begun; setsid sleep 7.4321 & exec sleep 7.4321000"), &json!({})).await;
    bench.until_log(id, "\nbegun\n").await;
    bench.kill_worker().await;
    bench.start_worker().await;
    let next = run(&bench, &payload_in(&image, "true"), &json!({})).await;
    bench.until(next, "completed").await;
    assert_eq!(left(&bench, id, "7.4321"), Vec::<String>::new());
    bench.stop().await;
}

#[tokio::test]
async fn a_shell_is_in_the_container() {
    if !is_possible() {
        return;
    }
    let bench = bench_with(&[]).await;
    let parts = ImageParts::small(json!({ "Env": ["PATH=/bin"], "User": "worker" }));
    let image = image_of(stored(&bench, &parts.docker_archive(None), &json!({})).await);
    let mut task = payload_in(&image, "until test -e /tmp/done; do sleep 0.1; done");
    task["features"] = json!({ "interactive": true });
    let id = run(&bench, &task, &json!({})).await;
    let (mut input, mut output) = crate::shell::open(&bench, id).await;
    input.send(b"id; tty; touch /tmp/done; echo al''l\n").await.unwrap();
    let text = crate::shell::until(&mut output, "all\r\n").await;
    assert!(text.contains("uid=1000(worker)") && text.contains("/dev/pts/"), "{text}");
    bench.until(id, "completed").await;
    bench.stop().await;
}
