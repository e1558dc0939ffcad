use base::{KeyRing, Rng, SealingKey};
use chrono::TimeDelta;
use protocol::event::{EventKind, EventPayload};

use super::*;
use crate::testing::TestDatabase;

fn now() -> protocol::time::Timestamp {
    chrono::DateTime::from_timestamp_millis(1_700_000_000_000).unwrap()
}

fn sealed(token: &str) -> base::SealedText {
    let rng = Rng::seeded(7);
    KeyRing::new(&[SealingKey::make("k", &rng)]).unwrap().seal(token, "p", &rng)
}

fn by() -> By {
    By { client_id: "me".to_owned(), trace: None }
}

fn client(client_id: &str) -> NewClient {
    NewClient {
        client_id: client_id.to_owned(),
        description: "d".to_owned(),
        sealed_access_token: sealed("t"),
        scopes: vec!["a".to_owned(), "b*".to_owned()],
        expires: now() + TimeDelta::hours(1),
        delete_on_expiration: true,
    }
}

fn role<'a>(role_id: &'a str, scopes: &'a [String], create: bool, roles_version: i64) -> RoleWrite<'a> {
    RoleWrite { role_id, scopes, description: "d", create, roles_version }
}

#[tokio::test]
async fn an_identical_repeat_answers_the_first_client_for_a_quarter_of_an_hour() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let first = db.client_create(&client("c"), &by(), now()).await.unwrap();
    assert!(first.fresh && first.same);

    let repeat = NewClient { sealed_access_token: sealed("other"), ..client("c") };
    let again = db.client_create(&repeat, &by(), now() + TimeDelta::minutes(14)).await.unwrap();
    assert!(!again.fresh && again.same);
    assert_eq!(again.client, first.client);
    let late = db.client_create(&repeat, &by(), now() + TimeDelta::minutes(15)).await.unwrap();
    assert!(!late.same);
    let other = NewClient { description: "other".to_owned(), ..client("c") };
    assert!(!db.client_create(&other, &by(), now()).await.unwrap().same);
}

#[tokio::test]
async fn every_change_is_kept_told_and_counted() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let before = db.auth_versions().await.unwrap();
    db.client_create(&client("c"), &by(), now()).await.unwrap();
    let change = ClientChange { disabled: Some(true), ..ClientChange::default() };
    let changed = db.client_change("c", &change, "client disabled", &by(), now()).await.unwrap();
    let ClientChanged::Done(changed) = changed else { panic!("{changed:?}") };
    assert!(changed.disabled && changed.scopes == ["a", "b*"]);
    assert!(db.client_delete("c", &by(), now()).await.unwrap());
    assert!(!db.client_delete("c", &by(), now()).await.unwrap());
    let gone = db.client_change("c", &change, "client disabled", &by(), now()).await.unwrap();
    assert_eq!(gone, ClientChanged::Missing);

    let of = AuditQuery::Entity { kind: "client", id: "c" };
    let lines = db.audit(of, None, 10).await.unwrap();
    let words: Vec<&str> = lines.iter().map(|line| line.action_type.as_str()).collect();
    assert_eq!(words, ["created", "client disabled", "deleted"]);
    assert_eq!(db.audit(AuditQuery::By("me"), Some(lines[0].seq), 1).await.unwrap(), lines[1..2]);
    assert_eq!(db.auth_versions().await.unwrap().clients, before.clients + 3);

    let mut outbox = db.outbox(0);
    assert!(outbox.hold().await.unwrap());
    let written = outbox.read(&crate::outbox::EventFilter::everything(), 10).await.unwrap();
    let kinds: Vec<EventKind> = written.events.iter().map(protocol::event::Event::kind).collect();
    assert_eq!(kinds, [EventKind::ClientCreated, EventKind::ClientUpdated, EventKind::ClientDeleted]);
    assert!(
        written
            .events
            .iter()
            .all(|event| matches!(&event.payload, EventPayload::Client(payload) if payload.client_id == "c"))
    );
}

#[tokio::test]
async fn roles_are_written_only_by_those_who_saw_the_latest() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let version = db.auth_versions().await.unwrap().roles;
    let (a, b) = (["a".to_owned()], ["b".to_owned()]);
    let write = async |write: RoleWrite<'_>| db.role_write(&write, &by(), now()).await.unwrap();

    assert!(matches!(write(role("r", &a, true, version)).await, RoleWritten::Done(row) if row.scopes == ["a"]));
    assert_eq!(write(role("s", &a, true, version)).await, RoleWritten::Outdated);
    assert!(matches!(write(role("r", &a, true, version + 1)).await, RoleWritten::Same(_)));
    assert_eq!(write(role("r", &b, true, version + 1)).await, RoleWritten::Differs);
    assert_eq!(write(role("s", &b, false, version + 1)).await, RoleWritten::Missing);
    assert!(matches!(write(role("r", &b, false, version + 1)).await, RoleWritten::Done(row) if row.scopes == ["b"]));
    assert_eq!(db.all_roles().await.unwrap().len(), 1);
    assert!(db.role_delete("r", &by(), now()).await.unwrap());
    assert!(!db.role_delete("r", &by(), now()).await.unwrap());
}

