//! Logs of running builds, while the master does not respond.

use std::{sync::Arc, time::Duration};

use super::{supervised::eventually, *};
use crate::{
    copier::Copier,
    driver::{BuildId, MasterDriver},
    logs::{Job, LogCopier},
    reconciler::Shared,
    run_artifacts::RunArtifacts,
};

/// A build that runs, whose task is claimed.
async fn running(env: &TestEnv, fake: &FakeMaster, shared: &Shared) -> Job {
    let task = env.known_task().await;
    env.run_until_idle(shared).await;
    let build = fake.start(env.request(task).await.request_id.unwrap());
    env.check_all(shared).await;
    let (artifacts, expires) = (env.artifacts.clone(), env.status(task).await.expires);
    Job { artifacts: RunArtifacts { artifacts, task_id: task, run_id: 0, expires }, build: BuildId(build) }
}

async fn is_asked(fake: &FakeMaster, times: usize) {
    eventually("the master is asked", async || fake.state().calls.get("steps").copied().unwrap_or_default() >= times)
        .await;
}

#[tokio::test]
async fn an_ended_build_does_not_wait_for_a_live_copy_without_a_response() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let job = running(&env, &fake, &env.shared(&fake)).await;
    let copier = Copier::start(Arc::new(fake.clone()));
    fake.set_fault(Fault::Hang);
    copier.follow(&job);
    is_asked(&fake, 1).await;
    fake.set_fault(Fault::None);
    let steps = fake.steps(job.build).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), copier.finish(&job, &steps)).await.unwrap().unwrap();
    assert!(
        env.text(job.artifacts.task_id, 0, "public/logs/live_backing.log")
            .await
            .contains(&format!("log {}", job.build))
    );
    env.stop().await;
}

#[tokio::test]
async fn a_live_log_without_a_response_delays_no_other() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let (first, second) = (running(&env, &fake, &shared).await, running(&env, &fake, &shared).await);
    let copier = Copier::start(Arc::new(fake.clone()));
    fake.set_fault(Fault::Hang);
    copier.follow(&first);
    is_asked(&fake, 1).await;
    fake.set_fault(Fault::None);
    copier.follow(&second);
    let task = second.artifacts.task_id;
    eventually("the other is shown", async || env.files(task, 0).await.contains(&"public/logs/live.log".to_owned()))
        .await;
    env.stop().await;
}
