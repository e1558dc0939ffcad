//! Why a task is not running: one test for each state of things.

use db::{
    provisioner::{Decided, NewLaunch},
    queue::TaskNote,
    worker_manager::NewPool,
};
use protocol::explain::{Cause, Explanation};

use super::*;
use crate::queue::types::QuarantineWorkerRequest;

impl TestEnv {
    async fn explain(&self, id: TaskId) -> Explanation {
        self.queue.explain(id).await.unwrap()
    }

    async fn ended(&self, id: TaskId, report: Report) {
        let claims = self.claim("w", 10).await;
        assert!(claims.iter().any(|claim| claim.status.task_id == id));
        self.queue.report(ReportRequest::new(id, 0, report)).await.unwrap();
    }

    async fn quarantine(&self, worker: &str) {
        let ask = ask(worker, 1);
        let request = QuarantineWorkerRequest {
            task_queue_id: ask.task_queue_id,
            worker: ask.worker,
            until: self.clock.now() + TimeDelta::minutes(30),
            info: Some("disk is full".to_owned()),
            client_id: "me".to_owned(),
        };
        self.queue.quarantine_worker(request).await.unwrap();
    }
}

#[tokio::test]
async fn a_task_of_a_worker_pool_waits_for_its_machines() {
    let env = TestEnv::start().await;
    let (id, pool, now) = (env.created(&[]).await, "p/q".to_owned(), env.clock.now());
    let new = NewPool {
        worker_pool_id: TaskQueueId(pool.clone()),
        provider_id: "local".to_owned(),
        description: String::new(),
        owner: "o@example.com".to_owned(),
        email_on_error: false,
        config: "{}".to_owned(),
        min_capacity: Some(0),
        max_capacity: Some(1),
        scaling_ratio: Some(1.0),
        provision_at: Some(now),
        launch_configs: Vec::new(),
    };
    env.db.create_worker_pool(&new, "me", now).await.unwrap();
    let seen = env.explain(id).await;
    assert_eq!(seen.cause, Cause::MachinesFollow, "{}", seen.verdict);

    env.db.provision_pause(&pool, None, Some(now + TimeDelta::hours(1)), Some("bad image"), "me", now).await.unwrap();
    let seen = env.explain(id).await;
    assert!(seen.cause == Cause::PoolPaused && seen.verdict.contains("bad image"), "{}", seen.verdict);

    env.db.provision_pause(&pool, None, None, None, "me", now).await.unwrap();
    let launch = NewLaunch {
        launch_id: uuid::Uuid::from_u128(1),
        launch_config_id: "lc".to_owned(),
        provider_id: "local".to_owned(),
        region: "r".to_owned(),
        instance_type: "t".to_owned(),
        market: "on-demand",
        instances: 1,
        capacity: 1,
        request: json!({}),
    };
    let decided = |launches, decision| Decided {
        worker_pool_id: pool.clone(),
        next_at: now + TimeDelta::minutes(1),
        decision,
        launches,
    };
    let decisions = env.db.provision_decisions_begin(1, now).await.unwrap().unwrap();
    decisions.commit(&[decided(vec![launch], json!({ "limited_by": [] }))], &BTreeMap::new()).await.unwrap();
    let seen = env.explain(id).await;
    assert!(seen.cause == Cause::MachinesBooting && seen.verdict.contains("a machine"), "{}", seen.verdict);
    env.stop().await;
}

#[tokio::test]
async fn a_task_that_nobody_created_is_not_explained() {
    let env = TestEnv::start().await;
    let id = TaskId::from_random(env.rng.uuid_bytes());
    assert!(matches!(env.queue.explain(id).await, Err(QueueError::NoSuchTask(_))));
    env.stop().await;
}

#[tokio::test]
async fn an_unscheduled_task_names_what_it_waits_for_in_the_end() {
    let env = TestEnv::start().await;
    let (first, done) = (env.created(&[]).await, env.created(&[]).await);
    let middle = env.created(&[first]).await;
    let last = env.created(&[middle, done]).await;
    env.ended(done, Report::Completed).await;

    let seen = env.explain(last).await;
    assert_eq!(seen.cause, Cause::WaitsForDependencies, "{}", seen.verdict);
    assert_eq!((seen.dependencies.total, seen.dependencies.satisfied), (2, 1));
    assert_eq!(seen.dependencies.blocking.iter().map(|task| task.task_id).collect::<Vec<_>>(), [middle]);
    assert_eq!(seen.dependencies.roots.iter().map(|task| task.task_id).collect::<Vec<_>>(), [first]);
    assert!(seen.dependencies.followed && seen.verdict.contains(&first.to_string()), "{}", seen.verdict);
    assert!(seen.position.is_none() && seen.claim.is_none());
    env.stop().await;
}

