//! Which workers may stop: the answers of `shouldWorkerTerminate`. It is advice: nothing is ever stopped for it.

use std::{cmp::Ordering, collections::HashMap, fmt};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    breaker::BreakerState,
    cost::expected_cost,
    settings::Limits,
    view::{LaunchConfig, PoolView},
};

/// A worker that runs, is not quarantined and not static: all others get no advice.
#[derive(Clone, Debug, Serialize)]
pub struct RunningWorker {
    /// `workerGroup/workerId`.
    pub id: String,
    pub launch_config: Option<String>,
    pub capacity: u32,
    pub created: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdviceReason {
    LaunchConfigArchived,
    Needed,
    OverCapacity,
}

/// The words of Taskcluster's API.
impl fmt::Display for AdviceReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::LaunchConfigArchived => "launch config archived",
            Self::Needed => "needed",
            Self::OverCapacity => "over capacity",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    pub worker: String,
    pub reason: AdviceReason,
}

impl Advice {
    pub fn terminate(&self) -> bool {
        self.reason != AdviceReason::Needed
    }
}

/// The capacity to keep: `max(min, min((pending + claimed) · scalingRatio, max))`.
pub fn target_capacity(view: &PoolView) -> f64 {
    let demand = f64::from(view.demand.pending) + f64::from(view.demand.claimed);
    let wanted = demand * view.config.scaling_ratio.get();
    f64::from(view.config.min_capacity).max(wanted.min(view.config.max_capacity.into()))
}

/// For each worker, the newest first. Workers of archived launch configs stop and use none of the capacity to keep; then, where
/// [`Limits::price_advice`] is set, dear ones; then the oldest.
pub fn advise(view: &PoolView, workers: &[RunningWorker], limits: &Limits, now: DateTime<Utc>) -> Vec<Advice> {
    let configs: HashMap<&str, &LaunchConfig> = view.launch_configs.iter().map(|it| (it.id.as_str(), it)).collect();
    let config = |worker: &RunningWorker| worker.launch_config.as_deref().and_then(|id| configs.get(id).copied());
    let highest = highest_cost(view, limits, now);
    let is_dear = |worker: &RunningWorker| config(worker).is_some_and(|it| expected_cost(it) > highest);
    let mut order: Vec<&RunningWorker> = workers.iter().collect();
    order.sort_by(|left, right| is_dear(left).cmp(&is_dear(right)).then_with(|| newest_first(left, right)));
    let mut left = target_capacity(view);
    let advice = |worker: &RunningWorker| {
        let reason = if config(worker).is_some_and(|it| it.is_archived) {
            AdviceReason::LaunchConfigArchived
        } else if left > 0.0 {
            left -= f64::from(worker.capacity);
            AdviceReason::Needed
        } else {
            AdviceReason::OverCapacity
        };
        Advice { worker: worker.id.clone(), reason }
    };
    order.into_iter().map(advice).collect()
}

fn newest_first(left: &RunningWorker, right: &RunningWorker) -> Ordering {
    right.created.cmp(&left.created).then_with(|| left.id.cmp(&right.id))
}

/// What an hour may cost before a worker is dear: a multiple of the cheapest launch config whose breakers are all closed.
fn highest_cost(view: &PoolView, limits: &Limits, now: DateTime<Utc>) -> f64 {
    let is_closed = |config: &&LaunchConfig| {
        let all_closed = config.breakers.iter().all(|breaker| breaker.state(now) == BreakerState::Closed);
        all_closed && !config.is_archived && !config.is_paused
    };
    let costs = view.launch_configs.iter().filter(is_closed).map(expected_cost);
    let cheapest = costs.min_by(f64::total_cmp).unwrap_or(f64::INFINITY);
    limits.price_advice.filter(|factor| factor.is_finite()).map_or(f64::INFINITY, |factor| cheapest * factor.max(1.0))
}
