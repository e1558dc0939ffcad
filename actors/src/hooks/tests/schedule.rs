//! Dates that come.

use chrono::TimeDelta;
use db::hooks::FiredBy;
use protocol::time;

use super::{super::*, *};

const EACH_MINUTE: &str = "0 * * * * *";

#[tokio::test(flavor = "multi_thread")]
async fn a_date_fires_once_however_many_processes_look() {
    let env = TestEnv::start().await;
    env.create(body(&[EACH_MINUTE])).await;
    let other = env.another_process();
    for minute in 1..=5 {
        env.clock.advance(TimeDelta::minutes(1));
        let (one, two, three) = tokio::join!(env.hooks.fire_due(), other.fire_due(), env.hooks.fire_due());
        assert_eq!(one.unwrap() + two.unwrap() + three.unwrap(), 1, "minute {minute}");
        assert_eq!(env.tasks().await, minute);
    }
    let fires = env.fires().await;
    let mut dates: Vec<_> = fires.iter().filter_map(|fire| fire.scheduled_at).collect();
    dates.dedup();
    assert_eq!(dates.len(), 5);
    assert!(fires.iter().all(|fire| fire.fired_by == FiredBy::Schedule && fire.result == FireResult::Success));
}

#[tokio::test]
async fn the_date_that_was_due_is_the_now_of_the_template() {
    let env = TestEnv::start().await;
    env.create(body(&[EACH_MINUTE])).await;
    let due = env.clock.now() + TimeDelta::minutes(1);
    env.clock.advance(TimeDelta::seconds(75));
    env.hooks.fire_due().await.unwrap();
    let task = env.definition(env.fires().await[0].task_id).await;
    assert_eq!((task.created, task.payload["now"].as_str().unwrap()), (due, time::format(due).as_str()));
    assert_eq!((task.deadline, task.payload["by"].as_str()), (due + TimeDelta::days(1), Some("schedule")));
}

/// A process that took a hook and was killed before it fired.
#[tokio::test]
async fn a_lease_that_ends_unused_lets_another_process_fire() {
    let env = TestEnv::start().await;
    env.create(body(&[EACH_MINUTE])).await;
    env.clock.advance(TimeDelta::minutes(1));
    let now = env.clock.now();
    let taken = env.db.take_due_hooks(10, now + TimeDelta::seconds(30), now).await.unwrap();
    assert_eq!(taken.given, 1);
    assert_eq!(env.hooks.fire_due().await.unwrap(), 0, "it is leased");
    env.clock.advance(TimeDelta::seconds(31));
    assert_eq!((env.another_process().fire_due().await.unwrap(), env.tasks().await), (1, 1));
}

/// A process that was frozen between rendering and the call, while another one fired.
#[tokio::test]
async fn a_late_process_cannot_fire_a_date_a_second_time() {
    let env = TestEnv::start().await;
    env.create(body(&[EACH_MINUTE])).await;
    env.clock.advance(TimeDelta::minutes(1));
    let now = env.clock.now();
    let taken = env.db.take_due_hooks(10, now, now).await.unwrap();
    let stale = taken.into_iter().next().unwrap();
    env.another_process().fire_due().await.unwrap();
    env.hooks.0.fire_one(&stale, now).await;
    assert_eq!((env.tasks().await, env.fires().await.len()), (1, 1));
}

#[tokio::test]
async fn after_downtime_the_latest_date_fires_and_the_others_are_skipped() {
    let env = TestEnv::start().await;
    env.create(body(&[EACH_MINUTE])).await;
    env.clock.advance(TimeDelta::hours(6));
    while env.hooks.fire_due().await.unwrap() > 0 {}
    let fires = env.fires().await;
    assert_eq!((fires.len(), env.tasks().await), (1, 1));
    assert_eq!(fires[0].scheduled_at, Some(env.clock.now()));
    assert_eq!(env.count("select from hook_fire where result = fire_result_skipped()").await, 1);
}

#[tokio::test]
async fn a_failing_hook_delays_no_other_and_its_schedule_goes_on() {
    let env = TestEnv::start().await;
    let mut broken = body(&[EACH_MINUTE]);
    broken.task = serde_json::json!({ "$eval": "missing" });
    env.create(broken).await;
    env.hooks.create(&HookName::new("g", "good"), body(&[EACH_MINUTE]), "me").await.unwrap();
    for minute in 1..=3 {
        env.clock.advance(TimeDelta::minutes(1));
        assert_eq!(env.hooks.fire_due().await.unwrap(), 2);
        assert_eq!(env.tasks().await, minute);
    }
    let fires = env.fires().await;
    assert_eq!(fires.len(), 3);
    assert!(fires.iter().all(|fire| fire.result == FireResult::Error && fire.error.contains("missing")), "{fires:?}");
}

#[tokio::test]
async fn a_new_schedule_counts_from_the_update_and_a_new_template_keeps_the_date() {
    let env = TestEnv::start().await;
    env.create(body(&["0 0 0 1 1 *"])).await;
    let before = env.hooks.status(&name()).await.unwrap().next_scheduled_at;
    let mut changed = body(&["0 0 0 1 1 *"]);
    changed.task["payload"] = serde_json::json!({});
    env.clock.advance(TimeDelta::seconds(5));
    env.hooks.update(&name(), changed, "me").await.unwrap();
    assert_eq!(env.hooks.status(&name()).await.unwrap().next_scheduled_at, before);
    env.hooks.update(&name(), body(&[EACH_MINUTE]), "me").await.unwrap();
    assert_eq!(
        env.hooks.status(&name()).await.unwrap().next_scheduled_at,
        Some(env.clock.now() + TimeDelta::seconds(55))
    );
    env.hooks.update(&name(), body(&[]), "me").await.unwrap();
    assert_eq!(env.hooks.status(&name()).await.unwrap().next_scheduled_at, None);
}

#[tokio::test]
async fn a_paused_hook_fires_no_date_and_makes_up_for_none() {
    let env = TestEnv::start().await;
    env.create(body(&[EACH_MINUTE])).await;
    env.hooks.set_paused(&name(), true, "me").await.unwrap();
    env.clock.advance(TimeDelta::minutes(10));
    assert_eq!(env.hooks.fire_due().await.unwrap(), 0);
    env.hooks.set_paused(&name(), false, "me").await.unwrap();
    assert_eq!(env.hooks.fire_due().await.unwrap(), 0);
    env.clock.advance(TimeDelta::minutes(1));
    assert_eq!((env.hooks.fire_due().await.unwrap(), env.tasks().await), (1, 1));
}
