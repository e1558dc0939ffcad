//! Machines that nobody knows.

use uuid::Uuid;

use super::{fake::Answer, *};

#[tokio::test]
async fn machines_that_nobody_knows_are_ended_and_those_of_others_never() {
    let env = TestEnv::start().await;
    env.pool(10, 3).await;
    env.decide().await;
    env.launch().await;
    let deployment = env.shared.deployment.clone();
    env.fake.add("orphan", Some(Uuid::from_u128(1)), &deployment);
    env.fake.add("of-another-deployment", Some(Uuid::from_u128(1)), "another");
    env.fake.add("by-hand", None, &deployment);
    env.sweep().await;
    assert_eq!(env.fake.running(), 6, "young ones may be about to be settled");
    env.clock.advance(TimeDelta::minutes(6));
    env.sweep().await;
    assert_eq!(env.fake.running(), 5);
    env.sweep().await;
    assert_eq!(env.fake.running(), 5, "only the orphan was ended");
}

#[tokio::test]
async fn machines_of_a_launch_that_is_still_open_are_kept() {
    let env = TestEnv::start().await;
    env.pool(10, 3).await;
    env.fake.next(&[Answer::Lost]);
    env.decide().await;
    env.launch().await;
    env.clock.advance(TimeDelta::minutes(10));
    env.sweep().await;
    assert_eq!(env.fake.running(), 3);
}

#[tokio::test]
async fn a_worker_that_is_removed_ends_its_machine() {
    let env = TestEnv::start().await;
    env.pool(10, 2).await;
    env.decide().await;
    env.launch().await;
    env.database.run(&format!("update pool_worker set state = 2, check_at = '{}'", env.clock.now())).await;
    env.check().await;
    assert_eq!(env.fake.running(), 0);
    env.clock.advance(TimeDelta::minutes(1));
    env.check().await;
    assert_eq!(env.workers("state = 3").await, 2);
}

#[tokio::test]
async fn a_stale_list_ends_no_young_worker() {
    let env = TestEnv::start().await;
    env.pool(10, 2).await;
    env.decide().await;
    env.launch().await;
    env.fake.stale(true);
    env.clock.advance(TimeDelta::seconds(20));
    env.check().await;
    assert_eq!(env.workers("state = 0").await, 2);
    env.clock.advance(TimeDelta::minutes(3));
    env.check().await;
    assert_eq!(env.workers("state = 3").await, 2);
}

#[tokio::test]
async fn a_young_worker_that_a_complete_list_does_not_have_is_gone() {
    let env = TestEnv::start().await;
    env.pool(10, 2).await;
    env.decide().await;
    env.launch().await;
    env.fake.list_completely();
    env.fake.stale(true);
    env.clock.advance(TimeDelta::seconds(20));
    env.check().await;
    assert_eq!(env.workers("state = 3").await, 2);
}

#[tokio::test]
async fn machines_that_ended_and_are_still_there_are_removed_with_their_workers() {
    for keeps in [false, true] {
        let env = TestEnv::start().await;
        env.pool(10, 2).await;
        env.decide().await;
        env.launch().await;
        if keeps {
            env.fake.keep_ended();
        }
        env.fake.end_all();
        env.clock.advance(TimeDelta::seconds(20));
        env.check().await;
        assert_eq!(env.workers("state = 3").await, 2);
        assert_eq!(env.fake.ids().len(), if keeps { 0 } else { 2 }, "others are not asked to end what has ended");
    }
}
