//! Every row of the mapping: how a build ends, and how its task.

use protocol::state::{ReasonResolved as R, TaskState as S};
use serde_json::json;

use super::*;
use crate::{ExceptionReason, MasterSettings, WarningsEnd, driver::BuildResult};

const FILES: [&str; 4] =
    ["public/build.json", "public/logs/live.log", "public/logs/live_backing.log", "public/properties.json"];

async fn ends(result: BuildResult, settings: MasterSettings, payload: serde_json::Value) -> (S, Option<R>) {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared_with(&fake, settings);
    let task = env.pending(payload).await;
    env.add_pending(task, 0).await;
    env.run_until_idle(&shared).await;
    assert_eq!(env.runs(task).await, [(S::Pending, None)]);
    let build = fake.start(fake.only_request());
    env.check_all(&shared).await;
    assert_eq!(env.runs(task).await, [(S::Running, None)]);
    let run = env.status(task).await.runs.remove(0);
    assert_eq!((run.worker_group.as_deref(), run.worker_id.as_deref()), (Some("m"), Some("bld-linux-1")));
    fake.finish(build, result);
    env.check_all(&shared).await;
    assert_eq!(env.files(task, 0).await, FILES);
    assert_eq!(env.text(task, 0, "public/properties.json").await, "{\"revision\":\"abc\"}");
    assert_eq!(env.text(task, 0, "public/logs/live.log").await, format!("log {build}\n"));
    assert!(env.text(task, 0, "public/build.json").await.contains("\"compile\""));
    let ended = env.runs(task).await.remove(0);
    env.stop().await;
    ended
}

fn linux() -> serde_json::Value {
    json!({"builderName": "linux"})
}

#[tokio::test]
async fn every_result_has_its_end() {
    for (result, end) in [
        (BuildResult::Success, (S::Completed, R::Completed)),
        (BuildResult::Warnings, (S::Failed, R::Failed)),
        (BuildResult::Failure, (S::Failed, R::Failed)),
        (BuildResult::Skipped, (S::Completed, R::Completed)),
        (BuildResult::Exception, (S::Exception, R::InternalError)),
        (BuildResult::Retry, (S::Exception, R::WorkerShutdown)),
        (BuildResult::Cancelled, (S::Exception, R::Canceled)),
    ] {
        assert_eq!(ends(result, MasterSettings::default(), linux()).await, (end.0, Some(end.1)), "{result}");
    }
}

#[tokio::test]
async fn settings_and_payloads_may_say_otherwise() {
    let warnings = MasterSettings { warnings: WarningsEnd::Completed, ..MasterSettings::default() };
    let completed = (S::Completed, Some(R::Completed));
    assert_eq!(ends(BuildResult::Warnings, warnings, linux()).await, completed);
    let payload = json!({"builderName": "linux", "warnings": "completed"});
    assert_eq!(ends(BuildResult::Warnings, MasterSettings::default(), payload).await, completed);
    let exception_reason = ExceptionReason::MalformedPayload;
    let exception = MasterSettings { exception_reason, ..MasterSettings::default() };
    let malformed = (S::Exception, Some(R::MalformedPayload));
    assert_eq!(ends(BuildResult::Exception, exception, linux()).await, malformed);
}

#[tokio::test]
async fn a_request_without_a_build_ends_its_task_too() {
    for (result, reason, message) in [
        (BuildResult::Skipped, R::ResourceUnavailable, "collapseRequests = False"),
        (BuildResult::Cancelled, R::Canceled, ""),
        (BuildResult::Exception, R::InternalError, "as exception without a build"),
    ] {
        let env = TestEnv::start().await;
        let fake = FakeMaster::new(env.clock.clone());
        let shared = env.shared(&fake);
        let task = env.known_task().await;
        env.run_until_idle(&shared).await;
        fake.complete(fake.only_request(), result);
        env.check_all(&shared).await;
        assert_eq!(env.runs(task).await, [(S::Exception, Some(reason))], "{result}");
        if !message.is_empty() {
            assert!(env.text(task, 0, "public/logs/live.log").await.contains(message));
        }
        assert!(shared.master.due(&[], 10).await.unwrap().is_empty());
        env.stop().await;
    }
}

#[tokio::test]
async fn a_request_that_the_master_lost_is_an_internal_error() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let (waits, runs) = (env.known_task().await, env.known_task().await);
    env.run_until_idle(&shared).await;
    let of_run = env.request(runs).await.request_id.unwrap();
    fake.start(of_run);
    env.check_all(&shared).await;
    fake.unrelated_request();
    fake.forget(of_run);
    fake.forget(env.request(waits).await.request_id.unwrap());
    env.check_all(&shared).await;
    for task in [waits, runs] {
        assert_eq!(env.runs(task).await, [(S::Exception, Some(R::InternalError))]);
        assert!(env.text(task, 0, "public/logs/live.log").await.contains("does not have this request any more"));
    }
    env.stop().await;
}

#[tokio::test]
async fn a_build_that_ended_before_its_first_check_is_claimed_and_reported() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    fake.finish(fake.start(fake.only_request()), BuildResult::Success);
    env.check_all(&shared).await;
    assert_eq!(env.runs(task).await, [(S::Completed, Some(R::Completed))]);
    assert_eq!(env.files(task, 0).await, FILES);
    env.stop().await;
}

#[tokio::test]
async fn features_say_what_is_published() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.pending(json!({"builderName": "mac", "features": {"logs": false, "properties": false}})).await;
    env.add_pending(task, 0).await;
    env.run_until_idle(&shared).await;
    fake.finish(fake.start(fake.only_request()), BuildResult::Success);
    env.check_all(&shared).await;
    assert_eq!(env.files(task, 0).await, ["public/build.json"]);
    env.stop().await;
}
