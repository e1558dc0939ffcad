//! Cases worked out by hand.

use expect_test::expect;

use super::*;

/// A busy pool, with two spot offerings that can be launched and one whose breaker is open.
fn busy_pool() -> PoolView {
    let mut view = pool(0, 120);
    pending(&mut view, 31, 88);
    view.workers = vec![
        workers("lc-9a", WorkerState::Running, 90),
        workers("lc-9a", WorkerState::Requested, 14),
        workers("lc-77", WorkerState::Stopping, 3),
        WorkerGroup { is_quarantined: true, ..workers("lc-77", WorkerState::Running, 5) },
        workers("lc-77", WorkerState::Stopped, 40),
    ];
    let spot = |id: &str, region: &str, instance_type: &str, price: f64| LaunchConfig {
        offering: offering(region, instance_type, Market::Spot, Some(price)),
        ..config(id)
    };
    let mut broken = spot("lc-3f", "us-east-1", "m5.large", 0.020);
    broken.breakers[0].failed(FailureClass::Capacity, noon());
    view.launch_configs =
        vec![spot("lc-77", "us-west-2", "m5.large", 0.034), spot("lc-9a", "us-west-2", "c5.large", 0.031), broken];
    view
}

#[test]
fn each_number_of_a_decision_has_its_formula_and_operands() {
    let decision = decide(&busy_pool(), &Limits::default(), noon(), 1);
    let steps: Vec<String> = decision.steps.iter().map(ToString::to_string).collect();
    expect![[r#"
        existing 104 = running + requested + open launches: running 90, requested 14, open launches 0
        busy 88 = min(running, claimed − claimed elsewhere): running 90, claimed 88, claimed elsewhere 0
        idle 16 = max(0, existing − busy): existing 104, busy 88
        adjusted 15 = max(0, pending − idle − expected free): pending 31, idle 16, expected free 0
        scaled 15 = adjusted · scalingRatio: adjusted 15, scalingRatio 1
        total 107 = existing + stopping: existing 104, stopping 3
        missing 13 = max(0, min − total, min(scaled, max − total)): min 0, max 120, total 107, scaled 15"#]]
    .assert_eq(&steps.join("\n"));
    assert_eq!(decision.supply.quarantined, 5);
    assert_eq!(decision.target_capacity, 119.0);
}

#[test]
fn the_cheapest_offering_gets_at_most_the_spread_and_an_empty_bucket_limits_the_rest() {
    let mut limits = Limits::default();
    limits.tokens.regions.insert(("aws".to_owned(), "us-west-2".to_owned()), 12);
    let decision = decide(&busy_pool(), &limits, noon(), 1);
    assert_eq!(launched(&decision), [("lc-77", 4), ("lc-9a", 8)]);
    let region = Limit::RegionTokens { provider: "aws".to_owned(), region: "us-west-2".to_owned() };
    assert_eq!((decision.limited_by, decision.unmet), (vec![Limit::MaxCapacity, region, Limit::LaunchConfigs], 1.0));
    let reason = Exclusion::BreakerOpen { until: noon() + seconds(30), class: FailureClass::Capacity };
    assert_eq!(decision.excluded, [Excluded { launch_config: "lc-3f".to_owned(), reason }]);
    assert_eq!(decision.next_at, noon() + seconds(1));
}

#[test]
fn decisions_are_stored_as_json() {
    let mut view = pool(0, 5);
    pending(&mut view, 1, 0);
    view.launch_configs.push(LaunchConfig { is_archived: true, ..config("lc-1") });
    let decision = decide(&view, &Limits::default(), noon(), 1);
    let mut json = serde_json::to_value(&decision).unwrap();
    assert_eq!(json["steps"][1]["operands"][1]["source"], "task-queue");
    json.as_object_mut().unwrap().remove("steps");
    expect![[r#"{"demand":{"claimed":0,"claimed_elsewhere":0,"oldest_pending":"2026-11-27T11:59:18Z","pending":1},"excluded":[{"launch_config":"lc-1","reason":"archived"}],"launches":[{"capacity":1,"instances":1,"launch_config":"lc-0","score":{"weight":1.0}}],"limited_by":[],"missing":1.0,"next_at":"2026-11-27T12:01:00Z","supply":{"open_launches":0,"quarantined":0,"requested":0,"running":0,"stopping":0},"target_capacity":1.0,"unmet":0.0}"#]].assert_eq(&json.to_string());
}

#[test]
fn machines_that_boot_are_subtracted_once() {
    let mut view = pool(0, 100);
    pending(&mut view, 30, 0);
    view.workers = vec![workers("lc-0", WorkerState::Requested, 20)];
    assert_eq!(launched(&decide(&view, &unlimited(), noon(), 1)), [("lc-0", 10)]);
    let taskcluster = Limits { estimate: EstimateMethod::Taskcluster, ..unlimited() };
    assert_eq!(launched(&decide(&view, &taskcluster, noon(), 1)), []);
}

#[test]
fn open_launches_are_supply_until_they_fail_or_are_given_up() {
    let mut view = pool(0, 100);
    pending(&mut view, 50, 0);
    view.ledger = vec![
        entry("lc-0", LedgerState::Planned, 5),
        entry("lc-0", LedgerState::Calling, 4),
        entry("lc-0", LedgerState::Unknown, 3),
        entry("lc-0", LedgerState::Failed, 20),
        entry("lc-0", LedgerState::Settled, 30),
    ];
    let missing = |after: i64| decide(&view, &unlimited(), noon() + seconds(after), 1).missing;
    assert_eq!([missing(0), missing(899), missing(900)], [38.0, 38.0, 41.0]);
    assert_eq!(decide(&view, &unlimited(), noon() + seconds(895), 1).next_at, noon() + seconds(900));
}

#[test]
fn the_minimum_wins_over_the_maximum() {
    let view = pool(7, 3);
    assert_eq!(launched(&decide(&view, &unlimited(), noon(), 1)), [("lc-0", 7)]);
}

#[test]
fn a_fraction_is_a_whole_machine_and_a_rounding_error_is_not() {
    let mut view = pool(0, 100);
    view.config.scaling_ratio = Ratio::new(0.1);
    let mut launched = |count: u32| {
        pending(&mut view, count, 0);
        decide(&view, &unlimited(), noon(), 1).launches[0].instances
    };
    assert_eq!([launched(1), launched(10), launched(11), launched(70)], [1, 1, 2, 7]);
}

#[test]
fn large_machines_round_up_once() {
    let mut view = pool(0, 10);
    view.launch_configs[0].capacity_per_instance = 8;
    pending(&mut view, 9, 0);
    assert_eq!(launched(&decide(&view, &unlimited(), noon(), 1)), [("lc-0", 2)]);
}

#[test]
fn a_forecast_subtracts_machines_that_become_free_before_a_new_one_boots() {
    let mut view = pool(0, 1000);
    view.workers = vec![workers("lc-0", WorkerState::Running, 200)];
    view.learned = LearnedDurations { boot_p50: 120.0, mean_task: 600.0 };
    pending(&mut view, 100, 200);
    let limits = Limits { forecast: Ratio::new(0.25), ..unlimited() };
    // 0.25 · 200 · 120 / 600
    assert_eq!(decide(&view, &limits, noon(), 1).missing, 90.0);
    view.learned = LearnedDurations { boot_p50: f64::INFINITY, mean_task: f64::NAN };
    assert_eq!(decide(&view, &limits, noon(), 1).missing, 100.0);
}

#[test]
fn claims_of_quarantined_workers_do_not_make_booting_machines_busy() {
    let mut view = pool(0, 1000);
    pending(&mut view, 10, 100);
    view.demand.claimed_elsewhere = 100;
    view.workers = vec![workers("lc-0", WorkerState::Requested, 10)];
    assert_eq!(decide(&view, &unlimited(), noon(), 1).missing, 0.0);
    view.workers[0].state = WorkerState::Running;
    assert_eq!(decide(&view, &unlimited(), noon(), 1).missing, 0.0);
    view.demand.claimed_elsewhere = 0;
    assert_eq!(decide(&view, &unlimited(), noon(), 1).missing, 10.0);
}

/// 167 machines for 167 tasks, and none more however often the pool is looked at while they boot.
#[test]
fn a_burst_of_tasks_is_answered_once() {
    let mut view = pool(0, 2000);
    pending(&mut view, 167, 0);
    let limits = Limits { call_size: 100, ..unlimited() };
    for round in 0..20 {
        let now = noon() + seconds(round * 10);
        let decision = decide(&view, &limits, now, 1);
        commit(&mut view, &decision, now);
    }
    assert_eq!(view.ledger.iter().map(|entry| entry.instances).collect::<Vec<_>>(), [100, 67]);
}

#[test]
fn a_paused_pool_launches_nothing_and_says_so() {
    let mut view = pool(5, 10);
    view.config.is_paused = true;
    let decision = decide(&view, &unlimited(), noon(), 1);
    assert_eq!((launched(&decision), &decision.limited_by[..]), (vec![], &[Limit::PoolPaused][..]));
    assert_eq!(decision.unmet, 5.0);
}
