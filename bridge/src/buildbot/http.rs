//! The HTTP client of one master: login, timeouts, and the limit of calls in flight.

use std::{sync::Arc, time::Duration};

use base::{Clock, Secret};
use reqwest::{StatusCode, Url, header, redirect};
use rustls::ClientConfig;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::{
    sync::{Mutex, Semaphore},
    time::Instant,
};

use super::{
    invalid,
    response::{decode, error_chain, error_message, read_body, unavailable, unsuccessful, without_query},
    session::{Next, Session, cookies},
};
use crate::{
    MasterSettings,
    driver::{DriverError, DriverResult},
    tls,
};

/// A read is retried once after this fraction of the timeout: a response may have been lost, and reads must not take as long as
/// the creation of a build.
const READ_RETRY: u32 = 6;
/// The fraction of the timeout for connecting.
const CONNECT: u32 = 3;
const IDLE: Duration = Duration::from_secs(20);
/// A slower call is logged.
const SLOW: Duration = Duration::from_secs(5);

pub(super) struct Http {
    client: reqwest::Client,
    tls: Option<Arc<ClientConfig>>,
    /// Ends with a slash.
    base: Url,
    user: String,
    password: Secret,
    timeout: Duration,
    permits: Semaphore,
    clock: Arc<dyn Clock>,
    session: Mutex<Session>,
}

pub(super) enum CallError {
    /// The master's error message, with the HTTP status.
    Response(u16, String),
    Driver(DriverError),
}

impl Http {
    pub(super) fn new(settings: &MasterSettings, clock: Arc<dyn Clock>) -> DriverResult<Self> {
        let tls = tls::client_config(settings)?;
        let base = base_url(&settings.url)?;
        let timeout: Duration = settings.timeout.into();
        // A login responds with a redirect to the web interface.
        let client = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy().timeout(timeout);
        // Masters close idle connections after a minute, and proxies earlier, some without notice.
        let client = client.pool_idle_timeout(IDLE).connect_timeout(timeout / CONNECT);
        let client = match &tls {
            Some(tls) => client.tls_backend_preconfigured(ClientConfig::clone(tls)),
            None => client,
        };
        Ok(Self {
            client: client.build().map_err(|error| DriverError::Unavailable(error_chain(&error)))?,
            tls,
            base,
            user: settings.user.clone(),
            password: settings.password.clone(),
            timeout,
            permits: Semaphore::new(settings.max_in_flight.max(1)),
            clock,
            session: Mutex::default(),
        })
    }

    pub(super) const fn base(&self) -> &Url {
        &self.base
    }

