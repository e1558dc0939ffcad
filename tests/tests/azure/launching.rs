//! What the driver makes, finds and ends.

use provisioner::{
    decision::{FailureClass, Market},
    provider::{Launch, MachineState, Provider},
};
use serde_json::{Value, json};

use super::{AzureEnv, DEPLOYMENT, LOCATION, class, driver, launch, launch_config};

type Change = fn(&mut Value);

#[tokio::test]
async fn a_launch_makes_its_machines_once_and_knows_their_ids() {
    let Some(env) = AzureEnv::start() else { return };
    env.cloud.change(|rules| rules.slow = 1);
    let launch = launch(2);
    let first = env.driver.launch(&launch).await.unwrap();
    assert_eq!(env.driver.launch(&launch).await.unwrap(), first, "a repeat finds the first ones");
    let made = env.cloud.machines();
    assert_eq!((first.machines.len(), made.len()), (2, 2));
    assert_eq!(
        (made[0]["name"].as_str(), &made[0]["properties"]["vmId"]),
        (Some(first.machines[0].id.as_str()), &first.machines[0].data["vmId"])
    );
    assert!(first.machines[0].id.len() <= 64);
    let offering = env.driver.offering(&launch.configuration);
    assert_eq!(
        (offering.region.as_str(), offering.instance_type.as_str(), offering.market),
        (LOCATION, "Standard_D4s_v5", Market::Spot)
    );
}

#[tokio::test]
async fn a_launch_is_all_or_none_whenever_it_fails() {
    let Some(env) = AzureEnv::start() else { return };
    for (code, expected) in [
        ("SkuNotAvailable", FailureClass::Capacity),
        ("QuotaExceeded", FailureClass::Quota),
        ("InvalidParameter", FailureClass::Config),
    ] {
        env.cloud.change(|rules| rules.fail_with = Some((code, 1)));
        let error = env.driver.launch(&launch(2)).await.unwrap_err();
        assert!(class(&error) == Some(expected) && error.to_string().contains("as the test says"), "{error}");
        assert!(env.cloud.machines().is_empty(), "those that were made are deleted");
    }
    env.cloud.change(|rules| (rules.fail_with, rules.throttle) = (None, 1));
    assert_eq!(class(&env.driver.launch(&launch(1)).await.unwrap_err()), Some(FailureClass::Throttle));
}

#[tokio::test]
async fn a_lost_answer_is_found_and_repeated_without_a_second_machine() {
    let Some(env) = AzureEnv::start() else { return };
    let launch = launch(2);
    env.cloud.change(|rules| rules.lose_answer = 1);
    let error = env.driver.launch(&launch).await.unwrap_err();
    assert_eq!(class(&error), None, "{error}");
    let found = env.driver.find_launch(LOCATION, launch.id).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(env.driver.launch(&launch).await.unwrap().machines, found);
    assert_eq!(env.cloud.machines().len(), 2);
}

#[tokio::test]
async fn machines_are_listed_by_pages_and_those_that_ended_are_kept_until_they_are_deleted() {
    let Some(env) = AzureEnv::start() else { return };
    let launched = launch(3);
    let machines = env.driver.launch(&launched).await.unwrap().machines;
    env.cloud.change(|rules| rules.page_size = Some(2));
    env.cloud.shut_down(&machines[1].id);
    let first = env.driver.list("East US", None).await.unwrap();
    let second = env.driver.list("East US", first.next.as_ref()).await.unwrap();
    assert!(first.next.is_some() && second.next.is_none());
    let all: Vec<_> = first.items.into_iter().chain(second.items).collect();
    assert!(all.iter().all(|it| it.launch == Some(launched.id) && it.deployment.as_deref() == Some(DEPLOYMENT)));
    let ended: Vec<_> = all.iter().filter(|it| it.state == MachineState::Ended).map(|it| it.id.as_str()).collect();
    assert_eq!((all.len(), ended), (3, vec![machines[1].id.as_str()]));
    assert!(env.driver.list("westus", None).await.unwrap().items.is_empty());

    let ids = [machines[0].id.clone(), machines[1].id.clone(), "never-was".to_owned()];
    assert_eq!(env.driver.terminate(LOCATION, &ids).await.unwrap(), [Ok(()), Ok(()), Ok(())]);
    assert_eq!(env.cloud.machines().len(), 1);
}

#[tokio::test]
async fn bad_launch_configs_and_bad_credentials_are_refused_by_name() {
    let Some(env) = AzureEnv::start() else { return };
    let refused: [(Change, &str); 3] = [
        (|it| it["armDeployment"] = Value::Null, "armDeployment"),
        (|it| it["armDeploymentResourceGroup"] = json!("another"), "armDeploymentResourceGroup"),
        (|it| it["armDeployment"]["parameters"]["color"] = json!({ "value": "red" }), "color"),
    ];
    for (change, field) in refused {
        let mut configuration = launch_config();
        change(&mut configuration);
        let error = env.driver.launch(&Launch { configuration, ..launch(1) }).await.unwrap_err();
        assert!(class(&error) == Some(FailureClass::Config) && error.to_string().contains(field), "{error}");
    }
    let mut settings = env.cloud.settings();
    settings["client_secret"] = json!("wrong");
    assert_eq!(class(&driver(settings).list(LOCATION, None).await.unwrap_err()), Some(FailureClass::Auth));
}
