//! Credentials, against a moto that checks signatures.

use std::fs;

use actors::worker_manager::AwsSettings;
use base::Secret;
use provisioner::{
    decision::FailureClass,
    provider::{Provider, ProviderError},
};
use tests::{
    TestDirectory,
    servers::{Ec2Proxy, Login, Metadata, Moto},
};

use super::{driver, settings};

fn without_keys(login: &Login) -> AwsSettings {
    AwsSettings { access_key_id: Secret::default(), secret_access_key: Secret::default(), ..settings(login) }
}

fn is_auth<T>(result: &Result<T, ProviderError>) -> bool {
    matches!(result, Err(ProviderError::Refused { class: FailureClass::Auth, .. }))
}

#[tokio::test]
async fn a_wrong_secret_is_refused_as_auth_and_the_right_one_signs() {
    let Some(moto) = Moto::start_signed() else { return };
    let right = settings(&moto.login);
    let wrong = AwsSettings { secret_access_key: "wrong".into(), ..right.clone() };
    assert!(is_auth(&driver(wrong).list("us-west-2", None).await));
    let unknown = AwsSettings { access_key_id: "AKIAUNKNOWN".into(), ..right.clone() };
    assert!(is_auth(&driver(unknown).list("us-west-2", None).await));
    assert!(driver(right).list("us-west-2", None).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn keys_in_a_file_may_be_rotated_while_the_driver_runs() {
    let Some(moto) = Moto::start_signed() else { return };
    let directory = TestDirectory::new();
    let file = directory.path().join("credentials");
    let Login { access_key_id, secret_access_key, .. } = &moto.login;
    let write = |secret: &str| {
        fs::write(&file, format!("[default]\naws_access_key_id = {access_key_id}\naws_secret_access_key = {secret}\n"))
            .unwrap();
    };
    let aws = driver(AwsSettings { credentials_file: file.to_str().unwrap().to_owned(), ..without_keys(&moto.login) });
    assert!(is_auth(&aws.list("us-west-2", None).await), "there is no file yet");
    write("wrong");
    assert!(is_auth(&aws.list("us-west-2", None).await));
    write(secret_access_key);
    aws.list("us-west-2", None).await.unwrap();
    fs::write(&file, "[default]\n").unwrap();
    aws.list("us-west-2", None).await.unwrap();
}

#[tokio::test]
async fn the_role_of_the_instance_can_sign() {
    let Some(moto) = Moto::start_signed() else { return };
    let metadata = Metadata::start().await;
    let aws = driver(AwsSettings { metadata_endpoint: metadata.url(), ..without_keys(&moto.login) });
    assert!(is_auth(&aws.list("us-west-2", None).await), "the instance has no role");
    metadata.set_role("drover", moto.login.role.as_ref().unwrap());
    aws.list("us-west-2", None).await.unwrap();
}

/// moto answers this call only where it checks no signatures.
#[tokio::test]
async fn the_token_of_a_service_account_becomes_keys_of_its_role() {
    let Some(moto) = Moto::start() else { return };
    let proxy = Ec2Proxy::start(&moto.login.url).await;
    let directory = TestDirectory::new();
    let token_file = directory.path().join("token");
    let aws = driver(AwsSettings {
        endpoint: proxy.url().to_owned(),
        role_arn: "arn:aws:iam::123456789012:role/drover".to_owned(),
        web_identity_token_file: token_file.to_str().unwrap().to_owned(),
        ..without_keys(&moto.login)
    });
    assert!(is_auth(&aws.list("us-west-2", None).await), "there is no token yet");
    fs::write(&token_file, "header.payload.signature\n").unwrap();
    for _ in 0..2 {
        aws.list("us-west-2", None).await.unwrap();
    }
    let keys: Vec<String> = proxy.requests("DescribeInstances").into_iter().map(|it| it.access_key_id).collect();
    assert!(keys.len() == 2 && keys[0].starts_with("ASIA") && keys[0] == keys[1], "{keys:?}");
}
