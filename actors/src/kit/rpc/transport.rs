//! One message to those who serve a queue, and its response.

use std::{sync::Arc, time::Duration};

use bus::{Bus, TransportError};
use bytes::Bytes;
use prost::Message as _;
use protocol::proto::RpcResponse;
use tokio::time::{Instant, sleep, timeout_at};

use crate::kit::CallError;

/// How long a caller waits for a service whose last process is just being restarted; a longer absence is `Down`.
const RESTART_TIMEOUT: Duration = Duration::from_millis(500);
const RETRY_INTERVAL: Duration = Duration::from_millis(50);

#[derive(Clone)]
pub(super) struct Transport {
    pub(super) bus: Arc<dyn Bus>,
    pub(super) queue: Arc<str>,
}

impl Transport {
    /// Sent again only while nobody is there who could have begun it.
    pub(super) async fn send(&self, request: Bytes, deadline: Instant) -> Result<RpcResponse, CallError> {
        let give_up_at = Instant::now() + RESTART_TIMEOUT;
        let attempts = async {
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                match self.bus.call(&self.queue, request.clone(), left).await {
                    Ok(response) => return self.decode(response),
                    Err(TransportError::Timeout) => return Err(CallError::Late),
                    Err(TransportError::Unavailable) if Instant::now() < give_up_at => sleep(RETRY_INTERVAL).await,
                    Err(TransportError::Unavailable | TransportError::ConnectionLost) => return Err(CallError::Down),
                }
            }
        };
        timeout_at(deadline, attempts).await.unwrap_or(Err(CallError::Late))
    }

    fn decode(&self, response: Bytes) -> Result<RpcResponse, CallError> {
        RpcResponse::decode(response).map_err(|error| {
            tracing::error!(queue = &*self.queue, %error, "cannot decode RPC response");
            CallError::Down
        })
    }
}
