//! Connections: who may hold how many of them, and how slow they may be.

mod accept;
mod address;
mod paced_writes;
mod peer;

pub(crate) use accept::{Connections, serve_requests};
pub(crate) use address::{AddressKey, TrustedProxies};
pub(crate) use peer::Peer;
