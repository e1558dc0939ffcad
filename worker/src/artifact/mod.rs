//! Artifacts of a run.

mod content_type;
mod find;
mod hash;
mod store;

pub(crate) use self::find::{Found, MissingArtifact, find};
pub use self::{
    content_type::of_name as content_type_of,
    hash::Hashed,
    store::{Store, StoreError},
};
