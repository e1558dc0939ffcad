//! The login: a session cookie that the master sets for user and password, sent with every call.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use protocol::time::Timestamp;
use reqwest::header::{HeaderMap, SET_COOKIE};
use serde::Deserialize;

use crate::driver::DriverError;

/// Between two logins. Some masters lock out a user after many failed logins.
const LOGIN_INTERVAL: TimeDelta = TimeDelta::minutes(1);
/// How long before its end a cookie is renewed, if it is valid for long enough.
const RENEW_BEFORE_END: TimeDelta = TimeDelta::days(1);

#[derive(Default)]
pub(super) struct Session {
    cookie: Option<String>,
    renew_at: Option<Timestamp>,
    /// When a login was last tried, and its error.
    tried: Option<(Timestamp, Option<DriverError>)>,
}

/// What to do before a call that needs a login.
pub(super) enum Next {
    Use(String),
    LogIn,
    Fail(DriverError),
}

impl Session {
    /// `rejected`: a cookie that the master did not accept.
    pub(super) fn next(&self, now: Timestamp, rejected: Option<&str>) -> Next {
        let cookie = self.cookie.as_ref().filter(|cookie| rejected != Some(cookie.as_str()));
        if let Some(cookie) = cookie
            && (self.renew_at.is_none_or(|at| now < at) || self.tried_recently(now))
        {
            return Next::Use(cookie.clone());
        }
        match &self.tried {
            Some((_, Some(failure))) if self.tried_recently(now) => Next::Fail(copy(failure)),
            Some((_, None)) if self.tried_recently(now) => {
                Next::Fail(DriverError::Auth("it does not accept the login that it has just granted".to_owned()))
            }
            _ => Next::LogIn,
        }
    }

    /// Stores the cookies of a successful login.
    pub(super) fn logged_in(&mut self, cookie: String, now: Timestamp) -> String {
        self.renew_at = end_of(&cookie).map(|end| end - RENEW_BEFORE_END.min((end - now) / 2));
        self.tried = Some((now, None));
        self.cookie = Some(cookie.clone());
        cookie
    }

    pub(super) fn login_failed(&mut self, failure: &DriverError, now: Timestamp) {
        // A master that could not be reached has not refused the login, so the next call may try again.
        if matches!(failure, DriverError::Auth(_)) {
            self.tried = Some((now, Some(copy(failure))));
        }
    }

    fn tried_recently(&self, now: Timestamp) -> bool {
        self.tried.as_ref().is_some_and(|(at, _)| now - *at < LOGIN_INTERVAL)
    }
}

fn copy(failure: &DriverError) -> DriverError {
    match failure {
        DriverError::Unavailable(message) => DriverError::Unavailable(message.clone()),
        DriverError::Auth(message) => DriverError::Auth(message.clone()),
        DriverError::Refused(message) => DriverError::Refused(message.clone()),
        DriverError::Setting(message) => DriverError::Setting(message.clone()),
        DriverError::InvalidResponse(message) => DriverError::InvalidResponse(message.clone()),
        DriverError::NotFound(message) => DriverError::NotFound(message.clone()),
    }
}

/// The cookies of a response as they are sent back. Buildbot first sets an anonymous session and then the real one
/// under the same name: the last one counts.
pub(super) fn cookies(headers: &HeaderMap) -> Option<String> {
    let mut cookies: Vec<(&str, &str)> = Vec::new();
    for header in headers.get_all(SET_COOKIE) {
        let pair = header.to_str().ok().and_then(|text| text.split(';').next());
        let Some((name, value)) = pair.and_then(|pair| pair.trim().split_once('=')) else { continue };
        cookies.retain(|(other, _)| *other != name);
        cookies.push((name, value));
    }
    let pairs: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Some(pairs.join("; ")).filter(|text| !text.is_empty())
}

