use super::*;

#[tokio::test]
async fn an_object_artifact_is_there_once_its_upload_is_finished() {
    let env = TestEnv::start().await;
    let upload = env.upload("public/file").await;
    let key = env.key("public/file");
    assert_eq!(upload.name, format!("t/{}/0/public/file", env.task_id));
    assert_eq!(upload.credentials.scopes, [format!("object:upload:project:{}", upload.name)]);
    assert_eq!(code(env.artifacts.finish(&key, upload.upload_id).await), ErrorCode::InputError);
    assert_eq!(code(env.follow("public/file").await), ErrorCode::ResourceNotFound);

    env.finish_upload(&upload).await;
    let other = UploadId::from_random(env.rng.uuid_bytes());
    assert_eq!(code(env.artifacts.finish(&key, other).await), ErrorCode::InputError);
    for _ in 0..2 {
        env.artifacts.finish(&key, upload.upload_id).await.unwrap();
    }
    let found = env.follow("public/file").await.unwrap();
    assert!(matches!(env.artifacts.location(&found).await.unwrap(), Some(Location::Path(_))));
    assert_eq!(env.artifacts.info(&key).await.unwrap().content_length, Some(5));
    assert_eq!(code(env.create("public/file", object()).await), ErrorCode::RequestConflict);
    let download = env.artifacts.object_access(&key).1;
    assert_eq!(download.scopes, [format!("object:download:{}", upload.name)]);
}

#[tokio::test]
async fn an_artifact_is_published_once_its_content_is_complete() {
    let env = TestEnv::start().await;
    env.create("reference", reference("https://a.test")).await.unwrap();
    env.create("link", link("reference")).await.unwrap();
    env.create("error", failure()).await.unwrap();
    let s3 = ArtifactBody::S3 { content_type: "text/plain".to_owned(), content_length: None };
    env.create("s3", s3).await.unwrap();
    let upload = env.upload("object").await;
    let named = |name: &str, storage_type| (name.to_owned(), storage_type);
    let whole = [
        named("reference", StorageType::Reference),
        named("link", StorageType::Link),
        named("error", StorageType::Error),
    ];
    assert_eq!(env.published().await, whole);

    env.finish_upload(&upload).await;
    env.create("error", link("x")).await.unwrap_err();
    assert_eq!(env.published().await, []);
    env.artifacts.finish(&env.key("object"), upload.upload_id).await.unwrap();
    assert_eq!(env.published().await, [named("object", StorageType::Object)]);
}

#[tokio::test]
async fn only_uploads_can_be_finished() {
    let env = TestEnv::start().await;
    env.create("x", reference("https://a.test")).await.unwrap();
    let id = UploadId::from_random(env.rng.uuid_bytes());
    assert_eq!(code(env.artifacts.finish(&env.key("x"), id).await), ErrorCode::InputError);
    assert_eq!(code(env.artifacts.finish(&env.key("none"), id).await), ErrorCode::ResourceNotFound);
}

#[tokio::test]
async fn content_of_an_s3_artifact_may_be_replaced_and_its_length_is_what_came() {
    let env = TestEnv::start().await;
    let body = ArtifactBody::S3 { content_type: "text/plain".to_owned(), content_length: Some(99) };
    let Created::S3 { put_path, .. } = env.create("log", body).await.unwrap() else { panic!("a path") };
    let objects = env.artifacts.objects();
    for text in ["first", "the second"] {
        let arrival = Incoming {
            content_type: Some("text/plain".to_owned()),
            content_length: None,
            content_encoding: Some("gzip".to_owned()),
            digests: Hashes::new(),
            body: stream::iter([Ok::<_, &str>(Bytes::from_static(text.as_bytes()))]),
        };
        objects.receive(put_path.rsplit('/').next().unwrap(), arrival).await.unwrap();
        let found = env.follow("log").await.unwrap();
        let Some(Location::Path(path)) = env.artifacts.location(&found).await.unwrap() else { panic!("a path") };
        let stored = objects.find(path.rsplit('/').nth(1).unwrap()).await.unwrap();
        assert_eq!(stored.content.content_length, i64::try_from(text.len()).unwrap());
        assert_eq!(stored.content.content_encoding, "gzip");
    }
    assert_eq!(env.artifacts.info(&env.key("log")).await.unwrap().content_length, Some(10));
}

#[tokio::test]
async fn an_expired_artifact_is_gone_at_once_and_swept_later_with_its_content() {
    let env = TestEnv::start().await;
    let upload = env.upload("file").await;
    env.finish_upload(&upload).await;
    env.artifacts.finish(&env.key("file"), upload.upload_id).await.unwrap();
    env.clock.set(upload.expires);
    assert_eq!(code(env.follow("file").await), ErrorCode::ResourceExpired);
    env.clock.advance(TimeDelta::minutes(31));
    assert_eq!(expire(env.artifacts.objects()).await.unwrap(), Swept { artifacts: 1, objects: 1, blobs: 0 });
    env.clock.advance(TimeDelta::minutes(2));
    assert_eq!(expire(env.artifacts.objects()).await.unwrap(), Swept { artifacts: 0, objects: 0, blobs: 1 });
    assert_eq!(code(env.follow("file").await), ErrorCode::ResourceNotFound);
}
