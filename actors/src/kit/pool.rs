//! Many workers without a memory, behind one address.

use std::{sync::Arc, time::Duration};

use ractor::{
    ActorProcessingErr, ActorRef, Message,
    factory::{
        DeadMansSwitchConfiguration, DiscardHandler, DiscardMode, DiscardReason, DiscardSettings, Factory,
        FactoryArguments, FactoryMessage, Job, Worker, WorkerBuilder, WorkerId, queues::DefaultQueue,
        routing::StickyQueuerRouting,
    },
};

use super::{CallError, Child, Handle, Reply, Restart};

/// A worker busy with one job for longer than this is reported, not killed.
const STUCK_AFTER: Duration = Duration::from_mins(1);

/// What the workers of a pool do. One value serves all of them, so it holds no state of a job.
pub trait Work: Send + Sync + 'static {
    type Job: Message;

    /// Answers through the reply port in the job. A panic costs this job alone: its caller hears `Down`.
    fn run(&self, job: Self::Job) -> impl Future<Output = ()> + Send;
}

/// The address of a pool. Jobs of one key run one after the other, in the order they came.
pub struct Pool<J: Message> {
    factory: Handle<FactoryMessage<String, J>>,
}

impl<J: Message> Clone for Pool<J> {
    fn clone(&self) -> Self {
        Self { factory: self.factory.clone() }
    }
}

impl<J: Message> Pool<J> {
    /// `workers`: about as many as there are database connections. Once all are busy and `waiting` jobs queue,
    /// the newest is shed.
    pub fn new<W: Work<Job = J>>(name: &str, work: Arc<W>, workers: usize, waiting: usize) -> (Child, Self) {
        let part: Arc<str> = name.into();
        let make = move || (Pooled::<W>::default(), arguments(&part, &work, workers, waiting));
        let (child, factory) = Child::new(name, Restart::Always, make);
        (child.drained_by(|| FactoryMessage::<String, J>::DrainRequests), Self { factory })
    }

    /// Asks one of the workers. A shed job is `Down` at once.
    pub async fn call<T, F>(&self, key: String, deadline: Duration, job: F) -> Result<T, CallError>
    where
        T: Send + 'static,
        F: FnOnce(Reply<T>) -> J,
    {
        self.factory.call(deadline, |reply| FactoryMessage::Dispatch(Job::new(key, job(reply)))).await
    }
}

type Routing<J> = StickyQueuerRouting<String, J>;
type Waiting<J> = DefaultQueue<String, J>;
type Pooled<W> =
    Factory<String, <W as Work>::Job, (), PoolWorker<W>, Routing<<W as Work>::Job>, Waiting<<W as Work>::Job>>;
type Arguments<W> =
    FactoryArguments<String, <W as Work>::Job, (), PoolWorker<W>, Routing<<W as Work>::Job>, Waiting<<W as Work>::Job>>;

fn arguments<W: Work>(part: &Arc<str>, work: &Arc<W>, workers: usize, waiting: usize) -> Arguments<W> {
    FactoryArguments::builder()
        .worker_builder(Box::new(Builder(work.clone())))
        .num_initial_workers(workers)
        .router(Routing::default())
        .queue(Waiting::default())
        .discard_handler(Arc::new(Shed(part.clone())))
        .discard_settings(DiscardSettings::Static { limit: waiting, mode: DiscardMode::Newest })
        .dead_mans_switch(
            DeadMansSwitchConfiguration::builder().detection_timeout(STUCK_AFTER).kill_worker(false).build(),
        )
        .build()
}

struct Builder<W>(Arc<W>);

impl<W: Work> WorkerBuilder<PoolWorker<W>, ()> for Builder<W> {
    fn build(&mut self, _: WorkerId) -> (PoolWorker<W>, ()) {
        (PoolWorker(self.0.clone()), ())
    }
}

/// One worker, as ractor sees it.
struct PoolWorker<W>(Arc<W>);

impl<W: Work> Worker for PoolWorker<W> {
    type Key = String;
    type Message = W::Job;
    type Arguments = ();
    type State = ();

