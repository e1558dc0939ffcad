//! Intake: what is taken in, what is published about it, and what is refused.

use db::outbox::EventFilter;
use protocol::{event::EventPayload, github::DeliveryState, schema};
use serde_json::{Value, json};

use super::{super::*, env::*};

/// The messages that were published: exchange, routing key and body.
async fn published(env: &TestEnv) -> Vec<(String, String, Value)> {
    let read = env.db.outbox(0).read(&EventFilter::everything(), 100).await.unwrap();
    let message = |event: &protocol::event::Event| match &event.payload {
        EventPayload::Service(event) => {
            let body = serde_json::from_str(&event.body).unwrap();
            Some((event.exchange.clone(), event.routing_key.clone(), body))
        }
        _ => None,
    };
    read.events.iter().filter_map(message).collect()
}

#[tokio::test]
async fn a_delivery_is_stored_and_published_once() {
    let env = TestEnv::start().await;
    assert_eq!(env.deliver("push", &id(1), &push("main")).await.unwrap(), Received::Stored);
    assert_eq!(env.deliver("push", &id(1), &push("main")).await.unwrap(), Received::Taken);
    assert_eq!(env.deliver("push", &id(1), &push("topic")).await.unwrap(), Received::Taken, "another body");
    let published = published(&env).await;
    assert_eq!(published.len(), 1);
    let (exchange, key, message) = &published[0];
    assert_eq!((exchange.as_str(), key.as_str()), ("push", "primary.mozilla.bal%rog"));
    assert_eq!(schema::check("github", "github-push-message", message), Ok(()));
    assert_eq!(message["body"]["ref"], "refs/heads/main");
    let stored = env.db.github_delivery(&id(1)).await.unwrap().unwrap();
    assert_eq!((stored.repository.as_str(), stored.subject.as_str()), ("mozilla/bal.rog", "branch/main"));
}

#[tokio::test]
async fn every_kind_of_delivery_has_its_exchange_and_its_schema() {
    let env = TestEnv::start().await;
    let repository = push("main")["repository"].clone();
    let base = json!({"action": "opened", "repository": repository, "installation": {"id": 5}, "sender": {"type": "User", "login": "ada"}});
    let with = |fields: Value| {
        let mut body = base.clone();
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        body
    };
    let request = json!({"number": 1, "title": "t", "user": {"login": "a"}, "head": {"sha": SHA, "ref": "topic"}});
    let issue = json!({"number": 1, "state": "open", "pull_request": {"url": ""}});
    let comment = json!({"body": "/taskcluster test", "user": {"login": "a"}});
    let bodies = [
        ("pull_request", with(json!({"pull_request": request})), "pull-request", "primary.mozilla.bal%rog.opened"),
        (
            "issue_comment",
            with(json!({"action": "created", "issue": issue, "comment": comment})),
            "pull-request",
            "primary.mozilla.bal%rog.created",
        ),
        (
            "release",
            with(json!({"action": "published", "release": {"tag_name": "v1"}})),
            "release",
            "primary.mozilla.bal%rog",
        ),
        (
            "check_run",
            with(json!({"action": "rerequested", "check_run": {"id": 1, "check_suite": {"id": 2}}})),
            "rerun",
            "primary.mozilla.bal%rog",
        ),
    ];
    for (number, (event, body, exchange, key)) in (1..).zip(bodies) {
        assert_eq!(env.deliver(event, &id(number), &body).await.unwrap(), Received::Stored, "{event}");
        let (found, found_key, message) = published(&env).await.pop().unwrap();
        assert_eq!((found.as_str(), found_key.as_str()), (exchange, key), "{event}");
        let schema = format!("github-{exchange}-message");
        assert_eq!(schema::check("github", &schema, &message), Ok(()), "{event}");
    }
}

#[tokio::test]
async fn what_is_of_no_interest_is_answered_and_not_published() {
    let env = TestEnv::start().await;
    let Received::Ignored(why) = env.deliver("star", &id(1), &json!({})).await.unwrap() else { panic!("taken in") };
    assert!(why.contains("no interest"), "{why}");
    let stored = env.db.github_delivery(&id(1)).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.reason), (DeliveryState::Ignored, Some(why)));
    assert!(published(&env).await.is_empty());
}

