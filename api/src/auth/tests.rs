use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actors::auth::{RoleRow, Roles};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use protocol::{
    certificate::{self, Certificate, CertificateError, Credentials, Order},
    hawk::{self, Bewit},
    scope::{ScopeExpression, ScopeSet},
    time::Timestamp,
};
use serde_json::{Value, json};

use super::*;

const TOKEN: &str = "dGVzdC1hY2Nlc3MtdG9rZW4tZm9yLXRlc3RzLTAwMDAwMQ";
const REQUEST: Signed<'static> =
    Signed { method: "GET", resource: "/api/queue/v1/task-queues?limit=5", host: "env.example", port: 443 };

const NOTHING: [&str; 0] = [];

fn now() -> Timestamp {
    Timestamp::from_timestamp_millis(1_700_000_000_000).unwrap()
}

fn clients() -> Clients {
    let ended = Client::lasting("ended", TOKEN, NOTHING).until(now() - TimeDelta::seconds(1));
    let off = Client::lasting("off", TOKEN, NOTHING).disabled();
    let user = ["conf:one:*", "conf:two", "auth:create-client:named/*"];
    Clients::fixed([Client::lasting("user", TOKEN, user), ended, off], "queue-token-queue-token-queue")
}

/// Signs the request as `id` and has it judged.
fn judge(id: &str, key: &str, ext: &Value, at: Timestamp) -> Result<Caller, AuthenticationError> {
    judge_among(&clients(), id, key, ext, at)
}

fn judge_among(
    clients: &Clients,
    id: &str,
    key: &str,
    ext: &Value,
    at: Timestamp,
) -> Result<Caller, AuthenticationError> {
    let ext = if ext.is_null() { String::new() } else { STANDARD.encode(ext.to_string()) };
    let seconds = at.timestamp().to_string();
    let signing = hawk::Signed {
        timestamp: &seconds,
        nonce: "n",
        method: REQUEST.method,
        resource: REQUEST.resource,
        host: REQUEST.host,
        port: REQUEST.port,
        hash: "",
        ext: &ext,
    };
    let header = signing.header(id, key);
    authenticate(clients, &Signature::find(Some(&header), None)?, REQUEST, now())
}

fn temporary(name: Option<&str>, scopes: &[&str]) -> Credentials {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    let order = Order { name, scopes, start: now(), expiry: now() + TimeDelta::hours(1) };
    certificate::issue("user", TOKEN, order, [3; 32])
}

fn judge_temporary(
    credentials: &Credentials,
    change: impl FnOnce(&mut Certificate),
) -> Result<Caller, AuthenticationError> {
    let mut certificate = serde_json::from_str(credentials.certificate.as_ref().unwrap()).unwrap();
    change(&mut certificate);
    judge(&credentials.client_id, &credentials.access_token, &json!({ "certificate": certificate }), now())
}

#[test]
fn a_known_client_with_its_token_is_believed() {
    let caller = judge("user", TOKEN, &Value::Null, now()).unwrap();
    assert_eq!(caller.client_id.as_deref(), Some("user"));
    assert!(caller.scopes.satisfies("conf:one:x") && caller.scopes.satisfies("assume:anonymous"));
    assert!(!caller.scopes.satisfies("conf:three"));
}

#[test]
fn everybody_else_is_told_why_not() {
    let cases = [
        ("user", "another-token", now(), "Unauthorized: Bad mac"),
        ("nobody", TOKEN, now(), "Client with clientId 'nobody' not found"),
        ("off", TOKEN, now(), "Client with clientId 'off' is disabled"),
        ("ended", TOKEN, now(), "Client with clientId: 'ended' has expired"),
        ("user", TOKEN, now() - TimeDelta::seconds(901), "Unauthorized: Stale timestamp"),
        ("user", TOKEN, now() + TimeDelta::seconds(901), "Unauthorized: Stale timestamp"),
    ];
    for (id, key, at, message) in cases {
        assert_eq!(judge(id, key, &Value::Null, at).unwrap_err().to_string(), message);
    }
    assert!(judge("user", TOKEN, &Value::Null, now() - TimeDelta::seconds(900)).is_ok());
}

#[test]
fn an_unsigned_request_is_anonymous() {
    let caller = authenticate(&clients(), &Signature::Absent, REQUEST, now()).unwrap();
    assert_eq!((caller.client_id, caller.scopes.as_slice()), (None, &["assume:anonymous".to_owned()][..]));
}

#[test]
fn temporary_credentials_hold_what_they_were_given() {
    let caller = judge_temporary(&temporary(None, &["conf:one:sub"]), |_| {}).unwrap();
    assert!(caller.scopes.satisfies("conf:one:sub") && !caller.scopes.satisfies("conf:two"));
    assert_eq!(caller.expires, Some(now() + TimeDelta::hours(1)));
}

