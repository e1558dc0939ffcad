//! Events of a master. They only make the bridge check a request sooner; what it then does depends on what it
//! reads. So they may be lost, repeated, late, or in any order.

use async_trait::async_trait;

use super::{BuildId, LogId, RequestId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// From now on events are received. Earlier ones may be lost: check everything.
    Connected,
    /// No events are received; the source reconnects by itself.
    Disconnected(String),
    /// Something about this request changed.
    Request(RequestId),
    /// Something about this build of this request changed.
    Build { build: BuildId, request: RequestId },
    /// A log has more lines, or is complete.
    Log(LogId),
}

/// A stream of events that reconnects by itself.
#[async_trait]
pub trait EventSource: Send {
    /// Waits for the next event. Connects when there is no connection, with pauses between failures, so it never
    /// ends. Dropping the future loses nothing: the next call goes on where it stopped.
    async fn next(&mut self) -> Event;
}
