//! Against a real MariaDB with the tables of a master.

use std::time::Duration;

use super::{
    testing::{MariaDb, TestScheduler},
    *,
};

const TIMEOUT: Duration = Duration::from_secs(20);

fn open(scheduler: &TestScheduler) -> SchedulerDb {
    SchedulerDb::new(scheduler.url(), 4, TIMEOUT).unwrap()
}

fn order(task: &str, run: u32) -> ClassicOrder {
    let key = format!("[\"{task}/{run}\", \"drover\"]");
    ClassicOrder {
        id_string: format!("taskId:{task}"),
        key: key.clone(),
        builder: "linux".to_owned(),
        priority: 1,
        reason: "a test".to_owned(),
        stamp: ClassicStamp { branch: Some("projects/cedar".to_owned()), ..ClassicStamp::default() },
        properties: vec![
            (ClassicOrder::KEY.to_owned(), key),
            ("product".to_owned(), "[\"fennec\", \"drover\"]".to_owned()),
        ],
        submitted_at: 1_000,
    }
}

#[tokio::test]
async fn a_request_is_made_once_however_often_and_by_however_many_it_is_asked_for() {
    let Some(scheduler) = TestScheduler::create("creating once").await else { return };
    let (one, two) = (open(&scheduler), open(&scheduler));
    let first = order("a", 0);
    let mut asked = tokio::task::JoinSet::new();
    for db in [&one, &two].into_iter().cycle().take(20) {
        let (db, order) = (db.clone(), first.clone());
        asked.spawn(async move { db.create(&order).await.unwrap() });
    }
    let made = asked.join_all().await;
    assert!(made.iter().all(|created| *created == made[0]), "{made:?}");
    assert_eq!(scheduler.counts().await, (1, 2, 1));
    assert_eq!(one.lookup("taskId:a", &first.key).await.unwrap(), Some(made[0]));
    assert_eq!(one.lookup("taskId:b", &first.key).await.unwrap(), None);

    let next = one.create(&order("a", 1)).await.unwrap();
    assert_ne!(next, made[0], "a rerun is another build");
    assert_eq!(scheduler.counts().await, (2, 4, 2));
    let request = one.requests(&[made[0].request_id, 99]).await.unwrap().remove(0);
    assert_eq!((request.builder.as_str(), request.submitted_at, request.claimed_at), ("linux", 1_000, 0));
    assert_eq!((request.complete, request.results), (0, None));
    assert_eq!(one.newest_request().await.unwrap(), Some(next.request_id));
    assert_eq!(one.branch(next.request_id).await.unwrap(), Some(Some("projects/cedar".to_owned())));
    assert_eq!(one.branch(99).await.unwrap(), None);
    assert_eq!(one.builders().await.unwrap(), ["linux"]);
    assert_eq!(one.properties(next.request_id).await.unwrap(), order("a", 1).properties);
}

#[tokio::test]
async fn an_open_request_of_the_first_bridge_is_taken_over() {
    let Some(scheduler) = TestScheduler::create("taking over").await else { return };
    let db = open(&scheduler);
    let theirs = ClassicOrder { properties: vec![], ..order("a", 0) };
    let made = db.create(&theirs).await.unwrap();
    let ours = order("a", 0);
    assert_eq!(db.create(&ours).await.unwrap(), made);
    scheduler.retire(&[made.request_id], 0, 2_000).await;
    assert_ne!(db.create(&ours).await.unwrap(), made);
}

