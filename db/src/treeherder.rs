//! Reads and writes of the Treeherder reporter: `push_tasks_add`, `push_tasks`, `run_artifact_names`, `expire_push_tasks`.

use protocol::{
    id::{RunId, TaskId},
    time::Timestamp,
};
use sqlx::Row;

use crate::{Db, DbError, queue::decode};

/// A task of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushTaskRow {
    /// As Treeherder calls it: without the owner of the repository.
    pub project: String,
    pub revision: String,
    pub task_id: TaskId,
    /// That of the task.
    pub expires: Timestamp,
}

impl Db {
    /// `push_tasks_add`, safe to repeat.
    pub async fn add_push_tasks(&self, rows: &[PushTaskRow]) -> Result<(), DbError> {
        let call = sqlx::query("select push_tasks_add($1,$2,$3,$4)")
            .bind(rows.iter().map(|row| row.project.as_str()).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.revision.as_str()).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.task_id.0).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.expires).collect::<Vec<_>>());
        call.execute(self.pool()).await?;
        Ok(())
    }

    /// `push_tasks`: by id, at most `limit` after the given one.
    pub async fn push_tasks(
        &self,
        project: &str,
        revision: &str,
        after: Option<TaskId>,
        limit: i32,
    ) -> Result<Vec<TaskId>, DbError> {
        let call = sqlx::query_scalar("select push_tasks($1,$2,$3,$4)").bind(project).bind(revision);
        let found = call.bind(after.map(|task| task.0)).bind(limit).fetch_all(self.pool()).await?;
        Ok(found.into_iter().map(TaskId).collect())
    }

    /// `run_artifact_names`: one list for each run, in order of the names, at most `limit` each.
    pub async fn run_artifact_names(&self, runs: &[(TaskId, RunId)], limit: i32) -> Result<Vec<Vec<String>>, DbError> {
        let mut names = vec![Vec::new(); runs.len()];
        if runs.is_empty() {
            return Ok(names);
        }
        let call = sqlx::query("select * from run_artifact_names($1,$2,$3)")
            .bind(runs.iter().map(|(task, _)| task.0).collect::<Vec<_>>())
            .bind(runs.iter().map(|(_, run)| *run).collect::<Vec<_>>())
            .bind(limit);
        for row in call.fetch_all(self.pool()).await? {
            let place = usize::try_from(row.try_get::<i32, _>("place")?).unwrap_or(0);
            let of_run = place.checked_sub(1).and_then(|index| names.get_mut(index));
            let of_run = of_run.ok_or_else(|| decode(format!("run_artifact_names returned place {place}")))?;
            of_run.push(row.try_get("name")?);
        }
        Ok(names)
    }

    /// `expire_push_tasks`: how many are gone.
    pub async fn expire_push_tasks(&self, before: Timestamp, limit: i32) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select expire_push_tasks($1,$2)").bind(before).bind(limit);
        Ok(call.fetch_one(self.pool()).await?)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use uuid::Uuid;

    use super::*;
    use crate::testing::TestDatabase;

    fn row(project: &str, number: u128, hours: i64) -> PushTaskRow {
        let now = DateTime::from_timestamp_millis(1_700_000_000_000).unwrap();
        let task_id = TaskId(Uuid::from_u128(number));
        PushTaskRow {
            project: project.to_owned(),
            revision: "a".repeat(40),
            task_id,
            expires: now + TimeDelta::hours(hours),
        }
    }

    #[tokio::test]
    async fn tasks_of_a_push_are_found_page_by_page_until_they_expire() {
        let database = TestDatabase::create().await;
        let db = database.db().await;
        let rows = [row("try", 3, 9), row("try", 1, 1), row("try", 2, 9), row("other", 4, 1)];
        db.add_push_tasks(&rows).await.unwrap();
        db.add_push_tasks(&[rows[0].clone(), rows[0].clone()]).await.unwrap();

        let revision = "a".repeat(40);
        let first = db.push_tasks("try", &revision, None, 2).await.unwrap();
        let second = db.push_tasks("try", &revision, first.last().copied(), 2).await.unwrap();
        assert_eq!([first, second].concat(), [1, 2, 3].map(|number| TaskId(Uuid::from_u128(number))));
        assert_eq!(db.push_tasks("try", &"b".repeat(40), None, 9).await.unwrap(), []);

        let later = row("", 0, 5).expires;
        assert_eq!(db.expire_push_tasks(later, 9).await.unwrap(), 2);
        assert_eq!(db.push_tasks("try", &revision, None, 9).await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn runs_without_artifacts_have_empty_lists() {
        let database = TestDatabase::create().await;
        let task_id = TaskId(Uuid::from_u128(1));
        let names = database.db().await.run_artifact_names(&[(task_id, 0), (task_id, 1)], 5).await.unwrap();
        assert_eq!(names, [Vec::<String>::new(), Vec::new()]);
    }
}
