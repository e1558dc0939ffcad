//! Launches: what is sent, what is made, and that it is made once.

use base64::prelude::{BASE64_STANDARD, Engine};
use provisioner::{
    decision::FailureClass,
    provider::{Launch, Machine, Provider, ProviderError},
};
use serde_json::{Value, json};
use tests::servers::Market;

use super::{AwsEnv, sorted};

fn ids(machines: &[Machine]) -> Vec<String> {
    sorted(machines.iter().map(|it| it.id.clone()).collect())
}

#[tokio::test]
async fn a_launch_makes_its_machines_with_tags_user_data_and_proof_facts() {
    let Some(env) = AwsEnv::start().await else { return };
    let launch = env.launch("us-west-2", 3);
    let made = env.aws.launch(&launch).await.unwrap().machines;
    assert_eq!(made.len(), 3);

    let Machine { group, id, data } = &made[0];
    assert_eq!(group, "us-west-2");
    let facts = data.as_object().unwrap();
    assert!(facts.values().all(|fact| fact.as_str().is_some_and(|text| !text.is_empty())), "{data}");
    assert_eq!((data["instanceId"].as_str(), data["imageId"].as_str()), (Some(id.as_str()), Some("ami-12345678")));
    assert_eq!((data["region"].as_str(), data["instanceType"].as_str()), (Some("us-west-2"), Some("m5.large")));
    assert_eq!((data["accountId"].as_str(), data["architecture"].as_str()), (Some("123456789012"), Some("x86_64")));
    assert_eq!(facts.len(), 8);

    let sent = &env.proxy.requests("RunInstances")[0];
    assert_eq!((sent.get("MinCount"), sent.get("MaxCount")), (Some("3"), Some("3")));
    assert_eq!(sent.get("ClientToken"), Some(launch.id.to_string().as_str()));
    let user_data = BASE64_STANDARD.decode(sent.get("UserData").unwrap()).unwrap();
    let user_data: Value = serde_json::from_slice(&user_data).unwrap();
    let expected = json!({
        "workerPoolId": "proj/linux", "providerId": "aws", "workerGroup": "us-west-2", "launchConfigId": "lc-1",
        "rootUrl": "https://drover.example.com", "workerConfig": { "capacity": 4 }, "extra": "é",
    });
    assert_eq!(user_data, expected);

    let found = env.aws.find_launch("us-west-2", launch.id).await.unwrap();
    assert_eq!(ids(&found), ids(&made));
    assert_eq!(found.iter().find(|it| it.id == *id).unwrap().data, *data, "a lost answer loses no fact");
}

#[tokio::test]
async fn a_repeated_launch_returns_the_first_machines() {
    let Some(env) = AwsEnv::start().await else { return };
    let launch = env.launch("us-east-1", 2);
    let first = env.aws.launch(&launch).await.unwrap();
    let again = env.aws.launch(&launch).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(env.ids("us-east-1").await.len(), 2);
    let other = Launch { instances: 5, ..launch };
    let error = env.aws.launch(&other).await.unwrap_err();
    assert!(error.to_string().starts_with("IdempotentParameterMismatch"), "{error}");
}

#[tokio::test]
async fn a_launch_whose_answer_was_lost_is_found_and_made_once() {
    let Some(env) = AwsEnv::start().await else { return };
    let launch = env.launch("eu-central-1", 2);
    assert!(env.aws.find_launch("eu-central-1", launch.id).await.unwrap().is_empty());
    env.proxy.change(|rules| {
        rules.lose_answer.insert("RunInstances".to_owned(), 1);
    });
    let error = env.aws.launch(&launch).await.unwrap_err();
    assert!(matches!(error, ProviderError::Unanswered { .. }), "{error}");
    assert_eq!(env.sent("RunInstances"), 1, "the launcher repeats a launch, not the driver");

    let found = env.aws.find_launch("eu-central-1", launch.id).await.unwrap();
    assert_eq!(found.len(), 2);
    let repeated = env.aws.launch(&launch).await.unwrap().machines;
    assert_eq!(ids(&repeated), ids(&found));
    assert!(env.aws.find_launch("us-west-2", launch.id).await.unwrap().is_empty(), "it is of one region");
}

