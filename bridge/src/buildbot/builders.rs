//! The description of the master, and its builders.

use std::collections::{BTreeSet, HashMap};

use chrono::TimeDelta;
use serde::Deserialize;

use super::{
    BuildbotMaster,
    read::list as rows,
    scheduler,
    wire::{WireBuilder, WireRequest, WireWorker},
};
use crate::driver::{BuildResult, Builder, BuilderId, Checked, DriverError, DriverResult, Holds};

/// How long the counts of connected workers are cached; a large master takes a while to list its workers.
const WORKERS_MAX_AGE: TimeDelta = TimeDelta::seconds(20);
/// The first state of a build. The REST API has no filter for it.
const CREATED: &str = "created";
/// A build that is in its first state for so long does not begin any more.
const HANGS_AFTER: TimeDelta = TimeDelta::minutes(1);
/// How many of the latest requests are searched for collapsed ones.
const LATEST: usize = 100;
/// Of how many of the skipped ones among them the builds are read.
const MAX_SKIPPED: usize = 5;

/// The configuration of the master's web interface.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    title: String,
    versions: Vec<Vec<String>>,
    user: Option<User>,
}

#[derive(Deserialize)]
struct User {
    username: Option<String>,
}

pub(super) async fn check(master: &BuildbotMaster) -> DriverResult<Checked> {
    // A failed login is an error here; reads go on without one.
    master.http.cookie(None).await?;
    let config = match master.http.get::<Config>("config").await {
        Err(DriverError::NotFound(_) | DriverError::InvalidResponse(_)) => before_version_4(master).await?,
        other => other?,
    };
    let user = match config.user {
        Some(user) => user.username,
        None => master.http.user().map(str::to_owned),
    };
    if let (Some(ours), None) = (master.http.user(), &user) {
        return Err(DriverError::Auth(format!("it took the password of user `{ours}`, but not the session it gave")));
    }
    let version = config.versions.into_iter().find(|pair| pair.first().is_some_and(|name| name == "Buildbot"));
    let scheduler = scheduler::read(master).await?;
    if scheduler.is_some() {
        scheduler::may_force(master).await?;
    }
    Ok(Checked {
        version: version.and_then(|pair| pair.into_iter().nth(1)).unwrap_or_default(),
        title: config.title,
        user,
        creates_idempotently: scheduler.as_ref().is_some_and(|scheduler| scheduler.creates_idempotently),
        ends_hanging: Some(scheduler.is_some_and(|scheduler| scheduler.form.ends_hanging)),
    })
}

/// Masters before version 4 have no version in JSON, but must have the API.
async fn before_version_4(master: &BuildbotMaster) -> DriverResult<Config> {
    let _: Vec<WireBuilder> = rows(&master.http, "api/v2/builders?order=name", "builders").await?;
    Ok(Config::default())
}

pub(super) async fn list(master: &BuildbotMaster) -> DriverResult<Vec<Builder>> {
    let builders: Vec<WireBuilder> = rows(&master.http, "api/v2/builders?order=name", "builders").await?;
    let scheduler = scheduler::read(master).await?;
    let (workers, mut hanging) = (workers(master).await?, hanging(master).await?);
    let configured = scheduler.as_ref().and_then(|scheduler| scheduler.form.collapsing.clone());
    let seen = if configured.is_some() { BTreeSet::new() } else { seen_collapsing(master).await? };
    let collapses = |builder: &WireBuilder| match &configured {
        Some(names) => Some(names.contains(&builder.name)),
        None => seen.contains(&BuilderId(builder.builderid)).then_some(true),
    };
    let serves = |name: &str| scheduler.as_ref().is_some_and(|scheduler| scheduler.form.builders.contains(name));
    let holds = |builder: &WireBuilder| {
        let holds = scheduler.as_ref().and_then(|scheduler| scheduler.form.holds.get(&builder.name)).copied();
        let paused = workers.get(&BuilderId(builder.builderid)).is_some_and(|it| it.connected > 0 && it.ready == 0);
        holds.or(paused.then_some(Holds::Busy))
    };
    let each = builders.into_iter().map(|builder| Builder {
        id: BuilderId(builder.builderid),
        collapses: collapses(&builder),
        workers: Some(workers.get(&BuilderId(builder.builderid)).map(|it| it.connected).unwrap_or_default()),
        holds: holds(&builder),
        hanging: hanging.remove(&BuilderId(builder.builderid)).unwrap_or_default(),
        schedulers: if serves(&builder.name) { vec![master.scheduler.clone()] } else { Vec::new() },
        active: !builder.masterids.is_empty(),
        name: builder.name,
        description: builder.description.unwrap_or_default(),
    });
    Ok(each.collect())
}

