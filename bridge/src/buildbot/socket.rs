//! Events over the WebSocket that the master's own web pages use.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use base::{Backoff, Rng};
use futures_util::{FutureExt, SinkExt, StreamExt, future::BoxFuture};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue, http::header},
};

use super::http::Http;
use crate::driver::{BuildId, Event, EventSource, LogId, RequestId};

/// What is listened to. Steps are left out: a build that goes on is no news.
const PATHS: [&str; 3] = ["buildrequests/*/*", "builds/*/*", "logs/*/*"];
const PING_EVERY: Duration = Duration::from_secs(20);
/// Of silence, pings unanswered; then the connection is dead, whatever the network says.
const SILENCE: Duration = Duration::from_secs(50);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// A connection that lived this long was a good one: the next pause begins small again.
const GOOD_LIFE: Duration = Duration::from_mins(1);

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Keeps what it does between two calls, so that a dropped future of `next` loses nothing.
pub(super) struct Socket {
    http: Arc<Http>,
    backoff: Backoff,
    state: State,
    /// The listener was told that there are no events.
    told_lost: bool,
}

enum State {
    Pausing(BoxFuture<'static, ()>),
    Connecting(BoxFuture<'static, Result<Box<Stream>, String>>),
    Open(Box<Open>),
}

struct Open {
    stream: Box<Stream>,
    ping: tokio::time::Interval,
    since: Instant,
    heard: Instant,
}

impl Socket {
    pub(super) fn new(http: Arc<Http>, rng: Rng) -> Self {
        let backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, rng);
        let state = State::Connecting(connect(http.clone()).boxed());
        Self { http, backoff, state, told_lost: false }
    }

    /// One step; `None` where there is nothing to tell.
    async fn step(&mut self) -> Option<Event> {
        match &mut self.state {
            State::Pausing(pause) => {
                pause.await;
                self.state = State::Connecting(connect(self.http.clone()).boxed());
                None
            }
            State::Connecting(connecting) => match connecting.await {
                Ok(stream) => {
                    self.state = State::Open(Box::new(Open::new(stream)));
                    self.told_lost = false;
                    Some(Event::Connected)
                }
                Err(why) => self.lost(why),
            },
            State::Open(open) => match open.next().await {
                Ok(text) => text.and_then(|text| read_event(&text)),
                Err(why) => {
                    if open.since.elapsed() >= GOOD_LIFE {
                        self.backoff.reset();
                    }
                    self.lost(why)
                }
            },
        }
    }

    fn lost(&mut self, why: String) -> Option<Event> {
        self.state = State::Pausing(sleep(self.backoff.next_wait()).boxed());
        let news = !std::mem::replace(&mut self.told_lost, true);
        news.then_some(Event::Lost(why))
    }
}

#[async_trait]
impl EventSource for Socket {
    async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.step().await {
                return event;
            }
        }
    }
}

