//! The stored functions, without what is above them.

use chrono::{DateTime, TimeDelta};
use protocol::{
    event::EventPayload,
    exchanges,
    id::{TaskQueueId, WorkerName},
    schema,
    time::Timestamp,
    worker_pool::WorkerState,
};
use serde_json::{Value, json};

use super::*;
use crate::{Db, outbox::EventFilter, testing::TestDatabase};

fn now() -> Timestamp {
    DateTime::from_timestamp_millis(1_700_000_000_000).unwrap()
}

fn pool_id() -> TaskQueueId {
    TaskQueueId("proj/pool".to_owned())
}

fn worker(id: &str) -> WorkerName {
    WorkerName { worker_group: "g".to_owned(), worker_id: id.to_owned() }
}

fn launch_config(configuration: &Value, worker_manager: &Value) -> NewLaunchConfig {
    NewLaunchConfig {
        configuration: configuration.to_string(),
        worker_manager: worker_manager.to_string(),
        capacity_per_instance: 1,
        initial_weight: 1.0,
        max_capacity: None,
    }
}

fn pool(launch_configs: Vec<NewLaunchConfig>) -> NewPool {
    NewPool {
        worker_pool_id: pool_id(),
        provider_id: "cloud".to_owned(),
        description: "d".to_owned(),
        owner: "o@example.com".to_owned(),
        email_on_error: false,
        config: r#"{"maxCapacity":10,"minCapacity":1}"#.to_owned(),
        min_capacity: Some(1),
        max_capacity: Some(10),
        scaling_ratio: Some(1.0),
        provision_at: Some(now()),
        launch_configs,
    }
}

/// The messages in the outbox: exchange and body. Each is checked by the schema of its exchange, and its key by its length.
async fn events(db: &Db) -> Vec<(String, Value)> {
    let read = db.outbox(0).read(&EventFilter::everything(), 100).await.unwrap();
    let message = |event: protocol::event::Event| match event.payload {
        EventPayload::Service(event) => {
            let exchange = exchanges::find(&event.service, &event.exchange).unwrap();
            let body: Value = serde_json::from_str(&event.body).unwrap();
            assert_eq!(schema::check(&event.service, exchange.schema, &body), Ok(()), "{}", event.exchange);
            assert_eq!(event.routing_key.split('.').count(), exchange.key.len(), "{}", event.routing_key);
            (event.exchange, body)
        }
        other => panic!("{other:?}"),
    };
    read.events.into_iter().map(message).collect()
}

async fn names(db: &Db) -> Vec<String> {
    events(db).await.into_iter().map(|(exchange, _)| exchange).collect()
}

async fn create(db: &Db, launch_configs: Vec<NewLaunchConfig>) -> PoolCreated {
    db.create_worker_pool(&pool(launch_configs), "me", now()).await.unwrap()
}

async fn ids(db: &Db, with_archived: bool) -> Vec<String> {
    let rows = db.launch_configs(&pool_id(), with_archived, None, 100).await.unwrap();
    rows.into_iter().map(|row| row.launch_config_id).collect()
}

/// Made with PostgreSQL's text of `jsonb`: `md5('proj/pool' || '{"a": 1, "zone": "x"}')`.
#[tokio::test]
async fn the_id_of_a_launch_config_is_that_of_taskcluster() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let configs = vec![
        launch_config(&json!({ "zone": "x", "a": 1 }), &json!({ "initialWeight": 0.5 })),
        launch_config(&json!({ "zone": "y" }), &json!({ "launchConfigId": "mine" })),
    ];
    assert_eq!(create(&db, configs).await, PoolCreated::Now);
    assert_eq!(ids(&db, false).await, ["lc-3461ff39fdcde6bce5ef", "mine"]);
}

