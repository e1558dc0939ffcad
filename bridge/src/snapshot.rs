//! What the master has of many requests, read with as few calls as possible.

use std::collections::HashMap;

use db::bridge::{BridgeRequest, BridgeState, Intent};

use crate::{
    decide::AFTER_DEADLINE,
    driver::{Build, BuildId, DriverError, MasterDriver, Request, RequestId},
    master::Master,
    request::KnownRequest,
};

/// From this many requests on, all running builds are read at once instead of the builds of each request.
const MIN_BULK: usize = 4;

#[derive(Default)]
pub(crate) struct Snapshot {
    requests: HashMap<RequestId, Request>,
    /// `None`: not read, or not supported by the master.
    running: Option<HashMap<RequestId, Build>>,
}

impl Snapshot {
    /// `None` where the master cannot be read.
    pub(crate) async fn read(master: &Master, rows: &[BridgeRequest]) -> Option<Self> {
        if master.driver.is_open() {
            return None;
        }
        let result = Self::try_read(master, rows).await;
        result
            .inspect_err(|error| tracing::debug!(master = master.name(), %error, "cannot read requests of the master"))
            .ok()
    }

    async fn try_read(master: &Master, rows: &[BridgeRequest]) -> Result<Self, DriverError> {
        let ids: Vec<RequestId> = rows.iter().filter(|row| depends_on_master(row)).filter_map(request_id).collect();
        let mut snapshot = Self::default();
        if ids.is_empty() {
            return Ok(snapshot);
        }
        for request in master.driver.requests(&ids).await? {
            snapshot.requests.insert(request.id, request);
        }
        // Ids only ever grow. A newest id below one of ours means that the master's database was replaced.
        let missing = ids.iter().filter(|id| !snapshot.requests.contains_key(id)).max();
        let newest = if missing.is_some() { master.driver.newest_request().await? } else { None };
        let vanished = missing.is_some_and(|missing| newest.is_none_or(|newest| newest < *missing));
        let reused = rows.iter().find(|row| snapshot.is_other(row));
        if let Some(row) = reused.or(rows.iter().find(|row| vanished && depends_on_master(row) && !row.lost)) {
            begin_epoch(master, row.epoch).await;
        }
        if rows.len() >= MIN_BULK {
            let running = master.driver.running_builds().await?;
            snapshot.running = running.map(|builds| builds.into_iter().map(|build| (build.request, build)).collect());
        }
        Ok(snapshot)
    }

    pub(crate) fn request(&self, row: &BridgeRequest) -> KnownRequest {
        match request_id(row).filter(|_| depends_on_master(row)) {
            None => KnownRequest::Unknown,
            Some(_) if row.lost || self.is_other(row) => KnownRequest::Missing,
            Some(id) => {
                self.requests.get(&id).map_or(KnownRequest::Missing, |request| KnownRequest::Request(request.clone()))
            }
        }
    }

    /// Nothing about this request can have changed, so it needs no further calls.
    pub(crate) fn is_unchanged(&self, master: &Master, row: &BridgeRequest) -> bool {
        let now = master.now();
        if row.intent == Intent::Cancel
            || row.lost
            || row.reclaim_at.is_some_and(|at| at <= now)
            || row.deadline + AFTER_DEADLINE <= now
        {
            return false;
        }
        let Some(request) = request_id(row).and_then(|id| self.requests.get(&id)) else { return false };
        if self.is_other(row) || request.result.is_some() || row.submitted.is_none() {
            return false;
        }
        let Some(running) = &self.running else { return false };
        let build = running.get(&request.id).map(|build| build.id);
        match row.state {
            BridgeState::Created => {
                let builder_changed = |builder: &String| master.builders.changed_recently(builder, now);
                build.is_none() && !request.claimed && !row.builder.as_ref().is_some_and(builder_changed)
            }
            BridgeState::Running => {
                build.is_some() && build == row.build_id.map(BuildId) && master.is_followed(row.build_id)
            }
            _ => false,
        }
    }

    /// The id belongs to a request that the bridge did not create: the master's ids began anew.
    fn is_other(&self, row: &BridgeRequest) -> bool {
        let Some(request) = request_id(row).and_then(|id| self.requests.get(&id)) else { return false };
        row.buildset_id != Some(request.buildset.0) || row.submitted.is_some_and(|time| time != request.submitted)
    }
}

async fn begin_epoch(master: &Master, epoch: i64) {
    let name = master.name();
    tracing::error!(master = name, epoch, "the request ids of the master began anew: its open requests are lost");
    if let Err(error) = master.db.bridge_new_epoch(name, epoch, master.now()).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "cannot store a new epoch");
    }
}

fn request_id(row: &BridgeRequest) -> Option<RequestId> {
    row.request_id.map(RequestId)
}

/// The next action depends on what the master has.
fn depends_on_master(row: &BridgeRequest) -> bool {
    let decided = row.state == BridgeState::Finished && row.intent == Intent::Run;
    row.request_id.is_some() && !row.lost && !decided
}
