//! A Drover of a process for each role, with a PostgreSQL and a RabbitMQ, as operators run it.

use std::{path::Path, time::Duration};

use ::tests::{RoleEnv, TestDirectory, servers::Postgres, signal};
use tokio::time::{Instant, sleep};

use crate::{
    client::Credentials,
    database::Database,
    env::TestEnv,
    error::{During, Result},
    events::{self, Subscriber},
    latency, load,
    metric::Metric,
    options::Plan,
    round::{Broker, Round},
    usage::cpu,
};

const ROLES: [&str; 6] = ["api", "queue", "relay", "scheduler", "reflector", "index"];
const RELAY: usize = 2;
const CLIENTS: usize = 256;
/// What starts with the processes is over by then.
const SETTLED: Duration = Duration::from_secs(3);
/// Long enough for the kernel's count of hundredths of a second to distinguish one in a hundred from two.
const IDLE: Duration = Duration::from_secs(10);

/// Measures what is different where the roles are processes of their own.
pub(crate) async fn measure(program: &Path, broker: &Broker, plan: &Plan, round: &mut Round) -> Result<()> {
    let folder = TestDirectory::new();
    let postgres = Postgres::start(folder.path(), None).during("there is no PostgreSQL")?;
    let database_url = postgres.url();
    let settings = [("DROVER__DATABASE__URL", database_url.as_str()), ("DROVER__BUS__AMQP_URL", broker.url.as_str())];
    let roles = RoleEnv::start_program(program, folder.path(), &ROLES, &settings).await;
    let processes = (0..roles.count()).map(|number| roles.process_id(number)).collect();
    let (id, token) = roles.credentials();
    let root = Credentials::lasting(id.to_owned(), token.to_owned());
    let mut env = TestEnv::new(&roles.root_url(), root, processes, Database::at(&postgres)?)?;
    env.broker = broker.process;

    sleep(SETTLED).await;
    round.put(Metric::ApartIdle, busiest(&env).await.during("idle processes")?);
    latencies(&env, plan, round).await?;
    events(&env, &broker.url, plan, round).await.during("events")?;
    beside_a_relay(&env, plan, round).await.during("lifecycles")?;
    roles.stop().await;
    Ok(())
}

/// Percent of a core that the busiest process takes, though nobody asks anything.
async fn busiest(env: &TestEnv) -> Result<f64> {
    let times = || env.processes.iter().map(|process| cpu(*process)).collect::<Result<Vec<_>>>();
    let (before, begun) = (times()?, Instant::now());
    sleep(IDLE).await;
    let most = times()?.into_iter().zip(before).map(|(now, before)| now.saturating_sub(before)).max();
    Ok(100.0 * most.unwrap_or_default().as_secs_f64() / begun.elapsed().as_secs_f64())
}

async fn latencies(env: &TestEnv, plan: &Plan, round: &mut Round) -> Result<()> {
    let dispatch = latency::dispatch(env, plan.samples).await.during("dispatch")?;
    round.put_samples(dispatch, Metric::ApartDispatchMedian, Metric::ApartDispatchTail);
    let release = latency::release(env, plan.samples).await.during("release")?;
    round.put_samples(release, Metric::ApartReleaseMedian, Metric::ApartReleaseTail);
    round.put(Metric::ApartChain, latency::chains(env, plan.chains).await?);
    Ok(())
}

async fn events(env: &TestEnv, url: &str, plan: &Plan, round: &mut Round) -> Result<()> {
    let mut subscriber = Subscriber::open(url, env).await?;
    let samples = events::latency(env, &mut subscriber, plan).await?;
    subscriber.close().await;
    round.put_samples(samples, Metric::EventMedian, Metric::EventTail);
    let mut subscriber = Subscriber::open(url, env).await?;
    round.put(Metric::EventRate, events::rate(env, &mut subscriber).await?);
    subscriber.close().await;
    Ok(())
}

/// With the relay, then with a relay that does nothing.
async fn beside_a_relay(env: &TestEnv, plan: &Plan, round: &mut Round) -> Result<()> {
    let with = load::lifecycles(env, plan, CLIENTS).await?;
    signal("STOP", &[env.processes[RELAY]]);
    let without = load::lifecycles(env, plan, CLIENTS).await;
    signal("CONT", &[env.processes[RELAY]]);
    round.put(Metric::ApartLifecycle, with.per_second);
    round.put(Metric::ApartDrover, with.each.drover);
    round.put(Metric::ApartDatabase, with.each.database);
    if env.broker.is_some() {
        round.put(Metric::ApartBroker, with.each.broker);
    }
    if let Some(one) = round.found.get(&Metric::Lifecycle).copied() {
        round.put(Metric::ApartShare, with.per_second / one);
    }
    round.put(Metric::RelayShare, with.per_second / without?.per_second);
    Ok(())
}
