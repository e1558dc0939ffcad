use db::queue::Outcome;

use super::*;

impl House {
    /// `asked`: the report asks for complete uploads.
    async fn complete(&self, asked: bool, exempt: &[&str]) -> Outcome {
        let exempt: Vec<String> = exempt.iter().map(|&queue| queue.to_owned()).collect();
        let mut batch = ReportBatch::default();
        // In the middle of a batch, where places are told apart.
        for (task_id, state, reason) in [
            (TaskId::from_random([1; 16]), TaskState::Completed, ReasonResolved::Completed),
            (self.task_id, TaskState::Completed, ReasonResolved::Completed),
            (TaskId::from_random([2; 16]), TaskState::Failed, ReasonResolved::Failed),
        ] {
            batch.push(task_id, 0, state, reason, asked, None);
        }
        let (answers, _) =
            self.db.lane().report_runs(&batch, &UploadExemptions::of(&exempt), self.clock.now()).await.unwrap();
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
    let house = House::start().await;
    house.create("reference", reference("https://a.test")).await.unwrap();
    let upload = house.upload("object").await;
    assert_eq!(house.unfinished().await, ["object"]);
    assert_eq!(house.complete(true, &[]).await, Outcome::UploadUnfinished);
    assert_eq!(house.complete(true, &[]).await, Outcome::UploadUnfinished, "nothing was written");

    house.finish_upload(&upload).await;
    assert_eq!(house.complete(true, &[]).await, Outcome::UploadUnfinished, "it is the artifact that counts");
    house.artifacts.finish(&house.key("object"), upload.upload_id).await.unwrap();

    assert!(house.unfinished().await.is_empty());
    assert_eq!(house.complete(true, &[]).await, Outcome::Done);
    assert_eq!(house.complete(true, &[]).await, Outcome::Done, "a repeat is answered alike");
}

#[tokio::test]
async fn an_s3_artifact_without_content_is_an_unfinished_upload_too() {
    let house = House::start().await;
    house.create("log", s3()).await.unwrap();
    assert_eq!(house.unfinished().await, ["log"]);
    assert_eq!(house.complete(false, &[]).await, Outcome::UploadUnfinished);
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
        let house = House::start().await;
        house.create("log", s3()).await.unwrap();
        assert_eq!(house.complete(true, &exempt).await, Outcome::UploadUnfinished, "{exempt:?}");
        assert_eq!(house.complete(false, &exempt).await, outcome, "{exempt:?}");
    }
}

#[tokio::test]
async fn an_expired_artifact_without_content_keeps_no_run_from_its_end() {
    let house = House::start().await;
    house.create("log", s3()).await.unwrap();
    house.clock.set(house.soon());
    assert!(house.unfinished().await.is_empty());
    assert_eq!(house.complete(true, &[]).await, Outcome::Done);
}

#[tokio::test]
async fn a_run_with_an_unfinished_upload_may_fail() {
    let house = House::start().await;
    house.upload("object").await;
    let mut batch = ReportBatch::default();
    batch.push(house.task_id, 0, TaskState::Failed, ReasonResolved::Failed, true, None);
    let (answers, _) =
        house.db.lane().report_runs(&batch, &UploadExemptions::of(&[]), house.clock.now()).await.unwrap();
    assert_eq!(answers[0].outcome, Outcome::Done);
}
