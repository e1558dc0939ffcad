//! Who is calling, and whether the caller may.

mod authorize;
mod caller;
mod clients;
mod verify;

pub(crate) use authorize::insufficient;
pub(crate) use caller::Caller;
pub use clients::{Client, Clients};
pub(crate) use verify::{AuthFault, Signature, Signed, authenticate};

#[cfg(test)]
mod tests;