#[tokio::test]
async fn a_failure_far_behind_is_found_and_comes_first() {
    let env = TestEnv::start().await;
    let (bad, open) = (env.created(&[]).await, env.created(&[]).await);
    let middle = env.created(&[open, bad]).await;
    let last = env.created(&[open, middle]).await;
    env.ended(bad, Report::Failed).await;

    let direct = env.explain(middle).await;
    assert_eq!(direct.cause, Cause::BlockedByFailure);
    assert_eq!(direct.dependencies.blocking[0].task_id, bad);
    assert!(!direct.dependencies.blocking[0].satisfiable && direct.dependencies.blocking[1].satisfiable);

    let behind = env.explain(last).await;
    assert_eq!((behind.cause, behind.dependencies.roots[0].task_id), (Cause::BlockedByFailure, bad));
    assert!(behind.verdict.contains("(failed) further back"), "{}", behind.verdict);
    assert!(behind.advice[0].contains(&bad.to_string()), "{:?}", behind.advice);
    env.stop().await;
}

#[tokio::test]
async fn a_task_content_with_any_end_does_not_wait_for_a_failed_one() {
    let env = TestEnv::start().await;
    let (bad, open) = (env.created(&[]).await, env.created(&[]).await);
    env.ended(bad, Report::Failed).await;
    let mut task = env.task(&[bad, open]);
    task.definition.requires = Requires::AllResolved;
    let id = env.queue.create_task(task).await.unwrap().task_id;
    let seen = env.explain(id).await;
    assert_eq!((seen.cause, seen.dependencies.satisfied), (Cause::WaitsForDependencies, 1));
    env.stop().await;
}

#[tokio::test]
async fn a_dependency_that_no_longer_exists_is_named() {
    let env = TestEnv::start().await;
    let required = env.created(&[]).await;
    let mut task = env.task(&[required]);
    task.definition.expires += TimeDelta::hours(10);
    let id = env.queue.create_task(task).await.unwrap().task_id;
    // Earlier than the reflector would: a dependency outlives the deadlines of those that wait for it.
    let later = env.clock.now() + TimeDelta::hours(3);
    assert_eq!(env.db.expire_rows(later, 10, later).await.unwrap(), 1);

    let seen = env.explain(id).await;
    assert_eq!(seen.cause, Cause::DependencyMissing, "{}", seen.verdict);
    assert!(seen.dependencies.blocking[0].state.is_none());
    env.stop().await;
}

#[tokio::test]
async fn a_ready_task_that_no_worker_can_take_says_why() {
    let env = TestEnv::start().await;
    let id = env.created(&[]).await;
    let seen = env.explain(id).await;
    assert_eq!(seen.cause, Cause::NoWorkerEverSeen);
    assert!(seen.advice[0].contains("queue:claim-work:p/q"), "{:?}", seen.advice);

    let first = env.claim("w", 1).await;
    assert_eq!(first.len(), 1);
    let id = env.created(&[]).await;
    env.quarantine("w").await;
    let seen = env.explain(id).await;
    assert_eq!((seen.cause, seen.workers.quarantined), (Cause::AllWorkersQuarantined, 1), "{}", seen.verdict);
    assert_eq!(seen.workers.latest[0].quarantine_info.as_deref(), Some("disk is full"));
    assert!(seen.workers.latest[0].busy);

    env.queue.report(ReportRequest::new(first[0].status.task_id, 0, Report::Completed)).await.unwrap();
    env.clock.advance(TimeDelta::minutes(35));
    let seen = env.explain(id).await;
    assert_eq!((seen.cause, seen.workers.alive, seen.workers.quarantined), (Cause::NoWorkerAlive, 0, 0));
    assert!(seen.verdict.contains("35 min ago"), "{}", seen.verdict);
    env.stop().await;
}

#[tokio::test]
async fn the_place_in_the_queue_counts_higher_priorities_and_older_tasks() {
    let env = TestEnv::start().await;
    assert!(env.claim("w", 1).await.is_empty());
    env.created(&[]).await;
    let id = env.created(&[]).await;
    env.created(&[]).await;
    let mut urgent = env.task(&[]);
    urgent.definition.priority = Priority::High;
    env.queue.create_task(urgent).await.unwrap();

    let seen = env.explain(id).await;
    let position = seen.position.clone().unwrap();
    assert_eq!((seen.cause, seen.workers.ready), (Cause::WaitsInQueue, 1), "{}", seen.verdict);
    assert_eq!((position.ahead, position.ahead_of_higher_priority, position.pending), (2, 1, 4));
    assert!(!position.or_more && seen.verdict.contains("2 tasks are to be claimed before it"), "{}", seen.verdict);
    env.stop().await;
}