#[test]
fn nobody_can_give_what_they_lack() {
    let lacking = judge_temporary(&temporary(None, &["conf:one:sub", "conf:three"]), |_| {});
    assert!(matches!(lacking, Err(AuthenticationError::IssuerLacks { scope, .. }) if scope == "conf:three"));
    let named = judge_temporary(&temporary(Some("other/x"), &[]), |_| {});
    assert!(
        matches!(named, Err(AuthenticationError::IssuerLacks { scope, .. }) if scope == "auth:create-client:other/x")
    );
    let caller = judge_temporary(&temporary(Some("named/x"), &["conf:two"]), |_| {}).unwrap();
    assert_eq!(caller.client_id.as_deref(), Some("named/x"));
}

#[test]
fn a_tampered_certificate_is_refused() {
    let credentials = temporary(None, &["conf:one:sub"]);
    assert!(judge_temporary(&credentials, |it| it.scopes.push("conf:two".to_owned())).is_err());
    assert!(judge_temporary(&credentials, |it| it.expiry += 1).is_err());
    assert!(judge_temporary(&credentials, |it| it.version = 2).is_err());
    let own = judge_temporary(&credentials, |it| it.issuer = Some("user".to_owned()));
    assert_eq!(own.unwrap_err(), AuthenticationError::OwnIssuer);
}

#[test]
fn authorized_scopes_restrict_and_never_add() {
    let with = |scopes: Value| judge("user", TOKEN, &json!({ "authorizedScopes": scopes }), now());
    let caller = with(json!(["conf:one:x"])).unwrap();
    assert!(caller.scopes.satisfies("conf:one:x") && !caller.scopes.satisfies("conf:two"));
    assert_eq!(
        with(json!(["conf:three"])).unwrap_err(),
        AuthenticationError::AuthorizedScopes("conf:three".to_owned())
    );
    assert_eq!(with(json!([])).unwrap().scopes.as_slice(), ["assume:anonymous"]);
    assert!(matches!(with(json!("conf:two")), Err(AuthenticationError::Ext(_))));
}

#[test]
fn a_signed_url_is_good_for_reading_until_its_time() {
    let Signed { resource, host, port, .. } = REQUEST;
    let judge = |expiry: i64, method: &'static str| {
        let text = Bewit::sign("user", TOKEN, expiry, resource, host, port, "");
        let signature = Signature::find(None, Some(&text))?;
        authenticate(&clients(), &signature, Signed { method, ..REQUEST }, now())
    };
    let seconds = now().timestamp();
    assert!(judge(seconds + 1, "GET").is_ok() && judge(seconds + 1, "HEAD").is_ok());
    assert_eq!(judge(seconds, "GET").unwrap_err(), AuthenticationError::BewitExpired);
    assert_eq!(judge(seconds + 60, "POST").unwrap_err(), AuthenticationError::BewitMethod);
    let month = 30 * 24 * 60 * 60;
    assert!(judge(seconds + month, "GET").is_ok());
    for longer in [seconds + month + 1, i64::MAX] {
        let refused = judge(longer, "GET").unwrap_err();
        assert!(refused.to_string().contains("longer than the 30 days"), "{refused}");
    }
    let short = clients().with_longest_bewit(TimeDelta::hours(1));
    let text = Bewit::sign("user", TOKEN, seconds + 3601, resource, host, port, "");
    let signature = Signature::find(None, Some(&text)).unwrap();
    let refused = authenticate(&short, &signature, REQUEST, now()).unwrap_err();
    assert_eq!(refused, AuthenticationError::BewitTooLong(TimeDelta::hours(1)));
    assert_eq!(Signature::find(Some("Hawk"), Some("x")).unwrap_err(), AuthenticationError::TwoSignatures);
}

#[test]
fn a_refusal_names_what_is_missing_and_what_is_required() {
    let caller =
        Caller { client_id: Some("me".to_owned()), scopes: Arc::new(ScopeSet::new(["a"])), expires: None, hash: None };
    let required = ScopeExpression::AllOf(vec!["a".into(), "b".into()]);
    let message = format!("{:?}", insufficient(&caller, &required));
    assert!(message.contains("`me`") && message.contains("```\\nb\\n```") && message.contains("AllOf"), "{message}");
    assert!(message.contains("smallestGrant") && message.contains("or one of its roles"), "{message}");
}

fn roles(list: &[(&str, &[&str])]) -> Roles {
    let row = |(role_id, scopes): &(&str, &[&str])| RoleRow {
        role_id: (*role_id).to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        description: String::new(),
        created: now(),
        last_modified: now(),
    };
    Roles::compile(list.iter().map(row).collect()).unwrap()
}

