//! Built-in tasks, in processes that are killed again and again: each is resolved once, and as it should be.

use protocol::id::TaskId;
use serde_json::{Value, json};
use tests::{
    Client, RoleEnv, Seed, TestDirectory, definition,
    servers::{Postgres, Rabbitmq},
};
use tokio::time::{Instant, sleep};

use super::WITHIN;

/// Two processes have built-in workers.
const ROLES: [&str; 6] = ["api", "queue", "relay", "reflector", "hooks", "hooks"];
const KILLED: [usize; 2] = [4, 5];
const TASKS: usize = 120;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn built_in_tasks_are_resolved_once_while_processes_are_killed() {
    let rng = Seed::choose("built-in").rng();
    let folder = TestDirectory::new();
    let (Some(postgres), Some(rabbitmq)) = (Postgres::start(folder.path(), None), Rabbitmq::start(folder.path(), None))
    else {
        return println!("SKIPPED: it needs the packages postgresql and rabbitmq-server");
    };
    let (database, broker) = (postgres.url(), rabbitmq.url());
    let settings = [
        ("DROVER__DATABASE__URL", database.as_str()),
        ("DROVER__BUS__AMQP_URL", broker.as_str()),
        ("DROVER__QUEUE__CLAIM_TIMEOUT", "2s"),
    ];
    let mut env = RoleEnv::start(folder.path(), &ROLES, &settings).await;
    let client = env.client();
    let (mut tasks, mut kills) = (Vec::new(), 0);
    for number in 0..TASKS {
        let (queue, state) = if number % 2 == 0 { ("succeed", "completed") } else { ("fail", "failed") };
        let id = TaskId::from_random(rng.uuid_bytes());
        let task = definition(&format!("built-in/{queue}"), &json!({ "retries": 20 }));
        client.create(id, &task).await.unwrap().ok();
        tasks.push((id, state));
        if number % 10 == 9 {
            env.kill(KILLED[kills % KILLED.len()]).await;
            kills += 1;
        }
    }
    let mut repeated = 0;
    for (id, state) in tasks {
        let runs = until_resolved(&client, id, state).await;
        let (last, before) = runs.split_last().unwrap();
        assert_eq!(last["reasonResolved"], *state, "{runs:?}");
        assert!(before.iter().all(|run| run["reasonResolved"] == "claim-expired"), "{runs:?}");
        repeated += before.len();
    }
    println!("{TASKS} tasks, {kills} kills, {repeated} runs ended with their process and were made again");
    env.stop().await;
}

async fn until_resolved(client: &Client, id: TaskId, state: &str) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let mut status = client.status(id).await;
        if status["state"] == *state {
            return serde_json::from_value(status["runs"].take()).unwrap();
        }
        assert!(matches!(status["state"].as_str(), Some("pending" | "running")), "{status}");
        assert!(begun.elapsed() < WITHIN, "{status}");
        sleep(std::time::Duration::from_millis(200)).await;
    }
}
