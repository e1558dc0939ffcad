//! Notices by a queue.

use provisioner::provider::{NoticeKind, Provider};
use serde_json::json;

use super::{AwsEnv, driver, settings};

#[tokio::test]
async fn notices_of_an_interruption_come_until_they_were_handled() {
    let Some(env) = AwsEnv::start().await else { return };
    assert_eq!(env.aws.notices().await.unwrap(), None, "without a queue there are none");
    let attributes = json!({ "VisibilityTimeout": "0" });
    let queue = env.proxy.sqs("CreateQueue", &json!({ "QueueName": "notices", "Attributes": attributes })).await;
    let queue = queue["QueueUrl"].as_str().unwrap().to_owned();
    let aws = driver(base_settings(&env, &queue));
    let machine = env.aws.launch(&env.launch("us-west-2", 1)).await.unwrap().machines.remove(0).id;

    env.proxy.send_message("no notice at all", &queue).await;
    env.proxy.interrupt("us-west-2", &machine, &queue).await;
    env.proxy.notify("us-west-2", &machine, "EC2 Instance Rebalance Recommendation", &queue).await;
    let mut kinds = Vec::new();
    while kinds.len() < 3 {
        let notices = aws.notices().await.unwrap().unwrap();
        assert!(notices.iter().all(|it| (it.machine.as_str(), it.region.as_str()) == (machine.as_str(), "us-west-2")));
        // Not handled: they come again.
        assert!(!aws.notices().await.unwrap().unwrap().is_empty());
        kinds.extend(notices.iter().map(|it| it.kind));
        let receipts: Vec<String> = aws.notices().await.unwrap().unwrap().into_iter().map(|it| it.receipt).collect();
        aws.notices_handled(&receipts).await.unwrap();
    }
    let expected = [NoticeKind::Interruption, NoticeKind::StateChanged, NoticeKind::Rebalance];
    assert!(expected.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");

    let names = json!({ "QueueUrl": queue, "AttributeNames": ["ApproximateNumberOfMessages"] });
    let left = env.proxy.sqs("GetQueueAttributes", &names).await;
    assert_eq!(left["Attributes"]["ApproximateNumberOfMessages"], "0", "{left}");
}

fn base_settings(env: &AwsEnv, queue: &str) -> actors::worker_manager::AwsSettings {
    actors::worker_manager::AwsSettings { notice_queue_url: queue.to_owned(), ..settings(&env.moto.login) }
}
