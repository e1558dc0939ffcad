//! From pending tasks to machines and back.

use super::{fake::Answer, *};
use crate::decision::FailureClass;

#[tokio::test]
async fn pending_tasks_become_machines_once() {
    let env = TestEnv::start().await;
    env.pool(100, 12).await;
    env.proven().await;
    assert_eq!(env.decide().await, 1);
    for _ in 0..3 {
        env.wake().await;
        assert_eq!(env.decide().await, 0, "open launches and booting machines are supply");
        env.launch().await;
    }
    assert_eq!((env.fake.running(), env.fake.calls()), (12, 1));
    assert_eq!(env.workers("state = 0").await, 12);
    assert_eq!(env.states().await, [LaunchState::Settled]);
}

#[tokio::test]
async fn several_processes_launch_no_more_than_one() {
    let env = TestEnv::start().await;
    env.pool(50, 200).await;
    env.proven().await;
    let provisioners: Vec<Arc<Shared>> =
        (0..3).map(|seed| shared(&env.db, &env.clock, env.fake.clone(), seed)).collect();
    for _ in 0..4 {
        env.wake().await;
        let now = env.clock.now();
        let work = provisioners.iter().map(|shared| async {
            if let Some(decisions) = env.db.provision_decisions_begin(10, now).await.unwrap() {
                decide_all(shared, decisions, now).await.unwrap();
            }
            let mut launcher = Launcher::new(shared.clone(), env.provider.clone(), Notifier::none());
            launcher.run().await.unwrap();
            launcher.finish().await;
        });
        let mut work = work.map(Box::pin).collect::<Vec<_>>();
        let (first, rest) = work.split_at_mut(1);
        let (second, third) = rest.split_at_mut(1);
        tokio::join!(&mut first[0], &mut second[0], &mut third[0]);
        env.clock.advance(TimeDelta::seconds(2));
    }
    assert_eq!(env.fake.running(), 50, "maxCapacity");
}

#[tokio::test]
async fn a_new_launch_config_starts_slowly_and_a_broken_one_costs_few_machines() {
    let env = TestEnv::start().await;
    env.pool(1000, 1000).await;
    env.decide().await;
    env.launch().await;
    assert_eq!(env.fake.running(), 5, "provision.canary");
    env.fake.end_all();
    env.clock.advance(TimeDelta::minutes(3));
    env.check().await;
    env.wake().await;
    assert_eq!(env.decide().await, 0, "machines that end without registering open the breaker");
    env.clock.advance(TimeDelta::minutes(1));
    env.wake().await;
    env.decide().await;
    env.launch().await;
    assert_eq!(env.fake.running(), 1, "half-open");
}

#[tokio::test]
async fn machines_that_register_end_the_slow_start() {
    let env = TestEnv::start().await;
    env.pool(1000, 1000).await;
    for expected in [5, 1000] {
        env.wake().await;
        for _ in 0..12 {
            env.decide().await;
            env.launch().await;
            env.wake().await;
        }
        assert_eq!(env.fake.running(), expected);
        env.clock.advance(TimeDelta::seconds(20));
        let registered = format!("update pool_worker set state = 1, registered = '{}'", env.clock.now());
        env.database.run(&registered).await;
        env.clock.advance(TimeDelta::minutes(1));
        env.check().await;
    }
}

#[tokio::test]
async fn refusals_open_the_breaker_of_their_class_and_are_reported() {
    for (class, scope) in [
        (FailureClass::Capacity, "offering"),
        (FailureClass::Quota, "quota"),
        (FailureClass::Config, "launch-config"),
        (FailureClass::Auth, "provider"),
    ] {
        let env = TestEnv::start().await;
        env.pool(10, 3).await;
        env.fake.next(&[Answer::Refused(class)]);
        env.decide().await;
        env.launch().await;
        let opened = format!("select from circuit_breaker where scope = '{scope}' and state -> 'state' ? 'open'");
        assert_eq!(env.database.run(&opened).await, 1, "{class:?}");
        assert_eq!(env.database.run("select from worker_pool_error where kind = 'creation-error'").await, 1);
        assert_eq!(env.decide().await, 0, "{class:?}");
        env.clock.advance(TimeDelta::hours(1));
        env.wake().await;
        assert_eq!(env.decide().await, 1, "{class:?}");
    }
}

#[tokio::test]
async fn a_throttled_launch_is_carried_out_later_and_the_bucket_is_slower() {
    let env = TestEnv::start().await;
    env.pool(10, 3).await;
    env.fake.next(&[Answer::Refused(FailureClass::Throttle)]);
    env.decide().await;
    env.launch().await;
    env.launch().await;
    assert_eq!((env.fake.running(), env.fake.calls()), (0, 1), "not at once");
    assert_eq!(env.database.run("select from rate_bucket where name like 'region%' and tokens <= 0").await, 1);
    env.clock.advance(LATER);
    env.launch().await;
    assert_eq!(env.fake.running(), 3);
}

#[tokio::test]
async fn boots_are_capped_for_all_pools_together() {
    let env = TestEnv::start().await;
    env.pool(1000, 1000).await;
    env.proven().await;
    env.database.run("insert into rate_bucket values ('all', 7, 0, '2026-01-01')").await;
    env.decide().await;
    env.launch().await;
    assert_eq!(env.fake.running(), 7);
    assert_eq!(env.database.run("select from provision_decision where decision like '%boot-rate%'").await, 1);
}

#[tokio::test]
async fn an_unreadable_launch_config_does_not_stop_its_neighbours() {
    let env = TestEnv::start().await;
    env.pool(10, 3).await;
    env.launch_config("broken").await;
    env.database.run("update launch_config set configuration = '{' where launch_config_id = 'broken'").await;
    env.decide().await;
    env.launch().await;
    assert_eq!(env.fake.running(), 3);
}

#[tokio::test]
async fn a_paused_pool_launches_nothing() {
    let env = TestEnv::start().await;
    env.pool(10, 3).await;
    let until = Some(env.clock.now() + TimeDelta::hours(1));
    assert!(env.db.provision_pause(POOL, None, until, Some("maintenance"), "me", env.clock.now()).await.unwrap());
    assert_eq!(env.decide().await, 0);
    assert!(env.db.provision_pause(POOL, None, None, None, "me", env.clock.now()).await.unwrap());
    env.wake().await;
    assert_eq!(env.decide().await, 1);
    assert!(!env.db.provision_pause("no/pool", None, None, None, "me", env.clock.now()).await.unwrap());
}

/// 1,336 machines were asked for in a minute for 167 tasks, where each round launched anew (taskcluster#5441).
#[tokio::test]
async fn a_burst_is_answered_once_however_often_and_by_whomever_it_is_decided_about() {
    let env = TestEnv::start().await;
    env.pool(2000, 167).await;
    env.proven().await;
    let others: Vec<Arc<Shared>> = (2..4).map(|seed| shared(&env.db, &env.clock, env.fake.clone(), seed)).collect();
    for _ in 0..12 {
        env.wake().await;
        let now = env.clock.now();
        let others = futures_util::future::join_all(others.iter().map(async |shared| {
            let Some(decisions) = env.db.provision_decisions_begin(10, now).await.unwrap() else { return };
            decide_all(shared, decisions, now).await.unwrap();
        }));
        tokio::join!(env.decide(), others);
        env.launch().await;
        env.clock.advance(TimeDelta::seconds(10));
    }
    assert_eq!(env.fake.running(), 167);
}
