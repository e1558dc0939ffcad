use super::*;

#[expect(clippy::unnecessary_wraps, reason = "others refuse")]
fn allowed(_: &[&str]) -> Result<(), AuthError> {
    Ok(())
}

#[tokio::test]
async fn a_role_gives_its_scopes_at_once_and_no_longer_than_it_is() {
    let env = TestEnv::start().await;
    env.create("c", &["assume:team:x"]).await;
    env.role("team:*", &["read:<..>"]).await.unwrap();
    assert_eq!(env.holds("c"), ["assume:team:x", "read:x"]);
    env.auth.update_role("team:*", &role(&["write:<..>/y"]), "me", allowed).await.unwrap();
    assert_eq!(env.holds("c"), ["assume:team:x", "write:x/y"]);
    env.auth.delete_role("team:*", "me").await.unwrap();
    env.auth.delete_role("team:*", "me").await.unwrap();
    assert_eq!(env.holds("c"), ["assume:team:x"]);
}

#[tokio::test]
async fn a_stored_role_anonymous_adds_to_what_the_settings_let_everybody_do() {
    let env = TestEnv::start().await;
    let (open, ..) = process(&env.database, &["one"]).await;
    open.grant_everybody(&["read:a", "read:b"]);
    open.start(&[]).await.unwrap();
    let everybody = || open.clients().now().anonymous().as_slice().to_vec();
    assert_eq!(everybody(), ["assume:anonymous", "read:a", "read:b"]);
    assert!(open.clients().now().role("anonymous").is_none(), "it is not stored");

    open.create_role("anonymous", role(&["read:b", "read:c"]), "me").await.unwrap();
    assert_eq!(everybody(), ["assume:anonymous", "read:a", "read:b", "read:c"]);
    let known = open.clients().now();
    assert_eq!(known.role("anonymous").unwrap().row.scopes, ["read:b", "read:c"], "what is stored stays as it is");

    env.auth.0.refresh().await.unwrap();
    assert_eq!(env.auth.clients().now().anonymous().as_slice(), ["assume:anonymous", "read:b", "read:c"]);
    open.delete_role("anonymous", "me").await.unwrap();
    assert_eq!(everybody(), ["assume:anonymous", "read:a", "read:b"]);
}

#[tokio::test]
async fn the_same_role_again_is_success_and_another_is_a_conflict() {
    let env = TestEnv::start().await;
    let made = env.role("r", &["b", "a"]).await.unwrap();
    assert_eq!(made.scopes, ["a", "b"]);
    assert_eq!(env.role("r", &["a", "b"]).await.unwrap(), made);
    assert_eq!(code(env.role("r", &["c"]).await), ErrorCode::RequestConflict);
    assert_eq!(code(env.auth.update_role("absent", &role(&[]), "me", allowed).await), ErrorCode::ResourceNotFound);
}

#[tokio::test]
async fn roles_that_lead_back_to_themselves_are_refused() {
    let env = TestEnv::start().await;
    env.role("a:*", &["assume:b:<..>"]).await.unwrap();
    let refused = env.role("b:*", &["assume:a:x<..>"]).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InputError);
    assert!(refused.to_string().contains("cycle"), "{refused}");
    assert_eq!(code(env.role("c:*", &["x:<..>:<..>"]).await), ErrorCode::InputError);
    assert!(env.auth.clients().now().role("b:*").is_none());
}

#[tokio::test]
async fn only_what_a_role_did_not_give_before_must_be_allowed() {
    let env = TestEnv::start().await;
    env.role("r", &["has:*", "assume:s"]).await.unwrap();
    env.role("s", &["through"]).await.unwrap();
    let only_mine = |added: &[&str]| if added == ["mine"] { Ok(()) } else { Err(AuthError::Contended("role")) };
    let body = role(&["has:x", "through", "mine"]);
    assert_eq!(env.auth.update_role("r", &body, "me", only_mine).await.unwrap().scopes, body.scopes);
    assert!(env.auth.update_role("r", &role(&["mine", "theirs"]), "me", only_mine).await.is_err());
}

#[tokio::test]
async fn roles_that_many_change_at_once_are_all_written() {
    let env = TestEnv::start().await;
    let (other, ..) = process(&env.database, &["one"]).await;
    other.start(&[]).await.unwrap();
    let ids: Vec<String> = (0..4).map(|number| format!("r{number}")).collect();
    for id in &ids {
        let both =
            tokio::join!(env.auth.create_role(id, role(&["a"]), "me"), other.create_role(id, role(&["a"]), "me"));
        assert_eq!(both.0.unwrap(), both.1.unwrap());
    }
    other.0.refresh().await.unwrap();
    assert_eq!(other.clients().now().roles().list().len(), 4);
}

#[tokio::test]
async fn roles_that_multiply_are_refused_when_they_are_written() {
    let env = TestEnv::start().await;
    let double = |level: u32| [format!("assume:r{level:02}-<..>0"), format!("assume:r{level:02}-<..>1")];
    let write = async |level: u32| {
        let scopes = double(level + 1);
        env.role(&format!("r{level:02}-*"), &[scopes[0].as_str(), &scopes[1]]).await
    };
    for level in (10..22).rev() {
        write(level).await.unwrap();
    }
    let refused = write(9).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InputError);
    assert!(refused.to_string().contains("`r09-*`"), "{refused}");
    assert!(env.auth.clients().now().role("r09-*").is_none());

    env.role("r09-*", &["assume:r10-<..>0"]).await.unwrap();
    let body = role(&["assume:r10-<..>0", "assume:r10-<..>1"]);
    assert_eq!(env.auth.update_role("r09-*", &body, "me", allowed).await.unwrap_err().code(), ErrorCode::InputError);
    env.create("c", &["assume:r10-x"]).await;
    assert_eq!(env.holds("c").len(), 1 + 8190);
}

#[tokio::test]
async fn a_client_whose_scopes_come_to_too_many_is_refused() {
    let env = TestEnv::start().await;
    env.role("x*", &["<..>"]).await.unwrap();
    let endless = env.role("y*", &["assume:xassume:yassume:y<..>"]).await;
    assert_eq!(code(endless), ErrorCode::InputError);
    let scopes: Vec<String> = (0..1000).map(|n| format!("s:{n}:<..>")).collect();
    env.role("many:*", &scopes.iter().map(String::as_str).collect::<Vec<_>>()).await.unwrap();
    let names: Vec<String> = (0..101).map(|n| format!("assume:many:{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    env.create("c", &names[..90]).await;
    assert_eq!(code(env.auth.create_client("d", env.body(&names), "me").await), ErrorCode::InputError);
    assert_eq!(code(env.auth.update_client("c", env.body(&names), "me", allowed).await), ErrorCode::InputError);
}
