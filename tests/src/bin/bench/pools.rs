//! Worker pools: from a waiting task to the provider's answer, a pass over many pools, registrations, and the decision alone.

use std::{
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

use provisioner::{
    decision::{LaunchConfig, Limits, Market, Offering, PoolConfig, PoolView, Ratio, decide},
    provider::OfferingKey,
};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Interval, interval, sleep};

use crate::{
    env::TestEnv,
    error::{BenchError, During, Result},
    metric::Metric,
    options::Plan,
    round::Round,
    samples::Samples,
    server::Server,
    work::{Lot, Session},
};

const PROVIDERS: &str =
    r#"worker_manager.providers=[{"id":"local","provider_type":"local"},{"id":"static","provider_type":"static"}]"#;
/// Each of these samples starts a worker.
const MAX_MACHINES: usize = 50;
const POOLS: usize = 1_000;
const WORKERS: usize = 20_000;
const LAUNCH_CONFIGS: usize = 20;
const DECISIONS: usize = 1_000;
/// Registrations a second: 3,000 a minute.
const REGISTRATIONS: u32 = 50;
const SECRET: &str = "abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLM_012";
const AGAIN: Duration = Duration::from_millis(5);
const TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) async fn measure(program: &Path, plan: &Plan, round: &mut Round) -> Result<()> {
    round.put_samples(decisions(), Metric::DecisionMedian, Metric::DecisionTail);
    let server = Server::start_with(program, None, &["--set", PROVIDERS]).await?;
    let env = &server.env;
    let samples = pending_to_answer(env, plan.samples.min(MAX_MACHINES)).await.during("machines")?;
    round.put_samples(samples, Metric::LaunchMedian, Metric::LaunchTail);
    let samples = registrations(env, plan.load).await.during("registrations")?;
    round.put_samples(samples, Metric::RegisterMedian, Metric::RegisterTail);
    round.put(Metric::PoolPass, pass(env).await.during("many pools")?);
    server.stop().await
}

/// Twenty launch configs, and a demand for all of them.
fn decisions() -> Samples {
    let view = view();
    let (limits, now) = (Limits::default(), chrono::DateTime::UNIX_EPOCH);
    let mut samples = Samples::default();
    for seed in 0..DECISIONS {
        let begun = Instant::now();
        drop(black_box(decide(black_box(&view), &limits, now, seed as u64)));
        samples.push(begun.elapsed());
    }
    samples
}

fn view() -> PoolView {
    let key = |number: usize| OfferingKey {
        region: format!("region-{}", number % 4),
        instance_type: format!("type-{number}"),
        market: Market::OnDemand,
    };
    let config = |number: usize| LaunchConfig::new(format!("lc-{number}"), Offering::unlearned("bench", key(number)));
    let mut view = PoolView::empty(PoolConfig {
        min_capacity: 0,
        max_capacity: 10_000,
        scaling_ratio: Ratio::ONE,
        is_paused: false,
    });
    view.launch_configs = (0..LAUNCH_CONFIGS).map(config).collect();
    view.demand.pending = 100;
    view
}

