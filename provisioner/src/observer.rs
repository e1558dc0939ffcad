//! Metrics of all worker pools together.
//!
//! Owns: nothing.
//! Woken by: a timer.
//! Emits: metrics. Every process with the role reports the same numbers.

use std::{sync::Arc, time::Duration};

use actors::kit::{Child, Next, Periodic, Schedule};
use db::DbError;

use crate::shared::Shared;

const INTERVAL: Duration = Duration::from_secs(15);

pub(crate) struct Observer {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) fn child(shared: &Arc<Shared>) -> Child {
    let shared = shared.clone();
    let schedule = Schedule::every(INTERVAL, shared.rng.branch("observer"));
    schedule.child("provisioner/observer", move |_| Observer { shared: shared.clone() }).0
}

impl Periodic for Observer {
    type Error = DbError;

    async fn run(&mut self) -> Result<Next, DbError> {
        let totals = self.shared.db.provision_totals(self.shared.clock.now()).await?;
        for total in &totals {
            self.shared.metrics.record_total(total);
        }
        Ok(Next::IDLE)
    }
}
