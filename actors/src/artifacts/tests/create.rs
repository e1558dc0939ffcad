use super::*;

#[tokio::test]
async fn an_artifact_needs_a_run_that_was_claimed() {
    let env = TestEnv::idle().await;
    assert_eq!(code(env.create("x", reference("https://a.test")).await), ErrorCode::InputError);
    let mut elsewhere = env.key("x");
    elsewhere.run_id = 3;
    let no_run = env.artifacts.create(elsewhere.clone(), env.soon(), failure()).await;
    assert_eq!(code(no_run), ErrorCode::InputError);
    elsewhere.task_id = TaskId::from_random(env.rng.uuid_bytes());
    let no_task = env.artifacts.create(elsewhere, env.soon(), failure()).await;
    assert_eq!(code(no_task), ErrorCode::InputError);
}

#[tokio::test]
async fn an_artifact_lives_no_longer_than_its_task_and_not_only_in_the_past() {
    let env = TestEnv::start().await;
    let now = env.clock.now();
    for expires in [now - TimeDelta::minutes(16), now + TimeDelta::days(3)] {
        let error = env.artifacts.create(env.key("x"), expires, failure()).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InputError);
        assert!(error.to_string().contains("/payload/expires"), "{error}");
    }
    for expires in [now - TimeDelta::minutes(14), now + TimeDelta::days(2)] {
        env.artifacts.create(env.key("x"), expires, failure()).await.unwrap();
    }
}

#[tokio::test]
async fn a_completed_run_takes_no_more_artifacts() {
    let env = TestEnv::start().await;
    env.end_run(TaskState::Completed, ReasonResolved::Completed).await;
    assert_eq!(code(env.create("late", failure()).await), ErrorCode::RequestConflict);
}

#[tokio::test]
async fn a_run_that_ended_as_exception_takes_artifacts_for_25_minutes() {
    let env = TestEnv::start().await;
    env.end_run(TaskState::Exception, ReasonResolved::WorkerShutdown).await;
    env.clock.advance(TimeDelta::minutes(24));
    env.create("log", failure()).await.unwrap();
    env.clock.advance(TimeDelta::minutes(1));
    assert_eq!(code(env.create("log", failure()).await), ErrorCode::RequestConflict);
}

#[tokio::test]
async fn a_reference_may_point_elsewhere_or_become_a_link_and_nothing_else_may_change() {
    let env = TestEnv::start().await;
    env.create("x", reference("https://a.test/old")).await.unwrap();
    env.create("x", reference("https://a.test/new")).await.unwrap();
    assert_eq!(code(env.create("x", failure()).await), ErrorCode::RequestConflict);
    let typed = ArtifactBody::Reference { content_type: "text/css".to_owned(), url: "https://a.test".to_owned() };
    assert_eq!(code(env.create("x", typed).await), ErrorCode::RequestConflict);
    let earlier = env.soon() - TimeDelta::minutes(1);
    let shorter = env.artifacts.create(env.key("x"), earlier, reference("https://a.test/new")).await;
    assert_eq!(code(shorter), ErrorCode::RequestConflict);
    env.create("x", link("y")).await.unwrap();
    assert_eq!(code(env.create("x", reference("https://a.test")).await), ErrorCode::RequestConflict);
    assert_eq!(code(env.create("x", link("z")).await), ErrorCode::RequestConflict);
}

#[tokio::test]
async fn of_many_creators_at_once_one_decides_and_the_others_agree_or_are_refused() {
    let env = TestEnv::start().await;
    let same = (0..8).map(|_| env.create("same", failure()));
    for created in futures_util::future::join_all(same).await {
        assert_eq!(created.unwrap(), Created::Error);
    }
    let uploads = (0..8).map(|_| env.create("upload", object()));
    let created = futures_util::future::join_all(uploads).await;
    assert_eq!(created.iter().filter(|created| created.is_ok()).count(), 1);
    let types: HashSet<_> = [env.follow("same").await.unwrap().storage_type()].into();
    assert_eq!(types, HashSet::from([StorageType::Error]));
}

#[tokio::test]
async fn an_upload_goes_on_with_the_expiry_it_was_begun_with() {
    let env = TestEnv::start().await;
    let Created::Object(begun) = env.create("x", object()).await.unwrap() else { panic!("no upload was begun") };
    let go_on = |expires| env.artifacts.create_or_resume(env.key("x"), expires, object());
    for other in [env.soon() - TimeDelta::minutes(1), env.soon() + TimeDelta::minutes(1)] {
        assert_eq!(code(go_on(other).await), ErrorCode::RequestConflict);
    }
    let Created::Object(again) = go_on(env.soon()).await.unwrap() else { panic!("the upload does not go on") };
    assert_eq!((again.upload_id, again.expires), (begun.upload_id, begun.expires));
}
