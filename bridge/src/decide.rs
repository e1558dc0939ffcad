//! The next action for one request, from its row and what the master has, and nothing else. So lost, reordered and
//! repeated events do no harm, and neither does a crash.

use chrono::TimeDelta;
use db::bridge::{BridgeRequest, BridgeState, Intent};
use protocol::time::Timestamp;

use crate::{
    MasterSettings,
    driver::{Build, BuildId, BuildResult, Request},
};

/// What the master has of a request. Builds are read after the request, so an ended request comes with all of its builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Observation {
    /// The row has no request id.
    NotCreated,
    /// The master has no request of this id, or an unrelated one.
    Missing,
    Found {
        request: Request,
        builds: Vec<Build>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Create the request at the master.
    Create,
    /// Look for a request that an earlier attempt may have created, to cancel it.
    Lookup,
    /// The deadline has passed: mark it cancelled.
    Expire,
    /// A build that ended with RETRY belongs to a run that has ended; the present run waits for the next build.
    SkipBuild(BuildId),
    /// Claim the run, for this build if there is one.
    Claim(Option<BuildId>),
    /// The build ended, or the request without a build.
    Finish(Outcome),
    /// Store the artifacts of the build, and report the end of the run to the queue.
    Report,
    /// The request was cancelled at the master.
    CancelTask,
    CancelRequest,
    Close,
    /// Nothing to do until then, or until it is checked because of an event.
    Wait(Timestamp),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Result(BuildResult),
    Lost,
}

/// The queue resolves tasks at their deadline; this long after it, its event is not waited for any more.
pub(crate) const AFTER_DEADLINE: TimeDelta = TimeDelta::minutes(1);
/// The states of a build that has not begun.
const NOT_BEGUN: [&str; 2] = ["", "created"];

pub(crate) fn decide(
    row: &BridgeRequest,
    observation: &Observation,
    settings: &MasterSettings,
    now: Timestamp,
) -> Action {
    let next_check = now + settings.check_interval.delta();
    match (row.intent, row.state) {
        (_, BridgeState::Resolved) => Action::Close,
        (Intent::Run, _) if now >= row.deadline + AFTER_DEADLINE => Action::Expire,
        (Intent::Run, BridgeState::PendingCreate) => Action::Create,
        (Intent::Run, BridgeState::Finished) => Action::Report,
        (Intent::Cancel, BridgeState::PendingCreate) if row.attempts == 0 => Action::Close,
        (Intent::Cancel, BridgeState::PendingCreate) => Action::Lookup,
        (Intent::Cancel, _) => match observation {
            Observation::Found { request, builds } => cancel(row, request, builds, settings, now),
            Observation::Missing => Action::Close,
            Observation::NotCreated => Action::Lookup,
        },
        (Intent::Run, BridgeState::Created) => match observation {
            Observation::Found { request, builds } => created(row, request, builds, next_check),
            Observation::Missing | Observation::NotCreated => Action::Claim(None),
        },
        (Intent::Run, BridgeState::Running) => match observation {
            Observation::Found { request, builds } => running(row, request, builds, next_check),
            Observation::Missing | Observation::NotCreated => Action::Finish(Outcome::Lost),
        },
    }
}

/// The run is pending.
fn created(row: &BridgeRequest, request: &Request, builds: &[Build], next_check: Timestamp) -> Action {
    match builds.iter().find(|build| build.id.0 > row.last_build) {
        Some(build) if build.result == Some(BuildResult::Retry) && row.build_id == Some(build.id.0) => {
            Action::SkipBuild(build.id)
        }
        Some(build) => Action::Claim(Some(build.id)),
        None => match request.result {
            None => Action::Wait(next_check),
            Some(BuildResult::Cancelled) => Action::CancelTask,
            Some(_) => Action::Claim(None),
        },
    }
}

/// The run is claimed by the bridge.
fn running(row: &BridgeRequest, request: &Request, builds: &[Build], next_check: Timestamp) -> Action {
    let build = builds.iter().find(|build| Some(build.id.0) == row.build_id);
    match (build.and_then(|build| build.result), request.result) {
        (Some(result), _) | (None, Some(result)) => Action::Finish(Outcome::Result(result)),
        (None, None) if row.build_id.is_some() && build.is_none() => Action::Finish(Outcome::Lost),
        (None, None) => Action::Wait(next_check),
    }
}

/// A request that a builder has just claimed is not cancelled until its build has begun: see the README on bugs of Buildbot 4.3.
fn cancel(
    row: &BridgeRequest,
    request: &Request,
    builds: &[Build],
    settings: &MasterSettings,
    now: Timestamp,
) -> Action {
    if request.result.is_some() {
        return Action::Close;
    }
    let retry_at = row.cancel_attempted.map(|tried| tried + settings.cancel_retry_interval.delta());
    if let Some(retry_at) = retry_at.filter(|at| *at > now) {
        return Action::Wait(retry_at);
    }
    if !is_starting(request, builds) {
        return Action::CancelRequest;
    }
    match row.claimed_since.map(|seen| seen + settings.cancel_grace.delta()) {
        Some(safe) if safe <= now => Action::CancelRequest,
        Some(safe) => Action::Wait(safe),
        None => Action::Wait(now + settings.cancel_grace.delta()),
    }
}

/// A builder has claimed it, and no build of it is known to have begun.
pub(crate) fn is_starting(request: &Request, builds: &[Build]) -> bool {
    let begun = |build: &Build| build.result.is_none() && !NOT_BEGUN.contains(&build.state.as_str());
    request.result.is_none() && request.claimed && !builds.iter().any(begun)
}
