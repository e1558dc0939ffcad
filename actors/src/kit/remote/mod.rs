//! Speaking to a part that runs in another process, and serving those who do.
//!
//! A call goes to an inbox that all who serve it share, and its answer to the caller alone. It has a deadline, after
//! which it is not begun any more. What was begun twice, because a process ended over it, must be safe to repeat.

mod ask;
mod serve;
#[cfg(test)]
mod tests;

pub use ask::Remote;
pub use serve::{Answer, Service};

/// On which callers say that they do not wait any more.
const GIVEN_UP: &str = "drover/v1/given-up";
