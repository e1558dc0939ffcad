use super::*;

#[expect(clippy::unnecessary_wraps, reason = "stands for the check of the API")]
fn anything(_: &[&str]) -> Answer<()> {
    Ok(())
}

/// May give nothing, and so only keep what a client has.
fn nothing(added: &[&str]) -> Answer<()> {
    if added.is_empty() { Ok(()) } else { Err(AuthError::NoSuchClient(added.join(" "))) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_removed_while_somebody_else_keeps_it_stays_removed() {
    let house = House::start().await;
    house.create("c", &["x", "y"]).await;
    // Between the look and the write of the one who keeps both, the other takes one away.
    let removed = std::sync::atomic::AtomicBool::new(false);
    let allow = |added: &[&str]| {
        if !removed.swap(true, Ordering::Relaxed) {
            let remove = house.auth.update_client("c", house.body(&["x"]), "other", anything);
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(remove)).unwrap();
        }
        nothing(added)
    };
    let kept = house.auth.update_client("c", house.body(&["x", "y"]), "me", allow).await.unwrap_err();
    assert_eq!(kept.to_string(), AuthError::NoSuchClient("y".to_owned()).to_string(), "asked anew for what is gone");
    assert_eq!(house.holds("c"), ["x"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keeping_and_removing_a_scope_at_once_never_brings_it_back() {
    let house = House::start().await;
    for round in 0..40 {
        let id = format!("c{round}");
        house.create(&id, &["x", "y"]).await;
        let keep = house.auth.update_client(&id, house.body(&["x", "y"]), "me", nothing);
        let remove = house.auth.update_client(&id, house.body(&["x"]), "other", anything);
        let (_, removed) = tokio::join!(keep, remove);
        removed.unwrap();
        assert_eq!(house.auth.client(&id).await.unwrap().scopes, ["x"], "round {round}");
    }
}

#[tokio::test]
async fn a_client_is_known_as_soon_as_it_is_answered() {
    let house = House::start().await;
    let token = house.create("c", &["x"]).await;
    assert_eq!(token.len(), 44);
    assert_eq!(house.token_of("c"), Some(token.clone()));
    assert_eq!(house.create("c", &["x"]).await, token, "an identical repeat answers the first token");
    assert_eq!(code(house.auth.create_client("c", house.body(&["y"]), "me").await), ErrorCode::RequestConflict);
    assert!(house.told.load(Ordering::Relaxed) > 0);
}

#[tokio::test]
async fn what_is_taken_away_is_good_for_nothing_at_once() {
    let house = House::start().await;
    let first = house.create("c", &["x", "y"]).await;
    house.auth.update_client("c", house.body(&["x"]), "me", anything).await.unwrap();
    assert_eq!(house.holds("c"), ["x"]);
    let kept = ClientBody { scopes: None, ..house.body(&[]) };
    assert_eq!(house.auth.update_client("c", kept, "me", anything).await.unwrap().scopes, ["x"]);

    let (_, second) = house.auth.reset_access_token("c", "me").await.unwrap();
    assert_ne!(first, second);
    assert_eq!(house.token_of("c"), Some(second));
    house.auth.enable_client("c", false, "me").await.unwrap();
    assert!(house.auth.clients().now().client("c").unwrap().disabled);
    house.auth.delete_client("c", "me").await.unwrap();
    house.auth.delete_client("c", "me").await.unwrap();
    assert_eq!(house.token_of("c"), None);
}

#[tokio::test]
async fn clients_of_the_settings_and_odd_scopes_are_refused() {
    let house = House::start().await;
    let auth = &house.auth;
    assert_eq!(code(auth.create_client("static/x", house.body(&[]), "me").await), ErrorCode::InputError);
    assert_eq!(code(auth.delete_client("static/taskcluster/queue", "me").await), ErrorCode::InputError);
    assert_eq!(code(auth.create_client("c", house.body(&["a**"]), "me").await), ErrorCode::InputError);
    assert_eq!(code(auth.reset_access_token("absent", "me").await), ErrorCode::ResourceNotFound);
    assert_eq!(code(auth.client("absent").await), ErrorCode::ResourceNotFound);
}

#[tokio::test]
async fn clients_are_listed_by_prefix_page_by_page() {
    let house = House::start().await;
    for client_id in ["p/b", "p/a", "p/c", "q/a"] {
        house.create(client_id, &[]).await;
    }
    let first = house.auth.list_clients("p/", PageAfter { after: None, limit: 2 }).await.unwrap();
    let ids = |page: &Page<ClientRow, String>| page.rows.iter().map(|row| row.client_id.clone()).collect::<Vec<_>>();
    assert_eq!((ids(&first), first.next.as_deref()), (texts(&["p/a", "p/b"]), Some("p/b")));
    let second = house.auth.list_clients("p/", PageAfter { after: first.next, limit: 2 }).await.unwrap();
    assert_eq!((ids(&second), second.next), (texts(&["p/c"]), None));
}

#[tokio::test]
async fn a_use_is_noted_once_in_a_quarter_of_a_day() {
    let house = House::start().await;
    house.create("c", &[]).await;
    let used = || {
        let known = house.auth.clients().now();
        house.auth.clients().used(known.client("c").unwrap(), house.clock.now());
        house.auth.clients().take_used()
    };
    assert!(used().is_empty(), "it was just made");
    house.clock.advance(TimeDelta::hours(7));
    assert_eq!(used(), ["c"]);
    assert!(used().is_empty());
    house.clock.advance(TimeDelta::hours(7));
    house.auth.clients().used(house.auth.clients().now().client("c").unwrap(), house.clock.now());
    house.auth.0.look().await.unwrap();
    assert_eq!(house.auth.client("c").await.unwrap().last_date_used, house.clock.now());
}

#[tokio::test]
async fn the_history_says_who_did_what() {
    let house = House::start().await;
    house.create("c", &[]).await;
    house.auth.enable_client("c", false, "other").await.unwrap();
    let all = PageAfter { after: None, limit: 10 };
    let words = |page: Page<AuditRow, i64>| page.rows.into_iter().map(|row| row.action_type).collect::<Vec<_>>();
    assert_eq!(words(house.auth.history_of("client", "c", all).await.unwrap()), ["created", "client disabled"]);
    assert_eq!(words(house.auth.history_by("other", all).await.unwrap()), ["client disabled"]);
}
