//! What the specification does not say: context, functions, errors.

#![allow(clippy::unwrap_used, reason = "tests")]

use jsone::{Context, ErrorKind, Function, Limits, Segment, Value};
use serde_json::json;

fn context() -> Context {
    Context::new("2026-11-27T12:00:00.000Z".parse().unwrap())
}

fn render_with(context: &Context, template: &serde_json::Value) -> Result<serde_json::Value, jsone::Error> {
    jsone::render(&Value::try_from(template)?, context, &Limits::default()).map(|value| (&value).into())
}

fn render(template: &serde_json::Value) -> Result<serde_json::Value, jsone::Error> {
    render_with(&context(), template)
}

#[test]
fn now_is_that_of_the_context() {
    assert_eq!(render(&json!("${now}")).unwrap(), "2026-11-27T12:00:00.000Z");
    let mut context = context();
    context.set("now", "2017-01-19T16:27:20.974Z").unwrap();
    assert_eq!(render_with(&context, &json!("${now}")).unwrap(), "2017-01-19T16:27:20.974Z");
    let relative = json!([{"$fromNow": "1 day"}, "${fromNow('1 day')}", {"$fromNow": "1 day", "from": ""}]);
    assert_eq!(render_with(&context, &relative).unwrap(), json!(["2017-01-20T16:27:20.974Z"].repeat(3)));
    let inner = json!({"$let": {"now": "2020-02-28T00:00:00.000Z"}, "in": {"$fromNow": "1 day"}});
    assert_eq!(render_with(&context, &inner).unwrap(), "2020-02-29T00:00:00.000Z");
}

#[test]
fn functions_come_with_the_context() {
    let mut context = context();
    let slug = |arguments: &[Value]| match arguments {
        [Value::String(label)] => Ok(Value::from(format!("slug-of-{label}"))),
        _ => Err("as_slugid expects a string".to_owned()),
    };
    context.set("as_slugid", Function::new("as_slugid", slug)).unwrap();
    assert_eq!(
        render_with(&context, &json!({"taskId": "${as_slugid('build')}"})).unwrap(),
        json!({"taskId": "slug-of-build"})
    );
    assert_eq!(
        render_with(&context, &json!({"$eval": "as_slugid == as_slugid && typeof(as_slugid) == 'function'"})).unwrap(),
        true
    );
    let error = render_with(&context, &json!({"a": {"$eval": "as_slugid(1)"}})).unwrap_err();
    assert_eq!(error.to_string(), "InterpreterError at template.a: as_slugid expects a string");
    for template in [
        json!({"$eval": "as_slugid"}),
        json!({"a": [{"$eval": "min"}]}),
        json!("${min}"),
        json!({"$json": {"$eval": "min"}}),
    ] {
        let error = render_with(&context, &template).unwrap_err();
        assert_eq!(error.message(), "evaluated template contained uncalled functions");
    }
}

#[test]
fn the_context_may_replace_a_builtin_but_not_have_other_names() {
    let mut context = context();
    context.set("min", 5_usize).unwrap();
    assert_eq!(render_with(&context, &json!({"$eval": "min"})).unwrap(), 5);
    assert_eq!(context.set("a b", 1_usize).unwrap_err().kind(), ErrorKind::Template);
    assert!(context.extend(&Value::from("text")).is_err());
}

#[test]
fn errors_say_where_in_template_and_expression() {
    let error = render(&json!({"tasks": [{"$let": {"x": 1}, "in": {"a b": "1 ${x + missing} 2"}}]})).unwrap_err();
    assert_eq!(error.to_string(), "InterpreterError at template.tasks[0][\"a b\"]: unknown context value missing");
    let path: Vec<_> = error.path().cloned().collect();
    let key = |key: &str| Segment::Key(key.into());
    assert_eq!(path, [key("tasks"), Segment::Index(0), Segment::Operand("in".into()), key("a b")]);
    let position = error.position().unwrap();
    assert_eq!((position.expression.as_str(), position.offset), ("x + missing} 2", 4));
    for (source, offset) in
        [("1 + 2 - 'a' * 1", 12), ("1 + 2 - 'a'", 6), ("[1].a", 3), ("1 ** null", 2), ("1 + )", 4), ("1 $", 2)]
    {
        let position = render(&json!({"$eval": source})).unwrap_err().position().unwrap();
        assert_eq!(position.offset, offset, "{source}");
    }
}

#[test]
fn errors_quote_no_more_than_they_need() {
    let long = "x".repeat(60_000);
    for template in
        [json!({"$eval": format!("'{long}' $")}), json!({"$if": "true", &long: 1}), json!({&long: {"$eval": 1}})]
    {
        let error = render(&template).unwrap_err();
        assert!(error.to_string().len() < 1_000, "{}", error.to_string().len());
    }
}

#[test]
fn keys_that_others_take_for_known_ones_are_refused() {
    let error = render(&json!({"$if": "false", "then": 1, "$else": 2})).unwrap_err();
    assert_eq!(error.to_string(), "TemplateError: $if has undefined properties: $else");
    let error = render(&json!({"$if": "true", "$then": 1})).unwrap_err();
    assert_eq!(error.to_string(), "TemplateError: $if Syntax error: $then: should be spelled then: (no $)");
}

#[test]
fn numbers_are_floats_and_printed_as_javascript_does() {
    let template = json!(["${9007199254740993}", {"$eval": "9007199254740993"}, "${1 / 3}", "${10 ** 21}", "${-0}", {"$eval": "0 * -1"}]);
    let expected = json!(["9007199254740992", 9_007_199_254_740_992_i64, "0.3333333333333333", "1e+21", "0", 0]);
    assert_eq!(render(&template).unwrap(), expected);
    assert_eq!(render(&json!([{"$eval": "number('x')"}, "${number('x')}"])).unwrap(), json!([null, "NaN"]));
}

#[test]
fn texts_are_counted_in_characters_and_sorted_as_utf_16() {
    let template = json!([{"$eval": "len('a😀b')"}, {"$eval": "'a😀b'[1:2]"}, {"$eval": "'a😀b'[-1]"}, {"$eval": "split('a😀', '')"}]);
    assert_eq!(render(&template).unwrap(), json!([3, "😀", "b", ["a", "😀"]]));
    assert_eq!(render(&json!({"$sort": ["\u{ff5e}", "😀"]})).unwrap(), json!(["😀", "\u{ff5e}"]));
}
