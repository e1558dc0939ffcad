//! From what was found to one sentence, and to what would help.

mod elsewhere;
mod pool;
mod unscheduled;

use chrono::TimeDelta;
use protocol::{
    explain::{Cause, Explanation, Required},
    state::{ReasonResolved, TaskState},
    status::RunStatus,
};

/// A deadline nearer than this is mentioned.
const SOON: TimeDelta = TimeDelta::minutes(15);

/// The explanation with its cause, its verdict and its advice.
pub(super) fn given(explanation: Explanation) -> Explanation {
    let (cause, verdict, mut advice) = judge(&explanation);
    if !matches!(cause, Cause::Completed | Cause::Failed | Cause::Exception) {
        let lacking = explanation.scopes.missing.iter();
        advice.extend(lacking.map(|scope| {
            format!(
                "Its payload needs the scope `{scope}`, which its `scopes` do not hold: the run will fail without it."
            )
        }));
    }
    if !explanation.status.state.is_resolved() && (1..SOON.num_seconds()).contains(&explanation.deadline.seconds_left) {
        let left = seconds(explanation.deadline.seconds_left);
        advice.push(format!("Its deadline is in {left}: what has not ended by then ends as deadline-exceeded."));
    }
    if let Some(oldest) = explanation.events.oldest.filter(|at| explanation.at - *at > TimeDelta::minutes(1)) {
        let age = span(explanation.at - oldest);
        advice.push(format!("Events have not been published since {age}: see whether the relay reaches the broker."));
    }
    elsewhere::tidied(Explanation { cause, verdict, advice, ..explanation })
}

type Judgement = (Cause, String, Vec<String>);

fn judge(it: &Explanation) -> Judgement {
    match it.status.state {
        TaskState::Completed | TaskState::Failed | TaskState::Exception => ended(it),
        _ if it.deadline.seconds_left <= 0 => (
            Cause::DeadlinePassed,
            format!(
                "Its deadline passed {} ago; it is about to end as deadline-exceeded.",
                seconds(-it.deadline.seconds_left)
            ),
            vec!["Create it anew with a later deadline: a deadline cannot be moved.".to_owned()],
        ),
        TaskState::Running => running(it),
        TaskState::Unscheduled => unscheduled::judge(it),
        TaskState::Pending => elsewhere::judge(it).or_else(|| pool::judge(it)).unwrap_or_else(|| pending(it)),
    }
}

fn ended(it: &Explanation) -> Judgement {
    let run = it.status.runs.last();
    let (cause, how) = match it.status.state {
        TaskState::Completed => (Cause::Completed, "It has run and completed".to_owned()),
        TaskState::Failed => (Cause::Failed, "It has run and failed".to_owned()),
        _ => (Cause::Exception, format!("It ended without a result: {}", reason(run))),
    };
    let verdict = format!("{how}{}{}.", at_worker(run), ago(it, run.and_then(|run| run.resolved)));
    let rerun = "Rerun it (rerunTask, `drover task rerun`) once the reason is gone.".to_owned();
    let advice = match run.and_then(|run| run.reason_resolved) {
        _ if cause == Cause::Completed => vec![],
        Some(ReasonResolved::DeadlineExceeded) => {
            vec!["Its deadline is over: create it anew with a later one.".to_owned()]
        }
        Some(ReasonResolved::MalformedPayload) => {
            vec!["The worker could not use its payload: read its log, and create it anew with a right one.".to_owned()]
        }
        _ => vec![rerun],
    };
    (cause, verdict, advice)
}

fn reason(run: Option<&RunStatus>) -> String {
    let reason = run.and_then(|run| run.reason_resolved);
    let words = match reason {
        Some(ReasonResolved::Canceled) => "it was canceled",
        Some(ReasonResolved::DeadlineExceeded) => "its deadline passed first",
        Some(ReasonResolved::ClaimExpired) => "its worker did not reclaim it any more, and no retry was left",
        Some(ReasonResolved::WorkerShutdown) => "its worker was shut down, and no retry was left",
        Some(ReasonResolved::MalformedPayload) => "its worker could not use its payload",
        Some(ReasonResolved::ResourceUnavailable) => "its worker could not get what it needed",
        Some(ReasonResolved::InternalError) => "its worker had a fault of its own",
        Some(ReasonResolved::IntermittentTask) => "it asked to be run again, and no retry was left",
        _ => "for a reason that is not known",
    };
    reason.map_or_else(|| words.to_owned(), |reason| format!("{words} ({reason})"))
}

