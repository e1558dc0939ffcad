//! Jobs of `.cron.yml`, in processes that are killed again and again, with a GitHub that fails now and then: each date of a job has one task.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use base::{Clock, SystemClock};
use chrono::{TimeDelta, Timelike};
use db::{Db, DbSettings};
use protocol::{github, time};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Client, RoleEnv, TestDirectory,
    servers::{GithubApi, GithubFault, GithubRepository, Postgres, Rabbitmq},
};

/// Two processes call GitHub.
const ROLES: [&str; 5] = ["api", "queue", "relay", "github", "github"];
const KILLED: [usize; 2] = [3, 4];
const QUEUE: &str = "tests/cron";
const SHA: &str = "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c";
const REPOSITORIES: usize = 24;
const JOBS: usize = 4;
/// A job and its repository may each wait for a lease of a minute.
const WITHIN: Duration = Duration::from_mins(4);
const FILE: &str = "version: 1\ntasks:\n  - taskId: '${ownTaskId}'\n    taskQueueId: tests/cron\n    \
    deadline: {$fromNow: 1 hour}\n    payload: {job: '${repository.project} ${cron.job_name} ${cron.date}', revision: '${push.revision}'}\n    \
    metadata: {name: '${tasks_for}', description: d, owner: o@example.com, source: 'https://example.com'}\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_date_of_a_job_has_one_task_while_processes_are_killed_and_github_fails() {
    let (api, folder) = (GithubApi::start().await, TestDirectory::new());
    let (Some(postgres), Some(rabbitmq)) = (Postgres::start(folder.path(), None), Rabbitmq::start(folder.path(), None))
    else {
        return println!("SKIPPED: it needs the packages postgresql and rabbitmq-server");
    };
    let date = github::cron_date(SystemClock.now());
    fill(&api, date);
    let (database, broker) = (postgres.url(), rabbitmq.url());
    let settings = [
        ("DROVER__DATABASE__URL", database.as_str()),
        ("DROVER__BUS__AMQP_URL", broker.as_str()),
        ("DROVER__GITHUB__APP_ID", "7"),
        ("DROVER__GITHUB__PRIVATE_KEY", api.app_key()),
        ("DROVER__GITHUB__URL", api.url.as_str()),
        ("DROVER__GITHUB__INTERVAL", "50ms"),
        ("DROVER__QUEUE__LONG_POLL", "500ms"),
    ];
    let mut env = RoleEnv::start(folder.path(), &ROLES, &settings).await;
    let client = env.client();
    let role = json!({ "description": "a test", "scopes": ["queue:create-task:*"] });
    let path = "roles/repo%3Agithub.com%2Ftests%2F*";
    client.send_to("auth", Method::PUT, path, Some(&role), &[]).await.unwrap().ok();
    let db = Db::connect(&DbSettings::new(&database)).await.unwrap();
    // As if nothing had run for an hour.
    let before = date - TimeDelta::hours(1);
    for number in 0..REPOSITORIES {
        let repository = github::Repository::new("tests", &format!("r{number}")).unwrap();
        db.github_cron_seen(&repository, 5, "main", before, before).await.unwrap();
        if number % 4 == 3 {
            env.kill(KILLED[number / 4 % KILLED.len()]).await;
        }
    }
    env.ready().await;
    let (mut jobs, begun) = (Vec::new(), Instant::now());
    while jobs.len() < REPOSITORIES * JOBS || is_waiting(&db).await {
        claim(&client, &mut jobs).await;
        assert!(begun.elapsed() < WITHIN, "{} jobs have their tasks", jobs.len());
    }
    claim(&client, &mut jobs).await;
    let distinct: BTreeSet<&String> = jobs.iter().collect();
    assert_eq!((jobs.len(), distinct.len()), (REPOSITORIES * JOBS, REPOSITORIES * JOBS), "{jobs:?}");
    assert!(jobs.iter().all(|job| job.ends_with(&time::format(date))), "{jobs:?}");

    // A repository that GitHub lists is known as well; the next date of all is the one of tomorrow.
    let (now, next) = (SystemClock.now(), date + TimeDelta::days(2));
    let listed = db.github_cron_take(next, 100, now + TimeDelta::minutes(1), now).await.unwrap();
    assert!(listed.iter().any(|row| row.repository.name == "listed" && row.branch == "main"), "{listed:?}");
    env.stop().await;
}

/// Whether some job is not done with, leased or not.
async fn is_waiting(db: &Db) -> bool {
    let now = SystemClock.now();
    db.github_take_deliveries(100, now, now + TimeDelta::days(2)).await.unwrap().given > 0
}

/// Repositories whose jobs run at this date.
fn fill(api: &GithubApi, date: time::Timestamp) {
    let job = |number: usize| {
        format!(
            "  - {{name: job-{number}, job: {{type: decision-task, treeherder-symbol: N, target-tasks-method: n}}, when: [{{hour: {}, minute: {}}}]}}\n",
            date.hour(),
            date.minute()
        )
    };
    let cron: String = (0..JOBS).map(job).collect();
    let repository = GithubRepository {
        heads: [("main".to_owned(), SHA.to_owned())].into(),
        cron_files: [(SHA.to_owned(), format!("jobs:\n{cron}"))].into(),
        ..GithubRepository::with_file(SHA, FILE)
    };
    api.with(|state| {
        for number in 0..REPOSITORIES {
            state.repositories.insert(format!("tests/r{number}"), repository.clone());
        }
        let pushed_at = Some("2026-01-01T00:00:00Z".to_owned());
        state.repositories.insert("tests/listed".to_owned(), GithubRepository { pushed_at, ..repository });
        state.faults.extend([
            GithubFault::answer("GET /repos/tests/r1/commits", 502, ""),
            GithubFault::answer("GET /repos/tests/r2/contents/.cron.yml", 500, ""),
            GithubFault::answer("GET /repos/tests/r3/contents/.taskcluster.yml", 502, ""),
            GithubFault::lose_answer("GET /repos/tests/r4/contents/.taskcluster.yml"),
            GithubFault::lose_answer("GET /repos/tests/r5/contents/.cron.yml"),
        ]);
    });
}

/// Claims what is pending.
async fn claim(client: &Client, jobs: &mut Vec<String>) {
    loop {
        let mut claimed = client.claim_work(QUEUE, "w", 32).await.unwrap().ok();
        let Value::Array(tasks) = claimed["tasks"].take() else { panic!("{claimed}") };
        if tasks.is_empty() {
            return;
        }
        for task in tasks {
            assert_eq!(task["task"]["payload"]["revision"], SHA);
            jobs.push(task["task"]["payload"]["job"].as_str().unwrap().to_owned());
        }
    }
}
