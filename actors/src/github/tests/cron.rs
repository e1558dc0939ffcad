//! Jobs of `.cron.yml`: each date once, and only what the role of a job allows.

use chrono::TimeDelta;
use protocol::{
    github::{Repository, TaskclusterYml},
    task::TaskDefinition,
    time::Timestamp,
};
use serde_json::json;

use super::{super::*, env::*};

const FILE: &str = "version: 1\nreporting: checks-v1\ntasks:\n  - taskId: '${ownTaskId}'\n    taskQueueId: tests/github\n    \
    deadline: {$fromNow: 1 hour}\n    payload: {cron: {$eval: cron}, push: {$eval: push}, repository: {$eval: repository}}\n    \
    metadata: {name: '${tasks_for}', description: d, owner: o@example.com, source: '${taskcluster_root_url}'}\n";

fn cron_file(when: &str) -> String {
    let job = |name: &str| {
        format!(
            "  - {{name: {name}, job: {{type: decision-task, treeherder-symbol: N, target-tasks-method: n}}, when: {when}}}\n"
        )
    };
    format!("jobs:\n{}{}", job("nightly"), job("daily"))
}

fn repository() -> Repository {
    Repository::new("mozilla", "bal.rog").unwrap()
}

impl TestEnv {
    async fn take(&self, date: Timestamp) -> Vec<CronRow> {
        let now = self.clock.now();
        self.db.github_cron_take(date, 10, now + TimeDelta::minutes(1), now).await.unwrap().readable
    }

    /// A repository that was pushed to an hour ago, and now has this file.
    async fn due(&self, file: &str) -> Option<usize> {
        let (now, repository) = (self.clock.now(), repository());
        let before = now - TimeDelta::hours(1);
        self.db.github_cron_seen(&repository, 5, "main", before, before).await.unwrap();
        let row = self.take(now).await.remove(0);
        let read = CronRead { sha: SHA.to_owned(), file: Some(file.to_owned()) };
        self.github.store_cron(&row, Some(read), now).await.unwrap()
    }

    async fn cron_tasks(&self, file: &str) -> Vec<CronTask> {
        let now = self.clock.now();
        let mut rows = self.db.github_take_deliveries(10, now + TimeDelta::minutes(1), now).await.unwrap().readable;
        rows.sort_by_key(|row| row.subject.clone());
        let task = |row: &DeliveryRow| CronTask {
            lease: row.lease(),
            repository: repository(),
            body: serde_json::from_str(&row.body).unwrap(),
            file: TaskclusterYml::read(file).unwrap(),
        };
        rows.iter().map(task).collect()
    }
}

#[tokio::test]
async fn each_date_of_a_job_is_stored_once_whoever_has_the_repository() {
    let env = TestEnv::start().await;
    let now = env.clock.now();
    assert_eq!(env.due(&cron_file("[{}]")).await, Some(2));
    assert!(env.take(now).await.is_empty(), "it is done with this date");
    let stored = "select 1 from github_delivery where event = 'cron' and state = delivery_state_waiting()";
    assert_eq!(env.count(stored).await, 2);

    // Two processes, the first of which was slow.
    env.clock.advance(TimeDelta::minutes(15));
    let date = env.clock.now();
    let slow = env.take(date).await.remove(0);
    env.clock.advance(TimeDelta::minutes(2));
    let fast = env.take(date).await.remove(0);
    let read = || Some(CronRead { sha: SHA.to_owned(), file: Some(cron_file("[{}]")) });
    assert_eq!(env.github.store_cron(&fast, read(), date).await.unwrap(), Some(2));
    assert_eq!(env.github.store_cron(&slow, read(), date).await.unwrap(), None);
    assert_eq!(env.count(stored).await, 4);
}

