//! `drover dev` as other people's test suites start it.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    time::Duration,
};

use protocol::{id::TaskId, time::parse};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Drover, Seed, TestDirectory, definition, seconds_from_now};
use tokio::time::timeout;

#[tokio::test]
async fn what_was_created_is_there_after_a_clean_restart() {
    let rng = Seed::choose("a clean restart").rng();
    let folder = TestDirectory::new();
    let id = TaskId::from_random(rng.uuid_bytes());

    let first = Drover::start(folder.path(), &["--workers", "0"]).await;
    let created = first.client().create(id, &definition("tests/restart", &json!({}))).await.unwrap().ok();
    first.stop().await;

    let second = Drover::start(folder.path(), &["--workers", "0"]).await;
    assert_eq!(second.client().status(id).await, created["status"]);
    second.stop().await;
}

/// Who tries it out has what public deployments have; one setting closes it, and so does a root client of one's own.
#[tokio::test]
async fn everybody_may_read_from_a_server_that_is_tried_out_and_change_nothing() {
    let rng = Seed::choose("public reads").rng();
    let (folder, id) = (TestDirectory::new(), TaskId::from_random(rng.uuid_bytes()));
    let (secret, task) = ("/api/secrets/v1/secret/x", format!("/api/queue/v1/task/{id}"));
    let public = [format!("{task}/status"), task.clone(), format!("/api/queue/v1/task-group/{id}/list")];
    let public =
        public.into_iter().chain(["/api/index/v1/namespaces".to_owned(), "/api/queue/v1/task-queues".to_owned()]);
    let public: Vec<String> = public.collect();

    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let mut definition = definition("tests/public", &json!({}));
    definition["taskGroupId"] = id.to_string().into();
    drover.client().create(id, &definition).await.unwrap().ok();
    for path in &public {
        assert_eq!(unsigned(&drover, path).await, 200, "{path}");
    }
    assert_eq!(unsigned(&drover, secret).await, 403);
    let cancel = reqwest::Client::new().post(format!("{}{task}/cancel", drover.root_url())).send().await.unwrap();
    assert_eq!(cancel.status().as_u16(), 403);
    drover.stop().await;

    let own = ["--root-credentials", "static/taskcluster/root:abcdefghijklmnopqrstuvwxyz"];
    for closed in [["--set", "auth.public_read=false"], own] {
        let drover = Drover::start(folder.path(), &[&["--workers", "0"][..], &closed].concat()).await;
        for path in &public {
            assert_eq!(unsigned(&drover, path).await, 403, "{path}");
        }
        drover.stop().await;
    }
}

/// A graph of a public project has deadlines 20 days ahead: createTask and createGraph take what the settings allow.
#[tokio::test]
async fn how_far_and_how_wide_a_task_may_reach_is_for_the_settings_to_say() {
    let rng = Seed::choose("limits of tasks").rng();
    let (folder, id) = (TestDirectory::new(), || TaskId::from_random(rng.uuid_bytes()));
    let limits = ["queue.max_deadline=20d", "queue.max_dependencies=1", "queue.default_expiry=2d"];
    let flags: Vec<&str> = ["--workers", "0"].into_iter().chain(limits.iter().flat_map(|it| ["--set", it])).collect();
    let drover = Drover::start(folder.path(), &flags).await;
    let client = drover.client();
    let in_days = |days: i64| definition("tests/limits", &json!({ "deadline": seconds_from_now(days * 86_400) }));

    let (first, second) = (id(), id());
    let status = client.create(first, &in_days(20)).await.unwrap().ok()["status"].take();
    let date = |field: &str| parse(status[field].as_str().unwrap()).unwrap();
    assert_eq!((date("expires") - date("deadline")).num_hours(), 48);
    client.create(second, &in_days(1)).await.unwrap().ok();

    let refused = client.create(id(), &in_days(21)).await.unwrap();
    assert_eq!(refused.code(), "InputError");
    assert!(refused.body["message"].as_str().unwrap().contains("more than 20d in the future"), "{refused:?}");
    let mut wide = in_days(1);
    wide["dependencies"] = json!([first, second]);
    let refused = client.create(id(), &wide).await.unwrap();
    assert_eq!(refused.body["details"]["faults"][0]["pointer"], "/payload/dependencies", "{refused:?}");

    let (group, key) = (id().to_string(), id().to_string());
    let graph = |days| json!({ "submitKey": key, "taskGroupId": group, "tasks": { group.as_str(): in_days(days) } });
    let submit = async |days| client.send_to("drover", Method::POST, "graph", Some(&graph(days)), &[]).await.unwrap();
    assert_eq!(submit(21).await.code(), "InputError");
    submit(20).await.ok();
    drover.stop().await;
}

async fn unsigned(drover: &Drover, path: &str) -> u16 {
    reqwest::get(format!("{}{path}", drover.root_url())).await.unwrap().status().as_u16()
}

