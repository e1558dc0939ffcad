//! The driver of EC2 against moto, directly or through the proxy of `tests/src/servers/ec2`.

#![allow(clippy::unwrap_used, reason = "everything here is a test or its support")]

mod credentials;
mod end_to_end;
mod launching;
mod listing;
mod machines;
mod notices;
mod refusals;
mod terminating;
mod worker_side;

use std::{collections::BTreeMap, sync::Arc};

use actors::worker_manager::AwsSettings;
use base::{Clock, Rng, SystemClock};
use chrono::TimeDelta;
use provisioner::provider::{Launch, MachineId, Page, Provider, Seen, UserData, aws::Aws};
use serde_json::{Value, json};
use tests::servers::{Ec2Proxy, Login, Moto};

const DEPLOYMENT: &str = "0f00d";

/// An account of its own with nothing in it, and a driver for it.
struct AwsEnv {
    moto: Moto,
    proxy: Ec2Proxy,
    aws: Aws,
    rng: Rng,
}

impl AwsEnv {
    /// `None`: moto is not here.
    async fn start() -> Option<Self> {
        Self::start_with(|_| {}).await
    }

    async fn start_with(change: impl FnOnce(&mut AwsSettings)) -> Option<Self> {
        let moto = Moto::start()?;
        let proxy = Ec2Proxy::start(&moto.login.url).await;
        let mut settings = settings(&moto.login);
        proxy.url().clone_into(&mut settings.endpoint);
        change(&mut settings);
        let aws = driver(settings);
        Some(Self { moto, proxy, aws, rng: Rng::system() })
    }

    fn launch(&self, region: &str, instances: u32) -> Launch {
        launch(&self.rng, region, instances)
    }

    /// The same with parameters changed: `null` removes one.
    fn launch_with(&self, region: &str, parameters: Value) -> Launch {
        let mut launch = self.launch(region, 1);
        let Value::Object(parameters) = parameters else { panic!("an object") };
        launch.configuration["launchConfig"].as_object_mut().unwrap().extend(parameters);
        launch
    }

    /// All machines of a region, and on how many pages.
    async fn list(&self, region: &str) -> (Vec<Seen>, usize) {
        let (mut all, mut pages, mut token) = (Vec::new(), 0, None);
        loop {
            let Page { items, next } = self.aws.list(region, token.as_ref()).await.unwrap();
            all.extend(items);
            pages += 1;
            token = next;
            if token.is_none() {
                return (all, pages);
            }
        }
    }

    async fn ids(&self, region: &str) -> Vec<MachineId> {
        sorted(self.list(region).await.0.into_iter().map(|it| it.id).collect())
    }

    fn sent(&self, action: &str) -> usize {
        self.proxy.requests(action).len()
    }
}

/// Of a new id, of [`DEPLOYMENT`].
fn launch(rng: &Rng, region: &str, instances: u32) -> Launch {
    let id = uuid::Uuid::from_bytes(rng.uuid_bytes());
    let tags = [
        ("CreatedBy", "taskcluster-wm-aws"),
        ("ManagedBy", "taskcluster"),
        ("Owner", "owner@example.com"),
        ("WorkerPoolId", "proj/linux"),
        ("Name", "proj/linux"),
        ("drover-deployment", DEPLOYMENT),
        ("drover-launch", &id.to_string()),
    ];
    Launch {
        id,
        region: region.to_owned(),
        instances,
        configuration: json!({ "region": region, "launchConfig": { "ImageId": "ami-12345678", "InstanceType": "m5.large" } }),
        user_data: UserData {
            worker_pool_id: "proj/linux".to_owned(),
            provider_id: "aws".to_owned(),
            worker_group: region.to_owned(),
            root_url: "https://drover.example.com".to_owned(),
            worker_config: json!({ "capacity": 4 }),
            launch_config_id: "lc-1".to_owned(),
            additional: BTreeMap::from([("extra".to_owned(), json!("é"))]),
        },
        tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        deadline: SystemClock.now() + TimeDelta::seconds(60),
    }
}

fn settings(login: &Login) -> AwsSettings {
    AwsSettings {
        access_key_id: login.access_key_id.clone().into(),
        secret_access_key: login.secret_access_key.clone().into(),
        endpoint: login.url.clone(),
        ..AwsSettings::default()
    }
}

fn driver(settings: AwsSettings) -> Aws {
    Aws::new(settings, DEPLOYMENT, Arc::new(SystemClock), Rng::system()).unwrap()
}

fn sorted(mut ids: Vec<MachineId>) -> Vec<MachineId> {
    ids.sort();
    ids
}
