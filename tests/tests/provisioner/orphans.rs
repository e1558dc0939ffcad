//! `drover pool orphans` against real processes.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use base::{Clock, Rng, SystemClock};
use chrono::TimeDelta;
use provisioner::{
    deployment,
    provider::{
        Launch, Provider, UserData,
        local::{LocalProvider, WorkerProgram},
    },
};
use serde_json::{Value, json};
use tests::{PoolEnv, parent_of, program, signal};

use super::machines::Machines;

/// What it found, and its exit code.
async fn orphans(env: &PoolEnv, more: &[&str]) -> (Value, i32) {
    let mut command = program();
    command.args(["pool", "orphans", "local", "-o", "json", "--data-dir"]).arg(env.path().join("data"));
    command.args(more).env("TASKCLUSTER_ROOT_URL", env.drover.root_url());
    let output = command.output().await.unwrap();
    let first = output.stdout.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let report = serde_json::from_slice(first)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (report, output.status.code().unwrap())
}

/// One machine that no provisioner knows: a process of this program, in the folder of those that it does.
async fn launch_unknown(env: &PoolEnv) -> String {
    let words = ["-c", "while :; do sleep 0.1; done", "sh", "--machine-dir"];
    let program = WorkerProgram {
        program: PathBuf::from("/bin/sh"),
        arguments: words.map(str::to_owned).to_vec(),
        environment: BTreeMap::new(),
    };
    let (rng, clock) = (Rng::system(), Arc::new(SystemClock));
    let provider = LocalProvider::open(env.path().join("data/machines/local"), program, clock, rng.clone()).unwrap();
    let launch = Launch {
        id: uuid::Uuid::from_bytes(rng.uuid_bytes()),
        region: "local".to_owned(),
        instances: 1,
        configuration: json!({}),
        user_data: UserData {
            worker_pool_id: PoolEnv::POOL.to_owned(),
            provider_id: "local".to_owned(),
            worker_group: "local".to_owned(),
            root_url: env.drover.root_url().to_owned(),
            worker_config: json!({}),
            launch_config_id: "lc".to_owned(),
            additional: BTreeMap::new(),
        },
        tags: BTreeMap::from([("drover-deployment".to_owned(), deployment(env.drover.root_url()))]),
        deadline: SystemClock.now() + TimeDelta::seconds(60),
    };
    provider.launch(&launch).await.unwrap().machines.remove(0).id
}

#[tokio::test]
async fn machines_without_a_worker_and_workers_without_a_machine_are_found_and_ended() {
    let env = PoolEnv::start(json!({ "id": "local", "provider_type": "local" }), json!({}), 2).await;
    let task = env.task("test $RUN_ID != 0 || sleep 500").await;
    env.until_state(task, "running").await;
    let (report, code) = orphans(&env, &[]).await;
    assert_eq!((&report["orphans"], &report["lostWorkers"], code), (&json!([]), &json!([]), 0), "{report}");
    assert_eq!(report["machines"], 1);

    let machines = Machines::below(&env.path().join("data/machines/local"));
    let known = machines.processes();
    // The server would see the end of the machine at once.
    signal("STOP", &[env.drover.process_id()]);
    signal("KILL", &known);
    let unknown = launch_unknown(&env).await;
    let (report, code) = orphans(&env, &[]).await;
    assert_eq!(code, 1);
    assert_eq!((&report["orphans"][0]["machine"], &report["orphans"][0]["isDue"]), (&json!(unknown), &json!(false)));
    assert_eq!(report["lostWorkers"][0]["workerPoolId"], PoolEnv::POOL, "{report}");
    let (report, _) = orphans(&env, &["--root-url", "https://other.example.com", "--terminate", "--yes"]).await;
    assert_eq!(report["machinesOfOthers"], 2, "{report}");
    assert_eq!(machines.running(), 1, "a young machine, and one of another deployment, is never ended");

    let (report, code) = orphans(&env, &["--terminate", "--yes", "--set", "provision.orphan_age=0s"]).await;
    assert_eq!((&report["orphans"][0]["isDue"], code), (&json!(true), 0), "{report}");
    let begun = Instant::now();
    while machines.processes().iter().any(|id| parent_of(*id).is_some()) {
        assert!(begun.elapsed() < Duration::from_secs(30), "the unknown machine goes on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    signal("CONT", &[env.drover.process_id()]);
    let status = env.until_state(task, "completed").await;
    assert_eq!(status["runs"][0]["reasonResolved"], "worker-shutdown");
    env.until_all_stopped().await;
    assert_eq!(orphans(&env, &[]).await.1, 0);
    env.drover.stop().await;
}

#[tokio::test]
async fn what_cannot_be_compared_is_named() {
    let env = PoolEnv::start(json!({ "id": "local", "provider_type": "local" }), json!({}), 1).await;
    for (arguments, words) in [
        (["nowhere", "--root-url", "http://r"], "no provider `nowhere`"),
        (["static", "--root-url", "http://r"], "launches no machines"),
        (["local", "--data-dir", "/nonexistent"], "no server is named"),
    ] {
        let output = program().args(["pool", "orphans"]).args(arguments).env_remove("TASKCLUSTER_ROOT_URL").output();
        let output = output.await.unwrap();
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && printed.contains(words), "{printed}");
    }
    env.drover.stop().await;
}