/// Whether the server is stopped or killed, a client that reconnects misses no event.
#[tokio::test]
async fn an_event_stream_resumes_at_the_next_server() {
    let rng = Seed::choose("a stream of events").rng();
    let folder = TestDirectory::new();
    let mut ids = [(); 3].map(|()| TaskId::from_random(rng.uuid_bytes())).into_iter();
    let mut create = async |drover: &Drover| {
        let id = ids.next().unwrap();
        drover.client().create(id, &definition("tests/stream", &json!({}))).await.unwrap().ok();
        id.to_string()
    };
    let mut received = Vec::new();

    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let mut stream = Stream::open(&drover.client(), None).await;
    assert_eq!(stream.next().await.unwrap().1, "ready");
    let mut created = vec![create(&drover).await];
    received.push(stream.next().await.unwrap());
    created.push(create(&drover).await);
    drover.stop().await;
    while let Some(event) = stream.next().await {
        received.push(event);
    }

    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let mut stream = Stream::open(&drover.client(), received.last().map(|(id, _)| *id)).await;
    while received.len() < 2 {
        received.extend(stream.next().await.filter(|(_, what)| what != "ready"));
    }
    drover.kill().await;
    // Both may have arrived from the first server; then the second has only sent `ready`.
    while let Some((_, what)) = stream.next().await {
        assert_eq!(what, "ready");
    }

    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    created.push(create(&drover).await);
    let mut stream = Stream::open(&drover.client(), received.last().map(|(id, _)| *id)).await;
    while received.len() < 3 {
        received.extend(stream.next().await.filter(|(_, what)| what != "ready"));
    }
    assert_eq!(received.into_iter().map(|(_, task)| task).collect::<Vec<_>>(), created);
    drover.stop().await;
}

/// `GET /api/events/v1/connect/`, for tasks that were defined.
struct Stream {
    answer: reqwest::Response,
    text: String,
}

impl Stream {
    async fn open(client: &tests::Client, after: Option<i64>) -> Self {
        let url = client.signed_url("/api/events/v1/connect/?bindings=%5B%7B%22exchange%22%3A%22task-defined%22%7D%5D");
        // An error means that a client of this process was faster, with the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let request = reqwest::Client::new().get(url);
        let request = after.iter().fold(request, |request, id| request.header("last-event-id", *id));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        Self { answer, text: String::new() }
    }

    /// Id and task of the next task event, or id and name of another event. `None`: the stream ended.
    async fn next(&mut self) -> Option<(i64, String)> {
        while !self.text.contains("\n\n") {
            let chunk = timeout(Duration::from_mins(1), self.answer.chunk()).await.expect("it is quiet").ok()??;
            self.text += std::str::from_utf8(&chunk).unwrap();
        }
        let (event, rest) = self.text.split_once("\n\n")?;
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
        let id = field("id: ").unwrap().parse().unwrap();
        let data: Value = serde_json::from_str(field("data: ").unwrap()).unwrap();
        let task = data.pointer("/payload/status/taskId").and_then(Value::as_str);
        let name = task.or_else(|| field("event: ")).unwrap().to_owned();
        let end = self.text.len() - rest.len();
        self.text.drain(..end);
        Some((id, name))
    }
}

#[tokio::test]
async fn the_root_credentials_are_those_given() {
    let folder = TestDirectory::new();
    let token = "a-token-of-a-test-0123456789";
    let credentials = format!("static/tests/root:{token}");
    let file = folder.path().join("root");
    fs::write(&file, &credentials).unwrap();
    let path = "task-queues/tests%2Fnobody/counts";
    for flags in [["--root-credentials", &credentials], ["--root-credentials-file", file.to_str().unwrap()]] {
        let drover = Drover::start(folder.path(), &["--workers", "0", flags[0], flags[1]]).await;
        let known = tests::Client::new(drover.root_url(), "static/tests/root", token);
        assert_eq!(known.get(path).await.unwrap().status, 200);
        let other = tests::Client::new(drover.root_url(), "static/tests/root", "another-token");
        assert_eq!(other.get(path).await.unwrap().status, 401);
        drover.stop().await;
        // Only the first can be read by others, and the log says so.
        let log = fs::read_to_string(folder.path().join("drover.log")).unwrap();
        assert_eq!(log.matches("--root-credentials shows a secret").count(), 1);
        assert!(!log.contains(token));
    }
}

/// The data folder holds what may do everything.
#[tokio::test]
async fn other_users_can_read_nothing_that_a_server_writes() {
    let folder = TestDirectory::new();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).unwrap();
    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let mut open = Vec::new();
    let mut places = vec![data];
    while let Some(place) = places.pop() {
        let found = fs::symlink_metadata(&place).unwrap();
        // The way to what belongs to other users may be passed, but not looked at.
        let wrong = found.mode() & if found.is_dir() { 0o066 } else { 0o077 };
        if wrong != 0 {
            open.push(format!("{} {:o}", place.display(), found.mode() & 0o777));
        }
        // Closed for all that is in it.
        if found.is_dir() && found.mode() & 0o011 != 0 {
            places.extend(fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    assert!(open.is_empty(), "{open:?}");
    drover.stop().await;
}

/// The database in the data folder lets in the user who runs the server, and nobody else.
#[tokio::test]
async fn commands_that_need_the_database_work_beside_a_running_server_and_without_one() {
    let folder = TestDirectory::new();
    let data = folder.path().join("data");
    let ask = async |words: &[&str]| {
        let mut command = tests::program();
        command.args(words).args(["-o", "json", "--data-dir", data.to_str().unwrap()]);
        let output = command.output().await.unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let questions: [&[&str]; 4] =
        [&["db", "status"], &["bus", "lag"], &["bus", "dead-letters", "list"], &["bridge", "status"]];
    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let mut beside = Vec::new();
    for question in questions {
        beside.push(ask(question).await);
    }
    assert!(beside[1].contains("\"relay\":true"), "{}", beside[1]);
    drover.stop().await;
    assert_eq!(ask(questions[0]).await, beside[0]);
    assert!(ask(questions[1]).await.contains("\"relay\":false"));
}
