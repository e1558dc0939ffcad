use std::{future::Future, pin::Pin, sync::Arc};

use protocol::reference::{self, Endpoint, Service};

use super::{
    ApiResult, BodyMode, Call, RouteTable,
    probes::{self, Probes},
};

type HandlerFuture = Pin<Box<dyn Future<Output = ApiResult> + Send>>;

/// Answers one endpoint.
pub(crate) struct Handler {
    pub read: BodyMode,
    pub run: Box<dyn Fn(Call) -> HandlerFuture + Send + Sync>,
}

/// The endpoints of one service, and the functions that answer them. `S` is what these share.
///
/// A function is named once per endpoint: `.on("status", tasks::status)`. It takes the shared state and the [`Call`],
/// whose path, query and body have passed the checks that the declaration asks for.
pub(crate) struct Routes<S> {
    service: &'static Service,
    state: Arc<S>,
    named: Vec<(&'static Endpoint, Handler)>,
}

impl<S: Send + Sync + 'static> Routes<S> {
    /// A service of `protocol::reference`, with the endpoints that all services answer alike.
    pub(crate) fn of(service: &str, state: S, probes: &Probes) -> Self {
        let service = reference::service(service).unwrap_or_else(|| panic!("no service `{service}` is declared"));
        Self::declared(service, state, probes)
    }

    pub(crate) fn declared(service: &'static Service, state: S, probes: &Probes) -> Self {
        let mut routes = Self { service, state: Arc::new(state), named: Vec::new() };
        for name in probes::PROBES {
            if service.endpoint(name).is_some() {
                let probes = probes.clone();
                routes = routes.on(name, move |_, call| std::future::ready(Ok(probes.answer(&call))));
            }
        }
        routes
    }

    /// Names the function that answers an endpoint. A name that is not declared ends the process at its start.
    pub(crate) fn on<F, W>(self, name: &str, handler: F) -> Self
    where
        F: Fn(Arc<S>, Call) -> W + Send + Sync + 'static,
        W: Future<Output = ApiResult> + Send + 'static,
    {
        self.reading(BodyMode::Json, name, handler)
    }

    /// As [`Routes::on`], for an endpoint that reads its body in another way.
    pub(crate) fn reading<F, W>(mut self, read: BodyMode, name: &str, handler: F) -> Self
    where
        F: Fn(Arc<S>, Call) -> W + Send + Sync + 'static,
        W: Future<Output = ApiResult> + Send + 'static,
    {
        let service = &self.service.service_name;
        let endpoint = self.service.endpoint(name);
        let endpoint = endpoint.unwrap_or_else(|| panic!("the service `{service}` declares no endpoint `{name}`"));
        let state = Arc::clone(&self.state);
        let run = Box::new(move |call| {
            let answer: HandlerFuture = Box::pin(handler(Arc::clone(&state), call));
            answer
        });
        self.named.push((endpoint, Handler { read, run }));
        self
    }

    /// Puts them into the table in order of declaration.
    pub(crate) fn into_table(mut self, table: &mut RouteTable) {
        self.named.sort_by_key(|(endpoint, _)| {
            self.service.entries.iter().position(|declared| std::ptr::eq(declared, *endpoint))
        });
        for (endpoint, handler) in self.named {
            table.add(self.service, endpoint, handler);
        }
    }
}
