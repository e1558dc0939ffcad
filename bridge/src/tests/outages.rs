//! Masters that are down, hang or respond with garbage; and a bridge that was down.

use base::Clock;
use chrono::TimeDelta;
use db::bridge::{BridgeState, MasterState};
use protocol::state::{ReasonResolved as R, TaskState as S};
use serde_json::json;

use super::*;
use crate::{MasterSettings, driver::BuildResult};

#[tokio::test]
async fn twenty_events_of_a_run_make_one_build() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let task = env.pending(json!({"builderName": "linux"})).await;
    for _ in 0..20 {
        let shared = env.shared(&fake);
        env.add_pending(task, 0).await;
        env.check_all(&shared).await;
    }
    assert_eq!((fake.created(), fake.state().creates.len()), (1, 1));
    env.stop().await;
}

#[tokio::test]
async fn several_processes_at_once_make_one_build_and_one_end() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared: Vec<_> = (0..4).map(|_| env.shared(&fake)).collect();
    let task = env.known_task().await;
    tokio::join!(
        env.run_until_idle(&shared[0]),
        env.run_until_idle(&shared[1]),
        env.run_until_idle(&shared[2]),
        env.run_until_idle(&shared[3])
    );
    let build = fake.start(fake.only_request());
    fake.finish(build, BuildResult::Success);
    env.db.bridge_notify(M, None, env.clock.now()).await.unwrap();
    tokio::join!(
        env.run_until_idle(&shared[0]),
        env.run_until_idle(&shared[1]),
        env.run_until_idle(&shared[2]),
        env.run_until_idle(&shared[3])
    );
    assert_eq!(env.runs(task).await, [(S::Completed, Some(R::Completed))]);
    assert_eq!(fake.created(), 1);
    env.stop().await;
}

#[tokio::test]
async fn a_create_without_a_response_is_repeated_and_makes_no_second_build() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    fake.set_fault(Fault::LosesAnswers);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    env.advance(&shared, TimeDelta::seconds(5)).await;
    assert_eq!((env.request(task).await.state, fake.created()), (BridgeState::PendingCreate, 1));
    fake.set_fault(Fault::None);
    env.advance(&shared, TimeDelta::seconds(5)).await;
    assert_eq!((env.request(task).await.state, fake.created()), (BridgeState::Created, 1));
    env.stop().await;
}

#[tokio::test]
async fn a_claim_is_renewed_while_the_master_is_down_and_the_build_resolved_later() {
    for fault in [Fault::Unavailable, Fault::Garbage, Fault::Hang, Fault::Auth] {
        let env = TestEnv::start().await;
        let fake = FakeMaster::new(env.clock.clone());
        let shared = env.shared(&fake);
        let task = env.known_task().await;
        env.run_until_idle(&shared).await;
        let build = fake.start(fake.only_request());
        env.check_all(&shared).await;
        fake.set_fault(fault.clone());
        for _ in 0..12 {
            env.advance(&shared, TimeDelta::minutes(5)).await;
            env.expire().await;
        }
        assert_eq!(env.runs(task).await, [(S::Running, None)], "{fault:?}");
        fake.finish(build, BuildResult::Success);
        fake.set_fault(Fault::None);
        assert!(shared.master.driver.take_due_probe());
        shared.master.driver.probe().await.unwrap();
        env.check_all(&shared).await;
        assert_eq!(env.runs(task).await, [(S::Completed, Some(R::Completed))], "{fault:?}");
        env.stop().await;
    }
}

#[tokio::test]
async fn a_failing_master_opens_the_circuit_breaker() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    fake.set_fault(Fault::Garbage);
    for _ in 0..5 {
        env.advance(&shared, TimeDelta::seconds(1)).await;
    }
    assert_eq!(shared.master.driver.health().state, MasterState::Down);
    assert!(shared.master.driver.health().error.unwrap().contains("<html>"));
    let asked: usize = fake.state().calls.values().sum();
    for _ in 0..50 {
        env.advance(&shared, TimeDelta::seconds(1)).await;
    }
    let later: usize = fake.state().calls.values().sum();
    assert_eq!(later, asked, "only probes reach a master while the circuit breaker is open");
    assert_eq!(env.runs(task).await, [(S::Pending, None)]);
    env.stop().await;
}

