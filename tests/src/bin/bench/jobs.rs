//! How fast runs become job messages for Treeherder, over a real broker.

use std::time::{Duration, Instant};

use bus::{AmqpBus, Bus, Consumer, Exchange, Received, Subscription};
use tokio::time::{sleep, timeout};

use crate::{
    env::TestEnv,
    error::{BenchError, During, Result},
    graphs::Graph,
    samples::Samples,
    work::Lot,
};

const JOBS: &str = "exchange/taskcluster-treeherder/v1/jobs";
/// A message that did not come by then will not come.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Tasks of the one graph whose events are counted: each is defined, and pending.
const TASKS: u32 = 5000;
const EVENTS: u32 = TASKS * 2;

/// Whoever listens to job messages.
pub(crate) struct Listener {
    bus: AmqpBus,
    consumer: Consumer,
    revision: String,
}

impl Listener {
    pub(crate) async fn open(url: &str, env: &TestEnv) -> Result<Self> {
        let bus = AmqpBus::new(url, "bench", &env.rng.branch("jobs")).during("the AMQP URL")?;
        bus.declare(Exchange::topic(JOBS)).await.during("the exchange of jobs")?;
        let consumer = bus.subscribe(Subscription::ephemeral().bind(JOBS, "#")).await.during("listening to jobs")?;
        let revision = format!("{:016x}{:016x}{:08x}", env.rng.number(), env.rng.number(), 0);
        Ok(Self { bus, consumer, revision })
    }

    pub(crate) async fn close(self) {
        self.bus.close().await;
    }

    /// Tasks with a route of this push.
    fn lot(&self, name: &str, env: &TestEnv) -> Lot {
        Lot::of_push(name, &env.rng, &self.revision)
    }

    /// Until so many messages of our own push have come.
    async fn receive(&mut self, count: usize) -> Result<()> {
        let mut received_jobs = 0;
        while received_jobs < count {
            let received = timeout(TIMEOUT, self.consumer.next()).await;
            let received = received.during(&format!("{received_jobs} of {count} job messages came"))?;
            let Some(Received::Delivery(delivery)) = received else {
                return Err(BenchError::new("job messages were lost on the way to the benchmark"));
            };
            let is_ours =
                delivery.message.body.windows(self.revision.len()).any(|text| text == self.revision.as_bytes());
            received_jobs += usize::from(is_ours);
            delivery.ack();
        }
        Ok(())
    }
}

/// From the answer to createTask, which comes after its commit, to the message that the task is pending.
pub(crate) async fn latency(env: &TestEnv, listener: &mut Listener, samples: usize) -> Result<Samples> {
    let lot = listener.lot("job-latency", env);
    let mut session = env.session().await?;
    let mut found = Samples::default();
    for _ in 0..samples {
        sleep(env.rng.jitter(Duration::from_millis(20))).await;
        session.create_next(&lot, &[]).await?;
        let answered = Instant::now();
        listener.receive(2).await?;
        found.push(answered.elapsed());
    }
    Ok(found)
}

/// Events a second, of a graph that is committed at once, from its answer to the last message.
pub(crate) async fn rate(env: &TestEnv, listener: &mut Listener) -> Result<f64> {
    let lot = listener.lot("job-rate", env);
    let mut session = env.session().await?;
    let mut graph = Graph::new(&lot);
    (0..TASKS).for_each(|_| _ = graph.add(&[]));
    session.submit(graph.text()).await?;
    let begun = Instant::now();
    listener.receive(EVENTS as usize).await?;
    Ok(f64::from(EVENTS) / begun.elapsed().as_secs_f64())
}
