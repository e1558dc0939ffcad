use base::TestClock;
use db::testing::TestDatabase;
use protocol::error::ErrorCode;

use super::*;
use crate::auth::{Known, RoleRow, Roles};

const TOKEN: &str = "an-access-token-of-some-length-0123456789";

struct TestEnv {
    clock: TestClock,
    sessions: Sessions,
    clients: Clients,
    database: TestDatabase,
}

impl TestEnv {
    async fn start(client: Client) -> Self {
        let database = TestDatabase::create().await;
        let (clock, clients) = (TestClock::default(), Clients::alone(client));
        let sessions = Sessions::new(
            database.db().await,
            Arc::new(clock.clone()),
            Rng::seeded(7),
            clients.clone(),
            "http://localhost:80",
        );
        Self { clock, sessions, clients, database }
    }

    async fn signed_in(&self) -> String {
        self.sessions.sign_in("me", TOKEN).await.unwrap().token.reveal().to_owned()
    }
}

fn token_of(link: &SignInLink) -> &str {
    link.url.strip_prefix("http://localhost:80/login/once#").unwrap()
}

fn me() -> Client {
    Client::lasting("me", TOKEN, ["a:b"])
}

#[tokio::test]
async fn a_session_has_the_scopes_of_its_client_and_ends_when_it_is_ended() {
    let env = TestEnv::start(me()).await;
    let cookie = env.signed_in().await;
    let found = env.sessions.find(&cookie).await.unwrap();
    assert_eq!((found.identity.client_id.as_str(), found.scopes.satisfies("a:b")), ("me", true));
    for _ in 0..2 {
        env.sessions.end(&cookie).await.unwrap();
    }
    assert!(matches!(env.sessions.find(&cookie).await, Err(SessionError::Ended)));
}

#[tokio::test]
async fn a_wrong_token_and_an_unknown_client_are_refused_alike() {
    let env = TestEnv::start(me()).await;
    for (client_id, token) in [("me", "another"), ("you", TOKEN), ("me", "")] {
        let error = env.sessions.sign_in(client_id, token).await.err().unwrap();
        assert_eq!(error.code(), ErrorCode::AuthenticationFailed);
        assert_eq!(error.to_string(), SessionError::WrongCredentials(client_id.to_owned()).to_string());
    }
    assert_eq!(env.database.run("select * from drover.session").await, 0, "nothing is stored");
}

#[tokio::test]
async fn a_session_lasts_as_long_as_it_is_used_and_a_week_without() {
    let env = TestEnv::start(me()).await;
    let cookie = env.signed_in().await;
    for _ in 0..3 {
        env.clock.advance(TimeDelta::days(6));
        env.sessions.find(&cookie).await.unwrap();
    }
    env.clock.advance(IDLE + TimeDelta::seconds(1));
    assert!(matches!(env.sessions.find(&cookie).await, Err(SessionError::Ended)));
}

#[tokio::test]
async fn one_that_may_do_everything_ends_after_hours() {
    let env = TestEnv::start(Client::lasting("me", TOKEN, ["*"])).await;
    let cookie = env.signed_in().await;
    env.clock.advance(IDLE_OF_ROOT + TimeDelta::seconds(1));
    assert!(env.sessions.find(&cookie).await.is_err());
}

#[tokio::test]
async fn a_session_ends_with_its_client() {
    for changed in [
        Client::lasting("me", "another-access-token-0123456789", ["a:b"]),
        me().disabled(),
        me().until(TestClock::default().now() - TimeDelta::hours(1)),
        Client::lasting("you", TOKEN, ["a:b"]),
    ] {
        let env = TestEnv::start(me()).await;
        let cookie = env.signed_in().await;
        env.clients.replace(Known::new([Arc::new(changed)], Arc::new(Roles::default())));
        assert!(matches!(env.sessions.find(&cookie).await, Err(SessionError::Ended)));
    }
}

