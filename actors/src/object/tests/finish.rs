use super::*;

#[tokio::test]
async fn an_altered_upload_is_dropped_whenever_its_hash_was_promised() {
    let house = House::start().await;
    let wrong = "0".repeat(64);
    let early = CreateUpload { hashes: sha256(&wrong), ..house.upload("early") };
    let url = put_url(house.objects.create_upload(early).await.unwrap());
    let error = house.objects.receive(token(&url), whole()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InputError);
    assert!(error.to_string().contains("hashes.sha256"), "{error}");
    assert_eq!(house.files(), 0);

    let late = house.upload("late");
    let url = put_url(house.objects.create_upload(late.clone()).await.unwrap());
    house.objects.receive(token(&url), whole()).await.unwrap();
    let promise = FinishUpload { hashes: sha256(&wrong), ..finish(&late) };
    let error = house.objects.finish_upload(promise).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::RequestConflict);
    assert!(error.to_string().contains("hashes.sha256"), "{error}");
    let error = house.objects.finish_upload(finish(&late)).await.unwrap_err();
    assert!(error.to_string().contains("no whole content"), "{error}");
}

#[tokio::test]
async fn every_step_may_be_repeated() {
    let house = House::start().await;
    let upload = house.upload("again");
    let mut url = String::new();
    for _ in 0..2 {
        url = put_url(house.objects.create_upload(upload.clone()).await.unwrap());
    }
    for _ in 0..3 {
        house.objects.receive(token(&url), whole()).await.unwrap();
    }
    assert_eq!(house.files(), 1);
    house.objects.finish_upload(FinishUpload { hashes: sha256(SHA256), ..finish(&upload) }).await.unwrap();
    house.objects.finish_upload(finish(&upload)).await.unwrap();
    house.objects.finish_upload(FinishUpload { hashes: sha256(SHA256), ..finish(&upload) }).await.unwrap();
}

#[tokio::test]
async fn what_is_settled_about_an_upload_cannot_be_changed() {
    let house = House::start().await;
    let first = CreateUpload { hashes: sha256(SHA256), ..house.upload("settled") };
    house.objects.create_upload(first.clone()).await.unwrap();
    let changes = [
        ("uploadId", CreateUpload { upload_id: house.upload("x").upload_id, ..first.clone() }),
        ("projectId", CreateUpload { project_id: "other".to_owned(), ..first.clone() }),
        ("expires", CreateUpload { expires: first.expires + TimeDelta::hours(1), ..first.clone() }),
        ("hashes.sha256", CreateUpload { hashes: sha256(&"0".repeat(64)), ..first.clone() }),
        ("uploadId", CreateUpload { name: "another".to_owned(), ..first.clone() }),
    ];
    for (field, changed) in changes {
        let error = house.objects.create_upload(changed).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::RequestConflict);
        assert!(error.to_string().contains(field), "{error}");
    }
    for (field, changed) in [
        ("uploadId", FinishUpload { upload_id: house.upload("x").upload_id, ..finish(&first) }),
        ("projectId", FinishUpload { project_id: "other".to_owned(), ..finish(&first) }),
    ] {
        let error = house.objects.finish_upload(changed).await.unwrap_err();
        assert!(error.to_string().contains(field), "{error}");
    }
}

#[tokio::test]
async fn a_finished_object_is_final() {
    let house = House::start().await;
    let upload = house.upload("final");
    let url = put_url(house.objects.create_upload(upload.clone()).await.unwrap());
    house.objects.receive(token(&url), whole()).await.unwrap();
    house.objects.finish_upload(finish(&upload)).await.unwrap();

    let other = vec![b'x'; DATA.len()];
    let error = house.objects.receive(token(&url), arrival(vec![Ok(other.into())])).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::RequestConflict);
    assert_eq!(house.objects.create_upload(upload.clone()).await.unwrap_err().code(), ErrorCode::RequestConflict);
    let more = FinishUpload { hashes: sha256(SHA256), ..finish(&upload) };
    assert_eq!(house.objects.finish_upload(more).await.unwrap_err().code(), ErrorCode::RequestConflict);
    assert_eq!(house.read("final").await, DATA);
}
