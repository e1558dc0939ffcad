//! Content of artifacts on its way over a network that may cut, delay or alter it. What arrives is what was stored, or
//! nothing does.

mod download;
mod error;
mod origin;
mod part;

use std::sync::Arc;

pub use self::{
    download::{Download, Received},
    error::TransferError,
    origin::Origin,
};

/// Told how many bytes have been moved, and how many there are where that is known.
pub type Progress = Arc<dyn Fn(u64, Option<u64>) + Send + Sync>;

/// For those whom nobody watches.
pub fn no_progress() -> Progress {
    Arc::new(|_, _| {})
}