#[tokio::test]
async fn a_repository_is_asked_until_it_has_no_file_and_again_once_it_is_pushed_to() {
    let env = TestEnv::start().await;
    assert_eq!(env.due(&cron_file("[{hour: 3}]")).await, Some(0));
    env.clock.advance(TimeDelta::minutes(15));
    let row = env.take(env.clock.now()).await.remove(0);
    let pushed = env.clock.now();
    assert_eq!(env.github.store_cron(&row, None, env.clock.now()).await.unwrap(), Some(0));
    env.clock.advance(TimeDelta::minutes(15));
    assert!(env.take(env.clock.now()).await.is_empty());
    env.github.watch_for_cron(&repository(), 5, "main", pushed).await.unwrap();
    env.clock.advance(TimeDelta::minutes(15));
    let row = env.take(env.clock.now()).await.remove(0);
    assert_eq!(row.done_until, env.clock.now() - TimeDelta::minutes(15), "it has missed nothing");

    // Pushed to while it was being read.
    env.github.watch_for_cron(&repository(), 5, "trunk", env.clock.now()).await.unwrap();
    assert_eq!(env.github.store_cron(&row, None, env.clock.now()).await.unwrap(), Some(0));
    env.clock.advance(TimeDelta::minutes(15));
    let row = env.take(env.clock.now()).await.remove(0);
    assert_eq!(row.branch, "trunk");
    let next = env.clock.now() + TimeDelta::minutes(1);
    assert!(env.db.github_cron_retry(&row, next, "502").await.unwrap());
    assert!(env.take(env.clock.now()).await.is_empty());
    env.clock.advance(TimeDelta::minutes(1));
    assert_eq!(env.take(env.clock.now()).await[0].failures, 1);
}

#[tokio::test]
async fn a_job_becomes_the_task_of_the_file_once_with_what_its_role_allows() {
    let env = TestEnv::start().await;
    env.due(&cron_file("[{}]")).await;
    let [without_role, nightly] = <[CronTask; 2]>::try_from(env.cron_tasks(FILE).await).unwrap();
    let outcome = env.github.make_cron_task(&nightly).await.unwrap();
    let JobOutcome::Created(group) = outcome else { panic!("{outcome:?}") };
    env.clock.advance(TimeDelta::seconds(30));
    assert_eq!(env.github.make_cron_task(&nightly).await.unwrap(), JobOutcome::Created(group), "a repeat");
    assert_eq!(env.count("select 1 from task").await, 1);
    let row = env.db.tasks(&[protocol::id::TaskId(group.0)], true).await.unwrap().remove(0);
    let task: TaskDefinition = serde_json::from_str(&row.definition).unwrap();
    assert_eq!((task.metadata.name.as_str(), task.metadata.source.as_str()), ("cron", "https://tc.example.com"));
    assert!(task.routes.is_empty(), "GitHub is shown nothing of it: {:?}", task.routes);
    let expected = json!({
        "push": { "owner": "cron", "branch": "main", "revision": SHA },
        "repository": { "url": "https://github.com/mozilla/bal.rog", "project": "bal.rog", "level": "3" },
        "cron": {
            "task_id": group, "job_name": "nightly", "job_symbol": "N", "quoted_args": "--target-tasks-method=n", "input": {},
            "date": "2026-11-27T12:00:00.000Z",
        },
    });
    assert_eq!(task.payload, expected);

    let refused = env.github.make_cron_task(&without_role).await.unwrap();
    let JobOutcome::Refused(JobError::NoCronRole { role }) = refused else { panic!("{refused:?}") };
    assert_eq!(role, "repo:github.com/mozilla/bal.rog:cron:daily");
    let comments = "select 1 from github_report where kind = report_kind_comment()";
    assert_eq!(env.count(comments).await, 0, "nobody has asked for its jobs");

    for (file, words) in [
        (FILE.replace("tests/github", "tests/ Github"), "taskQueueId"),
        (FILE.replace("payload:", "scopes: [secrets:get:x]\n    payload:"), "secrets:get:x"),
        ("version: 1\ntasks: []\n".to_owned(), "must yield one task"),
    ] {
        let mut other = nightly.clone();
        other.lease.delivery_id = id(1);
        other.file = TaskclusterYml::read(&file).unwrap();
        let JobOutcome::Refused(error) = env.github.make_cron_task(&other).await.unwrap() else { panic!("made") };
        assert!(error.to_string().contains(words), "{error}");
    }
    assert_eq!(env.count(comments).await, 1, "one for the commit and the job, with the newest fault");
}

