//! From pending tasks to machines that run them, and back: a server, the fake, and a `drover worker` for each machine.

use serde_json::json;
use tests::{PoolEnv, TestDirectory, WorkerCommand, servers::AzureCloud};

use super::launch_config;

#[tokio::test]
async fn tasks_make_machines_that_register_run_them_and_end() {
    let directory = TestDirectory::new();
    let worker = WorkerCommand { provider: "azure", directory: directory.path().to_owned() };
    let boot = Box::new(move |machine: &str, metadata: &str| {
        let mut command = worker.of_machine(machine);
        command.args(["--metadata-endpoint", metadata]);
        command
    });
    let Some(cloud) = AzureCloud::start(directory.path(), Some(boot)) else { return };
    // Only the root is trusted; the certificate between is fetched.
    let provider =
        json!({ "id": "azure", "provider_type": "azure", "identity_keys": [cloud.root], "azure": cloud.settings() });
    let env = PoolEnv::start_in(directory, provider, launch_config(), 2).await;
    let first = env.task("true").await;
    env.until_state(first, "completed").await;

    let long = env.task("test $RUN_ID != 0 || sleep 500").await;
    let status = env.until_state(long, "running").await;
    let machine = status["runs"][0]["workerId"].as_str().unwrap().to_owned();
    cloud.preempt(&machine);
    let status = env.until_state(long, "completed").await;
    assert_eq!(status["runs"][0]["reasonResolved"], "worker-shutdown");
    assert!(status["runs"][1]["workerId"] != machine.as_str());
    env.until_none_runs().await;
    env.until("no machine is left", async || cloud.machines().is_empty()).await;
}
