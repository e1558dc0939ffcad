//! How long one task waits on a machine that has nothing else to do.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    env::TestEnv,
    error::{During, Result},
    samples::{Samples, milliseconds},
    work::{Lot, Session},
};

/// A task that did not come by then will not come.
const TIMEOUT: Duration = Duration::from_secs(10);

const CHAIN: usize = 10;

/// From the answer to createTask to the answer to the claim of a worker that waits.
pub(crate) async fn dispatch(env: &TestEnv, samples: usize) -> Result<Samples> {
    let lot = Lot::new("dispatch", &env.rng);
    let mut submitter = env.session().await?;
    let mut worker = Worker::start(env, &lot).await?;
    let mut found = Samples::default();
    for _ in 0..samples {
        breathe(env).await;
        let id = submitter.create_next(&lot, &[]).await?;
        let answered = Instant::now();
        let claimed = worker.claimed(&id.to_string()).await?;
        found.push(claimed.saturating_duration_since(answered));
    }
    Ok(found)
}

/// From the answer to the report of a task to the claim of the one task that depended on it.
pub(crate) async fn release(env: &TestEnv, samples: usize) -> Result<Samples> {
    let (first, then) = (Lot::new("required", &env.rng), Lot::new("dependent", &env.rng));
    let mut session = env.session().await?;
    let mut worker = Worker::start(env, &then).await?;
    let mut found = Samples::default();
    for _ in 0..samples {
        let required = session.create_next(&first, &[]).await?;
        let dependent = session.create_next(&then, &[required]).await?;
        let claimed = session.claim(&first.queue, "first").await?.during("the first task cannot be claimed")?;
        breathe(env).await;
        session.complete(&claimed).await?;
        let answered = Instant::now();
        let claimed = worker.claimed(&dependent.to_string()).await?;
        found.push(claimed.saturating_duration_since(answered));
    }
    Ok(found)
}

/// The median of so many chains.
pub(crate) async fn chains(env: &TestEnv, count: usize) -> Result<f64> {
    let mut chains = Vec::with_capacity(count);
    for _ in 0..count {
        chains.push(chain(env).await.during("chain")?);
    }
    chains.sort_by(f64::total_cmp);
    chains.get(count / 2).copied().during("no chain was requested")
}

/// Tasks that each depend on the one before: milliseconds from the first report to the last one's answer.
async fn chain(env: &TestEnv) -> Result<f64> {
    let (first, then) = (Lot::new("chain-first", &env.rng), Lot::new("chain", &env.rng));
    let mut session = env.session().await?;
    let mut before = session.create_next(&first, &[]).await?;
    for _ in 1..CHAIN {
        before = session.create_next(&then, &[before]).await?;
    }
    let mut worker = Worker::start(env, &then).await?;
    let head = session.claim(&first.queue, "first").await?.during("the first task cannot be claimed")?;
    breathe(env).await;
    let begun = Instant::now();
    session.complete(&head).await?;
    let ended = worker.completed(&before.to_string()).await?;
    Ok(milliseconds(ended - begun))
}

/// Long enough for a worker to wait again, and not in step with any timer.
async fn breathe(env: &TestEnv) {
    sleep(env.rng.jitter(Duration::from_millis(50))).await;
}

/// A worker with one connection: it waits for a task, reports it, and waits again.
struct Worker {
    received: UnboundedReceiver<Ran>,
    running: JoinSet<Result<()>>,
}

struct Ran {
    task_id: String,
    claimed: Instant,
    completed: Instant,
}

impl Worker {
    async fn start(env: &TestEnv, lot: &Lot) -> Result<Self> {
        let session = env.session().await?;
        let queue = Arc::<str>::from(lot.queue.as_str());
        let (send, received) = unbounded_channel();
        let mut running = JoinSet::new();
        running.spawn(work(session, queue, move |ran| send.send(ran).is_ok()));
        Ok(Self { received, running })
    }

    /// When the worker got this task.
    async fn claimed(&mut self, task_id: &str) -> Result<Instant> {
        Ok(self.ran(task_id).await?.claimed)
    }

    /// When the report of this task was answered.
    async fn completed(&mut self, task_id: &str) -> Result<Instant> {
        Ok(self.ran(task_id).await?.completed)
    }

    async fn ran(&mut self, task_id: &str) -> Result<Ran> {
        let found = async {
            while let Some(ran) = self.received.recv().await {
                if ran.task_id == task_id {
                    return Some(ran);
                }
            }
            None
        };
        match timeout(TIMEOUT, found).await.during("a worker did not get its task in time")? {
            Some(ran) => Ok(ran),
            // The worker ended, and says why.
            None => Err(match self.running.join_next().await.during("the worker is gone")?.during("the worker")? {
                Err(failure) => failure,
                Ok(()) => crate::error::BenchError::new("the worker ended by itself"),
            }),
        }
    }
}

async fn work(mut session: Session, queue: Arc<str>, send: impl Fn(Ran) -> bool) -> Result<()> {
    loop {
        let Some(claim) = session.claim(&queue, "waiting").await? else { continue };
        let claimed = Instant::now();
        session.complete(&claim).await?;
        if !send(Ran { task_id: claim.task_id, claimed, completed: Instant::now() }) {
            return Ok(());
        }
    }
}
