use super::*;

#[tokio::test]
async fn a_large_object_is_written_and_read_in_parts() {
    let env = TestEnv::start().await;
    let data: Vec<u8> = (0..3_500_000u32).map(|number| number.to_le_bytes()[1]).collect();
    let promise = PutPromise { content_type: "text/plain".to_owned(), content_length: data.len() as u64 };
    let upload = CreateUpload { put_url: Some(promise), ..env.upload("large") };
    let url = put_url(env.objects.create_upload(upload.clone()).await.unwrap());
    let pieces = data.chunks(60_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    env.objects.receive(token(&url), incoming(pieces)).await.unwrap();
    env.objects.finish_upload(finish(&upload)).await.unwrap();
    assert!(env.read("large").await == data);

    let url = env.objects.simple_path("large").await.unwrap();
    let stored = env.objects.find(token(&url)).await.unwrap();
    let part = env.objects.open(&stored, Some(1_000_000..1_000_010)).await.unwrap();
    assert_eq!(part.length, 10);
    assert_eq!(bytes(part).await, data[1_000_000..1_000_010]);
}

#[tokio::test]
async fn an_empty_object_is_an_object() {
    let env = TestEnv::start().await;
    let promise = PutPromise { content_type: "text/plain".to_owned(), content_length: 0 };
    let upload = CreateUpload { put_url: Some(promise), ..env.upload("empty") };
    let url = put_url(env.objects.create_upload(upload.clone()).await.unwrap());
    env.objects.receive(token(&url), incoming(Vec::new())).await.unwrap();
    env.objects.finish_upload(finish(&upload)).await.unwrap();
    assert_eq!(env.read("empty").await, b"");
}

#[tokio::test]
async fn urls_lapse_and_hold_in_every_process() {
    let env = TestEnv::start().await;
    let upload = env.upload("urls");
    let put = put_url(env.objects.create_upload(upload.clone()).await.unwrap());
    let second = env.second_process().await;
    second.receive(token(&put), whole()).await.unwrap();
    second.finish_upload(finish(&upload)).await.unwrap();

    let accepted = AcceptedMethods { simple: true, get_url: true };
    let DownloadMethod::GetUrl { path: url, hashes, .. } = env.objects.start_download("urls", accepted).await.unwrap()
    else {
        panic!("getUrl is preferred")
    };
    assert_eq!(hashes["sha256"], SHA256);
    second.find(token(&url)).await.unwrap();
    env.clock.advance(TimeDelta::seconds(60));
    assert_eq!(second.find(token(&url)).await.unwrap_err().code(), ErrorCode::AuthenticationFailed);
    env.clock.advance(TimeDelta::minutes(44));
    assert_eq!(second.receive(token(&put), whole()).await.unwrap_err().code(), ErrorCode::AuthenticationFailed);
    let none = env.objects.start_download("urls", AcceptedMethods::default()).await.unwrap_err();
    assert_eq!(none.code(), ErrorCode::NoMatchingMethod);
}

#[tokio::test]
async fn expiry_takes_the_object_and_its_file() {
    let env = TestEnv::start().await;
    let upload = env.finished("old").await;
    let young = CreateUpload { expires: upload.expires + TimeDelta::days(1), ..env.upload("young") };
    env.objects.create_upload(young).await.unwrap();

    env.clock.set(upload.expires + TimeDelta::milliseconds(1));
    assert_eq!(env.objects.metadata("old").await.unwrap_err().code(), ErrorCode::ResourceNotFound);
    // The unfinished upload lapsed days ago.
    assert_eq!(env.objects.expire().await.unwrap(), Swept { artifacts: 0, objects: 2, blobs: 0 });
    env.clock.advance(TimeDelta::minutes(2));
    assert_eq!(env.objects.expire().await.unwrap(), Swept { artifacts: 0, objects: 0, blobs: 1 });
    assert_eq!(env.files(), 0);
    assert!(env.objects.expire().await.unwrap().is_empty());
    env.finished("old").await;
}

#[tokio::test]
async fn what_a_killed_process_left_half_written_is_swept_away() {
    let env = TestEnv::start().await;
    let blob = env.objects.new_blob();
    env.objects.db.start_content(blob, "local", env.clock.now()).await.unwrap();
    let mut half = writer::Writer::new(&env.objects, blob, u64::MAX, false);
    half.write(vec![0; 3_000_000].into()).await.unwrap();
    std::mem::forget(half);
    assert_eq!(env.files(), 1);

    assert!(env.objects.expire().await.unwrap().is_empty());
    env.clock.advance(TimeDelta::hours(25));
    assert_eq!(env.objects.expire().await.unwrap().blobs, 1);
    assert_eq!(env.files(), 0);
}

#[tokio::test]
async fn a_file_that_was_cut_on_disk_is_not_handed_out() {
    let env = TestEnv::start().await;
    env.finished("cut on disk").await;
    let url = env.objects.simple_path("cut on disk").await.unwrap();
    let stored = env.objects.find(token(&url)).await.unwrap();
    let name = stored.blob.0.simple().to_string();
    let file = env.directory.path().join(&name[..2]).join(&name);
    std::fs::OpenOptions::new().write(true).open(file).unwrap().set_len(3).unwrap();
    assert_eq!(env.objects.open(&stored, None).await.map(|_| ()).unwrap_err().code(), ErrorCode::InternalServerError);
}

#[tokio::test]
async fn the_end_of_a_file_that_was_altered_on_disk_never_comes() {
    let env = TestEnv::start().await;
    env.finished("altered").await;
    let url = env.objects.simple_path("altered").await.unwrap();
    let stored = env.objects.find(token(&url)).await.unwrap();
    let name = stored.blob.0.simple().to_string();
    std::fs::write(env.directory.path().join(&name[..2]).join(&name), DATA.to_ascii_uppercase()).unwrap();
    let sent: Result<Vec<Bytes>, _> = env.objects.open(&stored, None).await.unwrap().bytes.try_collect().await;
    assert_eq!(sent.unwrap_err().code(), ErrorCode::InternalServerError);
}

#[tokio::test]
async fn what_does_not_have_the_digest_sent_with_it_is_not_kept() {
    let env = TestEnv::start().await;
    let url = put_url(env.objects.create_upload(env.upload("digest")).await.unwrap());
    let digests = Hashes::from([("sha256".to_owned(), "0".repeat(64))]);
    let error = env.objects.receive(token(&url), Incoming { digests, ..whole() }).await.unwrap_err();
    assert!(error.code() == ErrorCode::InputError && error.to_string().contains("sha256"), "{error}");
    assert_eq!(env.files(), 0);
    let digests = Hashes::from([("sha256".to_owned(), SHA256.to_owned())]);
    env.objects.receive(token(&url), Incoming { digests, ..whole() }).await.unwrap();
}
