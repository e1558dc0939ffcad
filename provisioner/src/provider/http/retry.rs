//! Retries of calls that change nothing. What changes something is repeated by the launcher, which keeps account of it.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use base::Rng;

use crate::{
    decision::FailureClass,
    provider::{ProviderError, ProviderResult},
};

const RETRIES: usize = 3;
const INITIAL_BACKOFF: Duration = Duration::from_millis(200);
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// Repeats a read that was throttled or got no answer, with growing delays and jitter; all of it within the timeout.
pub(in crate::provider) async fn with_retries<T, F>(
    rng: &Rng,
    timeout: Duration,
    read: impl FnMut() -> F,
) -> ProviderResult<T>
where
    F: Future<Output = ProviderResult<T>>,
{
    let delays = ExponentialBuilder::new()
        .with_min_delay(INITIAL_BACKOFF)
        .with_max_delay(MAX_BACKOFF)
        .with_max_times(RETRIES)
        .with_jitter()
        .with_jitter_seed(rng.number());
    let all = read.retry(delays).when(is_transient);
    match tokio::time::timeout(timeout, all).await {
        Ok(result) => result,
        Err(_) => Err(ProviderError::unanswered(format!("nothing came within {} s", timeout.as_secs_f64()))),
    }
}

fn is_transient(error: &ProviderError) -> bool {
    match error {
        ProviderError::Refused { class, .. } => *class == FailureClass::Throttle,
        ProviderError::Unanswered { .. } => true,
    }
}