    async fn pre_start(
        &self,
        _: WorkerId,
        _: &ActorRef<FactoryMessage<String, W::Job>>,
        (): (),
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: WorkerId,
        _: &ActorRef<FactoryMessage<String, W::Job>>,
        job: Job<String, W::Job>,
        (): &mut (),
    ) -> Result<String, ActorProcessingErr> {
        self.0.run(job.msg).await;
        Ok(job.key)
    }
}

/// Says that jobs were shed. The caller learns it from the reply port, which falls with the job.
struct Shed(Arc<str>);

impl<J: Message> DiscardHandler<String, J> for Shed {
    fn discard(&self, reason: DiscardReason, _: &mut Job<String, J>) {
        tracing::warn!(part = %self.0, ?reason, "a job was shed");
    }
}

#[cfg(test)]
mod tests {
    use base::Rng;
    use tokio::{
        sync::{Semaphore, mpsc},
        task::JoinSet,
    };

    use super::*;
    use crate::kit::Supervisor;

    const SOON: Duration = Duration::from_secs(10);

    /// Each job waits at the gate, then answers its number.
    struct Gate {
        open: Semaphore,
        begun: mpsc::UnboundedSender<u32>,
    }

    struct Pass(u32, Reply<u32>);

    impl Work for Gate {
        type Job = Pass;

        async fn run(&self, Pass(number, reply): Pass) {
            self.begun.send(number).unwrap();
            self.open.acquire().await.unwrap().forget();
            assert!(number != 13, "an unlucky job");
            let _ = reply.send(number);
        }
    }

    fn gate(
        permits: usize,
        workers: usize,
        waiting: usize,
    ) -> (Arc<Gate>, Child, Pool<Pass>, mpsc::UnboundedReceiver<u32>) {
        let (begun, started) = mpsc::unbounded_channel();
        let gate = Arc::new(Gate { open: Semaphore::new(permits), begun });
        let (child, pool) = Pool::new("test/gate", gate.clone(), workers, waiting);
        (gate, child, pool, started)
    }

    async fn pass(pool: &Pool<Pass>, key: &str, number: u32) -> Result<u32, CallError> {
        pool.call(key.to_owned(), SOON, |reply| Pass(number, reply)).await
    }

    #[tokio::test]
    async fn a_full_pool_sheds_the_newest_call_at_once_and_serves_the_rest() {
        let (gate, child, pool, mut started) = gate(0, 1, 1);
        let env = Supervisor::start(vec![child], Rng::seeded(1)).await;
        let mut asked = JoinSet::new();
        let mut ask = |number: u32| {
            let pool = pool.clone();
            asked.spawn(async move { pass(&pool, &number.to_string(), number).await });
        };

        ask(1);
        assert_eq!(started.recv().await, Some(1));
        (2..=4).for_each(ask);
        for _ in 0..2 {
            assert_eq!(asked.join_next().await.unwrap().unwrap(), Err(CallError::Down));
        }
        gate.open.add_permits(2);
        for _ in 0..2 {
            assert!(asked.join_next().await.unwrap().unwrap().is_ok());
        }
        env.stop(SOON).await;
    }

    #[tokio::test]
    async fn a_panic_costs_its_own_job_alone() {
        let (_gate, child, pool, _started) = gate(100, 2, 10);
        let env = Supervisor::start(vec![child], Rng::seeded(1)).await;

        assert_eq!(pass(&pool, "a", 13).await, Err(CallError::Down));
        assert_eq!(pass(&pool, "a", 14).await, Ok(14));
        env.stop(SOON).await;
    }

    #[tokio::test]
    async fn jobs_that_wait_are_served_before_the_pool_ends() {
        let (gate, child, pool, mut started) = gate(0, 1, 10);
        let env = Supervisor::start(vec![child], Rng::seeded(1)).await;
        let mut asked = JoinSet::new();
        for number in 0..5 {
            let pool = pool.clone();
            asked.spawn(async move { pass(&pool, "same", number).await });
        }
        started.recv().await.unwrap();

        let opened = async {
            gate.open.add_permits(5);
            asked.join_all().await
        };
        let ((), answers) = tokio::join!(env.stop(SOON), opened);
        assert!(answers.iter().all(Result::is_ok));
    }
}
