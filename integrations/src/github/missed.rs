//! Deliveries that GitHub could not hand over, because Drover was away: it is asked for them now and then, and to send them again.
//!
//! Owns: in memory the newest delivery that was seen. Woken by: a timer. Emits: nothing; what is sent again comes through the web hook.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use actors::kit::{Child, Next, Periodic, Schedule};
use base::{Clock, Rng};
use chrono::TimeDelta;
use db::{Db, DbError};
use protocol::time::{self, Timestamp};
use reqwest::Method;
use serde_json::Value;

use super::{
    app::{App, Request, part},
    call::CallError,
};

const EVERY: Duration = Duration::from_mins(5);
/// GitHub keeps deliveries for three days.
const OLDEST: TimeDelta = TimeDelta::days(3);
/// What is so young may still be under way.
const YOUNGEST: TimeDelta = TimeDelta::minutes(1);
/// Further tries of one delivery.
const MAX_TRIES: usize = 5;
const PAGES: usize = 20;
const PAGE: usize = 100;

/// What looks for deliveries that failed. Several processes may run one: sending twice does nothing twice.
#[derive(Clone)]
pub struct MissedDeliveries {
    pub app: Arc<App>,
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
}

/// A delivery as GitHub lists it: each try is an entry.
#[derive(Debug, Clone)]
struct Entry {
    id: i64,
    guid: String,
    is_ok: bool,
    delivered: Timestamp,
}

impl MissedDeliveries {
    /// The actor, to be supervised.
    pub fn child(self) -> Child {
        let schedule = Schedule::every(EVERY, self.rng.clone());
        schedule.child("github/missed", move |_| Looking { missed: self.clone(), since: None }).0
    }

    /// Asks GitHub to send again what failed since then; the time up to which it was looked.
    pub(crate) async fn look(&self, since: Option<Timestamp>) -> Result<Result<Timestamp, CallError>, DbError> {
        let now = self.clock.now();
        let since = since.unwrap_or(now - OLDEST).max(now - OLDEST);
        let entries = match self.entries(since).await {
            Ok(entries) => entries,
            Err(error) => return Ok(Err(error)),
        };
        let mut unseen = now;
        for (guid, tries) in by_guid(entries) {
            let newest = tries.iter().max_by_key(|entry| entry.delivered);
            let Some(newest) =
                newest.filter(|newest| !tries.iter().any(|entry| entry.is_ok) && newest.delivered < now - YOUNGEST)
            else {
                continue;
            };
            if tries.len() > MAX_TRIES || self.db.github_delivery(&guid).await?.is_some() {
                continue;
            }
            unseen = unseen.min(newest.delivered);
            let request = Request {
                method: Method::POST,
                ..Request::get(format!("/app/hook/deliveries/{}/attempts", newest.id))
            };
            match self.app.call_as_app(&request).await {
                Ok(_) => tracing::info!(delivery.id = guid, "GitHub was asked to send a delivery again"),
                Err(error @ CallError::Refused { .. }) => {
                    tracing::warn!(
                        delivery.id = guid,
                        reason = error.reason(),
                        "GitHub does not send a delivery again"
                    );
                }
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(unseen - YOUNGEST))
    }

    /// The entries since then, newest first.
    async fn entries(&self, since: Timestamp) -> Result<Vec<Entry>, CallError> {
        let mut found = Vec::new();
        let mut path = format!("/app/hook/deliveries?per_page={PAGE}");
        for _ in 0..PAGES {
            let answer = self.app.call_as_app(&Request::get(path)).await?;
            let list = answer.json();
            let page: Vec<Entry> = list.as_array().into_iter().flatten().filter_map(Entry::read).collect();
            let reached = page.last().is_none_or(|last| last.delivered < since);
            found.extend(page.into_iter().filter(|entry| entry.delivered >= since));
            let Some(cursor) = answer.next_cursor.filter(|_| !reached) else { break };
            path = format!("/app/hook/deliveries?per_page={PAGE}&cursor={}", part(&cursor));
        }
        Ok(found)
    }
}

impl Entry {
    fn read(entry: &Value) -> Option<Self> {
        Some(Self {
            id: entry["id"].as_i64()?,
            guid: entry["guid"].as_str()?.to_ascii_lowercase(),
            is_ok: entry["status_code"].as_i64().is_some_and(|status| (200..300).contains(&status)),
            delivered: time::parse(entry["delivered_at"].as_str()?)?,
        })
    }
}

fn by_guid(entries: Vec<Entry>) -> BTreeMap<String, Vec<Entry>> {
    let mut tries: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        tries.entry(entry.guid.clone()).or_default().push(entry);
    }
    tries
}

struct Looking {
    missed: MissedDeliveries,
    since: Option<Timestamp>,
}

impl Periodic for Looking {
    type Error = DbError;

    async fn run(&mut self) -> Result<Next, DbError> {
        match self.missed.look(self.since).await? {
            Ok(until) => self.since = Some(until),
            Err(error) => tracing::warn!(reason = error.reason(), "GitHub's list of deliveries cannot be read"),
        }
        Ok(Next::IDLE)
    }
}
