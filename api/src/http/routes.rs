use std::{future::Future, sync::Arc};

use protocol::reference::{self, Endpoint, Service};

use super::{
    ApiResult, BodyMode, Call, RouteTable,
    handler::{Handler, HandlerFuture},
    probes::{self, Probes},
};

/// The endpoints of one service with their handlers.
pub struct Routes {
    service: &'static Service,
    handlers: Vec<(&'static Endpoint, Handler)>,
}

/// Builds [`Routes`]. `S` is the state that the handlers of a service share.
///
/// Each is added once: `.on("status", tasks::status)`. A handler takes the shared state and the [`Call`], whose path,
/// query and body have passed the checks of the declaration.
pub struct RoutesBuilder<S> {
    routes: Routes,
    state: Arc<S>,
}

impl Routes {
    /// A service of `protocol::reference`.
    ///
    /// # Panics
    /// If it is not declared there, which is a bug.
    pub fn of<S: Send + Sync + 'static>(service: &str, state: S) -> RoutesBuilder<S> {
        let service = reference::service(service).unwrap_or_else(|| panic!("no service `{service}` is declared"));
        Self::declared(service, state)
    }

    pub(crate) fn declared<S: Send + Sync + 'static>(service: &'static Service, state: S) -> RoutesBuilder<S> {
        RoutesBuilder { routes: Self { service, handlers: Vec::new() }, state: Arc::new(state) }
    }

    /// Adds them to the table in order of declaration, with the endpoints that are the same in all services.
    pub(crate) fn into_table(self, table: &mut RouteTable, probes: &Probes) {
        let Self { service, mut handlers } = self;
        let shared = probes::PROBES.iter().filter_map(|name| service.endpoint(name));
        handlers.extend(shared.map(|endpoint| (endpoint, probe(probes.clone()))));
        handlers
            .sort_by_key(|(endpoint, _)| service.entries.iter().position(|declared| std::ptr::eq(declared, *endpoint)));
        for (endpoint, handler) in handlers {
            table.add(service, endpoint, handler);
        }
    }
}

fn probe(probes: Probes) -> Handler {
    let run = move |call: Call| -> HandlerFuture { Box::pin(std::future::ready(Ok(probes.respond(&call)))) };
    Handler { body_mode: BodyMode::Json, run: Box::new(run) }
}

impl<S: Send + Sync + 'static> RoutesBuilder<S> {
    /// Adds the handler of an endpoint.
    ///
    /// # Panics
    /// If the service does not declare it, which is a bug.
    #[must_use]
    pub fn on<F, W>(self, name: &str, handler: F) -> Self
    where
        F: Fn(Arc<S>, Call) -> W + Send + Sync + 'static,
        W: Future<Output = ApiResult> + Send + 'static,
    {
        self.on_body(BodyMode::Json, name, handler)
    }

    /// As [`RoutesBuilder::on`], for an endpoint that reads its body in another way.
    pub(crate) fn on_body<F, W>(mut self, body_mode: BodyMode, name: &str, handler: F) -> Self
    where
        F: Fn(Arc<S>, Call) -> W + Send + Sync + 'static,
        W: Future<Output = ApiResult> + Send + 'static,
    {
        let service = self.routes.service;
        let endpoint = service.endpoint(name);
        let endpoint =
            endpoint.unwrap_or_else(|| panic!("the service `{}` declares no endpoint `{name}`", service.service_name));
        let state = Arc::clone(&self.state);
        let run = Box::new(move |call| {
            let answer: HandlerFuture = Box::pin(handler(Arc::clone(&state), call));
            answer
        });
        self.routes.handlers.push((endpoint, Handler { body_mode, run }));
        self
    }

    #[must_use]
    pub fn build(self) -> Routes {
        self.routes
    }
}
