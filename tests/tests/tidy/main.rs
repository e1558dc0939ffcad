//! The rules of the code: which crate may use which, what a crate must not contain, names, sizes, and what the documents
//! promise.
//!
//! A new arrow or exception is added here in a commit of its own that says why.

#![allow(clippy::unwrap_used, reason = "tests")]

mod arrows;
mod circles;
mod docs;
mod files;
mod indexes;
mod licences;
mod metadata;
mod metrics;
mod names;
mod services;
mod settings;
mod sizes;
mod sources;