#[tokio::test]
async fn a_repeat_changes_nothing_and_other_values_are_refused() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let config = || launch_config(&json!({ "zone": "x" }), &Value::Null);
    assert_eq!(create(&db, vec![config()]).await, PoolCreated::Now);
    assert_eq!(create(&db, vec![config()]).await, PoolCreated::Before);
    assert_eq!(create(&db, vec![]).await, PoolCreated::Differs);
    assert_eq!(create(&db, vec![config(), launch_config(&json!({}), &Value::Null)]).await, PoolCreated::Differs);
    assert_eq!(names(&db).await, ["launch-config-created", "worker-pool-created"]);
}

#[tokio::test]
async fn an_id_that_stands_for_another_content_leaves_nothing_behind() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let named = |zone: &str| launch_config(&json!({ "zone": zone }), &json!({ "launchConfigId": "lc" }));
    let clash = PoolCreated::LaunchConfigDiffers("lc".to_owned());
    assert_eq!(create(&db, vec![named("x"), named("y")]).await, clash);
    assert_eq!(db.worker_pool(&pool_id()).await.unwrap(), None);
    assert_eq!(create(&db, vec![named("x")]).await, PoolCreated::Now);
    let update = async |config| db.update_worker_pool(&pool(vec![config]), "me", now()).await.unwrap();
    assert_eq!(update(named("y")).await, PoolUpdated::LaunchConfigDiffers("lc".to_owned()));
    assert_eq!(names(&db).await, ["launch-config-created", "worker-pool-created"]);
}

#[tokio::test]
async fn an_update_creates_keeps_and_archives_launch_configs() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let named = |id: &str| launch_config(&json!({ "zone": id }), &json!({ "launchConfigId": id }));
    create(&db, vec![named("b"), named("a")]).await;
    db.update_worker_pool(&pool(vec![named("c"), named("b")]), "me", now()).await.unwrap();
    let row = db.worker_pool(&pool_id()).await.unwrap().unwrap();
    let zones: Vec<&str> = row.launch_configs.iter().map(|(configuration, _)| configuration.as_str()).collect();
    assert_eq!(zones, [r#"{"zone":"c"}"#, r#"{"zone":"b"}"#]);
    assert_eq!(ids(&db, true).await, ["a", "b", "c"]);
    let mut later = events(&db).await.split_off(3);
    later.sort_by_key(|(exchange, _)| exchange.clone());
    let expected = |exchange: &str, id: &str| {
        (exchange.to_owned(), json!({ "workerPoolId": "proj/pool", "providerId": "cloud", "launchConfigId": id }))
    };
    assert_eq!(
        later[..3],
        ["archived a", "created c", "updated b"].map(|it| {
            let (what, id) = it.split_once(' ').unwrap();
            expected(&format!("launch-config-{what}"), id)
        })
    );
}

#[tokio::test]
async fn earlier_providers_are_kept_until_they_have_no_worker() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    create(&db, vec![]).await;
    let new = static_worker("w", "cloud");
    assert_eq!(db.create_pool_worker(&new, now()).await.unwrap(), Some(true));
    db.update_worker_pool(&NewPool { provider_id: "other".to_owned(), ..pool(vec![]) }, "me", now()).await.unwrap();
    assert!(db.delete_worker_pool(&pool_id(), "me", now()).await.unwrap());
    assert!(db.delete_worker_pool(&pool_id(), "me", now()).await.unwrap(), "a repeat");
    let expire = async |at| db.expire_worker_manager(at - TimeDelta::days(7), 100, at).await.unwrap();
    expire(now()).await;
    let row = db.worker_pool(&pool_id()).await.unwrap().unwrap();
    assert_eq!((row.provider_id.as_str(), row.previous_provider_ids), (NULL_PROVIDER, vec!["cloud".to_owned()]));
    assert!(db.stop_pool_worker(&pool_id(), &worker("w"), "r", now()).await.unwrap());
    expire(now()).await;
    assert_eq!(db.worker_pool(&pool_id()).await.unwrap(), None);
    assert_eq!(names(&db).await, ["worker-pool-created", "worker-pool-updated", "worker-pool-updated"]);
}

