//! What a master tells by itself. Events only make the bridge look sooner; what it then does is decided by what it
//! reads. So they may be lost, doubled, late, or in any order.

use async_trait::async_trait;

use super::{BuildId, LogId, RequestId};

/// Something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// From here on events arrive. What happened before was not told: look at everything.
    Connected,
    /// Events do not arrive any more; the source tries to connect again by itself.
    Lost(String),
    /// Something about this request changed.
    Request(RequestId),
    /// Something about this build of this request changed.
    Build { build: BuildId, request: RequestId },
    /// A log has more lines, or is complete.
    Log(LogId),
}

/// A stream of events that mends itself.
#[async_trait]
pub trait EventSource: Send {
    /// Waits for the next event. Connects when there is no connection, with pauses between failures, so it never
    /// ends. Dropping the future loses nothing: the next call goes on where it stopped.
    async fn next(&mut self) -> Event;
}
