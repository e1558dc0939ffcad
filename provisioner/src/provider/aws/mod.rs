//! EC2: instances on demand or spot, in any region.
//!
//! A launch is one `RunInstances` with the launch's id as `ClientToken`. Machines are found again by the tags
//! `drover-deployment` and `drover-launch`, never by what this process remembers.

mod client;
mod credentials;
mod error;
mod form;
mod launch;
mod list;
mod notices;
mod parameters;
mod prices;
mod settings;
mod terminate;
mod xml;

use std::sync::Arc;

use actors::worker_manager::AwsSettings;
use async_trait::async_trait;
use base::{Clock, Rng};

use super::{
    Launch, LaunchId, Launched, Machine, MachineId, Notice, Page, PageToken, Price, Provider, ProviderResult, Seen,
    Terminated,
};
use client::AwsClient;

pub struct Aws {
    client: AwsClient,
    deployment: String,
}

impl Aws {
    /// Sends no request yet. `deployment`: the value of the tag `drover-deployment` of this installation's machines. An error
    /// says which setting is wrong.
    pub fn new(settings: AwsSettings, deployment: &str, clock: Arc<dyn Clock>, rng: Rng) -> Result<Self, String> {
        Ok(Self { client: AwsClient::new(settings, clock, rng)?, deployment: deployment.to_owned() })
    }
}

#[async_trait]
impl Provider for Aws {
    async fn launch(&self, launch: &Launch) -> ProviderResult<Launched> {
        launch::launch(&self.client, launch).await
    }

    async fn find_launch(&self, region: &str, launch: LaunchId) -> ProviderResult<Vec<Machine>> {
        list::find_launch(&self.client, region, launch).await
    }

    async fn list(&self, region: &str, page: Option<&PageToken>) -> ProviderResult<Page<Seen>> {
        list::list(&self.client, &self.deployment, region, page).await
    }

    async fn terminate(&self, region: &str, machines: &[MachineId]) -> ProviderResult<Vec<Terminated>> {
        terminate::terminate(&self.client, region, machines).await
    }

    async fn prices(&self, region: &str) -> ProviderResult<Option<Vec<Price>>> {
        prices::prices(&self.client, region).await.map(Some)
    }

    async fn notices(&self) -> ProviderResult<Option<Vec<Notice>>> {
        notices::receive(&self.client).await
    }

    async fn notices_handled(&self, receipts: &[String]) -> ProviderResult<()> {
        notices::delete(&self.client, receipts).await
    }
}
