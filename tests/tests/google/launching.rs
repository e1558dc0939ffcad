//! What the driver makes, finds and ends.

use provisioner::{
    decision::{FailureClass, Market},
    provider::{Launch, Machine, MachineState, Provider},
};
use serde_json::{Value, json};

use super::{GoogleEnv, ZONE, class, driver, launch, launch_config};

fn ids(machines: &[Machine]) -> Vec<&str> {
    machines.iter().map(|machine| machine.id.as_str()).collect()
}

type Change = fn(&mut Value);

#[tokio::test]
async fn a_launch_makes_its_instances_once_with_labels_and_user_data() {
    let Some(env) = GoogleEnv::start() else { return };
    let launch = launch(2);
    let first = env.driver.launch(&launch).await.unwrap();
    assert_eq!(env.driver.launch(&launch).await.unwrap(), first, "a repeat finds the first ones");
    let made = env.cloud.instances();
    assert_eq!((first.machines.len(), made.len()), (2, 2));
    assert_eq!(made[0]["id"], first.machines[0].id.as_str());
    let labels = &made[0]["labels"];
    assert_eq!(
        (labels["drover-launch"].as_str(), labels["team"].as_str()),
        (Some(launch.id.to_string().as_str()), Some("ci"))
    );
    assert_eq!(labels["owner"], "owner_example_com");
    let user_data: Value = serde_json::from_str(made[0]["metadata"]["items"][0]["value"].as_str().unwrap()).unwrap();
    assert_eq!(
        (user_data["workerPoolId"].as_str(), user_data["workerGroup"].as_str()),
        (Some("proj/linux"), Some(ZONE))
    );
    let scheduling = &made[0]["scheduling"];
    assert_eq!(
        (&scheduling["automaticRestart"], &scheduling["instanceTerminationAction"]),
        (&json!(false), &json!("DELETE"))
    );
    assert!(made[0]["serviceAccounts"][0]["email"].is_string() && made[0]["zone"] == ZONE);

    let offering = env.driver.offering(&launch.configuration);
    assert_eq!(
        (offering.region.as_str(), offering.instance_type.as_str(), offering.market),
        (ZONE, "n2-standard-4", Market::Spot)
    );
}

#[tokio::test]
async fn a_launch_is_all_or_none_whenever_it_fails() {
    let Some(env) = GoogleEnv::start() else { return };
    for (code, expected) in [
        ("ZONE_RESOURCE_POOL_EXHAUSTED", FailureClass::Capacity),
        ("QUOTA_EXCEEDED", FailureClass::Quota),
        ("INVALID_USAGE", FailureClass::Config),
    ] {
        env.cloud.change(|rules| rules.fail_with = Some((code, 2)));
        let error = env.driver.launch(&launch(3)).await.unwrap_err();
        assert!(class(&error) == Some(expected) && error.to_string().contains("as the test says"), "{error}");
        assert!(env.cloud.instances().is_empty(), "those that were made are deleted");
    }
    env.cloud.change(|rules| (rules.fail_with, rules.throttle) = (None, 1));
    assert_eq!(class(&env.driver.launch(&launch(1)).await.unwrap_err()), Some(FailureClass::Throttle));
}

#[tokio::test]
async fn a_lost_answer_is_found_and_repeated_without_a_second_instance() {
    let Some(env) = GoogleEnv::start() else { return };
    let launch = launch(3);
    env.cloud.change(|rules| rules.lose_answer = 1);
    let error = env.driver.launch(&launch).await.unwrap_err();
    assert_eq!(class(&error), None, "{error}");
    assert_eq!(env.driver.find_launch(ZONE, launch.id).await.unwrap().len(), 3);
    let machines = env.driver.launch(&launch).await.unwrap().machines;
    assert_eq!(env.cloud.instances().len(), 3);
    let found = env.driver.find_launch(ZONE, launch.id).await.unwrap();
    assert_eq!((ids(&found), found[0].data.clone()), (ids(&machines), machines[0].data.clone()));
}

#[tokio::test]
async fn instances_are_listed_by_pages_and_those_that_ended_are_kept_until_they_are_deleted() {
    let Some(env) = GoogleEnv::start() else { return };
    let machines = env.driver.launch(&launch(3)).await.unwrap().machines;
    let mut others = launch(1);
    others.tags.insert("drover-deployment".to_owned(), "another".to_owned());
    env.driver.launch(&others).await.unwrap();
    env.cloud.change(|rules| rules.page_size = Some(2));
    env.cloud.shut_down(&machines[1].id);
    let first = env.driver.list(ZONE, None).await.unwrap();
    let second = env.driver.list(ZONE, first.next.as_ref()).await.unwrap();
    assert!(first.next.is_some() && second.next.is_none());
    let seen: Vec<_> = first.items.into_iter().chain(second.items).map(|it| (it.id, it.state)).collect();
    let state = |at: usize, state| (machines[at].id.clone(), state);
    assert_eq!(seen, [state(0, MachineState::Running), state(1, MachineState::Ended), state(2, MachineState::Running)]);
    assert!(env.driver.keeps_ended());

    let ids = [machines[0].id.clone(), machines[1].id.clone(), "12345".to_owned()];
    assert_eq!(env.driver.terminate(ZONE, &ids).await.unwrap(), [Ok(()), Ok(()), Ok(())]);
    assert_eq!(env.cloud.instances().len(), 2);
}

#[tokio::test]
async fn bad_launch_configs_and_bad_credentials_are_refused_by_name() {
    let Some(env) = GoogleEnv::start() else { return };
    let with = |change: fn(&mut Value)| {
        let mut configuration = launch_config();
        change(&mut configuration);
        Launch { configuration, ..launch(1) }
    };
    let refused: [(Change, &str); 3] = [
        (|it| it["metadata"] = json!([]), "metadata"),
        (|it| it["labels"] = json!("x"), "labels"),
        (|it| it["disks"] = Value::Null, "disks"),
    ];
    for (change, field) in refused {
        let error = env.driver.launch(&with(change)).await.unwrap_err();
        assert!(class(&error) == Some(FailureClass::Config) && error.to_string().contains(field), "{error}");
    }
    let wrong_zone = Launch { region: "../zones/x".to_owned(), ..launch(1) };
    assert!(env.driver.launch(&wrong_zone).await.unwrap_err().to_string().contains("`zone`"));

    let file = env.cloud.settings()["credentials_file"].as_str().unwrap().to_owned();
    let good = std::fs::read_to_string(&file).unwrap();
    let fresh = driver(env.cloud.settings());
    for bad in [good.replace("drover@", "somebody@"), "{}".to_owned(), String::new()] {
        std::fs::write(&file, bad).unwrap();
        assert_eq!(class(&fresh.list(ZONE, None).await.unwrap_err()), Some(FailureClass::Auth));
    }
    std::fs::write(&file, good).unwrap();
    fresh.list(ZONE, None).await.unwrap();
}
