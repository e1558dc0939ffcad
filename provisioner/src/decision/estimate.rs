//! How much capacity is missing.

use super::{
    settings::{EstimateMethod, Limits},
    steps::{Source, Steps},
    supply::Supply,
    view::{Demand, PoolView},
};

/// The missing capacity, before it is rounded up to whole machines. Never negative, always finite.
pub(super) struct Missing {
    pub(super) capacity: f64,
    /// What tasks ask for beyond it and `maxCapacity` refuses.
    pub(super) above_max: f64,
}

pub(super) fn missing(view: &PoolView, supply: &Supply, limits: &Limits, steps: &mut Steps) -> Missing {
    let scaled = scaled_demand(view, supply, limits, steps);
    let total = steps.add(
        "total",
        supply.total().into(),
        "existing + stopping",
        &[("existing", supply.existing().into(), Source::Step), ("stopping", supply.stopping.into(), Source::Workers)],
    );
    let (min, max) = (f64::from(view.config.min_capacity), f64::from(view.config.max_capacity));
    let capacity = match limits.estimate {
        EstimateMethod::Demand => demand(scaled, total, min, max, steps),
        EstimateMethod::Taskcluster => taskcluster(scaled, total, min, max, supply, steps),
    };
    Missing { capacity, above_max: (scaled - (max - total).max(0.0).max(capacity)).max(0.0) }
}

/// The capacity that pending tasks ask for beyond idle machines, times `scalingRatio`. The ratio applies to what is open at
/// each decision: with one below 1, decisions after each other approach the whole demand.
fn scaled_demand(view: &PoolView, supply: &Supply, limits: &Limits, steps: &mut Steps) -> f64 {
    let pending = f64::from(view.demand.pending);
    let existing = steps.add(
        "existing",
        supply.existing().into(),
        "running + requested + open launches",
        &[
            ("running", supply.running.into(), Source::Workers),
            ("requested", supply.requested.into(), Source::Workers),
            ("open launches", supply.open_launches.into(), Source::LaunchLedger),
        ],
    );
    let busy = busy(view, supply, limits, steps);
    let idle = steps.add(
        "idle",
        (existing - busy).max(0.0),
        "max(0, existing − busy)",
        &[("existing", existing, Source::Step), ("busy", busy, Source::Step)],
    );
    let free = expected_free(view, limits, steps);
    let adjusted = steps.add(
        "adjusted",
        (pending - idle - free).max(0.0),
        "max(0, pending − idle − expected free)",
        &[("pending", pending, Source::TaskQueue), ("idle", idle, Source::Step), ("expected free", free, Source::Step)],
    );
    let ratio = view.config.scaling_ratio.get();
    steps.add(
        "scaled",
        adjusted * ratio,
        "adjusted · scalingRatio",
        &[("adjusted", adjusted, Source::Step), ("scalingRatio", ratio, Source::PoolConfig)],
    )
}

/// Capacity that claims occupy. Taskcluster's formula takes all claims. Where more tasks are claimed than machines run, because
/// workers that are no supply hold some, it then finds machines that boot busy, and launches others for the same tasks.
fn busy(view: &PoolView, supply: &Supply, limits: &Limits, steps: &mut Steps) -> f64 {
    let Demand { claimed, claimed_elsewhere, .. } = view.demand;
    if limits.estimate == EstimateMethod::Taskcluster {
        return steps.add("busy", claimed.into(), "claimed", &[("claimed", claimed.into(), Source::TaskQueue)]);
    }
    steps.add(
        "busy",
        claimed.saturating_sub(claimed_elsewhere).min(supply.running).into(),
        "min(running, claimed − claimed elsewhere)",
        &[
            ("running", supply.running.into(), Source::Workers),
            ("claimed", claimed.into(), Source::TaskQueue),
            ("claimed elsewhere", claimed_elsewhere.into(), Source::TaskQueue),
        ],
    )
}

/// Machines that finish their task before a new one could boot. No machine is expected to become free more than once, and
/// Taskcluster's formula knows no forecast.
fn expected_free(view: &PoolView, limits: &Limits, steps: &mut Steps) -> f64 {
    let forecast = limits.forecast.get();
    if forecast == 0.0 || limits.estimate == EstimateMethod::Taskcluster {
        return 0.0;
    }
    let (boot, task) = (view.learned.boot_p50, view.learned.mean_task);
    let is_known = boot.is_finite() && task.is_finite() && boot > 0.0 && task > 0.0;
    let finished = if is_known { (boot / task).min(1.0) } else { 0.0 };
    let claimed = f64::from(view.demand.claimed);
    steps.add(
        "expected free",
        forecast * claimed * finished,
        "forecast · claimed · min(1, boot time / task time)",
        &[
            ("forecast", forecast, Source::Settings),
            ("claimed", claimed, Source::TaskQueue),
            ("boot time", boot, Source::Learned),
            ("task time", task, Source::Learned),
        ],
    )
}

fn demand(scaled: f64, total: f64, min: f64, max: f64, steps: &mut Steps) -> f64 {
    steps.add(
        "missing",
        (min - total).max(scaled.min(max - total)).max(0.0),
        "max(0, min − total, min(scaled, max − total))",
        &[
            ("min", min, Source::PoolConfig),
            ("max", max, Source::PoolConfig),
            ("total", total, Source::Step),
            ("scaled", scaled, Source::Step),
        ],
    )
}

/// Taskcluster's formula, digit by digit. It has no ledger; here open launches are requested capacity.
fn taskcluster(scaled: f64, total: f64, min: f64, max: f64, supply: &Supply, steps: &mut Steps) -> f64 {
    let desired = steps.add(
        "desired",
        min.max((scaled + total).min(max)),
        "max(min, min(scaled + total, max))",
        &[
            ("min", min, Source::PoolConfig),
            ("max", max, Source::PoolConfig),
            ("scaled", scaled, Source::Step),
            ("total", total, Source::Step),
        ],
    );
    let requested = f64::from(supply.requested.saturating_add(supply.open_launches));
    steps.add(
        "missing",
        ((desired - total).max(0.0) - requested).max(0.0),
        "max(0, max(0, desired − total) − requested)",
        &[
            ("desired", desired, Source::Step),
            ("total", total, Source::Step),
            ("requested", requested, Source::Workers),
        ],
    )
}
