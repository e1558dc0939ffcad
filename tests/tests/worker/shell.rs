//! Shells in running tasks, over their socket and through `drover task shell` at a real terminal.

use std::{
    io::{Read, Write},
    os::fd::OwnedFd,
    process::Stdio,
    time::Duration,
};

use protocol::id::TaskId;
use reqwest::StatusCode;
use rustix::{
    pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use worker::shell::{self, ShellError, ShellInput, ShellOutput};

use crate::bench::{Bench, TIMEOUT, WorkerUser, payload};

fn interactive(script: &str) -> Value {
    let mut task = payload(script);
    task["features"] = json!({ "interactive": true });
    task
}

/// What a worker sends at a time.
const PIECE: usize = 4096;

/// The link of a running task.
async fn link(bench: &Bench, id: TaskId) -> String {
    bench.until(id, "running").await;
    let name = shell::ARTIFACT.replace('/', "%2F");
    let found = async {
        loop {
            let answer = bench.client().get(&format!("task/{id}/artifact-content/{name}")).await.unwrap();
            if let Some(url) = answer.body["url"].as_str() {
                return url.to_owned();
            }
            bench.a_moment().await;
        }
    };
    tokio::time::timeout(TIMEOUT, found).await.unwrap()
}

pub(crate) async fn open(bench: &Bench, id: TaskId) -> (ShellInput, ShellOutput) {
    shell::connect(&shell::socket_url(&link(bench, id).await).unwrap()).await.unwrap()
}

/// What has appeared once these words have.
pub(crate) async fn until(output: &mut ShellOutput, words: &str) -> String {
    let mut text = String::new();
    let read = async {
        while !text[text.len().saturating_sub(2 * PIECE)..].contains(words) {
            match output.next().await.unwrap() {
                Ok(bytes) => text.push_str(&String::from_utf8_lossy(&bytes)),
                Err(end) => panic!("the shell ended ({end}) before `{words}`: {text}"),
            }
        }
    };
    let read = tokio::time::timeout(TIMEOUT, read).await;
    assert!(read.is_ok(), "no `{words}` in: {text}");
    text
}

async fn end(output: &mut ShellOutput) -> String {
    let ended = async {
        loop {
            if let Err(end) = output.next().await.unwrap() {
                return end;
            }
        }
    };
    tokio::time::timeout(TIMEOUT, ended).await.unwrap()
}

fn kinds() -> Vec<WorkerUser> {
    if base::environment::is_root() { vec![WorkerUser::Ours, WorkerUser::Ordinary] } else { vec![WorkerUser::Ours] }
}

#[tokio::test]
async fn a_shell_is_in_the_sandbox_of_its_task_and_several_may_be_open() {
    for kind in kinds() {
        let bench = Bench::start_as(kind, 1).await;
        let script =
            "echo from the task > note; until test -e done; do sleep 0.05; done; test $TASKCLUSTER_INTERACTIVE";
        let mut task = interactive(script);
        task["env"] = json!({ "MINE": "my own" });
        let id = bench.task(&task, &json!({})).await;
        let (mut input, mut output) = open(&bench, id).await;
        input.resize(33, 111).await.unwrap();
        let script =
            "stty size; cat note; echo $MINE $((6*7)); pwd; ls /proc | grep -c '^[0-9]'; cat /etc/shadow; id -u
            grep -E 'Seccomp:|NoNewPrivs' /proc/self/status; grep CapEff /proc/self/status; echo en''d\n";
        input.send(script.as_bytes()).await.unwrap();
        let text = until(&mut output, "end\r\n").await;
        for words in [
            "33 111\r\n",
            "from the task\r\n",
            "my own 42\r\n",
            "/task\r\n",
            "Seccomp:\t2",
            "NoNewPrivs:\t1",
            "0000000000000000",
        ] {
            assert!(text.contains(words), "no `{words}` in: {text}");
        }
        assert!(text.contains("shadow: No such file"), "{text}");

        let (mut other, mut other_output) = open(&bench, id).await;
        other.send(b"exit 3\n").await.unwrap();
        assert_eq!(end(&mut other_output).await, "exit code 3");

        input.send(b"touch done\n").await.unwrap();
        assert_eq!(end(&mut output).await, "the task has ended");
        bench.until(id, "completed").await;
        let log = bench.log(id).await;
        assert_eq!(log.matches("a shell was opened from 127.0.0.1:").count(), 2, "{log}");
        assert!(log.contains("was closed: exit code 3") && log.contains("was closed: the task has ended"), "{log}");
        bench.stop().await;
    }
}

#[tokio::test]
async fn without_the_secret_or_after_the_end_nobody_gets_in() {
    let bench = Bench::start().await;
    let id = bench.task(&interactive("until test -e done; do sleep 0.05; done; sleep 0.1"), &json!({})).await;
    let socket = shell::socket_url(&link(&bench, id).await).unwrap();
    let http = socket.replacen("ws://", "http://", 1);
    let (place, secret) = http.rsplit_once('/').unwrap();
    let client = reqwest::Client::new();
    let upgrade = |url: &str, origin: Option<&str>| {
        let request = client.get(url).header("connection", "upgrade").header("upgrade", "websocket");
        let request =
            request.header("sec-websocket-version", "13").header("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==");
        origin.map(|origin| request.try_clone().unwrap().header("origin", origin)).unwrap_or(request)
    };
    for wrong in [
        format!("{place}/"),
        format!("{place}/{}", &secret[1..]),
        format!("{place}/{secret}/x"),
        place.replace("/shell", "/"),
    ] {
        let status = upgrade(&wrong, None).send().await.unwrap().status();
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{wrong}");
    }
    for origin in ["https://evil.example", "null"] {
        assert_eq!(upgrade(&http, Some(origin)).send().await.unwrap().status(), StatusCode::FORBIDDEN);
    }
    assert_eq!(upgrade(&http, Some(bench.root_url())).send().await.unwrap().status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(client.get(&http).send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    // Without the scope nobody learns the secret.
    let url = format!("{}/api/queue/v1/task/{id}/artifacts/{}", bench.root_url(), shell::ARTIFACT.replace('/', "%2F"));
    assert_eq!(client.get(url).send().await.unwrap().status(), StatusCode::FORBIDDEN);

    let mut open = Vec::new();
    let full = loop {
        match shell::connect(&socket).await {
            Ok(session) => open.push(session),
            Err(error) => break error,
        }
    };
    assert!(matches!(full, ShellError::Refused(503, _)) && (8..=10).contains(&open.len()), "{full}, {}", open.len());
    open[0].0.send(b"touch done\n").await.unwrap();
    bench.until(id, "completed").await;
    assert!(matches!(shell::connect(&socket).await, Err(ShellError::Denied)));
    bench.stop().await;
}

#[tokio::test]
async fn a_shell_that_floods_or_does_not_read_harms_nobody() {
    let bench = Bench::start().await;
    let id = bench.task(&interactive("until test -e done; do sleep 0.05; done"), &json!({})).await;
    let (mut flood, mut flood_output) = open(&bench, id).await;
    flood.send(b"head -c 20000000 /dev/zero | tr '\\0' x; echo; echo ov''er\n").await.unwrap();
    let text = until(&mut flood_output, "over\r\n").await;
    assert!(text.bytes().filter(|byte| *byte == b'x').count() >= 20_000_000);
    // Reads nothing, and is written to all the time.
    let (mut deaf, _unread) = open(&bench, id).await;
    deaf.send(b"yes\n").await.unwrap();
    let typed = async { while deaf.send(&[b'x'; 4096]).await.is_ok() {} };
    let _ = tokio::time::timeout(Duration::from_secs(1), typed).await;
    flood.send(b"trap '' HUP TERM; (trap '' HUP TERM; sleep 4.321; sleep 4.321) & touch done\n").await.unwrap();
    bench.until(id, "completed").await;
    bench.stop().await;
}

/// How many processes have this in their command line.
fn running(words: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(words)).count()
}

#[tokio::test]
async fn what_a_shell_leaves_in_the_background_ends_with_it() {
    let bench = Bench::start().await;
    let id = bench.task(&interactive("until test -e done; do sleep 0.05; done"), &json!({})).await;
    let (mut input, mut output) = open(&bench, id).await;
    // Jobs have process groups of their own, and these do not listen to the terminal.
    input
        .send(b"(trap '' HUP TERM; sleep 7.6543; sleep 7.6543) & nohup sleep 7.6543 & echo star''ted\n")
        .await
        .unwrap();
    until(&mut output, "started\r\n").await;
    let (mut other, mut other_output) = open(&bench, id).await;
    other.send(b"sleep 8.7654 & echo star''ted\n").await.unwrap();
    until(&mut other_output, "started\r\n").await;
    input.send(b"exit 3\n").await.unwrap();
    assert_eq!(end(&mut output).await, "exit code 3");
    assert_eq!((running("7.6543"), running("8.7654")), (0, 1), "only its own session has ended");
    other.send(b"touch done\n").await.unwrap();
    bench.until(id, "completed").await;
    assert_eq!(running("8.7654"), 0);
    bench.stop().await;
}

#[tokio::test]
async fn a_worker_refuses_shells_where_there_is_no_sandbox_and_beside_certificates() {
    let mut bench = Bench::start().await;
    let mut both = interactive("true");
    both["features"]["chainOfTrust"] = json!(true);
    let id = bench.task(&both, &json!({})).await;
    bench.until(id, "exception").await;
    assert_eq!(bench.reasons(id).await, ["malformed-payload"]);
    assert!(bench.log(id).await.contains("payload.features.interactive: somebody at a shell"));

    bench.restart_with(&["--isolation".as_ref(), "none".as_ref()]).await;
    let id = bench.task(&interactive("true"), &json!({})).await;
    bench.until(id, "exception").await;
    assert_eq!(bench.reasons(id).await, ["malformed-payload"]);
    let words = "payload.features.interactive: needs a worker of isolation level `sandbox`, and this one has `none`";
    assert!(bench.log(id).await.contains(words), "{}", bench.log(id).await);
    bench.stop().await;
}

/// A terminal with somebody in front of it.
struct TerminalClient {
    terminal: std::fs::File,
    child: Child,
}

impl TerminalClient {
    fn take(bench: &Bench, id: TaskId) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let terminal = openpt(flags).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let other: OwnedFd = ioctl_tiocgptpeer(&terminal, flags).unwrap();
        let terminal = Self::sized(terminal, 40, 120);
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(tests::program().as_std().get_program());
        command.args(["task", "shell", &id.to_string(), "--root-url", bench.root_url()]);
        command
            .env("TASKCLUSTER_CLIENT_ID", crate::bench::ROOT.0)
            .env("TASKCLUSTER_ACCESS_TOKEN", crate::bench::ROOT.1);
        command.stdin(Stdio::from(other.try_clone().unwrap())).stdout(Stdio::from(other.try_clone().unwrap()));
        let child = command.stderr(Stdio::from(other)).kill_on_drop(true).spawn().unwrap();
        Self { terminal, child }
    }

    fn sized(terminal: OwnedFd, rows: u16, columns: u16) -> std::fs::File {
        tcsetwinsize(&terminal, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        terminal.into()
    }

    async fn types(&mut self, text: &str, words: &str) -> String {
        self.terminal.write_all(text.as_bytes()).unwrap();
        let (mut terminal, words) = (self.terminal.try_clone().unwrap(), words.to_owned());
        let read = tokio::task::spawn_blocking(move || {
            let (mut text, mut piece) = (String::new(), [0; 4096]);
            while !text.contains(&words) {
                let length = terminal.read(&mut piece).unwrap_or_else(|error| panic!("{error}, after: {text}"));
                text.push_str(&String::from_utf8_lossy(&piece[..length]));
            }
            text
        });
        tokio::time::timeout(TIMEOUT, read).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn drover_task_shell_is_a_terminal_of_its_size_and_ends_with_the_code() {
    let bench = Bench::start().await;
    let id = bench.task(&interactive("until test -e done; do sleep 0.05; done"), &json!({})).await;
    link(&bench, id).await;
    let mut terminal = TerminalClient::take(&bench, id);
    let text = terminal.types("stty size; echo at $TASK_ID\n", &format!("at {id}\r\n")).await;
    assert!(text.contains("40 120\r\n"), "{text}");
    let resized = terminal.terminal.try_clone().unwrap();
    TerminalClient::sized(resized.into(), 20, 80);
    let text = terminal
        .types("until test \"$(stty size)\" = '20 80'; do sleep 0.05; done; echo new si''ze\n", "new size\r\n")
        .await;
    assert!(!text.contains("40 120"), "{text}");
    // Ctrl-C is for what runs in the shell, not for the client.
    terminal.types("sh -c 'echo slee\"\"ping; exec sleep 1000'\n", "sleeping\r\n").await;
    terminal.types("\u{3}", "^C").await;
    let text = terminal.types("echo go''ne; exit 3\n", "the shell ended: exit code 3").await;
    assert!(text.contains("gone\r\n"), "{text}");
    let status = tokio::time::timeout(TIMEOUT, terminal.child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(1));

    // Without a terminal, its input is what is typed.
    let mut command = tests::program();
    command.args(["task", "shell", &id.to_string(), "--root-url", bench.root_url()]);
    command.env("TASKCLUSTER_CLIENT_ID", crate::bench::ROOT.0).env("TASKCLUSTER_ACCESS_TOKEN", crate::bench::ROOT.1);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut child.stdin.take().unwrap(), b"touch done; echo $((6*7))\n")
        .await
        .unwrap();
    let output = tokio::time::timeout(TIMEOUT, child.wait_with_output()).await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("42\r\n"));
    bench.until(id, "completed").await;
    bench.stop().await;
}
