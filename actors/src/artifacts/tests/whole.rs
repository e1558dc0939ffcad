use db::queue::Outcome;

use super::*;

impl TestEnv {
    /// `asked`: the report asks for complete uploads.
    async fn complete(&self, asked: bool, exempt: &[&str]) -> Outcome {
        let exempt: Vec<String> = exempt.iter().map(|&queue| queue.to_owned()).collect();
        let mut batch = ReportBatch::default();
        // In the middle of a batch, where positions matter.
        for (task_id, state, reason) in [
            (TaskId::from_random([1; 16]), TaskState::Completed, ReasonResolved::Completed),
            (self.task_id, TaskState::Completed, ReasonResolved::Completed),
            (TaskId::from_random([2; 16]), TaskState::Failed, ReasonResolved::Failed),
        ] {
            batch.push(task_id, 0, state, reason, asked, None);
        }
        let (answers, _) = self
            .db
            .batch_connection()
            .report_runs(&batch, &UploadExemptions::of(&exempt), self.clock.now())
            .await
            .unwrap();
        assert_eq!(answers.iter().map(|answer| answer.place).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((answers[0].outcome, answers[2].outcome), (Outcome::NoSuchTask, Outcome::NoSuchTask));
        answers[1].outcome
    }

    async fn unfinished(&self) -> Vec<String> {
        self.db.incomplete_uploads((self.task_id, 0), 10, self.clock.now()).await.unwrap()
    }
}

#[tokio::test]
async fn a_run_is_not_completed_while_an_upload_of_it_is_unfinished() {
    let env = TestEnv::start().await;
    env.create("reference", reference("https://a.test")).await.unwrap();
    let upload = env.upload("object").await;
    assert_eq!(env.unfinished().await, ["object"]);
    assert_eq!(env.complete(true, &[]).await, Outcome::UploadUnfinished);
    assert_eq!(env.complete(true, &[]).await, Outcome::UploadUnfinished, "nothing was written");

    env.finish_upload(&upload).await;
    assert_eq!(env.complete(true, &[]).await, Outcome::UploadUnfinished, "it is the artifact that counts");
    env.artifacts.finish(&env.key("object"), upload.upload_id).await.unwrap();

    assert!(env.unfinished().await.is_empty());
    assert_eq!(env.complete(true, &[]).await, Outcome::Done);
    assert_eq!(env.complete(true, &[]).await, Outcome::Done, "a repeat is answered alike");
}

#[tokio::test]
async fn an_s3_artifact_without_content_is_an_unfinished_upload_too() {
    let env = TestEnv::start().await;
    env.create("log", s3()).await.unwrap();
    assert_eq!(env.unfinished().await, ["log"]);
    assert_eq!(env.complete(false, &[]).await, Outcome::UploadUnfinished);
}

#[tokio::test]
async fn an_exempt_task_queue_completes_runs_with_unfinished_uploads_unless_the_report_asks() {
    for (exempt, outcome) in [
        (["proj/kind"], Outcome::Done),
        (["proj/*"], Outcome::Done),
        (["*"], Outcome::Done),
        (["proj/kin"], Outcome::UploadUnfinished),
        (["proj/kin_"], Outcome::UploadUnfinished),
        (["proj/%"], Outcome::UploadUnfinished),
    ] {
        let env = TestEnv::start().await;
        env.create("log", s3()).await.unwrap();
        assert_eq!(env.complete(true, &exempt).await, Outcome::UploadUnfinished, "{exempt:?}");
        assert_eq!(env.complete(false, &exempt).await, outcome, "{exempt:?}");
    }
}

#[tokio::test]
async fn an_expired_artifact_without_content_keeps_no_run_from_its_end() {
    let env = TestEnv::start().await;
    env.create("log", s3()).await.unwrap();
    env.clock.set(env.soon());
    assert!(env.unfinished().await.is_empty());
    assert_eq!(env.complete(true, &[]).await, Outcome::Done);
}

#[tokio::test]
async fn a_run_with_an_unfinished_upload_may_fail() {
    let env = TestEnv::start().await;
    env.upload("object").await;
    let mut batch = ReportBatch::default();
    batch.push(env.task_id, 0, TaskState::Failed, ReasonResolved::Failed, true, None);
    let (answers, _) =
        env.db.batch_connection().report_runs(&batch, &UploadExemptions::of(&[]), env.clock.now()).await.unwrap();
    assert_eq!(answers[0].outcome, Outcome::Done);
}
