//! The decision about one pool: how many machines of which launch config, and why.
//!
//! [`decide`] is called in the transaction that holds the pool's row, and its launches go into the ledger in the same transaction. From
//! then on they count as supply, so that a unit of demand is covered by at most one of them. It never goes above the larger
//! of `minCapacity` and `maxCapacity`, but for the rounding to whole machines.

mod advice;
mod breaker;
mod candidates;
mod cost;
mod estimate;
mod random;
mod round;
mod settings;
mod steps;
mod supply;
#[cfg(test)]
mod tests;
mod view;
mod weighted;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use advice::{Advice, AdviceReason, RunningWorker, advise, target_capacity};
pub use breaker::{Breaker, BreakerState, FailureClass};
pub use candidates::{Excluded, Exclusion};
pub use settings::{EstimateMethod, Limits, SelectionMethod, Tokens};
pub use steps::{Operand, Source, Step};
pub use supply::Supply;
pub use view::{
    Demand, LaunchConfig, LearnedDurations, LedgerEntry, LedgerState, Market, Offering, PoolConfig, PoolView, Ratio,
    WorkerGroup, WorkerState,
};

use candidates::{candidates, exclude};
use estimate::{Missing, missing};
use random::Draws;
use round::Round;
use steps::Steps;

/// Machines of one launch config: one row of the ledger, one call to the cloud.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Launch {
    pub launch_config: String,
    pub instances: u32,
    /// Of all of them.
    pub capacity: u32,
    pub score: Score,
}

/// What the launch config was chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Score {
    Weight(f64),
    /// Price of one useful hour.
    Cost(f64),
}

/// Why fewer machines were launched than tasks ask for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    PoolPaused,
    MaxCapacity,
    PoolBootRate,
    BootRate,
    RegionTokens {
        provider: String,
        region: String,
    },
    /// As many machines of a launch config as one call launches; the next decision has the others.
    CallSize,
    /// The other launch configs have no room; [`Decision::excluded`] has the reasons.
    LaunchConfigs,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    pub launches: Vec<Launch>,
    pub demand: Demand,
    pub supply: Supply,
    /// Capacity that is missing, before rounding.
    pub missing: f64,
    /// Of it, what these launches do not bring.
    pub unmet: f64,
    pub steps: Vec<Step>,
    pub excluded: Vec<Excluded>,
    pub limited_by: Vec<Limit>,
    /// The capacity that [`advise`] keeps.
    pub target_capacity: f64,
    /// When to decide again if nothing happens before; later than `now`.
    pub next_at: DateTime<Utc>,
}

/// The same arguments give the same decision; `seed` is for the draws by weight.
pub fn decide(view: &PoolView, limits: &Limits, now: DateTime<Utc>, seed: u64) -> Decision {
    let supply = Supply::of(view, now, limits.give_up_after);
    let mut steps = Steps::default();
    let missing = missing(view, &supply, limits, &mut steps);
    let configs = supply::by_launch_config(view, now, limits.give_up_after);
    let (candidates, mut excluded) = candidates(view, &configs, limits, now);
    let asked = if view.config.is_paused { 0.0 } else { missing.capacity };
    let mut round = Round::new(candidates, asked, &limits.tokens);
    let scores = choose(&mut round, view, limits, seed);
    let unmet = (missing.capacity - asked) + round.unmet();
    let limited_by = limited_by(view, limits, &missing, &round, unmet);
    excluded.extend(not_chosen(&round, &scores).filter(|_| unmet > 0.0));
    Decision {
        launches: launches(&round, &scores),
        demand: view.demand,
        supply,
        missing: missing.capacity,
        unmet,
        steps: steps.0,
        next_at: next_at(view, limits, now, &excluded, &limited_by),
        excluded,
        limited_by,
        target_capacity: target_capacity(view),
    }
}

