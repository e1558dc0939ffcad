//! Compute Engine: instances in a zone, standard or spot.
//!
//! Each machine of a launch is an instance whose name and `requestId` follow from the launch's id and its number, so that a repeat finds
//! the first ones. Machines are found again by their labels.

mod error;
mod instance;
mod launch;
mod operation;
mod settings;
mod token;

use std::{sync::Arc, time::Duration};

use actors::worker_manager::GoogleSettings;
use async_trait::async_trait;
use base::{Clock, Rng};
use futures_util::{StreamExt, stream};
use reqwest::{Method, Request, Url};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    Launch, LaunchId, Launched, Machine, MachineId, OfferingKey, Page, PageToken, Provider, ProviderError,
    ProviderResult, PublicKeys, Seen, Terminated,
    http::{BearerClient, HttpClient, with_retries},
};
use error::config_error;
use instance::{DEPLOYMENT, Instance, LAUNCH};

const PAGE: &str = "500";
/// At the same time: the API has no call for many names.
const CALLS: usize = 8;
/// Google's keys are published days before they are used.
const KEY_AGE: Duration = Duration::from_hours(1);

pub struct Google {
    client: GoogleClient,
    deployment: String,
}

struct GoogleClient {
    settings: GoogleSettings,
    bearer: BearerClient,
    clock: Arc<dyn Clock>,
    rng: Rng,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InstanceList {
    #[serde(default)]
    items: Vec<Instance>,
    next_page_token: Option<String>,
}

impl Google {
    /// Sends no request yet. `deployment`: the value of the label `drover-deployment` of this installation's instances. An error
    /// says which setting is wrong.
    pub fn new(settings: GoogleSettings, deployment: &str, clock: Arc<dyn Clock>, rng: Rng) -> Result<Self, String> {
        settings::check(&settings)?;
        let source = token::source(&settings, clock.clone());
        let bearer = BearerClient::new(HttpClient::new()?, clock.clone(), source, error::from_answer);
        Ok(Self { client: GoogleClient { settings, bearer, clock, rng }, deployment: deployment.to_owned() })
    }

    async fn instances(
        &self,
        zone: &str,
        label: &str,
        value: &str,
        page: Option<&PageToken>,
    ) -> ProviderResult<InstanceList> {
        let filter = format!("labels.{label}={value}");
        let mut query = vec![("filter", filter.as_str()), ("maxResults", PAGE)];
        query.extend(page.map(|token| ("pageToken", token.as_str())));
        self.client.read(self.client.url(zone, &["instances"], &query)?).await
    }
}

impl GoogleClient {
    fn timeout(&self) -> Duration {
        self.settings.timeout.into()
    }

    /// Of something in a zone.
    fn url(&self, zone: &str, path: &[&str], query: &[(&str, &str)]) -> ProviderResult<Url> {
        let is_zone = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if zone.is_empty() || zone.len() > 40 || !zone.chars().all(is_zone) {
            let message =
                format!("`zone` of the launch config is no zone: write it like `us-central1-a`, not `{zone}`");
            return Err(config_error("InvalidZone", message));
        }
        let invalid = |why: &str| config_error("Endpoint", why);
        let mut url = Url::parse(&self.settings.endpoint).map_err(|_| invalid("`endpoint` is no URL"))?;
        {
            let mut segments = url.path_segments_mut().map_err(|()| invalid("`endpoint` has no path"))?;
            segments.pop_if_empty().extend(["projects", &self.settings.project, "zones", zone]).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// A call that changes nothing: repeated when it is throttled or not answered.
    async fn read<T: DeserializeOwned>(&self, url: Url) -> ProviderResult<T> {
        let timeout = self.timeout();
        with_retries(&self.rng, timeout, || self.bearer.call(Method::GET, url.clone(), None, timeout / 2)).await
    }

    async fn delete(&self, zone: &str, instance: &str) -> Terminated {
        let url = self.url(zone, &["instances", instance], &[])?;
        match self.bearer.call::<Value>(Method::DELETE, url, None, self.timeout()).await {
            Err(error) if !error::is(&error, error::NOT_FOUND) => Err(error),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Provider for Google {
    async fn launch(&self, launch: &Launch) -> ProviderResult<Launched> {
        launch::launch(&self.client, launch).await
    }

    async fn find_launch(&self, zone: &str, launch: LaunchId) -> ProviderResult<Vec<Machine>> {
        let (mut found, mut page) = (Vec::new(), None);
        loop {
            let list = self.instances(zone, LAUNCH, &launch.to_string(), page.as_ref()).await?;
            found.extend(list.items.into_iter().filter(Instance::is_alive).map(|instance| instance.machine(zone)));
            page = list.next_page_token.filter(|token| !token.is_empty());
            if page.is_none() {
                return Ok(found);
            }
        }
    }

    async fn list(&self, zone: &str, page: Option<&PageToken>) -> ProviderResult<Page<Seen>> {
        let list = self.instances(zone, DEPLOYMENT, &self.deployment, page).await?;
        let next = list.next_page_token.filter(|token| !token.is_empty());
        Ok(Page { items: list.items.into_iter().map(Instance::seen).collect(), next })
    }

    async fn terminate(&self, zone: &str, machines: &[MachineId]) -> ProviderResult<Vec<Terminated>> {
        let calls: Vec<_> = machines.iter().map(|id| self.client.delete(zone, id)).collect();
        Ok(stream::iter(calls).buffered(CALLS).collect().await)
    }

    /// Of a zone: what is called a region elsewhere, since everything here belongs to a zone.
    fn offering(&self, configuration: &Value) -> OfferingKey {
        let key = OfferingKey::of_launch_config(configuration);
        let zone = configuration["zone"].as_str().unwrap_or_default().chars().take(40).collect();
        let machine_type = key.instance_type.rsplit('/').next().unwrap_or_default().to_owned();
        OfferingKey { region: zone, instance_type: machine_type, ..key }
    }

    fn keeps_ended(&self) -> bool {
        true
    }

    async fn identity_keys(&self) -> ProviderResult<Option<PublicKeys>> {
        let url =
            Url::parse(&self.client.settings.jwks_url).map_err(|error| config_error("JwksUrl", error.to_string()))?;
        let answer = self.client.bearer.http.send(Request::new(Method::GET, url), self.client.timeout()).await?;
        if !answer.status.is_success() {
            return Err(ProviderError::unanswered(format!("HTTP {}: {}", answer.status, answer.excerpt())));
        }
        let keys = String::from_utf8(answer.body)
            .map_err(|_| ProviderError::unanswered("the keys are not UTF-8".to_owned()))?;
        Ok(Some(PublicKeys { keys: vec![("jwks".to_owned(), keys)], max_age: KEY_AGE }))
    }
}
