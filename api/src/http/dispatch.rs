use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use base::telemetry;
use futures_util::FutureExt;
use hyper::{Method, http::request::Parts};
use protocol::error::ErrorCode;
use tokio::time::timeout;
use tracing::Instrument;

use super::{
    ApiError, ApiResponse, ApiResult, Body, Call, HttpContext, admit,
    body::full,
    body_limits::SMALL_BODY,
    probes,
    receive::receive,
    received::Received,
    request_context::{RawParams, RequestContext},
    response_schema,
    route_table::Route,
    web_files,
};

/// Finds the endpoint of a request and has it answered.
pub(super) async fn dispatch(http: &Arc<HttpContext>, head: Parts, body: Body) -> ApiResponse {
    let uri = head.uri.clone();
    if head.method == Method::OPTIONS {
        return options(http, uri.path());
    }
    if let Some((route, params)) = http.table.find(uri.path(), &head.method) {
        return serve(http, &route, &params, head, body).await;
    }
    let reads = matches!(head.method, Method::GET | Method::HEAD);
    let document = if reads { http.probes.document(uri.path(), &http.root_url) } else { None };
    let file = if reads && document.is_none() { web_files::find(http.web_files.as_ref(), &head) } else { None };
    document.or(file).unwrap_or_else(|| probes::not_found(&head.method, uri.path(), http.clock.now()))
}

fn options(http: &HttpContext, path: &str) -> ApiResponse {
    let methods = http.table.methods(path);
    if methods.is_empty() {
        return probes::not_found(&Method::OPTIONS, path, http.clock.now());
    }
    let names = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(",");
    ApiResponse::bytes("text/plain", full(names.clone())).with_header("allow", &names)
}

/// The response of one endpoint. Whatever goes wrong becomes a response here, where the whole request is known.
async fn serve(
    http: &Arc<HttpContext>,
    route: &Arc<Route>,
    params: &RawParams<'_>,
    head: Parts,
    body: Body,
) -> ApiResponse {
    let started = Instant::now();
    let span = tracing::info_span!("request", api.method = route.endpoint.name);
    let span = telemetry::follow(span, head.headers.get("traceparent").and_then(|value| value.to_str().ok()));
    let (context, decoded) = RequestContext::new(route.endpoint, head, params);
    let context = Arc::new(context);
    let result = match decoded {
        Ok(()) => guarded(run(http, route, &context, body).instrument(span), http.timeout_of(route)).await,
        Err(error) => Err(error),
    };
    let response = result.unwrap_or_else(|error| error.into_response(&context, http.clock.now(), &http.rng));
    http.durations.record(route, &response, started);
    response
}

/// Turns a timeout and a panic into errors. A command that has been sent is not taken back.
async fn guarded(work: impl Future<Output = ApiResult>, limit: Duration) -> ApiResult {
    match timeout(limit, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(ApiError::internal("the handler panicked")),
        Err(_) => {
            let message = "The request took too long. It may be done all the same; it is safe to send it again";
            Err(ApiError::new(ErrorCode::ServiceUnavailable, message))
        }
    }
}

async fn run(http: &Arc<HttpContext>, route: &Arc<Route>, context: &Arc<RequestContext>, body: Body) -> ApiResult {
    let received = receive(http, route, context, body).await?;
    let requester = received.requester.clone();
    // Acquired once the body is there: who sends slowly takes nothing from others.
    let _permit = http.limiters.of(route).try_acquire(&requester).ok_or_else(ApiError::busy)?;
    let call = if context.raw().len() > SMALL_BODY {
        admit_large(http, route, context, received).await?
    } else {
        admit::admit(http, route, context, received)?
    };
    let response = (route.handler.run)(call).await?;
    let response = http.bodies.hold(response, &requester)?;
    response_schema::checked(route, response).await
}

/// Parsing and checking a large body takes long: it must neither delay others nor use all processors.
async fn admit_large(
    http: &Arc<HttpContext>,
    route: &Arc<Route>,
    context: &Arc<RequestContext>,
    received: Received,
) -> Result<Call, ApiError> {
    let (http, route, context) = (Arc::clone(http), Arc::clone(route), Arc::clone(context));
    let cpu_pool = http.bodies.cpu_pool.clone();
    cpu_pool.run(move || admit::admit(&http, &route, &context, received)).await?
}
