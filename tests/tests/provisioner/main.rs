//! Provisioners in processes of their own, whose machines are real workers: killed and frozen while tasks come.

#![allow(clippy::unwrap_used, reason = "tests")]

mod commands;
mod machines;
mod orphans;

use std::time::{Duration, Instant};

use base::Rng;
use machines::Machines;
use protocol::id::TaskId;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Client, RoleEnv, Seed, TestDirectory, definition,
    servers::{Postgres, Rabbitmq},
    signal,
};
use tokio::time::sleep;

const POOL: &str = "tests/machines";
const MAX: usize = 4;
/// The first has the API; the others are to be killed.
const ROLES: [&str; 3] = ["api,queue,relay,scheduler,reflector", "provisioner", "provisioner"];
const PROVISIONERS: [usize; 2] = [1, 2];
const PROVIDERS: &str = r#"[{"id": "local", "provider_type": "local"}]"#;
/// Of a launcher and of a checker.
const LEASE: Duration = Duration::from_mins(1);
const SOON: Duration = Duration::from_mins(2);
/// Much less than `provision.check_running`, the start of a process included.
const NOTICED_WITHIN: Duration = Duration::from_secs(20);

struct TestEnv {
    roles: RoleEnv,
    client: Client,
    machines: Machines,
    rng: Rng,
    _folder: TestDirectory,
    _postgres: Postgres,
    _rabbitmq: Rabbitmq,
}

impl TestEnv {
    /// `None`, with a message: there are no programs of RabbitMQ or PostgreSQL here.
    async fn start(seed: &str) -> Option<Self> {
        let rng = Seed::choose(seed).rng();
        let folder = TestDirectory::new();
        let (Some(postgres), Some(rabbitmq)) =
            (Postgres::start(folder.path(), None), Rabbitmq::start(folder.path(), None))
        else {
            println!("SKIPPED: it needs the packages postgresql and rabbitmq-server");
            return None;
        };
        let (database, broker) = (postgres.url(), rabbitmq.url());
        let settings = [
            ("DROVER__DATABASE__URL", database.as_str()),
            ("DROVER__BUS__AMQP_URL", broker.as_str()),
            ("DROVER__WORKER_MANAGER__PROVIDERS", PROVIDERS),
            ("DROVER__PROVISION__CHECK_REQUESTED", "1s"),
            ("DROVER__PROVISION__CHECK_STOPPING", "1s"),
        ];
        let roles = RoleEnv::start(folder.path(), &ROLES, &settings).await;
        let machines = Machines::below(&folder.path().join("data/machines/local"));
        let env = Self {
            client: roles.client(),
            roles,
            machines,
            rng,
            _folder: folder,
            _postgres: postgres,
            _rabbitmq: rabbitmq,
        };
        let pool = json!({
            "providerId": "local", "description": "", "owner": "o@example.com", "emailOnError": false,
            "config": {
                "minCapacity": 0, "maxCapacity": MAX,
                "launchConfigs": [{ "workerConfig": { "idleTimeoutSecs": 1 } }],
            },
        });
        env.pool(Method::PUT, "", Some(&pool)).await;
        Some(env)
    }

    async fn pool(&self, method: Method, rest: &str, body: Option<&Value>) -> Value {
        let path = format!("worker-pool/{}{rest}", POOL.replace('/', "%2F"));
        self.client.send_to("worker-manager", method, &path, body, &[]).await.unwrap().ok()
    }

    async fn create(&self, script: &str) -> TaskId {
        let id = TaskId::from_random(self.rng.uuid_bytes());
        let mut task = definition(POOL, &json!({ "retries": 20 }));
        task["payload"] = json!({ "command": [["sh", "-c", script]], "maxRunTime": 60 });
        self.client.create(id, &task).await.unwrap().ok();
        id
    }

    /// N1, as the database and as the machine has it.
    async fn check_maximum(&self) {
        let pool = self.pool(Method::GET, "", None).await;
        let (capacity, processes) = (pool["currentCapacity"].as_u64().unwrap(), self.machines.running());
        assert!(capacity <= MAX as u64 && processes <= MAX, "{capacity} machines known, {processes} running");
    }

