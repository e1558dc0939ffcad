//! Roles in processes of their own: each is restarted under load, over encrypted connections, and nothing is lost.

#![allow(clippy::unwrap_used, reason = "tests")]

mod permissions;

use std::time::{Duration, Instant};

use base::Rng;
use protocol::id::TaskId;
use serde_json::{Value, json};
use tests::{
    Answer, Client, RoleEnv, Seed, TestDirectory, definition,
    servers::{Certificate, Postgres, Rabbitmq},
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

const QUEUE: &str = "tests/roles";
const ROLES: [&str; 7] = ["api", "queue", "queue", "relay", "scheduler", "reflector", "index"];
const SOON: Duration = Duration::from_secs(30);
const AGAIN: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_role_is_restarted_under_load_and_nothing_is_lost() {
    let rng = Seed::choose("roles").rng();
    let folder = TestDirectory::new();
    let Some(certificate) = Certificate::make(&folder.path().join("certificates")) else {
        return println!("SKIPPED: it needs openssl");
    };
    let (Some(postgres), Some(rabbitmq)) =
        (Postgres::start(folder.path(), Some(&certificate)), Rabbitmq::start(folder.path(), Some(&certificate)))
    else {
        return println!("SKIPPED: it needs the packages postgresql and rabbitmq-server");
    };
    let authority = certificate.authority.to_str().unwrap();
    let settings = [
        ("DROVER__DATABASE__URL", postgres.url()),
        ("DROVER__DATABASE__CA_FILE", authority.to_owned()),
        ("DROVER__BUS__AMQP_URL", rabbitmq.url()),
        ("DROVER__BUS__CA_FILE", authority.to_owned()),
        ("DROVER__QUEUE__LONG_POLL", "5".to_owned()),
    ];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut env = RoleEnv::start(folder.path(), &ROLES, &settings).await;

    let (working, _) = watch::channel(true);
    let mut load = JoinSet::new();
    for number in 0..3 {
        let part = Part { client: env.client(), rng: rng.branch(&number.to_string()) };
        load.spawn(part.live(format!("worker-{number}"), working.subscribe()));
    }
    for number in 0..env.count() {
        sleep(Duration::from_millis(500)).await;
        let begun = Instant::now();
        env.restart(number).await;
        println!("{} stopped in good order after {:.1} s", env.roles(number), begun.elapsed().as_secs_f64());
        env.ready().await;
    }
    working.send_replace(false);
    let mut lives = Vec::new();
    while let Some(ended) = timeout(2 * SOON, load.join_next()).await.expect("a task is not carried out any more") {
        lives.extend(ended.unwrap());
    }

    let client = env.client();
    for id in &lives {
        let status = client.status(*id).await;
        assert_eq!((&status["state"], status["runs"].as_array().unwrap().len()), (&json!("completed"), 1), "{status}");
    }
    println!("{} tasks created, claimed and completed, each once", lives.len());
    env.stop().await;
}

struct Part {
    client: Client,
    rng: Rng,
}

impl Part {
    /// Creates a task, claims what there is, completes it, and so on.
    async fn live(self, worker: String, working: watch::Receiver<bool>) -> Vec<TaskId> {
        let mut done = Vec::new();
        let queue = format!("{QUEUE}-{worker}");
        while *working.borrow() {
            let id = TaskId::from_random(self.rng.uuid_bytes());
            let task = definition(&queue, &json!({}));
            while good(self.client.create(id, &task).await).is_none() {
                sleep(AGAIN).await;
            }
            let Ok(claim) = timeout(SOON, self.claim(&queue, &worker)).await else {
                panic!("no claim brings {id}: {}", self.client.status(id).await)
            };
            assert_eq!(claim["status"]["taskId"], json!(id));
            while good(self.client.run(id, 0, "completed", &json!({})).await).is_none() {
                sleep(AGAIN).await;
            }
            done.push(id);
        }
        done
    }

    async fn claim(&self, queue: &str, worker: &str) -> Value {
        loop {
            match good(self.client.claim_work(queue, worker, 1).await) {
                Some(claimed) if claimed["tasks"] != json!([]) => return claimed["tasks"][0].clone(),
                Some(_) => {}
                None => sleep(AGAIN).await,
            }
        }
    }
}

/// `None`: the server cannot answer just now.
fn good(answer: reqwest::Result<Answer>) -> Option<Value> {
    match answer {
        Ok(answer) if answer.status == 200 => Some(answer.body),
        Ok(answer) if answer.status < 500 => panic!("refused: {answer:?}"),
        _ => None,
    }
}
