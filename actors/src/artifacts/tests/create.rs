use super::*;

#[tokio::test]
async fn an_artifact_needs_a_run_that_was_claimed() {
    let house = House::idle().await;
    assert_eq!(code(house.create("x", reference("https://a.test")).await), ErrorCode::InputError);
    let mut elsewhere = house.key("x");
    elsewhere.run_id = 3;
    let no_run = house.artifacts.create(elsewhere.clone(), house.soon(), failure()).await;
    assert_eq!(code(no_run), ErrorCode::InputError);
    elsewhere.task_id = TaskId::from_random(house.entropy.uuid_bytes());
    let no_task = house.artifacts.create(elsewhere, house.soon(), failure()).await;
    assert_eq!(code(no_task), ErrorCode::InputError);
}

#[tokio::test]
async fn an_artifact_lives_no_longer_than_its_task_and_not_only_in_the_past() {
    let house = House::start().await;
    let now = house.clock.now();
    for expires in [now - TimeDelta::minutes(16), now + TimeDelta::days(3)] {
        let error = house.artifacts.create(house.key("x"), expires, failure()).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InputError);
        assert!(error.to_string().contains("/payload/expires"), "{error}");
    }
    for expires in [now - TimeDelta::minutes(14), now + TimeDelta::days(2)] {
        house.artifacts.create(house.key("x"), expires, failure()).await.unwrap();
    }
}

#[tokio::test]
async fn a_completed_run_takes_no_more_artifacts() {
    let house = House::start().await;
    house.end_run(TaskState::Completed, ReasonResolved::Completed).await;
    assert_eq!(code(house.create("late", failure()).await), ErrorCode::RequestConflict);
}

#[tokio::test]
async fn a_run_that_ended_as_exception_takes_artifacts_for_25_minutes() {
    let house = House::start().await;
    house.end_run(TaskState::Exception, ReasonResolved::WorkerShutdown).await;
    house.clock.advance(TimeDelta::minutes(24));
    house.create("log", failure()).await.unwrap();
    house.clock.advance(TimeDelta::minutes(1));
    assert_eq!(code(house.create("log", failure()).await), ErrorCode::RequestConflict);
}

#[tokio::test]
async fn a_reference_may_point_elsewhere_or_become_a_link_and_nothing_else_may_change() {
    let house = House::start().await;
    house.create("x", reference("https://a.test/old")).await.unwrap();
    house.create("x", reference("https://a.test/new")).await.unwrap();
    assert_eq!(code(house.create("x", failure()).await), ErrorCode::RequestConflict);
    let typed = ArtifactBody::Reference { content_type: "text/css".to_owned(), url: "https://a.test".to_owned() };
    assert_eq!(code(house.create("x", typed).await), ErrorCode::RequestConflict);
    let earlier = house.soon() - TimeDelta::minutes(1);
    let shorter = house.artifacts.create(house.key("x"), earlier, reference("https://a.test/new")).await;
    assert_eq!(code(shorter), ErrorCode::RequestConflict);
    house.create("x", link("y")).await.unwrap();
    assert_eq!(code(house.create("x", reference("https://a.test")).await), ErrorCode::RequestConflict);
    assert_eq!(code(house.create("x", link("z")).await), ErrorCode::RequestConflict);
}

#[tokio::test]
async fn of_many_creators_at_once_one_decides_and_the_others_agree_or_are_refused() {
    let house = House::start().await;
    let same = (0..8).map(|_| house.create("same", failure()));
    for created in futures_util::future::join_all(same).await {
        assert_eq!(created.unwrap(), Created::Error);
    }
    let uploads = (0..8).map(|_| house.create("upload", object()));
    let created = futures_util::future::join_all(uploads).await;
    assert_eq!(created.iter().filter(|created| created.is_ok()).count(), 1);
    let types: HashSet<_> = [house.follow("same").await.unwrap().storage_type()].into();
    assert_eq!(types, HashSet::from([StorageType::Error]));
}

#[tokio::test]
async fn an_upload_goes_on_with_the_expiry_it_was_begun_with() {
    let house = House::start().await;
    let Created::Object(begun) = house.create("x", object()).await.unwrap() else { panic!("no upload was begun") };
    let go_on = |expires| house.artifacts.create_or_go_on(house.key("x"), expires, object());
    for other in [house.soon() - TimeDelta::minutes(1), house.soon() + TimeDelta::minutes(1)] {
        assert_eq!(code(go_on(other).await), ErrorCode::RequestConflict);
    }
    let Created::Object(again) = go_on(house.soon()).await.unwrap() else { panic!("the upload does not go on") };
    assert_eq!((again.upload_id, again.expires), (begun.upload_id, begun.expires));
}
