//! An EC2 to launch machines in: moto's server, and a proxy of ours before it that does what moto does not do.
//!
//! moto takes a `ClientToken` and makes new machines all the same, has no pages, never throttles, never lacks capacity and boots
//! at once. What the proxy does instead follows AWS's documentation; it is ours, and no proof of how AWS behaves.

mod answers;
mod identity;
mod machines;
mod moto;
mod moto_client;
mod proxy;
mod request;
mod rules;

pub use identity::{IdentityKey, InstanceFacts};
pub use machines::{Boot, Ec2Machines};
pub use moto::{Login, Moto, RoleKeys};
pub use proxy::Ec2Proxy;
pub use request::Ec2Request;
pub use rules::{Market, Rules};