/// Fills the round, and returns what each candidate was chosen by.
fn choose(round: &mut Round<'_>, view: &PoolView, limits: &Limits, seed: u64) -> Vec<Score> {
    let has_price = |at: &candidates::Candidate<'_>| at.config.offering.known_price().is_some();
    let by_cost = match limits.selection {
        SelectionMethod::Auto => round.candidates.iter().all(has_price),
        SelectionMethod::Weighted => false,
        SelectionMethod::Cost => true,
    };
    if by_cost {
        let costs: Vec<f64> = round.candidates.iter().map(|it| cost::expected_cost(it.config)).collect();
        cost::choose(round, &costs, limits.spread.get());
        return costs.into_iter().map(Score::Cost).collect();
    }
    let all_errors = view.launch_configs.iter().fold(0_u32, |sum, config| sum.saturating_add(config.errors));
    let weights = weighted::weights(&round.candidates, view.config.max_capacity, all_errors);
    weighted::choose(round, &weights, &mut Draws::seeded(seed));
    weights.into_iter().map(Score::Weight).collect()
}

/// Candidates of which nothing could be launched.
fn not_chosen(round: &Round<'_>, scores: &[Score]) -> impl Iterator<Item = Excluded> {
    let all = round.candidates.iter().enumerate().zip(scores).filter(|((at, _), _)| round.chosen[*at] == 0);
    all.filter_map(|((at, candidate), score)| match score {
        Score::Weight(weight) if *weight <= 0.0 => {
            Some(exclude(candidate.config, Exclusion::NoWeight { weight: *weight }))
        }
        _ if round.available(at) == 0 => Some(exclude(candidate.config, Exclusion::NoTokens)),
        _ => None,
    })
}

fn launches(round: &Round<'_>, scores: &[Score]) -> Vec<Launch> {
    let chosen = round.candidates.iter().zip(&round.chosen).zip(scores).filter(|((_, chosen), _)| **chosen > 0);
    let launch = |((candidate, instances), score): ((&candidates::Candidate<'_>, &u32), &Score)| Launch {
        launch_config: candidate.config.id.clone(),
        instances: *instances,
        capacity: instances.saturating_mul(candidate.capacity),
        score: *score,
    };
    chosen.map(launch).collect()
}

fn limited_by(view: &PoolView, limits: &Limits, missing: &Missing, round: &Round<'_>, unmet: f64) -> Vec<Limit> {
    let mut hit = Vec::new();
    if missing.above_max > 0.0 {
        hit.push(Limit::MaxCapacity);
    }
    if unmet <= 0.0 {
        return hit;
    }
    if view.config.is_paused {
        hit.push(Limit::PoolPaused);
    } else if round.machines_left() == 0 {
        let is_pool = limits.tokens.pool <= limits.tokens.all;
        hit.push(if is_pool { Limit::PoolBootRate } else { Limit::BootRate });
    } else {
        let regions = round.regions_without_tokens();
        let tokens = |(provider, region): (&str, &str)| Limit::RegionTokens {
            provider: provider.to_owned(),
            region: region.to_owned(),
        };
        hit.extend(regions.map(tokens));
        let is_full_call = round.chosen.contains(&limits.call_size.max(1));
        hit.push(if is_full_call { Limit::CallSize } else { Limit::LaunchConfigs });
    }
    hit
}

/// The next moment at which time alone can change the decision.
fn next_at(
    view: &PoolView,
    limits: &Limits,
    now: DateTime<Utc>,
    excluded: &[Excluded],
    limited_by: &[Limit],
) -> DateTime<Utc> {
    let is_rate = |limit: &Limit| !matches!(limit, Limit::PoolPaused | Limit::MaxCapacity | Limit::LaunchConfigs);
    let wait = if limited_by.iter().any(is_rate) { limits.retry } else { limits.interval };
    let reasons = excluded.iter().filter_map(|it| match it.reason {
        Exclusion::BreakerOpen { until, .. } => Some(until),
        Exclusion::WaitsForSpot { until } => until,
        _ => None,
    });
    let given_up = view.ledger.iter().filter_map(|entry| entry.given_up_at(limits.give_up_after));
    let later = reasons.chain(given_up).filter(|at| *at > now);
    later.chain(now.checked_add_signed(wait)).min().unwrap_or(DateTime::<Utc>::MAX_UTC)
}