#[tokio::test]
async fn a_link_signs_in_once_and_for_ten_minutes() {
    let env = TestEnv::start(me()).await;
    let link = env.sessions.link("me").await.unwrap();
    let link = token_of(&link);
    let both = tokio::join!(env.sessions.sign_in_by_link(link), env.sessions.sign_in_by_link(link));
    assert!(both.0.is_ok() != both.1.is_ok(), "one of two who use it at once");

    let late = env.sessions.link("me").await.unwrap();
    env.clock.advance(LINK_LIFE + TimeDelta::seconds(1));
    assert!(matches!(env.sessions.sign_in_by_link(token_of(&late)).await, Err(SessionError::LinkUsed(10))));
    assert!(matches!(env.sessions.link("temporary").await, Err(SessionError::NoStoredClient(_))));
}

#[tokio::test]
async fn the_database_holds_nothing_that_signs_in() {
    let env = TestEnv::start(me()).await;
    let cookie = env.signed_in().await;
    let like = |text: &str| format!("select 1 from drover.session s where s::text like '%{text}%'");
    assert_eq!(env.database.run(&like("me")).await, 1);
    for secret in [cookie.as_str(), TOKEN] {
        assert_eq!(env.database.run(&like(secret)).await, 0);
    }
}

#[tokio::test]
async fn expired_sessions_and_links_are_deleted_by_new_ones() {
    let env = TestEnv::start(me()).await;
    for _ in 0..3 {
        env.signed_in().await;
        env.sessions.link("me").await.unwrap();
    }
    env.clock.advance(TimeDelta::days(8));
    env.signed_in().await;
    env.sessions.link("me").await.unwrap();
    for table in ["session", "sign_in_link"] {
        assert_eq!(env.database.run(&format!("select * from drover.{table}")).await, 1, "{table}");
    }
}

#[test]
fn loopback_is_recognised_by_its_whole_name() {
    for url in ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:80"] {
        assert!(is_loopback(url), "{url}");
    }
    for url in ["http://127.0.0.1.example.com", "https://ci.example.com", "http://localhostage:1"] {
        assert!(!is_loopback(url), "{url}");
    }
}

#[tokio::test]
async fn a_person_has_the_roles_of_now_and_signs_in_again_after_a_week() {
    let env = TestEnv::start(me()).await;
    let grant = |role: &str, scopes: &[&str]| {
        let now = env.clock.now();
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let (role_id, description) = (role.to_owned(), String::new());
        let row = RoleRow { role_id, scopes, description, created: now, last_modified: now };
        env.clients.replace(Known::new([], Arc::new(Roles::compile(vec![row]).unwrap())));
    };
    let octocat =
        Identity { client_id: "github/1|octocat".to_owned(), roles: Some(vec!["github-team:o/t".to_owned()]) };
    let error = env.sessions.sign_in_person(&octocat).await.err().unwrap();
    assert_eq!(error.code(), ErrorCode::InsufficientScopes, "nobody gave such a person anything");

    grant("github-team:o/t", &["a:c"]);
    let cookie = env.sessions.sign_in_person(&octocat).await.unwrap().token.reveal().to_owned();
    let found = env.sessions.find(&cookie).await.unwrap();
    assert_eq!((&found.identity, found.scopes.satisfies("a:c")), (&octocat, true));
    for _ in 0..6 {
        env.clock.advance(TimeDelta::days(1));
        env.sessions.find(&cookie).await.unwrap();
    }
    grant("github-team:o/other", &["a:c"]);
    assert!(matches!(env.sessions.find(&cookie).await, Err(SessionError::Ended)), "the role is gone");
    grant("github-team:o/t", &["a:c"]);
    env.sessions.find(&cookie).await.unwrap();
    env.clock.advance(TimeDelta::days(1));
    assert!(matches!(env.sessions.find(&cookie).await, Err(SessionError::Ended)), "though it was used");
}
