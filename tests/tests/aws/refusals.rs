//! Launch configs that cannot work: refused before anything is sent, with the field and the fix.

use provisioner::{
    decision::FailureClass,
    provider::{Launch, Provider, ProviderError},
};
use serde_json::{Value, json};

use super::AwsEnv;

async fn refusal(env: &AwsEnv, launch: &Launch) -> String {
    let error = env.aws.launch(launch).await.unwrap_err();
    assert!(matches!(error, ProviderError::Refused { class: FailureClass::Config, .. }), "{error}");
    error.to_string()
}

#[tokio::test]
async fn a_bad_launch_config_is_refused_before_anything_is_sent() {
    let Some(env) = AwsEnv::start().await else { return };
    let cases: [(Value, &str); 5] = [
        (json!({ "ImageId": null }), "launchConfig.ImageId"),
        (json!({ "ImageId": 7 }), "launchConfig.ImageId"),
        (json!({ "TagSpecifications": "a=b" }), "launchConfig.TagSpecifications"),
        (json!({ "NetworkInterfaces": vec![0; 5000] }), "launchConfig"),
        ((0..64).fold(json!({}), |inner, _| json!({ "Placement": inner })), "launchConfig"),
    ];
    for (parameters, field) in cases {
        let text = refusal(&env, &env.launch_with("us-west-2", parameters)).await;
        assert!(text.contains(field), "{text}");
    }
    for configuration in [json!({}), json!({ "launchConfig": [] }), json!(null)] {
        let launch = Launch { configuration, ..env.launch("us-west-2", 1) };
        assert!(refusal(&env, &launch).await.contains("launchConfig"));
    }
    for region in ["", "us-west-2/../..", "evil.example", "us west"] {
        assert!(refusal(&env, &env.launch(region, 1)).await.contains("`region`"), "{region}");
    }
    assert_eq!(env.sent("RunInstances"), 0);
}

#[tokio::test]
async fn user_data_may_have_16384_bytes_and_not_one_group_more() {
    let Some(env) = AwsEnv::start().await else { return };
    let with = |filling: usize| {
        let mut launch = env.launch("us-west-2", 1);
        launch.user_data.worker_config = json!("x".repeat(filling));
        launch
    };
    let empty = serde_json::to_string(&with(0).user_data).unwrap().len();
    // Base64 makes four bytes of three.
    let most = 16_384 / 4 * 3 - empty;
    env.aws.launch(&with(most)).await.unwrap();
    assert_eq!(env.proxy.requests("RunInstances")[0].get("UserData").map(str::len), Some(16_384));
    let text = refusal(&env, &with(most + 1)).await;
    assert!(text.contains("User Data is too long") && text.contains("workerConfig"), "{text}");
    assert_eq!(env.sent("RunInstances"), 1);
}

#[tokio::test]
async fn a_launch_whose_deadline_has_passed_is_not_sent() {
    let Some(env) = AwsEnv::start().await else { return };
    let launch = env.launch("us-west-2", 1);
    let late = Launch { deadline: launch.deadline - chrono::TimeDelta::hours(1), ..launch };
    assert!(matches!(env.aws.launch(&late).await, Err(ProviderError::Unanswered { .. })));
    assert_eq!(env.sent("RunInstances"), 0);
}
