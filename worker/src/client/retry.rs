//! Trying again: only after network errors and 5xx, as all clients of this API do.

use std::time::Duration;

use base::Rng;

use super::ClientError;

const RETRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Runs `attempt` until it succeeds, fails for good, or has failed six times.
pub(crate) async fn patiently<T, F>(rng: &Rng, mut attempt: impl FnMut() -> F) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    for tried in 0..RETRIES {
        match attempt().await {
            Err(error) if error.is_passing() => tracing::debug!(%error, "trying again"),
            settled => return settled,
        }
        tokio::time::sleep(wait_after(tried, rng)).await;
    }
    attempt().await
}

/// 100 ms, doubled each time, 25 % up or down.
pub(crate) fn wait_after(tried: u32, rng: &Rng) -> Duration {
    let shake = 0.75 + rng.fraction() / 2.0;
    FIRST_WAIT.saturating_mul(2_u32.saturating_pow(tried)).mul_f64(shake).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end_at_thirty_seconds() {
        let rng = Rng::seeded(1);
        for (tried, middle) in [(0, 100), (1, 200), (4, 1600)] {
            let wait = wait_after(tried, &rng).as_millis();
            assert!(wait >= middle * 3 / 4 && wait <= middle * 5 / 4, "{wait} after {tried}");
        }
        assert_eq!(wait_after(20, &rng), LONGEST_WAIT);
    }
}
