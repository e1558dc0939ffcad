//! Against a fake of ours: there is no server of Slack's to be had.

use std::sync::{Arc, Mutex};

use protocol::notify::{
    Notification,
    NotificationState::{Failed, Pending, Sent},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::env::{Script, TestEnv};
use crate::{SlackSettings, slack::Slack};

/// Status, a header and a body, or none after the request was taken.
type Reply = Option<(u16, &'static str, &'static str)>;

const OK: Reply = Some((200, "x: y", r#"{"ok":true,"ts":"1"}"#));

struct FakeSlack {
    url: String,
    posted: Arc<Mutex<Vec<Value>>>,
    _served: JoinSet<()>,
}

impl FakeSlack {
    async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        let (script, posted) = (Script::new(replies), Arc::<Mutex<Vec<Value>>>::default());
        let (kept, mut served) = (posted.clone(), JoinSet::new());
        served.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serve(stream, &script, &kept).await;
            }
        });
        Self { url, posted, _served: served }
    }

    fn channel(&self) -> Slack {
        Slack::new(&SlackSettings { token: "xoxb-1".into(), url: self.url.clone() }).unwrap()
    }

    fn posted(&self) -> usize {
        self.posted.lock().unwrap().len()
    }
}

/// One request of one connection.
async fn serve(mut stream: TcpStream, script: &Script<Reply>, posted: &Mutex<Vec<Value>>) {
    let (mut text, mut part) = (Vec::new(), [0; 4096]);
    let (head, body) = loop {
        let read = stream.read(&mut part).await.unwrap_or_default();
        if read == 0 {
            return;
        }
        text.extend_from_slice(&part[..read]);
        let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&text[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if text.len() >= end + 4 + length.map_or(0, |length| length.parse().unwrap()) {
            break (head, text[end + 4..].to_vec());
        }
    };
    assert!(head.contains("authorization: bearer xoxb-1"), "{head}");
    let reply = if head.contains("conversations.history") {
        let messages = posted.lock().unwrap().clone();
        Some((200, "x: y", json!({ "ok": true, "messages": messages }).to_string()))
    } else {
        let reply = script.next();
        if !matches!(reply, Some((_, _, body)) if !body.contains("true")) {
            posted.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        }
        reply.map(|(status, header, body)| (status, header, body.to_owned()))
    };
    if let Some((status, header, body)) = reply {
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status} x\r\n{header}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

fn slack(channel: &str, text: &str) -> Notification {
    Notification::Slack(serde_json::from_value(json!({ "channelId": channel, "text": text })).unwrap())
}

#[tokio::test]
async fn a_channel_gets_one_message_a_second() {
    let (env, fake) = (TestEnv::start().await, FakeSlack::start([OK]).await);
    for text in ["1", "2", "3"] {
        env.notify.send(&slack("C1", text)).await.unwrap();
    }
    env.notify.send(&slack("C2", "1")).await.unwrap();
    let mut delivering = env.deliverer(fake.channel());
    for posted in [2, 3, 4] {
        env.run(&mut delivering).await;
        assert_eq!(fake.posted(), posted);
        env.later(2);
    }
}

#[tokio::test]
async fn a_message_that_arrived_without_an_answer_is_found_and_not_sent_again() {
    let (env, fake) = (TestEnv::start().await, FakeSlack::start([None, OK]).await);
    env.notify.send(&slack("C1", "1")).await.unwrap();
    let mut delivering = env.deliverer(fake.channel());
    env.run(&mut delivering).await;
    assert_eq!(env.stored().await[0].state, Pending);
    env.later(60);
    env.run(&mut delivering).await;
    assert_eq!((env.stored().await[0].state, fake.posted()), (Sent, 1));
}

#[tokio::test]
async fn what_slack_refuses_fails_and_what_passes_is_tried_again_when_it_says() {
    let replies = [
        Some((429, "retry-after: 120", r#"{"ok":false,"error":"ratelimited"}"#)),
        Some((200, "x: y", r#"{"ok":false,"error":"channel_not_found"}"#)),
    ];
    let (env, fake) = (TestEnv::start().await, FakeSlack::start(replies).await);
    env.notify.send(&slack("C1", "1")).await.unwrap();
    let mut delivering = env.deliverer(fake.channel());
    env.run(&mut delivering).await;
    env.later(110);
    env.run(&mut delivering).await;
    assert_eq!((env.stored().await[0].state, env.stored().await[0].attempts), (Pending, 1));
    env.later(20);
    env.run(&mut delivering).await;
    let stored = env.stored().await.remove(0);
    assert_eq!((stored.state, stored.reason.as_deref()), (Failed, Some("200 channel_not_found")));
}
