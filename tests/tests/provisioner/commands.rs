//! `drover pool` against a server whose machines are processes.

use std::fs;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{PoolEnv, program};

/// A command, with what it printed where it ended well.
async fn pool(env: &PoolEnv, arguments: &[&str]) -> Result<String, String> {
    let command = program().arg("pool").args(arguments).envs(env.drover.variables()).output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let printed = text(&command.stdout);
    if command.status.success() { Ok(printed) } else { Err(printed + &text(&command.stderr)) }
}

async fn start() -> PoolEnv {
    PoolEnv::start(json!({ "id": "local", "provider_type": "local" }), json!({}), 2).await
}

async fn launch_configs(env: &PoolEnv) -> Value {
    let path = format!("worker-pool/{}", PoolEnv::POOL.replace('/', "%2F"));
    let pool = env.client.send_to("worker-manager", Method::GET, &path, None, &[]).await.unwrap().ok();
    pool["config"]["launchConfigs"].clone()
}

#[tokio::test]
async fn pools_of_a_file_are_created_compared_changed_and_deleted() {
    let env = start().await;
    let file = env.path().join("pools.yml");
    let of_capacity = |max: u32| {
        let pool = json!({
            "workerPoolId": "build/linux", "providerId": "local", "description": "", "owner": "team@example.com",
            "config": { "minCapacity": 0, "maxCapacity": max, "launchConfigs": [{ "workerConfig": {} }] },
        });
        fs::write(&file, pool.to_string()).unwrap();
    };
    let file = file.to_str().unwrap();
    of_capacity(1);
    assert!(pool(&env, &["diff", file]).await.unwrap_err().contains("config.maxCapacity: 1"));
    for _ in 0..2 {
        assert!(pool(&env, &["create", file]).await.unwrap().contains("build/linux is there"));
    }
    assert!(pool(&env, &["diff", file]).await.unwrap().contains("no difference"));
    of_capacity(3);
    assert!(pool(&env, &["create", file]).await.is_err(), "it is there with other values");
    let difference = pool(&env, &["diff", file]).await.unwrap_err();
    assert!(difference.contains("- config.maxCapacity: 1") && difference.contains("+ config.maxCapacity: 3"));
    pool(&env, &["update", file]).await.unwrap();
    assert!(pool(&env, &["diff", file]).await.unwrap().contains("no difference"));
    assert!(pool(&env, &["delete", "build/linux", "--yes"]).await.unwrap().contains("null-provider"));
    assert!(pool(&env, &["delete", "no/pool", "--yes"]).await.unwrap_err().contains("no/pool"));
    env.drover.stop().await;
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_shows_what_the_next_decision_would_do() {
    let env = start().await;
    let file = env.path().join("planned.yml");
    let write = |pool: &str, min: Value, max: u32| {
        let config = json!({ "minCapacity": min, "maxCapacity": max, "launchConfigs": [{ "workerConfig": {} }] });
        let pool =
            json!({ "workerPoolId": pool, "providerId": "local", "owner": "team@example.com", "config": config });
        fs::write(&file, pool.to_string()).unwrap();
    };
    let dry = async |verb: &str| pool(&env, &[verb, file.to_str().unwrap(), "--dry-run"]).await;

    write("build/planned", json!(2), 3);
    let printed = dry("create").await.unwrap();
    assert!(printed.contains("+ config.minCapacity: 2") && printed.contains("next for build/planned"), "{printed}");
    assert!(printed.contains(": 2 machines"), "{printed}");
    assert!(pool(&env, &["show", "build/planned"]).await.is_err(), "it is not there");
    assert!(dry("update").await.unwrap_err().contains("build/planned"), "what is not there cannot be updated");
    write("build/planned", json!("some"), 3);
    let refused = dry("create").await.unwrap_err();
    assert!(refused.contains("minCapacity"), "{refused}");

    // Of a pool with tasks that wait, since it is paused.
    pool(&env, &["pause", PoolEnv::POOL, "--reason", "a test"]).await.unwrap();
    env.task("true").await;
    write(PoolEnv::POOL, json!(0), 7);
    let before = launch_configs(&env).await;
    let printed = dry("update").await.unwrap();
    assert!(printed.contains("- config.maxCapacity: 2") && printed.contains("+ config.maxCapacity: 7"), "{printed}");
    assert!(printed.contains("1 pending") && printed.contains(": no machines"), "{printed}");
    assert!(printed.contains("limited by  a pause of the pool"), "{printed}");
    assert!(dry("create").await.unwrap_err().contains(PoolEnv::POOL), "it is there with other values");
    assert_eq!(launch_configs(&env).await, before);
    let known = pool(&env, &["list", "-o", "json"]).await.unwrap();
    assert!(known.contains("\"maxCapacity\":2") && !known.contains("planned"), "{known}");
    env.drover.stop().await;
}

#[tokio::test]
async fn workers_are_drained_after_their_tasks_and_interrupted_in_them() {
    let env = start().await;
    let drained = env.task("sleep 3").await;
    let status = env.until_state(drained, "running").await;
    let worker = format!("local/{}", status["runs"][0]["workerId"].as_str().unwrap());
    let printed = pool(&env, &["drain", PoolEnv::POOL, "--worker", &worker]).await.unwrap();
    assert!(printed.contains(&format!("{worker} is removed")), "{printed}");
    let status = env.until_state(drained, "completed").await;
    assert_eq!(status["runs"].as_array().unwrap().len(), 1, "its task ended by itself");

    let interrupted = env.task("test $RUN_ID != 0 || sleep 500").await;
    let status = env.until_state(interrupted, "running").await;
    let worker = format!("local/{}", status["runs"][0]["workerId"].as_str().unwrap());
    pool(&env, &["interrupt", PoolEnv::POOL, &worker]).await.unwrap();
    let status = env.until_state(interrupted, "completed").await;
    assert_eq!(status["runs"][0]["reasonResolved"], "worker-shutdown");
    assert!(pool(&env, &["interrupt", PoolEnv::POOL, "local/nobody"]).await.unwrap_err().contains("nobody"));
    env.until_all_stopped().await;
    env.drover.stop().await;
}

#[tokio::test]
async fn a_launch_config_is_set_once_a_machine_of_it_completed_a_task() {
    let env = start().await;
    let (before, candidate) = (launch_configs(&env).await, env.path().join("candidate.yml"));
    fs::write(&candidate, json!({ "workerConfig": { "idleTimeoutSecs": 2, "capacity": 2 } }).to_string()).unwrap();
    let payload = env.path().join("payload.yml");
    fs::write(&payload, json!({ "command": [["false"]], "maxRunTime": 60 }).to_string()).unwrap();
    let (candidate, payload) = (candidate.to_str().unwrap(), payload.to_str().unwrap());
    let trial = ["test-image", PoolEnv::POOL, "--launch-config", candidate, "--timeout", "1m"];
    pool(&env, &[&trial[..], &["--payload", payload]].concat()).await.unwrap_err();
    pool(&env, &[&trial[..], &["--dry-run"]].concat()).await.unwrap();
    assert_eq!(launch_configs(&env).await, before);
    pool(&env, &trial).await.unwrap();
    assert_eq!(launch_configs(&env).await[0]["workerConfig"]["capacity"], 2);
    env.drover.stop().await;
}
