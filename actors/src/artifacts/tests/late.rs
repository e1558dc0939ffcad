//! Content that comes when the run is over.

use std::convert::Infallible;

use futures_util::StreamExt;
use protocol::state::ReasonResolved as Reason;
use tokio::sync::mpsc;

use super::*;

impl TestEnv {
    /// An s3 artifact to upload.
    async fn begin(&self, name: &str) -> String {
        let Created::S3 { put_path, .. } = self.create(name, s3()).await.unwrap() else { panic!("a path") };
        put_path
    }
}

#[tokio::test]
async fn content_is_final_once_the_run_is_resolved() {
    for (state, reason) in [
        (TaskState::Completed, Reason::Completed),
        (TaskState::Failed, Reason::Failed),
        (TaskState::Exception, Reason::MalformedPayload),
        // Here another run follows.
        (TaskState::Exception, Reason::WorkerShutdown),
    ] {
        let env = TestEnv::start().await;
        let path = env.begin("log").await;
        env.put(&path, "first").await.unwrap();
        env.put(&path, "second").await.unwrap();
        env.end_run(state, reason).await;

        let late = env.put(&path, "third").await.unwrap_err();
        assert_eq!(late.code(), ErrorCode::RequestConflict, "{late}");
        assert!(late.to_string().contains("`log`"), "{late}");
        env.put(&path, "second").await.expect("a repeat, whose first answer may have been lost");
        assert_eq!(env.read("log").await, b"second");
        env.clock.advance(TimeDelta::minutes(2));
        assert_eq!(expire(env.artifacts.objects()).await.unwrap().blobs, 1, "the first; nothing of the third is kept");
    }
}

#[tokio::test]
async fn what_had_no_content_takes_the_first_that_comes_and_no_other() {
    let env = TestEnv::start().await;
    let path = env.begin("log").await;
    env.end_run(TaskState::Exception, Reason::Canceled).await;
    env.put(&path, "first").await.unwrap();
    assert_eq!(env.put(&path, "second").await.unwrap_err().code(), ErrorCode::RequestConflict);
    // For a while artifacts of such a run may still be made, and a repeat answers another URL for the same one.
    let path = env.begin("log").await;
    assert_eq!(env.put(&path, "third").await.unwrap_err().code(), ErrorCode::RequestConflict);
    assert_eq!(env.read("log").await, b"first");
}

#[tokio::test]
async fn an_upload_under_way_when_the_run_is_resolved_is_lost() {
    let env = TestEnv::start().await;
    let path = env.begin("log").await;
    env.put(&path, "before").await.unwrap();
    let (sender, receiver) = mpsc::channel(1);
    let body = stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
    let body = Box::pin(body.map(Ok::<Bytes, Infallible>));
    let under_way = env.artifacts.objects().receive(token(&path), text_arrival(body));
    let meanwhile = async {
        // The channel holds one: once both are sent, the upload has begun.
        sender.send(Bytes::from_static(b"un")).await.unwrap();
        sender.send(Bytes::from_static(b"der ")).await.unwrap();
        env.end_run(TaskState::Completed, Reason::Completed).await;
        sender.send(Bytes::from_static(b"way")).await.unwrap();
        drop(sender);
    };
    let (stored, ()) = tokio::join!(under_way, meanwhile);
    assert_eq!(stored.unwrap_err().code(), ErrorCode::RequestConflict);
    assert_eq!(env.read("log").await, b"before");
}

/// The last step of an upload and the end of the run, at once: what is there when the run has ended stays.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_and_the_end_of_its_run_at_once_are_decided_by_the_database() {
    let (mut stored, mut refused) = (0, 0);
    for _ in 0..20 {
        let env = TestEnv::start().await;
        let path = env.begin("log").await;
        env.put(&path, "before").await.unwrap();
        let ended = async {
            env.end_run(TaskState::Completed, Reason::Completed).await;
            env.read("log").await
        };
        let (put, at_the_end) = tokio::join!(env.put(&path, "at once"), ended);
        assert_eq!(env.read("log").await, at_the_end, "content changed after the end of its run");
        match put {
            Ok(()) => stored += i32::from(at_the_end == b"at once"),
            Err(error) => {
                assert_eq!((error.code(), &at_the_end[..]), (ErrorCode::RequestConflict, &b"before"[..]));
                refused += 1;
            }
        }
    }
    assert_eq!(stored + refused, 20);
}

#[tokio::test]
async fn a_finished_object_lives_as_long_as_its_artifact_so_that_its_name_stays_taken() {
    let env = TestEnv::start().await;
    let Created::Object(upload) = env.create("file", object()).await.unwrap() else { panic!("an upload") };
    let inline = InlineData { content_type: "text/plain".to_owned(), object_data: "c21hbGw=".to_owned() };
    let create = CreateUpload {
        name: upload.name.clone(),
        project_id: upload.project_id.clone(),
        upload_id: upload.upload_id,
        // Earlier than the artifact.
        expires: env.clock.now() + TimeDelta::minutes(1),
        hashes: Hashes::new(),
        data_inline: Some(inline),
        put_url: None,
    };
    env.artifacts.objects().create_upload(create).await.unwrap();
    env.finish_upload(&upload).await;
    env.artifacts.finish(&env.key("file"), upload.upload_id).await.unwrap();
    env.end_run(TaskState::Completed, Reason::Completed).await;

    env.clock.advance(TimeDelta::minutes(5));
    assert_eq!(expire(env.artifacts.objects()).await.unwrap(), Swept { artifacts: 0, objects: 0, blobs: 0 });
    assert_eq!(env.read("file").await, b"small");
}
