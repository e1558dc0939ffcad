use base::{KeyRing, SealingKey, TestClock};
use chrono::TimeDelta;
use db::testing::TestDatabase;
use protocol::error::ErrorCode;

use super::*;
use crate::{
    auth::{Auth, Clients, RoleBody},
    kit::Notifier,
    sessions::Sessions,
};

const URI: &str = "https://treeherder.example.com/taskcluster-auth";

struct TestEnv {
    clock: TestClock,
    auth: Auth,
    sessions: Sessions,
    derived: DerivedClients,
    third_parties: ThirdParties,
    _database: TestDatabase,
}

impl TestEnv {
    async fn start(response_type: ResponseType) -> Self {
        let database = TestDatabase::create().await;
        let (db, clock, rng) = (database.db().await, TestClock::default(), Rng::seeded(3));
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let keys = Arc::new(KeyRing::new(&[SealingKey::make("one", &Rng::seeded(3))]).unwrap());
        let notifier = Notifier::none();
        let auth = Auth::new(
            db.clone(),
            shared.clone(),
            rng.branch("auth"),
            keys,
            notifier,
            "queue-token",
            TimeDelta::days(1),
        );
        auth.start(&[]).await.unwrap();
        let clients: Clients = auth.clients().clone();
        let sessions = Sessions::new(db.clone(), shared.clone(), rng.branch("s"), clients, "http://localhost");
        let derived = DerivedClients::new(db.clone(), shared.clone(), auth.clone(), sessions.clone());
        let registered = ThirdPartySettings {
            client_id: "treeherder".to_owned(),
            scopes: vec!["hooks:trigger-hook:*".to_owned(), "a:b".to_owned()],
            redirect_uris: vec![URI.to_owned()],
            response_type,
            ..ThirdPartySettings::default()
        };
        let third_parties = ThirdParties::new(&[registered], db, shared, rng.branch("t"), derived.clone());
        Self { clock, auth, sessions, derived, third_parties, _database: database }
    }

    /// A person whom a provider vouched for, with these scopes.
    async fn person(&self, scopes: &[&str]) -> SignedIn {
        let identity = Identity { client_id: "github/1|octocat".to_owned(), roles: Some(Vec::new()) };
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let body = RoleBody { description: String::new(), scopes };
        self.auth.create_role("login-identity:github/1|octocat", body, "me").await.unwrap();
        let token = self.sessions.sign_in_person(&identity).await.unwrap().token;
        self.sessions.find(token.reveal()).await.unwrap()
    }
}

fn request() -> AuthorizationRequest {
    AuthorizationRequest {
        client_id: "treeherder".to_owned(),
        redirect_uri: URI.to_owned(),
        response_type: "code".to_owned(),
        scope: "a:b hooks:trigger-hook:*".to_owned(),
        state: Some("9 9&".to_owned()),
        expires: Some("1 hour".to_owned()),
    }
}

fn code_of(redirect: &str) -> String {
    let rest = redirect.strip_prefix(&format!("{URI}?code=")).unwrap();
    rest.strip_suffix("&state=9%209%26").unwrap().to_owned()
}

const MAY_ALL: &[&str] = &["auth:create-client:github/1|octocat/*", "hooks:trigger-hook:project/*"];

#[tokio::test]
async fn a_code_gives_a_client_with_what_both_hold() {
    let env = TestEnv::start(ResponseType::Code).await;
    let person = env.person(MAY_ALL).await;
    let consent = env.third_parties.consent(&request(), &person).unwrap();
    assert_eq!(consent.scopes, ["hooks:trigger-hook:project/*"]);
    assert_eq!(consent.not_held, ["a:b", "hooks:trigger-hook:*"]);
    assert_eq!(consent.expires, env.clock.now() + TimeDelta::hours(1));

    let code = code_of(&env.third_parties.allow(&request(), &person).await.unwrap());
    let (exchange, other) = (|code| env.third_parties.exchange("treeherder", URI, code), "https://other.example.com");
    assert!(matches!(env.third_parties.exchange("treeherder", other, &code).await, Err(ThirdPartyError::Code)));
    assert!(
        matches!(env.third_parties.credentials(&code).await, Err(ThirdPartyError::AccessToken)),
        "a code is no token"
    );
    let token = exchange(&code).await.unwrap();
    assert!(matches!(exchange(&code).await, Err(ThirdPartyError::Code)), "it is used up");

    let credentials = env.third_parties.credentials(token.reveal()).await.unwrap();
    assert!(credentials.client_id.starts_with("github/1|octocat/treeherder-"), "{}", credentials.client_id);
    let again = env.third_parties.credentials(token.reveal()).await.unwrap();
    assert_eq!(again.access_token, credentials.access_token);
    let client = env.auth.client(&credentials.client_id).await.unwrap();
    assert_eq!((client.scopes, client.delete_on_expiration), (vec!["hooks:trigger-hook:project/*".to_owned()], true));
    env.clock.advance(TimeDelta::minutes(10));
    assert!(matches!(env.third_parties.credentials(token.reveal()).await, Err(ThirdPartyError::AccessToken)));
}