    /// All tasks are done, with the maximum checked all the time.
    async fn finish(&self, tasks: &[TaskId]) {
        let begun = Instant::now();
        for id in tasks {
            loop {
                let status = self.client.status(*id).await;
                match status["state"].as_str().unwrap() {
                    "completed" => break,
                    "pending" | "running" => {}
                    _ => panic!("{status}"),
                }
                self.check_maximum().await;
                assert!(
                    begun.elapsed() < SOON,
                    "not done: {status}\n{}",
                    self.pool(Method::GET, "/provisioning", None).await
                );
                sleep(Duration::from_millis(100)).await;
            }
        }
    }

    /// Nothing is left running, and each launch became exactly the machines it was for. Those of a launcher that was killed are found
    /// when its lease is over.
    async fn settle(&self) {
        let begun = Instant::now();
        let launches = loop {
            let pool = self.pool(Method::GET, "", None).await;
            let launches = self.pool(Method::GET, "/launches", None).await;
            let is_settled = launches["launches"].as_array().unwrap().iter().all(|launch| launch["state"] == "settled");
            if is_settled && pool["currentCapacity"] == 0 && self.machines.running() == 0 {
                break launches;
            }
            assert!(begun.elapsed() < SOON, "{pool} {launches}");
            sleep(Duration::from_millis(100)).await;
        };
        let launches = launches["launches"].as_array().unwrap();
        let asked: u64 = launches.iter().map(|launch| launch["instances"].as_u64().unwrap()).sum();
        assert_eq!(asked, self.machines.started(), "a launch is carried out exactly once");
        println!("{} launches of {asked} machines", launches.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provisioners_that_are_killed_lose_no_task_and_double_no_machine() {
    let Some(mut env) = TestEnv::start("provisioner").await else { return };
    let mut tasks = Vec::new();
    for _ in 0..12 {
        for _ in 0..env.rng.range(1..4) {
            tasks.push(env.create("sleep 0.3").await);
        }
        // At every point between a commit and the call that it leads to, sooner or later.
        sleep(Duration::from_millis(env.rng.range(0..700))).await;
        let number = PROVISIONERS[usize::try_from(env.rng.range(0..2)).unwrap()];
        env.roles.kill(number).await;
        env.check_maximum().await;
    }
    env.roles.ready().await;
    env.finish(&tasks).await;
    env.settle().await;
    env.roles.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provisioner_that_stands_still_past_its_leases_changes_nothing_afterwards() {
    let Some(env) = TestEnv::start("frozen-provisioner").await else { return };
    let mut tasks = vec![env.create("true").await];
    env.finish(&tasks).await;
    let frozen = env.roles.process_id(PROVISIONERS[0]);
    for _ in 0..6 {
        tasks.push(env.create("sleep 1").await);
    }
    // In the middle of its work, if not before.
    sleep(Duration::from_millis(env.rng.range(50..300))).await;
    signal("STOP", &[frozen]);
    let stopped = Instant::now();
    env.finish(&tasks).await;
    while stopped.elapsed() < LEASE + Duration::from_secs(5) {
        env.check_maximum().await;
        sleep(Duration::from_millis(500)).await;
    }
    signal("CONT", &[frozen]);
    tasks.push(env.create("true").await);
    env.finish(&tasks).await;
    env.settle().await;
    env.roles.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provisioners_of_other_processes_are_woken_and_machines_that_die_are_replaced() {
    let Some(mut env) = TestEnv::start("woken-provisioner").await else { return };
    for was_restarted in [false, true] {
        let id = env.create("test $RUN_ID -gt 0 || sleep 60").await;
        while env.client.status(id).await["state"] != "running" {
            sleep(Duration::from_millis(20)).await;
        }
        if was_restarted {
            // The machine is of a process that is no more, and ends before or after the next ones look.
            for number in PROVISIONERS {
                env.roles.kill(number).await;
            }
        }
        signal("KILL", &env.machines.processes());
        let killed = Instant::now();
        if was_restarted {
            env.roles.ready().await;
        }
        while env.client.status(id).await["runs"][0]["state"] == "running" {
            assert!(killed.elapsed() < NOTICED_WITHIN, "the end of a machine is not noticed");
            sleep(Duration::from_millis(20)).await;
        }
        println!("noticed after {:?}, restarted: {was_restarted}", killed.elapsed());
        env.finish(&[id]).await;
        let run = &env.client.status(id).await["runs"][0];
        assert_eq!(run["reasonResolved"], "worker-shutdown", "{run}");
    }
    env.settle().await;
    env.roles.stop().await;
}