#[tokio::test]
async fn a_push_of_very_many_commits_is_published_without_them_and_stored_whole() {
    let env = TestEnv::start().await;
    let mut body = push("main");
    body["commits"] = json!(vec![json!({"modified": vec!["x".repeat(1000); 10]}); 300]);
    assert_eq!(env.deliver("push", &id(1), &body).await.unwrap(), Received::Stored);
    assert_eq!(published(&env).await[0].2["body"]["commits"], json!([]));
    assert_eq!(env.db.github_delivery(&id(1)).await.unwrap().unwrap().body, body.to_string());
}

#[tokio::test]
async fn nothing_that_is_unsigned_or_unreadable_is_stored() {
    let env = TestEnv::start().await;
    let good = push("main").to_string();
    let deleted = push("main").to_string().replace("\"name\":\"bal.rog\"", "\"name\":\"..\"");
    let deep = "[".repeat(1000);
    let first = id(1);
    let cases = [
        (Some("push"), Some(&*first), &*good, false, "X-Hub-Signature-256"),
        (None, Some(&*first), &*good, true, "X-GitHub-Event"),
        (Some("Push; x"), Some(&*first), &*good, true, "X-GitHub-Event"),
        (Some("push"), Some("../../x"), &*good, true, "X-GitHub-Delivery"),
        (Some("push"), Some(&*first), "payload=%7B%7D", true, "application/json"),
        (Some("push"), Some(&*first), &*deep, true, "application/json"),
        (Some("push"), Some(&*first), &*deleted, true, "repository.name"),
        (Some("push"), Some(&*first), "{}", true, "after"),
    ];
    for (event, delivery_id, body, signed, words) in cases {
        let signature = signed.then(|| sign(body.as_bytes()));
        let incoming = Incoming { event, delivery_id, signature: signature.as_deref(), body: body.as_bytes() };
        let error = env.github.check(&incoming).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(env.count("select 1 from github_delivery").await, 0);
}

#[tokio::test]
async fn a_delivery_without_an_id_is_known_by_its_body() {
    let env = TestEnv::start().await;
    let body = push("main").to_string();
    let signature = sign(body.as_bytes());
    let incoming =
        Incoming { event: Some("push"), delivery_id: None, signature: Some(&signature), body: body.as_bytes() };
    for expected in [Received::Stored, Received::Taken] {
        let checked = env.github.check(&incoming).unwrap();
        assert_eq!(env.github.receive(&checked).await.unwrap(), expected);
    }
    assert_eq!(schema::check("github", "github-push-message", &published(&env).await[0].2), Ok(()));
}

#[tokio::test]
async fn statuses_and_comments_wait_for_github_where_the_app_is_installed() {
    let env = TestEnv::start().await;
    let repository = protocol::github::Repository::new("mozilla", "balrog").unwrap();
    let status = || CommitStatus { state: "success".to_owned(), target_url: None, description: None, context: None };
    let refused = env.github.create_status(&repository, SHA, status()).await.unwrap_err();
    assert!(matches!(refused, GithubError::NotInstalled(_)), "{refused}");
    let installed = json!({"action": "created", "installation": {"id": 5, "account": {"login": "Mozilla"}}});
    assert_eq!(env.deliver("installation", &id(1), &installed).await.unwrap(), Received::Stored);
    assert!(env.github.is_installed(&repository).await.unwrap());
    for _ in 0..2 {
        env.github.create_status(&repository, SHA, status()).await.unwrap();
        env.github.create_comment(&repository, "7", "hello").await.unwrap();
    }
    assert_eq!(env.count("select 1 from github_report where version = 1").await, 2, "repeats change nothing");
    for (sha, number, body) in [("main", "7", "x"), (SHA, "0", "x"), (SHA, "7", " ")] {
        let status = env.github.create_status(&repository, sha, status()).await;
        let comment = env.github.create_comment(&repository, number, body).await;
        assert!(status.is_err() || comment.is_err(), "{sha} {number} {body}");
    }
}
