use super::*;

fn fixed(client_id: &str, token: &str) -> StaticClient {
    let (client_id, access_token) = (client_id.to_owned(), Secret::from(token));
    StaticClient { client_id, access_token, description: "d".to_owned(), scopes: texts(&["*"]) }
}

#[tokio::test]
async fn a_change_elsewhere_is_known_after_the_next_look() {
    let env = TestEnv::start().await;
    let (other, ..) = process(&env.database, &["one"]).await;
    other.start(&[]).await.unwrap();
    let token = env.create("c", &["assume:r"]).await;
    env.role("r", &["x"]).await.unwrap();
    assert_eq!(token_of(&other, "c"), None);
    other.0.refresh().await.unwrap();
    assert_eq!(token_of(&other, "c"), Some(token));
    let known = other.clients().now();
    assert_eq!(known.scopes_of(known.client("c").unwrap()).unwrap().as_slice(), ["assume:r", "x"]);
}

#[tokio::test]
async fn clients_of_the_settings_follow_the_settings() {
    let env = TestEnv::start().await;
    env.auth.start(&[fixed("static/a", "one"), fixed("static/b", "two")]).await.unwrap();
    assert_eq!(env.token_of("static/b").as_deref(), Some("two"));
    assert_eq!(env.token_of("static/taskcluster/queue").as_deref(), Some(QUEUE_TOKEN));
    let before = env.auth.client("static/a").await.unwrap();
    env.auth.start(&[fixed("static/a", "one"), fixed("static/b", "three")]).await.unwrap();
    assert_eq!(env.auth.client("static/a").await.unwrap(), before);
    assert_eq!(env.token_of("static/b").as_deref(), Some("three"));
    env.auth.start(&[]).await.unwrap();
    assert_eq!(env.token_of("static/a"), None);
}

#[tokio::test]
async fn keys_are_changed_without_anybody_noticing() {
    let env = TestEnv::start().await;
    let token = env.create("c", &[]).await;
    let (both, ..) = process(&env.database, &["one", "newer"]).await;
    both.start(&[]).await.unwrap();
    assert_eq!(both.client("c").await.unwrap().sealed_access_token.kid, "newer");
    let (later, ..) = process(&env.database, &["newer"]).await;
    later.start(&[]).await.unwrap();
    assert_eq!(token_of(&later, "c"), Some(token));
}

#[tokio::test]
async fn nobody_signs_as_a_client_whose_token_cannot_be_opened() {
    let env = TestEnv::start().await;
    env.create("c", &[]).await;
    let (other, ..) = process(&env.database, &["another"]).await;
    other.start(&[]).await.unwrap();
    assert_eq!(token_of(&other, "c"), None);
    assert_eq!(code(other.create_client("c", env.body(&[]), "me").await), ErrorCode::InternalServerError);
}
