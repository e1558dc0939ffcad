//! Signed calls to AWS, with a deadline, retries of reads, and credentials that are fetched again when they are refused.

use std::{sync::Arc, time::Duration};

use actors::worker_manager::AwsSettings;
use base::{Clock, Rng};
use object_store::{
    aws::{AwsAuthorizer, AwsCredential},
    client::HttpRequest,
};
use reqwest::{
    Request,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde_json::Value;

use super::{
    credentials::Credentials,
    error::{self, auth_error},
    form, settings,
};
use crate::{
    decision::FailureClass,
    provider::{
        ProviderError, ProviderResult,
        http::{HttpAnswer, HttpClient, with_retries},
    },
};

/// Of EC2's API.
const EC2_VERSION: &str = "2016-11-15";
/// How many tries of one read fit into its timeout, if none is answered.
const READ_TRIES: u32 = 2;

pub(super) struct AwsClient {
    pub(super) settings: AwsSettings,
    http: HttpClient,
    credentials: Credentials,
    pub(super) clock: Arc<dyn Clock>,
    rng: Rng,
}

/// Whom a request is for; part of its signature.
#[derive(Clone, Copy)]
struct Scope<'a> {
    service: &'a str,
    region: &'a str,
}

impl AwsClient {
    pub(super) fn new(settings: AwsSettings, clock: Arc<dyn Clock>, rng: Rng) -> Result<Self, String> {
        settings::check(&settings)?;
        let http = HttpClient::new()?;
        let credentials = Credentials::new(&settings, http.clone(), clock.clone());
        Ok(Self { settings, http, credentials, clock, rng })
    }

    pub(super) fn timeout(&self) -> Duration {
        self.settings.timeout.into()
    }

    /// A call that changes nothing: repeated when it is throttled or not answered.
    pub(super) async fn ec2_read(&self, region: &str, action: &str, fields: &Fields) -> ProviderResult<Vec<u8>> {
        let timeout = self.timeout();
        let read = || self.ec2(region, action, fields, timeout / READ_TRIES);
        with_retries(&self.rng, timeout, read).await
    }

    /// One call, made once.
    pub(super) async fn ec2(
        &self,
        region: &str,
        action: &str,
        fields: &Fields,
        timeout: Duration,
    ) -> ProviderResult<Vec<u8>> {
        let url = settings::endpoint_of(&self.settings, "ec2", region)?;
        let head = [("Action", action), ("Version", EC2_VERSION)];
        let body =
            form::encode(head.into_iter().chain(fields.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))));
        self.signed(Scope { service: "ec2", region }, || form::post(&url, &body), timeout).await
    }

    /// A call of SQS, in its JSON protocol.
    pub(super) async fn sqs(
        &self,
        region: &str,
        action: &str,
        url: &str,
        body: &Value,
        timeout: Duration,
    ) -> ProviderResult<Vec<u8>> {
        let body = body.to_string();
        let target = HeaderValue::from_str(&format!("AmazonSQS.{action}"))
            .map_err(|_| error::config_error("InvalidAction", action))?;
        let request = || {
            let mut request = form::post(url, &body)?;
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
            request.headers_mut().insert("x-amz-target", target.clone());
            Ok(request)
        };
        self.signed(Scope { service: "sqs", region }, request, timeout).await
    }

    async fn signed(
        &self,
        scope: Scope<'_>,
        request: impl Fn() -> ProviderResult<Request>,
        timeout: Duration,
    ) -> ProviderResult<Vec<u8>> {
        let credential = self.credentials.get().await?;
        let answer = self.send(scope, request()?, &credential, timeout).await;
        match answer {
            // Refused means that nothing was done, so it is sent again even where it changes something.
            Err(ProviderError::Refused { class: FailureClass::Auth, ref code, .. })
                if !error::is_of_permissions(code) && self.credentials.refused(&credential).await =>
            {
                let fresh = self.credentials.get().await?;
                if *fresh == *credential {
                    return answer;
                }
                self.send(scope, request()?, &fresh, timeout).await
            }
            answer => answer,
        }
    }

    async fn send(
        &self,
        scope: Scope<'_>,
        mut request: Request,
        credential: &AwsCredential,
        timeout: Duration,
    ) -> ProviderResult<Vec<u8>> {
        sign(&mut request, credential, scope)?;
        let answer: HttpAnswer = self.http.send(request, timeout).await?;
        if answer.status.is_success() { Ok(answer.body) } else { Err(error::from_answer(&answer)) }
    }
}

/// Copies what is signed, signs the copy, and takes its headers.
fn sign(request: &mut Request, credential: &AwsCredential, scope: Scope<'_>) -> ProviderResult<()> {
    let problem = |why: String| auth_error("Signature", format!("the request cannot be signed: {why}"));
    let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec();
    let mut copy = HttpRequest::new(body.into());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.url().as_str().parse().map_err(|_| problem("its URL is none".to_owned()))?;
    *copy.headers_mut() = request.headers().clone();
    let authorizer = AwsAuthorizer::new(credential, scope.service, scope.region);
    authorizer.try_authorize(&mut copy, None).map_err(|error| problem(error.to_string()))?;
    *request.headers_mut() = std::mem::take(copy.headers_mut());
    Ok(())
}

/// Fields of the query protocol, in order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    #[must_use]
    pub(super) fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    #[must_use]
    pub(super) fn filter(self, number: usize, name: &str, value: &str) -> Self {
        self.with(format!("Filter.{number}.Name"), name).with(format!("Filter.{number}.Value.1"), value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter()
    }
}
