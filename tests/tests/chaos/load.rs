//! Creators and workers that do not give up: what is not acknowledged they try again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use base::Rng;
use protocol::id::TaskId;
use serde_json::{Value, json};
use tests::{Client, definition};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

pub(crate) const QUEUE: &str = "tests/chaos";
const CREATORS: u64 = 2;
const WORKERS: u64 = 3;
const AGAIN: Duration = Duration::from_millis(100);
/// Between two tasks of a creator: faults matter here, not the rate.
const PAUSE: u64 = 120;
/// Everything that is left must be done within this.
const FINISH: Duration = Duration::from_mins(2);

#[derive(Debug)]
pub(crate) struct Load {
    creating: watch::Sender<bool>,
    creators: JoinSet<()>,
    workers: JoinSet<()>,
    ledger: Ledger,
}

/// What was acknowledged, and the workers that finish the rest.
#[derive(Debug)]
pub(crate) struct Done {
    workers: JoinSet<()>,
    ledger: Ledger,
}

#[derive(Debug, Clone, Default)]
struct Ledger(Arc<Mutex<Acknowledged>>);

#[derive(Debug, Default)]
struct Acknowledged {
    created: BTreeMap<TaskId, Value>,
    /// The state that was reported, by run.
    reported: BTreeMap<(TaskId, usize), &'static str>,
}

impl Load {
    pub(crate) fn start(client: &Client, group: TaskId, rng: &Rng) -> Self {
        let (creating, _) = watch::channel(true);
        let (ledger, mut creators, mut workers) = (Ledger::default(), JoinSet::new(), JoinSet::new());
        let part = |kind: &str, number: u64| Part {
            client: client.clone(),
            group,
            rng: rng.branch(&format!("{kind} {number}")),
            ledger: ledger.clone(),
        };
        for number in 0..CREATORS {
            creators.spawn(part("creator", number).create(creating.subscribe()));
        }
        for number in 0..WORKERS {
            workers.spawn(part("worker", number).work(format!("worker-{number}")));
        }
        Self { creating, creators, workers, ledger }
    }

    /// No more tasks are created; whoever is at it is waited for.
    pub(crate) async fn end(mut self) -> Done {
        self.creating.send_replace(false);
        while let Some(ended) = self.creators.join_next().await {
            ended.unwrap();
        }
        Done { workers: self.workers, ledger: self.ledger }
    }
}

impl Done {
    /// Each task on its own: the counts of a queue leave out a claim that has expired and is not yet ended.
    pub(crate) async fn finish_everything(&self, client: &Client) {
        let created: Vec<TaskId> = self.ledger.0.lock().unwrap().created.keys().copied().collect();
        let finished = timeout(FINISH, async {
            for id in created {
                while is_open(&client.status(id).await) {
                    sleep(AGAIN).await;
                }
            }
        });
        assert!(finished.await.is_ok(), "some tasks are still open after {FINISH:?}");
    }

    /// Everything ever acknowledged; answers what it was, the status of each task, and what each depends on.
    pub(crate) async fn check_everything(
        mut self,
        client: &Client,
    ) -> (String, Vec<Value>, BTreeMap<String, Vec<String>>) {
        self.workers.shutdown().await;
        let acknowledged = std::mem::take(&mut *self.ledger.0.lock().unwrap());
        let (mut statuses, mut dependencies) = (Vec::with_capacity(acknowledged.created.len()), BTreeMap::new());
        for (id, definition) in &acknowledged.created {
            let status = client.status(*id).await;
            let stored = client.get(&format!("task/{id}")).await.unwrap().ok();
            assert_eq!(stored["payload"], definition["payload"], "the definition of {id} has changed");
            let reports = acknowledged.reported.range((*id, 0)..(*id, usize::MAX));
            for ((_, run), state) in reports {
                assert_eq!(status["runs"][*run]["state"], json!(state), "the report of run {run} is lost: {status}");
            }
            statuses.push(status);
            let required = stored["dependencies"].as_array().unwrap().iter();
            let required = required.map(|id| id.as_str().unwrap().to_owned()).collect();
            dependencies.insert(id.to_string(), required);
        }
        let summary =
            format!("{} creates and {} reports acknowledged", acknowledged.created.len(), acknowledged.reported.len());
        (summary, statuses, dependencies)
    }
}

struct Part {
    client: Client,
    group: TaskId,
    rng: Rng,
    ledger: Ledger,
}

impl Part {
    /// Creates tasks, most of which wait for the one before.
    async fn create(self, creating: watch::Receiver<bool>) {
        let mut before: Option<TaskId> = None;
        while *creating.borrow() {
            let id = TaskId::from_random(self.rng.uuid_bytes());
            let chained = before.filter(|_| self.rng.range(0..3) > 0);
            let more = json!({
                "taskGroupId": self.group,
                "retries": 49,
                "requires": "all-resolved",
                "dependencies": chained.into_iter().collect::<Vec<TaskId>>(),
                "routes": [format!("index.tests.chaos.{id}")],
                "payload": { "mark": self.rng.number().to_string() },
            });
            let task = definition(QUEUE, &more);
            loop {
                match self.client.create(id, &task).await {
                    Ok(answer) if answer.status == 200 => break,
                    Ok(answer) if answer.status < 500 => panic!("a create was refused: {answer:?}"),
                    _ => sleep(AGAIN).await,
                }
            }
            self.ledger.0.lock().unwrap().created.insert(id, task);
            before = Some(id);
            sleep(Duration::from_millis(self.rng.range(0..PAUSE))).await;
        }
    }

    async fn work(self, worker: String) {
        loop {
            let count = usize::try_from(self.rng.range(1..4)).unwrap();
            let claims = match self.client.claim_work(QUEUE, &worker, count).await {
                Ok(answer) if answer.status == 200 => answer.body,
                Ok(answer) if answer.status < 500 => panic!("a claim was refused: {answer:?}"),
                _ => {
                    sleep(AGAIN).await;
                    continue;
                }
            };
            for claim in claims["tasks"].as_array().unwrap() {
                let (id, run) = run_of(claim);
                self.finish(id, run).await;
            }
        }
    }

    /// A conflict is no error: the claim has expired while the server was away.
    async fn finish(&self, id: TaskId, run: usize) {
        let (verb, state) = if self.rng.range(0..10) == 0 { ("failed", "failed") } else { ("completed", "completed") };
        loop {
            match self.client.run(id, run, verb, &json!({})).await {
                Ok(answer) if answer.status == 200 => {
                    self.ledger.0.lock().unwrap().reported.insert((id, run), state);
                    return;
                }
                Ok(answer) if answer.status == 409 => return,
                Ok(answer) if answer.status < 500 => panic!("a report was refused: {answer:?}"),
                _ => sleep(AGAIN).await,
            }
        }
    }
}

fn run_of(claim: &Value) -> (TaskId, usize) {
    let id = claim["status"]["taskId"].as_str().unwrap().parse().unwrap();
    (id, usize::try_from(claim["runId"].as_u64().unwrap()).unwrap())
}

/// Of the group, those that are not resolved: also what no worker could claim yet.
fn is_open(status: &Value) -> bool {
    ["unscheduled", "pending", "running"].iter().any(|state| status["state"] == *state)
}
