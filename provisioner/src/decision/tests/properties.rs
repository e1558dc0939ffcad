//! What holds for every pool. A failing case is printed with the input it was reduced to.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    arbitrary::{any_limits, any_pool},
    supply::by_launch_config,
    *,
};

/// Capacity of the largest machine among those launched, less one: what rounding up may add.
fn rounding(view: &PoolView, decision: &Decision) -> u64 {
    let of = |id: &str| view.launch_configs.iter().find(|it| it.id == id).unwrap().capacity_per_instance;
    let largest = decision.launches.iter().map(|it| of(&it.launch_config)).max().unwrap_or_default();
    u64::from(largest.saturating_sub(1))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// N1.
    #[test]
    fn launches_never_exceed_the_maximum_but_for_rounding(view in any_pool(), limits in any_limits(), seed: u64) {
        let decision = decide(&view, &limits, noon(), seed);
        let after = u64::from(decision.supply.total()) + launched_capacity(&decision);
        let limit = u64::from(view.config.capacity_limit()) + rounding(&view, &decision);
        prop_assert!(decision.launches.is_empty() || after <= limit, "{after} > {limit}");
    }

    /// N2: what was launched is supply at once, so the same demand asks for no more than was left over.
    #[test]
    fn launches_never_cover_the_same_demand_twice(view in any_pool(), mut limits in any_limits(), seed: u64) {
        limits.estimate = EstimateMethod::Demand;
        let first = decide(&view, &limits, noon(), seed);
        let mut after = view.clone();
        commit(&mut after, &first, noon());
        let second = decide(&after, &limits, noon(), seed);
        // The scaled rest of the demand is asked for again where a ratio below 1 kept it back: that is what a ratio means.
        let is_whole = view.config.scaling_ratio == Ratio::ONE || first.launches.is_empty();
        prop_assert!(!is_whole || second.missing <= first.unmet + 1e-6, "{} > {}", second.missing, first.unmet);
        let asked = first.missing.ceil() + rounding(&view, &first) as f64;
        prop_assert!(launched_capacity(&first) as f64 <= asked + 1e-6);
    }

    /// N5.
    #[test]
    fn launches_never_exceed_the_tokens(view in any_pool(), limits in any_limits(), seed: u64) {
        let decision = decide(&view, &limits, noon(), seed);
        let mut regions: BTreeMap<(String, String), u32> = BTreeMap::new();
        for launch in &decision.launches {
            let config = view.launch_configs.iter().find(|it| it.id == launch.launch_config).unwrap();
            prop_assert!(launch.instances > 0 && launch.instances <= limits.call_size);
            *regions.entry((config.offering.provider.clone(), config.offering.region.clone())).or_default() += launch.instances;
        }
        prop_assert!(regions.values().sum::<u32>() <= limits.tokens.pool.min(limits.tokens.all));
        let left = |region| limits.tokens.regions.get(region).copied().unwrap_or(u32::MAX);
        prop_assert!(regions.iter().all(|(region, launched)| *launched <= left(region)));
    }

    #[test]
    fn only_launch_configs_that_may_be_launched_are(view in any_pool(), limits in any_limits(), seed: u64) {
        for launch in decide(&view, &limits, noon(), seed).launches {
            let config = view.launch_configs.iter().find(|it| it.id == launch.launch_config).unwrap();
            let is_open = |it: &Breaker| matches!(it.state(noon()), BreakerState::Open { .. });
            prop_assert!(!config.is_archived && !config.is_paused && config.weight > 0.0);
            prop_assert!(!config.breakers.iter().any(is_open) && !view.config.is_paused);
        }
    }

    #[test]
    fn launch_configs_keep_their_own_maximum_and_their_slow_start(view in any_pool(), limits in any_limits(), seed: u64) {
        let supply = by_launch_config(&view, noon(), limits.give_up_after);
        for launch in decide(&view, &limits, noon(), seed).launches {
            let config = view.launch_configs.iter().find(|it| it.id == launch.launch_config).unwrap();
            let before = supply.get(config.id.as_str()).copied().unwrap_or_default();
            let rounding = u64::from(config.capacity_per_instance.saturating_sub(1));
            let after = u64::from(before.capacity) + u64::from(launch.capacity);
            prop_assert!(config.max_capacity.is_none_or(|max| after <= u64::from(max) + rounding));
            for breaker in &config.breakers {
                let BreakerState::SlowStart { allowance } = breaker.state(noon()) else { continue };
                prop_assert!(before.booting + launch.instances <= allowance);
            }
        }
    }

    #[test]
    fn the_same_input_gives_the_same_decision(view in any_pool(), limits in any_limits(), seed: u64) {
        let json = |_| serde_json::to_string(&decide(&view, &limits, noon(), seed)).unwrap();
        prop_assert_eq!(json(1), json(2));
    }

    #[test]
    fn more_pending_tasks_never_ask_for_less(view in any_pool(), limits in any_limits(), more in 0..1000u32) {
        let mut busier = view.clone();
        busier.demand.pending = busier.demand.pending.saturating_add(more);
        prop_assert!(decide(&busier, &limits, noon(), 1).missing >= decide(&view, &limits, noon(), 1).missing);
    }

    #[test]
    fn every_shortfall_has_a_reason_and_every_decision_a_successor(view in any_pool(), limits in any_limits(), seed: u64) {
        let decision = decide(&view, &limits, noon(), seed);
        prop_assert!(decision.missing.is_finite() && decision.missing >= 0.0 && decision.unmet >= 0.0);
        prop_assert!(decision.unmet <= decision.missing);
        prop_assert!(decision.unmet == 0.0 || !decision.limited_by.is_empty(), "{:?}", decision);
        prop_assert!(decision.next_at > noon() && decision.next_at <= noon() + limits.interval);
        prop_assert!(!decision.steps.is_empty() && serde_json::to_string(&view).is_ok());
    }

    #[test]
    fn advice_keeps_the_target_and_no_more(view in any_pool(), limits in any_limits(), ages in prop::collection::vec(0..500i64, 0..40)) {
        let worker = |(at, age): (usize, &i64)| RunningWorker {
            id: at.to_string(),
            launch_config: Some(format!("lc-{}", at % 5)),
            capacity: 1,
            created: noon() - seconds(*age),
        };
        let workers: Vec<RunningWorker> = ages.iter().enumerate().map(worker).collect();
        let advice = advise(&view, &workers, &limits, noon());
        let kept = advice.iter().filter(|it| !it.terminate()).count();
        let can_stay = advice.iter().filter(|it| it.reason != AdviceReason::LaunchConfigArchived).count();
        prop_assert_eq!(advice.len(), workers.len());
        prop_assert!((kept as f64 - (can_stay as f64).min(target_capacity(&view).ceil())).abs() < 1e-6);
    }
}
