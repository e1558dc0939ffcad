//! Moves one request on, as far as it goes just now. After every call to the queue or the master the row is written
//! before the next call; each call is safe to repeat, so that a crash anywhere leads back here and changes nothing.

mod cancel;
mod claim;
mod create;
mod files;
mod note;
mod tell;

use actors::artifacts::ArtifactError;
use chrono::TimeDelta;
use db::{
    DbError,
    bridge::{BridgeRequest, BridgeState, Wanted},
};
use protocol::{id::RunId, time::Timestamp};

use crate::{
    builders::Waits,
    decide::{AFTER_DEADLINE, Move, Sight, decide, is_starting},
    driver::{Build, BuildId, DriverError, MasterDriver, Request},
    logs::CopyError,
    master::Master,
    queue::{QueueFault, Standing},
};

/// More moves than any request makes without waiting for something.
const MOVES: usize = 64;
/// How soon a step is tried again that could not be made.
const AGAIN: TimeDelta = TimeDelta::seconds(5);
/// The same where somebody has to mend something first.
const AGAIN_LATER: TimeDelta = TimeDelta::seconds(30);

/// What was seen of a request together with others.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    Nothing,
    Lost,
    Request(Request),
}

/// Why a step could not be made now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Hitch {
    #[error(transparent)]
    Master(#[from] DriverError),
    #[error(transparent)]
    Queue(#[from] QueueFault),
    #[error("what the build left behind could not be stored: {0}")]
    Files(String),
    #[error("the database could not be reached")]
    Db(#[from] DbError),
    /// Somebody else has changed the row; whoever it was made it due.
    #[error("the request was changed meanwhile")]
    Changed,
}

impl From<CopyError> for Hitch {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Master(error) => Self::Files(error.to_string()),
            CopyError::Store(error) => error.into(),
            error @ CopyError::Disk(_) => Self::Files(error.to_string()),
        }
    }
}

impl From<ArtifactError> for Hitch {
    fn from(error: ArtifactError) -> Self {
        Self::Files(error.to_string())
    }
}

pub(crate) struct Step<'m> {
    master: &'m Master,
    row: BridgeRequest,
    seen: Seen,
    standing: Option<Standing>,
    sight: Sight,
}

impl<'m> Step<'m> {
    /// `standing`: how the run stands at the queue, where that was asked.
    pub(crate) const fn new(master: &'m Master, row: BridgeRequest, seen: Seen, standing: Option<Standing>) -> Self {
        Self { master, row, seen, standing, sight: Sight::Unnumbered }
    }

    pub(crate) const fn id(&self) -> i64 {
        self.row.id
    }

    pub(crate) async fn run(mut self) {
        let result = match self.go().await {
            Ok(until) => {
                self.tell_obstacle();
                self.row.next_check = self.master.due_again(&self.row, until);
                self.write().await
            }
            Err(hitch) => self.postpone(hitch).await,
        };
        self.note().await;
        if let Err(hitch) = result {
            let (task, error) = (self.row.task_id(), &hitch as &dyn std::error::Error);
            tracing::debug!(task.id = %task, error, "a build's task is looked at again");
        }
    }

    /// A builder that is gone is not waited for in silence: the request would stay at the master until the deadline.
    fn tell_obstacle(&mut self) {
        let obstacle = self.obstacle();
        if obstacle.is_some() && self.row.error != obstacle {
            let (task, master) = (self.row.task_id(), self.master.name());
            tracing::warn!(task.id = %task, master, error = obstacle, "a build's task cannot go on just now");
        }
        self.row.error = obstacle;
    }

    fn obstacle(&self) -> Option<String> {
        let waits = (self.row.state, self.row.wanted) == (BridgeState::Created, Wanted::Run);
        let builder = self.row.builder.as_ref().filter(|_| waits)?;
        let gone = self.master.builders.waits(builder) == Some(Waits::Gone);
        gone.then(|| {
            format!(
                "the master does not use the builder `{builder}` any more; until its administrator puts it back, nothing \
                 is built"
            )
        })
    }

    /// Until when nothing is to be done.
    async fn go(&mut self) -> Result<Timestamp, Hitch> {
        match self.standing.take() {
            Some(Standing::Over) => self.unwant().await?,
            Some(Standing::Followed(run_id)) => self.follow(run_id).await?,
            Some(Standing::Pending | Standing::Ours(_)) | None => {}
        }
        self.keep_claim().await?;
        if self.master.is_given_up() && self.row.state == BridgeState::Running {
            self.give_up_master().await?;
        }
        if !self.needs_no_sight() {
            self.look().await?;
        }
        for _ in 0..MOVES {
            self.note_starting();
            let next = decide(&self.row, &self.sight, &self.master.rules.settings, self.master.now());
            match next {
                Move::Wait(until) => {
                    self.show_logs().await;
                    return Ok(until.min(self.master.next_sweep()));
                }
                Move::Close => return self.close().await,
                Move::Create => self.create().await?,
                Move::Find => match self.find().await? {
                    Some(until) => return Ok(until),
                    None => self.look().await?,
                },
                Move::GiveUp => self.unwant().await?,
                Move::Skip(build) => self.skip(build).await?,
                Move::Claim(build) => self.claim(build).await?,
                Move::End(ended) => self.end(ended).await?,
                Move::Tell => self.tell().await?,
                Move::CancelTask => self.cancel_task().await?,
                Move::Cancel => self.cancel().await?,
            }
        }
        tracing::error!(task.id = %self.row.task_id(), "a build's task does not come to rest");
        Ok(self.master.now() + AGAIN_LATER)
    }

