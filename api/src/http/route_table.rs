use std::{collections::HashMap, sync::Arc};

use axum::http::Method;
use protocol::{
    reference::{Endpoint, Segment, Service},
    schema::{self, Schema},
};

use super::routes::Handler;

/// All routes, by service. Matching is on the path as sent: what is percent-encoded stays so until a route is found.
#[derive(Default)]
pub(crate) struct RouteTable {
    services: HashMap<&'static str, Entries>,
}

#[derive(Default)]
struct Entries {
    version: &'static str,
    /// In order of declaration, by the literal that each route begins with.
    by_first: HashMap<&'static str, Vec<Arc<Route>>>,
}

/// An endpoint that is answered, and by what.
pub(crate) struct Route {
    pub service: &'static Service,
    pub endpoint: &'static Endpoint,
    pub handler: Handler,
    /// What the body is checked against.
    pub input: Option<&'static Schema>,
    /// The scopes can be told from the path, and are checked before anything else.
    pub scopes_first: bool,
    method: Method,
    /// Without the empty one of a slash at the end, which is optional.
    segments: &'static [Segment],
    /// Where the parameter stands that may span several segments.
    rest: Option<usize>,
}

/// Names of parameters and what stood in their place, still encoded.
pub(crate) type RawParams<'a> = Vec<(&'static str, &'a str)>;

impl RouteTable {
    pub(super) fn add(&mut self, service: &'static Service, endpoint: &'static Endpoint, handler: Handler) {
        let entries = self.services.entry(&service.service_name).or_default();
        entries.version = &service.api_version;
        let route = Arc::new(Route::new(service, endpoint, handler));
        if let Some(Segment::Literal(first)) = route.segments.first() {
            entries.by_first.entry(first).or_default().push(route);
        }
    }

    /// The first route, in order of declaration, that fits path and method.
    pub(crate) fn find<'a>(&self, path: &'a str, method: &Method) -> Option<(Arc<Route>, RawParams<'a>)> {
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        let path = self.candidates(path)?;
        let routes = path.routes.iter().filter(|route| route.method == *wanted);
        routes.into_iter().find_map(|route| route.fits(&path).map(|params| (Arc::clone(route), params)))
    }

    /// The methods a path can be context with; none when no route fits.
    pub(crate) fn methods(&self, path: &str) -> Vec<Method> {
        let Some(path) = self.candidates(path) else { return Vec::new() };
        let fitting = path.routes.iter().filter(|route| route.fits(&path).is_some());
        let mut methods: Vec<Method> = fitting.map(|route| route.method.clone()).collect();
        if methods.contains(&Method::GET) {
            methods.push(Method::HEAD);
        }
        methods.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        methods.dedup();
        methods
    }

    fn candidates<'a>(&self, path: &'a str) -> Option<Path<'_, 'a>> {
        let (service, rest) = path.strip_prefix("/api/")?.split_once('/')?;
        let entries = self.services.get(service)?;
        let text = rest.strip_prefix(entries.version)?.strip_prefix('/')?;
        let parts: Vec<&str> = text.split('/').collect();
        Some(Path { routes: entries.by_first.get(*parts.first()?)?, text, parts })
    }
}

/// What stands behind the version, cut at its slashes, and the routes that begin like it.
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

    /// The parameters, if the route fits.
    fn fits<'a>(&self, path: &Path<'_, 'a>) -> Option<RawParams<'a>> {
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

/// One part for each segment. A parameter of one segment is never empty.
fn pairs<'a>(segments: &'static [Segment], parts: &[&'a str]) -> Option<RawParams<'a>> {
    let mut params = Vec::new();
    for (segment, part) in segments.iter().zip(parts) {
        match segment {
            Segment::Literal(literal) if literal == part => {}
            Segment::Param(param) if !part.is_empty() => params.push((param.name.as_str(), *part)),
            _ => return None,
        }
    }
    Some(params)
}
