//! Events in the form of `text/event-stream`.

use std::{convert::Infallible, time::Duration};

use actors::live::{Follower, StreamEvent};
use base::Shutdown;
use bytes::Bytes;
use futures_util::{Stream, stream::unfold};
use protocol::time::Timestamp;
use tokio::time::{Instant, sleep, sleep_until};

use crate::http::{Object, Permit};

/// The interval of pings without events: proxies and clients close idle connections, and a ping shows that the client is
/// gone.
const PING_INTERVAL: Duration = Duration::from_secs(15);

/// How long a connection lasts: scopes are checked when it begins, and roles change.
const LONGEST: Duration = Duration::from_hours(1);

/// How long a client waits before it reconnects, in milliseconds.
const RETRY: u32 = 1000;

/// One connection. Its permit is released when it is dropped.
struct Connection {
    follower: Follower,
    shutdown: Shutdown,
    end: Instant,
    begun: bool,
    _permit: Permit,
}

/// How long a connection with credentials of this expiry may last.
pub(super) fn life(credentials_end: Option<Timestamp>, now: Timestamp) -> Duration {
    let left = credentials_end.map(|end| (end - now).to_std().unwrap_or_default());
    left.unwrap_or(LONGEST).min(LONGEST)
}

/// Ends after its life, when the process is to end or the log cannot be read; clients come back by themselves, and miss
/// nothing.
pub(super) fn of(
    follower: Follower,
    permit: Permit,
    life: Duration,
    shutdown: Shutdown,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let connection = Connection { follower, shutdown, end: Instant::now() + life, begun: false, _permit: permit };
    unfold(connection, async |mut connection| {
        let text = connection.next().await?;
        Some((Ok(Bytes::from(text)), connection))
    })
}

impl Connection {
    async fn next(&mut self) -> Option<String> {
        if !self.begun {
            self.begun = true;
            return Some(format!("retry: {RETRY}\n{}", self.mark("ready")));
        }
        tokio::select! {
            biased;
            () = self.shutdown.wait() => None,
            () = sleep_until(self.end) => None,
            next = self.follower.next() => match next {
                Ok(events) => Some(events.iter().map(message).collect()),
                Err(error) => {
                    tracing::warn!(%error, "cannot read events, connection is closed");
                    None
                }
            },
            () = sleep(PING_INTERVAL) => Some(self.mark("ping")),
        }
    }

    /// Carries the position, so that a client without events need not search the whole log when it reconnects.
    fn mark(&self, event: &str) -> String {
        format!("id: {}\nevent: {event}\ndata: {{}}\n\n", self.follower.position())
    }
}

fn message(event: &StreamEvent) -> String {
    let message = &event.message;
    // Every key but the first is a route of the task.
    let routes: Vec<&str> = message.cc.iter().filter_map(|key| key.strip_prefix("route.")).collect();
    let data = Object::new()
        .field("exchange", &message.exchange.as_ref())
        .field("routingKey", &message.routing_key)
        .field("routes", &routes)
        .field("redelivered", &false)
        .raw("payload", &String::from_utf8_lossy(&message.body))
        .finish();
    format!("id: {}\nevent: message\ndata: {data}\n\n", event.position)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_connection_ends_with_its_credentials() {
        let now = protocol::time::parse("2026-08-21T12:00:00Z").unwrap();
        let until = |delta| life(Some(now + delta), now);
        assert_eq!(until(TimeDelta::minutes(5)), Duration::from_mins(5));
        assert_eq!(until(TimeDelta::days(5)), LONGEST);
        assert_eq!(until(TimeDelta::minutes(-5)), Duration::ZERO);
        assert_eq!(life(None, now), LONGEST);
    }
}
