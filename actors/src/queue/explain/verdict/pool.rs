//! Pending tasks of a worker pool whose machines come when tasks wait.

use protocol::{
    explain::{Cause, Explanation, WorkerPool},
    time::format,
};

use super::{Judgement, line, span};

/// `None`: machines are made by others, or its workers are what counts.
pub(super) fn judge(it: &Explanation) -> Option<Judgement> {
    let (pool, queue) = (it.pool.as_ref()?, &it.workers.task_queue_id);
    let line = line(it);
    let judgement = |cause, why: String, advice: &[String]| {
        Some((cause, format!("It is ready, but {why}{line}."), advice.to_vec()))
    };
    if let Some(until) = pool.paused_until {
        let reason = pool.pause_reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let why = format!(
            "no machines are launched for the worker pool {queue}, which is paused until {}{reason}",
            format(until)
        );
        return judgement(Cause::PoolPaused, why, &[format!("End the pause: `drover pool resume {queue}`.")]);
    }
    if pool.booting > 0 {
        return judgement(Cause::MachinesBooting, booting(it, pool), &[]);
    }
    if let Some(breaker) = &pool.breaker {
        let why = format!(
            "nothing can be launched for the worker pool {queue} until {}: the circuit breaker of {} is open ({})",
            format(breaker.until),
            breaker.launch_config_id,
            breaker.failure_class
        );
        return judgement(
            Cause::BreakerOpen,
            why,
            &[format!("`drover pool errors {queue}` says what the provider refused.")],
        );
    }
    if pool.running + pool.stopping >= pool.max_capacity {
        let why = format!("the worker pool {queue} is at its maxCapacity of {}", pool.max_capacity);
        let advice = format!(
            "Tasks of this pool have to end first, or its maxCapacity has to grow; `drover pool why {queue}` has the numbers."
        );
        return judgement(Cause::AtMaxCapacity, why, &[advice]);
    }
    if it.workers.ready > 0 {
        return None;
    }
    let why = format!("its worker pool {queue} has no machine yet");
    judgement(
        Cause::MachinesFollow,
        why,
        &[format!("One is about to be launched; `drover pool show {queue}` tells what the provisioner sees.")],
    )
}

fn booting(it: &Explanation, pool: &WorkerPool) -> String {
    let capacity = match pool.booting {
        1 => "a machine of its worker pool is".to_owned(),
        capacity => format!("machines for {capacity} tasks of its worker pool are"),
    };
    let since = pool.booting_since.map(|since| format!(", since {}", span(it.at - since))).unwrap_or_default();
    let expected = pool.expected.map(|at| format!("; the first is expected at {}", format(at))).unwrap_or_default();
    format!("{capacity} still booting{since}{expected}")
}
