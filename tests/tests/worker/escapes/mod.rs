//! What a task tries that wants more than it was given. Each runs as a real task of a real worker.

pub(crate) mod attempts;
mod fetches;
mod limits;

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    net::TcpStream,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            fs::PermissionsExt,
            net::{SocketAddr, UnixListener},
        },
    },
    path::{Path, PathBuf},
    process::Command,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use protocol::id::TaskId;
use serde_json::{Value, json};

use self::attempts::{AS_ANOTHER_USER, HELPERS, IN_A_SANDBOX};
use crate::bench::{Bench, WORKER_TOKEN, WorkerUser, payload};

fn is_root() -> bool {
    base::environment::is_root()
}

/// The level that this worker is given, and below it the one of an ordinary user, where root can be both.
fn kinds() -> &'static [WorkerUser] {
    if is_root() { &[WorkerUser::Ours, WorkerUser::Ordinary] } else { &[WorkerUser::Ours] }
}

/// All in one task, which goes on after each. `task` makes the payload around a script.
pub(crate) async fn try_all(bench: &Bench, cases: &[(&str, &str)], env: &Value, task: impl Fn(&str) -> Value) {
    let attempts = cases.iter().map(|(name, script)| format!("echo \"== {name}\"\n( {script} ) 2>&1\n"));
    let script = attempts.fold(HELPERS.to_owned(), |all, one| all + &one) + "echo '== all tried'; sys 39; exit 0";
    let mut task = task(&script);
    task["env"] = env.clone();
    let id = bench.task(&task, &json!({ "scopes": ["queue:get-artifact:public/image.tar"] })).await;
    bench.until(id, "completed").await;
    let log = bench.log(id).await;
    // The command itself stands in the log, too.
    let tried = log.split("\n== ").skip(1).collect::<Vec<_>>();
    let escaped: Vec<_> = tried.iter().filter(|part| part.contains("ESCAPED")).collect();
    // The last one asks for its process id, as anybody may: so it is seen that what is tried is tried.
    let control = tried.last().filter(|part| part.starts_with("all tried"));
    assert!(control.is_some() && escaped.len() == 1, "a task could: {escaped:#?}");
    assert_eq!(escaped.first(), control.as_ref(), "{log}");
}

/// Things of the machine that a task is not to find.
pub(crate) struct Bait {
    _listener: UnixListener,
    shared: PathBuf,
    segment: String,
    pub(crate) env: Value,
}

impl Bait {
    pub(crate) fn lay(bench: &Bench) -> Self {
        let name = format!("drover-escape-{}", bench.worker_id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let listener = UnixListener::bind_addr(&address).unwrap();
        let shared = Path::new("/dev/shm").join(&name);
        fs::write(&shared, "secret").unwrap();
        let made = Command::new("ipcmk").args(["-M", "4096", "-p", "0666"]).output().unwrap();
        let segment = String::from_utf8_lossy(&made.stdout).rsplit(' ').next().unwrap_or_default().trim().to_owned();
        let addresses = fs::read_to_string("/proc/net/fib_trie").unwrap();
        let addresses: BTreeSet<&str> = addresses.lines().filter_map(|line| line.split("-- ").nth(1)).collect();
        let env = json!({
            "DATA": bench.path("data"), "WORKER_FILE": bench.path("worker.json"), "WORK": bench.path("work"),
            "TOKEN_START": &WORKER_TOKEN[..12], "API_PORT": bench.root_url().rsplit(':').next().unwrap(), "SOCKET": name,
            "SHARED": name, "SHM_ID": format!("^0x.* {segment} "),
            "ADDRESSES": addresses.into_iter().filter(|it| !it.starts_with("0.")).collect::<Vec<_>>().join(" "),
        });
        Self { _listener: listener, shared, segment, env }
    }
}

impl Drop for Bait {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.shared);
        let _ = Command::new("ipcrm").args(["-m", &self.segment]).status();
    }
}

#[tokio::test]
async fn a_task_gets_nothing_of_the_machine_the_worker_or_another_task() {
    for kind in kinds() {
        let bench = Bench::start_as(*kind, 4).await;
        let bait = Bait::lay(&bench);
        // The other task is there while they try; its log says that it has written its secret.
        let mut other = payload(
            "echo secret | tee secret /tmp/secret /dev/shm/secret; echo proxy $TASKCLUSTER_PROXY_URL; exec sleep 1000",
        );
        other["features"] = json!({ "taskclusterProxy": true });
        let other = bench.task(&other, &json!({})).await;
        let log = bench.until_log(other, "\nproxy http").await;
        let mut env = bait.env.clone();
        env["OTHER"] = json!(other);
        env["OTHER_PROXY"] = json!(log.lines().find_map(|line| line.strip_prefix("proxy ")).unwrap());
        try_all(&bench, IN_A_SANDBOX, &env, payload).await;
        if is_root() && *kind == WorkerUser::Ours {
            try_all(&bench, AS_ANOTHER_USER, &env, payload).await;
        }
        bench.cancel(other).await;
        bench.stop().await;
    }
}

