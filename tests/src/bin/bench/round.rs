//! One round: a new server, everything once.

use std::{collections::BTreeMap, path::Path, time::Duration};

use tokio::time::sleep;

use crate::{
    apart,
    env::TestEnv,
    error::{During, Result},
    graphs, jobs, latency, load,
    metric::Metric,
    options::{Options, Part, Plan},
    pools, reads, rights, roles,
    samples::Samples,
    server::Server,
    usage::memory,
};

const CREATE_CLIENTS: usize = 32;
const LIFECYCLE_CLIENTS: usize = 256;
/// What starts with the server is over by then.
const SETTLED: Duration = Duration::from_secs(1);

/// A RabbitMQ, and its process if it is one of our own.
pub(crate) struct Broker {
    pub(crate) url: String,
    pub(crate) process: Option<u32>,
}

/// What one round found.
#[derive(Debug, Default)]
pub(crate) struct Round {
    pub(crate) found: BTreeMap<Metric, f64>,
    /// What could not be measured, and why.
    pub(crate) failures: Vec<String>,
}

impl Round {
    pub(crate) fn put(&mut self, metric: Metric, value: f64) {
        self.found.insert(metric, value);
    }

    pub(crate) fn put_samples(&mut self, samples: Samples, median: Metric, tail: Metric) {
        if let Some((half, most)) = samples.median_and_tail() {
            self.put(median, half);
            self.put(tail, most);
        }
    }

    fn put_tail(&mut self, samples: Samples, tail: Metric) {
        if let Some((_, most)) = samples.median_and_tail() {
            self.put(tail, most);
        }
    }

    /// One scenario that fails does not keep the others from being measured.
    fn check(&mut self, scenario: &str, result: Result<()>) {
        if let Err(failure) = result {
            self.failures.push(format!("{scenario}: {failure}"));
        }
    }
}

/// Measures everything once. `broker`: a RabbitMQ, where there is one. `say` is called with what is being measured.
pub(crate) async fn run(
    program: &Path,
    options: &Options,
    broker: Option<&Broker>,
    say: impl Fn(&str),
) -> Result<Round> {
    let plan = &options.plan;
    let mut round = Round::default();
    say("starting Drover");
    let server = Server::start(program, None).await?;
    round.put(Metric::Start, server.started_in.as_secs_f64());
    sleep(SETTLED).await;
    round.put(Metric::IdleMemory, memory(server.process)?.0);

    let env = &server.env;
    if options.has(Part::Latencies) {
        say("latencies on an idle queue");
        let result = latencies(env, plan, &mut round).await;
        round.check("latencies", result);
    }
    if options.has(Part::Load) {
        say("load, between two baselines");
        let result = loads(env, plan, &mut round).await;
        round.check("load", result);
    }
    if options.has(Part::Reads) {
        say("reads beside a load");
        let result = reads_beside_a_load(env, plan, &mut round).await;
        round.check("reads", result);
    }
    if options.has(Part::Roles) {
        say("scopes and roles");
        let result = roles::expansion();
        let result = result.map(|samples| round.put_samples(samples, Metric::RolesMedian, Metric::RolesTail));
        round.check("roles", result);
    }
    if options.has(Part::Rights) {
        say("load of a client with 200 scopes among 500 roles");
        let result = realistic_load(env, plan, &mut round).await;
        round.check("load with scopes", result);
    }
    if options.has(Part::Graphs) {
        say("graphs of ten thousand tasks");
        let result = large_graphs(env, &mut round).await;
        round.check("graphs", result);
    }
    round.put(Metric::PeakMemory, memory(server.process)?.1);
    let stopped = server.stop().await;
    round.check("the end", stopped);
    more_servers(program, options, broker, say, &mut round).await;
    Ok(round)
}

/// What needs servers with other settings.
async fn more_servers(
    program: &Path,
    options: &Options,
    broker: Option<&Broker>,
    say: impl Fn(&str),
    round: &mut Round,
) {
    let plan = &options.plan;
    if options.has(Part::Pools) {
        say("worker pools");
        let result = pools::measure(program, plan, round).await;
        round.check("worker pools", result);
    }
    let Some(broker) = broker else { return };
    if options.has(Part::Jobs) {
        say("job messages for Treeherder, over RabbitMQ");
        let result = job_messages(program, &broker.url, plan, round).await;
        round.check("job messages", result);
    }
    if options.has(Part::Apart) {
        say("a process for each role");
        let result = apart::measure(program, broker, plan, round).await;
        round.check("a process for each role", result);
    }
}

