//! A batch connection and the pool when calls fail, are cancelled, or lose their connection.

use std::time::Duration;

use tokio::time::timeout;

use crate::testing::TestDatabase;
use crate::{BatchConnection, Db, DbError, DbSettings};

async fn ask<T>(connection: &mut BatchConnection, sql: &'static str) -> Result<T, DbError>
where
    T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    let query = sqlx::query_scalar(sql);
    let answered = query.fetch_one(connection.ensure().await?).await;
    connection.settle(answered)
}

async fn backend(connection: &mut BatchConnection) -> i32 {
    ask(connection, "select pg_backend_pid()").await.unwrap()
}

async fn end_backend(db: &Db, backend: i32) {
    sqlx::query("select pg_terminate_backend($1, 5000)").bind(backend).execute(db.pool()).await.unwrap();
}

#[tokio::test]
async fn a_batcher_keeps_its_connection() {
    let database = TestDatabase::create().await;
    let mut connection = database.db().await.batch_connection();
    connection.ready().await.unwrap();
    assert_eq!(backend(&mut connection).await, backend(&mut connection).await);
    assert_eq!(ask::<String>(&mut connection, "show plan_cache_mode").await.unwrap(), "force_generic_plan");
}

#[tokio::test]
async fn a_connection_that_ends_in_use_fails_once_and_is_opened_again() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let mut connection = db.batch_connection();
    let before = backend(&mut connection).await;
    end_backend(&db, before).await;
    connection.last_used = tokio::time::Instant::now();
    let error = ask::<i32>(&mut connection, "select 1").await.unwrap_err();
    assert!(matches!(error, DbError::Away { .. }) && error.is_retryable(), "{error:?}");
    assert_ne!(backend(&mut connection).await, before);
}

#[tokio::test]
async fn an_idle_connection_that_ended_is_opened_again_unnoticed() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let mut connection = db.batch_connection();
    let before = backend(&mut connection).await;
    end_backend(&db, before).await;
    connection.last_used -= super::IDLE;
    assert_ne!(backend(&mut connection).await, before);
}

#[tokio::test]
async fn a_call_given_up_half_way_costs_the_connection_and_nothing_else() {
    let database = TestDatabase::create().await;
    let mut connection = database.db().await.batch_connection();
    let before = backend(&mut connection).await;
    let given_up =
        timeout(Duration::from_millis(50), ask::<String>(&mut connection, "select pg_sleep(20)::text")).await;
    assert!(given_up.is_err());
    assert_ne!(backend(&mut connection).await, before);
}

#[tokio::test]
async fn a_refused_statement_keeps_the_connection_and_says_why() {
    let database = TestDatabase::create().await;
    let mut connection = database.db().await.batch_connection();
    let before = backend(&mut connection).await;
    let sql = "insert into schema_version (version) values (1) returning version";
    let error = ask::<i32>(&mut connection, sql).await.unwrap_err();
    assert!(error.code() == Some("23505") && error.to_string().contains("schema_version_pkey"), "{error}");
    assert!(!error.is_retryable());
    assert_eq!(backend(&mut connection).await, before);
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_late() {
    let database = TestDatabase::create().await;
    let settings = DbSettings { statement_timeout: Duration::from_millis(50), ..DbSettings::new(database.url()) };
    let db = Db::connect(&settings).await.unwrap();
    let error = DbError::from(sqlx::query("select pg_sleep(20)").execute(db.pool()).await.unwrap_err());
    assert!(matches!(error, DbError::Late { .. }), "{error:?}");
    assert_eq!(error.code(), Some("57014"));
    db.ping().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_away() {
    let error = Db::connect(&DbSettings::new("postgresql:///postgres?host=/nowhere&user=nobody")).await.unwrap_err();
    assert!(matches!(error, DbError::Away { .. }), "{error:?}");
}

#[tokio::test]
async fn a_url_that_is_none_is_named() {
    let error = Db::connect(&DbSettings::new("mysql of the heart")).await.unwrap_err();
    assert!(error.to_string().starts_with("the database URL cannot be used"), "{error}");
}

#[test]
fn a_password_is_not_shown() {
    let settings = DbSettings::new("postgresql://me:secret@somewhere/drover");
    assert!(!format!("{settings:?}").contains("secret"));
}