#[tokio::test]
async fn a_build_shows_what_its_request_says_and_whom_else_it_serves() {
    let Some(scheduler) = TestScheduler::create("builds").await else { return };
    let db = open(&scheduler);
    let (a, b) = (db.create(&order("a", 0)).await.unwrap(), db.create(&order("b", 0)).await.unwrap());
    let builds = scheduler.start(&[a.request_id, b.request_id], 7, 1_500).await;
    assert_eq!(db.sharers(builds[0]).await.unwrap(), [b.request_id]);
    let running: Vec<i64> = db.running_builds().await.unwrap().iter().map(|build| build.id).collect();
    assert_eq!(running, builds);
    scheduler.stop(&builds, 1_600).await;
    scheduler.retire(&[a.request_id, b.request_id], 2, 1_601).await;
    assert_eq!(db.running_builds().await.unwrap(), []);
    assert_eq!(db.sharers(builds[0]).await.unwrap(), [0_i64; 0]);
    let build = db.builds(a.request_id).await.unwrap().remove(0);
    assert_eq!(db.build(build.id).await.unwrap().as_ref(), Some(&build));
    assert_eq!((build.number, build.start_time, build.finish_time), (7, 1_500, Some(1_600)));
    assert_eq!((build.complete, build.results, build.claimed_at), (1, Some(2), 1_500));
}

#[tokio::test]
async fn what_is_wrong_with_a_database_is_told() {
    let Some(scheduler) = TestScheduler::create("shapes").await else { return };
    let db = open(&scheduler);
    let shape = db.shape().await.unwrap();
    assert_eq!((shape.missing.len(), shape.indexed), (0, false), "{shape:?}");
    scheduler.run("create index by_id on buildsets (external_idstring(255))").await;
    scheduler.run("alter table buildrequests drop column claimed_at").await;
    let shape = db.shape().await.unwrap();
    assert_eq!((shape.missing, shape.indexed), (vec!["buildrequests.claimed_at".to_owned()], true));
    assert!(matches!(db.requests(&[1]).await, Err(ClassicError::Shape(words)) if words.contains("claimed_at")));
    let denied = scheduler.url().replace("//root@", "//nobody:secret@");
    let denied = SchedulerDb::new(&denied, 1, TIMEOUT).unwrap().newest_request().await.unwrap_err();
    assert!(matches!(&denied, ClassicError::Denied(words) if words.contains("nobody")), "{denied:?}");
    assert!(!format!("{denied:?} {denied}").contains("secret"));
    for url in ["postgresql://localhost/x", "mysql:/x", "mysql://root@localhost", "mysql://root@localhost/"] {
        assert!(matches!(SchedulerDb::new(url, 1, TIMEOUT), Err(ClassicError::Url)), "{url}");
    }
}

#[tokio::test]
async fn a_server_that_was_away_is_asked_again() {
    let Some(mut server) = MariaDb::start().await else {
        return println!("SKIPPED: a server that was away; it needs mariadbd");
    };
    let scheduler = TestScheduler::create_at(&server.url()).await;
    let db = open(&scheduler);
    let made = db.create(&order("a", 0)).await.unwrap();
    server.stop();
    let short = SchedulerDb::new(scheduler.url(), 1, Duration::from_millis(300)).unwrap();
    assert!(matches!(short.newest_request().await, Err(ClassicError::Away(_))));
    server.start_again().await;
    assert_eq!(db.create(&order("a", 0)).await.unwrap(), made);
    assert_eq!(short.newest_request().await.unwrap(), Some(made.request_id));
}

#[tokio::test]
async fn a_create_that_was_given_up_at_any_point_is_finished_by_the_next() {
    let Some(scheduler) = TestScheduler::create("creates that are given up").await else { return };
    let db = open(&scheduler);
    let mut given_up = 0;
    for pause in (0..60).map(|step| Duration::from_micros(150 * step)) {
        let order = order(&format!("{pause:?}"), 0);
        given_up += i64::from(tokio::time::timeout(pause, db.create(&order)).await.is_err());
        let (one, other) = (open(&scheduler), db.clone());
        let (made, again) = tokio::join!(one.create(&order), other.create(&order));
        assert_eq!(made.unwrap(), again.unwrap(), "{pause:?}");
    }
    assert_eq!(scheduler.counts().await, (60, 120, 60), "{given_up} were given up");
    assert!(given_up > 0);
}