fn running(it: &Explanation) -> Judgement {
    let run = it.status.runs.last();
    let since = run.and_then(|run| run.started).map(|at| format!(" for {}", span(it.at - at))).unwrap_or_default();
    let Some(claim) = it.claim.as_ref().filter(|claim| claim.seconds_left <= 0) else {
        let left = it.claim.as_ref().map(|claim| seconds(claim.seconds_left));
        let left = left.map(|left| format!(", and the claim holds for another {left}")).unwrap_or_default();
        return (Cause::Running, format!("It is running{}{since}{left}.", at_worker(run)), vec![]);
    };
    let over = seconds(-claim.seconds_left);
    let then = if it.retries.left > 0 { "tried again" } else { "given up" };
    let verdict = format!(
        "It was running{}, but the claim ran out {over} ago; the run is about to be ended and {then}.",
        at_worker(run)
    );
    (Cause::ClaimRanOut, verdict, vec!["See whether that worker still lives.".to_owned()])
}

fn pending(it: &Explanation) -> Judgement {
    let (workers, queue) = (&it.workers, &it.workers.task_queue_id);
    let line = line(it);
    let scope = &it.scopes.to_claim;
    if workers.known == 0 {
        let verdict = format!("It is ready, but no worker was ever seen on the queue {queue}{line}.");
        let advice = format!("Start a worker for {queue}; it needs the scope `{scope}`. Is the queue's name right?");
        return (Cause::NoWorkerEverSeen, verdict, vec![advice]);
    }
    let number = match workers.known {
        1 => format!("the only worker of the queue {queue}"),
        known => format!("all {known} workers of the queue {queue}"),
    };
    if workers.quarantined == workers.known {
        let is = if workers.known == 1 { "is" } else { "are" };
        let first = workers.latest.iter().filter_map(|worker| worker.quarantine_until).min();
        let the_first = if workers.known == 1 { "" } else { ", the first" };
        let until = first.map(|at| format!("{the_first} until {}", protocol::time::format(at))).unwrap_or_default();
        let verdict = format!("It is ready, but {number} {is} in quarantine{until}{line}.");
        return (
            Cause::AllWorkersQuarantined,
            verdict,
            vec!["End a quarantine (quarantineWorker), or start another worker.".to_owned()],
        );
    }
    if workers.ready == 0 {
        let seen = workers.last_seen.map(|at| format!("; the last one {} ago", span(it.at - at))).unwrap_or_default();
        let quarantined = if workers.quarantined > 0 { " and out of quarantine" } else { "" };
        let verdict =
            format!("It is ready, but no worker of the queue {queue} was seen lately{quarantined}{seen}{line}.");
        return (
            Cause::NoWorkerAlive,
            verdict,
            vec![format!("See whether the workers of {queue} run and may claim (`{scope}`).")],
        );
    }
    let ready = match workers.ready {
        1 => "one worker serves it".to_owned(),
        ready => format!("{ready} workers serve it"),
    };
    (Cause::WaitsInQueue, format!("It is ready and waits in the queue {queue}, where {ready}{line}."), vec![])
}

fn line(it: &Explanation) -> String {
    let Some(position) = &it.position else { return String::new() };
    let more = if position.or_more { " or more" } else { "" };
    match position.ahead {
        0 => "; it is the next to be claimed".to_owned(),
        1 => "; one task is to be claimed before it".to_owned(),
        ahead => format!("; {ahead}{more} tasks are to be claimed before it"),
    }
}

fn described(task: &Required) -> String {
    let name = task.name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
    let state = task.state.map_or("missing", TaskState::as_str);
    format!("{}{name} ({state})", task.task_id)
}

fn at_worker(run: Option<&RunStatus>) -> String {
    match run.map(|run| (&run.worker_group, &run.worker_id, run.run_id)) {
        Some((Some(group), Some(id), run)) => format!(" at worker {group}/{id} (run {run})"),
        _ => String::new(),
    }
}

fn ago(it: &Explanation, at: Option<protocol::time::Timestamp>) -> String {
    at.map(|at| format!(", {} ago", span(it.at - at))).unwrap_or_default()
}

fn seconds(seconds: i64) -> String {
    span(TimeDelta::seconds(seconds))
}

/// A length of time in its two largest units.
fn span(delta: TimeDelta) -> String {
    let (days, hours, minutes) = (delta.num_days(), delta.num_hours() % 24, delta.num_minutes() % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{} s", delta.num_seconds().max(0)),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
