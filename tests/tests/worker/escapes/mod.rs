//! What a task tries that wants more than it was given. Each runs as a real task of a real worker.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use protocol::id::TaskId;
use serde_json::{Value, json};

use crate::bench::{Bench, WORKER_TOKEN, payload};

/// What a task of another user than the worker cannot do: a name, and a script that says `ESCAPED` if it can.
const AS_ANOTHER_USER: &[(&str, &str)] = &[
    ("run as root", "test $(id -u) -ge 400000 || echo ESCAPED"),
    ("keep groups of the worker", "test \"$(id -G)\" = \"$(id -g)\" || echo ESCAPED"),
    ("read the credentials of the server", "cat $DATA/credentials.json && echo ESCAPED"),
    ("list the data directory", "ls $DATA && echo ESCAPED"),
    ("read the worker's credentials file", "cat $WORKER_FILE && echo ESCAPED"),
    ("read the worker's environment", "tr '\\0' '\\n' < /proc/$PPID/environ && echo ESCAPED"),
    ("read the worker's memory", "head -c 1 /proc/$PPID/mem && echo ESCAPED; cat /proc/$PPID/maps && echo ESCAPED"),
    ("list the worker's descriptors", "ls /proc/$PPID/fd && echo ESCAPED"),
    ("end the worker", "kill -9 $PPID && echo ESCAPED"),
    ("list the tasks of the worker", "ls $HOME/../.. && echo ESCAPED"),
    ("list its own surroundings", "ls $HOME/.. && echo ESCAPED"),
    ("read another task's directory", "ls $HOME/../../$OTHER-0/task && echo ESCAPED"),
    ("read another task's file", "cat $HOME/../../$OTHER-0/task/secret && echo ESCAPED"),
    ("cut its log short", "truncate -s 0 $HOME/../private/log.txt && echo ESCAPED"),
    ("read the caches", "ls $HOME/../../../caches && echo ESCAPED"),
    ("take the locks of uids", "ls /run/drover/task-uids && echo ESCAPED"),
    ("leave its control group", "echo $$ > /sys/fs/cgroup/unified/cgroup.procs && echo ESCAPED"),
    ("gain rights by a setuid program", "grep -q 'NoNewPrivs:.1' /proc/self/status || echo ESCAPED"),
];

/// What no task can do, whoever it runs as.
const AS_ANYBODY: &[(&str, &str)] = &[
    (
        "find a token in the worker's command line",
        "tr '\\0' ' ' < /proc/$PPID/cmdline | grep -q $TOKEN_START && echo ESCAPED",
    ),
    (
        "find a token in the worker's environment",
        "tr '\\0' ' ' < /proc/$PPID/environ | grep -q $TOKEN_START && echo ESCAPED",
    ),
    (
        "inherit a descriptor",
        "for fd in /proc/$$/fd/*; do test ${fd##*/} -le 2 || readlink $fd | grep -q sh$ || echo ESCAPED $fd; done",
    ),
    (
        "cut its log by its output",
        "truncate -s 0 /proc/$$/fd/1 && echo ESCAPED; echo shown > /dev/stdout || echo ESCAPED",
    ),
];

fn is_root() -> bool {
    base::environment::is_root()
}

async fn try_all(bench: &Bench, cases: &[(&str, &str)], env: &Value) {
    let mut running = Vec::new();
    for (name, script) in cases {
        let mut task = payload(&format!("( {script} ) 2>&1; exit 0"));
        task["env"] = env.clone();
        running.push((name, bench.task(&task, &json!({})).await));
    }
    for (name, id) in running {
        bench.until(id, "completed").await;
        let log = bench.log(id).await;
        let own: Vec<&str> = log.lines().filter(|line| !line.starts_with("[drover")).collect();
        assert!(!own.iter().any(|line| line.contains("ESCAPED")), "a task could {name}:\n{log}");
    }
}

#[tokio::test]
async fn a_task_gets_nothing_of_the_worker_the_server_or_another_task() {
    let bench = Bench::start_with_capacity(4).await;
    let token_start = &WORKER_TOKEN[..12];
    if is_root() {
        // The other task is there while they try; its file says that it has written its secret.
        let other = bench.task(&payload("echo secret > secret; echo ready; exec sleep 1000"), &json!({})).await;
        bench.first_lines(other, 6).await;
        let (data, file) = (bench.path("data"), bench.path("worker.json"));
        let env = json!({ "DATA": data, "WORKER_FILE": file, "OTHER": other, "TOKEN_START": token_start });
        try_all(&bench, AS_ANOTHER_USER, &env).await;
        bench.cancel(other).await;
    } else {
        eprintln!("skipped: without root, tasks run as the worker's own user, which the worker says");
    }
    try_all(&bench, AS_ANYBODY, &json!({ "TOKEN_START": token_start })).await;
    bench.stop().await;
}