/// When the session in a cookie ends, if it is a JSON web token as Buildbot makes them.
fn end_of(cookies: &str) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }
    let claims = |cookie: &str| {
        let part = cookie.split_once('=')?.1.split('.').nth(1)?;
        let json = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
        serde_json::from_slice::<Claims>(&json).ok()
    };
    cookies
        .split("; ")
        .filter_map(claims)
        .find_map(|claims| Timestamp::from_timestamp(claims.exp, 0))
        .map(protocol::time::clamp)
}

#[cfg(test)]
mod tests {
    use base::{Clock, TestClock};
    use reqwest::header::HeaderValue;

    use super::*;

    fn token(end: Timestamp) -> String {
        let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"user_info":{{}},"exp":{}}}"#, end.timestamp()));
        format!("TWISTED_SESSION=e30.{claims}.sig")
    }

    #[test]
    fn of_two_sessions_in_one_response_the_last_counts() {
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, HeaderValue::from_static("TWISTED_SESSION=nobody; Path=/"));
        headers.append(SET_COOKIE, HeaderValue::from_static("other=1"));
        headers.append(SET_COOKIE, HeaderValue::from_static("TWISTED_SESSION=me; Path=/; HttpOnly"));
        assert_eq!(cookies(&headers).as_deref(), Some("other=1; TWISTED_SESSION=me"));
        assert_eq!(cookies(&HeaderMap::new()), None);
    }

    #[test]
    fn a_cookie_is_renewed_a_day_before_its_end() {
        let (clock, mut session) = (TestClock::default(), Session::default());
        assert!(matches!(session.next(clock.now(), None), Next::LogIn));

        session.logged_in(token(clock.now() + TimeDelta::days(7)), clock.now());
        clock.advance(TimeDelta::days(6) - TimeDelta::seconds(1));
        assert!(matches!(session.next(clock.now(), None), Next::Use(_)));
        clock.advance(TimeDelta::seconds(2));
        assert!(matches!(session.next(clock.now(), None), Next::LogIn));
    }

    #[test]
    fn a_short_session_is_renewed_at_its_half() {
        let (clock, mut session) = (TestClock::default(), Session::default());
        session.logged_in(token(clock.now() + TimeDelta::hours(2)), clock.now());
        clock.advance(TimeDelta::minutes(59));
        assert!(matches!(session.next(clock.now(), None), Next::Use(_)));
        clock.advance(TimeDelta::minutes(2));
        assert!(matches!(session.next(clock.now(), None), Next::LogIn));
    }

    #[test]
    fn a_refused_login_is_tried_again_after_a_minute_and_not_before() {
        let (clock, mut session) = (TestClock::default(), Session::default());
        session.login_failed(&DriverError::Auth("wrong password".to_owned()), clock.now());
        clock.advance(TimeDelta::seconds(59));
        assert!(matches!(session.next(clock.now(), None), Next::Fail(DriverError::Auth(_))));
        clock.advance(TimeDelta::seconds(1));
        assert!(matches!(session.next(clock.now(), None), Next::LogIn));
    }

    #[test]
    fn a_cookie_that_was_not_accepted_is_renewed_at_most_once_a_minute() {
        let (clock, mut session) = (TestClock::default(), Session::default());
        let cookie = session.logged_in(token(clock.now() + TimeDelta::days(7)), clock.now());
        assert!(matches!(session.next(clock.now(), Some(&cookie)), Next::Fail(DriverError::Auth(_))));
        clock.advance(TimeDelta::minutes(1));
        assert!(matches!(session.next(clock.now(), Some(&cookie)), Next::LogIn));
        let fresh = session.logged_in("TWISTED_SESSION=new".to_owned(), clock.now());
        assert!(matches!(session.next(clock.now(), Some(&cookie)), Next::Use(it) if it == fresh));
    }

    #[test]
    fn a_login_is_retried_at_once_if_the_master_could_not_be_reached() {
        let (clock, mut session) = (TestClock::default(), Session::default());
        session.login_failed(&DriverError::Unavailable("connection refused".to_owned()), clock.now());
        assert!(matches!(session.next(clock.now(), None), Next::LogIn));
    }
}
