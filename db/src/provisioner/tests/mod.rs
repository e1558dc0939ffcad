//! The ledger and the looks at machines, without a provider.

mod offerings;

use chrono::TimeDelta;
use protocol::{time::Timestamp, worker_pool::LaunchState};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

use super::*;
use crate::{Db, outbox::EventFilter, testing::TestDatabase};

const POOL: &str = "p/w";

struct TestEnv {
    db: Db,
    database: TestDatabase,
    now: Timestamp,
}

impl TestEnv {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let now: Timestamp = "2026-11-27T12:00:00Z".parse().unwrap();
        let env = Self { db: database.db().await, database, now };
        env.pool(POOL).await;
        env
    }

    async fn pool(&self, name: &str) {
        let sql = format!(
            "insert into worker_pool (worker_pool_id, provider_id, description, owner, email_on_error, config, min_capacity,
               max_capacity, scaling_ratio, created, last_modified, provision_at)
             values ('{name}', 'prov', '', '', false, '{{}}', 0, 10, 1, '{now}', '{now}', '{now}');
             insert into launch_config (worker_pool_id, launch_config_id, configuration, worker_manager, capacity_per_instance,
               initial_weight, created, last_modified) values ('{name}', 'lc', '{{}}', '{{}}', 2, 1, '{now}', '{now}')",
            now = self.now
        );
        self.database.run(&sql).await;
    }

    async fn launch(&self, id: u128) {
        let decisions = self.db.provision_decisions_begin(10, self.now).await.unwrap().unwrap();
        decisions.commit(&[decided(&self.now, &[id])], &BTreeMap::new()).await.unwrap();
    }

    async fn claim(&self) -> Vec<LaunchRow> {
        let claim = LaunchClaim {
            provider_id: "prov",
            busy_regions: &[],
            limit: 10,
            lease_until: self.now + TimeDelta::seconds(60),
            unknown_since: self.now - TimeDelta::minutes(15),
        };
        self.db.launch_claim(&claim, self.now).await.unwrap()
    }

    async fn settle(&self, launch: &LaunchRow) -> bool {
        let machine = |id: &str| NewMachine { group: "r".to_owned(), id: id.to_owned(), data: json!({}) };
        let unknown_since = self.now - TimeDelta::minutes(15);
        let machines = [machine("i-1"), machine("i-2")];
        self.db.launch_settle(launch.launch_id, &machines, 1800, self.now, unknown_since, self.now).await.unwrap()
    }

    async fn check(&self, seen: SeenState) -> Vec<(OutcomeKind, String)> {
        let until = self.now + TimeDelta::seconds(60);
        let due = self.db.provision_check_claim("prov", &[], 10, until, self.now).await.unwrap();
        let seen = |it: WorkerToCheck| CheckedWorker {
            worker_pool_id: it.worker_pool_id,
            worker_group: it.worker_group,
            worker_id: it.worker_id,
            seen,
        };
        let seen: Vec<_> = due.into_iter().map(seen).collect();
        let intervals = CheckIntervals { requested: 15, running: 300, stopping: 15 };
        let outcomes = self.db.provision_check_apply(&seen, self.now, intervals, self.now).await.unwrap();
        outcomes.into_iter().map(|it| (it.outcome, it.worker_id)).collect()
    }

    async fn events(&self) -> Vec<String> {
        let read = self.db.outbox(0).read(&EventFilter::everything(), 100).await.unwrap();
        let text = |event: &protocol::event::Event| match &event.payload {
            protocol::event::EventPayload::Service(it) => it.exchange.clone(),
            other => format!("{other:?}"),
        };
        read.events.iter().map(text).collect()
    }

    async fn state(&self) -> LaunchState {
        self.db.launches_of_pool(POOL, None, 10).await.unwrap().readable[0].state
    }
}

fn decided(now: &Timestamp, ids: &[u128]) -> Decided {
    let launch = |id: &u128| NewLaunch {
        launch_id: Uuid::from_u128(*id),
        launch_config_id: "lc".to_owned(),
        provider_id: "prov".to_owned(),
        region: "r".to_owned(),
        instances: 2,
        capacity: 4,
        request: json!({ "configuration": {} }),
        instance_type: "m5.large".to_owned(),
        market: "spot",
    };
    Decided {
        worker_pool_id: POOL.to_owned(),
        next_at: *now + TimeDelta::minutes(1),
        decision: json!({ "limited_by": [] }),
        launches: ids.iter().map(launch).collect(),
    }
}

#[tokio::test]
async fn a_pool_is_decided_about_by_one_process_at_a_time() {
    let env = TestEnv::start().await;
    let first = env.db.provision_decisions_begin(10, env.now).await.unwrap().unwrap();
    assert_eq!(first.locked, [POOL]);
    assert!(env.db.provision_decisions_begin(10, env.now).await.unwrap().is_none());
    drop(first);
    let again = env.db.provision_decisions_begin(10, env.now).await.unwrap();
    assert_eq!(again.unwrap().locked, [POOL], "who is dropped has decided nothing");
}

