//! Keeping what a task has made.

mod content_type;
mod find;
mod hash;
mod store;

pub(crate) use self::{
    content_type::of_name as content_type_of,
    find::{Absent, find},
    hash::{Hashed, hex},
    store::{Store, StoreError},
};
