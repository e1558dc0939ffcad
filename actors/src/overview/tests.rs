use base::TestClock;
use db::testing::TestDatabase;
use protocol::id::TaskId;

use super::*;

fn id(number: u8) -> TaskId {
    TaskId::from_random([number; 16])
}

async fn add_group(database: &TestDatabase, group: u8, expires: &str) {
    let insert = "insert into drover.task_group (task_group_id, scheduler_id, expires)";
    database.run(&format!("{insert} values ('{}', 's', '{expires}')", id(group).0)).await;
}

async fn add_task(database: &TestDatabase, group: u8, task: u8, state: u8, body: &str) {
    let columns =
        "(task_id, task_group_id, deadline, expires, unsatisfied_dependencies, priority, retries, retries_left,
                    state, run_id, task_queue_id, scheduler_id, project_id)";
    let values = format!("'{}', '{}', '2100-01-01', '2100-01-01', 0, 1, 0, 0, {state}, 0", id(task).0, id(group).0);
    database.run(&format!("insert into drover.task {columns} values ({values}, 'p/q', 's', 'none')")).await;
    database.run(&format!("insert into drover.task_definition values ('{}', 1, '{body}')", id(task).0)).await;
}

fn body(name: &str) -> String {
    let metadata = format!(r#"{{"name":"{name}","owner":"o@example.com","source":"https://example.com"}}"#);
    format!(r#"{{"created":"2026-01-01T00:00:00.000Z","metadata":{metadata}}}"#)
}

fn overview(db: Db) -> Overview {
    Overview::new(db, Arc::new(TestClock::default()))
}

#[tokio::test]
async fn groups_have_the_name_of_their_decision_task_and_their_counts() {
    let database = TestDatabase::create().await;
    add_group(&database, 5, "2100-01-02").await;
    add_task(&database, 5, 5, 3, &body("decision")).await;
    add_task(&database, 5, 1, 4, &body("first")).await;
    add_group(&database, 6, "2100-01-03").await;
    add_task(&database, 6, 2, 1, &body("only")).await;
    add_group(&database, 7, "2100-01-01").await;
    add_task(&database, 7, 3, 1, "{").await;

    let groups = overview(database.db().await).recent_groups().await.unwrap();
    let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["only", "decision", ""], "the newest first, and one that cannot be read hides no other");
    assert_eq!(groups[1].counts, [(TaskState::Completed, 1), (TaskState::Failed, 1)]);
}

#[tokio::test]
async fn queues_show_what_waits_and_who_works() {
    let database = TestDatabase::create().await;
    let now = TestClock::default().now();
    for queue in ["p/a", "p/b"] {
        database.run(&format!("insert into drover.task_queue values ('{queue}', '{now}', '2100-01-01')")).await;
    }
    let pending = format!("insert into drover.pending values ('p/b', 1, 1, '{}', 0, '{now}', '2100-01-01')", id(1).0);
    database.run(&pending).await;
    for (worker, active) in [("w1", now), ("w2", now - TimeDelta::hours(1))] {
        let columns = "(task_queue_id, worker_group, worker_id, first_claim, last_date_active, expires)";
        let values = format!("'p/b', 'g', '{worker}', '{now}', '{active}', '2100-01-01'");
        database.run(&format!("insert into drover.worker {columns} values ({values})")).await;
    }
    let queues = overview(database.db().await).queues().await.unwrap();
    let shown: Vec<_> = queues.iter().map(|it| (it.task_queue_id.as_str(), it.pending, it.workers, it.alive)).collect();
    assert_eq!(shown, [("p/b", 1, 2, 1), ("p/a", 0, 0, 0)]);
    assert_eq!(queues[0].oldest_pending, Some(now));
}
