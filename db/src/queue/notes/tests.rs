use chrono::TimeDelta;
use protocol::{
    id::{TaskGroupId, TaskQueueId},
    state::{Priority, Requires},
};
use uuid::Uuid;

use super::*;
use crate::{
    queue::{CreateBatch, NewTaskRow},
    testing::TestDatabase,
};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_700_000_000_000).unwrap()
}

fn note(source: &str, message: &str) -> TaskNote {
    TaskNote { source: source.to_owned(), kind: "waits".to_owned(), message: message.to_owned(), at: now() }
}

async fn task(db: &Db) -> TaskId {
    let id = TaskId(Uuid::from_u128(0x1234_5678_9abc_4ef0_8123_4567_89ab_cdef));
    let row = NewTaskRow {
        task_id: id,
        task_group_id: TaskGroupId(id.0),
        task_queue_id: TaskQueueId("p/w".to_owned()),
        scheduler_id: "-".to_owned(),
        project_id: "none".to_owned(),
        priority: Priority::Lowest,
        retries: 5,
        requires: Requires::AllCompleted,
        deadline: now() + TimeDelta::hours(1),
        expires: now() + TimeDelta::hours(2),
        dependencies: Vec::new(),
        has_routes: true,
        body: "{}".to_owned(),
        trace: None,
    };
    db.batch_connection().create_tasks(&CreateBatch::new(&[row], &[]), now()).await.unwrap();
    id
}

#[tokio::test]
async fn a_source_has_one_note_about_a_task_and_takes_it_back() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let id = task(&db).await;
    assert!(db.set_task_note(id, &note("treeherder", "It cannot be expressed.")).await.unwrap());
    assert!(db.set_task_note(id, &note("buildbot", "It waits at master one.")).await.unwrap());

    let later = TaskNote { at: now() + TimeDelta::minutes(1), ..note("buildbot", "It waits at master two.") };
    db.set_task_note(id, &later).await.unwrap();
    let same = TaskNote { at: now() + TimeDelta::minutes(2), ..later.clone() };
    db.set_task_note(id, &same).await.unwrap();
    let notes = db.task_notes(id).await.unwrap();
    assert_eq!(notes, [later, note("treeherder", "It cannot be expressed.")]);

    assert!(db.drop_task_note(id, "buildbot").await.unwrap());
    assert!(!db.drop_task_note(id, "buildbot").await.unwrap());
    assert_eq!(db.task_notes(id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_note_needs_its_task_and_goes_with_it() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let unknown = TaskId(Uuid::nil());
    assert!(!db.set_task_note(unknown, &note("buildbot", "It waits.")).await.unwrap());
    assert!(db.task_notes(unknown).await.unwrap().is_empty());

    let id = task(&db).await;
    db.set_task_note(id, &note("buildbot", "It waits.")).await.unwrap();
    let after = now() + TimeDelta::hours(3);
    assert_eq!(db.expire_rows(after, 10, after).await.unwrap(), 1);
    assert!(db.task_notes(id).await.unwrap().is_empty());
}

#[tokio::test]
async fn words_that_are_too_long_are_cut_and_a_note_without_words_is_refused() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let id = task(&db).await;
    db.set_task_note(id, &note("buildbot", &"ü".repeat(5000))).await.unwrap();
    assert_eq!(db.task_notes(id).await.unwrap()[0].message.chars().count(), LONGEST_MESSAGE);
    assert!(db.set_task_note(id, &note("buildbot", "")).await.is_err());
}
