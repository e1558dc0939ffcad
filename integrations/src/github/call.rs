//! Calls of GitHub's API: what an answer means, whatever was asked.

use std::time::Duration;

use chrono::TimeDelta;
use protocol::time::Timestamp;
use reqwest::{
    RequestBuilder, Response,
    header::{HeaderMap, RETRY_AFTER},
};
use serde_json::Value;

use crate::http::{chain, read_up_to};

/// Longest answer that is read: a file of 1 MiB, or a page of check runs.
const MAX_ANSWER: usize = 8 * 1024 * 1024;
/// Longest wait that GitHub can ask for.
const MAX_WAIT: TimeDelta = TimeDelta::hours(1);
/// The wait where it does not say how long.
const DEFAULT_WAIT: TimeDelta = TimeDelta::seconds(60);

/// Why a call did not do what it was to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallError {
    /// GitHub asks to wait until then.
    Limited { until: Timestamp, reason: String },
    /// GitHub is not there, or fails. `is_ambiguous`: the call may have been carried out.
    Unavailable { reason: String, is_ambiguous: bool },
    /// The same again would be refused again.
    Refused { status: u16, reason: String },
}

/// What a good answer says.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub body: Vec<u8>,
    /// Calls that are left.
    pub quota: Option<Quota>,
    /// Where the next page of a list begins.
    pub next_cursor: Option<String>,
}

/// Calls of an installation that are left until a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    pub limit: u64,
    pub remaining: u64,
    pub reset: Timestamp,
}

impl Quota {
    /// The last tenth is for reads.
    pub(crate) fn is_short(&self) -> bool {
        self.remaining.saturating_mul(10) < self.limit
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

impl CallError {
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Limited { reason, .. } | Self::Unavailable { reason, .. } => reason.clone(),
            Self::Refused { status, reason } => format!("GitHub answers {status}: {reason}"),
        }
    }

    pub(crate) fn is_status(&self, wanted: u16) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == wanted)
    }
}

pub(crate) async fn send(request: RequestBuilder, now: Timestamp) -> Result<Answer, CallError> {
    let response = request.send().await.map_err(|error| {
        let is_ambiguous = !(error.is_connect() || error.is_builder());
        CallError::Unavailable { reason: chain(&error.without_url()), is_ambiguous }
    })?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = body(response).await?;
    if (200..300).contains(&status) {
        return Ok(Answer { body, quota: quota(&headers, now), next_cursor: next_cursor(&headers) });
    }
    Err(failure(status, &headers, &body, now))
}

async fn body(response: Response) -> Result<Vec<u8>, CallError> {
    let unreadable = |reason| CallError::Unavailable { reason, is_ambiguous: true };
    read_up_to(response, MAX_ANSWER).await.map_err(unreadable)
}

