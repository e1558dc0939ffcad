use serde_json::json;

use super::*;

fn email(changes: &serde_json::Value) -> Notification {
    let mut body = json!({"address": "a@example.com", "subject": "s", "content": "c"});
    let fields = body.as_object_mut().unwrap();
    changes.as_object().unwrap().iter().for_each(|(name, value)| _ = fields.insert(name.clone(), value.clone()));
    Notification::Email(serde_json::from_value(body).unwrap())
}

#[test]
fn no_field_can_begin_another_header() {
    for (field, pointer) in
        [("subject", "/payload/subject"), ("address", "/payload/address"), ("replyTo", "/payload/replyTo")]
    {
        for text in [
            "a@example.com\r\nBcc: b@example.com",
            "a@example.com\nx",
            "a@example.com\r",
            "\u{2028}a@example.com",
            "a\0b@x",
        ] {
            let error = email(&json!({ field: text })).check().unwrap_err();
            assert_eq!(error.pointer, pointer, "{text:?}");
        }
    }
    let link = |text: &str, href: &str| email(&json!({ "link": { "text": text, "href": href } })).check();
    assert_eq!(link("a\nb", "https://example.com").unwrap_err().pointer, "/payload/link/text");
    for href in [
        "javascript:alert(1)",
        "JavaScript://example.com/%0aalert(1)",
        "data:text/html,x",
        "https://a\r\nb",
        "ftp://x",
        "https://a\"b",
    ] {
        assert_eq!(link("t", href).unwrap_err().pointer, "/payload/link/href", "{href}");
    }
    assert_eq!(link("Task", "HTTPS://example.com/tasks/x?y=1#z"), Ok(()));
}

#[test]
fn only_bare_addresses_are_taken() {
    for address in [
        "a@example.com",
        "first.last+tag@sub.example.co",
        "jörg@bücher.example",
        "o'neil@localhost",
        "a@xn--bcher-kva.example",
    ] {
        assert_eq!(email_address("/a", address), Ok(()), "{address}");
    }
    let long = format!("{}@example.com", "a".repeat(65));
    let longer = format!("a@{}.com", "b".repeat(252));
    for address in [
        "no-mail",
        "@example.com",
        "a@",
        "a b@example.com",
        "\"a b\"@example.com",
        "\"a\"@example.com",
        "Name <a@example.com>",
        "a@b@c",
        "a..b@example.com",
        ".a@example.com",
        "a@example..com",
        "a@-example.com",
        "a,b@example.com",
        "<a@example.com>",
        "a\u{200b}b@example.com",
        "a@exam\u{202e}ple.com",
        "",
        &long,
        &longer,
    ] {
        assert!(email_address("/a", address).is_err(), "{address}");
    }
}

#[test]
fn limits_are_those_of_what_comes_next() {
    assert!(email(&json!({ "content": "é".repeat(102_400) })).check().is_ok());
    assert!(email(&json!({ "content": "x".repeat(102_401) })).check().is_err());
    let pulse = |key: String| Notification::Pulse(PulseMessage { routing_key: key, message: serde_json::Map::new() });
    assert!(pulse("x".repeat(100)).check().is_ok());
    assert_eq!(pulse("é".repeat(51)).check().unwrap_err().pointer, "/payload/routingKey");
    let matrix = |body: &str| json!({ "roomId": "!a/b:example.com", "body": body, "msgtype": "m.notice" });
    let matrix = |body: &str| Notification::Matrix(serde_json::from_value(matrix(body)).unwrap());
    assert!(matrix("b").check().is_ok());
    assert!(matrix(&"b".repeat(60_001)).check().is_err());
    let slack = |text: &str, blocks| json!({ "channelId": "C1", "text": text, "blocks": vec![json!({}); blocks] });
    let slack = |text: &str, blocks| Notification::Slack(serde_json::from_value(slack(text, blocks)).unwrap());
    assert!(slack("t", 50).check().is_ok());
    assert_eq!(slack("t", 51).check().unwrap_err().pointer, "/payload/blocks");
    assert_eq!(slack(&"t".repeat(40_001), 0).check().unwrap_err().pointer, "/payload/text");
}

#[test]
fn a_message_is_published_under_its_key_and_its_route() {
    let message = PulseMessage { routing_key: "a.b".to_owned(), message: serde_json::Map::new() };
    assert_eq!(message.key().as_deref(), Ok("primary.a.b"));
    assert_eq!(
        (message.cc(), message.body()),
        (vec!["route.a.b".to_owned()], r#"{"message":{},"version":1}"#.to_owned())
    );
}

#[test]
fn a_summary_is_one_short_line() {
    let summary = email(&json!({ "subject": "é".repeat(200) })).summary();
    assert_eq!(summary.chars().count(), 120);
    let slack = json!({ "channelId": "C1", "text": "one\u{7}\ntwo" });
    assert_eq!(Notification::Slack(serde_json::from_value(slack).unwrap()).summary(), "one");
}
