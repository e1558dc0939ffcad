//! Keeps the rules of the house true: which crate knows which, what a crate may never do, what the papers promise.
//!
//! A new arrow or exception is added here in a commit of its own that says why.

#![allow(clippy::unwrap_used, reason = "tests")]

mod arrows;
mod files;
mod indexes;
mod licences;
mod metadata;
mod papers;
mod sources;
