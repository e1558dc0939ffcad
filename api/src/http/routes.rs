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

/// The endpoints of one service, each with the function that answers it.
pub struct Routes {
    service: &'static Service,
    handlers: Vec<(&'static Endpoint, Handler)>,
}

/// [`Routes`] in the making. `S` is what the functions of a service share.
///
/// A function is named once per endpoint: `.on("status", tasks::status)`. It takes the shared state and the [`Call`],
/// whose path, query and body have passed the checks that the declaration asks for.
pub struct RoutesBuilder<S> {
    routes: Routes,
    state: Arc<S>,
}

impl Routes {
    /// A service of `protocol::reference`.
    ///
    /// # Panics
    /// If it is not declared there: the process ends at its start.
    pub fn of<S: Send + Sync + 'static>(service: &str, state: S) -> RoutesBuilder<S> {
        let service = reference::service(service).unwrap_or_else(|| panic!("no service `{service}` is declared"));
        Self::declared(service, state)
    }

    pub(crate) fn declared<S: Send + Sync + 'static>(service: &'static Service, state: S) -> RoutesBuilder<S> {
        RoutesBuilder { routes: Self { service, handlers: Vec::new() }, state: Arc::new(state) }
    }

    /// Of a service that is not there yet only what every service answers alike.
    pub fn probes_only(service: &str) -> Self {
        Self::of(service, ()).build()
    }

    /// Puts them into the table in order of declaration, with the endpoints that every service answers alike.
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
    let run = move |call: Call| -> HandlerFuture { Box::pin(std::future::ready(Ok(probes.answer(&call)))) };
    Handler { read: BodyMode::Json, run: Box::new(run) }
}

impl<S: Send + Sync + 'static> RoutesBuilder<S> {
    /// Names the function that answers an endpoint.
    ///
    /// # Panics
    /// If the service does not declare it: the process ends at its start.
    #[must_use]
    pub fn on<F, W>(self, name: &str, handler: F) -> Self
    where
        F: Fn(Arc<S>, Call) -> W + Send + Sync + 'static,
        W: Future<Output = ApiResult> + Send + 'static,
    {
        self.reading(BodyMode::Json, name, handler)
    }

    /// As [`RoutesBuilder::on`], for an endpoint that reads its body in another way.
    pub(crate) fn reading<F, W>(mut self, read: BodyMode, name: &str, handler: F) -> Self
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
        self.routes.handlers.push((endpoint, Handler { read, run }));
        self
    }

    #[must_use]
    pub fn build(self) -> Routes {
        self.routes
    }
}