/// The storage type and, of an error, the reason.
pub(crate) async fn artifact(bench: &Bench, id: TaskId, name: &str) -> String {
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
async fn links_that_a_task_leaves_in_a_cache_lead_the_next_one_nowhere() {
    let bench = Bench::start().await;
    let (secret, outside) = (bench.path("secret"), bench.path("outside"));
    fs::write(&secret, "secret").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let cache = json!({ "directory": "cache", "cacheName": "poisoned" });
    let with = |script: &str| {
        let mut task = payload(script);
        task["mounts"] = json!([cache]);
        task["env"] = json!({ "SECRET": secret });
        task
    };
    let scopes = json!({ "scopes": ["generic-worker:cache:poisoned"], "retries": 0 });
    let first = bench.task(&with("cd cache; ln -s / root; ln -s ../../../.. up; ln -s $SECRET file"), &scopes).await;
    bench.until(first, "completed").await;

    for link in ["root", "up"] {
        let mut second = with("true");
        let path = format!("cache/{link}{}", outside.display());
        second["mounts"] = json!([cache, { "file": path, "content": { "raw": "x" } }]);
        let second = bench.task(&second, &scopes).await;
        bench.until(second, "exception").await;
        assert!(!outside.exists(), "{link}: {}", bench.log(second).await);
    }
    let mut third = with("ls cache; cat cache/file && echo ESCAPED; true");
    third["artifacts"] = json!([
        { "type": "file", "path": "cache/file", "name": "public/file" },
        { "type": "directory", "path": "cache/root/etc", "name": "public/etc" },
    ]);
    let third = bench.task(&third, &scopes).await;
    bench.until(third, "failed").await;
    for name in ["public/file", "public/etc"] {
        assert_eq!(artifact(&bench, third, name).await, "error invalid-resource-on-worker", "{name}");
    }
    let log = bench.log(third).await;
    assert!(log.contains("\nroot\nup\n") && !log.contains("\nESCAPED"), "{log}");
    bench.stop().await;
}

/// As tools below the home of root are: what leads there is closed, and they are not.
#[tokio::test]
async fn tools_in_a_folder_that_others_cannot_reach_are_in_the_path_of_tasks() {
    let mut bench = Bench::start().await;
    let (home, tools) = (bench.path("home"), bench.path("home/tools"));
    fs::create_dir_all(&tools).unwrap();
    fs::write(tools.join("greet"), "#!/bin/sh\necho greeted\n").unwrap();
    fs::set_permissions(tools.join("greet"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&tools, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(home.join("private"), "secret").unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    let path = format!("PATH={}:/usr/bin:/bin", tools.display());
    bench.restart_with(&["--task-env".as_ref(), path.as_ref()]).await;
    let id = bench
        .task(&payload(&format!("greet; ls {0}; cat {0}/private && echo ESCAPED; true", home.display())), &json!({}))
        .await;
    bench.until(id, "completed").await;
    let log = bench.log(id).await;
    assert!(log.contains("\ngreeted\ntools\n") && !log.contains("\nESCAPED"), "{log}");
    if is_root() {
        fs::set_permissions(&tools, fs::Permissions::from_mode(0o700)).unwrap();
        bench.restart_with(&["--task-env".as_ref(), path.as_ref()]).await;
        let words = fs::read_to_string(bench.path("worker.log")).unwrap();
        assert!(words.contains("tasks cannot read this folder"), "{words}");
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
    for kind in kinds() {
        nothing_outlives_its_task_of(*kind).await;
    }
}

async fn nothing_outlives_its_task_of(kind: WorkerUser) {
    let bench = Bench::start_as(kind, 1).await;
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
    let log = bench.until_log(id, "\ndone\n").await;
    let statuses: Vec<&str> =
        log.lines().filter(|line| line.starts_with("http")).filter_map(|line| line.rsplit(' ').next()).collect();
    assert_eq!(statuses, ["421", "403", "403", "400", "400", "200"], "{log}");
    assert!(!log.to_lowercase().contains("access-control-"), "{log}");

    // Nobody on the machine who has read the URL in the log reaches it: it is another network.
    let url = log.lines().find_map(|line| line.strip_prefix("proxy http://")).unwrap();
    assert!(TcpStream::connect(url.split('/').next().unwrap()).is_err(), "{url}");
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
    let words = if is_root() { "isolation level user, runs as user 4" } else { "isolation level sandbox" };
    assert!(bench.log(id).await.contains(words), "{}", bench.log(id).await);
    assert!(fs::read_to_string(format!("/proc/{}/status", bench.worker_id())).unwrap().contains("Umask:\t0077"));
    bench.stop().await;
}
