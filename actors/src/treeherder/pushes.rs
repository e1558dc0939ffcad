//! Requests about whole pushes.

use std::{sync::Arc, time::Duration};

use bus::{Bus, ContentType, Exchange, Message};
use db::{Db, DbError};
use protocol::{
    id::TaskId,
    treeherder::{PushRow, PushTask, ReplayPush, ReportedTask},
};

use super::{PushError, REPLAY_EXCHANGE};

/// Tasks in one query.
const PAGE: i32 = 500;
const CONFIRM_WITHIN: Duration = Duration::from_secs(10);

/// What is known of pushes.
#[derive(Clone)]
pub struct Pushes {
    pub db: Db,
    pub bus: Arc<dyn Bus>,
    /// First words of the routes of which a task of a push has one.
    pub route_prefixes: Vec<String>,
}

impl Pushes {
    /// The row of a push, as Treeherder would show it now.
    pub async fn row(&self, project: &str, revision: &str) -> Result<PushRow, PushError> {
        let mut tasks: Vec<PushTask> = Vec::new();
        let mut after = None;
        loop {
            let ids = page(&self.db, project, revision, after).await?;
            let rows = self.db.tasks(&ids, true).await?;
            let read = rows.into_iter().filter_map(|row| {
                let task = ReportedTask::read(row.status.task_id, &row.definition, &self.route_prefixes);
                task.ok().map(|task| (task, row.status))
            });
            tasks.extend(read);
            after = ids.last().copied();
            if ids.len() < PAGE.unsigned_abs() as usize {
                break;
            }
        }
        if tasks.is_empty() {
            return Err(no_such_push(project, revision));
        }
        Ok(PushRow::of(project, revision, &tasks))
    }

    /// Requests that all jobs of a push are published once more. Reporters do it in turn with other events.
    pub async fn replay(&self, project: &str, revision: &str) -> Result<(), PushError> {
        if self.db.push_tasks(project, revision, None, 1).await?.is_empty() {
            return Err(no_such_push(project, revision));
        }
        self.bus.declare(Exchange::topic(REPLAY_EXCHANGE)).await?;
        let push = ReplayPush { project: project.to_owned(), revision: revision.to_owned() };
        let message = Message {
            exchange: REPLAY_EXCHANGE.into(),
            routing_key: format!("{project}.{revision}"),
            cc: Vec::new(),
            content_type: ContentType::Protobuf,
            body: push.to_proto().into(),
            id: String::new(),
            replayed: false,
        };
        Ok(self.bus.publish(&[message], CONFIRM_WITHIN).await?)
    }
}

/// Some tasks of a push, by id.
pub(super) async fn page(
    db: &Db,
    project: &str,
    revision: &str,
    after: Option<TaskId>,
) -> Result<Vec<TaskId>, DbError> {
    db.push_tasks(project, revision, after, PAGE).await
}

fn no_such_push(project: &str, revision: &str) -> PushError {
    PushError::NoSuchPush { project: project.to_owned(), revision: revision.to_owned() }
}
