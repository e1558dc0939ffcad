use super::*;

#[tokio::test]
async fn links_lead_to_what_they_name_and_circles_are_told() {
    let house = House::start().await;
    house.create("1", link("2")).await.unwrap();
    assert_eq!(code(house.follow("1").await), ErrorCode::ResourceNotFound);
    house.create("2", link("3")).await.unwrap();
    house.create("3", reference("https://a.test/end")).await.unwrap();
    let end = Found::Reference { url: "https://a.test/end".to_owned() };
    assert_eq!(house.follow("1").await.unwrap(), end);

    house.create("a", link("b")).await.unwrap();
    house.create("b", link("a")).await.unwrap();
    assert_eq!(code(house.follow("a").await), ErrorCode::InputError);
}

#[tokio::test]
async fn every_name_on_the_way_is_asked_for_before_it_is_looked_up() {
    let house = House::start().await;
    house.create("public/alias", link("private/secret")).await.unwrap();
    let public = |name: &str| name.starts_with("public/");
    let refused = house.artifacts.follow(house.key("public/alias"), &public).await.unwrap_err();
    assert!(matches!(&refused, ArtifactError::Refused(names) if *names == ["public/alias", "private/secret"]));
    let unknown = house.artifacts.follow(house.key("private/unknown"), &public).await;
    assert_eq!(code(unknown), ErrorCode::InsufficientScopes);
}

#[tokio::test]
async fn a_listing_comes_in_pages_and_in_order() {
    let house = House::start().await;
    for name in ["b", "a", "C", "d"] {
        house.create(name, failure()).await.unwrap();
    }
    house.create("e", object()).await.unwrap();
    let (mut after, mut names) = (None, Vec::new());
    loop {
        let page = house.artifacts.list(house.task_id, 0, PageAfter { after, limit: 2 }).await.unwrap();
        names.extend(page.rows.into_iter().map(|row| row.name));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(names, ["C", "a", "b", "d", "e"]);
    let other = house.artifacts.list(house.task_id, 1, PageAfter { after: None, limit: 2 }).await;
    assert_eq!(code(other), ErrorCode::ResourceNotFound);
    assert_eq!(house.artifacts.latest_run(house.task_id).await.unwrap(), 0);
}
