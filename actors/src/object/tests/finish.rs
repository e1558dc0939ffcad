use super::*;

#[tokio::test]
async fn an_altered_upload_is_dropped_whenever_its_hash_was_promised() {
    let env = TestEnv::start().await;
    let wrong = "0".repeat(64);
    let early = CreateUpload { hashes: sha256(&wrong), ..env.upload("early") };
    let url = put_url(env.objects.create_upload(early).await.unwrap());
    let error = env.objects.receive(token(&url), whole()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InputError);
    assert!(error.to_string().contains("hashes.sha256"), "{error}");
    assert_eq!(env.files(), 0);

    let late = env.upload("late");
    let url = put_url(env.objects.create_upload(late.clone()).await.unwrap());
    env.objects.receive(token(&url), whole()).await.unwrap();
    let promise = FinishUpload { hashes: sha256(&wrong), ..finish(&late) };
    let error = env.objects.finish_upload(promise).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::RequestConflict);
    assert!(error.to_string().contains("hashes.sha256"), "{error}");
    let error = env.objects.finish_upload(finish(&late)).await.unwrap_err();
    assert!(error.to_string().contains("no whole content"), "{error}");
}

#[tokio::test]
async fn every_step_may_be_repeated() {
    let env = TestEnv::start().await;
    let upload = env.upload("again");
    let mut url = String::new();
    for _ in 0..2 {
        url = put_url(env.objects.create_upload(upload.clone()).await.unwrap());
    }
    for _ in 0..3 {
        env.objects.receive(token(&url), whole()).await.unwrap();
    }
    assert_eq!(env.files(), 1);
    env.objects.finish_upload(FinishUpload { hashes: sha256(SHA256), ..finish(&upload) }).await.unwrap();
    env.objects.finish_upload(finish(&upload)).await.unwrap();
    env.objects.finish_upload(FinishUpload { hashes: sha256(SHA256), ..finish(&upload) }).await.unwrap();
}

#[tokio::test]
async fn what_is_settled_about_an_upload_cannot_be_changed() {
    let env = TestEnv::start().await;
    let first = CreateUpload { hashes: sha256(SHA256), ..env.upload("settled") };
    env.objects.create_upload(first.clone()).await.unwrap();
    let changes = [
        ("uploadId", CreateUpload { upload_id: env.upload("x").upload_id, ..first.clone() }),
        ("projectId", CreateUpload { project_id: "other".to_owned(), ..first.clone() }),
        ("expires", CreateUpload { expires: first.expires + TimeDelta::hours(1), ..first.clone() }),
        ("hashes.sha256", CreateUpload { hashes: sha256(&"0".repeat(64)), ..first.clone() }),
        ("uploadId", CreateUpload { name: "another".to_owned(), ..first.clone() }),
    ];
    for (field, changed) in changes {
        let error = env.objects.create_upload(changed).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::RequestConflict);
        assert!(error.to_string().contains(field), "{error}");
    }
    for (field, changed) in [
        ("uploadId", FinishUpload { upload_id: env.upload("x").upload_id, ..finish(&first) }),
        ("projectId", FinishUpload { project_id: "other".to_owned(), ..finish(&first) }),
    ] {
        let error = env.objects.finish_upload(changed).await.unwrap_err();
        assert!(error.to_string().contains(field), "{error}");
    }
}

#[tokio::test]
async fn a_finished_object_is_final() {
    let env = TestEnv::start().await;
    let upload = env.upload("final");
    let url = put_url(env.objects.create_upload(upload.clone()).await.unwrap());
    env.objects.receive(token(&url), whole()).await.unwrap();
    env.objects.finish_upload(finish(&upload)).await.unwrap();

    let other = vec![b'x'; DATA.len()];
    let error = env.objects.receive(token(&url), incoming(vec![Ok(other.into())])).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::RequestConflict);
    assert_eq!(env.objects.create_upload(upload.clone()).await.unwrap_err().code(), ErrorCode::RequestConflict);
    let more = FinishUpload { hashes: sha256(SHA256), ..finish(&upload) };
    assert_eq!(env.objects.finish_upload(more).await.unwrap_err().code(), ErrorCode::RequestConflict);
    assert_eq!(env.read("final").await, DATA);
}
