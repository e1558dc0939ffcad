//! Calls between processes, over the bus.
//!
//! A call goes to a queue that all processes which serve it share, and its response to the caller alone. It has a
//! deadline, after which it is not begun any more. A call is carried out at least once: a process that ends in the middle
//! of it leaves it to another one, so every method must be safe to repeat. Calls of one method that come at the same time travel in
//! one message.

mod batch;
mod call_queue;
mod client;
mod message;
mod server;
#[cfg(test)]
mod tests;
mod transport;

pub use client::Client;
pub(crate) use message::proto_message;
pub use message::{InvalidMessage, Proto, decode, encode};
pub use server::{Handler, Server};

/// Fan-out exchange for `CancelCall`.
const CANCEL_EXCHANGE: &str = "drover/v1/cancel-call";