#[tokio::test]
async fn a_cloud_that_does_not_answer_costs_no_more_than_the_deadline() {
    let Some(env) = AwsEnv::start_with(|it| it.timeout = base::ConfigDuration::millis(600)).await else { return };
    env.proxy.change(|rules| {
        rules.hang = [("RunInstances".to_owned(), 1), ("DescribeInstances".to_owned(), 9)].into();
    });
    let begun = std::time::Instant::now();
    let error = env.aws.launch(&env.launch("us-east-1", 1)).await.unwrap_err();
    assert!(matches!(error, ProviderError::Unanswered { .. }), "{error}");
    let error = env.aws.list("us-east-1", None).await.unwrap_err();
    assert!(matches!(error, ProviderError::Unanswered { .. }), "{error}");
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_is_sold_out_fails_as_capacity_and_the_other_market_does_not() {
    let Some(env) = AwsEnv::start().await else { return };
    let spot = json!({ "InstanceMarketOptions": { "MarketType": "spot", "SpotOptions": { "MaxPrice": "0.5" } } });
    env.proxy.change(|rules| {
        rules.sold_out.insert(("us-west-2".to_owned(), "m5.large".to_owned(), Market::Spot));
    });
    let error = env.aws.launch(&env.launch_with("us-west-2", spot.clone())).await.unwrap_err();
    assert!(matches!(error, ProviderError::Refused { class: FailureClass::Capacity, .. }), "{error}");
    env.aws.launch(&env.launch("us-west-2", 1)).await.unwrap();
    env.aws.launch(&env.launch_with("us-east-1", spot)).await.unwrap();
    assert_eq!((env.ids("us-west-2").await.len(), env.ids("us-east-1").await.len()), (1, 1));
    let market = |number: usize| {
        env.proxy.requests("RunInstances")[number].get("InstanceMarketOptions.MarketType").map(str::to_owned)
    };
    assert_eq!((market(0).as_deref(), market(1)), (Some("spot"), None));
}

#[tokio::test]
async fn a_throttled_launch_is_refused_and_a_throttled_list_repeated() {
    let Some(env) = AwsEnv::start().await else { return };
    env.proxy.change(|rules| {
        rules.throttle = [("RunInstances".to_owned(), 1), ("DescribeInstances".to_owned(), 2)].into();
    });
    let error = env.aws.launch(&env.launch("us-east-1", 1)).await.unwrap_err();
    assert!(matches!(error, ProviderError::Refused { class: FailureClass::Throttle, .. }), "{error}");
    assert_eq!(env.sent("RunInstances"), 1);
    assert!(env.ids("us-east-1").await.is_empty());
    assert_eq!(env.sent("DescribeInstances"), 3);
}

#[tokio::test]
async fn the_owners_tags_and_parameters_are_kept_beside_ours() {
    let Some(env) = AwsEnv::start().await else { return };
    let launch = env.launch_with("us-east-1", json!({
        "TagSpecifications": [
            { "ResourceType": "instance", "Tags": [{ "Key": "team", "Value": "a b&c" }, { "Key": "ManagedBy", "Value": "me" }] },
            { "ResourceType": "volume", "Tags": [{ "Key": "team", "Value": "ci" }] },
        ],
        "MinCount": 50, "MaxCount": 50, "ClientToken": "mine", "UserData": "mine",
        "BlockDeviceMappings": [{ "DeviceName": "/dev/sda1", "Ebs": { "VolumeSize": 40, "VolumeType": "gp3" } }],
    }));
    env.aws.launch(&launch).await.unwrap();
    assert_eq!(env.ids("us-east-1").await.len(), 1);
    let sent = env.proxy.requests("RunInstances").remove(0);
    let tags = |specification: u32| -> Vec<(String, String)> {
        let field = |tag: u32, part: &str| {
            sent.get(&format!("TagSpecification.{specification}.Tag.{tag}.{part}")).map(str::to_owned)
        };
        (1..).map_while(|tag| Some((field(tag, "Key")?, field(tag, "Value")?))).collect()
    };
    assert_eq!(tags(1), [("team".to_owned(), "ci".to_owned())]);
    let managed: Vec<_> = tags(2).into_iter().filter(|(key, _)| key == "team" || key == "ManagedBy").collect();
    let expected =
        [("team", "a b&c"), ("ManagedBy", "taskcluster")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(managed, expected);
    assert_eq!(sent.get("BlockDeviceMapping.1.Ebs.VolumeSize"), Some("40"));
}
