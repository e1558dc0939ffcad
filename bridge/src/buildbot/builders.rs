//! Who answers, and what it has to offer.

use std::collections::{BTreeSet, HashMap};

use chrono::TimeDelta;
use serde::Deserialize;

use super::{
    BuildbotMaster,
    read::list as rows,
    scheduler,
    wire::{WireBuilder, WireRequest, WireWorker},
};
use crate::driver::{Answer, BuildResult, Builder, BuilderId, Checked, DriverError, Holds};

/// How long the number of connected workers is good enough; a large master takes a while to tell it.
const WORKERS_FRESH: TimeDelta = TimeDelta::seconds(20);
/// The first state of a build, which the master does not search for.
const CREATED: &str = "created";
/// A build whose state is the first one for so long does not begin any more.
const HANGS_AFTER: TimeDelta = TimeDelta::minutes(1);
/// How many of the latest requests are looked at for ones that were collapsed.
const LATEST: usize = 100;
/// And how many of those that were skipped are looked at more closely.
const SUSPECTS: usize = 5;

/// What the master tells its own pages.
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

pub(super) async fn check(master: &BuildbotMaster) -> Answer<Checked> {
    // Said aloud here, because reading goes on without a login.
    master.http.cookie(None).await?;
    let config = match master.http.get::<Config>("config").await {
        Err(DriverError::Gone(_) | DriverError::BadAnswer(_)) => before_version_4(master).await?,
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
    let scheduler = scheduler::look(master).await?;
    if scheduler.is_some() {
        scheduler::may_force(master).await?;
    }
    Ok(Checked {
        version: version.and_then(|pair| pair.into_iter().nth(1)).unwrap_or_default(),
        title: config.title,
        user,
        creates_once: scheduler.as_ref().is_some_and(|scheduler| scheduler.creates_once),
        ends_hanging: Some(scheduler.is_some_and(|scheduler| scheduler.form.ends_hanging)),
    })
}

/// Masters before version 4 do not tell their version in JSON, but must have the API.
async fn before_version_4(master: &BuildbotMaster) -> Answer<Config> {
    let _: Vec<WireBuilder> = rows(&master.http, "api/v2/builders?order=name", "builders").await?;
    Ok(Config::default())
}

pub(super) async fn list(master: &BuildbotMaster) -> Answer<Vec<Builder>> {
    let builders: Vec<WireBuilder> = rows(&master.http, "api/v2/builders?order=name", "builders").await?;
    let scheduler = scheduler::look(master).await?;
    let (workers, mut hanging) = (workers(master).await?, hanging(master).await?);
    let told = scheduler.as_ref().and_then(|scheduler| scheduler.form.collapsing.clone());
    let seen = if told.is_some() { BTreeSet::new() } else { seen_collapsing(master).await? };
    let collapses = |builder: &WireBuilder| match &told {
        Some(names) => Some(names.contains(&builder.name)),
        None => seen.contains(&BuilderId(builder.builderid)).then_some(true),
    };
    let serves = |name: &str| scheduler.as_ref().is_some_and(|scheduler| scheduler.form.builders.contains(name));
    let holds = |builder: &WireBuilder| {
        let told = scheduler.as_ref().and_then(|scheduler| scheduler.form.holds.get(&builder.name)).copied();
        let paused = workers.get(&BuilderId(builder.builderid)).is_some_and(|it| it.connected > 0 && it.ready == 0);
        told.or(paused.then_some(Holds::Busy))
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

/// Builds that were made and did not begin, whoever asked for them.
async fn hanging(master: &BuildbotMaster) -> Answer<HashMap<BuilderId, Vec<i64>>> {
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

async fn workers(master: &BuildbotMaster) -> Answer<HashMap<BuilderId, Workers>> {
    let now = master.clock.now();
    if let Some((at, counts)) = &master.known.lock().await.workers
        && now - *at < WORKERS_FRESH
    {
        return Ok(counts.clone());
    }
    let path = "api/v2/workers?field=workerid&field=configured_on&field=connected_to&field=paused";
    let workers: Vec<WireWorker> = rows(&master.http, path, "workers").await?;
    let mut counts: HashMap<BuilderId, Workers> = HashMap::new();
    for worker in workers.iter().filter(|worker| !worker.connected_to.is_empty()) {
        for place in &worker.configured_on {
            let count = counts.entry(BuilderId(place.builderid)).or_default();
            count.connected += 1;
            count.ready += usize::from(!worker.paused);
        }
    }
    master.known.lock().await.workers = Some((now, counts.clone()));
    Ok(counts)
}

/// The API has no word for collapsing, but a collapsed request leaves a trace: it was skipped and has no build.
async fn seen_collapsing(master: &BuildbotMaster) -> Answer<BTreeSet<BuilderId>> {
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
    for request in latest.buildrequests.iter().filter(|it| skipped(it)).take(SUSPECTS) {
        let id = request.buildrequestid;
        let builds: Builds = http.get(&format!("api/v2/buildrequests/{id}/builds?limit=1")).await?;
        if builds.builds.is_empty() {
            seen.insert(BuilderId(request.builderid));
        }
    }
    Ok(seen)
}
