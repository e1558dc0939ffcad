//! Calls of the API server, in JSON, with the token of Drover's service account.

use std::time::Duration;

use actors::worker_manager::KubernetesSettings;
use base::Rng;
use reqwest::{
    Certificate, Method, Request, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{error, settings::check};
use crate::{
    decision::FailureClass,
    provider::{
        ProviderError, ProviderResult,
        http::{HttpClient, with_retries},
    },
};

pub(super) struct KubernetesClient {
    pub(super) settings: KubernetesSettings,
    http: HttpClient,
    rng: Rng,
}

impl KubernetesClient {
    pub(super) fn new(settings: KubernetesSettings, rng: Rng) -> Result<Self, String> {
        check(&settings)?;
        let certificates = match settings.ca_file.as_str() {
            "" => Vec::new(),
            path => read_certificates(path)?,
        };
        Ok(Self { http: HttpClient::trusting(certificates)?, settings, rng })
    }

    pub(super) fn timeout(&self) -> Duration {
        self.settings.timeout.into()
    }

    /// A call that changes nothing: repeated when it is throttled or not answered.
    pub(super) async fn read<T: DeserializeOwned>(&self, name: &str, query: &[(&str, &str)]) -> ProviderResult<T> {
        let timeout = self.timeout();
        let read = || self.call(Method::GET, name, query, None, timeout / 2);
        with_retries(&self.rng, timeout, read).await
    }

    /// One call, made once. `name`: of a pod; empty: all pods.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        name: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
        timeout: Duration,
    ) -> ProviderResult<T> {
        let mut request = Request::new(method, self.url(name, query)?);
        request.headers_mut().insert(AUTHORIZATION, self.authorization().await?);
        if let Some(body) = body {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.to_string().into());
        }
        let answer = self.http.send(request, timeout).await?;
        if !answer.status.is_success() {
            return Err(error::from_answer(&answer));
        }
        serde_json::from_slice(&answer.body)
            .map_err(|error| ProviderError::unanswered(format!("the API server's answer cannot be read: {error}")))
    }

    /// The keys by which the cluster signs tokens of service accounts, as a JWKS.
    pub(super) async fn jwks(&self) -> ProviderResult<String> {
        let invalid = |_| ProviderError::refused(FailureClass::Config, "InvalidUrl", "`api_url` is no URL");
        let url = format!("{}/openid/v1/jwks", self.settings.api_url.trim_end_matches('/'));
        let mut request = Request::new(Method::GET, Url::parse(&url).map_err(invalid)?);
        request.headers_mut().insert(AUTHORIZATION, self.authorization().await?);
        let answer = self.http.send(request, self.timeout()).await?;
        if !answer.status.is_success() {
            return Err(error::from_answer(&answer));
        }
        String::from_utf8(answer.body).map_err(|_| ProviderError::unanswered("the keys are not UTF-8"))
    }

    fn url(&self, name: &str, query: &[(&str, &str)]) -> ProviderResult<Url> {
        let invalid = |why: &str| ProviderError::refused(FailureClass::Config, "InvalidUrl", why);
        let mut url = Url::parse(&self.settings.api_url).map_err(|_| invalid("`api_url` is no URL"))?;
        {
            let mut path = url.path_segments_mut().map_err(|()| invalid("`api_url` has no path"))?;
            path.pop_if_empty().extend(["api", "v1", "namespaces", &self.settings.namespace, "pods"]);
            if !name.is_empty() {
                path.push(name);
            }
        }
        url.query_pairs_mut().extend_pairs(query);
        Ok(url)
    }

    async fn authorization(&self) -> ProviderResult<HeaderValue> {
        let path = &self.settings.token_file;
        let problem = |why: String| ProviderError::refused(FailureClass::Auth, "TokenFile", format!("{path}: {why}"));
        let token = tokio::fs::read_to_string(path).await.map_err(|error| problem(error.to_string()))?;
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.trim()))
            .map_err(|_| problem("is no token".to_owned()))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

fn read_certificates(path: &str) -> Result<Vec<Certificate>, String> {
    let pem = std::fs::read(path).map_err(|error| format!("`ca_file` {path} cannot be read: {error}"))?;
    Certificate::from_pem_bundle(&pem).map_err(|error| format!("`ca_file` {path} has no certificates: {error}"))
}