#[derive(Deserialize)]
struct Launches {
    launches: Vec<Launch>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Launch {
    state: String,
    last_modified: String,
}

#[derive(Deserialize)]
struct Status {
    status: Runs,
}

#[derive(Deserialize)]
struct Runs {
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    scheduled: String,
}

/// From the commit that made a task pending to the commit of the provider's answer, which is later than its call.
async fn pending_to_answer(env: &TestEnv, count: usize) -> Result<Samples> {
    let (mut session, mut samples) = (env.session().await?, Samples::default());
    for number in 0..count {
        let lot = Lot::new(&format!("machine-{number}"), &env.rng);
        let config = json!({
            "minCapacity": 0, "maxCapacity": 1,
            "launchConfigs": [{ "workerConfig": { "idleTimeoutSecs": 1 } }],
        });
        create_pool(&mut session, &lot.queue, "local", &config).await?;
        let id = session.create_next(&lot, &[]).await?;
        let settled = settled(&mut session, &lot.queue).await?;
        let status: Status = session.get(&format!("/api/queue/v1/task/{id}/status")).await?;
        let pending = status.status.runs.first().during("the task has no run")?;
        samples.push(between(&pending.scheduled, &settled)?);
    }
    Ok(samples)
}

async fn settled(session: &mut Session, pool: &str) -> Result<String> {
    let (path, begun) = (format!("{}/launches", pool_path(pool)), Instant::now());
    loop {
        let launches: Launches = session.get(&path).await?;
        if let Some(launch) = launches.launches.into_iter().find(|launch| launch.state == "settled") {
            return Ok(launch.last_modified);
        }
        if begun.elapsed() > TIMEOUT {
            return Err(BenchError::new(format!("nothing was launched for {pool}")));
        }
        sleep(AGAIN).await;
    }
}

/// Static workers register again and again, at a fixed rate.
async fn registrations(env: &TestEnv, time: Duration) -> Result<Samples> {
    let (mut session, pool) = (env.session().await?, "bench/registrations");
    create_pool(&mut session, pool, "static", &json!({})).await?;
    let expires = protocol::time::format(base::Clock::now(&base::SystemClock) + chrono::TimeDelta::days(1));
    let worker = json!({ "expires": expires, "providerInfo": { "staticSecret": SECRET } });
    let path = format!("/api/worker-manager/v1/workers/{}/g", pool.replace('/', "%2F"));
    for number in 0..REGISTRATIONS {
        session.put(&format!("{path}/w{number}"), worker.to_string()).await?;
    }
    let mut ticks: Interval = interval(Duration::from_secs(1) / REGISTRATIONS);
    let (mut samples, begun, mut number) = (Samples::default(), Instant::now(), 0);
    while begun.elapsed() < time {
        ticks.tick().await;
        let registration = json!({
            "workerPoolId": pool, "providerId": "static", "workerGroup": "g", "workerId": format!("w{}", number % REGISTRATIONS),
            "workerIdentityProof": { "staticSecret": SECRET },
        });
        let asked = Instant::now();
        session.post("/api/worker-manager/v1/worker/register", registration.to_string()).await?;
        samples.push(asked.elapsed());
        number += 1;
    }
    Ok(samples)
}

/// Seconds until all of a thousand pools with twenty thousand workers have been decided about.
async fn pass(env: &TestEnv) -> Result<f64> {
    let mut session = env.session().await?;
    env.database.ask_drover(&many_pools()).await?;
    let due = "update worker_pool set provision_at = now() where worker_pool_id like 'many/%'";
    let left = "select count(*) from worker_pool where worker_pool_id like 'many/%' and provision_at <= now()";
    env.database.ask_drover(due).await?;
    let begun = Instant::now();
    // Wakes the provisioner.
    create_pool(&mut session, "bench/wakes", "static", &json!({})).await?;
    while env.database.ask_drover(left).await?.trim() != "0" {
        if begun.elapsed() > TIMEOUT {
            return Err(BenchError::new("some pools are never decided about"));
        }
    }
    Ok(begun.elapsed().as_secs_f64())
}

/// Pools that need nothing, each with its share of the workers, which nobody looks at.
fn many_pools() -> String {
    format!(
        "insert into worker_pool (worker_pool_id, provider_id, description, owner, email_on_error, config, min_capacity, max_capacity,
           scaling_ratio, created, last_modified)
         select 'many/w' || n, 'local', '', 'o', false, '{{}}', 0, 100, 1, now(), now() from generate_series(1, {POOLS}) n;
         insert into launch_config (worker_pool_id, launch_config_id, configuration, worker_manager, capacity_per_instance, initial_weight,
           created, last_modified)
         select 'many/w' || n, 'lc-' || l, '{{}}', 'null', 1, 1, now(), now() from generate_series(1, {POOLS}) n, generate_series(1, 3) l;
         insert into pool_worker (worker_pool_id, worker_group, worker_id, provider_id, launch_config_id, state, capacity, created, expires,
           last_modified, last_checked, registered)
         select 'many/w' || (1 + n % {POOLS}), 'g', 'w' || n, 'local', 'lc-1', 1, 1, now(), now() + interval '1 day', now(), now(), now()
         from generate_series(1, {WORKERS}) n;
         analyze worker_pool; analyze pool_worker; analyze launch_config"
    )
}

async fn create_pool(session: &mut Session, pool: &str, provider: &str, config: &serde_json::Value) -> Result<()> {
    let body = json!({
        "providerId": provider, "description": "made by the benchmark", "owner": "bench@example.com", "emailOnError": false,
        "config": config,
    });
    session.put(&pool_path(pool), body.to_string()).await.map(|_| ())
}

fn pool_path(pool: &str) -> String {
    format!("/api/worker-manager/v1/worker-pool/{}", pool.replace('/', "%2F"))
}

fn between(from: &str, to: &str) -> Result<Duration> {
    let (from, to) = (protocol::time::parse(from).during(from)?, protocol::time::parse(to).during(to)?);
    Ok((to - from).to_std().unwrap_or_default())
}
