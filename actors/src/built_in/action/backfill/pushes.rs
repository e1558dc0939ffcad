//! The pushes before one, as the index has them.

use protocol::{
    id::{TaskGroupId, TaskId},
    reference::ScopeParams,
    task::TaskDefinition,
};

use super::super::{ActionError, Caller, Result};
use crate::{
    index::{IndexEntry, IndexPath},
    kit::PageAfter,
};

/// More revisions of a project are not looked through.
const MAX_REVISIONS: usize = 100_000;
const PAGE: i64 = 1000;

/// Where the index has the decision tasks of a project.
#[derive(Debug, PartialEq, Eq)]
struct PushIndex {
    /// With `revision` as its last word.
    namespace: String,
    /// After the revision.
    name: String,
}

/// The decision tasks of at most `depth` pushes before that of a group, the newest first.
pub(super) async fn before(caller: &Caller<'_>, group: TaskGroupId, depth: usize) -> Result<Vec<TaskId>> {
    let decision_task = TaskId(group.0);
    let definition = caller.definition(decision_task).await?;
    let Some(push_index) = push_index(&definition) else {
        let words = format!(
            "the pushes of this project are not known: the decision task {decision_task} has no route \
             `index.<project>.revision.<revision>.<name>`"
        );
        return Err(ActionError::Input(words));
    };
    let mut entries = caller.decision_tasks(&push_index).await?;
    // Of equal ranks, as where the index knows none, the one that was made earlier expires earlier.
    entries.sort_by(|a, b| b.rank.total_cmp(&a.rank).then(b.expires.cmp(&a.expires)).then(a.task_id.cmp(&b.task_id)));
    let own = entries.iter().position(|entry| entry.task_id == decision_task);
    let Some(own) = own else {
        let PushIndex { namespace, name } = push_index;
        let words =
            format!("the index does not have the decision task {decision_task} below `{namespace}` as `{name}`");
        return Err(ActionError::Input(words));
    };
    Ok(entries.iter().skip(own + 1).take(depth).map(|entry| entry.task_id).collect())
}

/// The longest one: of a branch rather than of all branches.
fn push_index(decision_task: &TaskDefinition) -> Option<PushIndex> {
    let indexes = decision_task.routes.iter().filter_map(|route| {
        let (project, rest) = route.strip_prefix("index.")?.split_once(".revision.")?;
        let (_, name) = rest.split_once('.')?;
        Some(PushIndex { namespace: format!("{project}.revision"), name: name.to_owned() })
    });
    indexes.max_by_key(|push_index| push_index.namespace.len())
}

impl Caller<'_> {
    async fn decision_tasks(&self, push_index: &PushIndex) -> Result<Vec<IndexEntry>> {
        let PushIndex { namespace, name } = push_index;
        self.may_at("index", "listNamespaces", ScopeParams::new().text("namespace", namespace)).await?;
        let (mut entries, mut revisions, mut after) = (Vec::new(), 0, None);
        loop {
            let page = self.actions.index.namespaces(namespace, PageAfter { after, limit: PAGE }).await?;
            revisions += page.rows.len();
            let paths: Vec<IndexPath> = page
                .rows
                .iter()
                .filter_map(|revision| format!("{namespace}.{}.{name}", revision.name).parse().ok())
                .collect();
            if !paths.is_empty() {
                let params = ScopeParams::new().list("indexPaths", paths.iter().map(IndexPath::as_str));
                self.may_at("index", "findTasksAtIndex", params).await?;
                let found = self.actions.index.find_all(&paths, PageAfter { after: None, limit: PAGE }).await?;
                entries.extend(found.rows);
            }
            after = page.next;
            if after.is_none() {
                return Ok(entries);
            }
            if revisions >= MAX_REVISIONS {
                let words = format!("`{namespace}` must have at most {MAX_REVISIONS} revisions; it has more");
                return Err(ActionError::Input(words));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use base::{Rng, TestClock};

    use super::*;
    use crate::queue::tests::new_task;

    #[test]
    fn the_place_of_a_push_is_that_of_its_branch_where_there_is_one() {
        let push_index = |routes: &[&str]| {
            let clock = TestClock::at("2026-11-28T00:00:00Z".parse().unwrap());
            let mut task = new_task(&Rng::seeded(1), &clock, &[]).definition;
            task.routes = routes.iter().map(|route| (*route).to_owned()).collect();
            push_index(&task).map(|push_index| (push_index.namespace, push_index.name))
        };
        let of_all = "index.a.v2.b.revision.0123.taskgraph.decision";
        let of_branch = "index.a.v2.b.branch.main.revision.0123.taskgraph.decision";
        let found = |namespace: &str| Some((namespace.to_owned(), "taskgraph.decision".to_owned()));
        assert_eq!(push_index(&["checks", "index.a.latest", of_all]), found("a.v2.b.revision"));
        assert_eq!(push_index(&[of_all, of_branch]), found("a.v2.b.branch.main.revision"));
        for route in ["notify.a.revision.b.c", "index.a.revision.b", "index.revision.b.c"] {
            assert_eq!(push_index(&[route]), None, "{route}");
        }
    }
}