#[tokio::test]
async fn an_access_token_goes_back_in_the_fragment() {
    let env = TestEnv::start(ResponseType::Token).await;
    let person = env.person(MAY_ALL).await;
    let request = AuthorizationRequest { response_type: "token".to_owned(), state: None, ..request() };
    let redirect = env.third_parties.allow(&request, &person).await.unwrap();
    let rest = redirect.strip_prefix(&format!("{URI}#access_token=")).unwrap();
    let token = rest.strip_suffix("&token_type=Bearer&expires_in=600").unwrap();
    env.third_parties.credentials(token).await.unwrap();
}

#[tokio::test]
async fn nobody_is_sent_where_the_settings_do_not_say() {
    let env = TestEnv::start(ResponseType::Code).await;
    let person = env.person(MAY_ALL).await;
    let refused = |change: fn(&mut AuthorizationRequest)| {
        let mut request = request();
        change(&mut request);
        let error = env.third_parties.consent(&request, &person).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InputError);
        env.third_parties.back_for(&request, &error)
    };
    assert_eq!(refused(|it| it.client_id = "other".to_owned()), None);
    assert_eq!(refused(|it| it.redirect_uri = format!("{URI}/x")), None);
    assert!(refused(|it| it.scope = "a:b".to_owned()).unwrap().starts_with(&format!("{URI}?error=invalid_scope&")));
    assert!(refused(|it| it.response_type = "token".to_owned()).unwrap().contains("#error=unsupported_response_type"));
    for expires in ["soon", "-1 day", "0 seconds"] {
        let error = env
            .third_parties
            .consent(&AuthorizationRequest { expires: Some(expires.to_owned()), ..request() }, &person);
        assert!(matches!(error, Err(ThirdPartyError::Expires(_))), "{expires}");
    }
    let denied = env.third_parties.deny(&request()).unwrap();
    assert_eq!(denied, format!("{URI}?error=access_denied&state=9%209%26"));
}

#[tokio::test]
async fn who_may_not_create_clients_allows_nothing() {
    let env = TestEnv::start(ResponseType::Code).await;
    let person = env.person(&["hooks:trigger-hook:*"]).await;
    let consent = env.third_parties.consent(&request(), &person).unwrap();
    assert!(consent.lacking[0].starts_with("auth:create-client:github/1|octocat/treeherder-"), "{:?}", consent.lacking);
    assert_eq!(env.third_parties.allow(&request(), &person).await.unwrap_err().code(), ErrorCode::InsufficientScopes);
}

#[tokio::test]
async fn a_client_loses_its_scopes_with_the_person_who_made_it() {
    let env = TestEnv::start(ResponseType::Code).await;
    let person = env.person(MAY_ALL).await;
    let code = code_of(&env.third_parties.allow(&request(), &person).await.unwrap());
    let token = env.third_parties.exchange("treeherder", URI, &code).await.unwrap();
    let client_id = env.third_parties.credentials(token.reveal()).await.unwrap().client_id;
    let is_disabled = async || {
        env.derived.check_all().await.unwrap();
        env.auth.client(&client_id).await.unwrap().disabled
    };
    assert!(!is_disabled().await);
    env.auth.delete_role("login-identity:github/1|octocat", "me").await.unwrap();
    assert!(is_disabled().await);
    let error = env.third_parties.credentials(token.reveal()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InsufficientScopes);
}

#[tokio::test]
async fn a_client_that_others_made_is_not_disabled() {
    let env = TestEnv::start(ResponseType::Code).await;
    let person = env.person(MAY_ALL).await;
    let client_id = "github/1|octocat/robot";
    let body = |scopes: &[&str]| ClientBody {
        description: String::new(),
        expires: env.clock.now() + TimeDelta::hours(1),
        scopes: Some(scopes.iter().map(|scope| (*scope).to_owned()).collect()),
        delete_on_expiration: false,
    };
    env.auth.create_client(client_id, body(&["a:lot"]), "me").await.unwrap();
    let error = env.derived.create(&person.identity, client_id, body(&[])).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::RequestConflict);
    env.derived.check_all().await.unwrap();
    assert!(!env.auth.client(client_id).await.unwrap().disabled);
}
