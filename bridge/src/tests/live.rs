//! Logs of builds that run, while the master keeps somebody waiting.

use std::{sync::Arc, time::Duration};

use super::{parts::until, *};
use crate::{
    copier::Copier,
    driver::{BuildId, MasterDriver},
    logs::{Job, LogCopier},
    reflector::Shared,
    shelf::Shelf,
};

/// A build that runs, whose task is claimed.
async fn running(env: &TestEnv, fake: &Fake, shared: &Shared) -> Job {
    let task = env.wanted().await;
    env.pass(shared).await;
    let build = fake.start(env.request(task).await.request_id.unwrap());
    env.look(shared).await;
    let (artifacts, expires) = (env.artifacts.clone(), env.status(task).await.expires);
    Job { shelf: Shelf { artifacts, task_id: task, run_id: 0, expires }, build: BuildId(build) }
}

async fn is_asked(fake: &Fake, times: usize) {
    until("the master is asked", async || fake.state().calls.get("steps").copied().unwrap_or_default() >= times).await;
}

#[tokio::test]
async fn a_build_that_ended_does_not_wait_for_a_copy_that_the_master_does_not_answer() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let job = running(&env, &fake, &env.share(&fake)).await;
    let copier = Copier::start(Arc::new(fake.clone()));
    fake.fault(Fault::Hang);
    copier.follow(&job);
    is_asked(&fake, 1).await;
    fake.fault(Fault::None);
    let steps = fake.steps(job.build).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), copier.finish(&job, &steps)).await.unwrap().unwrap();
    assert!(
        env.text(job.shelf.task_id, 0, "public/logs/live_backing.log").await.contains(&format!("log {}", job.build))
    );
    env.stop().await;
}

#[tokio::test]
async fn a_live_log_that_the_master_does_not_give_holds_up_no_other() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let (first, second) = (running(&env, &fake, &shared).await, running(&env, &fake, &shared).await);
    let copier = Copier::start(Arc::new(fake.clone()));
    fake.fault(Fault::Hang);
    copier.follow(&first);
    is_asked(&fake, 1).await;
    fake.fault(Fault::None);
    copier.follow(&second);
    let task = second.shelf.task_id;
    until("the other is shown", async || env.files(task, 0).await.contains(&"public/logs/live.log".to_owned())).await;
    env.stop().await;
}
