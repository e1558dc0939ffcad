//! From pending tasks to EC2 instances that run them, and back: a server, moto, and a `drover worker` for each instance.

use std::sync::Arc;

use base::{Rng, SystemClock};
use provisioner::{
    deployment,
    provider::{Provider, aws::Aws},
};
use serde_json::{Value, json};
use tests::{
    PoolEnv, TestDirectory, WorkerCommand,
    servers::{Ec2Machines, Ec2Proxy, IdentityKey, Moto},
};

const REGION: &str = "us-west-2";
/// On its first run only.
const LONG: &str = "test $RUN_ID != 0 || sleep 500";

struct Cloud {
    _moto: Moto,
    proxy: Ec2Proxy,
    machines: Ec2Machines,
    queue: String,
    env: PoolEnv,
    /// Of the provider.
    settings: Value,
}

impl Cloud {
    /// `None`: moto or openssl is not here.
    async fn start(market: Value) -> Option<Self> {
        let moto = Moto::start()?;
        let proxy = Ec2Proxy::start(&moto.login.url).await;
        let directory = TestDirectory::new();
        let key = IdentityKey::make(directory.path())?;
        let queue = proxy.sqs("CreateQueue", &json!({ "QueueName": "notices" })).await;
        let queue = queue["QueueUrl"].as_str().unwrap().to_owned();
        let provider = json!({
            "id": "aws", "provider_type": "aws", "identity_keys": [key.public_key],
            "aws": {
                "access_key_id": moto.login.access_key_id, "secret_access_key": moto.login.secret_access_key,
                "endpoint": proxy.url(), "notice_queue_url": queue,
            },
        });
        let mut parameters = json!({ "ImageId": "ami-12345678", "InstanceType": "m5.large" });
        parameters["InstanceMarketOptions"] = market;
        let worker = WorkerCommand { provider: "aws", directory: directory.path().to_owned() };
        let boot = Box::new(move |facts: &tests::servers::InstanceFacts, metadata: &str| {
            let mut command = worker.of_machine(&facts.instance_id);
            command.args(["--metadata-endpoint", metadata]);
            command
        });
        let machines = Ec2Machines::start(&moto.login.url, REGION, key, boot);
        let env =
            PoolEnv::start_in(directory, provider.clone(), json!({ "region": REGION, "launchConfig": parameters }), 3)
                .await;
        Some(Self { _moto: moto, proxy, machines, queue, env, settings: provider })
    }

    /// A long task, and the machine that runs it.
    async fn running(&self) -> (protocol::id::TaskId, String) {
        let id = self.env.task(LONG).await;
        let status = self.env.until_state(id, "running").await;
        (id, status["runs"][0]["workerId"].as_str().unwrap().to_owned())
    }

    /// The first run ended as `worker-shutdown`, and another machine made the second one.
    async fn is_replaced(&self, id: protocol::id::TaskId, first: &str) {
        let status = self.env.until_state(id, "completed").await;
        let runs = &status["runs"];
        assert_eq!(
            (runs[0]["state"].as_str(), runs[0]["reasonResolved"].as_str()),
            (Some("exception"), Some("worker-shutdown"))
        );
        assert!(runs[1]["workerId"] != first, "{runs}");
    }
}

#[tokio::test]
async fn tasks_make_instances_that_register_run_them_and_end() {
    let Some(cloud) = Cloud::start(Value::Null).await else { return };
    let mut tasks = Vec::new();
    for _ in 0..5 {
        tasks.push(cloud.env.task("true").await);
    }
    for id in tasks {
        cloud.env.until_state(id, "completed").await;
    }
    cloud.env.until_all_stopped().await;
    cloud.env.until("no machine is left", async || cloud.machines.running().is_empty()).await;
    let launched = cloud.proxy.requests("RunInstances");
    let machines: u32 = launched.iter().map(|it| it.get("MinCount").unwrap().parse::<u32>().unwrap()).sum();
    assert!((1..=5).contains(&machines) && cloud.env.workers().await.len() <= 5, "{machines}");
    assert_eq!(cloud.env.errors().await["workerPoolErrors"], json!([]));
}