#[tokio::test]
async fn clients_of_the_settings_are_just_those_of_the_settings() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    let given = |client_id: &str, token: &str, changed: bool, scopes: &[&str]| StaticClientRow {
        client_id: client_id.to_owned(),
        description: "d".to_owned(),
        sealed_access_token: sealed(token),
        changed,
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
    };
    let both = [given("static/a", "one", true, &["*"]), given("static/b", "two", true, &[])];
    assert_eq!(db.static_clients(&both, now()).await.unwrap(), 2);
    let version = db.auth_versions().await.unwrap().clients;
    let same = [given("static/a", "one", false, &["*"]), given("static/b", "two", false, &[])];
    assert_eq!(db.static_clients(&same, now()).await.unwrap(), 0);
    assert_eq!(db.auth_versions().await.unwrap().clients, version);

    assert_eq!(db.static_clients(&[given("static/a", "three", true, &["x", "y"])], now()).await.unwrap(), 2);
    let left = db.all_clients().await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].sealed_access_token.clone(), left[0].scopes.len()), (sealed("three"), 2));
}

#[tokio::test]
async fn clients_that_asked_for_it_go_when_they_expire() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    db.client_create(&client("goes"), &by(), now()).await.unwrap();
    let stays = NewClient { delete_on_expiration: false, ..client("stays") };
    db.client_create(&stays, &by(), now()).await.unwrap();
    assert_eq!(db.expire_auth("sweep", 10, now()).await.unwrap(), 0);
    assert_eq!(db.expire_auth("sweep", 10, now() + TimeDelta::hours(2)).await.unwrap(), 1);
    let left: Vec<String> = db.clients("", None, 10).await.unwrap().into_iter().map(|row| row.client_id).collect();
    assert_eq!(left, ["stays"]);
    let lines = db.audit(AuditQuery::By("sweep"), None, 10).await.unwrap();
    assert_eq!((lines.len(), lines[0].action_type.as_str()), (1, "expired"));
    db.expire_auth("sweep", 10, now() + TimeDelta::days(31)).await.unwrap();
    assert!(db.audit(AuditQuery::By("me"), None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn uses_are_noted_and_tokens_sealed_anew() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    db.client_create(&client("c"), &by(), now()).await.unwrap();
    let later = now() + TimeDelta::hours(7);
    db.clients_used(&["c".to_owned()], later).await.unwrap();
    db.clients_used(&["c".to_owned()], now()).await.unwrap();
    let stored = db.client("c").await.unwrap().unwrap();
    assert_eq!(stored.last_date_used, later);
    assert!(db.client_reseal("c", &stored.sealed_access_token, &sealed("again")).await.unwrap());
    assert!(!db.client_reseal("c", &stored.sealed_access_token, &sealed("late")).await.unwrap());
    assert_eq!(db.client("c").await.unwrap().unwrap().sealed_access_token, sealed("again"));
}

#[tokio::test]
async fn a_client_is_not_changed_once_a_scope_to_keep_is_gone() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    db.client_create(&client("c"), &by(), now()).await.unwrap();
    let texts = |scopes: &[&str]| Some(scopes.iter().map(|&scope| scope.to_owned()).collect::<Vec<_>>());
    let change = |kept| ClientChange { scopes: texts(&["a", "z"]), kept, ..ClientChange::default() };
    let changed = db.client_change("c", &change(texts(&["a"])), "updated", &by(), now()).await.unwrap();
    assert!(matches!(changed, ClientChanged::Done(row) if row.scopes == ["a", "z"]));
    let before = db.auth_versions().await.unwrap();
    let late = db.client_change("c", &change(texts(&["a", "b*"])), "updated", &by(), now()).await.unwrap();
    assert_eq!(late, ClientChanged::Outdated);
    assert_eq!(db.auth_versions().await.unwrap(), before, "nothing was written");
    let any = db.client_change("c", &change(None), "updated", &by(), now()).await.unwrap();
    assert!(matches!(any, ClientChanged::Done(_)));
}

/// The creation finds the old client in its way, and it is gone by the time its row is read.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_deleted_while_it_is_created_anew_is_created() {
    let database = TestDatabase::create().await;
    let db = database.db().await;
    for round in 0..30 {
        let id = format!("c{round}");
        db.client_create(&client(&id), &by(), now()).await.unwrap();
        let other = NewClient { description: "other".to_owned(), ..client(&id) };
        let by = by();
        let (created, deleted) = tokio::join!(db.client_create(&other, &by, now()), db.client_delete(&id, &by, now()));
        assert!(deleted.unwrap());
        // Either the first was in the way, or it is gone and the second was made.
        let created = created.unwrap();
        assert_eq!(created.fresh, created.same, "round {round}");
    }
}
