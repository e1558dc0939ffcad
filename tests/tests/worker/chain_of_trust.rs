//! Certificates of what tasks made, and who gets none.

use std::process::Stdio;

use base64::{Engine, engine::general_purpose::STANDARD};
use protocol::id::TaskId;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::bench::{Bench, WorkerUser, payload};

const CERTIFICATE: &str = "public/chain-of-trust.json";

fn trusted(script: &str) -> Value {
    let mut task = payload(script);
    task["features"] = json!({ "chainOfTrust": true });
    task
}

/// Makes a key as an operator does, and answers the public one.
async fn make_key(bench: &Bench) -> Vec<u8> {
    let mut command = tests::program();
    let made = command.args(["worker", "new-ed25519-key"]).arg(bench.path("key")).output().await.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    STANDARD.decode(String::from_utf8(made.stdout).unwrap().trim()).unwrap()
}

async fn refused(bench: &Bench, task: &Value, words: &str) {
    let id = bench.task(task, &json!({})).await;
    bench.until(id, "exception").await;
    assert_eq!(bench.reasons(id).await, ["malformed-payload"], "{words}");
    let log = bench.log(id).await;
    assert!(log.contains(words), "no `{words}` in:\n{log}");
}

#[tokio::test]
async fn only_a_worker_with_a_key_that_tasks_cannot_read_certifies() {
    if base::environment::is_root() {
        let bench = Bench::start().await;
        refused(&bench, &trusted("true"), "payload.features.chainOfTrust: needs a worker with a key").await;
        bench.stop().await;
    }
    let user = if base::environment::is_root() { WorkerUser::Ordinary } else { WorkerUser::Ours };
    let bench = Bench::start_as(user, 1).await;
    refused(&bench, &trusted("true"), "needs a worker of isolation level `user`, and this one has `sandbox`").await;
    bench.stop().await;
}

async fn certificate(bench: &Bench, id: TaskId) -> (Vec<u8>, Vec<u8>) {
    (bench.artifact(id, CERTIFICATE).await, bench.artifact(id, &format!("{CERTIFICATE}.sig")).await)
}

#[tokio::test]
async fn what_a_task_made_is_certified_and_any_change_of_it_is_seen() {
    if !base::environment::is_root() {
        return;
    }
    let mut bench = Bench::start().await;
    let public = make_key(&bench).await;
    bench.restart_with(&["--ed25519-key-file".as_ref(), bench.path("key").as_ref()]).await;
    let script = "cat $KEY && echo ESCAPED; ls -l $KEY; mkdir out; echo one > out/one; echo two > out/two
        echo '{\"artifacts\":{\"public/forged\":{}},\"runId\":7,\"environment\":{\"imageHash\":\"sha256:1\"}}' \
        > chain-of-trust-additional-data.json";
    let mut task = trusted(script);
    task["env"] = json!({ "KEY": bench.path("key") });
    task["artifacts"] = json!([{ "type": "directory", "path": "out", "name": "public/out" }]);
    let id = bench.task(&task, &json!({})).await;
    bench.until(id, "completed").await;

    let (text, signature) = certificate(&bench, id).await;
    let key = UnparsedPublicKey::new(&ED25519, public);
    assert!(key.verify(&text, &signature).is_ok());
    for at in [0, text.len() / 2, text.len() - 1] {
        let mut changed = text.clone();
        changed[at] ^= 1;
        assert!(key.verify(&changed, &signature).is_err());
    }
    let document: Value = serde_json::from_slice(&text).unwrap();
    let mut hashes = json!({});
    for name in ["public/out/one", "public/out/two", "public/logs/certified.log"] {
        hashes[name] = json!({ "sha256": hex::encode(Sha256::digest(bench.artifact(id, name).await)) });
    }
    assert_eq!(document["artifacts"], hashes);
    assert_eq!(document["task"], bench.client().get(&format!("task/{id}")).await.unwrap().ok());
    assert_eq!((&document["taskId"], &document["runId"]), (&json!(id), &json!(0)));
    assert_eq!(document["environment"]["imageHash"], "sha256:1");
    let log = String::from_utf8(bench.artifact(id, "public/logs/certified.log").await).unwrap();
    assert!(log.contains("result completed") && !log.contains("\nESCAPED"), "{log}");
    bench.stop().await;
}

#[tokio::test]
async fn a_failed_task_is_certified_and_one_that_adds_nonsense_is_not() {
    if !base::environment::is_root() {
        return;
    }
    let mut bench = Bench::start().await;
    make_key(&bench).await;
    bench.restart_with(&["--ed25519-key-file".as_ref(), bench.path("key").as_ref()]).await;
    let failed = bench.task(&trusted("exit 3"), &json!({})).await;
    bench.until(failed, "failed").await;
    assert!(!certificate(&bench, failed).await.1.is_empty());

    let file = "chain-of-trust-additional-data.json";
    let cases = [
        (format!("echo no >{file}"), "is no JSON object"),
        (format!("ln -s /etc/hostname {file}"), "leads out of the task directory"),
        (format!("head -c 2000000 /dev/zero >{file}"), "has more than 1048576 bytes"),
    ];
    for (script, words) in cases {
        let id = bench.task(&trusted(&script), &json!({})).await;
        bench.until(id, "failed").await;
        let log = bench.log(id).await;
        assert!(log.contains(&format!("the run is not certified: `{file}` {words}")), "{log}");
    }
    let mut own = trusted("mkdir logs; echo forged | tee logs/certified.log >chain-of-trust.json");
    own["artifacts"] = json!([{ "type": "file", "path": "chain-of-trust.json", "name": CERTIFICATE }]);
    refused(&bench, &own, "the worker itself stores `public/chain-of-trust.json`").await;
    own["artifacts"] = json!([{ "type": "directory", "path": ".", "name": "public" }]);
    refused(&bench, &own, "artifact public/chain-of-trust.json is not stored").await;
    bench.stop().await;
}

#[tokio::test]
async fn a_key_that_others_may_read_ends_the_worker() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::start().await;
    make_key(&bench).await;
    std::fs::set_permissions(bench.path("key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut command = bench.worker_command("other-work");
    command.arg("--ed25519-key-file").arg(bench.path("key")).arg("--allow-powerful-credentials");
    command.env("TASKCLUSTER_CLIENT_ID", "static/tests/root").env("TASKCLUSTER_ACCESS_TOKEN", crate::bench::ROOT.1);
    let ended = command.stderr(Stdio::piped()).output().await.unwrap();
    let words = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{words}");
    assert!(words.contains("chmod 600"), "{words}");
    bench.stop().await;
}