async fn latencies(env: &TestEnv, plan: &Plan, round: &mut Round) -> Result<()> {
    let dispatch = latency::dispatch(env, plan.samples).await.during("dispatch")?;
    round.put_samples(dispatch, Metric::DispatchMedian, Metric::DispatchTail);
    let release = latency::release(env, plan.samples).await.during("release")?;
    round.put_samples(release, Metric::ReleaseMedian, Metric::ReleaseTail);
    round.put(Metric::Chain, latency::chains(env, plan.chains).await?);
    Ok(())
}

async fn job_messages(program: &Path, url: &str, plan: &Plan, round: &mut Round) -> Result<()> {
    let server = Server::start(program, Some(url)).await?;
    let mut listener = jobs::Listener::open(url, &server.env).await?;
    let samples = jobs::latency(&server.env, &mut listener, plan.samples).await.during("latency")?;
    round.put_samples(samples, Metric::JobMedian, Metric::JobTail);
    round.put(Metric::JobRate, jobs::rate(&server.env, &mut listener).await.during("rate")?);
    listener.close().await;
    server.stop().await
}

/// The baseline is taken before and after, because the machine may have become slower or faster in between.
async fn loads(env: &TestEnv, plan: &Plan, round: &mut Round) -> Result<()> {
    let database = &env.database;
    let mut baseline = database.prepare().await;
    if baseline.is_ok() {
        baseline = database.baseline(plan.baseline).await.map(|rate| round.put(Metric::Baseline, rate));
    }
    round.check("baseline", baseline);

    let load::Outcome { per_second, each, steps } = load::creates(env, plan, CREATE_CLIENTS).await?;
    round.put(Metric::Create, per_second);
    round.put(Metric::CreateDrover, each.drover);
    round.put(Metric::CreateDatabase, each.database);
    round.put_tail(steps.create, Metric::CreateTail);

    let load::Outcome { per_second, each, steps } = load::lifecycles(env, plan, LIFECYCLE_CLIENTS).await?;
    round.put(Metric::Lifecycle, per_second);
    round.put(Metric::LifecycleDrover, each.drover);
    round.put(Metric::LifecycleDatabase, each.database);
    round.put(Metric::LifecycleLoad, each.load);
    round.put(Metric::Wal, each.wal);
    round.put_tail(steps.create, Metric::LifecycleCreateTail);
    round.put_tail(steps.claim, Metric::LifecycleClaimTail);
    round.put_tail(steps.report, Metric::LifecycleReportTail);

    if let Some(before) = round.found.get(&Metric::Baseline).copied() {
        let after = database.baseline(plan.baseline).await?;
        round.put(Metric::Baseline, f64::midpoint(before, after));
    }
    Ok(())
}

async fn reads_beside_a_load(env: &TestEnv, plan: &Plan, round: &mut Round) -> Result<()> {
    let reads::Outcome { per_second, samples, lifecycles } = reads::beside_lifecycles(env, plan).await?;
    round.put(Metric::Reads, per_second);
    round.put_samples(samples, Metric::ReadMedian, Metric::ReadTail);
    round.put(Metric::ReadLifecycles, lifecycles);
    Ok(())
}

async fn realistic_load(env: &TestEnv, plan: &Plan, round: &mut Round) -> Result<()> {
    let env = rights::realistic(env).await?;
    round.put(Metric::RightsCreate, load::creates(&env, plan, CREATE_CLIENTS).await?.per_second);
    round.put(Metric::RightsLifecycle, load::lifecycles(&env, plan, LIFECYCLE_CLIENTS).await?.per_second);
    Ok(())
}

async fn large_graphs(env: &TestEnv, round: &mut Round) -> Result<()> {
    round.put(Metric::FanOut, graphs::fan_out(env).await.during("10,000 dependents")?);
    round.put(Metric::Push, graphs::push(env).await.during("10,972 tasks")?);
    Ok(())
}
