use super::*;

#[expect(clippy::unnecessary_wraps, reason = "stands for the check of the API")]
fn anything(_: &[&str]) -> Result<()> {
    Ok(())
}

/// May give nothing, and so only keep what a client has.
fn nothing(added: &[&str]) -> Result<()> {
    if added.is_empty() { Ok(()) } else { Err(AuthError::NoSuchClient(added.join(" "))) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_removed_while_somebody_else_keeps_it_stays_removed() {
    let env = TestEnv::start().await;
    env.create("c", &["x", "y"]).await;
    // Between the look and the write of the one who keeps both, the other takes one away.
    let removed = std::sync::atomic::AtomicBool::new(false);
    let allow = |added: &[&str]| {
        if !removed.swap(true, Ordering::Relaxed) {
            let remove = env.auth.update_client("c", env.body(&["x"]), "other", anything);
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(remove)).unwrap();
        }
        nothing(added)
    };
    let kept = env.auth.update_client("c", env.body(&["x", "y"]), "me", allow).await.unwrap_err();
    assert_eq!(kept.to_string(), AuthError::NoSuchClient("y".to_owned()).to_string(), "asked anew for what is gone");
    assert_eq!(env.holds("c"), ["x"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keeping_and_removing_a_scope_at_once_never_brings_it_back() {
    let env = TestEnv::start().await;
    for round in 0..40 {
        let id = format!("c{round}");
        env.create(&id, &["x", "y"]).await;
        let keep = env.auth.update_client(&id, env.body(&["x", "y"]), "me", nothing);
        let remove = env.auth.update_client(&id, env.body(&["x"]), "other", anything);
        let (_, removed) = tokio::join!(keep, remove);
        removed.unwrap();
        assert_eq!(env.auth.client(&id).await.unwrap().scopes, ["x"], "round {round}");
    }
}

#[tokio::test]
async fn a_client_is_known_as_soon_as_it_is_answered() {
    let env = TestEnv::start().await;
    let token = env.create("c", &["x"]).await;
    assert_eq!(token.len(), 44);
    assert_eq!(env.token_of("c"), Some(token.clone()));
    assert_eq!(env.create("c", &["x"]).await, token, "an identical repeat answers the first token");
    assert_eq!(code(env.auth.create_client("c", env.body(&["y"]), "me").await), ErrorCode::RequestConflict);
    assert!(env.notified.load(Ordering::Relaxed) > 0);
}

#[tokio::test]
async fn what_is_taken_away_is_good_for_nothing_at_once() {
    let env = TestEnv::start().await;
    let first = env.create("c", &["x", "y"]).await;
    env.auth.update_client("c", env.body(&["x"]), "me", anything).await.unwrap();
    assert_eq!(env.holds("c"), ["x"]);
    let kept = ClientBody { scopes: None, ..env.body(&[]) };
    assert_eq!(env.auth.update_client("c", kept, "me", anything).await.unwrap().scopes, ["x"]);

    let (_, second) = env.auth.reset_access_token("c", "me").await.unwrap();
    assert_ne!(first, second);
    assert_eq!(env.token_of("c"), Some(second));
    env.auth.enable_client("c", false, "me").await.unwrap();
    assert!(env.auth.clients().now().client("c").unwrap().disabled);
    env.auth.delete_client("c", "me").await.unwrap();
    env.auth.delete_client("c", "me").await.unwrap();
    assert_eq!(env.token_of("c"), None);
}

#[tokio::test]
async fn clients_of_the_settings_and_odd_scopes_are_refused() {
    let env = TestEnv::start().await;
    let auth = &env.auth;
    assert_eq!(code(auth.create_client("static/x", env.body(&[]), "me").await), ErrorCode::InputError);
    assert_eq!(code(auth.delete_client("static/taskcluster/queue", "me").await), ErrorCode::InputError);
    assert_eq!(code(auth.create_client("c", env.body(&["a**"]), "me").await), ErrorCode::InputError);
    assert_eq!(code(auth.reset_access_token("absent", "me").await), ErrorCode::ResourceNotFound);
    assert_eq!(code(auth.client("absent").await), ErrorCode::ResourceNotFound);
}

#[tokio::test]
async fn clients_are_listed_by_prefix_page_by_page() {
    let env = TestEnv::start().await;
    for client_id in ["p/b", "p/a", "p/c", "q/a"] {
        env.create(client_id, &[]).await;
    }
    let first = env.auth.list_clients("p/", PageAfter { after: None, limit: 2 }).await.unwrap();
    let ids = |page: &Page<ClientRow, String>| page.rows.iter().map(|row| row.client_id.clone()).collect::<Vec<_>>();
    assert_eq!((ids(&first), first.next.as_deref()), (texts(&["p/a", "p/b"]), Some("p/b")));
    let second = env.auth.list_clients("p/", PageAfter { after: first.next, limit: 2 }).await.unwrap();
    assert_eq!((ids(&second), second.next), (texts(&["p/c"]), None));
}

#[tokio::test]
async fn a_use_is_noted_once_in_a_quarter_of_a_day() {
    let env = TestEnv::start().await;
    env.create("c", &[]).await;
    let used = || {
        let known = env.auth.clients().now();
        env.auth.clients().used(known.client("c").unwrap(), env.clock.now());
        env.auth.clients().take_used()
    };
    assert!(used().is_empty(), "it was just made");
    env.clock.advance(TimeDelta::hours(7));
    assert_eq!(used(), ["c"]);
    assert!(used().is_empty());
    env.clock.advance(TimeDelta::hours(7));
    env.auth.clients().used(env.auth.clients().now().client("c").unwrap(), env.clock.now());
    env.auth.0.refresh().await.unwrap();
    assert_eq!(env.auth.client("c").await.unwrap().last_date_used, env.clock.now());
}

#[tokio::test]
async fn the_history_says_who_did_what() {
    let env = TestEnv::start().await;
    env.create("c", &[]).await;
    env.auth.enable_client("c", false, "other").await.unwrap();
    let all = PageAfter { after: None, limit: 10 };
    let words = |page: Page<AuditRow, i64>| page.rows.into_iter().map(|row| row.action_type).collect::<Vec<_>>();
    assert_eq!(words(env.auth.history_of("client", "c", all).await.unwrap()), ["created", "client disabled"]);
    assert_eq!(words(env.auth.history_by("other", all).await.unwrap()), ["client disabled"]);
}
