//! From pending tasks to pods that run them, and back: a server, the API server, and a `drover worker` in place of each pod.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tests::{
    PoolEnv, TestDirectory, WorkerCommand,
    servers::{CLUSTER_TOKEN, KubernetesApi},
};

#[tokio::test]
async fn tasks_make_pods_that_register_run_them_and_end() {
    let directory = TestDirectory::new();
    let worker = WorkerCommand { provider: "kubernetes", directory: directory.path().to_owned() };
    let boot = Box::new(move |pod: &Value, token: &Path| {
        let name = pod["metadata"]["name"].as_str().unwrap();
        let mut command = worker.of_machine(name);
        let user_data = &pod["spec"]["containers"][0]["env"][0];
        assert_eq!(user_data["name"], "DROVER_USER_DATA");
        command.env("DROVER_USER_DATA", user_data["value"].as_str().unwrap()).env("DROVER_WORKER_ID", name);
        command.arg("--token-file").arg(token);
        command
    });
    let Some(api) = KubernetesApi::start_with_processes(directory.path(), boot).await else { return };
    let token_file = directory.path().join("token");
    fs::write(&token_file, CLUSTER_TOKEN).unwrap();
    // No keys are set: they are fetched.
    let kubernetes = json!({ "api_url": api.url, "namespace": "ci", "token_file": token_file, "ca_file": "" });
    let provider = json!({ "id": "k8s", "provider_type": "kubernetes", "kubernetes": kubernetes });
    let pod = json!({ "podSpec": {
        "serviceAccountName": "builders", "containers": [{ "name": "worker", "image": "drover-worker:1" }] } });
    let env = PoolEnv::start_in(directory, provider, pod, 2).await;
    let mut tasks = Vec::new();
    for _ in 0..3 {
        tasks.push(env.task("true").await);
    }
    for id in tasks {
        env.until_state(id, "completed").await;
    }
    env.until_none_runs().await;
    env.until("no pod is left", async || api.pods().is_empty()).await;

    // A pod that is evicted gets a signal, and gives its task back.
    let long = env.task("test $RUN_ID != 0 || sleep 500").await;
    let status = env.until_state(long, "running").await;
    let name = status["runs"][0]["workerId"].as_str().unwrap();
    api.evict(name);
    let status = env.until_state(long, "completed").await;
    assert_eq!(status["runs"][0]["reasonResolved"], "worker-shutdown");
    assert!(status["runs"][1]["workerId"] != name);
    env.until_none_runs().await;
    env.until("no pod is left", async || api.pods().is_empty()).await;
    assert!(env.workers().await.iter().all(|worker| worker["workerGroup"] == "ci"));
}
