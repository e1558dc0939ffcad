//! The parts of Drover that do the work, each an actor.

pub mod artifacts;
pub mod auth;
pub mod kit;
pub mod object;
pub mod queue;
pub mod reflector;
pub mod relay;
pub mod scheduler;
