//! From a request on the wire to one call of a handler, and from its answer back to the wire.

mod admit;
mod body;
mod bounded;
mod call;
mod checked;
mod dispatch;
mod fault;
mod headers;
mod identify;
mod json;
mod large;
mod limits;
mod page;
mod percent;
mod query;
mod receive;
mod reply;
mod root;
mod routes;
mod table;
mod unread;

pub(crate) use admit::in_body;
pub(crate) use body::{Pace, Read};
pub(crate) use call::Call;
pub(crate) use checked::{checked_item, unreadable};
pub(crate) use dispatch::{Door, Durations, Permits, answer};
pub(crate) use fault::Fault;
pub(crate) use json::Object;
pub(crate) use large::{BodyLimits, Checks};
pub(crate) use limits::{Class, Holder, LimitSizes, Limits, Permit, Sender};
pub(crate) use reply::Reply;
pub use root::Build;
pub(crate) use root::Probes;
pub(crate) use routes::Routes;
pub(crate) use table::Table;

/// What a handler gives back.
pub(crate) type Answer = Result<Reply, Fault>;

#[cfg(test)]
mod tests;
