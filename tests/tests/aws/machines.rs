//! Instances as processes: what a launch recorded is what the instance can prove.

use std::{
    collections::BTreeMap,
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use provisioner::provider::{Machine, Provider};
use serde_json::Value;
use tests::{
    TestDirectory,
    servers::{Ec2Machines, IdentityKey},
};
use worker::provider::aws::Aws;

use super::AwsEnv;

/// Addresses of metadata servers by instance.
type Addresses = Arc<Mutex<BTreeMap<String, String>>>;

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn an_instance_can_prove_what_its_launch_recorded() {
    let Some(env) = AwsEnv::start().await else { return };
    let directory = TestDirectory::new();
    let Some(key) = IdentityKey::make(directory.path()) else { return };
    let addresses = Addresses::default();
    let noted = addresses.clone();
    let boot = Box::new(move |facts: &tests::servers::InstanceFacts, metadata: &str| {
        noted.lock().unwrap().insert(facts.instance_id.clone(), metadata.to_owned());
        let mut command = Command::new("sleep");
        command.arg("600");
        command
    });
    let machines = Ec2Machines::start(&env.moto.login.url, "us-west-2", key, boot);
    let launched = env.aws.launch(&env.launch("us-west-2", 2)).await.unwrap().machines;
    until("both boot", || machines.running().len() == 2).await;

    for Machine { id, data, group } in &launched {
        let address = addresses.lock().unwrap()[id].clone();
        let own = Aws::new(&address).unwrap().identity().await.unwrap();
        assert_eq!((&own.worker_id, &own.worker_group), (id, group));
        assert_eq!((own.worker_pool_id.as_str(), own.root_url.as_str()), ("proj/linux", "https://drover.example.com"));
        let document: Value = serde_json::from_str(own.proof["document"].as_str().unwrap()).unwrap();
        for (fact, value) in data.as_object().unwrap() {
            assert_eq!(document[fact], *value, "{fact}");
        }
    }
    env.aws.terminate("us-west-2", &[launched[0].id.clone()]).await.unwrap();
    until("the other one is left", || machines.running() == [launched[1].id.clone()]).await;
}
