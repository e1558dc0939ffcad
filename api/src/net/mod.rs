//! Connections: how many an address may have, and how slow they may be.

mod accept;
mod address;
mod peer;
mod write_timeout;

pub(crate) use accept::{ConnectionLimits, serve_requests};
pub(crate) use address::{AddressKey, TrustedProxies};
pub(crate) use peer::Peer;
