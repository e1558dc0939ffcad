//! One HTTP connection to one master: who may speak, as whom, how long, and what an answer means.

use std::{sync::Arc, time::Duration};

use base::{Clock, Secret};
use reqwest::{Response, StatusCode, Url, header, redirect};
use rustls::ClientConfig;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::{
    sync::{Mutex, Semaphore},
    time::Instant,
};

use super::{
    bad,
    session::{Next, Session, cookies},
};
use crate::{
    MasterSettings, authority,
    driver::{Answer, DriverError},
};

/// Of an answer. A thousand lines of a log are at most 4 MiB, as Buildbot wraps lines at 4096 letters.
const MOST_BYTES: usize = 32 << 20;
/// A question that only reads is asked once more after this part of the time it has: an answer may have been lost on the way, and
/// whoever waits for one must not wait as long as for a build that is made.
const ASKED_AGAIN: u32 = 6;
/// A connection is there within this part of the time, or another one is tried.
const CONNECT: u32 = 3;
const IDLE: Duration = Duration::from_secs(20);
/// A call that took longer is told of.
const LONG: Duration = Duration::from_secs(5);
/// Of what a master said, in a message for people.
const MOST_WORDS: usize = 300;

pub(super) struct Http {
    client: reqwest::Client,
    tls: Option<Arc<ClientConfig>>,
    /// Ends with a slash.
    base: Url,
    user: String,
    password: Secret,
    timeout: Duration,
    turns: Semaphore,
    clock: Arc<dyn Clock>,
    session: Mutex<Session>,
}

/// Why a control call was not carried out.
pub(super) enum CallError {
    /// The master's own words, with the HTTP status.
    Said(u16, String),
    Driver(DriverError),
}

impl Http {
    pub(super) fn new(settings: &MasterSettings, clock: Arc<dyn Clock>) -> Answer<Self> {
        let tls = authority::tls(settings)?;
        let base = base_url(&settings.url)?;
        let timeout: Duration = settings.timeout.into();
        // Logging in answers with a redirect to the pages for people.
        let client = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy().timeout(timeout);
        // Masters close a connection after a minute without a question, and proxies earlier; some do not say so.
        let client = client.pool_idle_timeout(IDLE).connect_timeout(timeout / CONNECT);
        let client = match &tls {
            Some(tls) => client.tls_backend_preconfigured(ClientConfig::clone(tls)),
            None => client,
        };
        Ok(Self {
            client: client.build().map_err(|error| DriverError::Away(words(&error)))?,
            tls,
            base,
            user: settings.user.clone(),
            password: settings.password.clone(),
            timeout,
            turns: Semaphore::new(settings.in_flight.max(1)),
            clock,
            session: Mutex::default(),
        })
    }

    pub(super) const fn base(&self) -> &Url {
        &self.base
    }

