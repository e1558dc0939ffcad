//! Many clients at once, each with one request under way: how much gets done, and what it costs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time::sleep};

use crate::{
    env::TestEnv,
    error::{During, Result},
    options::Plan,
    samples::Samples,
    usage::{cpu, cpu_of_family},
    work::{Lot, Session},
};

/// What a load came to.
pub(crate) struct Outcome {
    pub(crate) per_second: f64,
    pub(crate) each: Cost,
    pub(crate) steps: Steps,
}

/// Of one piece: CPU time in microseconds, and bytes of the write-ahead log.
pub(crate) struct Cost {
    pub(crate) drover: f64,
    pub(crate) database: f64,
    pub(crate) broker: f64,
    pub(crate) load: f64,
    pub(crate) wal: f64,
}

/// How long each call took.
#[derive(Default)]
pub(crate) struct Steps {
    pub(crate) create: Samples,
    pub(crate) claim: Samples,
    pub(crate) report: Samples,
}

/// Clients that create one task after the other.
pub(crate) async fn creates(env: &TestEnv, plan: &Plan, clients: usize) -> Result<Outcome> {
    let shared = Arc::new(Shared::new(env, "create"));
    let mut running = JoinSet::new();
    for session in env.sessions(clients).await? {
        running.spawn(create_client(session, Arc::clone(&shared)));
    }
    watch(env, plan, &shared, running).await
}

/// Clients that create a task, claim one, and report it as completed. As every client creates before it claims, there
/// is always something to claim, if not its own.
pub(crate) async fn lifecycles(env: &TestEnv, plan: &Plan, clients: usize) -> Result<Outcome> {
    let shared = Arc::new(Shared::new(env, "lifecycle"));
    let mut running = JoinSet::new();
    for (number, session) in env.sessions(clients).await?.into_iter().enumerate() {
        running.spawn(lifecycle_client(session, Arc::clone(&shared), format!("worker-{number}")));
    }
    watch(env, plan, &shared, running).await
}

struct Shared {
    lot: Lot,
    done: AtomicUsize,
    counting: AtomicBool,
    over: AtomicBool,
}

impl Shared {
    fn new(env: &TestEnv, name: &str) -> Self {
        let lot = Lot::new(name, &env.rng);
        Self { lot, done: AtomicUsize::new(0), counting: AtomicBool::new(false), over: AtomicBool::new(false) }
    }

    fn goes_on(&self) -> bool {
        !self.over.load(Relaxed)
    }

    fn note(&self, samples: &mut Samples, begun: Instant) {
        if self.counting.load(Relaxed) {
            samples.push(begun.elapsed());
        }
    }
}

async fn create_client(mut session: Session, shared: Arc<Shared>) -> Result<Steps> {
    let mut steps = Steps::default();
    while shared.goes_on() {
        let begun = Instant::now();
        session.create_next(&shared.lot, &[]).await?;
        shared.note(&mut steps.create, begun);
        shared.done.fetch_add(1, Relaxed);
    }
    Ok(steps)
}

async fn lifecycle_client(mut session: Session, shared: Arc<Shared>, worker: String) -> Result<Steps> {
    let mut steps = Steps::default();
    while shared.goes_on() {
        let begun = Instant::now();
        session.create_next(&shared.lot, &[]).await?;
        shared.note(&mut steps.create, begun);
        let begun = Instant::now();
        let claimed = session.claim(&shared.lot.queue, &worker).await?;
        let claimed = claimed.during("a claim was empty although a task was pending")?;
        shared.note(&mut steps.claim, begun);
        let begun = Instant::now();
        session.complete(&claimed).await?;
        shared.note(&mut steps.report, begun);
        shared.done.fetch_add(1, Relaxed);
    }
    Ok(steps)
}

/// Samples a running load twice, then ends it.
async fn watch(env: &TestEnv, plan: &Plan, shared: &Shared, mut running: JoinSet<Result<Steps>>) -> Result<Outcome> {
    sleep(plan.warm_up).await;
    let before = Moment::sample(env, shared).await?;
    shared.counting.store(true, Relaxed);
    sleep(plan.load).await;
    let after = Moment::sample(env, shared).await?;
    shared.over.store(true, Relaxed);
    let mut steps = Steps::default();
    while let Some(ended) = running.join_next().await {
        let Steps { create, claim, report } = ended.during("a client of the load")??;
        steps.create.append(create);
        steps.claim.append(claim);
        steps.report.append(report);
    }
    after.since(&before, steps)
}

/// The counters at one moment.
struct Moment {
    at: Instant,
    done: usize,
    drover: Duration,
    database: Duration,
    broker: Duration,
    load: Duration,
    wal: f64,
}

impl Moment {
    async fn sample(env: &TestEnv, shared: &Shared) -> Result<Self> {
        let wal = env.database.wal_bytes().await?;
        Ok(Self {
            wal,
            at: Instant::now(),
            done: shared.done.load(Relaxed),
            drover: env.cpu()?,
            database: cpu_of_family(env.database.process)?,
            broker: env.broker.map_or(Ok(Duration::ZERO), cpu_of_family)?,
            load: cpu(std::process::id())?,
        })
    }

    fn since(&self, before: &Self, steps: Steps) -> Result<Outcome> {
        let done = u32::try_from(self.done - before.done).ok().filter(|done| *done > 0);
        let done = f64::from(done.during("nothing was done in the time of the load")?);
        let each = |now: Duration, before: Duration| now.saturating_sub(before).as_secs_f64() * 1e6 / done;
        let each = Cost {
            drover: each(self.drover, before.drover),
            database: each(self.database, before.database),
            broker: each(self.broker, before.broker),
            load: each(self.load, before.load),
            wal: (self.wal - before.wal) / done,
        };
        Ok(Outcome { per_second: done / (self.at - before.at).as_secs_f64(), each, steps })
    }
}
