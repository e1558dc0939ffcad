//! What EC2 says of its own accord, by `EventBridge` and an SQS queue. Messages stay in the queue until their notices were
//! handled; those that say nothing that we know are deleted at once, because they would come back for days.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{client::AwsClient, error::config_error};
use crate::provider::{Notice, NoticeKind, ProviderError, ProviderResult};

/// SQS's longest.
const WAIT: Duration = Duration::from_secs(20);
/// Beside the wait.
const TIMEOUT: Duration = Duration::from_secs(10);
/// SQS's limit for one request.
const BATCH: usize = 10;

/// The queue of a provider's settings.
struct Queue<'a> {
    client: &'a AwsClient,
    url: &'a str,
    host: String,
    region: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Received {
    #[serde(default)]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    receipt_handle: String,
    #[serde(default)]
    body: String,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "detail-type")]
    detail_type: String,
    region: String,
    time: DateTime<Utc>,
    detail: Detail,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(rename = "instance-id")]
    instance_id: String,
}

/// `None`: there is no queue.
pub(super) async fn receive(client: &AwsClient) -> ProviderResult<Option<Vec<Notice>>> {
    let Some(queue) = Queue::of(client)? else { return Ok(None) };
    let body = json!({ "QueueUrl": queue.url, "MaxNumberOfMessages": BATCH, "WaitTimeSeconds": WAIT.as_secs() });
    let answer = queue.call("ReceiveMessage", &body, WAIT + TIMEOUT).await?;
    let received: Received = serde_json::from_slice(&answer)
        .map_err(|error| ProviderError::unanswered(format!("the queue's answer cannot be read: {error}")))?;
    let (mut notices, mut useless) = (Vec::new(), Vec::new());
    for Message { receipt_handle, body } in received.messages {
        match parse(&body, &receipt_handle) {
            Some(notice) => notices.push(notice),
            None => useless.push(receipt_handle),
        }
    }
    if !useless.is_empty() {
        tracing::debug!(messages = useless.len(), "messages of the notice queue that are no notices deleted");
        // The notices beside them matter more; the rest comes again.
        if let Err(error) = delete(client, &useless).await {
            tracing::warn!(%error, "messages that are no notices not deleted");
        }
    }
    Ok(Some(notices))
}

pub(super) async fn delete(client: &AwsClient, receipts: &[String]) -> ProviderResult<()> {
    let Some(queue) = Queue::of(client)? else { return Ok(()) };
    for batch in receipts.chunks(BATCH) {
        let entry = |(at, receipt): (usize, &'_ String)| json!({ "Id": at.to_string(), "ReceiptHandle": receipt });
        let entries: Vec<Value> = batch.iter().enumerate().map(entry).collect();
        let body = json!({ "QueueUrl": queue.url, "Entries": entries });
        queue.call("DeleteMessageBatch", &body, TIMEOUT).await?;
    }
    Ok(())
}

impl<'a> Queue<'a> {
    fn of(client: &'a AwsClient) -> ProviderResult<Option<Self>> {
        let url = client.settings.notice_queue_url.as_str();
        if url.is_empty() {
            return Ok(None);
        }
        let parsed =
            Url::parse(url).map_err(|error| config_error("NoticeQueue", format!("`notice_queue_url`: {error}")))?;
        let region = region_of(parsed.host_str().unwrap_or_default()).unwrap_or(&client.settings.sts_region).to_owned();
        let host = format!("{}/", parsed.origin().ascii_serialization());
        Ok(Some(Self { client, url, host, region }))
    }

    async fn call(&self, action: &str, body: &Value, timeout: Duration) -> ProviderResult<Vec<u8>> {
        self.client.sqs(&self.region, action, &self.host, body, timeout).await
    }
}

/// `sqs.us-west-2.amazonaws.com` is in us-west-2.
fn region_of(host: &str) -> Option<&str> {
    host.strip_prefix("sqs.")?.split_once('.').map(|(region, _)| region)
}

fn parse(body: &str, receipt: &str) -> Option<Notice> {
    let event: Event = serde_json::from_str(body).ok()?;
    let kind = match event.detail_type.as_str() {
        "EC2 Instance State-change Notification" => NoticeKind::StateChanged,
        "EC2 Spot Instance Interruption Warning" => NoticeKind::Interruption,
        "EC2 Instance Rebalance Recommendation" => NoticeKind::Rebalance,
        _ => return None,
    };
    let (region, machine) = (event.region, event.detail.instance_id);
    Some(Notice { region, machine, kind, at: event.time, receipt: receipt.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str) -> String {
        json!({
            "version": "0", "id": "1", "detail-type": kind, "source": "aws.ec2", "account": "123456789012",
            "time": "2026-11-27T12:00:00Z", "region": "us-west-2", "resources": [],
            "detail": { "instance-id": "i-1", "instance-action": "terminate" },
        })
        .to_string()
    }

    #[test]
    fn the_three_kinds_of_notices_are_known_and_others_are_not() {
        let kind = |text: &str| parse(&event(text), "receipt").map(|it| (it.kind, it.machine, it.region));
        let known = |kind| Some((kind, "i-1".to_owned(), "us-west-2".to_owned()));
        assert_eq!(kind("EC2 Instance State-change Notification"), known(NoticeKind::StateChanged));
        assert_eq!(kind("EC2 Spot Instance Interruption Warning"), known(NoticeKind::Interruption));
        assert_eq!(kind("EC2 Instance Rebalance Recommendation"), known(NoticeKind::Rebalance));
        assert_eq!(kind("AWS API Call via CloudTrail"), None);
        for text in ["", "{}", "[1]", "{\"detail-type\":1}"] {
            assert_eq!(parse(text, "receipt"), None, "{text}");
        }
    }

    #[test]
    fn the_region_of_a_queue_stands_in_its_host() {
        assert_eq!(region_of("sqs.eu-central-1.amazonaws.com"), Some("eu-central-1"));
        assert_eq!(region_of("127.0.0.1"), None);
    }
}