/// The storage type and, of an error, the reason.
async fn artifact(bench: &Bench, id: TaskId, name: &str) -> String {
    let list = bench.client().get(&format!("task/{id}/runs/0/artifacts")).await.unwrap().ok();
    let found = list["artifacts"].as_array().unwrap().iter().find(|artifact| artifact["name"] == name);
    let Some(found) = found else { return "nothing".to_owned() };
    let answer = bench.client().get(&format!("task/{id}/runs/0/artifacts/{}", name.replace('/', "%2F"))).await.unwrap();
    format!("{} {}", found["storageType"].as_str().unwrap(), answer.body["reason"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn no_artifact_leads_out_of_the_task_directory() {
    let bench = Bench::start().await;
    let secret = bench.path("secret");
    fs::write(&secret, "secret").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let mut task = payload(
        "ln -s $SECRET link; ln -s /proc/self/environ environ; ln -s ../private up; mkfifo pipe; mkdir dir out
         ln $SECRET hard || cp -l $SECRET hard || true
         echo inside > dir/file; ln -s file dir/inner; ln -s $SECRET dir/outer; ln -s dir/file relative",
    );
    task["env"] = json!({ "SECRET": secret });
    let file = |path: &str| json!({ "type": "file", "path": path, "name": format!("public/{path}") });
    let mut orders: Vec<Value> = ["link", "environ", "up/log.txt", "pipe", "hard", "relative"].map(file).to_vec();
    orders.push(json!({ "type": "directory", "path": "dir", "name": "public/dir" }));
    orders.push(json!({ "type": "directory", "path": "up", "name": "public/up" }));
    task["artifacts"] = json!(orders);
    let id = bench.task(&task, &json!({})).await;
    bench.until(id, "failed").await;

    for name in ["public/link", "public/environ", "public/up/log.txt", "public/pipe", "public/dir/outer", "public/up"] {
        assert_eq!(artifact(&bench, id, name).await, "error invalid-resource-on-worker", "{name}");
    }
    // Where the kernel lets nobody make such a name there is nothing to refuse.
    let hard = artifact(&bench, id, "public/hard").await;
    let refused = ["error invalid-resource-on-worker", "error file-missing-on-worker"].contains(&hard.as_str());
    assert!(refused || !is_root(), "{hard}");
    for name in ["public/relative", "public/dir/file", "public/dir/inner"] {
        assert_eq!(bench.artifact(id, name).await, b"inside\n", "{name}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn absolute_paths_and_bombs_are_malformed_payloads() {
    let bench = Bench::start().await;
    let bomb = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![0; 32 << 20]).unwrap();
        STANDARD.encode(encoder.finish().unwrap())
    };
    let artifact = |path: &str| json!({ "artifacts": [{ "type": "file", "path": path, "name": "public/x" }] });
    let mount = |mount: Value| json!({ "mounts": [mount] });
    let cases = [
        (artifact("/etc/passwd"), "is absolute"),
        (artifact("/proc/self/environ"), "is absolute"),
        (artifact("a/../../x"), "leads out"),
        (mount(json!({ "file": "/tmp/x", "content": { "raw": "x" } })), "is absolute"),
        (mount(json!({ "file": "../x", "content": { "raw": "x" } })), "leads out"),
        (mount(json!({ "file": "x", "format": "gz", "content": { "base64": bomb } })), "more than 1048576 bytes"),
    ];
    for (more, words) in cases {
        let mut task = payload("true");
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let id = bench.task(&task, &json!({})).await;
        bench.until(id, "exception").await;
        assert_eq!(bench.reasons(id).await, ["malformed-payload"], "{words}");
        assert!(bench.log(id).await.contains(words), "{words}:\n{}", bench.log(id).await);
    }
    bench.stop().await;
}

#[tokio::test]
async fn nothing_outlives_its_task() {
    if !is_root() {
        eprintln!("skipped: without root, a daemon that clears its environment is not found, which the worker says");
        return;
    }
    let bench = Bench::start().await;
    let script = "env -i setsid sh -c \"trap '' TERM HUP INT; touch $HOME/ready; while :; do sleep 5.4321; done\" &
        (setsid setsid sh -c \"trap '' TERM; sleep 5.4321; sleep 5.4321\" & )
        until test -e ready; do sleep 0.01; done";
    let id = bench.task(&payload(script), &json!({})).await;
    bench.until(id, "completed").await;
    assert!(bench.log(id).await.contains("processes that were still running"), "{}", bench.log(id).await);
    assert_eq!(running("5.4321"), 0);
    bench.stop().await;
}

/// How many processes have this in their command line.
fn running(words: &str) -> usize {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(words)).count()
}

/// The status that the proxy answers to a request as it stands; 0 where it hangs up.
fn ask(address: &str, request: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut answer = String::new();
    let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer).map(drop));
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn the_proxy_answers_only_its_own_task() {
    let bench = Bench::start().await;
    let script = r#"echo "proxy $TASKCLUSTER_PROXY_URL"
        ask() { curl -s -o answer -D headers --path-as-is -w "$1 %{http_code}\n" "$@" || echo "$1 hung up"; }
        status=$TASKCLUSTER_PROXY_URL/api/queue/v1/task/$TASK_ID/status
        host=${TASKCLUSTER_PROXY_URL%/*}
        ask $status -H 'Host: evil.example'; ask $status -H 'Origin: https://evil.example'; ask $host/api/queue/v1/ping
        ask $TASKCLUSTER_PROXY_URL//api/queue/v1/ping; ask $TASKCLUSTER_PROXY_URL/api/queue/v1/%2e%2e/ping
        ask $status; grep -i access-control headers; echo done; exec sleep 1000"#;
    let mut task = payload(script);
    task["features"] = json!({ "taskclusterProxy": true });
    let id = bench.task(&task, &json!({ "scopes": ["queue:status:*"] })).await;
    let mut lines = 13;
    let log = loop {
        let log = bench.first_lines(id, lines).await;
        if log.contains("\ndone\n") {
            break log;
        }
        lines += 1;
    };
    let statuses: Vec<&str> =
        log.lines().filter(|line| line.starts_with("http")).filter_map(|line| line.rsplit(' ').next()).collect();
    assert_eq!(statuses, ["421", "403", "403", "400", "400", "200"], "{log}");
    assert!(!log.to_lowercase().contains("access-control-"), "{log}");

    // Another user of the machine who has read the URL in the log.
    let url = log.lines().find_map(|line| line.strip_prefix("proxy http://")).unwrap();
    let (address, secret) = url.split_once('/').unwrap();
    let request = |path: &str, host: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let status = format!("/{secret}/api/queue/v1/task/{id}/status");
    assert_eq!(ask(address, &request(&status, address)), if is_root() { 0 } else { 200 });
    assert_ne!(ask(address, &request(&status, "evil.example")), 200);
    assert_ne!(ask(address, &request(&format!("/api/queue/v1/task/{id}/status"), address)), 200);
    bench.cancel(id).await;
    bench.stop().await;
}

#[tokio::test]
async fn powerful_credentials_are_refused_and_a_token_in_the_environment_is_hidden() {
    let bench = Bench::start().await;
    let (client_id, token) = ("static/tests/root", "abcdefghijklmnopqrstuvwxyz");
    let mut command = bench.worker_command("other-work");
    command.env("TASKCLUSTER_CLIENT_ID", client_id).env("TASKCLUSTER_ACCESS_TOKEN", token);
    let refused = command.stderr(std::process::Stdio::piped()).output().await.unwrap();
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{words}");
    assert!(words.contains("`*`") && words.contains("--allow-powerful-credentials"), "{words}");

    let mut command = bench.worker_command("other-work");
    command.args(["--allow-powerful-credentials", "--access-token", token, "--client-id", client_id]);
    command.env("DROVER__AUTH__ROOT_CREDENTIALS", format!("{client_id}:{token}"));
    let mut child = command.spawn().unwrap();
    let mut output = tokio::io::BufReader::new(child.stdout.take().unwrap());
    tokio::io::AsyncBufReadExt::read_line(&mut output, &mut String::new()).await.unwrap();
    for file in ["environ", "cmdline"] {
        let shown = fs::read(format!("/proc/{}/{file}", child.id().unwrap())).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&shown).contains(token), "{file}");
    }
    child.kill().await.unwrap();
    bench.stop().await;
}

/// What an operator and the owner of a task see of it.
#[tokio::test]
async fn the_log_of_a_task_says_how_it_is_isolated() {
    let bench = Bench::start().await;
    let id = bench.task(&payload("true"), &json!({})).await;
    bench.until(id, "completed").await;
    let words = if is_root() { "runs as user 4" } else { "not isolated: tasks run as the worker's own user" };
    assert!(bench.log(id).await.contains(words), "{}", bench.log(id).await);
    assert!(fs::read_to_string(format!("/proc/{}/status", bench.worker_id())).unwrap().contains("Umask:\t0077"));
    bench.stop().await;
}
