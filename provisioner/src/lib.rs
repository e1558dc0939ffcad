//! Worker pools: how many machines are launched, of which kind, and which may stop.
//!
//! [`decision`] is pure: no I/O, no clock, no random source of its own. What it sees and what it answers are values that can
//! be stored, shown and replayed. [`provider`] is the interface to what makes machines.
#![forbid(unsafe_code)]

pub mod decision;
pub mod provider;