#[tokio::test]
async fn running_tasks_of_a_master_that_is_down_for_too_long_are_resolved() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let (runs, waits) = (env.known_task().await, env.known_task().await);
    env.run_until_idle(&shared).await;
    let request = env.request(runs).await.request_id.unwrap();
    fake.start(request);
    env.check_all(&shared).await;
    fake.set_fault(Fault::Unavailable);
    for _ in 0..16 {
        env.advance(&shared, TimeDelta::minutes(8)).await;
    }
    assert_eq!(env.runs(runs).await, [(S::Exception, Some(R::ResourceUnavailable))]);
    assert_eq!(env.runs(waits).await, [(S::Pending, None)]);
    fake.set_fault(Fault::None);
    shared.master.driver.probe().await.unwrap();
    env.check_all(&shared).await;
    env.check_all(&shared).await;
    assert_eq!((fake.cancels(), env.request(runs).await.state), (vec![request], BridgeState::Resolved));
    env.stop().await;
}

#[tokio::test]
async fn one_master_down_does_not_delay_the_other() {
    let env = TestEnv::start().await;
    let (bad, good) = (FakeMaster::new(env.clock.clone()), FakeMaster::new(env.clock.clone()));
    let bridge = env.bridge();
    let bad_one = bridge.shared(TestEnv::parts(&bad, "bad", MasterSettings::default())).unwrap();
    let good_one = bridge.shared(TestEnv::parts(&good, "good", MasterSettings::default())).unwrap();
    bad.set_fault(Fault::Hang);
    for name in ["bad", "good"] {
        let task = env.pending_at(name, json!({"builderName": "linux"})).await;
        env.add_pending_at(name, task, 0).await;
    }
    tokio::join!(env.run_until_idle(&bad_one), env.run_until_idle(&good_one));
    assert_eq!((bad.created(), good.created()), (0, 1));
    env.stop().await;
}

#[tokio::test]
async fn when_ids_begin_anew_open_builds_are_lost_and_not_confused_with_others() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let runs = env.known_task().await;
    env.run_until_idle(&shared).await;
    let waits = env.known_task().await;
    env.run_until_idle(&shared).await;
    let request = env.request(runs).await.request_id.unwrap();
    fake.start(request);
    env.check_all(&shared).await;
    fake.reset_database();
    env.clock.advance(TimeDelta::minutes(1));
    assert_eq!(fake.unrelated_request(), request, "the same number, another request");
    let after = env.known_task().await;
    env.check_all(&shared).await;
    for task in [runs, waits] {
        assert_eq!(env.runs(task).await, [(S::Exception, Some(R::InternalError))]);
    }
    assert_eq!(env.runs(after).await, [(S::Pending, None)]);
    assert_eq!(env.request(after).await.state, BridgeState::Created);
    assert_eq!(fake.cancels().len(), 0);
    env.stop().await;
}

#[tokio::test]
async fn artifacts_that_cannot_be_read_delay_a_task_until_the_grace_ends_only() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    let build = fake.start(fake.only_request());
    env.check_all(&shared).await;
    fake.set_fault(Fault::NoFiles);
    fake.finish(build, BuildResult::Success);
    env.check_all(&shared).await;
    env.advance(&shared, TimeDelta::minutes(4)).await;
    assert_eq!(env.runs(task).await, [(S::Running, None)]);
    env.advance(&shared, TimeDelta::minutes(2)).await;
    assert_eq!(env.runs(task).await, [(S::Completed, Some(R::Completed))]);
    assert!(env.text(task, 0, "public/logs/missing.log").await.contains("could not be stored"));
    env.stop().await;
}

#[tokio::test]
async fn the_note_of_a_task_says_where_it_waits() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    let request = fake.only_request();
    let message = async || env.db.task_notes(task).await.unwrap().remove(0).message;
    assert_eq!(
        message().await,
        format!("waits at Buildbot master m, builder linux, request {request} for a worker of the builder")
    );
    let build = fake.start(request);
    env.check_all(&shared).await;
    let number = build - 100;
    assert_eq!(
        message().await,
        format!("is built at Buildbot master m, builder linux, request {request}, build {number}")
    );
    env.stop().await;
}
