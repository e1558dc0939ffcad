//! One list of the machines of a region, and what follows from it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Instant,
};

use db::{
    DbError,
    provisioner::{CheckIntervals, CheckOutcome, CheckedWorker, OutcomeKind, SeenState, WorkerToCheck},
};
use protocol::id::TaskQueueId;

use crate::{
    breakers::BreakerKeys,
    decision::FailureClass,
    listing::list_all,
    pools::StoredRequest,
    provider::MachineState,
    settings::seconds,
    shared::{ProviderHandle, Shared, in_time},
};

pub(super) struct MachineCheck {
    pub(super) shared: Arc<Shared>,
    pub(super) provider: ProviderHandle,
    pub(super) region: String,
    pub(super) workers: Vec<WorkerToCheck>,
}

impl MachineCheck {
    pub(super) async fn run(self) {
        if let Err(error) = self.check().await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(provider = self.provider.id, region = self.region, error, "workers cannot be checked");
        }
    }

    async fn check(&self) -> Result<(), DbError> {
        let listed_at = self.shared.clock.now();
        let machines = match list_all(&self.shared.metrics, &self.provider, &self.region).await {
            Ok(machines) => machines,
            Err(error) => {
                tracing::warn!(provider = self.provider.id, region = self.region, %error, "machines cannot be listed");
                return Ok(());
            }
        };
        let states: HashMap<&str, MachineState> = machines.iter().map(|it| (it.id.as_str(), it.state)).collect();
        let seen = |worker: &WorkerToCheck| CheckedWorker {
            worker_pool_id: worker.worker_pool_id.clone(),
            worker_group: worker.worker_group.clone(),
            worker_id: worker.worker_id.clone(),
            seen: match states.get(worker.worker_id.as_str()) {
                Some(MachineState::Running) => SeenState::Running,
                Some(MachineState::Stopping) => SeenState::Stopping,
                Some(MachineState::Ended) => SeenState::Ended,
                // Its row was there before the list was asked for.
                None if self.provider.driver.lists_are_complete() => SeenState::Ended,
                None => SeenState::Missing,
            },
        };
        let seen: Vec<CheckedWorker> = self.workers.iter().map(seen).collect();
        let settings = &self.shared.settings;
        let intervals = CheckIntervals {
            requested: seconds(settings.check_requested),
            running: seconds(settings.check_running),
            stopping: seconds(settings.check_stopping),
        };
        let now = self.shared.clock.now();
        let outcomes = self.shared.db.provision_check_apply(&seen, listed_at, intervals, now).await?;
        self.notify(&outcomes);
        self.terminate(&outcomes, &states).await;
        self.learn(&outcomes).await
    }

    fn notify(&self, outcomes: &[CheckOutcome]) {
        let notifications = &self.shared.notifications;
        if !outcomes.is_empty() {
            notifications.relay.notify();
        }
        for outcome in outcomes.iter().filter(|outcome| outcome.outcome == OutcomeKind::Pending) {
            (notifications.claims)(&TaskQueueId(outcome.worker_pool_id.clone()), 1);
        }
    }

    /// What is refused is asked for again with the next check; machines that ended and are still there, by the sweeper.
    async fn terminate(&self, outcomes: &[CheckOutcome], states: &HashMap<&str, MachineState>) {
        let is_left = |id: &str| {
            self.provider.driver.keeps_ended() && states.get(id).is_some_and(|state| *state == MachineState::Ended)
        };
        let ending = outcomes.iter().filter(|it| match it.outcome {
            OutcomeKind::Terminate => true,
            OutcomeKind::Stopped => is_left(&it.worker_id),
            _ => false,
        });
        let ids: Vec<String> = ending.map(|outcome| outcome.worker_id.clone()).collect();
        if ids.is_empty() {
            return;
        }
        let begun = Instant::now();
        let ended = in_time(self.provider.driver.terminate(&self.region, &ids)).await;
        self.shared.metrics.record_call(&self.provider.id, "terminate", begun.elapsed(), ended.as_ref().err());
        let (provider, region) = (&self.provider.id, &self.region);
        match ended {
            Ok(outcomes) => {
                for (id, error) in ids.iter().zip(outcomes).filter_map(|(id, outcome)| Some((id, outcome.err()?))) {
                    tracing::warn!(provider, region, machine = id, %error, "a machine cannot be ended; trying again");
                }
            }
            Err(error) => tracing::warn!(provider, region, machines = ids.len(), %error, "machines cannot be ended"),
        }
    }

    /// Machines that registered, or ended without, close and open circuit breakers.
    async fn learn(&self, outcomes: &[CheckOutcome]) -> Result<(), DbError> {
        let mut booted: BTreeMap<(&str, &str), (usize, usize, &str)> = BTreeMap::new();
        for outcome in outcomes {
            if let Some(seconds) = outcome.boot_seconds {
                self.shared.metrics.record_boot(&self.provider.id, seconds);
            }
            let (Some(config), Some(request)) = (&outcome.launch_config_id, &outcome.request) else { continue };
            let counts = booted.entry((&outcome.worker_pool_id, config)).or_insert((0, 0, request));
            match outcome.outcome {
                OutcomeKind::Booted => counts.0 += 1,
                OutcomeKind::BootFailed => counts.1 += 1,
                _ => {}
            }
        }
        let (db, canary, now) = (&self.shared.db, self.shared.settings.canary, self.shared.clock.now());
        for ((pool, config), (succeeded, failed, request)) in booted {
            self.shared.metrics.record_boots(&self.provider.id, succeeded, failed);
            let Ok(request) = serde_json::from_str::<StoredRequest>(request) else { continue };
            let offering = self.provider.driver.offering(&request.configuration);
            let keys = BreakerKeys::new(&self.provider.id, pool, config, &offering);
            if succeeded > 0 {
                keys.succeeded(db, succeeded, canary, now).await?;
            }
            for _ in 0..failed {
                let words = "machines were launched and did not register";
                keys.failed(db, FailureClass::Boot, words, canary, now).await?;
            }
        }
        Ok(())
    }
}
