//! Keeping what a task has made.

mod content_type;
mod find;
mod hash;
mod store;

pub use self::{
    content_type::of_name as content_type_of,
    hash::Hashed,
    store::{Store, StoreError},
};
pub(crate) use self::{
    find::{Absent, Found, find},
    hash::hex,
};
