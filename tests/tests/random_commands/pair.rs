//! The real queue and the model, kept in step.

use std::collections::BTreeSet;

use base::Rng;
use proptest::sample::Index;
use protocol::{id::TaskId, state::Priority};
use serde_json::{Value, json};
use tests::{
    Answer, Client, definition,
    model::{Choice, Model, Refused, Report, Task},
};

use crate::command::{Command, GROUPS, WORKERS};

/// A difference, in words.
pub(crate) type Difference = String;

pub(crate) struct Pair {
    client: Client,
    model: Model,
    rng: Rng,
    task_queue_id: String,
    groups: Vec<TaskId>,
    /// Ids and definitions as sent, by the model's number.
    sent: Vec<(TaskId, Value)>,
}

impl Pair {
    /// Both empty: a task queue and groups that nobody has used.
    pub(crate) fn new(client: Client, rng: &Rng) -> Self {
        let id = || TaskId::from_random(rng.uuid_bytes());
        let task_queue_id = format!("tests/random-{}", rng.range(0..1 << 40));
        let groups = (0..GROUPS).map(|_| id()).collect();
        Self { client, model: Model::default(), rng: rng.clone(), task_queue_id, groups, sent: Vec::new() }
    }

    /// Does one thing on both sides and compares the answers.
    pub(crate) async fn step(&mut self, command: &Command) -> Result<(), Difference> {
        let done = match command {
            Command::Create { group, priority, retries, requires, dependencies } => {
                let dependencies = dependencies.iter().filter_map(|it| self.pick(*it)).collect();
                let (group, priority, retries, requires) = (*group, *priority, *retries, *requires);
                self.create(Choice { group, priority, retries, requires, dependencies }).await
            }
            Command::CreateWithMissingDependency => self.create_with_missing_dependency().await,
            Command::ClaimWork { worker, count } => self.claim_work(WORKERS[*worker], *count).await,
            Command::Seal(group) => self.seal(*group).await,
            Command::CancelGroup(group) => self.cancel_group(*group).await,
            Command::CreateAgain(task)
            | Command::CreateDifferent(task)
            | Command::Schedule(task)
            | Command::Rerun(task)
            | Command::Cancel(task)
            | Command::ChangePriority(task, _)
            | Command::ClaimTask { task, .. }
            | Command::Reclaim { task, .. }
            | Command::Report { task, .. } => match self.pick(*task) {
                Some(task) => self.on_task(task, command).await,
                None => Ok(()),
            },
        };
        done.map_err(|difference| format!("{command:?}: {difference}"))
    }

    /// Every status, and the counts.
    pub(crate) async fn compare_all(&self) -> Result<(), Difference> {
        for task in 0..self.sent.len() {
            self.compare(task, &self.client.status(self.sent[task].0).await)?;
        }
        let counts = format!("task-queues/{}/counts", self.task_queue_id.replace('/', "%2F"));
        let counts = self.client.get(&counts).await.unwrap().ok();
        let pending = self.model.line().len();
        same("pendingTasks", &counts["pendingTasks"], &json!(pending))
    }

    fn pick(&self, index: Index) -> Option<usize> {
        (!self.sent.is_empty()).then(|| index.index(self.sent.len()))
    }

    async fn create(&mut self, choice: Choice) -> Result<(), Difference> {
        let id = TaskId::from_random(self.rng.uuid_bytes());
        let dependencies: Vec<TaskId> = choice.dependencies.iter().map(|it| self.sent[*it].0).collect();
        let more = json!({
            "taskGroupId": self.groups[choice.group],
            "priority": choice.priority,
            "retries": choice.retries,
            "requires": choice.requires,
            "dependencies": dependencies,
        });
        let sent = definition(&self.task_queue_id, &more);
        let answer = self.client.create(id, &sent).await.unwrap();
        match self.model.create(choice) {
            Ok(task) => {
                self.sent.push((id, sent));
                self.check(task, Ok(()), &answer)
            }
            Err(refused) => refusal(refused, &answer),
        }
    }

    async fn create_with_missing_dependency(&mut self) -> Result<(), Difference> {
        let [id, nobody] = [(), ()].map(|()| TaskId::from_random(self.rng.uuid_bytes()));
        let task = definition(&self.task_queue_id, &json!({ "dependencies": [nobody] }));
        refusal(Refused(400), &self.client.create(id, &task).await.unwrap())?;
        let status = self.client.get(&format!("task/{id}/status")).await.unwrap();
        refusal(Refused(404), &status)
    }

    async fn on_task(&mut self, task: usize, command: &Command) -> Result<(), Difference> {
        let (id, sent) = self.sent[task].clone();
        let nothing = json!({});
        match command {
            Command::CreateAgain(_) => {
                let answer = self.client.create(id, &sent).await.unwrap();
                let expected = self.model.create_again(task);
                self.check(task, expected, &answer)
            }
            Command::CreateDifferent(_) => {
                let mut other = sent;
                other["payload"] = json!({ "other": true });
                refusal(Refused(409), &self.client.create(id, &other).await.unwrap())
            }
            Command::Schedule(_) => {
                let answer = self.client.post(&format!("task/{id}/schedule"), &nothing).await.unwrap();
                self.model.schedule(task);
                self.check(task, Ok(()), &answer)
            }
            Command::Rerun(_) => {
                let answer = self.client.post(&format!("task/{id}/rerun"), &nothing).await.unwrap();
                let expected = self.model.rerun(task);
                self.check(task, expected, &answer)
            }
            Command::Cancel(_) => {
                let answer = self.client.post(&format!("task/{id}/cancel"), &nothing).await.unwrap();
                self.model.cancel(task);
                self.check(task, Ok(()), &answer)
            }
            Command::ChangePriority(_, to) => self.change_priority(task, *to).await,
            Command::ClaimTask { run, worker, .. } => {
                let worker = WORKERS[*worker];
                let body = json!({ "workerGroup": "tests", "workerId": worker });
                let answer = self.client.run(id, *run, "claim", &body).await.unwrap();
                let expected = self.model.claim_task(task, *run, worker);
                self.check(task, expected, &answer)
            }
            Command::Reclaim { run, .. } => {
                let answer = self.client.run(id, *run, "reclaim", &nothing).await.unwrap();
                self.check(task, self.model.reclaim(task, *run), &answer)
            }
            Command::Report { run, report, .. } => self.report(task, *run, *report).await,
            _ => unreachable!("not about one task"),
        }
    }

