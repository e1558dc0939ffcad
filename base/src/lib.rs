//! Shared foundations: clock, randomness, settings, telemetry, back-off and shutdown.
//!
//! This crate knows nothing about tasks or workers. It is the only one that reads the system's clock, randomness and
//! environment variables; they are injected everywhere else.

// The settings macro names this crate by its name, here as everywhere.
extern crate self as base;

mod backoff;
mod clock;
pub mod environment;
mod rng;
mod seal;
#[cfg(feature = "testing")]
mod seed;
pub mod settings;
mod shutdown;
pub mod telemetry;

pub use backoff::Backoff;
pub use clock::{Clock, SystemClock, TestClock};
pub use rng::Rng;
pub use seal::{KeyRing, KeyRingError, SealedText, SealingKey, UnsealError};
#[cfg(feature = "testing")]
pub use seed::Seed;
// For the code that `settings!` writes.
#[doc(hidden)]
pub use serde;
pub use settings::{ConfigDuration, Secret};
pub use shutdown::Shutdown;