impl Open {
    fn new(stream: Box<Stream>) -> Self {
        let mut ping = interval(PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ping.reset();
        let now = Instant::now();
        Self { stream, ping, since: now, heard: now }
    }

    /// The next text that was sent to us, or nothing after a ping. Every await here may be dropped.
    async fn next(&mut self) -> Result<Option<String>, String> {
        tokio::select! {
            message = self.stream.next() => {
                self.heard = Instant::now();
                text(message)
            }
            _ = self.ping.tick() => {
                if self.heard.elapsed() >= SILENCE {
                    return Err(format!("nothing was heard for {} s", SILENCE.as_secs()));
                }
                let ping = Message::text(json!({ "cmd": "ping", "_id": 0 }).to_string());
                self.stream.send(ping).await.map_err(|error| error.to_string())?;
                Ok(None)
            }
        }
    }
}

fn text(message: Option<Result<Message, Error>>) -> Result<Option<String>, String> {
    match message {
        Some(Ok(Message::Text(text))) => Ok(Some(text.to_string())),
        Some(Ok(Message::Close(_))) | None => Err("the master closed the connection".to_owned()),
        Some(Ok(_)) => Ok(None),
        Some(Err(error)) => Err(error.to_string()),
    }
}

/// A connection that has subscribed to everything.
async fn connect(http: Arc<Http>) -> Result<Box<Stream>, String> {
    let all = async {
        let mut url = http.base().join("ws").map_err(|error| error.to_string())?;
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        url.set_scheme(scheme).map_err(|()| "its address makes no WebSocket address".to_owned())?;
        let mut request = url.as_str().into_client_request().map_err(|error| error.to_string())?;
        // By default anybody may listen, so a login that fails is no reason not to.
        let cookie = http.cookie(None).await.unwrap_or_default();
        if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
            request.headers_mut().insert(header::COOKIE, cookie);
        }
        let (mut stream, _) = connect_async_tls_with_config(request, None, false, http.tls().map(Connector::Rustls))
            .await
            .map_err(|error| error.to_string())?;
        subscribe(&mut stream).await?;
        Ok(Box::new(stream))
    };
    timeout(http.timeout(), all).await.unwrap_or_else(|_| Err("the master did not answer in time".to_owned()))
}

/// Events that arrive meanwhile are dropped: whoever is told of the connection looks at everything.
async fn subscribe(stream: &mut Stream) -> Result<(), String> {
    for (id, path) in (1..).zip(PATHS) {
        let command = json!({ "cmd": "startConsuming", "path": path, "_id": id });
        stream.send(Message::text(command.to_string())).await.map_err(|error| error.to_string())?;
    }
    let mut open: Vec<i64> = (1..).zip(PATHS).map(|(id, _)| id).collect();
    while !open.is_empty() {
        let Some(answer) = text(stream.next().await)? else { continue };
        let answer: Value =
            serde_json::from_str(&answer).map_err(|error| format!("no JSON on the WebSocket: {error}"))?;
        let Some(id) = answer["_id"].as_i64() else { continue };
        if answer["code"].as_i64() != Some(200) {
            return Err(format!("the master refuses to tell its events: {}", answer["error"]));
        }
        open.retain(|it| *it != id);
    }
    Ok(())
}

/// `None` for what concerns nobody here: answers to pings, events without what they are about.
fn read_event(text: &str) -> Option<Event> {
    #[derive(Deserialize)]
    struct Told {
        k: String,
        m: Option<About>,
    }
    #[derive(Deserialize)]
    struct About {
        buildrequestid: Option<i64>,
        buildid: Option<i64>,
        logid: Option<i64>,
    }
    let told: Told = serde_json::from_str(text).ok()?;
    let about = told.m?;
    match told.k.split('/').next()? {
        "buildrequests" => about.buildrequestid.map(|id| Event::Request(RequestId(id))),
        "builds" => Some(Event::Build { build: BuildId(about.buildid?), request: RequestId(about.buildrequestid?) }),
        "logs" => about.logid.map(|id| Event::Log(LogId(id))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_say_what_to_look_at() {
        let build = r#"{"k":"builds/17/finished","m":{"buildid":17,"buildrequestid":4,"results":0,"properties":{}}}"#;
        assert_eq!(read_event(build), Some(Event::Build { build: BuildId(17), request: RequestId(4) }));
        let request = r#"{"k":"buildrequests/4/complete","m":{"buildrequestid":4}}"#;
        assert_eq!(read_event(request), Some(Event::Request(RequestId(4))));
        assert_eq!(read_event(r#"{"k":"logs/9/append","m":{"logid":9,"num_lines":3}}"#), Some(Event::Log(LogId(9))));
    }

    #[test]
    fn what_tells_nothing_is_passed_over() {
        for text in
            [r#"{"msg":"pong","code":200,"_id":0}"#, r#"{"k":"buildrequests/4/cancel","m":null}"#, "nonsense", "[]"]
        {
            assert_eq!(read_event(text), None, "{text}");
        }
    }
}
