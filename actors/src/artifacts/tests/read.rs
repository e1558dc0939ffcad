use super::*;

#[tokio::test]
async fn links_lead_to_what_they_name_and_circles_are_refused() {
    let env = TestEnv::start().await;
    env.create("1", link("2")).await.unwrap();
    assert_eq!(code(env.follow("1").await), ErrorCode::ResourceNotFound);
    env.create("2", link("3")).await.unwrap();
    env.create("3", reference("https://a.test/end")).await.unwrap();
    let end = Found::Reference { url: "https://a.test/end".to_owned() };
    assert_eq!(env.follow("1").await.unwrap(), end);

    env.create("a", link("b")).await.unwrap();
    env.create("b", link("a")).await.unwrap();
    assert_eq!(code(env.follow("a").await), ErrorCode::InputError);
}

#[tokio::test]
async fn every_name_on_the_way_is_authorized_before_it_is_looked_up() {
    let env = TestEnv::start().await;
    env.create("public/alias", link("private/secret")).await.unwrap();
    let public = |name: &str| name.starts_with("public/");
    let refused = env.artifacts.follow(env.key("public/alias"), &public).await.unwrap_err();
    assert!(matches!(&refused, ArtifactError::Refused(names) if *names == ["public/alias", "private/secret"]));
    let unknown = env.artifacts.follow(env.key("private/unknown"), &public).await;
    assert_eq!(code(unknown), ErrorCode::InsufficientScopes);
}

#[tokio::test]
async fn a_listing_comes_in_pages_and_in_order() {
    let env = TestEnv::start().await;
    for name in ["b", "a", "C", "d"] {
        env.create(name, failure()).await.unwrap();
    }
    env.create("e", object()).await.unwrap();
    let (mut after, mut names) = (None, Vec::new());
    loop {
        let page = env.artifacts.list(env.task_id, 0, PageAfter { after, limit: 2 }).await.unwrap();
        names.extend(page.rows.into_iter().map(|row| row.name));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(names, ["C", "a", "b", "d", "e"]);
    let other = env.artifacts.list(env.task_id, 1, PageAfter { after: None, limit: 2 }).await;
    assert_eq!(code(other), ErrorCode::ResourceNotFound);
    assert_eq!(env.artifacts.latest_run(env.task_id).await.unwrap(), 0);
}
