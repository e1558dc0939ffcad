//! Telling the master that nobody wants a build any more.

use super::{Hitch, Step};
use crate::{decide::Sight, driver::MasterDriver};

impl Step<'_> {
    /// Only a request that was just read is cancelled, and the answer of the master means nothing: it is read again.
    pub(super) async fn cancel(&mut self) -> Result<(), Hitch> {
        let Sight::There { request, .. } = &self.sight else { return Ok(()) };
        let (id, now) = (request.id, self.master.now());
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
                    "the master does not cancel a request; if its build never began, its builder is blocked until a restart"
                );
            }
        }
        self.row.cancel_tried = Some(now);
        self.save().await?;
        tracing::info!(task.id = %self.row.task_id(), master = self.master.name(), request = id.0, "a build is cancelled");
        Ok(())
    }
}
