//! Which launch configs are chosen.

use super::*;

fn with_configs(wanted: u32, launch_configs: Vec<LaunchConfig>) -> PoolView {
    let mut view = PoolView { launch_configs, ..pool(0, 1000) };
    pending(&mut view, wanted, 0);
    view
}

fn priced(id: &str, market: Market, price: f64) -> LaunchConfig {
    LaunchConfig { offering: offering("us-west-2", id, market, Some(price)), ..config(id) }
}

fn reasons(decision: &Decision) -> Vec<(&str, Exclusion)> {
    decision.excluded.iter().map(|it| (it.launch_config.as_str(), it.reason)).collect()
}

#[test]
fn weights_share_the_machines() {
    let heavy = LaunchConfig { weight: 0.9, ..config("lc-0") };
    let light = LaunchConfig { weight: 0.1, ..config("lc-1") };
    let decision = decide(&with_configs(1000, vec![heavy, light]), &unlimited(), noon(), 7);
    let launched = launched(&decision);
    assert!((850..950).contains(&launched[0].1) && launched[0].1 + launched[1].1 == 1000, "{launched:?}");
}

#[test]
fn supply_and_errors_lower_a_weight() {
    let full = LaunchConfig { max_capacity: Some(10), weight: 0.5, ..config("lc-0") };
    let failing = LaunchConfig { errors: 8, ..config("lc-1") };
    let fine = LaunchConfig { errors: 2, ..config("lc-2") };
    let mut view = with_configs(8, vec![full, failing, fine]);
    view.workers = vec![workers("lc-0", WorkerState::Running, 5)];
    pending(&mut view, 8, 5);
    let decision = decide(&view, &unlimited(), noon(), 1);
    assert!(launched(&decision).iter().all(|(id, _)| *id != "lc-0"), "{decision:?}");
    let score = decision.launches.iter().find(|it| it.launch_config == "lc-2").unwrap().score;
    assert_eq!(score, Score::Weight(0.8));
}

#[test]
fn the_only_launch_config_with_room_is_used_whatever_its_weight() {
    let failing = LaunchConfig { errors: 8, ..config("lc-0") };
    let full = LaunchConfig { max_capacity: Some(5), ..config("lc-1") };
    let mut view = with_configs(8, vec![failing, full]);
    view.workers = vec![workers("lc-1", WorkerState::Running, 5)];
    pending(&mut view, 3, 5);
    let decision = decide(&view, &unlimited(), noon(), 1);
    assert_eq!(launched(&decision), [("lc-0", 3)]);
    assert_eq!(decision.launches[0].score, Score::Weight(0.01));
}

#[test]
fn weights_that_errors_used_up_are_named_as_the_reason() {
    let failing = |id: &str| LaunchConfig { errors: 4, weight: 0.5, ..config(id) };
    let decision = decide(&with_configs(8, vec![failing("lc-0"), failing("lc-1")]), &unlimited(), noon(), 1);
    let none = Exclusion::NoWeight { weight: 0.0 };
    assert_eq!(reasons(&decision), [("lc-0", none), ("lc-1", none)]);
    assert_eq!(decision.limited_by, [Limit::LaunchConfigs]);
    assert_eq!(decision.next_at, noon() + seconds(60));
}

#[test]
fn cost_counts_interruptions_failures_speed_and_the_bias_of_a_region() {
    let mut config = priced("lc-0", Market::Spot, 0.4);
    config.capacity_per_instance = 2;
    config.offering.utility = 2.0;
    config.offering.interruptions_per_hour = 0.5;
    config.offering.lost_hours = 0.5;
    config.offering.boot_failure = 0.5;
    config.offering.region_bias = 3.0;
    let Score::Cost(cost) = decide(&with_configs(1, vec![config]), &unlimited(), noon(), 1).launches[0].score else {
        panic!("not by cost");
    };
    // 0.4 / (2 · 2) · (1 + 0.25) / 0.5 · 3
    assert!((cost - 0.75).abs() < 1e-12, "{cost}");
}

