//! The driver of Kubernetes against the API server of `tests/src/servers/kubernetes`.

#![allow(clippy::unwrap_used, reason = "everything here is a test or its support")]

mod end_to_end;

use std::{collections::BTreeMap, fs};

use actors::worker_manager::KubernetesSettings;
use base::{Clock, Rng, SystemClock};
use chrono::TimeDelta;
use provisioner::{
    decision::FailureClass,
    provider::{Launch, Machine, MachineState, Provider, ProviderError, UserData, kubernetes::Kubernetes},
};
use serde_json::{Value, json};
use tests::{
    TestDirectory,
    servers::{CLUSTER_TOKEN, KubernetesApi},
};

struct ClusterEnv {
    api: KubernetesApi,
    driver: Kubernetes,
    directory: TestDirectory,
    rng: Rng,
}

impl ClusterEnv {
    async fn start() -> Self {
        // An error says that it was done before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (api, directory) = (KubernetesApi::start().await, TestDirectory::new());
        let token_file = directory.path().join("token");
        fs::write(&token_file, CLUSTER_TOKEN).unwrap();
        let settings = KubernetesSettings {
            api_url: api.url.clone(),
            namespace: "ci".to_owned(),
            token_file: token_file.to_str().unwrap().to_owned(),
            ca_file: String::new(),
            ..KubernetesSettings::default()
        };
        let driver = Kubernetes::new(settings, "0f00d", Rng::system()).unwrap();
        Self { api, driver, directory, rng: Rng::system() }
    }

    fn launch(&self, instances: u32) -> Launch {
        let id = uuid::Uuid::from_bytes(self.rng.uuid_bytes());
        let tags = [
            ("Owner", "a@b.c"),
            ("WorkerPoolId", "p/w"),
            ("drover-deployment", "0f00d"),
            ("drover-launch", &id.to_string()),
        ];
        Launch {
            id,
            region: "cluster-1".to_owned(),
            instances,
            configuration: json!({ "podSpec": { "containers": [{ "name": "worker", "image": "drover-worker:1" }] } }),
            user_data: UserData {
                worker_pool_id: "p/w".to_owned(),
                provider_id: "k8s".to_owned(),
                worker_group: "cluster-1".to_owned(),
                root_url: "https://drover.example.com".to_owned(),
                worker_config: json!({}),
                launch_config_id: "lc-1".to_owned(),
                additional: BTreeMap::new(),
            },
            tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            deadline: SystemClock.now() + TimeDelta::seconds(60),
        }
    }
}

fn class(error: &ProviderError) -> Option<FailureClass> {
    match error {
        ProviderError::Refused { class, .. } => Some(*class),
        ProviderError::Unanswered { .. } => None,
    }
}

