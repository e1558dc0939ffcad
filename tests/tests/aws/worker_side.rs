//! What a worker on an instance reads of itself.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::servers::Metadata;
use worker::provider::{MachineIdentity, aws::Aws};

async fn instance() -> Metadata {
    // An error says that it was done before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Metadata::start().await
}

fn describe(metadata: &Metadata) -> Value {
    let document = "{\n  \"instanceId\" : \"i-1\",\n  \"region\" : \"us-west-2\"\n}";
    let user_data = json!({
        "workerPoolId": "proj/linux", "providerId": "aws", "workerGroup": "us-west-2", "launchConfigId": "lc-1",
        "rootUrl": "https://drover.example.com", "workerConfig": {},
    });
    metadata.set("/latest/user-data", &user_data.to_string());
    metadata.set("/latest/dynamic/instance-identity/document", document);
    metadata.set("/latest/dynamic/instance-identity/signature", "c2lnbg==\n");
    json!({ "document": document, "signature": "c2lnbg==\n" })
}

#[tokio::test]
async fn an_instance_knows_its_pool_and_its_proof() {
    let metadata = instance().await;
    let proof = describe(&metadata);
    let found = Aws::new(&metadata.url()).unwrap().identity().await.unwrap();
    let expected = MachineIdentity {
        root_url: "https://drover.example.com".to_owned(),
        worker_pool_id: "proj/linux".to_owned(),
        provider_id: "aws".to_owned(),
        worker_group: "us-west-2".to_owned(),
        worker_id: "i-1".to_owned(),
        proof,
    };
    assert_eq!(found, expected);
}

#[tokio::test]
async fn an_instance_of_no_pool_says_what_it_lacks() {
    let metadata = instance().await;
    let aws = Aws::new(&metadata.url()).unwrap();
    let problem = aws.identity().await.unwrap_err().to_string();
    assert!(problem.contains("user data"), "{problem}");
    describe(&metadata);
    metadata.set("/latest/user-data", "#!/bin/sh");
    let problem = aws.identity().await.unwrap_err().to_string();
    assert!(problem.contains("user data"), "{problem}");
    metadata.set("/latest/user-data", &"x".repeat(100_000));
    let problem = aws.identity().await.unwrap_err().to_string();
    assert!(problem.contains("64 KiB"), "{problem}");
}

#[tokio::test]
async fn an_interruption_is_noticed_once_it_is_announced() {
    let metadata = instance().await;
    let aws = Aws::new(&metadata.url()).unwrap();
    let short = tokio::time::timeout(Duration::from_millis(200), aws.interrupted()).await;
    assert!(short.is_err(), "nothing is announced yet");
    metadata.interrupt();
    let begun = Instant::now();
    aws.interrupted().await;
    assert!(begun.elapsed() < Duration::from_secs(7));
}
