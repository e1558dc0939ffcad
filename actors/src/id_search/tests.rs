use db::testing::TestDatabase;
use protocol::id::TaskId;

use super::*;

async fn add(database: &TestDatabase, id: TaskId) {
    let group = "insert into drover.task_group (task_group_id, scheduler_id, expires)";
    database.run(&format!("{group} values ('{}', 's', '2100-01-01')", id.0)).await;
    let task = "insert into drover.task (task_id, task_group_id, deadline, expires, unsatisfied_dependencies, priority, retries,
                retries_left, state, run_id, task_queue_id, scheduler_id, project_id)";
    let values = "'2100-01-01', '2100-01-01', 0, 1, 0, 0, 0, 0, 'p/q', 's', 'none'";
    database.run(&format!("{task} values ('{0}', '{0}', {values})", id.0)).await;
}

#[tokio::test]
async fn ids_are_found_by_their_first_letters_and_at_most_six_of_each_kind() {
    let database = TestDatabase::create().await;
    let search = IdSearch::new(database.db().await);
    let ids: Vec<TaskId> =
        (0..8).map(|last| TaskId::from_random([[7; 15].as_slice(), &[last]].concat().try_into().unwrap())).collect();
    let other = TaskId::from_random([9; 16]);
    for id in ids.iter().chain([&other]) {
        add(&database, *id).await;
    }
    let find = async |letters: &str| search.find(&letters.parse().unwrap()).await.unwrap();

    assert_eq!(find(&other.to_string()[..6]).await, FoundIds { tasks: vec![other], task_groups: vec![other.into()] });
    assert_eq!(find(&ids[0].to_string()[..21]).await.tasks.len(), 4, "21 letters leave two bits open");
    assert_eq!(find(&ids[0].to_string()[..8]).await.tasks, ids[..6]);
    assert_eq!(find("AAAAAA").await, FoundIds { tasks: Vec::new(), task_groups: Vec::new() });
}