#[tokio::test]
async fn a_launch_makes_pods_once_that_can_prove_who_they_are() {
    let env = ClusterEnv::start().await;
    let launch = env.launch(2);
    let first = env.driver.launch(&launch).await.unwrap();
    assert_eq!(env.driver.launch(&launch).await.unwrap(), first, "a repeat finds the first ones");
    let pods = env.api.pods();
    assert_eq!((first.machines.len(), pods.len()), (2, 2));
    let Machine { group, id, data } = &first.machines[0];
    assert_eq!((group.as_str(), id.as_str()), ("cluster-1", pods[0]["metadata"]["name"].as_str().unwrap()));
    assert_eq!(data["podUid"], pods[0]["metadata"]["uid"]);

    let spec = &pods[0]["spec"];
    assert_eq!(
        (spec["restartPolicy"].as_str(), spec["serviceAccountName"].as_str()),
        (Some("Never"), Some("drover-worker"))
    );
    assert_eq!(
        spec["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["audience"],
        "https://drover.example.com"
    );
    let user_data: Value = serde_json::from_str(spec["containers"][0]["env"][0]["value"].as_str().unwrap()).unwrap();
    assert_eq!(user_data["workerPoolId"], "p/w");
    assert_eq!(pods[0]["metadata"]["annotations"]["drover/WorkerPoolId"], "p/w");
}

#[tokio::test]
async fn a_launch_is_all_or_none_and_a_lost_answer_is_found() {
    let env = ClusterEnv::start().await;
    env.api.change(|rules| rules.most_pods = Some(2));
    let error = env.driver.launch(&env.launch(3)).await.unwrap_err();
    assert_eq!(class(&error), Some(FailureClass::Quota), "{error}");
    assert!(env.api.pods().is_empty(), "those before the refusal are deleted");

    env.api.change(|rules| (rules.most_pods, rules.lose_answer_after) = (None, Some(1)));
    let launch = env.launch(3);
    let error = env.driver.launch(&launch).await.unwrap_err();
    assert_eq!(class(&error), None, "{error}");
    assert_eq!(env.driver.find_launch("cluster-1", launch.id).await.unwrap().len(), 2);
    let machines = env.driver.launch(&launch).await.unwrap().machines;
    assert_eq!(env.driver.find_launch("cluster-1", launch.id).await.unwrap(), machines);
    assert_eq!(env.api.pods().len(), 3);
}

#[tokio::test]
async fn pods_are_listed_by_pages_and_end_once() {
    let env = ClusterEnv::start().await;
    let ids: Vec<String> =
        env.driver.launch(&env.launch(5)).await.unwrap().machines.into_iter().map(|it| it.id).collect();
    let mut others = env.launch(1);
    others.tags.insert("drover-deployment".to_owned(), "another".to_owned());
    env.driver.launch(&others).await.unwrap();
    env.api.change(|rules| rules.page_size = Some(2));
    env.api.set_phase(&ids[0], "Running");
    env.api.set_phase(&ids[1], "Succeeded");

    let ended =
        env.driver.terminate("cluster-1", &[ids[0].clone(), ids[2].clone(), "never-was".to_owned()]).await.unwrap();
    assert_eq!(ended, [Ok(()), Ok(()), Ok(())]);
    let (mut states, mut pages, mut token) = (BTreeMap::new(), 0, None);
    loop {
        let page = env.driver.list("cluster-1", token.as_ref()).await.unwrap();
        states.extend(page.items.into_iter().map(|it| (it.id, it.state)));
        (pages, token) = (pages + 1, page.next);
        if token.is_none() {
            break;
        }
    }
    let expected = [
        (ids[0].clone(), MachineState::Stopping),
        (ids[1].clone(), MachineState::Ended),
        (ids[3].clone(), MachineState::Running),
        (ids[4].clone(), MachineState::Running),
    ];
    assert_eq!((states, pages), (BTreeMap::from(expected), 2));
}

#[tokio::test]
async fn bad_launch_configs_and_bad_tokens_are_refused_by_name() {
    let env = ClusterEnv::start().await;
    let with = |configuration: Value| Launch { configuration, ..env.launch(1) };
    for (configuration, field) in [
        (json!({}), "podSpec"),
        (json!({ "podSpec": [] }), "podSpec"),
        (json!({ "podSpec": { "containers": [] } }), "podSpec.containers"),
        (json!({ "podSpec": { "containers": [{ "env": 1 }] } }), "env"),
        (json!({ "podSpec": { "containers": [{ "name": "worker" }] } }), "image"),
    ] {
        let error = env.driver.launch(&with(configuration)).await.unwrap_err();
        assert!(class(&error) == Some(FailureClass::Config) && error.to_string().contains(field), "{error}");
    }
    let mut large = env.launch(1);
    large.user_data.worker_config = json!("x".repeat(100_000));
    assert!(env.driver.launch(&large).await.unwrap_err().to_string().contains("User Data is too long"));

    let token = env.directory.path().join("token");
    fs::write(&token, "expired").unwrap();
    assert_eq!(class(&env.driver.launch(&env.launch(1)).await.unwrap_err()), Some(FailureClass::Auth));
    fs::remove_file(&token).unwrap();
    assert_eq!(class(&env.driver.list("cluster-1", None).await.unwrap_err()), Some(FailureClass::Auth));
    fs::write(&token, format!("{CLUSTER_TOKEN}\n")).unwrap();
    env.driver.launch(&env.launch(1)).await.unwrap();
}