#[test]
fn what_the_spread_keeps_back_goes_to_the_cheapest_where_others_are_full() {
    let cheap = priced("lc-0", Market::Spot, 0.1);
    let dear = LaunchConfig { max_capacity: Some(2), ..priced("lc-1", Market::Spot, 0.2) };
    let decision = decide(&with_configs(10, vec![cheap, dear]), &unlimited(), noon(), 1);
    assert_eq!(launched(&decision), [("lc-0", 8), ("lc-1", 2)]);
}

#[test]
fn one_launch_config_without_a_price_makes_the_choice_by_weight() {
    let view = with_configs(10, vec![priced("lc-0", Market::OnDemand, 0.1), config("lc-1")]);
    let decision = decide(&view, &unlimited(), noon(), 1);
    assert!(matches!(decision.launches[0].score, Score::Weight(_)));
    let by_cost = Limits { selection: SelectionMethod::Cost, spread: Ratio::ONE, ..unlimited() };
    assert_eq!(launched(&decide(&view, &by_cost, noon(), 1)), [("lc-0", 10)]);
}

#[test]
fn on_demand_machines_join_when_tasks_waited_or_every_spot_breaker_is_open() {
    let spot = LaunchConfig { max_capacity: Some(2), ..priced("lc-0", Market::Spot, 0.1) };
    let mut view = with_configs(10, vec![spot, priced("lc-1", Market::OnDemand, 0.4)]);
    let decision = decide(&view, &unlimited(), noon(), 1);
    let until = noon() + seconds(180 - 42);
    assert_eq!(launched(&decision), [("lc-0", 2)]);
    assert_eq!(reasons(&decision), [("lc-1", Exclusion::WaitsForSpot { until: Some(until) })]);
    assert_eq!(decide(&view, &unlimited(), noon() + seconds(130), 1).next_at, until);
    assert_eq!(launched(&decide(&view, &unlimited(), until, 1)), [("lc-0", 2), ("lc-1", 8)]);
    view.launch_configs[0].breakers[0].failed(FailureClass::Capacity, noon());
    assert_eq!(launched(&decide(&view, &unlimited(), noon(), 1)), [("lc-1", 10)]);
}

#[test]
fn launch_configs_that_cannot_be_launched_have_their_reason() {
    let mut limited = priced("lc-4", Market::OnDemand, 0.5);
    limited.offering.price_limit = Some(0.4);
    let configs = vec![
        LaunchConfig { is_archived: true, ..config("lc-0") },
        LaunchConfig { is_paused: true, ..config("lc-1") },
        LaunchConfig { weight: 0.0, ..config("lc-2") },
        LaunchConfig { max_capacity: Some(0), ..config("lc-3") },
        limited,
    ];
    let decision = decide(&with_configs(1, configs), &unlimited(), noon(), 1);
    let expected = [
        ("lc-0", Exclusion::Archived),
        ("lc-1", Exclusion::Paused),
        ("lc-2", Exclusion::NoWeight { weight: 0.0 }),
        ("lc-3", Exclusion::AtMaxCapacity { capacity: 0, max: 0 }),
        ("lc-4", Exclusion::AbovePriceLimit { price: 0.5, limit: 0.4 }),
    ];
    assert_eq!(reasons(&decision), expected);
    assert_eq!(decision.limited_by, [Limit::LaunchConfigs]);
}

#[test]
fn boot_rates_limit_a_decision_and_it_is_repeated_soon() {
    let view = with_configs(10, vec![config("lc-0"), config("lc-1")]);
    let mut limits = unlimited();
    limits.tokens.all = 0;
    let decision = decide(&view, &limits, noon(), 1);
    assert_eq!((launched(&decision), &decision.limited_by[..]), (vec![], &[Limit::BootRate][..]));
    assert_eq!(reasons(&decision), [("lc-0", Exclusion::NoTokens), ("lc-1", Exclusion::NoTokens)]);
    assert_eq!(decision.next_at, noon() + seconds(1));
    limits.tokens = Tokens { pool: 4, all: 5, ..limits.tokens };
    let decision = decide(&view, &limits, noon(), 1);
    assert_eq!((launched_capacity(&decision), &decision.limited_by[..]), (4, &[Limit::PoolBootRate][..]));
}