#[tokio::test]
async fn jobs_that_are_at_fault_at_each_date_leave_each_others_comments_alone() {
    let env = TestEnv::start().await;
    // None of them is run here, whatever its role.
    let job = |number: u64| {
        format!("  - {{name: job-{number}, job: {{type: trigger-action, action-name: a}}, when: [{{}}]}}\n")
    };
    let jobs: String = (0..10).map(job).collect();
    assert_eq!(env.due(&format!("jobs:\n{jobs}")).await, Some(10));
    let tasks = env.cron_tasks(FILE).await;
    assert_eq!(tasks.len(), 10);
    let refuse_all = async || {
        for task in &tasks {
            assert!(matches!(env.github.make_cron_task(task).await.unwrap(), JobOutcome::Refused(_)));
        }
    };
    refuse_all().await;
    let comments = env.count("select 1 from github_report where kind = report_kind_comment()").await;
    assert!((2..=8).contains(&comments), "{comments} comments");
    env.database.run("update github_report set sent = version").await;
    refuse_all().await;
    assert_eq!(env.count("select 1 from github_report where sent <> version").await, 0, "nothing is written again");
}

#[tokio::test]
async fn a_file_or_a_job_that_is_at_fault_is_said_and_does_not_hold_up_the_others() {
    let env = TestEnv::start().await;
    let file = cron_file("[{}]").replacen("when: [{}]", "when: [{minute: 10}]", 1);
    assert_eq!(env.due(&file).await, Some(1));
    let said = "select 1 from github_report where kind = report_kind_comment() and content like '%multiple of 15%'";
    assert_eq!(env.count(said).await, 1);
    env.clock.advance(TimeDelta::minutes(15));
    let row = env.take(env.clock.now()).await.remove(0);
    let read = CronRead { sha: "f".repeat(40), file: Some("jobs: {}".to_owned()) };
    assert_eq!(env.github.store_cron(&row, Some(read), env.clock.now()).await.unwrap(), Some(0));
    assert_eq!(env.count("select 1 from github_report where content like '%.cron.yml%format%'").await, 1);
}

#[tokio::test]
async fn a_repository_is_watched_again_with_another_installation_or_branch_but_not_by_old_news() {
    let env = TestEnv::start().await;
    env.due(&cron_file("[{}]")).await;
    let pushed = env.clock.now() - TimeDelta::hours(1);
    let unwatch = async || {
        env.clock.advance(TimeDelta::minutes(15));
        let row = env.take(env.clock.now()).await.remove(0);
        env.github.store_cron(&row, None, env.clock.now()).await.unwrap();
        env.clock.advance(TimeDelta::minutes(15));
        assert!(env.take(env.clock.now()).await.is_empty());
    };
    for (installation, branch) in [(6, "main"), (6, "trunk")] {
        unwatch().await;
        env.github.watch_for_cron(&repository(), installation, branch, pushed).await.unwrap();
        env.clock.advance(TimeDelta::minutes(15));
        let row = env.take(env.clock.now()).await.remove(0);
        assert_eq!((row.installation, row.branch.as_str()), (installation, branch));
        env.clock.advance(TimeDelta::minutes(2));
    }
    unwatch().await;
    env.github.watch_for_cron(&repository(), 5, "main", pushed - TimeDelta::hours(1)).await.unwrap();
    env.clock.advance(TimeDelta::minutes(15));
    assert!(env.take(env.clock.now()).await.is_empty());
}

#[tokio::test]
async fn files_are_read_only_where_a_role_lets_a_job_make_tasks() {
    let env = TestEnv::start().await;
    assert!(env.github.has_cron_role(&repository()).await);
    assert!(!env.github.has_cron_role(&Repository::new("mozilla", "other").unwrap()).await);
    let before = env.clock.now() - TimeDelta::hours(1);
    env.db.github_cron_seen(&repository(), 5, "main", before, before).await.unwrap();
    let row = env.take(env.clock.now()).await.remove(0);
    env.github.pass_over_cron(&row, env.clock.now()).await.unwrap();
    assert_eq!(env.count("select 1 from github_delivery").await, 0);
    env.clock.advance(TimeDelta::minutes(15));
    assert_eq!(env.take(env.clock.now()).await.len(), 1, "there may be a role by the next date");
}
