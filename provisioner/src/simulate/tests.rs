//! Small demands, whose outcome can be worked out by hand.

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::{
    decision::{Market, Offering, Ratio},
    provider::OfferingKey,
};

fn noon() -> DateTime<Utc> {
    "2026-11-27T12:00:00Z".parse().unwrap()
}

fn tasks(count: i64, every: i64, seconds: f64) -> Vec<RecordedTask> {
    let task = |number: i64| RecordedTask {
        worker_pool_id: "p/w".to_owned(),
        pending: noon() + TimeDelta::seconds(number * every),
        seconds,
    };
    (0..count).map(task).collect()
}

fn pools(max: u32) -> BTreeMap<String, SimulatedPool> {
    let config = PoolConfig { min_capacity: 0, max_capacity: max, scaling_ratio: Ratio::ONE, is_paused: false };
    let key = OfferingKey { region: "r".to_owned(), instance_type: "t".to_owned(), market: Market::OnDemand };
    let launch_config = LaunchConfig::new("lc", Offering::unlearned("p", key));
    BTreeMap::from([("p/w".to_owned(), SimulatedPool { config, launch_configs: vec![launch_config] })])
}

fn simulation() -> Simulation {
    Simulation::ours(&ProvisionSettings::default(), TimeDelta::minutes(2), TimeDelta::minutes(5))
}

#[test]
fn a_burst_gets_a_machine_each_and_waits_for_the_boot() {
    let report = simulation().run(&pools(100), &tasks(20, 0, 600.0));
    assert_eq!((report.tasks, report.machines, report.never_run), (20, 20, 0));
    assert!((120.0..=122.0).contains(&report.wait(1.0)), "{}", report.wait(1.0));
    assert!((report.machine_hours - 20.0 * 720.0 / 3600.0).abs() < 0.1, "{}", report.machine_hours);
}

#[test]
fn the_maximum_makes_tasks_wait_for_each_other() {
    let report = simulation().run(&pools(5), &tasks(10, 0, 600.0));
    assert_eq!(report.machines, 5);
    assert!((720.0..=722.0).contains(&report.wait(1.0)), "{}", report.wait(1.0));
}

#[test]
fn machines_that_are_idle_stop_and_come_again() {
    let report = simulation().run(&pools(100), &tasks(2, 3600, 60.0));
    assert_eq!(report.machines, 2);
    assert!(report.machine_hours < 0.4, "{}", report.machine_hours);
}

#[test]
fn taskclusters_formula_answers_new_demand_later() {
    let (pools, tasks) = (pools(1000), tasks(600, 1, 600.0));
    let (ours, peer) = (simulation().run(&pools, &tasks), simulation().taskcluster().run(&pools, &tasks));
    assert!(ours.mean_wait() < peer.mean_wait(), "{} and {}", ours.mean_wait(), peer.mean_wait());
    assert_eq!((ours.never_run, peer.never_run), (0, 0));
}

#[test]
fn tasks_of_unknown_pools_are_counted() {
    let mut tasks = tasks(3, 1, 1.0);
    tasks[0].worker_pool_id = "other/pool".to_owned();
    let report = simulation().run(&pools(10), &tasks);
    assert_eq!((report.left_out, report.tasks), (1, 2));
}
