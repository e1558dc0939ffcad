use std::pin::Pin;

use super::{ApiResult, BodyMode, Call};

pub(super) type HandlerFuture = Pin<Box<dyn Future<Output = ApiResult> + Send>>;

/// The function of one endpoint.
pub(crate) struct Handler {
    pub body_mode: BodyMode,
    pub run: Box<dyn Fn(Call) -> HandlerFuture + Send + Sync>,
}
