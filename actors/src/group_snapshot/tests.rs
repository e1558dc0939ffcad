use db::testing::TestDatabase;
use protocol::id::TaskId;

use super::*;

fn id(number: u32) -> TaskId {
    TaskId::from_random([number.to_be_bytes().as_slice(), &[7; 12]].concat().try_into().unwrap())
}

/// A group of so many tasks, each of which depends on the one before.
async fn group_of(database: &TestDatabase, size: u32) -> TaskGroupId {
    let group = id(0);
    let insert = "insert into drover.task_group (task_group_id, scheduler_id, expires)";
    database.run(&format!("{insert} values ('{}', 's', '2100-01-01')", group.0)).await;
    for first in (0..size).step_by(1000) {
        let (mut tasks, mut definitions) = (Vec::new(), Vec::new());
        for number in first..size.min(first + 1000) {
            let (uuid, before) = (id(number).0, id(number.saturating_sub(1)));
            tasks.push(format!(
                "('{uuid}', '{}', '2100-01-01', '2100-01-01', 0, 1, 0, 0, 0, -1, 'p/q', 's', 'none')",
                group.0
            ));
            let body = format!(
                r#"{{"created":"2026-01-01T00:00:00.000Z","dependencies":["{before}"],"metadata":{{"name":"task {number}"}}}}"#
            );
            definitions.push(format!("('{uuid}', 1, '{body}')"));
        }
        let columns =
            "(task_id, task_group_id, deadline, expires, unsatisfied_dependencies, priority, retries, retries_left,
                        state, run_id, task_queue_id, scheduler_id, project_id)";
        database.run(&format!("insert into drover.task {columns} values {}", tasks.join(","))).await;
        database.run(&format!("insert into drover.task_definition values {}", definitions.join(","))).await;
    }
    group.into()
}

#[tokio::test]
async fn a_group_of_twenty_thousand_tasks_is_read_whole() {
    let database = TestDatabase::create().await;
    let snapshots = GroupSnapshots::new(database.db().await);
    let snapshot = snapshots.read(group_of(&database, 20_000).await).await.unwrap();
    assert_eq!(snapshot.tasks.id.len(), 20_000);
    let row = snapshot.tasks.name.iter().position(|name| name == "task 19999").unwrap();
    let before = snapshot.tasks.deps[row][0] as usize;
    assert_eq!((snapshot.tasks.name[before].as_str(), snapshot.tasks.runs[row]), ("task 19998", 0));
}

#[tokio::test]
async fn a_group_that_does_not_exist_is_not_found() {
    let database = TestDatabase::create().await;
    let snapshots = GroupSnapshots::new(database.db().await);
    let error = snapshots.read(id(1).into()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ResourceNotFound);
}

#[tokio::test]
async fn a_task_that_cannot_be_read_hides_no_other() {
    let database = TestDatabase::create().await;
    let snapshots = GroupSnapshots::new(database.db().await);
    let group = group_of(&database, 3).await;
    database.run(&format!("update drover.task_definition set body = '{{' where task_id = '{}'", id(1).0)).await;
    let snapshot = snapshots.read(group).await.unwrap();
    assert_eq!(snapshot.tasks.name, ["task 0", "", "task 2"]);
}