#[test]
fn roles_widen_what_is_held_and_what_may_be_given() {
    let client = Client::lasting("user", TOKEN, ["assume:team:x"]);
    let given: &[(&str, &[&str])] = &[("team:*", &["conf:<..>:*"]), ("anonymous", &["public"])];
    let clients = Clients::fixed([client], "queue-token").with_roles(roles(given));
    let caller = judge_among(&clients, "user", TOKEN, &Value::Null, now()).unwrap();
    assert!(caller.scopes.satisfies("conf:x:y") && caller.scopes.satisfies("public"));

    let credentials = temporary(None, &["conf:x:y"]);
    let certificate: Value = serde_json::from_str(credentials.certificate.as_ref().unwrap()).unwrap();
    let with = |ext: Value| judge_among(&clients, "user", &credentials.access_token, &ext, now());
    let caller = with(json!({ "certificate": certificate })).unwrap();
    assert!(caller.scopes.satisfies("conf:x:y") && !caller.scopes.satisfies("conf:x:z"));
    let narrow = with(json!({ "certificate": certificate, "authorizedScopes": ["public"] })).unwrap();
    assert_eq!(narrow.scopes.as_slice(), ["assume:anonymous", "public"]);
    let anybody = authenticate(&clients, &Signature::Absent, REQUEST, now()).unwrap();
    assert!(anybody.scopes.satisfies("public"));
}

#[test]
fn what_was_found_good_once_is_looked_at_again_as_far_as_it_can_change() {
    let clients = clients();
    let credentials = temporary(None, &["conf:two"]);
    let certificate: Value = serde_json::from_str(credentials.certificate.as_ref().unwrap()).unwrap();
    let ext = STANDARD.encode(json!({ "certificate": certificate }).to_string());
    let judge = |key: &str, at: Timestamp| {
        let Signed { method, resource, host, port } = REQUEST;
        let timestamp = &at.timestamp().to_string();
        let signing = hawk::Signed { timestamp, nonce: "n", method, resource, host, port, hash: "", ext: &ext };
        let header = signing.header("user", key);
        authenticate(&clients, &Signature::find(Some(&header), None)?, REQUEST, at)
    };
    let key = credentials.access_token.as_str();
    let first = judge(key, now()).unwrap();
    let again = judge(key, now()).unwrap();
    assert!(Arc::ptr_eq(&first.scopes, &again.scopes), "the work was done once");
    assert_eq!(judge("another-key", now()).unwrap_err().to_string(), "Unauthorized: Bad mac");
    let later = judge(key, now() + TimeDelta::minutes(66)).unwrap_err();
    assert_eq!(later, AuthenticationError::Certificate(CertificateError::Expired));
}

/// Credentials of 200 scopes beside 500 roles, a tenth of which they reach.
#[test]
#[ignore = "prints how fast temporary credentials are judged; run it alone, in release"]
fn how_fast() {
    let own = (0..150).map(|n| format!("queue:route:index.project-{n}.*"));
    let scopes: Vec<String> = own.chain((0..50).map(|n| format!("assume:repo:example.com/project-{n}:main"))).collect();
    let names: Vec<String> = (0..500).map(|n| format!("repo:example.com/project-{n}:*")).collect();
    let given = || names.iter().map(|it| (it.as_str(), &["secrets:get:<..>", "a", "b"][..])).collect::<Vec<_>>();
    let env = || {
        let issuer = Client::lasting("user", TOKEN, ["queue:*", "assume:*"]);
        Clients::fixed([issuer], "queue-token").with_roles(roles(&given()))
    };
    let credentials = temporary(None, &scopes.iter().map(String::as_str).collect::<Vec<_>>());
    let certificate: Value = serde_json::from_str(credentials.certificate.as_ref().unwrap()).unwrap();
    let ext = STANDARD.encode(json!({ "certificate": certificate }).to_string());
    let Signed { method, resource, host, port } = REQUEST;
    let timestamp = &now().timestamp().to_string();
    let signing = hawk::Signed { timestamp, nonce: "n", method, resource, host, port, hash: "", ext: &ext };
    let header = signing.header("user", &credentials.access_token);
    let judge = |clients: &Clients| {
        let begun = Instant::now();
        authenticate(clients, &Signature::find(Some(&header), None).unwrap(), REQUEST, now()).unwrap();
        begun.elapsed()
    };
    let (clients, rounds) = (env(), 200);
    judge(&clients);
    let again: Duration = (0..rounds).map(|_| judge(&clients)).sum();
    let first: Duration = (0..rounds).map(|_| judge(&env())).sum();
    println!("{:?} for the first request of credentials, {:?} for each further one", first / rounds, again / rounds);
}

/// Who has no key must not have scopes looked up, however many they say they are held to.
#[test]
fn scopes_are_looked_at_only_after_the_signature() {
    let many = json!({ "authorizedScopes": ["conf:three"] });
    assert_eq!(judge("user", "another-token", &many, now()).unwrap_err().to_string(), "Unauthorized: Bad mac");
    assert!(
        matches!(judge("user", TOKEN, &many, now()), Err(AuthenticationError::AuthorizedScopes(scope)) if scope == "conf:three")
    );
}

#[test]
fn a_client_whose_scopes_come_to_too_many_is_told_so() {
    let endless = [("x*", &["<..>"][..]), ("y*", &["assume:xassume:yassume:y<..>"])];
    let clients = Clients::fixed([Client::lasting("user", TOKEN, ["assume:yz"])], "queue-token-queue-token-queue")
        .with_roles(roles(&endless));
    let refused = judge_among(&clients, "user", TOKEN, &Value::Null, now()).unwrap_err();
    assert!(refused.to_string().contains("more than 100000 scopes"), "{refused}");
}