fn failure(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> CallError {
    let message = serde_json::from_slice::<Value>(body).unwrap_or(Value::Null);
    let message = message["message"].as_str().unwrap_or_default().to_owned();
    if let Some(until) = limited_until(status, headers, &message, now) {
        return CallError::Limited { until, reason: format!("GitHub's limit is reached: {status} {message}") };
    }
    match status {
        408 | 500.. => {
            CallError::Unavailable { reason: format!("GitHub answers {status} {message}"), is_ambiguous: true }
        }
        _ => CallError::Refused { status, reason: message },
    }
}

/// The primary limit says when it resets, the secondary one how long to wait, or nothing but its name.
fn limited_until(status: u16, headers: &HeaderMap, message: &str, now: Timestamp) -> Option<Timestamp> {
    if status != 403 && status != 429 {
        return None;
    }
    let latest = now + MAX_WAIT;
    if headers.contains_key(RETRY_AFTER) {
        let seconds = number(headers, RETRY_AFTER.as_str()).and_then(|seconds| i64::try_from(seconds).ok());
        let wait = seconds.and_then(TimeDelta::try_seconds).unwrap_or(DEFAULT_WAIT);
        return Some(now + wait.min(MAX_WAIT));
    }
    if let Some(quota) = quota(headers, now).filter(|quota| quota.remaining == 0) {
        return Some(quota.reset.clamp(now + TimeDelta::seconds(1), latest));
    }
    let is_secondary = status == 429 || message.to_lowercase().contains("secondary rate");
    is_secondary.then_some(now + DEFAULT_WAIT)
}

fn quota(headers: &HeaderMap, now: Timestamp) -> Option<Quota> {
    let reset = number(headers, "x-ratelimit-reset").and_then(|seconds| i64::try_from(seconds).ok());
    Some(Quota {
        limit: number(headers, "x-ratelimit-limit")?,
        remaining: number(headers, "x-ratelimit-remaining")?,
        reset: reset.and_then(|seconds| Timestamp::from_timestamp(seconds, 0)).unwrap_or(now + DEFAULT_WAIT),
    })
}

/// `link: <https://…?cursor=x>; rel="next"`.
fn next_cursor(headers: &HeaderMap) -> Option<String> {
    let links = headers.get("link")?.to_str().ok()?;
    let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    let (_, cursor) = next.split_once("cursor=")?;
    Some(cursor.split(['&', '>']).next()?.to_owned())
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// How long to wait for the next try after so many.
pub(crate) fn back_off(attempts: i32, fraction: f64) -> TimeDelta {
    const FIRST: Duration = Duration::from_secs(5);
    const LAST: Duration = Duration::from_mins(10);
    let doublings = u32::try_from(attempts.clamp(1, 12) - 1).unwrap_or_default();
    let step = (FIRST * 2_u32.pow(doublings)).min(LAST).mul_f64(0.5 + fraction / 2.0);
    TimeDelta::from_std(step).unwrap_or(DEFAULT_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_timestamp(1_700_000_000, 0).unwrap()
    }

    fn failed(status: u16, headers: &[(&'static str, &str)], body: &str) -> CallError {
        let headers = headers.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect();
        failure(status, &headers, body.as_bytes(), now())
    }

    fn wait(error: &CallError) -> i64 {
        let CallError::Limited { until, .. } = error else { panic!("{error:?}") };
        (*until - now()).num_seconds()
    }

    #[test]
    fn limits_say_how_long_to_wait_and_nobody_waits_for_longer_than_an_hour() {
        for (header, seconds) in
            [("30", 30), ("-5", 60), ("1000000000", 3600), ("Fri, 27 Nov 2026 12:00:00 GMT", 60), ("", 60)]
        {
            assert_eq!(wait(&failed(403, &[("retry-after", header)], "{}")), seconds, "{header}");
        }
        let spent = |reset: &str| {
            let headers = [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset)];
            wait(&failed(403, &headers, "{}"))
        };
        assert_eq!((spent("1700000100"), spent("1"), spent("9999999999"), spent("x")), (100, 1, 3600, 60));
        assert_eq!(wait(&failed(403, &[], r#"{"message":"You have exceeded a secondary rate limit"}"#)), 60);
        assert_eq!(wait(&failed(429, &[], "")), 60);
    }

    #[test]
    fn what_passes_is_known_from_what_does_not() {
        assert!(failed(403, &[], r#"{"message":"Resource not accessible by integration"}"#).is_status(403));
        assert!(failed(422, &[], "").is_status(422));
        for status in [500, 502, 503, 408] {
            assert!(matches!(failed(status, &[], ""), CallError::Unavailable { is_ambiguous: true, .. }), "{status}");
        }
    }

    #[test]
    fn waits_grow_and_end() {
        assert_eq!((back_off(1, 1.0).num_seconds(), back_off(4, 1.0).num_seconds()), (5, 40));
        assert_eq!(back_off(1000, 1.0).num_seconds(), 600);
    }
}
