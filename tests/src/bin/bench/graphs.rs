//! Graphs of ten thousand tasks.

use std::time::{Duration, Instant};

use protocol::id::{TaskGroupId, TaskId};
use tokio::time::sleep;

use crate::{
    env::TestEnv,
    error::{During, Result},
    work::Lot,
};

const DEPENDENTS: usize = 10_000;
const BUILDS: usize = 300;
const TESTS: usize = 10_000;
const SUMMARIES: usize = 660;
const TESTS_A_SUMMARY: usize = 15;
const FINALS: usize = 11;

/// Milliseconds from the report of one task to the moment when ten thousand that depended on it wait for workers.
pub(crate) async fn fan_out(env: &TestEnv) -> Result<f64> {
    let (first, then) = (Lot::new("fan-first", &env.rng), Lot::new("fan", &env.rng));
    let mut session = env.session().await?;
    let required = session.create_next(&first, &[]).await?;
    let mut graph = Graph::new(&then);
    (0..DEPENDENTS).for_each(|_| _ = graph.add(&[required]));
    session.submit(graph.text()).await?;
    let claimed = session.claim(&first.queue, "first").await?.during("the first task cannot be claimed")?;
    let begun = Instant::now();
    session.complete(&claimed).await?;
    while session.pending(&then.queue).await? < DEPENDENTS {
        sleep(Duration::from_millis(2)).await;
    }
    Ok(begun.elapsed().as_secs_f64())
}

/// A push to a large project: seconds from the submission to its answer.
pub(crate) async fn push(env: &TestEnv) -> Result<f64> {
    let lot = Lot::new("push", &env.rng);
    let graph = push_graph(&lot).text();
    let mut session = env.session().await?;
    let begun = Instant::now();
    session.submit(graph).await?;
    Ok(begun.elapsed().as_secs_f64())
}

/// A decision, its builds, tests of each build, summaries of some tests, and at the end a task that depends on all of them:
/// 10,972 tasks.
fn push_graph(lot: &Lot) -> Graph<'_> {
    let mut graph = Graph::new(lot);
    let decision = graph.add(&[]);
    let builds: Vec<TaskId> = (0..BUILDS).map(|_| graph.add(&[decision])).collect();
    let tests: Vec<TaskId> = (0..TESTS).map(|test| graph.add(&[decision, builds[test % BUILDS]])).collect();
    let summaries: Vec<TaskId> = tests.chunks(TESTS_A_SUMMARY).take(SUMMARIES).map(|tests| graph.add(tests)).collect();
    for summaries in summaries.chunks(SUMMARIES / FINALS) {
        graph.add(&[summaries, &builds].concat());
    }
    graph
}

/// The body of a submission as it grows.
pub(crate) struct Graph<'l> {
    lot: &'l Lot,
    group: TaskGroupId,
    tasks: Vec<String>,
}

impl<'l> Graph<'l> {
    pub(crate) fn new(lot: &'l Lot) -> Self {
        Self { lot, group: lot.group(), tasks: Vec::new() }
    }

    pub(crate) fn add(&mut self, dependencies: &[TaskId]) -> TaskId {
        let id = self.lot.id();
        self.tasks.push(format!("\"{id}\":{}", self.lot.definition(self.group, dependencies)));
        id
    }

    pub(crate) fn text(&self) -> String {
        let (group, tasks) = (self.group, self.tasks.join(","));
        format!("{{\"submitKey\":\"bench-{group}\",\"taskGroupId\":\"{group}\",\"tasks\":{{{tasks}}}}}")
    }
}

#[cfg(test)]
mod tests {
    use base::Rng;

    use super::*;

    #[test]
    fn a_push_has_the_tasks_that_the_bar_speaks_of() {
        let lot = Lot::new("push", &Rng::seeded(1));
        let graph = push_graph(&lot);
        assert_eq!(graph.tasks.len(), 1 + BUILDS + TESTS + SUMMARIES + FINALS);
        let body: serde_json::Value = serde_json::from_str(&graph.text()).unwrap();
        assert_eq!(body["tasks"].as_object().unwrap().len(), 10_972);
    }
}
