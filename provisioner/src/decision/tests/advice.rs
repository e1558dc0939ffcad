//! Which workers may stop.

use super::*;

fn worker(id: &str, launch_config: &str, age: i64) -> RunningWorker {
    let launch_config = Some(launch_config.to_owned());
    RunningWorker { id: id.to_owned(), launch_config, capacity: 1, created: noon() - seconds(age) }
}

fn advice(view: &PoolView, workers: &[RunningWorker], limits: &Limits) -> Vec<(String, String, bool)> {
    let all = advise(view, workers, limits, noon());
    all.iter().map(|it| (it.worker.clone(), it.reason.to_string(), it.terminate())).collect()
}

fn expected(all: &[(&str, &str, bool)]) -> Vec<(String, String, bool)> {
    all.iter().map(|(id, reason, terminate)| ((*id).to_owned(), (*reason).to_owned(), *terminate)).collect()
}

#[test]
fn the_newest_are_kept_and_archived_ones_stop_first() {
    let mut view = pool(0, 10);
    pending(&mut view, 1, 1);
    view.launch_configs.push(LaunchConfig { is_archived: true, ..config("lc-1") });
    let workers = [
        worker("old", "lc-0", 30),
        worker("archived", "lc-1", 5),
        worker("new", "lc-0", 10),
        worker("mid", "lc-0", 20),
    ];
    let expected = expected(&[
        ("archived", "launch config archived", true),
        ("new", "needed", false),
        ("mid", "needed", false),
        ("old", "over capacity", true),
    ]);
    assert_eq!(advice(&view, &workers, &Limits::default()), expected);
}

#[test]
fn the_minimum_is_kept_without_any_demand() {
    let view = pool(1, 10);
    let workers = [worker("a", "lc-0", 1), worker("b", "lc-0", 2)];
    let expected = expected(&[("a", "needed", false), ("b", "over capacity", true)]);
    assert_eq!(advice(&view, &workers, &Limits::default()), expected);
}

#[test]
fn dear_workers_stop_before_older_ones_where_the_setting_says_so() {
    let mut view = pool(1, 10);
    view.launch_configs = [("lc-0", 0.1), ("lc-1", 0.3)]
        .map(|(id, price)| LaunchConfig {
            offering: offering("us-west-2", id, Market::Spot, Some(price)),
            ..config(id)
        })
        .into();
    let workers = [worker("cheap", "lc-0", 20), worker("dear", "lc-1", 10)];
    let limits = Limits { price_advice: Some(2.0), ..Limits::default() };
    assert_eq!(advise(&view, &workers, &Limits::default(), noon())[0].worker, "dear");
    let expected = expected(&[("cheap", "needed", false), ("dear", "over capacity", true)]);
    assert_eq!(advice(&view, &workers, &limits), expected);
}