#[tokio::test]
async fn a_launch_counts_once_from_the_decision_on_until_its_workers_stop() {
    let mut env = TestEnv::start().await;
    env.launch(1).await;
    let launch = env.claim().await.remove(0);
    let supply = |view: &PoolViewRow| {
        let open: i64 = view.ledger.iter().map(|it| i64::from(it.capacity)).sum();
        open + view.workers.iter().map(|it| it.capacity).sum::<i64>()
    };
    for settled in [false, true] {
        if settled {
            assert!(env.settle(&launch).await && env.settle(&launch).await, "a repeat changes nothing");
        }
        env.db.provision_wake(&[POOL.to_owned()], env.now).await.unwrap();
        let decisions = env.db.provision_decisions_begin(10, env.now).await.unwrap().unwrap();
        assert_eq!(supply(&decisions.views[0]), 4, "settled: {settled}");
    }
    assert_eq!(env.events().await, ["worker-requested", "worker-requested"]);
    env.now += TimeDelta::minutes(3);
    env.check(SeenState::Ended).await;
    env.db.provision_wake(&[POOL.to_owned()], env.now).await.unwrap();
    let decisions = env.db.provision_decisions_begin(10, env.now).await.unwrap().unwrap();
    assert_eq!(supply(&decisions.views[0]), 0);
}

#[tokio::test]
async fn a_launch_whose_launcher_died_is_looked_for_and_nobody_else_takes_it_before() {
    let mut env = TestEnv::start().await;
    env.launch(1).await;
    assert!(!env.claim().await.remove(0).unsure);
    assert!(env.claim().await.is_empty(), "it is leased");
    env.now += TimeDelta::seconds(60);
    let again = env.claim().await.remove(0);
    assert!(again.unsure && again.attempts == 2);
    assert_eq!(env.state().await, LaunchState::Unknown);
}

#[tokio::test]
async fn a_launcher_that_renews_its_lease_keeps_its_launch_until_another_one_has_taken_it() {
    let mut env = TestEnv::start().await;
    env.launch(1).await;
    let first = env.claim().await.remove(0);
    let hold = |launch: &LaunchRow| LaunchHold { launch_id: launch.launch_id, attempt: launch.attempts };
    env.now += TimeDelta::seconds(50);
    env.db.launch_renew(&[hold(&first)], env.now + TimeDelta::seconds(60)).await.unwrap();
    env.now += TimeDelta::seconds(50);
    assert!(env.claim().await.is_empty());
    env.now += TimeDelta::seconds(10);
    let second = env.claim().await.remove(0);
    env.db.launch_renew(&[hold(&first)], env.now).await.unwrap();
    assert!(env.claim().await.is_empty(), "the first one has lost it");
    env.db.launch_renew(&[hold(&second)], env.now).await.unwrap();
    assert_eq!(env.claim().await.len(), 1, "the second one hands it over");
}

#[tokio::test]
async fn a_worker_that_is_due_again_while_it_is_looked_at_is_looked_at_again() {
    let mut env = TestEnv::start().await;
    env.launch(1).await;
    let launch = env.claim().await.remove(0);
    env.settle(&launch).await;
    env.database.run("update pool_worker set state = 1").await;
    let until = env.now + TimeDelta::seconds(60);
    let due = env.db.provision_check_claim("prov", &[], 1, until, env.now).await.unwrap().remove(0);
    let notice = MachineNotice { machine: due.worker_id.clone(), kind: MachineNoticeKind::StateChanged };
    env.now += TimeDelta::seconds(1);
    env.db.provision_notices("prov", &[notice], env.now).await.unwrap();
    let seen = CheckedWorker {
        worker_pool_id: due.worker_pool_id,
        worker_group: due.worker_group,
        worker_id: due.worker_id.clone(),
        seen: SeenState::Running,
    };
    let intervals = CheckIntervals { requested: 15, running: 300, stopping: 15 };
    env.db.provision_check_apply(&[seen], env.now - TimeDelta::seconds(1), intervals, env.now).await.unwrap();
    let outcomes = env.check(SeenState::Ended).await;
    assert!(outcomes.contains(&(OutcomeKind::Stopped, due.worker_id)), "{outcomes:?}");
}

#[tokio::test]
async fn the_answer_of_a_launcher_that_lost_its_lease_fails_nothing() {
    let mut env = TestEnv::start().await;
    env.launch(1).await;
    let frozen = env.claim().await.remove(0);
    env.now += TimeDelta::seconds(60);
    let current = env.claim().await.remove(0);
    assert!(!env.db.launch_fail(&frozen, "capacity", "X", "none left", env.now).await.unwrap());
    assert!(env.db.launch_fail(&current, "capacity", "X", "none left", env.now).await.unwrap());
    assert_eq!(env.events().await, ["worker-pool-error"]);
    assert!(!env.settle(&frozen).await, "its machines are to be ended");
}

