//! From pending tasks to instances that run them, and back: a server, the fake, and a `drover worker` for each instance.

use serde_json::json;
use tests::{PoolEnv, TestDirectory, WorkerCommand, servers::GoogleCloud};

use super::launch_config;

#[tokio::test]
async fn tasks_make_instances_that_register_run_them_and_end() {
    let directory = TestDirectory::new();
    let worker = WorkerCommand { provider: "google", directory: directory.path().to_owned() };
    let boot = Box::new(move |instance: &str, metadata: &str| {
        let mut command = worker.of_machine(instance);
        command.args(["--metadata-endpoint", metadata]);
        command
    });
    let Some(cloud) = GoogleCloud::start(directory.path(), Some(boot)) else { return };
    // No keys are set: they are fetched.
    let provider = json!({ "id": "gcp", "provider_type": "google", "google": cloud.settings() });
    let env = PoolEnv::start_in(directory, provider, launch_config(), 2).await;
    let first = env.task("true").await;
    env.until_state(first, "completed").await;

    let long = env.task("test $RUN_ID != 0 || sleep 500").await;
    let status = env.until_state(long, "running").await;
    let instance = status["runs"][0]["workerId"].as_str().unwrap().to_owned();
    cloud.preempt(&instance);
    let status = env.until_state(long, "completed").await;
    assert_eq!(status["runs"][0]["reasonResolved"], "worker-shutdown");
    assert!(status["runs"][1]["workerId"] != instance.as_str());
    env.until_none_runs().await;
    env.until("no instance is left", async || cloud.instances().is_empty()).await;
}
