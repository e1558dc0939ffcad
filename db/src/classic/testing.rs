//! A scheduler database of its own for each test, and what a master does to it.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, MySqlPool, QueryBuilder, Row, mysql::MySqlPoolOptions};

pub use super::server::MariaDb;

const SCHEMA: &str = include_str!("schema.sql");
/// As whom the master claims.
const MASTER: (&str, &str) = ("bm01.example.com:/builds/master", "pid4711-boot1");

/// A fresh database, with the part of a master.
#[derive(Debug, Clone)]
pub struct TestScheduler {
    pool: MySqlPool,
    url: String,
}

impl TestScheduler {
    /// `None`, said plainly, where there is no server.
    pub async fn create(test: &str) -> Option<Self> {
        let Some(url) = MariaDb::shared().await else {
            println!("SKIPPED: {test}; it needs mariadbd, or DROVER_TEST_MYSQL_URL");
            return None;
        };
        Some(Self::create_at(url).await)
    }

    /// On this server.
    pub async fn create_at(server: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        // Letters as the servers of that time had them.
        let name = format!("drover_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let admin = pool(server).await;
        for sql in [format!("drop database if exists {name}"), format!("create database {name} character set latin1")] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&admin).await.expect("a database");
        }
        admin.close().await;
        let url = format!("{server}{name}");
        let pool = pool(&url).await;
        sqlx::raw_sql(SCHEMA).execute(&pool).await.expect("the tables of a master");
        Self { pool, url }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// A builder takes requests and begins one build of them. Answers the row of each.
    pub async fn start(&self, requests: &[i64], number: i64, now: i64) -> Vec<i64> {
        self.claim(requests, now).await;
        let mut builds = Vec::new();
        for request in requests {
            let insert = sqlx::query("insert into builds (number, brid, start_time) values (?, ?, ?)");
            let made = insert.bind(number).bind(request).bind(now).execute(&self.pool).await.expect("a build");
            builds.push(i64::try_from(made.last_insert_id()).expect("a small number"));
        }
        builds
    }

    /// A builder takes requests; no build has begun.
    pub async fn claim(&self, requests: &[i64], now: i64) {
        let mut sql = QueryBuilder::new("update buildrequests set claimed_at = ");
        sql.push_bind(now).push(", claimed_by_name = ").push_bind(MASTER.0);
        sql.push(", claimed_by_incarnation = ").push_bind(MASTER.1);
        self.on(sql, requests).await;
    }

    /// The build is over; what becomes of its requests is written a moment later.
    pub async fn stop(&self, builds: &[i64], now: i64) {
        let mut sql = QueryBuilder::new("update builds set finish_time = ");
        sql.push_bind(now);
        self.on(sql, builds).await;
    }

    /// These requests ended like this.
    pub async fn retire(&self, requests: &[i64], results: i64, now: i64) {
        let mut sql = QueryBuilder::new("update buildrequests set complete = 1, results = ");
        sql.push_bind(results).push(", complete_at = ").push_bind(now);
        self.on(sql, requests).await;
    }

    /// After RETRY the requests wait for the next build.
    pub async fn resubmit(&self, requests: &[i64]) {
        let sql = "update buildrequests set claimed_at = 0, claimed_by_name = null, claimed_by_incarnation = null";
        self.on(QueryBuilder::new(sql), requests).await;
    }

    /// Somebody cancels a request that waits: it is over as failed, though nobody ever claimed it.
    pub async fn cancel_pending(&self, request: i64, now: i64) {
        self.retire(&[request], 2, now).await;
    }

    /// Somebody stops a build that runs: it and its request end as cancelled.
    pub async fn interrupt(&self, build: i64, now: i64) {
        self.stop(&[build], now).await;
        let mut sql = QueryBuilder::new("update buildrequests set complete = 1, results = 6, complete_at = ");
        sql.push_bind(now).push(" where id = (select brid from builds where id = ").push_bind(build).push(")");
        sql.build().execute(&self.pool).await.expect("the master's own statement");
    }

    /// A row of each kind that a request consists of, as `(buildsets, properties, requests)`.
    pub async fn counts(&self) -> (i64, i64, i64) {
        let sql = "select (select count(*) from buildsets), (select count(*) from buildset_properties), \
                   (select count(*) from buildrequests)";
        let row = sqlx::query(sql).fetch_one(&self.pool).await.expect("counts");
        (row.get(0), row.get(1), row.get(2))
    }

    /// The oldest request.
    pub async fn first_request(&self) -> i64 {
        let asked = sqlx::query_scalar("select coalesce(min(id), 0) from buildrequests").fetch_one(&self.pool);
        asked.await.expect("a request")
    }

    /// Anything else, for tests that break something.
    pub async fn run(&self, sql: &str) {
        let ran = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&self.pool).await;
        ran.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    async fn on(&self, mut sql: QueryBuilder<sqlx::MySql>, ids: &[i64]) {
        sql.push(" where id in (");
        let mut list = sql.separated(", ");
        for id in ids {
            list.push_bind(*id);
        }
        sql.push(")");
        sql.build().execute(&self.pool).await.expect("the master's own statement");
    }
}

async fn pool(url: &str) -> MySqlPool {
    let pool = MySqlPoolOptions::new().max_connections(2).connect(url).await;
    pool.unwrap_or_else(|error| panic!("the test server: {error}"))
}