#[tokio::test]
async fn a_running_task_tells_its_worker_and_how_long_the_claim_holds() {
    let env = TestEnv::start().await;
    let id = env.created(&[]).await;
    env.claim("w", 1).await;
    env.clock.advance(TimeDelta::minutes(5));
    let seen = env.explain(id).await;
    assert_eq!((seen.cause, seen.claim.as_ref().unwrap().seconds_left), (Cause::Running, 15 * 60));
    assert!(seen.verdict.contains("at worker g/w (run 0) for 5 min"), "{}", seen.verdict);

    env.clock.advance(TimeDelta::minutes(16));
    let seen = env.explain(id).await;
    assert_eq!((seen.cause, seen.retries.left), (Cause::ClaimRanOut, 5), "{}", seen.verdict);
    assert!(seen.verdict.contains("tried again"), "{}", seen.verdict);

    env.clock.advance(TimeDelta::hours(1));
    let seen = env.explain(id).await;
    assert_eq!(seen.cause, Cause::DeadlinePassed);
    assert!(seen.deadline.seconds_left < 0);
    env.stop().await;
}

#[tokio::test]
async fn every_resolution_is_explained() {
    let env = TestEnv::start().await;
    let ends = [
        (Report::Completed, Cause::Completed, "completed"),
        (Report::Failed, Cause::Failed, "failed"),
        (Report::Exception(ReasonResolved::MalformedPayload), Cause::Exception, "malformed-payload"),
        (Report::Exception(ReasonResolved::ResourceUnavailable), Cause::Exception, "resource-unavailable"),
    ];
    for (report, cause, word) in ends {
        let id = env.created(&[]).await;
        env.ended(id, report).await;
        let seen = env.explain(id).await;
        assert_eq!(seen.cause, cause);
        assert!(seen.verdict.contains(word), "{}", seen.verdict);
        assert_eq!(seen.advice.is_empty(), cause == Cause::Completed);
    }
    let id = env.created(&[]).await;
    env.queue.cancel_task(id).await.unwrap();
    let seen = env.explain(id).await;
    assert_eq!(seen.cause, Cause::Exception);
    assert!(seen.verdict.contains("canceled"), "{}", seen.verdict);
    env.stop().await;
}

#[tokio::test]
async fn a_pending_build_waits_for_what_the_bridge_says_and_not_for_workers_of_the_queue() {
    let env = TestEnv::start().await;
    // A claim of the bridge, in the name of a worker of the master.
    env.created(&[]).await;
    assert_eq!(env.claim("bld-1", 1).await.len(), 1);
    let id = env.created(&[]).await;
    let words = "waits at Buildbot master m, builder linux, request 12: no worker of the builder is connected";
    let note = |kind: &str| TaskNote {
        source: "buildbot".to_owned(),
        kind: kind.to_owned(),
        message: words.to_owned(),
        at: env.clock.now(),
    };
    env.db.set_task_note(id, &note("waits")).await.unwrap();
    let seen = env.explain(id).await;
    assert_eq!((seen.cause, seen.verdict), (Cause::WaitsElsewhere, format!("It is ready, and {words}.")));
    assert_eq!((seen.workers.known, seen.workers.ready, seen.workers.latest.len()), (0, 0, 0));
    assert!(seen.position.is_none());

    env.db.set_task_note(id, &note("ends")).await.unwrap();
    let seen = env.explain(id).await;
    assert!(seen.verdict.contains("about to be asked for"), "{}", seen.verdict);
    env.stop().await;
}

#[tokio::test]
async fn notes_scopes_and_unpublished_events_are_part_of_the_answer() {
    let env = TestEnv::start().await;
    let mut task = env.task(&[]);
    task.definition.payload = json!({ "mounts": [{ "cacheName": "tools", "directory": "t" }] });
    let id = env.queue.create_task(task).await.unwrap().task_id;
    let message = "It waits at master one, request 12.".to_owned();
    let note = TaskNote { source: "buildbot".to_owned(), kind: "waits".to_owned(), message, at: env.clock.now() };
    env.db.set_task_note(id, &note).await.unwrap();
    env.clock.advance(TimeDelta::minutes(2));

    let seen = env.explain(id).await;
    assert_eq!(seen.notes[0].words, note.message);
    assert_eq!(seen.scopes.missing, ["generic-worker:cache:tools"]);
    let kinds: Vec<&str> = seen.events.undelivered.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["task-defined", "task-pending"]);
    assert_eq!(seen.advice.len(), 3, "{:?}", seen.advice);
    env.stop().await;
}
