use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use crate::http::Permit;

/// The other end of a connection. It comes with each request among its extensions.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub address: IpAddr,
    counted: Arc<Mutex<Option<Permit>>>,
}

impl Peer {
    pub(super) fn new(address: IpAddr, counted: Option<Permit>) -> Self {
        Self { address, counted: Arc::new(Mutex::new(counted)) }
    }

    /// Somebody signed a request in this connection, which from now on is not counted against its address: thousands
    /// of workers may share one.
    pub(crate) fn is_signed(&self) {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
