//! The methods that `build.rs` makes from `service Queue` in `queue.proto`.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;

use super::{error::QueueError, local::LocalQueue, service::Queue, types};
use crate::kit::rpc::{self, Proto};

include!(concat!(env!("OUT_DIR"), "/queue.rs"));

fn decode<P: Message + Default, T: Proto<P>>(method: &str, body: Bytes) -> Result<T, QueueError> {
    rpc::decode(body).map_err(|error| {
        tracing::error!(method, %error, "cannot decode RPC request");
        QueueError::Remote
    })
}

fn encode<P: Message, T: Proto<P>>(response: T) -> Bytes {
    rpc::encode::<P>(response)
}

fn unknown_method(method: &str) -> QueueError {
    tracing::error!(method, "unknown RPC method");
    QueueError::Remote
}
