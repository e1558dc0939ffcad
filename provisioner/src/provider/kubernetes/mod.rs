//! Workers as pods of a Kubernetes cluster: a pod for each, whose name follows from the launch's id, so that a repeat finds the
//! first ones instead of making others.

mod client;
mod error;
mod launch;
mod pod;
mod settings;

use std::time::Duration;

use actors::worker_manager::KubernetesSettings;
use async_trait::async_trait;
use base::Rng;
use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Launch, LaunchId, Launched, Machine, MachineId, OfferingKey, Page, PageToken, Provider, ProviderResult, PublicKeys,
    Seen, Terminated,
};
use client::KubernetesClient;
use pod::{DEPLOYMENT, LAUNCH, Pod};

const PAGE: &str = "500";
/// At the same time: the API has no call for many names.
const DELETES: usize = 8;
/// Of a worker's group.
const MAX_REGION: usize = 38;
/// A cluster that replaces its key publishes both for a while.
const KEY_AGE: Duration = Duration::from_mins(10);

pub struct Kubernetes {
    client: KubernetesClient,
    deployment: String,
}

#[derive(Deserialize)]
struct PodList {
    #[serde(default)]
    metadata: ListMetadata,
    items: Vec<Pod>,
}

#[derive(Default, Deserialize)]
struct ListMetadata {
    #[serde(rename = "continue", default)]
    next: String,
}

impl Kubernetes {
    /// Sends no request yet. `deployment`: the value of the label `drover-deployment` of this installation's pods. An error
    /// says which setting is wrong.
    pub fn new(settings: KubernetesSettings, deployment: &str, rng: Rng) -> Result<Self, String> {
        Ok(Self { client: KubernetesClient::new(settings, rng)?, deployment: deployment.to_owned() })
    }

    async fn delete(&self, name: &str) -> Terminated {
        match self.client.call::<Value>(Method::DELETE, name, &[], None, self.client.timeout()).await {
            Err(error) if !error::is(&error, "NotFound") => Err(error),
            _ => Ok(()),
        }
    }

    async fn pods(&self, selector: &str, page: Option<&PageToken>) -> ProviderResult<PodList> {
        let mut query = vec![("labelSelector", selector), ("limit", PAGE)];
        query.extend(page.map(|token| ("continue", token.as_str())));
        self.client.read("", &query).await
    }
}

#[async_trait]
impl Provider for Kubernetes {
    async fn launch(&self, launch: &Launch) -> ProviderResult<Launched> {
        launch::launch(&self.client, launch).await
    }

    async fn find_launch(&self, region: &str, launch: LaunchId) -> ProviderResult<Vec<Machine>> {
        let list = self.pods(&format!("{LAUNCH}={launch}"), None).await?;
        Ok(list.items.into_iter().map(|pod| pod.machine(region)).collect())
    }

    async fn list(&self, _region: &str, page: Option<&PageToken>) -> ProviderResult<Page<Seen>> {
        let list = self.pods(&format!("{DEPLOYMENT}={}", self.deployment), page).await?;
        let next = Some(list.metadata.next).filter(|token| !token.is_empty());
        Ok(Page { items: list.items.into_iter().map(Pod::seen).collect(), next })
    }

    async fn terminate(&self, _region: &str, machines: &[MachineId]) -> ProviderResult<Vec<Terminated>> {
        let calls: Vec<_> = machines.iter().map(|name| self.delete(name)).collect();
        Ok(stream::iter(calls).buffered(DELETES).collect().await)
    }

    /// A cluster is one region, whose name is the namespace's where the launch config gives none.
    fn offering(&self, configuration: &Value) -> OfferingKey {
        let key = OfferingKey::of_launch_config(configuration);
        let namespace = || self.client.settings.namespace.chars().take(MAX_REGION).collect();
        OfferingKey { region: if key.region.is_empty() { namespace() } else { key.region }, ..key }
    }

    /// A cluster deletes pods that ended only when it has thousands of them.
    fn keeps_ended(&self) -> bool {
        true
    }

    /// Lists without a version are read from what the cluster has committed, later pages from the same state.
    fn lists_are_complete(&self) -> bool {
        true
    }

    async fn identity_keys(&self) -> ProviderResult<Option<PublicKeys>> {
        let keys = vec![("jwks".to_owned(), self.client.jwks().await?)];
        Ok(Some(PublicKeys { keys, max_age: KEY_AGE }))
    }
}
