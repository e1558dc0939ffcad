//! One attempt at one launch.

use std::{sync::Arc, time::Instant};

use chrono::TimeDelta;
use db::{
    DbError,
    provisioner::{LaunchRow, NewMachine},
};
use protocol::time::Timestamp;

use crate::{
    breakers::BreakerKeys,
    decision::FailureClass,
    pools::{StoredRequest, region_bucket},
    provider::{Launch, Machine, ProviderError, ProviderResult},
    settings::seconds,
    shared::{CALL_TIMEOUT, GIVE_UP_AFTER, ProviderHandle, Shared, in_time},
};

/// The pause before a repeat grows by this with each attempt,
const PAUSE: TimeDelta = TimeDelta::seconds(5);
/// up to this many of them.
const MAX_PAUSES: i32 = 12;

pub(super) struct Attempt {
    pub(super) shared: Arc<Shared>,
    pub(super) provider: ProviderHandle,
    pub(super) launch: LaunchRow,
    /// A call that begins later could outlast the launch.
    pub(super) call_until: Timestamp,
}

impl Attempt {
    /// An error leaves the launch as it is: its lease ends, and its machines are looked for.
    pub(super) async fn run(self) {
        if let Err(error) = self.carry_out().await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(launch.id = %self.launch.launch_id, error, "the state of a launch cannot be stored");
        }
    }

    async fn carry_out(&self) -> Result<(), DbError> {
        let request: StoredRequest = match serde_json::from_str(&self.launch.request) {
            Ok(request) => request,
            Err(error) => return self.failed(FailureClass::Config, "Unreadable", &error.to_string(), None).await,
        };
        let configuration = request.configuration.clone();
        let keys = self.breakers(&configuration);
        if self.launch.unsure {
            match self.find().await {
                Ok(machines) if machines.is_empty() => {}
                Ok(machines) => return self.settle(machines).await,
                Err(error) => return self.unknown(&error.to_string()).await,
            }
        }
        let now = self.shared.clock.now();
        if now > self.call_until {
            // This process stood still; somebody else has the launch, or will.
            return Ok(());
        }
        let instances = u32::try_from(self.launch.instances).unwrap_or(1).max(1);
        let deadline = now + TimeDelta::from_std(CALL_TIMEOUT).unwrap_or(PAUSE);
        if let Some(since) = request.demand_since.filter(|_| !self.launch.unsure) {
            self.shared.metrics.record_demand_to_call(&self.provider.id, now - since);
        }
        let launch = request.launch(self.launch.launch_id, self.launch.region.clone(), instances, deadline);
        match self.call(&launch).await {
            Ok(machines) => self.settle(machines).await,
            Err(ProviderError::Unanswered { message }) => self.unknown(&message).await,
            Err(ProviderError::Refused { class: FailureClass::Throttle, message, .. }) => self.later(&message).await,
            Err(ProviderError::Refused { class, code, message }) => {
                self.failed(class, &code, &message, Some(&keys)).await
            }
        }
    }

    fn breakers(&self, configuration: &serde_json::Value) -> BreakerKeys {
        let LaunchRow { worker_pool_id, launch_config_id, .. } = &self.launch;
        let offering = self.provider.driver.offering(configuration);
        BreakerKeys::new(&self.provider.id, worker_pool_id, launch_config_id, &offering)
    }

    async fn find(&self) -> ProviderResult<Vec<Machine>> {
        let begun = Instant::now();
        let found = in_time(self.provider.driver.find_launch(&self.launch.region, self.launch.launch_id)).await;
        self.shared.metrics.record_call(&self.provider.id, "find", begun.elapsed(), found.as_ref().err());
        found
    }

    async fn call(&self, launch: &Launch) -> ProviderResult<Vec<Machine>> {
        let begun = Instant::now();
        let launched = in_time(self.provider.driver.launch(launch)).await;
        self.shared.metrics.record_call(&self.provider.id, "launch", begun.elapsed(), launched.as_ref().err());
        launched.map(|launched| launched.machines)
    }

    async fn settle(&self, machines: Vec<Machine>) -> Result<(), DbError> {
        let settings = &self.shared.settings;
        let ids: Vec<String> = machines.iter().map(|machine| machine.id.clone()).collect();
        let new = |machine: Machine| NewMachine { group: machine.group, id: machine.id, data: machine.data };
        let machines: Vec<NewMachine> = machines.into_iter().map(new).collect();
        let now = self.shared.clock.now();
        let check_at = now + settings.check_requested.delta();
        let registration = seconds(settings.registration_timeout);
        let (id, unknown_since) = (self.launch.launch_id, now - GIVE_UP_AFTER);
        let is_counted =
            self.shared.db.launch_settle(id, &machines, registration, check_at, unknown_since, now).await?;
        if is_counted {
            self.record("settled");
            self.shared.notifications.relay.notify();
            return Ok(());
        }
        tracing::warn!(launch.id = %id, machines = ?ids, "a launch was answered after it was given up; its machines are ended");
        if let Err(error) = in_time(self.provider.driver.terminate(&self.launch.region, &ids)).await {
            tracing::warn!(launch.id = %id, %error, "machines cannot be ended; the next search for such machines finds them");
        }
        Ok(())
    }

    async fn unknown(&self, words: &str) -> Result<(), DbError> {
        tracing::warn!(launch.id = %self.launch.launch_id, reason = words, "a launch was not answered");
        self.record("unanswered");
        let now = self.shared.clock.now();
        self.shared.db.launch_unknown(&self.launch, words, now + self.pause(), now).await
    }

    /// The provider asks for fewer calls.
    async fn later(&self, words: &str) -> Result<(), DbError> {
        self.record("throttled");
        let now = self.shared.clock.now();
        let bucket = region_bucket(&self.provider.id, &self.launch.region);
        self.shared.db.provision_slow_bucket(&bucket, now).await?;
        self.shared.db.launch_later(&self.launch, words, now + self.pause(), now).await
    }

    async fn failed(
        &self,
        class: FailureClass,
        code: &str,
        words: &str,
        keys: Option<&BreakerKeys>,
    ) -> Result<(), DbError> {
        let now = self.shared.clock.now();
        if !self.shared.db.launch_fail(&self.launch, class.as_str(), code, words, now).await? {
            return Ok(());
        }
        self.record(class.as_str());
        self.shared.notifications.relay.notify();
        if let Some(keys) = keys {
            let reason = format!("{code}: {words}");
            keys.failed(&self.shared.db, class, &reason, self.shared.settings.canary, now).await?;
        }
        Ok(())
    }

    fn record(&self, outcome: &'static str) {
        let instances = u32::try_from(self.launch.instances).unwrap_or_default();
        let took = self.shared.clock.now() - self.launch.created;
        self.shared.metrics.record_launch(&self.provider.id, outcome, instances, took);
    }

    fn pause(&self) -> TimeDelta {
        PAUSE * self.launch.attempts.clamp(1, MAX_PAUSES)
    }
}