#[tokio::test]
async fn a_notice_by_the_queue_moves_the_task_to_another_machine_before_the_first_is_gone() {
    let spot = json!({ "MarketType": "spot", "SpotOptions": { "MaxPrice": "0.5" } });
    let Some(cloud) = Cloud::start(spot).await else { return };
    let (id, machine) = cloud.running().await;
    cloud.proxy.notify(REGION, &machine, "EC2 Spot Instance Interruption Warning", &cloud.queue).await;
    cloud.is_replaced(id, &machine).await;
    assert!(cloud.machines.running().contains(&machine), "it still has the time that EC2 gives");
    let workers = cloud.env.workers().await;
    let first = workers.iter().find(|it| it["workerId"] == machine.as_str()).unwrap();
    assert_eq!(first["state"], "stopping", "{first}");

    // EC2 ends it, and says so.
    cloud.proxy.interrupt(REGION, &machine, &cloud.queue).await;
    cloud.env.until_all_stopped().await;
}

#[tokio::test]
async fn an_instance_that_is_warned_itself_gives_its_task_back() {
    let Some(cloud) = Cloud::start(Value::Null).await else { return };
    let (id, machine) = cloud.running().await;
    cloud.machines.announce_interruption(&machine);
    cloud.is_replaced(id, &machine).await;
    cloud.env.until_all_stopped().await;
}

#[tokio::test]
async fn instances_that_nobody_knows_and_workers_without_an_instance_are_found_and_ended() {
    let Some(cloud) = Cloud::start(Value::Null).await else { return };
    let (id, machine) = cloud.running().await;
    let orphans = async |more: &[&str]| {
        let mut command = tests::program();
        command.args(["pool", "orphans", "aws", "-o", "json", "--data-dir"]).arg(cloud.env.path().join("data"));
        command.arg("--set").arg(format!("worker_manager.providers={}", json!([cloud.settings])));
        command.args(more).env("TASKCLUSTER_ROOT_URL", cloud.env.drover.root_url());
        let output = command.output().await.unwrap();
        let first = output.stdout.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let report: Value = serde_json::from_slice(first)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        (report, output.status.code())
    };
    assert_eq!(orphans(&[]).await.1, Some(0));

    let aws = serde_json::from_value(cloud.settings["aws"].clone()).unwrap();
    let deployment = deployment(cloud.env.drover.root_url());
    let aws = Aws::new(aws, &deployment, Arc::new(SystemClock), Rng::system()).unwrap();
    let mut launch = super::launch(&Rng::system(), REGION, 1);
    launch.tags.insert("drover-deployment".to_owned(), deployment);
    let unknown = aws.launch(&launch).await.unwrap().machines.remove(0).id;
    let foreign = aws.launch(&super::launch(&Rng::system(), REGION, 1)).await.unwrap().machines.remove(0).id;
    let both_run = async || [&unknown, &foreign].iter().all(|it| cloud.machines.running().contains(it));
    cloud.env.until("both instances run", both_run).await;
    // Without a notice, and behind the back of the provisioner.
    aws.terminate(REGION, std::slice::from_ref(&machine)).await.unwrap();

    let (report, code) = orphans(&["--terminate", "--yes", "--set", "provision.orphan_age=0s"]).await;
    assert_eq!((report["orphans"][0]["machine"].as_str(), code), (Some(unknown.as_str()), Some(0)), "{report}");
    assert_eq!(report["orphans"].as_array().unwrap().len(), 1);
    assert_eq!(report["lostWorkers"][0]["workerId"], machine.as_str(), "{report}");
    cloud.env.until("the unknown instance ends", async || !cloud.machines.running().contains(&unknown)).await;
    assert!(cloud.machines.running().contains(&foreign), "an instance of another deployment goes on");
    // EC2 still lists it as terminated: its worker is stopped by the next check, and its task runs again.
    cloud.is_replaced(id, &machine).await;
}
