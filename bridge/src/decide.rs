//! What to do next about one request: from our row and what the master has, nothing else. So loss, order and
//! repetition of events cannot matter, and neither can a crash.

use chrono::TimeDelta;
use db::bridge::{BridgeRequest, BridgeState, Wanted};
use protocol::time::Timestamp;

use crate::{
    MasterSettings,
    driver::{Build, BuildId, BuildResult, Request},
};

/// What the master has of a request. Builds were read after the request, so an ended request shows all of its builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sight {
    /// We have no number to ask with.
    Unnumbered,
    /// Its number leads nowhere, or to another's request.
    Lost,
    There {
        request: Request,
        builds: Vec<Build>,
    },
}

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Move {
    /// Make the request at the master.
    Create,
    /// Nobody wants it, but it may have been made: look for it.
    Find,
    /// The deadline is over: from here on it is to be cancelled.
    GiveUp,
    /// A build that ended with RETRY belongs to a run that is over; the present run waits for the next one.
    Skip(BuildId),
    /// Claim the run, for this build if there is one.
    Claim(Option<BuildId>),
    /// The build, or what should have become one, ended.
    End(Ended),
    /// Store what the build left behind, and tell the queue how it ended.
    Tell,
    /// Somebody at the master cancelled the request.
    CancelTask,
    /// Ask the master to cancel.
    Cancel,
    /// Nothing is left to do.
    Close,
    /// Nothing until then, or until somebody pokes.
    Wait(Timestamp),
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    With(BuildResult),
    Lost,
}

/// The queue itself ends tasks at their deadline; this long after it nobody waits for its word any more.
pub(crate) const AFTER_DEADLINE: TimeDelta = TimeDelta::minutes(1);
/// What a build is called before anything of it has begun.
const NOT_BEGUN: [&str; 2] = ["", "created"];

pub(crate) fn decide(row: &BridgeRequest, sight: &Sight, settings: &MasterSettings, now: Timestamp) -> Move {
    let next_sweep = now + settings.sweep.delta();
    match (row.wanted, row.state) {
        (_, BridgeState::Resolved) => Move::Close,
        (Wanted::Run, _) if now >= row.deadline + AFTER_DEADLINE => Move::GiveUp,
        (Wanted::Run, BridgeState::Wanted) => Move::Create,
        (Wanted::Run, BridgeState::Finished) => Move::Tell,
        (Wanted::Cancel, BridgeState::Wanted) if row.attempts == 0 => Move::Close,
        (Wanted::Cancel, BridgeState::Wanted) => Move::Find,
        (Wanted::Cancel, _) => match sight {
            Sight::There { request, builds } => cancel(row, request, builds, settings, now),
            Sight::Lost => Move::Close,
            Sight::Unnumbered => Move::Find,
        },
        (Wanted::Run, BridgeState::Created) => match sight {
            Sight::There { request, builds } => created(row, request, builds, next_sweep),
            Sight::Lost | Sight::Unnumbered => Move::Claim(None),
        },
        (Wanted::Run, BridgeState::Running) => match sight {
            Sight::There { request, builds } => running(row, request, builds, next_sweep),
            Sight::Lost | Sight::Unnumbered => Move::End(Ended::Lost),
        },
    }
}

/// The run is pending.
fn created(row: &BridgeRequest, request: &Request, builds: &[Build], next_sweep: Timestamp) -> Move {
    match builds.iter().find(|build| build.id.0 > row.last_build) {
        Some(build) if build.result == Some(BuildResult::Retry) && row.build_id == Some(build.id.0) => {
            Move::Skip(build.id)
        }
        Some(build) => Move::Claim(Some(build.id)),
        None => match request.result {
            None => Move::Wait(next_sweep),
            Some(BuildResult::Cancelled) => Move::CancelTask,
            Some(_) => Move::Claim(None),
        },
    }
}

/// The run is ours.
fn running(row: &BridgeRequest, request: &Request, builds: &[Build], next_sweep: Timestamp) -> Move {
    let build = builds.iter().find(|build| Some(build.id.0) == row.build_id);
    match (build.and_then(|build| build.result), request.result) {
        (Some(result), _) | (None, Some(result)) => Move::End(Ended::With(result)),
        (None, None) if row.build_id.is_some() && build.is_none() => Move::End(Ended::Lost),
        (None, None) => Move::Wait(next_sweep),
    }
}

/// Nobody waits for it any more. A request that a builder has just taken is let alone until its build has begun: see
/// the traps in the README.
fn cancel(row: &BridgeRequest, request: &Request, builds: &[Build], settings: &MasterSettings, now: Timestamp) -> Move {
    if request.result.is_some() {
        return Move::Close;
    }
    let again = row.cancel_tried.map(|tried| tried + settings.cancel_again.delta());
    if let Some(again) = again.filter(|again| *again > now) {
        return Move::Wait(again);
    }
    if !is_starting(request, builds) {
        return Move::Cancel;
    }
    match row.claimed_seen.map(|seen| seen + settings.cancel_grace.delta()) {
        Some(safe) if safe <= now => Move::Cancel,
        Some(safe) => Move::Wait(safe),
        None => Move::Wait(now + settings.cancel_grace.delta()),
    }
}

/// A builder has taken it, and nothing shows yet that its build began.
pub(crate) fn is_starting(request: &Request, builds: &[Build]) -> bool {
    let begun = |build: &Build| build.result.is_none() && !NOT_BEGUN.contains(&build.state.as_str());
    request.result.is_none() && request.claimed && !builds.iter().any(begun)
}
