//! Repositories that the app was given, so that a `.cron.yml` is found that was there before.
//!
//! Owns: nothing. Woken by: a timer. Emits: nothing; pushes that come later are seen as deliveries.

use std::{sync::Arc, time::Duration};

use actors::{
    github::{Github, GithubError},
    kit::{Child, Next, Periodic, Schedule},
};
use base::Rng;
use protocol::{
    github::Repository,
    time::{self, Timestamp},
};
use serde_json::Value;

use super::super::{
    app::{App, Request},
    call::{Answer, CallError},
};

const EVERY: Duration = Duration::from_hours(1);
const PAGE: usize = 100;
/// More installations, and more repositories of one, are not listed.
const PAGES: usize = 100;

/// What lists repositories.
#[derive(Clone)]
pub struct CronRepositories {
    pub github: Github,
    pub app: Arc<App>,
    pub rng: Rng,
}

struct Found {
    repository: Repository,
    branch: String,
    pushed: Timestamp,
}

impl CronRepositories {
    /// The actor, to be supervised.
    pub fn child(self) -> Child {
        let schedule = Schedule::every(EVERY, self.rng.clone());
        schedule.child("github/cron-repositories", move |_| Listing(self.clone())).0
    }

    /// An installation that cannot be asked does not hold up the others.
    async fn list(&self) -> Result<(), GithubError> {
        let installations = match self.installations().await {
            Ok(installations) => installations,
            Err(error) => {
                tracing::warn!(reason = error.reason(), "installations of the app cannot be listed");
                return Ok(());
            }
        };
        for installation in installations {
            match self.repositories(installation).await {
                Ok(found) => {
                    for Found { repository, branch, pushed } in found {
                        self.github.watch_for_cron(&repository, installation, &branch, pushed).await?;
                    }
                }
                Err(error) => {
                    tracing::warn!(
                        installation,
                        reason = error.reason(),
                        "repositories of an installation cannot be listed"
                    );
                }
            }
        }
        Ok(())
    }

    async fn installations(&self) -> Result<Vec<i64>, CallError> {
        let mut found = Vec::new();
        for page in 1..=PAGES {
            let path = format!("/app/installations?per_page={PAGE}&page={page}");
            let answer = self.app.call_as_app(&Request::get(path)).await?.json();
            let list = answer.as_array().map(Vec::as_slice).unwrap_or_default();
            let active = list.iter().filter(|one| one["suspended_at"].is_null());
            found.extend(active.filter_map(|one| one["id"].as_i64()));
            if list.len() < PAGE {
                break;
            }
        }
        Ok(found)
    }

    async fn repositories(&self, installation: i64) -> Result<Vec<Found>, CallError> {
        let mut found = Vec::new();
        for page in 1..=PAGES {
            let path = format!("/installation/repositories?per_page={PAGE}&page={page}");
            let answer: Answer = self.app.call(installation, &Request::get(path)).await?;
            let answer = answer.json();
            let list = answer["repositories"].as_array().map(Vec::as_slice).unwrap_or_default();
            found.extend(list.iter().filter_map(Found::read));
            if list.len() < PAGE {
                break;
            }
        }
        Ok(found)
    }
}

impl Found {
    /// `None` for one that is not in use, or was never pushed to.
    fn read(entry: &Value) -> Option<Self> {
        if entry["archived"] == true || entry["disabled"] == true {
            return None;
        }
        Some(Self {
            repository: Repository::new(entry["owner"]["login"].as_str()?, entry["name"].as_str()?)?,
            branch: entry["default_branch"].as_str()?.to_owned(),
            pushed: time::parse(entry["pushed_at"].as_str()?)?,
        })
    }
}

struct Listing(CronRepositories);

impl Periodic for Listing {
    type Error = GithubError;

    async fn run(&mut self) -> Result<Next, GithubError> {
        self.0.list().await?;
        Ok(Next::IDLE)
    }
}
