//! A row that cannot be read: its neighbours do not suffer.

use super::*;

/// A code that no version knows yet.
async fn spoil(env: &TestEnv, task: TaskId) {
    env.database.run(&format!("update drover.task set priority = 99 where task_id = '{}'", task.0)).await;
}

#[tokio::test]
async fn a_task_that_cannot_be_read_leaves_lists_and_claims_to_its_neighbours() {
    let env = TestEnv::start().await;
    let first = env.task(&[]);
    let group = first.definition.task_group_id;
    let mut ids = vec![env.queue.create_task(first).await.unwrap().task_id];
    for _ in 0..3 {
        let mut task = env.task(&[]);
        task.definition.task_group_id = group;
        ids.push(env.queue.create_task(task).await.unwrap().task_id);
    }
    ids.sort();
    let (spoilt, good) = (ids[1], [ids[0], ids[2], ids[3]]);
    spoil(&env, spoilt).await;

    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = PageAfter { after, limit: 1 };
        let request = ListTaskGroupRequest { task_group_id: group, page };
        let page = env.queue.list_task_group(request).await.unwrap().tasks;
        listed.extend(page.rows.iter().map(|row| row.status.task_id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed, good);
    assert_eq!(env.queue.statuses(ids.clone()).await.unwrap().len(), 3);

    let mut claimed: Vec<_> = env.claim("w", 4).await.iter().map(|claim| claim.status.task_id).collect();
    claimed.sort();
    assert_eq!(claimed, good);
    for task_id in good {
        let status = env.queue.report(ReportRequest::new(task_id, 0, Report::Completed)).await.unwrap();
        assert_eq!(status.state, TaskState::Completed);
    }
    env.stop().await;
}
