use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use crate::http::Permit;

/// The other end of a connection, in the extensions of each request.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub address: IpAddr,
    permit: Arc<Mutex<Option<Permit>>>,
}

impl Peer {
    pub(super) fn new(address: IpAddr, permit: Option<Permit>) -> Self {
        Self { address, permit: Arc::new(Mutex::new(permit)) }
    }

    /// A request of this connection is signed. From now on the connection does not count against its address, which
    /// thousands of workers may share.
    pub(crate) fn mark_signed(&self) {
        self.permit.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