    /// The TLS settings for other connections to this master, where they differ from the system's.
    pub(super) fn tls(&self) -> Option<Arc<ClientConfig>> {
        self.tls.clone()
    }

    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) fn user(&self) -> Option<&str> {
        Some(self.user.as_str()).filter(|user| !user.is_empty())
    }

    /// Reads a path below the master's URL. Most masters let anybody read, so builds are still followed after a failed
    /// login.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> DriverResult<T> {
        let cookie = self.cookie(None).await.unwrap_or_default();
        let (status, body) = match self.send(path, None, cookie.as_deref()).await? {
            (StatusCode::FORBIDDEN, _) if self.user().is_some() => {
                let cookie = self.cookie(cookie.as_deref()).await?;
                self.send(path, None, cookie.as_deref()).await?
            }
            answer => answer,
        };
        if status.is_success() { decode(path, &body) } else { Err(unsuccessful(path, status, &body)) }
    }

    /// A JSON-RPC call.
    pub(super) async fn call(&self, path: &str, method: &str, params: &Value) -> Result<Value, CallError> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let cookie = self.cookie(None).await?;
        let mut answer = self.send(path, Some(&body), cookie.as_deref()).await?;
        if answer.0 == StatusCode::FORBIDDEN && self.user().is_some() {
            let cookie = self.cookie(cookie.as_deref()).await.map_err(|failure| match failure {
                // The login is fresh, so a permission is missing.
                DriverError::Auth(_) => unsuccessful(path, answer.0, &answer.1),
                other => other,
            })?;
            answer = self.send(path, Some(&body), cookie.as_deref()).await?;
        }
        let (status, body) = answer;
        if status.is_success() {
            let mut reply: Value = decode(path, &body)?;
            return Ok(reply["result"].take());
        }
        if matches!(status.as_u16(), 400 | 500) && error_message(&body).is_some() {
            return Err(CallError::Response(status.as_u16(), error_message(&body).unwrap_or_default()));
        }
        Err(unsuccessful(path, status, &body).into())
    }

    /// The cookie to send; `None` where there is no user. `rejected`: one that the master did not accept.
    pub(super) async fn cookie(&self, rejected: Option<&str>) -> DriverResult<Option<String>> {
        if self.user.is_empty() {
            return Ok(None);
        }
        // Held while logging in, so that concurrent callers log in once.
        let mut session = self.session.lock().await;
        match session.next(self.clock.now(), rejected) {
            Next::Use(cookie) => Ok(Some(cookie)),
            Next::Fail(failure) => Err(failure),
            Next::LogIn => {
                let granted = self.log_in().await;
                let now = self.clock.now();
                granted
                    .inspect_err(|failure| session.login_failed(failure, now))
                    .map(|it| Some(session.logged_in(it, now)))
            }
        }
    }

    async fn log_in(&self) -> DriverResult<String> {
        let url = self.url("auth/login")?;
        let request = self.client.get(url).basic_auth(&self.user, Some(self.password.reveal()));
        let response = request.send().await.map_err(|error| unavailable(&error))?;
        let status = response.status();
        if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
            return Err(DriverError::Unavailable(format!("it answered the login with {status}")));
        }
        let granted = status.is_success() || status.is_redirection();
        let cookie = if granted { cookies(response.headers()) } else { None };
        cookie.ok_or_else(|| {
            let user = &self.user;
            DriverError::Auth(match status {
                StatusCode::UNAUTHORIZED => format!("the password of user `{user}` is wrong, or there is no such user"),
                _ => format!("it has no login by password for user `{user}` (it answered {status})"),
            })
        })
    }

    /// Waits for its turn first, which is no matter of the master.
    async fn send(&self, path: &str, body: Option<&str>, cookie: Option<&str>) -> DriverResult<(StatusCode, Vec<u8>)> {
        let Ok(_permit) = self.permits.acquire().await else {
            return Err(DriverError::Unavailable("it is closed".to_owned()));
        };
        let begun = Instant::now();
        let answer = self.send_with_retry(path, body, cookie).await;
        let took = begun.elapsed();
        if took > SLOW {
            let (path, ok) = (without_query(path), answer.is_ok());
            tracing::info!(path, seconds = took.as_secs_f64(), ok, "slow call to the master");
        }
        answer
    }

    async fn send_with_retry(
        &self,
        path: &str,
        body: Option<&str>,
        cookie: Option<&str>,
    ) -> DriverResult<(StatusCode, Vec<u8>)> {
        if body.is_none() {
            let first = tokio::time::timeout(self.timeout / READ_RETRY, self.send_now(path, body, cookie));
            if let Ok(answer) = first.await {
                return answer;
            }
            tracing::warn!(path = without_query(path), "no response from the master; retrying the read");
        }
        self.send_now(path, body, cookie).await
    }

    async fn send_now(
        &self,
        path: &str,
        body: Option<&str>,
        cookie: Option<&str>,
    ) -> DriverResult<(StatusCode, Vec<u8>)> {
        let url = self.url(path)?;
        let mut request = match body {
            Some(body) => self.client.post(url).header(header::CONTENT_TYPE, "application/json").body(body.to_owned()),
            None => self.client.get(url),
        };
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let response = request.send().await.map_err(|error| unavailable(&error))?;
        Ok((response.status(), read_body(path, response).await?))
    }

    fn url(&self, path: &str) -> DriverResult<Url> {
        self.base.join(path).map_err(|error| invalid(format_args!("`{path}` is no valid path: {error}")))
    }
}

impl From<DriverError> for CallError {
    fn from(error: DriverError) -> Self {
        Self::Driver(error)
    }
}

impl From<CallError> for DriverError {
    /// 400 means that the call will always be refused, 500 that something failed.
    fn from(error: CallError) -> Self {
        match error {
            CallError::Driver(error) => error,
            CallError::Response(400, message) => Self::Refused(message),
            CallError::Response(status, message) => Self::Unavailable(format!("it answered {status}: {message}")),
        }
    }
}

fn base_url(url: &str) -> DriverResult<Url> {
    let wrong = |why: String| {
        DriverError::Setting(format!("`url` of the master: `{url}` {why}; write it like https://buildbot.example.com/"))
    };
    let mut base = Url::parse(url).map_err(|error| wrong(format!("is not a URL ({error})")))?;
    if !matches!(base.scheme(), "http" | "https") {
        return Err(wrong("does not begin with http:// or https://".to_owned()));
    }
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    base.set_query(None);
    base.set_fragment(None);
    Ok(base)
}
