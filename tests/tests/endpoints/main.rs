//! Every declared endpoint has a refused case and a repeat, against a real `drover dev`. A new endpoint fails these
//! tests until it has both.

#![allow(clippy::unwrap_used, reason = "tests")]

mod refused;
mod repeated;
mod steps;

use protocol::reference::{Endpoint, Segment, Service, services};

/// All of them, with their services.
fn endpoints() -> impl Iterator<Item = (&'static Service, &'static Endpoint)> {
    services().iter().flat_map(|service| service.entries.iter().map(move |endpoint| (service, endpoint)))
}

/// The path below `/api/<service>/v1/`, with these values in place of the parameters.
fn path(endpoint: &Endpoint, mut value: impl FnMut(&str) -> String) -> String {
    let segment = |segment: &Segment| match segment {
        Segment::Literal(text) => text.clone(),
        Segment::Param(param) => value(&param.name).replace('%', "%25").replace('/', "%2F") + &param.suffix,
    };
    endpoint.segments.iter().map(segment).collect::<Vec<_>>().join("/")
}

fn name(service: &Service, endpoint: &Endpoint) -> String {
    format!("{}.{}", service.service_name, endpoint.name)
}