#[tokio::test]
async fn an_unknown_launch_is_given_up_once_and_its_machines_come_too_late() {
    let mut env = TestEnv::start().await;
    env.launch(1).await;
    let launch = env.claim().await.remove(0);
    env.db.launch_unknown(&launch, "timeout", env.now, env.now).await.unwrap();
    let unknown_since = env.now;
    env.now += TimeDelta::minutes(15);
    assert!(env.claim().await.is_empty(), "its time is over");
    assert!(!env.settle(&launch).await, "from then on it is no supply");
    let given_up = env.db.launch_give_up("prov", unknown_since, 10, env.now).await.unwrap();
    assert_eq!(given_up.len(), 1);
    assert!(env.db.launch_give_up("prov", unknown_since, 10, env.now).await.unwrap().is_empty());
    assert!(!env.settle(&launch).await);
    let orphan = MachineRow { id: "i-1".to_owned(), launch: launch.launch_id };
    assert_eq!(env.db.provision_orphans(&[orphan]).await.unwrap(), ["i-1"]);
}

#[tokio::test]
async fn a_machine_that_is_not_in_the_list_yet_is_not_gone() {
    let mut env = TestEnv::start().await;
    env.launch(1).await;
    let launch = env.claim().await.remove(0);
    env.settle(&launch).await;
    assert!(env.check(SeenState::Missing).await.is_empty());
    let known = MachineRow { id: "i-1".to_owned(), launch: launch.launch_id };
    assert!(env.db.provision_orphans(&[known]).await.unwrap().is_empty());
    env.now += TimeDelta::minutes(3);
    let outcomes = env.check(SeenState::Missing).await;
    let of = |kind, id: &str| outcomes.contains(&(kind, id.to_owned()));
    assert!(of(OutcomeKind::BootFailed, "i-1") && of(OutcomeKind::Stopped, "i-2"), "{outcomes:?}");
    assert!(env.check(SeenState::Missing).await.is_empty(), "stopped once");
}

#[tokio::test]
async fn a_worker_that_never_registers_is_removed_and_its_machine_ended_until_it_is_gone() {
    let mut env = TestEnv::start().await;
    env.launch(1).await;
    let launch = env.claim().await.remove(0);
    env.settle(&launch).await;
    env.now += TimeDelta::minutes(31);
    let outcomes = env.check(SeenState::Running).await;
    assert!(outcomes.contains(&(OutcomeKind::Terminate, "i-1".to_owned())), "{outcomes:?}");
    assert!(outcomes.contains(&(OutcomeKind::BootFailed, "i-1".to_owned())), "{outcomes:?}");
    env.now += TimeDelta::minutes(1);
    let outcomes = env.check(SeenState::Running).await;
    let expected = ["i-1", "i-2"].map(|id| (OutcomeKind::Terminate, id.to_owned()));
    assert_eq!(outcomes, expected, "asked again, and no second failure");
    env.now += TimeDelta::minutes(1);
    env.check(SeenState::Ended).await;
    let events = env.events().await;
    let count = |name: &str| events.iter().filter(|it| *it == name).count();
    assert_eq!((count("worker-removed"), count("worker-stopped")), (2, 2), "{events:?}");
}

#[tokio::test]
async fn a_bucket_refills_with_time_and_slowly_after_it_was_slowed() {
    let mut env = TestEnv::start().await;
    let bucket = [BucketRate { name: "all".to_owned(), rate: 2.0, burst: 10.0 }];
    let spend = async |now: Timestamp, spent: f64| {
        env.db.provision_wake(&[POOL.to_owned()], now).await.unwrap();
        let mut decisions = env.db.provision_decisions_begin(10, now).await.unwrap().unwrap();
        let tokens = decisions.tokens(&bucket).await.unwrap()["all"];
        decisions.commit(&[decided(&now, &[])], &BTreeMap::from([("all".to_owned(), spent)])).await.unwrap();
        tokens
    };
    let start = env.now;
    assert!((spend(start, 10.0).await - 10.0).abs() < 1e-9);
    assert!((spend(start + TimeDelta::seconds(2), 4.0).await - 4.0).abs() < 1e-9);
    assert!((spend(start + TimeDelta::minutes(1), 10.0).await - 10.0).abs() < 1e-9);
    env.now = start + TimeDelta::minutes(1);
    env.db.provision_slow_bucket("all", env.now).await.unwrap();
    assert!((spend(start + TimeDelta::seconds(62), 0.0).await - 2.0).abs() < 0.1);
}
