//! Events over the WebSocket of the master's web interface.

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

/// The subscriptions. Events of steps are not needed.
const PATHS: [&str; 3] = ["buildrequests/*/*", "builds/*/*", "logs/*/*"];
const PING_EVERY: Duration = Duration::from_secs(20);
/// Without any message, not even the response to a ping, the connection is broken, even if TCP does not report it.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(50);
const INITIAL_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_mins(1);
/// A connection that was open for this long resets the back-off.
const STABLE_AFTER: Duration = Duration::from_mins(1);

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Its state is kept between calls, so that `next` is cancel-safe.
pub(super) struct Socket {
    http: Arc<Http>,
    backoff: Backoff,
    state: State,
    /// `Disconnected` was returned since the last connection.
    reported_disconnect: bool,
}

enum State {
    BackingOff(BoxFuture<'static, ()>),
    Connecting(BoxFuture<'static, Result<Box<Stream>, String>>),
    Open(Box<Open>),
}

struct Open {
    stream: Box<Stream>,
    ping: tokio::time::Interval,
    since: Instant,
    received: Instant,
}

impl Socket {
    pub(super) fn new(http: Arc<Http>, rng: Rng) -> Self {
        let backoff = Backoff::new(INITIAL_BACKOFF, MAX_BACKOFF, rng);
        let state = State::Connecting(connect(http.clone()).boxed());
        Self { http, backoff, state, reported_disconnect: false }
    }

    /// Advances the state; `None` where that is no event.
    async fn advance(&mut self) -> Option<Event> {
        match &mut self.state {
            State::BackingOff(pause) => {
                pause.await;
                self.state = State::Connecting(connect(self.http.clone()).boxed());
                None
            }
            State::Connecting(connecting) => match connecting.await {
                Ok(stream) => {
                    self.state = State::Open(Box::new(Open::new(stream)));
                    self.reported_disconnect = false;
                    Some(Event::Connected)
                }
                Err(why) => self.disconnected(why),
            },
            State::Open(open) => match open.next().await {
                Ok(text) => text.and_then(|text| read_event(&text)),
                Err(why) => {
                    if open.since.elapsed() >= STABLE_AFTER {
                        self.backoff.reset();
                    }
                    self.disconnected(why)
                }
            },
        }
    }

    fn disconnected(&mut self, why: String) -> Option<Event> {
        self.state = State::BackingOff(sleep(self.backoff.next_wait()).boxed());
        let is_new = !std::mem::replace(&mut self.reported_disconnect, true);
        is_new.then_some(Event::Disconnected(why))
    }
}

#[async_trait]
impl EventSource for Socket {
    async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.advance().await {
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
        Self { stream, ping, since: now, received: now }
    }

    /// The next text message; `None` after a ping was sent. Every await here is cancel-safe.
    async fn next(&mut self) -> Result<Option<String>, String> {
        tokio::select! {
            message = self.stream.next() => {
                self.received = Instant::now();
                text(message)
            }
            _ = self.ping.tick() => {
                if self.received.elapsed() >= RECEIVE_TIMEOUT {
                    return Err(format!("nothing was received for {} s", RECEIVE_TIMEOUT.as_secs()));
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

/// Connects and subscribes.
async fn connect(http: Arc<Http>) -> Result<Box<Stream>, String> {
    let all = async {
        let mut url = http.base().join("ws").map_err(|error| error.to_string())?;
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        url.set_scheme(scheme).map_err(|()| "its URL cannot be turned into a WebSocket URL".to_owned())?;
        let mut request = url.as_str().into_client_request().map_err(|error| error.to_string())?;
        // By default anybody may subscribe, so a failed login does not matter.
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

/// Events received meanwhile are dropped: after `Connected`, everything is checked.
async fn subscribe(stream: &mut Stream) -> Result<(), String> {
    for (id, path) in (1..).zip(PATHS) {
        let command = json!({ "cmd": "startConsuming", "path": path, "_id": id });
        stream.send(Message::text(command.to_string())).await.map_err(|error| error.to_string())?;
    }
    let mut open: Vec<i64> = (1..).zip(PATHS).map(|(id, _)| id).collect();
    while !open.is_empty() {
        let Some(answer) = text(stream.next().await)? else { continue };
        let answer: Value =
            serde_json::from_str(&answer).map_err(|error| format!("invalid JSON on the WebSocket: {error}"))?;
        let Some(id) = answer["_id"].as_i64() else { continue };
        if answer["code"].as_i64() != Some(200) {
            return Err(format!("the master refuses the subscription to its events: {}", answer["error"]));
        }
        open.retain(|it| *it != id);
    }
    Ok(())
}

/// `None` for other messages: responses to pings, events without ids.
fn read_event(text: &str) -> Option<Event> {
    #[derive(Deserialize)]
    struct Wire {
        k: String,
        m: Option<Ids>,
    }
    #[derive(Deserialize)]
    struct Ids {
        buildrequestid: Option<i64>,
        buildid: Option<i64>,
        logid: Option<i64>,
    }
    let wire: Wire = serde_json::from_str(text).ok()?;
    let ids = wire.m?;
    match wire.k.split('/').next()? {
        "buildrequests" => ids.buildrequestid.map(|id| Event::Request(RequestId(id))),
        "builds" => Some(Event::Build { build: BuildId(ids.buildid?), request: RequestId(ids.buildrequestid?) }),
        "logs" => ids.logid.map(|id| Event::Log(LogId(id))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_decoded() {
        let build = r#"{"k":"builds/17/finished","m":{"buildid":17,"buildrequestid":4,"results":0,"properties":{}}}"#;
        assert_eq!(read_event(build), Some(Event::Build { build: BuildId(17), request: RequestId(4) }));
        let request = r#"{"k":"buildrequests/4/complete","m":{"buildrequestid":4}}"#;
        assert_eq!(read_event(request), Some(Event::Request(RequestId(4))));
        assert_eq!(read_event(r#"{"k":"logs/9/append","m":{"logid":9,"num_lines":3}}"#), Some(Event::Log(LogId(9))));
    }

    #[test]
    fn other_messages_are_ignored() {
        for text in
            [r#"{"msg":"pong","code":200,"_id":0}"#, r#"{"k":"buildrequests/4/cancel","m":null}"#, "nonsense", "[]"]
        {
            assert_eq!(read_event(text), None, "{text}");
        }
    }
}
