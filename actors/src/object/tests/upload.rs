use super::*;

#[tokio::test]
async fn what_was_uploaded_is_what_is_downloaded() {
    let env = TestEnv::start().await;
    let upload = env.upload("public/log.txt");
    let url = put_url(env.objects.create_upload(upload.clone()).await.unwrap());
    let content = env.objects.receive(token(&url), whole()).await.unwrap();
    assert_eq!((content.content_length, content.sha256.as_str()), (18, SHA256));
    assert_eq!(env.objects.metadata("public/log.txt").await.unwrap_err().code(), ErrorCode::ResourceNotFound);

    env.objects.finish_upload(FinishUpload { hashes: sha256(SHA256), ..finish(&upload) }).await.unwrap();
    assert_eq!(env.read("public/log.txt").await, DATA);
    let metadata = env.objects.metadata("public/log.txt").await.unwrap();
    assert_eq!((metadata.hashes, metadata.expires), (sha256(SHA256), upload.expires));
}

#[tokio::test]
async fn a_small_object_comes_within_the_request() {
    let env = TestEnv::start().await;
    let inline = InlineData { content_type: "text/plain".to_owned(), object_data: "c21hbGw=".to_owned() };
    let upload = CreateUpload { data_inline: Some(inline), ..env.upload("small") };
    for _ in 0..2 {
        let open = env.objects.create_upload(upload.clone()).await.unwrap();
        assert!(matches!(open.method, Some(UploadMethod::DataInline)));
    }
    env.objects.finish_upload(finish(&upload)).await.unwrap();
    assert_eq!(env.read("small").await, b"small");
    assert_eq!(env.files(), 1);
    assert_eq!(env.objects.metadata("small").await.unwrap().hashes.len(), 2);
}

#[tokio::test]
async fn inline_data_that_is_too_long_or_no_base64_is_refused() {
    let env = TestEnv::start().await;
    for data in ["A".repeat(4 * 2731), "no base64!".to_owned()] {
        let inline = InlineData { content_type: "text/plain".to_owned(), object_data: data };
        let upload = CreateUpload { data_inline: Some(inline), ..env.upload("inline") };
        let error = env.objects.create_upload(upload).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InputError);
        assert!(error.to_string().contains("dataInline/objectData"), "{error}");
    }
}

#[tokio::test]
async fn a_truncated_upload_leaves_nothing_and_cannot_be_finished() {
    let env = TestEnv::start().await;
    let upload = env.upload("cut");
    let url = put_url(env.objects.create_upload(upload.clone()).await.unwrap());
    let short = incoming(vec![Ok(Bytes::from_static(&DATA[..7]))]);
    let broken = incoming(vec![Ok(Bytes::from_static(&DATA[..7])), Err("connection reset")]);
    let long = incoming(vec![Ok(Bytes::from_static(DATA)), Ok(Bytes::from_static(b"!"))]);
    for cut in [short, broken, long] {
        let error = env.objects.receive(token(&url), cut).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InputError, "{error}");
    }
    assert_eq!(env.files(), 0);
    let error = env.objects.finish_upload(finish(&upload)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::RequestConflict);

    env.objects.receive(token(&url), whole()).await.unwrap();
    env.objects.finish_upload(finish(&upload)).await.unwrap();
    assert_eq!(env.read("cut").await, DATA);
}

#[tokio::test]
async fn headers_other_than_the_promised_ones_are_refused_by_name() {
    let env = TestEnv::start().await;
    let url = put_url(env.objects.create_upload(env.upload("headers")).await.unwrap());
    let cases = [
        ("Content-Type", Incoming { content_type: Some("text/html".to_owned()), ..whole() }),
        ("Content-Type", Incoming { content_type: None, ..whole() }),
        ("Content-Length", Incoming { content_length: Some(17), ..whole() }),
        ("Content-Encoding", Incoming { content_encoding: Some("gzip".to_owned()), ..whole() }),
    ];
    for (header, incoming) in cases {
        let error = env.objects.receive(token(&url), incoming).await.unwrap_err();
        assert!(error.to_string().contains(header), "{error}");
    }
}

#[tokio::test]
async fn uploads_at_the_same_time_do_not_mix() {
    let env = TestEnv::start().await;
    let upload = env.upload("race");
    let url = put_url(env.objects.create_upload(upload.clone()).await.unwrap());
    let senders = (0..8u8).map(|sender| {
        let pieces = (0..DATA.len()).map(|_| Ok(Bytes::from(vec![b'a' + sender]))).collect();
        env.objects.receive(token(&url), incoming(pieces))
    });
    for received in futures_util::future::join_all(senders).await {
        received.unwrap();
    }
    env.objects.finish_upload(finish(&upload)).await.unwrap();
    let content = env.read("race").await;
    assert_eq!(content.len(), DATA.len());
    assert!(content.iter().all(|byte| *byte == content[0]), "{content:?}");

    env.clock.advance(TimeDelta::minutes(2));
    assert_eq!(env.objects.expire().await.unwrap().blobs, 7);
    assert_eq!(env.files(), 1);
    assert_eq!(env.read("race").await, content);
}
