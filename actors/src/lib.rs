//! The parts of Drover that do the work, each an actor.

pub mod kit;
pub mod queue;
