//! The index: tasks by names that people can remember.

use protocol::{id::TaskId, time::Timestamp};
use sqlx::{FromRow, postgres::PgRow};
use uuid::Uuid;

use crate::{Db, DbError};

/// A task under a path, which is the namespace and the name with a dot between them.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexEntry {
    /// Empty for a path of one word.
    pub namespace: String,
    pub name: String,
    pub rank: f64,
    pub task_id: TaskId,
    /// JSON text of an object.
    pub data: String,
    pub expires: Timestamp,
}

/// A namespace in another.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct IndexNamespace {
    /// Empty for the root.
    pub parent: String,
    pub name: String,
    pub expires: Timestamp,
}

/// Namespace and name.
pub type IndexKey = (String, String);

impl Db {
    /// `index_insert`: all or none; what stands at these paths then, in any order. `namespaces` are those on the way.
    pub async fn index_insert(
        &self,
        entries: &[IndexEntry],
        namespaces: &[IndexNamespace],
        now: Timestamp,
    ) -> Result<Vec<IndexEntry>, DbError> {
        let call = sqlx::query("select * from index_insert($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)")
            .bind(column(entries, |entry| entry.namespace.as_str()))
            .bind(column(entries, |entry| entry.name.as_str()))
            .bind(column(entries, |entry| entry.rank))
            .bind(column(entries, |entry| entry.task_id.0))
            .bind(column(entries, |entry| entry.data.as_str()))
            .bind(column(entries, |entry| entry.expires))
            .bind(column(namespaces, |namespace| namespace.parent.as_str()))
            .bind(column(namespaces, |namespace| namespace.name.as_str()))
            .bind(column(namespaces, |namespace| namespace.expires))
            .bind(now);
        read(&call.fetch_all(self.pool()).await?)
    }

    /// `index_find`: what stands at these paths, at most `limit` after the given one.
    pub async fn index_find(
        &self,
        keys: &[IndexKey],
        after: Option<&IndexKey>,
        limit: i32,
        now: Timestamp,
    ) -> Result<Vec<IndexEntry>, DbError> {
        let call = sqlx::query("select * from index_find($1,$2,$3,$4,$5,$6)")
            .bind(column(keys, |(namespace, _)| namespace.as_str()))
            .bind(column(keys, |(_, name)| name.as_str()))
            .bind(after.map(|(namespace, _)| namespace))
            .bind(after.map(|(_, name)| name))
            .bind(limit)
            .bind(now);
        read(&call.fetch_all(self.pool()).await?)
    }

    /// `index_tasks`: by name, at most `limit` after the given one.
    pub async fn index_tasks(
        &self,
        namespace: &str,
        after: Option<&str>,
        limit: i32,
        now: Timestamp,
    ) -> Result<Vec<IndexEntry>, DbError> {
        let call = sqlx::query("select * from index_tasks($1,$2,$3,$4)").bind(namespace).bind(after);
        read(&call.bind(limit).bind(now).fetch_all(self.pool()).await?)
    }

    /// `index_namespaces`: by name, at most `limit` after the given one.
    pub async fn index_namespaces(
        &self,
        parent: &str,
        after: Option<&str>,
        limit: i32,
        now: Timestamp,
    ) -> Result<Vec<IndexNamespace>, DbError> {
        let call = sqlx::query_as("select * from index_namespaces($1,$2,$3,$4)").bind(parent).bind(after);
        Ok(call.bind(limit).bind(now).fetch_all(self.pool()).await?)
    }

    /// `index_delete`, safe to repeat.
    pub async fn index_delete(&self, namespace: &str, name: &str) -> Result<(), DbError> {
        sqlx::query("select index_delete($1,$2)").bind(namespace).bind(name).execute(self.pool()).await?;
        Ok(())
    }

    /// `expire_services`: drops expired entries, namespaces, secrets and purges; the most of a kind that were dropped.
    pub async fn expire_services(&self, limit: i32, now: Timestamp) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select expire_services($1,$2)").bind(limit).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }
}

fn column<'r, R, T>(rows: &'r [R], value: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

#[derive(FromRow)]
struct EntryRow {
    namespace: String,
    name: String,
    rank: f64,
    task_id: Uuid,
    data: String,
    expires: Timestamp,
}

fn read(rows: &[PgRow]) -> Result<Vec<IndexEntry>, DbError> {
    let entry = |row: &PgRow| {
        let EntryRow { namespace, name, rank, task_id, data, expires } = EntryRow::from_row(row)?;
        Ok(IndexEntry { namespace, name, rank, task_id: TaskId(task_id), data, expires })
    };
    Ok(rows.iter().map(entry).collect::<Result<_, sqlx::Error>>()?)
}
