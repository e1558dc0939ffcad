//! Receives what one provider says of its own accord: state changes and interruptions of machines.
//!
//! Owns: a poll under way. Several processes may listen: each notice is handled by one of them, or twice without harm. What is
//! lost the checker finds.
//! Woken by: the end of a poll (a notification), a timer.
//! Emits: `worker-removed`, through the outbox.

use std::{sync::Arc, time::Duration};

use actors::kit::{Child, Next, Notifier, Periodic, Schedule};
use db::{
    DbError,
    provisioner::{MachineNotice, MachineNoticeKind},
};
use protocol::id::TaskQueueId;
use tokio::task::JoinSet;

use crate::{
    provider::{Notice, NoticeKind, ProviderResult},
    shared::{ProviderHandle, Shared, in_time},
};

/// A provider without notices is asked again after this time.
const INTERVAL: Duration = Duration::from_mins(5);
/// After an error.
const RETRY: Duration = Duration::from_secs(10);

pub(crate) struct Watcher {
    shared: Arc<Shared>,
    provider: ProviderHandle,
    own: Notifier,
    /// Whoever has something to do after a notice: checkers and pools.
    others: Notifier,
    poll: JoinSet<ProviderResult<Option<Vec<Notice>>>>,
}

pub(crate) fn child(shared: &Arc<Shared>, provider: &ProviderHandle, others: &Notifier) -> Child {
    let (shared, provider, others) = (shared.clone(), provider.clone(), others.clone());
    let schedule = Schedule::every(INTERVAL, shared.rng.branch("watcher"));
    let name = format!("provisioner/watcher/{}", provider.id);
    schedule.child(&name, move |own| Watcher::new(shared.clone(), provider.clone(), own.clone(), others.clone())).0
}

impl Periodic for Watcher {
    type Error = DbError;

    async fn run(&mut self) -> Result<Next, DbError> {
        match self.poll.try_join_next() {
            Some(Ok(Ok(Some(notices)))) => self.handle(notices).await?,
            Some(Ok(Ok(None))) => return Ok(Next::IDLE),
            Some(Ok(Err(error))) => {
                tracing::warn!(provider = self.provider.id, %error, "notices about machines cannot be received");
                return Ok(Next::IDLE.after(RETRY));
            }
            Some(Err(error)) => tracing::error!(%error, "receiving notices panicked"),
            None => {}
        }
        if self.poll.is_empty() {
            let (driver, own) = (self.provider.driver.clone(), self.own.clone());
            self.poll.spawn(async move {
                let notices = in_time(driver.notices()).await;
                own.notify();
                notices
            });
        }
        Ok(Next::IDLE)
    }
}

impl Watcher {
    pub(crate) fn new(shared: Arc<Shared>, provider: ProviderHandle, own: Notifier, others: Notifier) -> Self {
        Self { shared, provider, own, others, poll: JoinSet::new() }
    }

    /// An error leaves the notices with the provider, and they come again.
    pub(crate) async fn handle(&self, notices: Vec<Notice>) -> Result<(), DbError> {
        let (id, now) = (&self.provider.id, self.shared.clock.now());
        let machines: Vec<MachineNotice> = notices.iter().filter_map(machine_notice).collect();
        if !machines.is_empty() {
            let workers = self.shared.db.provision_notices(id, &machines, now).await?;
            let interrupted = workers.iter().filter(|worker| worker.interrupted).count();
            self.shared.metrics.record_notices(id, workers.len(), interrupted);
            for worker in workers.iter().filter(|worker| worker.interrupted) {
                tracing::info!(
                    provider = id,
                    worker_pool.id = worker.worker_pool_id,
                    worker.id = worker.worker_id,
                    runs = worker.runs,
                    "the provider takes a machine back"
                );
                self.shared.notifications.relay.notify();
                (self.shared.notifications.claims)(&TaskQueueId(worker.worker_pool_id.clone()), 1);
            }
            self.others.notify();
        }
        let receipts: Vec<String> = notices.into_iter().map(|notice| notice.receipt).collect();
        if let Err(error) = in_time(self.provider.driver.notices_handled(&receipts)).await {
            tracing::warn!(provider = id, %error, "handled notices cannot be acknowledged; they come again");
        }
        Ok(())
    }
}

/// `None`: a recommendation, which comes far more often than interruptions, so that following it costs more than it saves.
fn machine_notice(notice: &Notice) -> Option<MachineNotice> {
    let kind = match notice.kind {
        NoticeKind::StateChanged => MachineNoticeKind::StateChanged,
        NoticeKind::Interruption => MachineNoticeKind::Interruption,
        NoticeKind::Rebalance => return None,
    };
    Some(MachineNotice { machine: notice.machine.clone(), kind })
}
