//! Azure: virtual machines that ARM deployments make, one deployment for each machine of a launch.
//!
//! Deployment and virtual machine have the same name, which follows from the deployment of Drover, the launch's id and its number: a
//! repeat finds the first ones, and machines are found again by their names.

mod deployment;
mod error;
mod intermediates;
mod launch;
mod settings;
mod token;
mod vm;

use std::{sync::Arc, time::Duration};

use actors::worker_manager::AzureSettings;
use async_trait::async_trait;
use base::{Clock, Rng};
use futures_util::{StreamExt, stream};
use reqwest::{Method, Url};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    Launch, LaunchId, Launched, Machine, MachineId, OfferingKey, Page, PageToken, Provider, ProviderResult, PublicKeys,
    Seen, Terminated,
    http::{BearerClient, HttpClient, with_retries},
};
use error::config_error;
use vm::VirtualMachine;

const COMPUTE: &str = "2024-07-01";
const RESOURCES: &str = "2022-09-01";
/// At the same time: the API has no call for many names.
const CALLS: usize = 8;

pub struct Azure {
    client: AzureClient,
}

struct AzureClient {
    settings: AzureSettings,
    deployment: String,
    /// The first letters of the deployment, which are part of the names.
    prefix: String,
    bearer: BearerClient,
    clock: Arc<dyn Clock>,
    rng: Rng,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VirtualMachineList {
    value: Vec<VirtualMachine>,
    next_link: Option<String>,
}

impl Azure {
    /// Sends no request yet. `deployment`: tells machines of this installation from those of others. An error says which setting is
    /// wrong.
    pub fn new(settings: AzureSettings, deployment: &str, clock: Arc<dyn Clock>, rng: Rng) -> Result<Self, String> {
        settings::check(&settings)?;
        let source = token::source(&settings, clock.clone());
        let bearer = BearerClient::new(HttpClient::new()?, clock.clone(), source, error::from_answer);
        let (prefix, deployment) = (vm::prefix(deployment), deployment.to_owned());
        Ok(Self { client: AzureClient { settings, deployment, prefix, bearer, clock, rng } })
    }
}

impl AzureClient {
    fn timeout(&self) -> Duration {
        self.settings.timeout.into()
    }

    /// Of something in the resource group.
    fn url(&self, provider: &[&str], version: &str, query: &[(&str, &str)]) -> ProviderResult<Url> {
        let invalid = |why: &str| config_error("Endpoint", why);
        let mut url = Url::parse(&self.settings.endpoint).map_err(|_| invalid("`endpoint` is no URL"))?;
        {
            let AzureSettings { subscription_id, resource_group, .. } = &self.settings;
            let mut segments = url.path_segments_mut().map_err(|()| invalid("`endpoint` has no path"))?;
            let group = ["subscriptions", subscription_id, "resourceGroups", resource_group, "providers"];
            segments.pop_if_empty().extend(group).extend(provider);
        }
        url.query_pairs_mut().append_pair("api-version", version).extend_pairs(query);
        Ok(url)
    }

    fn vm_url(&self, name: &[&str], query: &[(&str, &str)]) -> ProviderResult<Url> {
        self.url(&[&["Microsoft.Compute", "virtualMachines"], name].concat(), COMPUTE, query)
    }

    fn deployment_url(&self, name: &str) -> ProviderResult<Url> {
        self.url(&["Microsoft.Resources", "deployments", name], RESOURCES, &[])
    }

    /// A call that changes nothing: repeated when it is throttled or not answered.
    async fn read<T: DeserializeOwned>(&self, url: Url) -> ProviderResult<T> {
        let timeout = self.timeout();
        with_retries(&self.rng, timeout, || self.bearer.call(Method::GET, url.clone(), None, timeout / 2)).await
    }

    /// With the states of the machines, which a list without this has not. A link to a next page is Azure's own.
    async fn page(&self, page: Option<&PageToken>) -> ProviderResult<(Vec<VirtualMachine>, Option<PageToken>)> {
        let first = self.vm_url(&[], &[("$expand", "instanceView")])?;
        let url = match page {
            None => first,
            Some(link) => {
                let link = Url::parse(link).map_err(|error| config_error("NextLink", error.to_string()))?;
                if link.origin() != first.origin() {
                    return Err(config_error("NextLink", "the next page is of another server"));
                }
                link
            }
        };
        let list: VirtualMachineList = self.read(url).await?;
        let ours = |machine: &VirtualMachine| machine.name.starts_with(&self.prefix);
        let next = list.next_link.filter(|link| !link.is_empty());
        Ok((list.value.into_iter().filter(ours).collect(), next))
    }

    async fn delete(&self, name: &str) -> Terminated {
        let url = self.vm_url(&[name], &[("forceDeletion", "true")])?;
        match self.bearer.call::<Value>(Method::DELETE, url, None, self.timeout()).await {
            Err(error) if !error::is_missing(&error) => Err(error),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Provider for Azure {
    async fn launch(&self, launch: &Launch) -> ProviderResult<Launched> {
        launch::launch(&self.client, launch).await
    }

    async fn find_launch(&self, region: &str, launch: LaunchId) -> ProviderResult<Vec<Machine>> {
        let (mut found, mut page) = (Vec::new(), None);
        loop {
            let (machines, next) = self.client.page(page.as_ref()).await?;
            let of = machines.into_iter().filter(|machine| vm::launch_of(&machine.name) == Some(launch));
            found.extend(of.filter_map(|machine| machine.machine(region)));
            page = next;
            if page.is_none() {
                return Ok(found);
            }
        }
    }

    async fn list(&self, region: &str, page: Option<&PageToken>) -> ProviderResult<Page<Seen>> {
        let (machines, next) = self.client.page(page).await?;
        let here = machines.into_iter().filter(|machine| machine.is_in(region));
        Ok(Page { items: here.map(|machine| machine.seen(&self.client.deployment)).collect(), next })
    }

    async fn terminate(&self, _region: &str, machines: &[MachineId]) -> ProviderResult<Vec<Terminated>> {
        let calls: Vec<_> = machines.iter().map(|name| self.client.delete(name)).collect();
        Ok(stream::iter(calls).buffered(CALLS).collect().await)
    }

    fn offering(&self, configuration: &Value) -> OfferingKey {
        deployment::offering(configuration)
    }

    fn keeps_ended(&self) -> bool {
        true
    }

    async fn identity_keys(&self) -> ProviderResult<Option<PublicKeys>> {
        intermediates::fetch(&self.client).await
    }
}
