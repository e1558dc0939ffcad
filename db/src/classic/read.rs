//! Questions. Each is one statement, so what it answers was true in one moment.

use sqlx::QueryBuilder;

use super::{ClassicBuild, ClassicError, ClassicRequest, ClassicShape, SchedulerDb};

/// How many ids stand in one statement.
const GROUP: usize = 500;
/// How many of the latest requests tell which builders there are; their names have no table of their own.
const LATEST: i64 = 100_000;

/// What the bridge reads and writes, in the order of a build's life.
const COLUMNS: [(&str, &[&str]); 5] = [
    ("sourcestamps", &["id", "branch", "revision", "patchid", "repository", "project"]),
    ("buildsets", &["id", "external_idstring", "reason", "sourcestampid", "submitted_at", "complete"]),
    ("buildset_properties", &["buildsetid", "property_name", "property_value"]),
    (
        "buildrequests",
        &[
            "id",
            "buildsetid",
            "buildername",
            "priority",
            "claimed_at",
            "claimed_by_name",
            "claimed_by_incarnation",
            "complete",
            "results",
            "submitted_at",
        ],
    ),
    ("builds", &["id", "number", "brid", "start_time", "finish_time"]),
];

const BUILDS: &str = "select b.id, b.number, b.brid as request_id, b.start_time, b.finish_time, \
                      coalesce(r.claimed_at, 0) as claimed_at, coalesce(r.complete, 0) as complete, r.results \
                      from builds b join buildrequests r on r.id = b.brid";

impl SchedulerDb {
    /// Requests by their ids; those that are not there are left out.
    pub async fn requests(&self, ids: &[i64]) -> Result<Vec<ClassicRequest>, ClassicError> {
        let mut found = Vec::with_capacity(ids.len());
        for group in ids.chunks(GROUP) {
            let mut sql = QueryBuilder::new(
                "select id, buildsetid as buildset_id, buildername as builder, submitted_at, \
                 coalesce(claimed_at, 0) as claimed_at, coalesce(complete, 0) as complete, results \
                 from buildrequests where id in (",
            );
            let mut list = sql.separated(", ");
            for id in group {
                list.push_bind(*id);
            }
            sql.push(") order by id");
            let rows: Vec<ClassicRequest> = self.within(sql.build_query_as().fetch_all(&self.pool)).await?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// The highest id of a request.
    pub async fn newest_request(&self) -> Result<Option<i64>, ClassicError> {
        self.within(sqlx::query_scalar("select max(id) from buildrequests").fetch_one(&self.pool)).await
    }

    /// The builds of a request, the oldest first. A build that serves several requests has a row for each.
    pub async fn builds(&self, request: i64) -> Result<Vec<ClassicBuild>, ClassicError> {
        let mut sql = QueryBuilder::new(BUILDS);
        sql.push(" where b.brid = ").push_bind(request).push(" order by b.id");
        self.within(sql.build_query_as().fetch_all(&self.pool)).await
    }

    /// One build.
    pub async fn build(&self, build: i64) -> Result<Option<ClassicBuild>, ClassicError> {
        let mut sql = QueryBuilder::new(BUILDS);
        sql.push(" where b.id = ").push_bind(build);
        self.within(sql.build_query_as().fetch_optional(&self.pool)).await
    }

    /// All builds of open requests that have not ended, the oldest first.
    pub async fn running_builds(&self) -> Result<Vec<ClassicBuild>, ClassicError> {
        let mut sql = QueryBuilder::new(BUILDS);
        sql.push(" where r.complete = 0 and b.finish_time is null order by b.id");
        self.within(sql.build_query_as().fetch_all(&self.pool)).await
    }

    /// Open requests that the same running build serves besides the one it is asked for.
    pub async fn sharers(&self, build: i64) -> Result<Vec<i64>, ClassicError> {
        let sql = "select o.id from builds b \
                   join buildrequests r on r.id = b.brid \
                   join builds c on c.number = b.number and c.id <> b.id \
                   join buildrequests o on o.id = c.brid \
                   where b.id = ? and o.id <> r.id and o.complete = 0 and c.finish_time is null \
                     and o.buildername = r.buildername and o.claimed_by_name = r.claimed_by_name \
                     and o.claimed_by_incarnation = r.claimed_by_incarnation order by o.id";
        self.within(sqlx::query_scalar(sql).bind(build).fetch_all(&self.pool)).await
    }

    /// The branch that a request is for. The outer `None`: there is no such request.
    pub async fn branch(&self, request: i64) -> Result<Option<Option<String>>, ClassicError> {
        let sql = "select t.branch from buildrequests r join buildsets s on s.id = r.buildsetid \
                   join sourcestamps t on t.id = s.sourcestampid where r.id = ?";
        self.within(sqlx::query_scalar(sql).bind(request).fetch_optional(&self.pool)).await
    }

    /// Names and values of the properties that a request was made with; values are JSON `[value, source]`.
    pub async fn properties(&self, request: i64) -> Result<Vec<(String, String)>, ClassicError> {
        let sql = "select p.property_name, p.property_value from buildrequests r \
                   join buildset_properties p on p.buildsetid = r.buildsetid where r.id = ?";
        self.within(sqlx::query_as(sql).bind(request).fetch_all(&self.pool)).await
    }

    /// The names of builders that had one of the latest requests.
    pub async fn builders(&self) -> Result<Vec<String>, ClassicError> {
        let sql = "select distinct buildername from buildrequests \
                   where id > (select coalesce(max(id), 0) from buildrequests) - ? order by buildername";
        self.within(sqlx::query_scalar(sql).bind(LATEST).fetch_all(&self.pool)).await
    }

    /// Whether the tables are as expected.
    pub async fn shape(&self) -> Result<ClassicShape, ClassicError> {
        let server = self.within(sqlx::query_scalar("select version()").fetch_one(&self.pool)).await?;
        let sql = "select cast(concat(table_name, '.', column_name) as char) from information_schema.columns \
                   where table_schema = database()";
        let there: Vec<String> = self.within(sqlx::query_scalar(sql).fetch_all(&self.pool)).await?;
        let sql = "select count(*) from information_schema.statistics where table_schema = database() \
                   and table_name = 'buildsets' and column_name = 'external_idstring' and seq_in_index = 1";
        let indexes: i64 = self.within(sqlx::query_scalar(sql).fetch_one(&self.pool)).await?;
        let all = COLUMNS.iter().flat_map(|(table, columns)| columns.iter().map(move |it| format!("{table}.{it}")));
        let missing = all.filter(|column| !there.contains(column)).collect();
        Ok(ClassicShape { server, missing, indexed: indexes > 0 })
    }
}
