//! Processes of this machine.

use std::{collections::BTreeMap, path::Path, time::Duration};

use base::SystemClock;
use chrono::Utc;
use serde_json::json;
use tokio::time::timeout;
use uuid::Uuid;

use super::*;
use crate::provider::{
    Launch, MachineState, UserData,
    local::{LocalProvider, REGION, WorkerProgram},
};

/// Sleeps until it is asked to end; a stubborn one does not listen.
fn provider(directory: &Path, script: &str) -> LocalProvider {
    let program = WorkerProgram {
        program: "/bin/sh".into(),
        arguments: vec!["-c".to_owned(), script.to_owned(), "sh".to_owned()],
        environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
    };
    LocalProvider::open(directory.to_owned(), program, Arc::new(SystemClock), Rng::system()).unwrap()
}

fn launch(id: u128, instances: u32) -> Launch {
    Launch {
        id: Uuid::from_u128(id),
        region: REGION.to_owned(),
        instances,
        configuration: json!({}),
        user_data: UserData {
            worker_pool_id: POOL.to_owned(),
            provider_id: "local".to_owned(),
            worker_group: REGION.to_owned(),
            root_url: "http://localhost".to_owned(),
            worker_config: json!({}),
            launch_config_id: "lc".to_owned(),
            additional: BTreeMap::new(),
        },
        tags: BTreeMap::from([("drover-deployment".to_owned(), "d".to_owned())]),
        deadline: DateTimeUtc::MAX_UTC,
    }
}

type DateTimeUtc = chrono::DateTime<Utc>;

async fn states(provider: &LocalProvider) -> Vec<MachineState> {
    provider.list(REGION, None).await.unwrap().items.into_iter().map(|seen| seen.state).collect()
}

async fn all_ended(provider: &LocalProvider) {
    let ended = async {
        while states(provider).await.iter().any(|state| *state != MachineState::Ended) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), ended).await.expect("machines did not end");
}

#[tokio::test]
async fn a_launch_that_is_repeated_by_another_process_starts_nothing_twice() {
    let directory = tempfile::tempdir().unwrap();
    let script = "echo x >> \"$1/../../runs\"; exec sleep 60";
    let first = provider(directory.path(), script);
    let launched = first.launch(&launch(1, 3)).await.unwrap();
    drop(first);
    let second = provider(directory.path(), script);
    assert_eq!(second.launch(&launch(1, 3)).await.unwrap(), launched);
    assert_eq!(second.find_launch(REGION, Uuid::from_u128(1)).await.unwrap(), launched.machines);
    assert_eq!(states(&second).await, [MachineState::Running; 3]);
    let ids: Vec<String> = launched.machines.iter().map(|machine| machine.id.clone()).collect();
    assert!(ids.iter().all(|id| id.len() <= 38), "{ids:?}");
    let started = || std::fs::read_to_string(directory.path().join("runs")).map_or(0, |runs| runs.lines().count());
    // A machine that is ended before its script has written would leave no line.
    let written = async {
        while started() < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), written).await.expect("machines did not start");
    second.terminate(REGION, &ids).await.unwrap();
    all_ended(&second).await;
    second.launch(&launch(1, 3)).await.unwrap();
    assert_eq!(started(), 3);
    assert_eq!(states(&second).await, [MachineState::Ended; 3], "a machine that ended never starts again");
}

#[tokio::test]
async fn a_secret_is_for_its_owner_and_its_hash_for_the_server() {
    use std::os::unix::fs::MetadataExt;
    let directory = tempfile::tempdir().unwrap();
    let provider = provider(directory.path(), "true");
    let machine = provider.launch(&launch(1, 1)).await.unwrap().machines.remove(0);
    let place = directory.path().join(Uuid::from_u128(1).to_string()).join(&machine.id);
    assert_eq!(std::fs::metadata(place.join("secret")).unwrap().mode() & 0o777, 0o600);
    let secret = std::fs::read_to_string(place.join("secret")).unwrap();
    let shown = machine.data.to_string();
    assert!(secret.len() == 44 && !shown.contains(&secret) && shown.contains("secretSha256"), "{shown}");
    all_ended(&provider).await;
}

#[tokio::test]
async fn a_process_that_does_not_end_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let clock = TestClock::default();
    let program = WorkerProgram {
        program: "/bin/sh".into(),
        arguments: vec![
            "-c".to_owned(),
            "trap '' TERM; touch \"$1/ready\"; while :; do sleep 1; done".to_owned(),
            "sh".to_owned(),
        ],
        environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
    };
    let provider =
        LocalProvider::open(directory.path().to_owned(), program, Arc::new(clock.clone()), Rng::system()).unwrap();
    let machine = provider.launch(&launch(1, 1)).await.unwrap().machines.remove(0).id;
    let ready = directory.path().join(Uuid::from_u128(1).to_string()).join(&machine).join("ready");
    while !ready.exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    provider.terminate(REGION, std::slice::from_ref(&machine)).await.unwrap();
    assert_eq!(states(&provider).await, [MachineState::Stopping]);
    clock.advance(TimeDelta::seconds(11));
    provider.terminate(REGION, &[machine]).await.unwrap();
    all_ended(&provider).await;
}

/// The machines that are said to have ended, which are acknowledged.
async fn ended(provider: &LocalProvider) -> Vec<String> {
    let notices = timeout(Duration::from_secs(10), provider.notices()).await.expect("no notice").unwrap().unwrap();
    let machines: Vec<String> = notices.into_iter().map(|notice| notice.receipt).collect();
    provider.notices_handled(&machines).await.unwrap();
    machines
}

/// The process that writes its id to this file.
async fn kill(file: &Path) {
    let pid = loop {
        match std::fs::read_to_string(file).unwrap_or_default().trim().parse::<i32>() {
            Ok(pid) => break rustix::process::Pid::from_raw(pid).unwrap(),
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    };
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn the_end_of_a_machine_is_noticed_by_all_processes_and_by_those_that_come_later() {
    let directory = tempfile::tempdir().unwrap();
    let script = "echo $$ > \"$1/own-pid\"; exec sleep 60";
    let (first, second) = (provider(directory.path(), script), provider(directory.path(), script));
    let machine = first.launch(&launch(1, 1)).await.unwrap().machines.remove(0).id;
    let pid = directory.path().join(Uuid::from_u128(1).to_string()).join(&machine).join("own-pid");
    let (seen_by_first, seen_by_second, ()) = tokio::join!(ended(&first), ended(&second), kill(&pid));
    assert_eq!((seen_by_first.as_slice(), seen_by_second), ([machine.clone()].as_slice(), seen_by_first.clone()));
    drop(first);
    let next = provider(directory.path(), script);
    let unhandled = next.notices().await.unwrap().unwrap();
    assert_eq!((unhandled.len(), &unhandled[0].machine), (1, &machine));
    assert_eq!(ended(&next).await, [machine], "until it was handled");
    let other = next.launch(&launch(2, 1)).await.unwrap().machines.remove(0).id;
    next.terminate(REGION, std::slice::from_ref(&other)).await.unwrap();
    assert_eq!(ended(&next).await, [other], "and only once");
}
