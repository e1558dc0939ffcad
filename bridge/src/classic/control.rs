//! The self-serve service, and the list of builders over HTTP.

use std::time::Duration;

use base::Secret;
use reqwest::{Client, RequestBuilder, StatusCode, Url, header, redirect};
use rustls::ClientConfig;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::{
    MasterSettings,
    driver::{DriverError, DriverResult},
    tls,
};

/// The user that the service acts for.
const REMOTE_USER: &str = "X-Remote-User";
/// Of a list of builders.
const MAX_BYTES: usize = 64 << 20;

pub(super) struct Control {
    client: Client,
    /// `None`: there is no such service, so nothing can be cancelled.
    base: Option<Url>,
    builders: Option<Url>,
    user: String,
    password: Secret,
    permits: Semaphore,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum CancelTarget {
    Request(i64),
    Build(i64),
}

impl Control {
    pub(super) fn new(settings: &MasterSettings) -> DriverResult<Self> {
        let timeout: Duration = settings.timeout.into();
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().timeout(timeout);
        let client = match tls::client_config(settings)? {
            Some(tls) => client.tls_backend_preconfigured(ClientConfig::clone(&tls)),
            None => client,
        };
        Ok(Self {
            client: client.build().map_err(|error| DriverError::Unavailable(error.to_string()))?,
            base: address("url", &settings.url)?,
            builders: address("classic.builders_url", &settings.classic.builders_url)?,
            user: settings.user.clone(),
            password: settings.password.clone(),
            permits: Semaphore::new(settings.max_in_flight.max(1)),
        })
    }

    /// Cancels a request or a build. One that does not exist any more has ended.
    pub(super) async fn delete(&self, branch: &str, target: CancelTarget) -> DriverResult<()> {
        let url = self.url(branch, target)?;
        let status = self.send(self.as_user(self.client.delete(url))).await?.0;
        if status.is_success() || matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Ok(());
        }
        Err(unsuccessful("the self-serve service", status))
    }

    /// Whether the service responds at all.
    pub(super) async fn check(&self) -> DriverResult<()> {
        let Some(base) = &self.base else { return Err(no_service()) };
        let status = self.send(self.as_user(self.client.get(base.clone()))).await?.0;
        if status.is_server_error() || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(unsuccessful("the self-serve service", status));
        }
        Ok(())
    }

    /// The list of builders, where there is one.
    pub(super) async fn builders(&self) -> DriverResult<Option<Value>> {
        let Some(url) = &self.builders else { return Ok(None) };
        let (status, body) = self.send(self.client.get(url.clone())).await?;
        if !status.is_success() {
            return Err(unsuccessful("the list of builders", status));
        }
        let list = serde_json::from_slice(&body);
        list.map(Some).map_err(|error| DriverError::InvalidResponse(format!("the list of builders: {error}")))
    }

    /// `<base>/<branch>/request/<id>`, where the branch is the last part of a path.
    fn url(&self, branch: &str, target: CancelTarget) -> DriverResult<Url> {
        let mut url = self.base.clone().ok_or_else(no_service)?;
        let branch = branch.trim_matches('/').rsplit('/').next().unwrap_or_default();
        let (kind, id) = match target {
            CancelTarget::Request(id) => ("request", id),
            CancelTarget::Build(id) => ("build", id),
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

    async fn send(&self, request: RequestBuilder) -> DriverResult<(StatusCode, Vec<u8>)> {
        let Ok(_permit) = self.permits.acquire().await else {
            return Err(DriverError::Unavailable("it is closed".to_owned()));
        };
        let mut response = request.header(header::ACCEPT, "application/json").send().await.map_err(unavailable)?;
        let (status, mut body) = (response.status(), Vec::new());
        while let Some(piece) = response.chunk().await.map_err(unavailable)? {
            if body.len() + piece.len() > MAX_BYTES {
                return Err(DriverError::InvalidResponse(format!("it is longer than {} MiB", MAX_BYTES >> 20)));
            }
            body.extend_from_slice(&piece);
        }
        Ok((status, body))
    }
}

fn address(setting: &str, text: &str) -> DriverResult<Option<Url>> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || DriverError::Setting(format!("`{setting}` is not a URL; write it like https://host/self-serve"));
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
    let message = format!("{who} answered {status}");
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => DriverError::Auth(message),
        _ if status.is_redirection() => DriverError::Auth(format!("{message}, as logins do")),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => DriverError::Unavailable(message),
        _ if status.is_server_error() => DriverError::Unavailable(message),
        _ => DriverError::Refused(message),
    }
}

/// Without the URL, which may hold a password.
fn unavailable(error: reqwest::Error) -> DriverError {
    let error = error.without_url();
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    DriverError::Unavailable(format!("{error}{cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(url: &str) -> DriverResult<Control> {
        Control::new(&MasterSettings { url: url.to_owned(), ..MasterSettings::default() })
    }

    #[test]
    fn the_branch_is_the_last_segment_of_a_path() {
        let control = control("https://host.example.com/self-serve/").unwrap();
        let url = |branch, target| control.url(branch, target).unwrap().to_string();
        let base = "https://host.example.com/self-serve";
        assert_eq!(url("projects/cedar", CancelTarget::Request(7)), format!("{base}/cedar/request/7"));
        assert_eq!(url("a b?", CancelTarget::Build(8)), format!("{base}/a%20b%3F/build/8"));
    }

    #[test]
    fn an_invalid_url_is_refused_with_its_setting() {
        let message = |url: &str| control(url).err().unwrap().to_string();
        assert!(message("buildbot").contains("`url`"));
        assert!(message("ftp://host/").contains("`url`"));
        assert!(matches!(control("").unwrap().url("b", CancelTarget::Build(1)), Err(DriverError::Refused(_))));
    }
}
