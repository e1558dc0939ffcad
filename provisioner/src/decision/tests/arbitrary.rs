//! Pools of every kind, sensible or not.

use proptest::{option, prelude::*, sample::select};

use super::*;

const IDS: [&str; 4] = ["lc-0", "lc-1", "lc-2", "lc-3"];

/// Mostly small, sometimes as large as can be.
fn count() -> BoxedStrategy<u32> {
    prop_oneof![8 => 0..50u32, 2 => 0..2000u32, 1 => select(vec![i32::MAX.unsigned_abs(), u32::MAX])].boxed()
}

fn number() -> BoxedStrategy<f64> {
    prop_oneof![8 => 0.0..2.0f64, 1 => any::<f64>(), 1 => select(vec![f64::NAN, -0.0, 1e308, f64::INFINITY])].boxed()
}

fn breaker() -> BoxedStrategy<Breaker> {
    let classes = vec![FailureClass::Capacity, FailureClass::Config, FailureClass::Auth];
    let open = (select(classes), 0..200i64).prop_map(|(class, ago)| {
        let mut breaker = Breaker::CLOSED;
        breaker.failed(class, noon() - seconds(ago));
        breaker
    });
    prop_oneof![6 => Just(Breaker::CLOSED), 1 => open, 1 => (0..10u32).prop_map(Breaker::unproven)].boxed()
}

fn offering() -> BoxedStrategy<Offering> {
    let kind = (select(vec!["us-west-2", "us-east-1"]), any::<bool>(), option::of(number()), option::of(number()));
    let learned = (number(), number(), number(), number(), number());
    (kind, learned)
        .prop_map(|((region, is_spot, price, price_limit), learned)| {
            let (utility, region_bias, interruptions_per_hour, lost_hours, boot_failure) = learned;
            let market = if is_spot { Market::Spot } else { Market::OnDemand };
            let plain = super::offering(region, "m5.large", market, price);
            Offering { price_limit, utility, region_bias, interruptions_per_hour, lost_hours, boot_failure, ..plain }
        })
        .boxed()
}

fn launch_config(id: &'static str) -> BoxedStrategy<LaunchConfig> {
    let state = (prop::bool::weighted(0.1), prop::bool::weighted(0.1), 0..9u32, option::of(count()));
    (state, number(), 0..20u32, offering(), prop::collection::vec(breaker(), 0..3))
        .prop_map(
            move |(
                (is_archived, is_paused, capacity_per_instance, max_capacity),
                weight,
                errors,
                offering,
                breakers,
            )| {
                let plain = config(id);
                LaunchConfig {
                    is_archived,
                    is_paused,
                    capacity_per_instance,
                    weight,
                    max_capacity,
                    errors,
                    offering,
                    breakers,
                    ..plain
                }
            },
        )
        .boxed()
}

fn group() -> BoxedStrategy<WorkerGroup> {
    use WorkerState::{Requested, Running, Stopped, Stopping};
    let states = select(vec![Requested, Running, Stopping, Stopped]);
    (option::of(select(&IDS[..])), states, prop::bool::weighted(0.1), count())
        .prop_map(|(launch_config, state, is_quarantined, count)| WorkerGroup {
            launch_config: launch_config.map(str::to_owned),
            is_quarantined,
            ..workers("", state, count)
        })
        .boxed()
}

fn ledger_entry() -> BoxedStrategy<LedgerEntry> {
    use LedgerState::{Calling, Failed, Planned, Settled, Unknown};
    let states = select(vec![Planned, Calling, Unknown, Settled, Failed]);
    (select(&IDS[..]), states, 0..30u32, 0..1200i64)
        .prop_map(|(id, state, count, ago)| LedgerEntry { since: noon() - seconds(ago), ..entry(id, state, count) })
        .boxed()
}

pub(super) fn any_pool() -> BoxedStrategy<PoolView> {
    let size = (count(), count(), number(), prop::bool::weighted(0.05));
    let demand = (count(), count(), count(), option::of(0..600i64));
    let configs = (launch_config("lc-0"), launch_config("lc-1"), launch_config("lc-2"), launch_config("lc-3"));
    let supply = (prop::collection::vec(group(), 0..6), prop::collection::vec(ledger_entry(), 0..6));
    (size, demand, configs, supply, (number(), number()))
        .prop_map(|(size, demand, configs, supply, learned)| PoolView {
            config: PoolConfig {
                min_capacity: size.0,
                max_capacity: size.1,
                scaling_ratio: Ratio::new(size.2),
                is_paused: size.3,
            },
            demand: Demand {
                pending: demand.0,
                claimed: demand.1,
                claimed_elsewhere: demand.2,
                oldest_pending: demand.3.map(|ago| noon() - seconds(ago)),
            },
            workers: supply.0,
            ledger: supply.1,
            launch_configs: vec![configs.0, configs.1, configs.2, configs.3],
            learned: LearnedDurations { boot_p50: learned.0, mean_task: learned.1 },
        })
        .boxed()
}

pub(super) fn any_limits() -> BoxedStrategy<Limits> {
    let estimates = select(vec![EstimateMethod::Demand, EstimateMethod::Taskcluster]);
    let selections = select(vec![SelectionMethod::Auto, SelectionMethod::Weighted, SelectionMethod::Cost]);
    let tokens = (0..300u32, 0..300u32, option::of(0..100u32));
    (estimates, selections, number(), number(), tokens, option::of(number()))
        .prop_map(|(estimate, selection, forecast, spread, (pool, all, region), price_advice)| {
            let regions = region.map(|left| (("aws".to_owned(), "us-west-2".to_owned()), left));
            Limits {
                estimate,
                selection,
                forecast: Ratio::new(forecast),
                spread: Ratio::new(spread),
                price_advice,
                tokens: Tokens { pool, all, regions: regions.into_iter().collect() },
                ..Limits::default()
            }
        })
        .boxed()
}
