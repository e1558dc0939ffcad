use db::queue::Outcome;

use super::*;

impl House {
    async fn complete(&self, whole: bool) -> Outcome {
        let mut batch = ReportBatch::default();
        // In the middle of a batch, where places are told apart.
        for (task_id, state, reason) in [
            (TaskId::from_random([1; 16]), TaskState::Completed, ReasonResolved::Completed),
            (self.task_id, TaskState::Completed, ReasonResolved::Completed),
            (TaskId::from_random([2; 16]), TaskState::Failed, ReasonResolved::Failed),
        ] {
            batch.push(task_id, 0, state, reason, whole, None);
        }
        let (answers, _) = self.db.lane().report_runs(&batch, self.clock.now()).await.unwrap();
        assert_eq!(answers.iter().map(|answer| answer.place).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((answers[0].outcome, answers[2].outcome), (Outcome::NoSuchTask, Outcome::NoSuchTask));
        answers[1].outcome
    }

    async fn unfinished(&self) -> Vec<String> {
        self.db.unfinished_uploads((self.task_id, 0), 10).await.unwrap()
    }
}

#[tokio::test]
async fn a_run_is_not_completed_while_an_upload_of_it_is_unfinished() {
    let house = House::start().await;
    house.create("reference", reference("https://a.test")).await.unwrap();
    let upload = house.upload("object").await;
    assert_eq!(house.unfinished().await, ["object"]);
    assert_eq!(house.complete(true).await, Outcome::UploadUnfinished);
    assert_eq!(house.complete(true).await, Outcome::UploadUnfinished, "nothing was written");

    house.finish_upload(&upload).await;
    assert_eq!(house.complete(true).await, Outcome::UploadUnfinished, "it is the artifact that counts");
    house.artifacts.finish(&house.key("object"), upload.upload_id).await.unwrap();

    assert!(house.unfinished().await.is_empty());
    assert_eq!(house.complete(true).await, Outcome::Done);
    assert_eq!(house.complete(true).await, Outcome::Done, "a repeat is answered alike");
}

#[tokio::test]
async fn an_s3_artifact_without_content_is_an_unfinished_upload_too() {
    let house = House::start().await;
    let body = ArtifactBody::S3 { content_type: "text/plain".to_owned(), content_length: None };
    house.create("log", body).await.unwrap();
    assert_eq!(house.unfinished().await, ["log"]);
    assert_eq!(house.complete(true).await, Outcome::UploadUnfinished);
    assert_eq!(house.complete(false).await, Outcome::Done, "who does not ask for it keeps the old freedom");
}

#[tokio::test]
async fn a_run_with_an_unfinished_upload_may_fail() {
    let house = House::start().await;
    house.upload("object").await;
    let mut batch = ReportBatch::default();
    batch.push(house.task_id, 0, TaskState::Failed, ReasonResolved::Failed, true, None);
    let (answers, _) = house.db.lane().report_runs(&batch, house.clock.now()).await.unwrap();
    assert_eq!(answers[0].outcome, Outcome::Done);
}