    /// What is next does not depend on the master.
    fn needs_no_sight(&self) -> bool {
        let wanted = self.row.wanted == Wanted::Run;
        let over = self.row.deadline + AFTER_DEADLINE <= self.master.now();
        match self.row.state {
            BridgeState::Wanted => true,
            BridgeState::Finished | BridgeState::Resolved => wanted,
            BridgeState::Created | BridgeState::Running => wanted && over && self.master.driver.is_out(),
        }
    }

    /// Reads the builds of what was seen; and the request itself when nobody has.
    async fn look(&mut self) -> Result<(), Hitch> {
        let Some(id) = self.row.request_id.map(crate::driver::RequestId) else {
            self.sight = Sight::Unnumbered;
            return Ok(());
        };
        if self.row.lost {
            self.seen = Seen::Lost;
        }
        let request = match std::mem::replace(&mut self.seen, Seen::Nothing) {
            Seen::Request(request) => Some(request),
            Seen::Lost => None,
            Seen::Nothing => self.master.driver.requests(&[id]).await?.pop(),
        };
        self.sight = match request {
            None => Sight::Lost,
            Some(request) => {
                self.row.submitted.get_or_insert(request.submitted);
                let builds = self.master.driver.builds(id).await?;
                Sight::There { request, builds }
            }
        };
        Ok(())
    }

    /// Remembers since when a builder has it without a build that began, for whoever wants to cancel it.
    fn note_starting(&mut self) {
        if self.row.wanted != Wanted::Cancel {
            return;
        }
        if let Sight::There { request, builds } = &self.sight {
            let now = self.master.now();
            self.row.claimed_seen =
                if is_starting(request, builds) { self.row.claimed_seen.or(Some(now)) } else { None };
        }
    }

    fn build(&self) -> Option<&Build> {
        let Sight::There { builds, .. } = &self.sight else { return None };
        builds.iter().find(|build| Some(build.id.0) == self.row.build_id)
    }

    /// The present run was this build, which ended with RETRY, and the run ended otherwise meanwhile.
    async fn skip(&mut self, build: BuildId) -> Result<(), Hitch> {
        (self.row.last_build, self.row.build_id, self.row.build_number) = (build.0, None, None);
        self.save().await
    }

    /// Another run of the task waits for the same request.
    async fn follow(&mut self, run_id: RunId) -> Result<(), Hitch> {
        self.row.run_id = run_id;
        if self.row.request_id.is_some() {
            self.row.state = BridgeState::Created;
        }
        (self.row.taken_until, self.row.reclaim_at) = (None, None);
        (self.row.result, self.row.ended) = (None, None);
        self.save().await
    }

    /// Nobody waits for it any more.
    async fn unwant(&mut self) -> Result<(), Hitch> {
        self.row.wanted = Wanted::Cancel;
        self.save().await
    }

    /// Nothing is left to do.
    async fn close(&mut self) -> Result<Timestamp, Hitch> {
        if self.row.state != BridgeState::Resolved {
            self.rescue_files().await;
            self.forget_build();
            self.row.state = BridgeState::Resolved;
            self.master.meters.came_into(self.master.name(), "resolved");
        }
        Ok(self.master.now())
    }

    fn forget_build(&self) {
        if let Some(build) = self.row.build_id {
            self.master.shown().remove(&build);
            self.master.logs.forget(BuildId(build));
        }
    }

    /// Writes what was done, and stays due: a crash after it is found at once.
    async fn save(&mut self) -> Result<(), Hitch> {
        self.row.next_check = self.master.now();
        self.write().await
    }

    async fn write(&mut self) -> Result<(), Hitch> {
        let saved = self.master.db.bridge_save(&self.row, self.master.now()).await?;
        self.row.version = saved.ok_or(Hitch::Changed)?;
        Ok(())
    }

    /// Says why it could not go on, once, and sees to it that it is tried again.
    async fn postpone(&mut self, hitch: Hitch) -> Result<(), Hitch> {
        if matches!(hitch, Hitch::Changed | Hitch::Db(_)) {
            return Err(hitch);
        }
        let words = hitch.to_string();
        if self.row.error.as_ref() != Some(&words) {
            let (task, master) = (self.row.task_id(), self.master.name());
            tracing::warn!(task.id = %task, master, error = words, "a build's task cannot go on just now");
        }
        let again = match hitch {
            Hitch::Queue(QueueFault::Forbidden { .. }) => AGAIN_LATER,
            Hitch::Master(_) if self.master.driver.is_out() => AGAIN_LATER,
            _ => AGAIN,
        };
        self.row.error = Some(words);
        self.row.next_check = self.master.due_again(&self.row, self.master.now() + again);
        self.write().await
    }
}