    async fn change_priority(&mut self, task: usize, to: Priority) -> Result<(), Difference> {
        let path = format!("task/{}/priority", self.sent[task].0);
        let answer = self.client.post(&path, &json!({ "newPriority": to })).await.unwrap();
        let expected = self.model.change_priority(task, to);
        self.check(task, expected, &answer)
    }

    async fn report(&mut self, task: usize, run: usize, report: Report) -> Result<(), Difference> {
        let (verb, body) = match report {
            Report::Completed => ("completed", json!({})),
            Report::Failed => ("failed", json!({})),
            Report::Exception(reason) => ("exception", json!({ "reason": reason })),
        };
        let answer = self.client.run(self.sent[task].0, run, verb, &body).await.unwrap();
        let expected = self.model.report(task, run, report);
        self.check(task, expected, &answer)
    }

    /// Only asked when something is pending: an empty queue answers after twenty seconds.
    async fn claim_work(&mut self, worker: &str, count: usize) -> Result<(), Difference> {
        if self.model.line().is_empty() {
            return Ok(());
        }
        let answer = self.client.claim_work(&self.task_queue_id, worker, count).await.unwrap().ok();
        let claims = answer["tasks"].as_array().unwrap();
        let number = |claim: &Value| self.sent.iter().position(|(id, _)| claim["status"]["taskId"] == json!(id));
        let given: Option<Vec<usize>> = claims.iter().map(number).collect();
        let given = given.ok_or_else(|| format!("a claim of a task that is not ours: {answer}"))?;
        if !self.model.may_hand_out(&given, count) {
            return Err(format!("{given:?} was handed out for {count}, of the line {:?}", self.model.line()));
        }
        for (task, claim) in given.into_iter().zip(claims) {
            self.model.hand_out(task, worker);
            self.compare(task, &claim["status"])?;
        }
        Ok(())
    }

    async fn seal(&mut self, group: usize) -> Result<(), Difference> {
        let answer = self.client.post(&format!("task-group/{}/seal", self.groups[group]), &json!({})).await.unwrap();
        match self.model.seal(group) {
            Ok(()) => same("sealed", &json!(answer.ok()["sealed"].is_string()), &json!(true)),
            Err(refused) => refusal(refused, &answer),
        }
    }

    async fn cancel_group(&mut self, group: usize) -> Result<(), Difference> {
        let answer = self.client.post(&format!("task-group/{}/cancel", self.groups[group]), &json!({})).await.unwrap();
        let canceled = match self.model.cancel_group(group) {
            Ok(canceled) => canceled,
            Err(refused) => return refusal(refused, &answer),
        };
        let body = answer.ok();
        let texts = |ids: &Value| ids.as_array().unwrap().iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        let expected: Vec<TaskId> = canceled.iter().map(|task| self.sent[*task].0).collect();
        if texts(&body["taskIds"]) != texts(&json!(expected)) {
            return Err(format!("canceled {}, expected {expected:?}", body["taskIds"]));
        }
        same("cancelledCount", &body["cancelledCount"], &json!(expected.len()))
    }

    /// Compares an answer with what the model said, and the status in it with the model's task.
    fn check(&self, task: usize, expected: Result<(), Refused>, answer: &Answer) -> Result<(), Difference> {
        match expected {
            Err(refused) => refusal(refused, answer),
            Ok(()) if answer.status == 200 => self.compare(task, &answer.body["status"]),
            Ok(()) => Err(format!("expected success, got {answer:?}")),
        }
    }

    fn compare(&self, task: usize, status: &Value) -> Result<(), Difference> {
        let model = &self.model.tasks[task];
        same("status", &outline(status), &outline_of(model))
    }
}

/// What the model can know of a status.
fn outline(status: &Value) -> Value {
    let runs = status["runs"].as_array().into_iter().flatten();
    let runs: Vec<Value> = runs
        .map(|run| json!([run["runId"], run["state"], run["reasonCreated"], run["reasonResolved"], run["workerId"]]))
        .collect();
    json!([status["state"], status["retriesLeft"], status["priority"], runs])
}

fn outline_of(task: &Task) -> Value {
    let runs = task.runs.iter().enumerate();
    let runs: Vec<Value> =
        runs.map(|(id, run)| json!([id, run.state, run.reason_created, run.reason_resolved, run.worker])).collect();
    json!([task.state(), task.retries_left, task.priority, runs])
}

fn refusal(expected: Refused, answer: &Answer) -> Result<(), Difference> {
    if answer.status == expected.0 { Ok(()) } else { Err(format!("expected {}, got {answer:?}", expected.0)) }
}

fn same(what: &str, found: &Value, expected: &Value) -> Result<(), Difference> {
    if found == expected { Ok(()) } else { Err(format!("{what} is {found}, expected {expected}")) }
}