/// Builds that were created and did not begin, of any request.
async fn hanging(master: &BuildbotMaster) -> DriverResult<HashMap<BuilderId, Vec<i64>>> {
    #[derive(Deserialize)]
    struct Row {
        builderid: i64,
        number: i64,
        started_at: i64,
        state_string: String,
    }
    let path =
        "api/v2/builds?complete=false&field=builderid&field=number&field=started_at&field=state_string&field=complete";
    let rows: Vec<Row> = rows(&master.http, path, "builds").await?;
    let before = (master.clock.now() - HANGS_AFTER).timestamp();
    let mut hanging: HashMap<BuilderId, Vec<i64>> = HashMap::new();
    for row in rows.iter().filter(|row| row.state_string == CREATED && row.started_at <= before) {
        hanging.entry(BuilderId(row.builderid)).or_default().push(row.number);
    }
    Ok(hanging)
}

/// Workers of one builder.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Workers {
    connected: usize,
    /// Those of them that are not paused.
    ready: usize,
}

async fn workers(master: &BuildbotMaster) -> DriverResult<HashMap<BuilderId, Workers>> {
    let now = master.clock.now();
    if let Some((at, counts)) = &master.cache.lock().await.workers
        && now - *at < WORKERS_MAX_AGE
    {
        return Ok(counts.clone());
    }
    let path = "api/v2/workers?field=workerid&field=configured_on&field=connected_to&field=paused";
    let workers: Vec<WireWorker> = rows(&master.http, path, "workers").await?;
    let mut counts: HashMap<BuilderId, Workers> = HashMap::new();
    for worker in workers.iter().filter(|worker| !worker.connected_to.is_empty()) {
        for configured in &worker.configured_on {
            let count = counts.entry(BuilderId(configured.builderid)).or_default();
            count.connected += 1;
            count.ready += usize::from(!worker.paused);
        }
    }
    master.cache.lock().await.workers = Some((now, counts.clone()));
    Ok(counts)
}

/// The API does not say whether a builder collapses requests, but a collapsed request is skipped and has no build.
async fn seen_collapsing(master: &BuildbotMaster) -> DriverResult<BTreeSet<BuilderId>> {
    #[derive(Deserialize)]
    struct Page {
        buildrequests: Vec<WireRequest>,
    }
    #[derive(Deserialize)]
    struct Builds {
        builds: Vec<serde_json::Value>,
    }
    let http = &master.http;
    let latest: Page = http.get(&format!("api/v2/buildrequests?order=-buildrequestid&limit={LATEST}")).await?;
    let skipped = |it: &WireRequest| it.complete && it.results == Some(BuildResult::Skipped.number().into());
    let mut seen = BTreeSet::new();
    for request in latest.buildrequests.iter().filter(|it| skipped(it)).take(MAX_SKIPPED) {
        let id = request.buildrequestid;
        let builds: Builds = http.get(&format!("api/v2/buildrequests/{id}/builds?limit=1")).await?;
        if builds.builds.is_empty() {
            seen.insert(BuilderId(request.builderid));
        }
    }
    Ok(seen)
}
