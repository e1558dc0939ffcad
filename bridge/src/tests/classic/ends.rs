//! From the wish to the end of a build.

use chrono::TimeDelta;
use protocol::state::{ReasonResolved as R, TaskState as S};
use serde_json::json;

use super::{House, Old, house::linux};
use crate::driver::{MasterDriver, NewRequest, SourceStamp};

#[tokio::test]
async fn every_result_has_its_end() {
    let house = House::start().await;
    let Some(old) = Old::start(&house, "ends of builds").await else { return };
    let shared = old.share(&house);
    for (number, end) in [
        (0, (S::Completed, R::Completed)),
        (1, (S::Failed, R::Failed)),
        (2, (S::Failed, R::Failed)),
        (3, (S::Completed, R::Completed)),
        (4, (S::Exception, R::InternalError)),
        (6, (S::Exception, R::Canceled)),
    ] {
        let (task, request) = old.asked(&house, &shared).await;
        assert_eq!(house.runs(task).await, [(S::Pending, None)]);
        let builds = old.scheduler.start(&[request], 40 + number, old.now()).await;
        house.look(&shared).await;
        assert_eq!(house.runs(task).await, [(S::Running, None)]);
        old.scheduler.stop(&builds, old.now()).await;
        house.look(&shared).await;
        assert_eq!(house.runs(task).await, [(S::Running, None)], "the master has not said how it ended");
        old.scheduler.retire(&[request], number, old.now()).await;
        house.look(&shared).await;
        assert_eq!(house.runs(task).await, [(end.0, Some(end.1))], "{number}");
        assert!(house.text(task, 0, "public/build.json").await.contains(&format!("\"number\":{}", 40 + number)));
    }
    house.stop().await;
}

#[tokio::test]
async fn a_build_whose_log_nobody_tells_of_holds_its_task_up_for_a_while_only() {
    let house = House::start().await;
    let Some(mut old) = Old::start(&house, "a log that nobody tells of").await else { return };
    // Nobody is there, but somebody could be.
    old.settings.classic.amqp_url = "amqp://guest:guest@127.0.0.1:1/%2f".into();
    let shared = old.share(&house);
    let (task, request) = old.asked(&house, &shared).await;
    old.build(&[request], 7, 0).await;
    house.look(&shared).await;
    assert_eq!(house.runs(task).await, [(S::Running, None)]);
    assert!(house.request(task).await.error.unwrap().contains("the address of the log of build"));
    house.after(&shared, TimeDelta::minutes(2)).await;
    assert_eq!(house.runs(task).await, [(S::Completed, Some(R::Completed))]);
    assert!(house.text(task, 0, "public/logs/live.log").await.contains("did not tell where the log"));
    house.stop().await;
}

#[tokio::test]
async fn after_a_retry_the_next_run_waits_for_the_same_request() {
    let house = House::start().await;
    let Some(old) = Old::start(&house, "RETRY").await else { return };
    let shared = old.share(&house);
    let (task, request) = old.asked(&house, &shared).await;
    let builds = old.scheduler.start(&[request], 1, old.now()).await;
    house.look(&shared).await;
    old.scheduler.stop(&builds, old.now()).await;
    old.scheduler.resubmit(&[request]).await;
    house.look(&shared).await;
    assert_eq!(house.runs(task).await, [(S::Exception, Some(R::WorkerShutdown)), (S::Pending, None)]);
    house.tell(task, 1).await;
    house.look(&shared).await;
    assert_eq!(house.request(task).await.request_id, Some(request));
    old.build(&[request], 2, 0).await;
    house.look(&shared).await;
    assert_eq!(house.runs(task).await[1], (S::Completed, Some(R::Completed)));
    assert_eq!(old.scheduler.counts().await, (1, 3, 1));
    house.stop().await;
}

#[tokio::test]
async fn a_master_that_was_killed_builds_again() {
    let house = House::start().await;
    let Some(old) = Old::start(&house, "a master that was killed").await else { return };
    let shared = old.share(&house);
    let (task, request) = old.asked(&house, &shared).await;
    old.scheduler.start(&[request], 1, old.now()).await;
    house.look(&shared).await;
    // Nobody is left to write the end of the first build.
    old.build(&[request], 2, 2).await;
    house.look(&shared).await;
    assert_eq!(house.runs(task).await, [(S::Exception, Some(R::WorkerShutdown)), (S::Failed, Some(R::Failed))]);
    house.stop().await;
}

#[tokio::test]
async fn one_build_of_several_requests_ends_all_of_their_tasks() {
    let house = House::start().await;
    let Some(old) = Old::start(&house, "merged requests").await else { return };
    let shared = old.share(&house);
    let (one, first) = old.asked(&house, &shared).await;
    let (two, second) = old.asked(&house, &shared).await;
    let builds = old.scheduler.start(&[first, second], 9, old.now()).await;
    house.look(&shared).await;
    assert_eq!((house.runs(one).await, house.runs(two).await), (vec![(S::Running, None)], vec![(S::Running, None)]));
    old.scheduler.stop(&builds, old.now()).await;
    old.scheduler.retire(&[first, second], 0, old.now()).await;
    house.look(&shared).await;
    for task in [one, two] {
        assert_eq!(house.runs(task).await, [(S::Completed, Some(R::Completed))]);
    }
    house.stop().await;
}

#[tokio::test]
async fn what_the_columns_do_not_take_is_told_by_name() {
    let house = House::start().await;
    let Some(old) = Old::start(&house, "a property that is too long").await else { return };
    let shared = old.share(&house);
    let mut payload = linux();
    payload["properties"]["notes"] = json!("x".repeat(2000));
    let unknown = json!({"builderName": "amiga"});
    for (payload, words) in
        [(payload, "`properties.notes`, as JSON, has 2013 letters"), (unknown, "no builder `amiga`")]
    {
        let task = house.pending(payload).await;
        house.tell(task, 0).await;
        house.pass(&shared).await;
        assert_eq!(house.runs(task).await, [(S::Exception, Some(R::MalformedPayload))]);
        let text = house.text(task, 0, "public/logs/live.log").await;
        assert!(text.contains(words), "{text}");
    }
    assert_eq!(old.scheduler.counts().await, (0, 0, 0));
    house.stop().await;
}

#[tokio::test]
async fn a_run_told_of_twenty_times_and_creators_at_once_make_one_buildset() {
    let house = House::start().await;
    let Some(old) = Old::start(&house, "redelivery").await else { return };
    let task = house.pending(linux()).await;
    for _ in 0..20 {
        let shared = old.share(&house);
        house.tell(task, 0).await;
        house.look(&shared).await;
    }
    assert_eq!(old.scheduler.counts().await, (1, 3, 1));
    let order = NewRequest {
        key: "another/0".to_owned(),
        builder: "linux".to_owned(),
        source_stamp: SourceStamp::default(),
        properties: serde_json::Map::new(),
        priority: 0,
        reason: String::new(),
    };
    let (one, two) = (old.driver(), old.driver());
    let (first, second) = tokio::join!(one.create(&order), two.create(&order));
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(old.scheduler.counts().await, (2, 5, 2));
    house.stop().await;
}
