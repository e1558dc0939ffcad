//! Masters that are away, hang or talk nonsense; and a bridge that was away.

use base::Clock;
use chrono::TimeDelta;
use db::bridge::{BridgeState, MasterState};
use protocol::state::{ReasonResolved as R, TaskState as S};
use serde_json::json;

use super::*;
use crate::{MasterSettings, driver::BuildResult};

#[tokio::test]
async fn a_run_told_of_twenty_times_is_one_build() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let task = env.pending(json!({"builderName": "linux"})).await;
    for _ in 0..20 {
        let shared = env.share(&fake);
        env.tell(task, 0).await;
        env.look(&shared).await;
    }
    assert_eq!((fake.forces(), fake.state().orders.len()), (1, 1));
    env.stop().await;
}

#[tokio::test]
async fn several_processes_at_once_make_one_build_and_one_end() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared: Vec<_> = (0..4).map(|_| env.share(&fake)).collect();
    let task = env.wanted().await;
    tokio::join!(env.pass(&shared[0]), env.pass(&shared[1]), env.pass(&shared[2]), env.pass(&shared[3]));
    let build = fake.start(fake.only_request());
    fake.finish(build, BuildResult::Success);
    env.db.bridge_poke(M, None, env.clock.now()).await.unwrap();
    tokio::join!(env.pass(&shared[0]), env.pass(&shared[1]), env.pass(&shared[2]), env.pass(&shared[3]));
    assert_eq!(env.runs(task).await, [(S::Completed, Some(R::Completed))]);
    assert_eq!(fake.forces(), 1);
    env.stop().await;
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_and_makes_no_second_build() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    fake.fault(Fault::LosesAnswers);
    let task = env.wanted().await;
    env.pass(&shared).await;
    env.after(&shared, TimeDelta::seconds(5)).await;
    assert_eq!((env.request(task).await.state, fake.forces()), (BridgeState::Wanted, 1));
    fake.fault(Fault::None);
    env.after(&shared, TimeDelta::seconds(5)).await;
    assert_eq!((env.request(task).await.state, fake.forces()), (BridgeState::Created, 1));
    env.stop().await;
}

#[tokio::test]
async fn a_claim_is_kept_while_the_master_is_away_and_the_build_told_late_but_right() {
    for fault in [Fault::Away, Fault::Garbage, Fault::Hang, Fault::Auth] {
        let env = TestEnv::start().await;
        let fake = Fake::new(env.clock.clone());
        let shared = env.share(&fake);
        let task = env.wanted().await;
        env.pass(&shared).await;
        let build = fake.start(fake.only_request());
        env.look(&shared).await;
        fake.fault(fault.clone());
        for _ in 0..12 {
            env.after(&shared, TimeDelta::minutes(5)).await;
            env.reflect().await;
        }
        assert_eq!(env.runs(task).await, [(S::Running, None)], "{fault:?}");
        fake.finish(build, BuildResult::Success);
        fake.fault(Fault::None);
        assert!(shared.master.driver.take_probe());
        shared.master.driver.probe().await.unwrap();
        env.look(&shared).await;
        assert_eq!(env.runs(task).await, [(S::Completed, Some(R::Completed))], "{fault:?}");
        env.stop().await;
    }
}

#[tokio::test]
async fn a_master_that_fails_is_left_alone_and_asked_now_and_then() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let task = env.wanted().await;
    env.pass(&shared).await;
    fake.fault(Fault::Garbage);
    for _ in 0..5 {
        env.after(&shared, TimeDelta::seconds(1)).await;
    }
    assert_eq!(shared.master.driver.health().state, MasterState::Down);
    assert!(shared.master.driver.health().error.unwrap().contains("<html>"));
    let asked: usize = fake.state().calls.values().sum();
    for _ in 0..50 {
        env.after(&shared, TimeDelta::seconds(1)).await;
    }
    let later: usize = fake.state().calls.values().sum();
    assert_eq!(later, asked, "nothing goes to a master that is left alone, except probes");
    assert_eq!(env.runs(task).await, [(S::Pending, None)]);
    env.stop().await;
}

