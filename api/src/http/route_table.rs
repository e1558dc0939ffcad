use std::{collections::HashMap, sync::Arc};

use hyper::Method;
use protocol::{
    reference::{Endpoint, Segment, Service},
    schema::{self, Schema},
};

use super::{handler::Handler, request_context::RawParams};

/// All routes, by service.
///
/// Routers of libraries do not match as Taskcluster's do: here a parameter that spans several segments may stand in the
/// middle of a route (`<taskQueueId>` is `a/b` as well as `a%2Fb`), the order of declaration decides, a slash at the end is
/// optional, and another method is "not found". Matching is on the path as sent, still percent-encoded.
#[derive(Default)]
pub(crate) struct RouteTable {
    services: HashMap<&'static str, Entries>,
}

#[derive(Default)]
struct Entries {
    version: &'static str,
    /// In order of declaration, by the first segment, which is a literal.
    by_first: HashMap<&'static str, Vec<Arc<Route>>>,
}

/// An endpoint and its handler.
pub(crate) struct Route {
    pub service: &'static Service,
    pub endpoint: &'static Endpoint,
    pub handler: Handler,
    /// What the body is checked against.
    pub input: Option<&'static Schema>,
    /// The scopes follow from the path, and are checked before anything else.
    pub scopes_first: bool,
    method: Method,
    /// Without the empty one after a slash at the end.
    segments: &'static [Segment],
    /// The index of the parameter that may span several segments.
    rest: Option<usize>,
}

impl RouteTable {
    pub(super) fn add(&mut self, service: &'static Service, endpoint: &'static Endpoint, handler: Handler) {
        let entries = self.services.entry(&service.service_name).or_default();
        entries.version = &service.api_version;
        let route = Arc::new(Route::new(service, endpoint, handler));
        if let Some(Segment::Literal(first)) = route.segments.first() {
            entries.by_first.entry(first).or_default().push(route);
        }
    }

    /// The first route, in order of declaration, that matches path and method.
    pub(crate) fn find<'a>(&self, path: &'a str, method: &Method) -> Option<(Arc<Route>, RawParams<'a>)> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let path = self.candidates(path)?;
        let routes = path.routes.iter().filter(|route| route.method == *method);
        routes.into_iter().find_map(|route| route.matches(&path).map(|params| (Arc::clone(route), params)))
    }

    /// The methods of all routes that match the path.
    pub(crate) fn methods(&self, path: &str) -> Vec<Method> {
        let Some(path) = self.candidates(path) else { return Vec::new() };
        let matching = path.routes.iter().filter(|route| route.matches(&path).is_some());
        let mut methods: Vec<Method> = matching.map(|route| route.method.clone()).collect();
        if methods.contains(&Method::GET) {
            methods.push(Method::HEAD);
        }
        methods.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        methods.dedup();
        methods
    }

    fn candidates<'a>(&self, path: &'a str) -> Option<Path<'_, 'a>> {
        let (entries, text) = match path.strip_prefix("/api/") {
            Some(path) => {
                let (service, rest) = path.split_once('/')?;
                let entries = self.services.get(service)?;
                (entries, rest.strip_prefix(entries.version)?.strip_prefix('/')?)
            }
            // Where Taskcluster has them.
            None => (self.services.get("drover")?, path.strip_prefix('/').filter(|path| path.starts_with("login/"))?),
        };
        let parts: Vec<&str> = text.split('/').collect();
        Some(Path { routes: entries.by_first.get(*parts.first()?)?, text, parts })
    }
}

/// The path after the version, split at its slashes, and the routes with the same first segment.
struct Path<'t, 'a> {
    routes: &'t [Arc<Route>],
    text: &'a str,
    parts: Vec<&'a str>,
}

impl<'a> Path<'_, 'a> {
    /// These parts with the slashes between them.
    fn joined(&self, from: usize, to: usize) -> &'a str {
        let length = |parts: &[&str]| parts.iter().map(|part| part.len() + 1).sum::<usize>();
        let start = length(&self.parts[..from]);
        let end = start + length(&self.parts[from..to]) - 1;
        &self.text[start..end]
    }
}

impl Route {
    fn new(service: &'static Service, endpoint: &'static Endpoint, handler: Handler) -> Self {
        let segments = match endpoint.segments.split_last() {
            Some((Segment::Literal(last), before)) if last.is_empty() => before,
            _ => &endpoint.segments,
        };
        let rest = segments.iter().position(|segment| matches!(segment, Segment::Param(param) if param.rest));
        let method = Method::from_bytes(endpoint.method.as_str().to_ascii_uppercase().as_bytes());
        let input = endpoint.input.as_ref();
        Self {
            service,
            endpoint,
            handler,
            input: input.and_then(|input| schema::schema(&service.service_name, input)),
            scopes_first: endpoint.scopes_follow_from_path(),
            method: method.unwrap_or(Method::GET),
            segments,
            rest,
        }
    }

    /// The parameters, if the route matches.
    fn matches<'a>(&self, path: &Path<'_, 'a>) -> Option<RawParams<'a>> {
        let ends_with_rest = self.rest.is_some_and(|at| at + 1 == self.segments.len());
        let parts = match path.parts.split_last() {
            Some((&"", before)) if !ends_with_rest => before,
            _ => &path.parts,
        };
        let Some(at) = self.rest else {
            return (parts.len() == self.segments.len()).then(|| pairs(self.segments, parts)).flatten();
        };
        let after = self.segments.len() - at - 1;
        let end = parts.len().checked_sub(after).filter(|end| *end > at)?;
        let mut params = pairs(&self.segments[..at], &parts[..at])?;
        if let Segment::Param(param) = &self.segments[at] {
            params.push((&param.name, path.joined(at, end)));
        }
        params.extend(pairs(&self.segments[at + 1..], &parts[end..])?);
        Some(params)
    }
}

/// The parameters of segments that match one part each. A parameter of one segment is never empty.
fn pairs<'a>(segments: &'static [Segment], parts: &[&'a str]) -> Option<RawParams<'a>> {
    let mut params = Vec::new();
    for (segment, part) in segments.iter().zip(parts) {
        match segment {
            Segment::Literal(literal) if literal == part => {}
            Segment::Param(param) => match part.strip_suffix(param.suffix.as_str()) {
                Some(value) if !value.is_empty() => params.push((param.name.as_str(), value)),
                _ => return None,
            },
            Segment::Literal(_) => return None,
        }
    }
    Some(params)
}
