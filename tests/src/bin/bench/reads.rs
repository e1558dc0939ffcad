//! Readers beside a load: statuses and definitions, each reader with one connection that it keeps.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use protocol::id::TaskId;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    env::TestEnv,
    error::{During, Result},
    options::Plan,
    samples::Samples,
    work::{Lot, Session},
};

const READERS: usize = 32;
/// Tasks that live and end meanwhile.
const WRITERS: usize = 16;
/// What is read.
const TASKS: usize = 1_000;

pub(crate) struct Outcome {
    pub(crate) per_second: f64,
    pub(crate) samples: Samples,
    /// Lifecycles in a second, at the same time.
    pub(crate) lifecycles: f64,
}

#[derive(Default)]
struct Shared {
    reads: AtomicUsize,
    lives: AtomicUsize,
    counting: AtomicBool,
    over: AtomicBool,
}

/// Readers of statuses and definitions by turns, while others create, claim and resolve.
pub(crate) async fn beside_lifecycles(env: &TestEnv, plan: &Plan) -> Result<Outcome> {
    let tasks = Arc::new(some_tasks(env).await?);
    let (shared, lot) = (Arc::new(Shared::default()), Arc::new(Lot::new("beside", &env.rng)));
    let mut writers = JoinSet::new();
    for (number, session) in env.sessions(WRITERS).await?.into_iter().enumerate() {
        writers.spawn(write(session, Arc::clone(&lot), format!("worker-{number}"), Arc::clone(&shared)));
    }
    let mut readers = JoinSet::new();
    for (number, session) in env.sessions(READERS).await?.into_iter().enumerate() {
        readers.spawn(read(session, Arc::clone(&tasks), number, Arc::clone(&shared)));
    }
    sleep(plan.warm_up).await;
    let (begun, reads, lives) = shared.snapshot();
    shared.counting.store(true, Relaxed);
    sleep(plan.load).await;
    let (ended, more_reads, more_lives) = shared.snapshot();
    shared.over.store(true, Relaxed);
    let mut samples = Samples::default();
    while let Some(reader) = readers.join_next().await {
        samples.append(reader.during("a reader")??);
    }
    while let Some(writer) = writers.join_next().await {
        writer.during("a client beside the readers")??;
    }
    let rate = |now: usize, before: usize| per_second(now - before, ended - begun);
    Ok(Outcome { per_second: rate(more_reads, reads), samples, lifecycles: rate(more_lives, lives) })
}

impl Shared {
    fn snapshot(&self) -> (Instant, usize, usize) {
        (Instant::now(), self.reads.load(Relaxed), self.lives.load(Relaxed))
    }
}

fn per_second(count: usize, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / time.as_secs_f64()
}

async fn some_tasks(env: &TestEnv) -> Result<Vec<TaskId>> {
    let (lot, mut session) = (Lot::new("read", &env.rng), env.session().await?);
    let mut tasks = Vec::with_capacity(TASKS);
    for _ in 0..TASKS {
        tasks.push(session.create_next(&lot, &[]).await?);
    }
    Ok(tasks)
}

async fn read(mut session: Session, tasks: Arc<Vec<TaskId>>, first: usize, shared: Arc<Shared>) -> Result<Samples> {
    let mut samples = Samples::default();
    for (number, id) in tasks.iter().cycle().skip(first * TASKS / READERS).enumerate() {
        if shared.over.load(Relaxed) {
            break;
        }
        let begun = Instant::now();
        session.read(*id, if number % 2 == 0 { "/status" } else { "" }).await?;
        if shared.counting.load(Relaxed) {
            samples.push(begun.elapsed());
        }
        shared.reads.fetch_add(1, Relaxed);
    }
    Ok(samples)
}

async fn write(mut session: Session, lot: Arc<Lot>, worker: String, shared: Arc<Shared>) -> Result<()> {
    while !shared.over.load(Relaxed) {
        session.create_next(&lot, &[]).await?;
        let claimed = session.claim(&lot.queue, &worker).await?;
        session.complete(&claimed.during("a claim was empty although a task was pending")?).await?;
        shared.lives.fetch_add(1, Relaxed);
    }
    Ok(())
}