#[tokio::test]
async fn a_master_away_for_too_long_gives_its_running_tasks_up() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let (runs, waits) = (env.wanted().await, env.wanted().await);
    env.pass(&shared).await;
    let request = env.request(runs).await.request_id.unwrap();
    fake.start(request);
    env.look(&shared).await;
    fake.fault(Fault::Away);
    for _ in 0..16 {
        env.after(&shared, TimeDelta::minutes(8)).await;
    }
    assert_eq!(env.runs(runs).await, [(S::Exception, Some(R::ResourceUnavailable))]);
    assert_eq!(env.runs(waits).await, [(S::Pending, None)]);
    fake.fault(Fault::None);
    shared.master.driver.probe().await.unwrap();
    env.look(&shared).await;
    env.look(&shared).await;
    assert_eq!((fake.cancels(), env.request(runs).await.state), (vec![request], BridgeState::Resolved));
    env.stop().await;
}

#[tokio::test]
async fn one_master_down_does_not_hold_up_the_other() {
    let env = TestEnv::start().await;
    let (bad, good) = (Fake::new(env.clock.clone()), Fake::new(env.clock.clone()));
    let bridge = env.bridge();
    let bad_one = bridge.share(TestEnv::parts(&bad, "bad", MasterSettings::default())).unwrap();
    let good_one = bridge.share(TestEnv::parts(&good, "good", MasterSettings::default())).unwrap();
    bad.fault(Fault::Hang);
    for name in ["bad", "good"] {
        let task = env.pending_at(name, json!({"builderName": "linux"})).await;
        env.tell_at(name, task, 0).await;
    }
    tokio::join!(env.pass(&bad_one), env.pass(&good_one));
    assert_eq!((bad.forces(), good.forces()), (0, 1));
    env.stop().await;
}

#[tokio::test]
async fn when_the_numbers_begin_anew_open_builds_are_lost_and_nobody_elses_is_taken_for_them() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let runs = env.wanted().await;
    env.pass(&shared).await;
    let waits = env.wanted().await;
    env.pass(&shared).await;
    let request = env.request(runs).await.request_id.unwrap();
    fake.start(request);
    env.look(&shared).await;
    fake.begin_anew();
    env.clock.advance(TimeDelta::minutes(1));
    assert_eq!(fake.stranger(), request, "the same number, another request");
    let after = env.wanted().await;
    env.look(&shared).await;
    for task in [runs, waits] {
        assert_eq!(env.runs(task).await, [(S::Exception, Some(R::InternalError))]);
    }
    assert_eq!(env.runs(after).await, [(S::Pending, None)]);
    assert_eq!(env.request(after).await.state, BridgeState::Created);
    assert_eq!(fake.cancels().len(), 0);
    env.stop().await;
}

#[tokio::test]
async fn files_that_cannot_be_read_hold_a_task_up_for_a_while_only() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let task = env.wanted().await;
    env.pass(&shared).await;
    let build = fake.start(fake.only_request());
    env.look(&shared).await;
    fake.fault(Fault::NoFiles);
    fake.finish(build, BuildResult::Success);
    env.look(&shared).await;
    env.after(&shared, TimeDelta::minutes(4)).await;
    assert_eq!(env.runs(task).await, [(S::Running, None)]);
    env.after(&shared, TimeDelta::minutes(2)).await;
    assert_eq!(env.runs(task).await, [(S::Completed, Some(R::Completed))]);
    assert!(env.text(task, 0, "public/logs/missing.log").await.contains("could not be stored"));
    env.stop().await;
}

#[tokio::test]
async fn people_are_told_where_a_task_waits() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let task = env.wanted().await;
    env.pass(&shared).await;
    let request = fake.only_request();
    let words = async || env.db.task_notes(task).await.unwrap().remove(0).words;
    assert_eq!(
        words().await,
        format!("waits at Buildbot master m, builder linux, request {request} for a worker of the builder")
    );
    let build = fake.start(request);
    env.look(&shared).await;
    let number = build - 100;
    assert_eq!(
        words().await,
        format!("is built at Buildbot master m, builder linux, request {request}, build {number}")
    );
    env.stop().await;
}
