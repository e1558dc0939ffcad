//! A fake master of Buildbot 0.8: rows, and a service that cancels.

use std::sync::{Arc, Mutex};

use base::{Clock, Rng, TestClock, settings::ConfigDuration};
use db::classic::testing::TestScheduler;
use protocol::id::TaskId;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::super::{M, TestEnv};
use crate::{
    ClassicSettings, MasterParts, MasterSettings,
    classic::{ClassicLogs, ClassicMaster},
    reconciler::Shared,
};

/// A master, and how the bridge reaches it.
pub(super) struct TestMaster {
    pub(super) scheduler: TestScheduler,
    pub(super) settings: MasterSettings,
    clock: TestClock,
    asked: RequestLog,
    _serving: JoinSet<()>,
}

/// Requests to the service, in order: `METHOD path user`.
type RequestLog = Arc<Mutex<Vec<String>>>;

impl TestMaster {
    /// `None`: there is no MariaDB on this machine.
    pub(super) async fn start(env: &TestEnv, test: &str) -> Option<Self> {
        Some(Self::with(env, TestScheduler::create(test).await?).await)
    }

    pub(super) async fn with(env: &TestEnv, scheduler: TestScheduler) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let settings = MasterSettings {
            name: M.to_owned(),
            url: format!("{address}/self-serve"),
            user: "drover@example.com".to_owned(),
            timeout: ConfigDuration::seconds(10),
            classic: ClassicSettings {
                database_url: scheduler.url().into(),
                builders_url: format!("{address}/builders"),
                ..ClassicSettings::default()
            },
            ..MasterSettings::default()
        };
        let (asked, clock, mut serving) = (RequestLog::default(), env.clock.clone(), JoinSet::new());
        let service = Service { scheduler: scheduler.clone(), clock: clock.clone(), asked: asked.clone() };
        serving.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                service.serve(stream).await;
            }
        });
        Self { scheduler, settings, clock, asked, _serving: serving }
    }

    /// A driver as one process has it.
    pub(super) fn driver(&self) -> ClassicMaster {
        ClassicMaster::new(&self.settings, Arc::new(self.clock.clone()), Rng::seeded(1)).unwrap()
    }

    /// A bridge as one process has it.
    pub(super) fn shared(&self, env: &TestEnv) -> Arc<Shared> {
        Arc::new(env.bridge().shared(self.parts()).unwrap())
    }

    pub(super) fn parts(&self) -> MasterParts {
        let driver = Arc::new(self.driver());
        MasterParts { settings: self.settings.clone(), driver: driver.clone(), logs: Arc::new(ClassicLogs(driver)) }
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.now().timestamp()
    }

    /// Users of the requests for the list of builders; none is sent.
    pub(super) fn readers(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter_map(|asked| asked.strip_prefix("GET /builders ")).map(str::to_owned).collect()
    }

    /// Cancels that the service received.
    pub(super) fn deletes(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.starts_with("DELETE")).cloned().collect()
    }

    /// A pending task for builder `linux`, asked for at the master: its number there.
    pub(super) async fn asked(&self, env: &TestEnv, shared: &Shared) -> (TaskId, i64) {
        let task = env.pending(linux()).await;
        env.add_pending(task, 0).await;
        env.run_until_idle(shared).await;
        (task, env.request(task).await.request_id.unwrap())
    }

    /// A whole build of these requests.
    pub(super) async fn build(&self, requests: &[i64], number: i64, results: i64) {
        let builds = self.scheduler.start(requests, number, self.now()).await;
        self.scheduler.stop(&builds, self.now()).await;
        self.scheduler.retire(requests, results, self.now()).await;
    }
}

pub(super) fn linux() -> Value {
    json!({"builderName": "linux", "sourcestamp": {"branch": "projects/cedar"}, "properties": {"product": "fennec"}})
}

struct Service {
    scheduler: TestScheduler,
    clock: TestClock,
    asked: RequestLog,
}

impl Service {
    async fn serve(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let (mut first, mut user) = (String::new(), String::new());
        stream.read_line(&mut first).await.unwrap();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap() == 0 {
                return;
            }
            let Some((name, value)) = line.trim().split_once(": ") else { break };
            if name.eq_ignore_ascii_case("x-remote-user") {
                value.clone_into(&mut user);
            }
        }
        let mut message = first.split(' ');
        let (method, path) = (message.next().unwrap(), message.next().unwrap());
        self.asked.lock().unwrap().push(format!("{method} {path} {user}"));
        let body = self.carry_out(method, path).await;
        let length = body.len();
        let answer = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }

    async fn carry_out(&self, method: &str, path: &str) -> String {
        let now = self.clock.now().timestamp();
        let mut parts = path.rsplit('/');
        let (id, kind) = (parts.next().and_then(|id| id.parse().ok()), parts.next());
        match (method, kind, id) {
            ("DELETE", Some("request"), Some(id)) => self.scheduler.cancel_pending(id, now).await,
            ("DELETE", Some("build"), Some(id)) => self.scheduler.interrupt(id, now).await,
            _ => {}
        }
        json!(["linux", "mac"]).to_string()
    }
}