    /// What a connection of its own is to be encrypted with, where that is not what the system says.
    pub(super) fn tls(&self) -> Option<Arc<ClientConfig>> {
        self.tls.clone()
    }

    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) fn user(&self) -> Option<&str> {
        Some(self.user.as_str()).filter(|user| !user.is_empty())
    }

    /// Reads a path below the master's address. Most masters let anybody read, so a login that fails is no reason to
    /// stop following builds.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Answer<T> {
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

    /// Asks the master to do something.
    pub(super) async fn call(&self, path: &str, method: &str, params: &Value) -> Result<Value, CallError> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let cookie = self.cookie(None).await?;
        let mut answer = self.send(path, Some(&body), cookie.as_deref()).await?;
        if answer.0 == StatusCode::FORBIDDEN && self.user().is_some() {
            let cookie = self.cookie(cookie.as_deref()).await.map_err(|failure| match failure {
                // The login is fresh, so it is the permission that lacks.
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
        if matches!(status.as_u16(), 400 | 500) && said(&body).is_some() {
            return Err(CallError::Said(status.as_u16(), said(&body).unwrap_or_default()));
        }
        Err(unsuccessful(path, status, &body).into())
    }

    /// The cookie to send; `None` where there is no user. `worn_out`: one that was not accepted.
    pub(super) async fn cookie(&self, worn_out: Option<&str>) -> Answer<Option<String>> {
        if self.user.is_empty() {
            return Ok(None);
        }
        // Held while logging in, so that many callers make one login.
        let mut session = self.session.lock().await;
        match session.next(self.clock.now(), worn_out) {
            Next::Use(cookie) => Ok(Some(cookie)),
            Next::Fail(failure) => Err(failure),
            Next::LogIn => {
                let granted = self.log_in().await;
                let now = self.clock.now();
                granted.inspect_err(|failure| session.refused(failure, now)).map(|it| Some(session.granted(it, now)))
            }
        }
    }

    async fn log_in(&self) -> Answer<String> {
        let url = self.url("auth/login")?;
        let request = self.client.get(url).basic_auth(&self.user, Some(self.password.reveal()));
        let response = request.send().await.map_err(|error| away(&error))?;
        let status = response.status();
        if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
            return Err(DriverError::Away(format!("it answered the login with {status}")));
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
    async fn send(&self, path: &str, body: Option<&str>, cookie: Option<&str>) -> Answer<(StatusCode, Vec<u8>)> {
        let Ok(_turn) = self.turns.acquire().await else { return Err(DriverError::Away("it is closed".to_owned())) };
        let begun = Instant::now();
        let answer = self.send_in_turn(path, body, cookie).await;
        let took = begun.elapsed();
        if took > LONG {
            let (path, ok) = (without_query(path), answer.is_ok());
            tracing::info!(path, seconds = took.as_secs_f64(), ok, "a call to the master took long");
        }
        answer
    }

    async fn send_in_turn(
        &self,
        path: &str,
        body: Option<&str>,
        cookie: Option<&str>,
    ) -> Answer<(StatusCode, Vec<u8>)> {
        if body.is_none() {
            let first = tokio::time::timeout(self.timeout / ASKED_AGAIN, self.send_now(path, body, cookie));
            if let Ok(answer) = first.await {
                return answer;
            }
            tracing::warn!(path = without_query(path), "the master did not answer a question; it is asked once more");
        }
        self.send_now(path, body, cookie).await
    }

    async fn send_now(&self, path: &str, body: Option<&str>, cookie: Option<&str>) -> Answer<(StatusCode, Vec<u8>)> {
        let url = self.url(path)?;
        let mut request = match body {
            Some(body) => self.client.post(url).header(header::CONTENT_TYPE, "application/json").body(body.to_owned()),
            None => self.client.get(url),
        };
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let response = request.send().await.map_err(|error| away(&error))?;
        Ok((response.status(), whole(path, response).await?))
    }

    fn url(&self, path: &str) -> Answer<Url> {
        self.base.join(path).map_err(|error| bad(format_args!("`{path}` makes no address: {error}")))
    }
}

impl From<DriverError> for CallError {
    fn from(error: DriverError) -> Self {
        Self::Driver(error)
    }
}

impl From<CallError> for DriverError {
    /// Where nothing better is known: 400 means that it will always be refused, 500 that something broke.
    fn from(error: CallError) -> Self {
        match error {
            CallError::Driver(error) => error,
            CallError::Said(400, words) => Self::Refused(words),
            CallError::Said(status, words) => Self::Away(format!("it answered {status}: {words}")),
        }
    }
}

fn base_url(url: &str) -> Answer<Url> {
    let wrong = |why: String| {
        DriverError::Setting(format!("`url` of the master: `{url}` {why}; write it like https://buildbot.example.com/"))
    };
    let mut base = Url::parse(url).map_err(|error| wrong(format!("is no URL ({error})")))?;
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

async fn whole(path: &str, mut response: Response) -> Answer<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| away(&error))? {
        if body.len() + piece.len() > MOST_BYTES {
            return Err(bad(format_args!("the answer to {path} is longer than {} MiB", MOST_BYTES >> 20)));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

fn decode<T: DeserializeOwned>(path: &str, body: &[u8]) -> Answer<T> {
    serde_json::from_slice(body).map_err(|error| bad(format_args!("{}: {error}", without_query(path))))
}

fn unsuccessful(path: &str, status: StatusCode, body: &[u8]) -> DriverError {
    let path = without_query(path);
    let told = said(body).map(|words| format!(": {words}")).unwrap_or_default();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            DriverError::Auth(format!("{path} answered {status}{told}"))
        }
        StatusCode::NOT_FOUND => DriverError::Gone(path.to_owned()),
        _ if status.is_redirection() => {
            DriverError::Auth(format!("{path} leads to another page, as logins do ({status})"))
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            DriverError::Away(format!("{path} answered {status}{told}"))
        }
        _ if status.is_server_error() => DriverError::Away(format!("{path} answered {status}{told}")),
        _ => DriverError::Refused(format!("{path} answered {status}{told}")),
    }
}

/// What the master says of an error, if it is Buildbot that speaks.
fn said(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let words = match &value["error"] {
        Value::String(words) => words.clone(),
        Value::Object(error) => match error.get("message")? {
            Value::String(words) => words.clone(),
            // One entry for each field that is wrong.
            Value::Object(fields) => {
                let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let each: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {}", text(value))).collect();
                each.join("; ")
            }
            other => other.to_string(),
        },
        _ => return None,
    };
    Some(words.chars().take(MOST_WORDS).collect())
}

fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

fn away(error: &reqwest::Error) -> DriverError {
    DriverError::Away(words(error))
}

/// The last cause says most: `error sending request` is followed by `connection refused`.
fn words(error: &dyn std::error::Error) -> String {
    let mut words = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    words.dedup();
    words.join(": ")
}
