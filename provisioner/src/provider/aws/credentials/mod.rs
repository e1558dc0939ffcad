//! Who Drover is to AWS: keys from the settings, from a file, from the role of the instance or of the pod.
//!
//! Keys that expire are replaced five minutes early, a file is read again every minute, and what AWS refuses is fetched again
//! at once: credentials may be rotated while Drover runs.

mod file;
mod instance_role;
mod web_identity;

use std::{path::PathBuf, sync::Arc};

use actors::worker_manager::AwsSettings;
use base::{Clock, Secret};
use chrono::{DateTime, TimeDelta, Utc};
use object_store::aws::AwsCredential;
use tokio::sync::Mutex;

use super::{error::auth_error, settings::sts_endpoint};
use crate::provider::{ProviderResult, http::HttpClient};

const REFRESH_BEFORE: TimeDelta = TimeDelta::minutes(5);

pub(super) struct Credentials {
    source: Source,
    http: HttpClient,
    clock: Arc<dyn Clock>,
    cached: Mutex<Option<Fetched>>,
}

enum Source {
    Settings {
        key_id: Secret,
        secret_key: Secret,
    },
    File(PathBuf),
    /// By `IMDSv2` at this address.
    InstanceRole {
        metadata: String,
    },
    /// With a token that the cluster renews in a file: EKS's roles for service accounts.
    WebIdentity {
        role: String,
        token_file: PathBuf,
        sts: String,
    },
}

#[derive(Clone)]
struct Fetched {
    credential: Arc<AwsCredential>,
    refresh_at: Option<DateTime<Utc>>,
    expires: Option<DateTime<Utc>>,
}

impl Credentials {
    pub(super) fn new(settings: &AwsSettings, http: HttpClient, clock: Arc<dyn Clock>) -> Self {
        Self { source: Source::choose(settings), http, clock, cached: Mutex::default() }
    }

    pub(super) async fn get(&self) -> ProviderResult<Arc<AwsCredential>> {
        // Held while fetching, so that many callers fetch once.
        let mut cached = self.cached.lock().await;
        let now = self.clock.now();
        match &*cached {
            Some(fetched) if fetched.refresh_at.is_none_or(|at| at > now) => return Ok(fetched.credential.clone()),
            _ => {}
        }
        match self.fetch(now).await {
            Ok(fetched) => Ok(cached.insert(fetched).credential.clone()),
            Err(error) => match &*cached {
                Some(old) if old.expires.is_none_or(|at| at > now) => {
                    tracing::warn!(%error, "AWS credentials not refreshed; the old ones are still used");
                    Ok(old.credential.clone())
                }
                _ => Err(error),
            },
        }
    }

    /// AWS refused these. Whether others may be had.
    pub(super) async fn refused(&self, credential: &Arc<AwsCredential>) -> bool {
        if matches!(self.source, Source::Settings { .. }) {
            return false;
        }
        let mut cached = self.cached.lock().await;
        if cached.as_ref().is_some_and(|it| Arc::ptr_eq(&it.credential, credential)) {
            *cached = None;
        }
        true
    }

    async fn fetch(&self, now: DateTime<Utc>) -> ProviderResult<Fetched> {
        match &self.source {
            Source::Settings { key_id, secret_key } => Ok(Fetched::lasting(AwsCredential {
                key_id: key_id.reveal().to_owned(),
                secret_key: secret_key.reveal().to_owned(),
                token: None,
            })),
            Source::File(path) => file::read(path, now).await,
            Source::InstanceRole { metadata } => instance_role::fetch(metadata).await,
            Source::WebIdentity { role, token_file, sts } => {
                web_identity::fetch(&self.http, sts, role, token_file).await
            }
        }
    }
}

impl Source {
    fn choose(settings: &AwsSettings) -> Self {
        if !settings.access_key_id.is_empty() {
            let (key_id, secret_key) = (settings.access_key_id.clone(), settings.secret_access_key.clone());
            return Self::Settings { key_id, secret_key };
        }
        if !settings.credentials_file.is_empty() {
            return Self::File(PathBuf::from(&settings.credentials_file));
        }
        // The cluster puts these into the pod.
        let given = |setting: &str, variable: &str| match setting {
            "" => base::environment::variable(variable),
            text => Some(text.to_owned()),
        };
        let role = given(&settings.role_arn, "AWS_ROLE_ARN");
        match (role, given(&settings.web_identity_token_file, "AWS_WEB_IDENTITY_TOKEN_FILE")) {
            (Some(role), Some(file)) => {
                Self::WebIdentity { role, token_file: PathBuf::from(file), sts: sts_endpoint(settings) }
            }
            _ => Self::InstanceRole { metadata: settings.metadata_endpoint.trim_end_matches('/').to_owned() },
        }
    }
}

impl Fetched {
    fn lasting(credential: AwsCredential) -> Self {
        Self { credential: Arc::new(credential), refresh_at: None, expires: None }
    }

    fn until(credential: AwsCredential, expires: DateTime<Utc>) -> Self {
        let refresh_at = expires.checked_sub_signed(REFRESH_BEFORE);
        Self { credential: Arc::new(credential), refresh_at, expires: Some(expires) }
    }
}