fn static_worker(id: &str, provider: &str) -> NewStaticWorker {
    NewStaticWorker {
        worker_pool_id: pool_id(),
        worker: worker(id),
        provider_id: provider.to_owned(),
        capacity: 2,
        expires: now() + TimeDelta::hours(1),
        provider_data: json!({}),
        lifecycle: json!({}),
    }
}

#[tokio::test]
async fn removing_a_worker_twice_publishes_one_event() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    create(&db, vec![]).await;
    db.create_pool_worker(&static_worker("w", "cloud"), now()).await.unwrap();
    let remove = async |id| db.remove_pool_worker(&pool_id(), &worker(id), "why", now()).await.unwrap();
    assert!(remove("w").await.is_some() && remove("w").await.is_some());
    assert!(remove("nobody").await.is_none());
    let removed: Vec<_> = events(&db).await.into_iter().filter(|(exchange, _)| exchange == "worker-removed").collect();
    assert_eq!(removed.len(), 1);
    assert_eq!(removed[0].1["reason"], "why");
    let row = db.pool_worker(&pool_id(), &worker("w")).await.unwrap().unwrap();
    assert_eq!(row.state, WorkerState::Stopping);
}

#[tokio::test]
async fn the_oldest_workers_are_over_capacity_first() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    create(&db, vec![]).await;
    for (age, id) in [(3, "old"), (2, "middle"), (1, "new")] {
        db.create_pool_worker(&static_worker(id, "cloud"), now() - TimeDelta::minutes(age)).await.unwrap();
    }
    let advice = async |id| db.pool_worker_advice(&pool_id(), &worker(id), now()).await.unwrap();
    for (id, newer) in [("new", 0), ("middle", 2), ("old", 4)] {
        let expected = Advice { launch_config_archived: false, target: Some(1.0), newer };
        assert_eq!(advice(id).await, Some(expected), "{id}");
    }
    assert_eq!(advice("nobody").await, None);
}

#[tokio::test]
async fn an_error_is_stored_published_and_counted() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let error = NewPoolError {
        error_id: uuid::Builder::from_random_bytes([7; 16]).into_uuid(),
        worker_pool_id: pool_id(),
        worker: Some(worker("w")),
        launch_config_id: Some("lc".to_owned()),
        kind: "a-kind".to_owned(),
        title: "t".to_owned(),
        description: "d".to_owned(),
        extra: r#"{"code":"X"}"#.to_owned(),
    };
    assert_eq!(db.add_pool_error(&error, now()).await.unwrap(), None, "there is no pool");
    create(&db, vec![]).await;
    let added = db.add_pool_error(&error, now()).await.unwrap().unwrap();
    assert_eq!((added.launch_config_id.as_deref(), added.owner.as_str()), (Some("lc"), "o@example.com"));
    let published = events(&db).await.pop().unwrap();
    assert_eq!((published.0.as_str(), &published.1["kind"]), ("worker-pool-error", &json!("a-kind")));
    let listed = db.pool_errors(&pool_id(), &PoolErrorFilter::default(), None, 10).await.unwrap();
    assert_eq!((listed[0].error_id, listed[0].extra.as_str()), (error.error_id, r#"{"code":"X"}"#));
    let counts = db.pool_error_counts(None, 10, now()).await.unwrap();
    let all: Vec<String> = counts.iter().map(|it| format!("{}/{}/{}", it.what, it.key, it.count)).collect();
    let expected =
        ["total//1", "day/0/1", "hour/0/1", "title/t/1", "code/X/1", "pool/proj/pool/1", "launch config/lc/1"];
    assert_eq!(all, expected);
    assert_eq!(db.expire_worker_manager(now() + TimeDelta::seconds(1), 10, now()).await.unwrap(), 1);
}
