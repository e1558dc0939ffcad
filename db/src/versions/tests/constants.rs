//! The numbers of SQL and of Rust are the same.

use std::collections::BTreeMap;

use protocol::event::EventKind;
use protocol::notify::{Acceptance, NotificationKind, NotificationState};
use protocol::state::{ReasonCreated, ReasonResolved, Requires, StorageType, TaskState};
use protocol::worker_pool::{LaunchState, WorkerState};

use crate::outbox::LOCK_CLASS;
use crate::queue::{CREATED_CODES, Outcome};
use crate::testing::TestDatabase;

/// Every constant that a Rust value stands for.
fn expected() -> BTreeMap<String, i32> {
    let states = TaskState::ALL.iter().map(|it| ("task_state", it.as_str(), it.code()));
    let created = ReasonCreated::ALL.iter().map(|it| ("reason_created", it.as_str(), it.code()));
    let resolved = ReasonResolved::ALL.iter().map(|it| ("reason_resolved", it.as_str(), it.code()));
    let requires = Requires::ALL.iter().map(|it| ("requires", it.as_str(), it.code()));
    let storage = StorageType::ALL.iter().map(|it| ("storage_type", it.as_str(), it.code()));
    let events = EventKind::ALL.iter().map(|it| ("event", it.as_str(), it.code()));
    let outcomes = Outcome::ALL.iter().map(|(outcome, name)| ("outcome", *name, *outcome as i16));
    let tasks = CREATED_CODES.iter().map(|(name, code)| ("created", *name, *code));
    let workers = WorkerState::ALL.iter().map(|it| ("worker_state", it.as_str(), it.code()));
    let launches = LaunchState::ALL.iter().map(|it| ("launch_state", it.as_str(), it.code()));
    let all = states.chain(created).chain(resolved).chain(requires).chain(storage).chain(events).chain(outcomes);
    let kinds = NotificationKind::ALL.iter().map(|it| ("notification_kind", it.as_str(), it.code()));
    let notifications = NotificationState::ALL.iter().map(|it| ("notification_state", it.as_str(), it.code()));
    let acceptances = Acceptance::ALL.iter().map(|it| ("acceptance", it.as_str(), it.code()));
    let all = all.chain(tasks).chain(workers).chain(launches).chain(kinds).chain(notifications).chain(acceptances);
    let named = all.map(|(kind, name, code)| (format!("{kind}_{}", name.replace('-', "_")), i32::from(code)));
    named.chain([("lock_outbox_shard".to_owned(), LOCK_CLASS)]).collect()
}

#[tokio::test]
async fn every_constant_has_the_number_of_its_rust_value() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    for (name, code) in expected() {
        let sql = sqlx::AssertSqlSafe(format!("select {name}()::int"));
        let found: i32 = sqlx::query_scalar(sql).fetch_one(db.pool()).await.unwrap();
        assert_eq!(found, code, "{name}");
    }
    let resolved = TaskState::ALL.iter().map(|state| (state.code(), state.is_resolved()));
    for (code, is_resolved) in resolved {
        let found = sqlx::query_scalar("select is_resolved($1)").bind(code).fetch_one(db.pool());
        assert_eq!(found.await.map_err(|error| error.to_string()), Ok(is_resolved), "{code}");
    }
}

/// A state that SQL names and Rust does not know would be unreadable.
#[tokio::test]
async fn no_constant_of_these_kinds_is_unknown_to_rust() {
    let database = TestDatabase::create().await;
    let sql = "select proname::text from pg_proc where pronamespace = 'drover'::regnamespace and provolatile = 'i'
               and proname ~ '^(task_state|reason_created|reason_resolved|requires|storage_type|event|outcome|created|worker_state|launch_state|notification_kind|notification_state|acceptance)_'";
    let names: Vec<String> = sqlx::query_scalar(sql).fetch_all(database.db().await.pool()).await.unwrap();
    let expected = expected();
    let unknown: Vec<_> = names.iter().filter(|name| !expected.contains_key(*name)).collect();
    assert_eq!(unknown, ["outcome_newly_pending"]);
}

/// The planner must see the number, or a cached plan calls a function for each row.
#[tokio::test]
async fn a_plan_has_the_number_in_place_of_the_constant() {
    let database = TestDatabase::create().await;
    let sql = "explain (costs off) select 1 from task where state = task_state_running() and not is_resolved(state)";
    let plan: Vec<String> = sqlx::query_scalar(sql).fetch_all(database.db().await.pool()).await.unwrap();
    let filter = plan.iter().find(|line| line.contains("Filter")).expect("a filter");
    assert!(!filter.contains('(') || !filter.contains("task_state"), "{plan:?}");
    assert!(filter.contains("'2'::smallint") && !filter.contains("is_resolved"), "{plan:?}");
}
