//! Telling the master that nobody wants a build any more.

use super::{Hitch, Seen, Step};
use crate::{decide::Sight, driver::MasterDriver};

impl Step<'_> {
    /// Only a request that was just read is cancelled, and the answer of the master means nothing: it is read again.
    pub(super) async fn cancel(&mut self) -> Result<(), Hitch> {
        let Sight::There { request, .. } = &self.sight else { return Ok(()) };
        let (id, waited) = (request.id, !request.claimed);
        // It may have been read long ago, together with many others, and a builder may have taken it since.
        match self.master.driver.requests(&[id]).await?.pop() {
            Some(fresh) if fresh.result.is_none() && !(waited && fresh.claimed) => {}
            fresh => {
                self.seen = fresh.map_or(Seen::Lost, Seen::Request);
                return self.look().await;
            }
        }
        let now = self.master.now();
        let reason = format!("Drover task {} does not need it any more", self.row.task_id());
        self.master.driver.cancel(id, &reason).await?;
        let asked = *self.row.cancel_asked.get_or_insert(now);
        let alarm = asked + self.master.rules.settings.cancel_alarm.delta();
        if now >= alarm {
            self.master.meters.cancel_ignored(self.master.name());
            if self.row.cancel_tried.is_some_and(|before| before < alarm) {
                let (task, master) = (self.row.task_id(), self.master.name());
                tracing::error!(
                    task.id = %task, master, request = id.0,
                    "the master does not cancel a request; if its build never began, it blocks a worker: `drover bridge check` tells"
                );
            }
        }
        self.row.cancel_tried = Some(now);
        self.save().await?;
        tracing::info!(task.id = %self.row.task_id(), master = self.master.name(), request = id.0, "a build is cancelled");
        Ok(())
    }
}
