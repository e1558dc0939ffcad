//! The self-serve service, and other things asked over HTTP.

use std::time::Duration;

use base::Secret;
use reqwest::{Client, RequestBuilder, StatusCode, Url, header, redirect};
use rustls::ClientConfig;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::{
    MasterSettings, authority,
    driver::{Answer, DriverError},
};

/// Whom the service is told that it acts for.
const REMOTE_USER: &str = "X-Remote-User";
/// Of a list of builders.
const MOST_BYTES: usize = 64 << 20;

pub(super) struct Control {
    client: Client,
    /// `None`: there is no such service, so nothing can be cancelled.
    base: Option<Url>,
    builders: Option<Url>,
    user: String,
    password: Secret,
    turns: Semaphore,
}

/// What is to be ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Doomed {
    Request(i64),
    Build(i64),
}

impl Control {
    pub(super) fn new(settings: &MasterSettings) -> Answer<Self> {
        let timeout: Duration = settings.timeout.into();
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().timeout(timeout);
        let client = match authority::tls(settings)? {
            Some(tls) => client.tls_backend_preconfigured(ClientConfig::clone(&tls)),
            None => client,
        };
        Ok(Self {
            client: client.build().map_err(|error| DriverError::Away(error.to_string()))?,
            base: address("url", &settings.url)?,
            builders: address("classic.builders_url", &settings.classic.builders_url)?,
            user: settings.user.clone(),
            password: settings.password.clone(),
            turns: Semaphore::new(settings.in_flight.max(1)),
        })
    }

    /// Asks for the end of something. What is not there any more has ended.
    pub(super) async fn delete(&self, branch: &str, doomed: Doomed) -> Answer<()> {
        let url = self.place(branch, doomed)?;
        let status = self.send(self.as_user(self.client.delete(url))).await?.0;
        if status.is_success() || matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Ok(());
        }
        Err(unsuccessful("the self-serve service", status))
    }

    /// Whether the service answers at all.
    pub(super) async fn greet(&self) -> Answer<()> {
        let Some(base) = &self.base else { return Err(no_service()) };
        let status = self.send(self.as_user(self.client.get(base.clone()))).await?.0;
        if status.is_server_error() || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(unsuccessful("the self-serve service", status));
        }
        Ok(())
    }

    /// The list of builders, where there is one.
    pub(super) async fn builders(&self) -> Answer<Option<Value>> {
        let Some(url) = &self.builders else { return Ok(None) };
        let (status, body) = self.send(self.client.get(url.clone())).await?;
        if !status.is_success() {
            return Err(unsuccessful("the list of builders", status));
        }
        let list = serde_json::from_slice(&body);
        list.map(Some).map_err(|error| DriverError::BadAnswer(format!("the list of builders: {error}")))
    }

    /// `<base>/<branch>/request/<id>`, where the branch is the last part of a path.
    fn place(&self, branch: &str, doomed: Doomed) -> Answer<Url> {
        let mut url = self.base.clone().ok_or_else(no_service)?;
        let branch = branch.trim_matches('/').rsplit('/').next().unwrap_or_default();
        let (kind, id) = match doomed {
            Doomed::Request(id) => ("request", id),
            Doomed::Build(id) => ("build", id),
        };
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend([branch, kind, &id.to_string()]);
        }
        Ok(url)
    }

    /// For the self-serve service only: the list of builders may be anybody's.
    fn as_user(&self, mut request: RequestBuilder) -> RequestBuilder {
        if !self.user.is_empty() {
            request = request.header(REMOTE_USER, &self.user);
        }
        if !self.password.is_empty() {
            request = request.basic_auth(&self.user, Some(self.password.reveal()));
        }
        request
    }

    async fn send(&self, request: RequestBuilder) -> Answer<(StatusCode, Vec<u8>)> {
        let Ok(_turn) = self.turns.acquire().await else { return Err(DriverError::Away("it is closed".to_owned())) };
        let mut response = request.header(header::ACCEPT, "application/json").send().await.map_err(away)?;
        let (status, mut body) = (response.status(), Vec::new());
        while let Some(piece) = response.chunk().await.map_err(away)? {
            if body.len() + piece.len() > MOST_BYTES {
                return Err(DriverError::BadAnswer(format!("it is longer than {} MiB", MOST_BYTES >> 20)));
            }
            body.extend_from_slice(&piece);
        }
        Ok((status, body))
    }
}

fn address(setting: &str, text: &str) -> Answer<Option<Url>> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || DriverError::Setting(format!("`{setting}` is no address; write it like https://host/self-serve"));
    let url = Url::parse(text).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong());
    }
    Ok(Some(url))
}

fn no_service() -> DriverError {
    DriverError::Refused("`url` is not set; it is the address of the self-serve service, which cancels".to_owned())
}

fn unsuccessful(who: &str, status: StatusCode) -> DriverError {
    let words = format!("{who} answered {status}");
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => DriverError::Auth(words),
        _ if status.is_redirection() => DriverError::Auth(format!("{words}, as logins do")),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => DriverError::Away(words),
        _ if status.is_server_error() => DriverError::Away(words),
        _ => DriverError::Refused(words),
    }
}

/// Without the address, in which somebody may have put a password.
fn away(error: reqwest::Error) -> DriverError {
    let error = error.without_url();
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    DriverError::Away(format!("{error}{cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(url: &str) -> Answer<Control> {
        Control::new(&MasterSettings { url: url.to_owned(), ..MasterSettings::default() })
    }

    #[test]
    fn the_branch_is_the_last_part_of_a_path() {
        let control = control("https://host.example.com/self-serve/").unwrap();
        let place = |branch, doomed| control.place(branch, doomed).unwrap().to_string();
        let base = "https://host.example.com/self-serve";
        assert_eq!(place("projects/cedar", Doomed::Request(7)), format!("{base}/cedar/request/7"));
        assert_eq!(place("a b?", Doomed::Build(8)), format!("{base}/a%20b%3F/build/8"));
    }

    #[test]
    fn an_address_that_is_none_is_refused_by_name() {
        let words = |url: &str| control(url).err().unwrap().to_string();
        assert!(words("buildbot").contains("`url`"));
        assert!(words("ftp://host/").contains("`url`"));
        assert!(matches!(control("").unwrap().place("b", Doomed::Build(1)), Err(DriverError::Refused(_))));
    }
}
