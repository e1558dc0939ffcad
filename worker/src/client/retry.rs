//! Retries: only after network errors and 5xx, as all clients of this API do.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder, Retryable};
use base::Rng;

use super::ClientError;

const RETRIES: usize = 5;
const INITIAL_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// Runs `attempt` until it succeeds, fails permanently, or has failed six times.
pub(crate) async fn with_retries<T, F>(rng: &Rng, attempt: impl FnMut() -> F) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    attempt
        .retry(builder(RETRIES, rng))
        .when(ClientError::is_transient)
        .notify(|error, _| tracing::debug!(%error, "request failed; retrying"))
        .await
}

/// The delays before at most so many retries: 100 ms, doubled each time, with jitter.
pub(crate) fn delays(retries: usize, rng: &Rng) -> ExponentialBackoff {
    builder(retries, rng).build()
}

fn builder(retries: usize, rng: &Rng) -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(INITIAL_BACKOFF)
        .with_max_delay(MAX_BACKOFF)
        .with_max_times(retries)
        .with_jitter()
        .with_jitter_seed(rng.number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_and_end_after_the_retries() {
        let all: Vec<Duration> = delays(10, &Rng::seeded(1)).collect();
        assert_eq!(all.len(), 10);
        for (number, delay) in all.iter().enumerate() {
            let base = INITIAL_BACKOFF.saturating_mul(1 << number).min(MAX_BACKOFF);
            assert!(*delay >= base && *delay <= base * 2, "{delay:?} after {number}");
        }
    }
}
