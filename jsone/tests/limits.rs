//! What callers without credentials could send to use up time, memory or stack.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Instant;

use jsone::{Context, ErrorKind, Limits, Map, Value};
use serde_json::json;

fn context() -> Context {
    Context::new("2026-11-27T12:00:00.000Z".parse().unwrap())
}

fn render(template: &serde_json::Value) -> Result<Value, jsone::Error> {
    jsone::render(&Value::try_from(template)?, &context(), &Limits::default())
}

/// The template ends with an error that names the limit.
#[track_caller]
fn expect_limit(template: &serde_json::Value, limit: &str) {
    let error = render(template).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
    assert_eq!(error.message(), limit, "{error}");
}

fn nested_list(levels: usize) -> serde_json::Value {
    (0..levels).fold(json!(0), |inner, _| json!([inner]))
}

fn eval(source: impl AsRef<str>) -> serde_json::Value {
    json!({"$eval": source.as_ref()})
}

fn nested(open: &str, levels: usize, close: &str) -> serde_json::Value {
    eval(format!("{}1{}", open.repeat(levels), close.repeat(levels)))
}

#[test]
fn nested_parentheses_take_linear_time_and_have_a_limit() {
    let start = Instant::now();
    assert_eq!(render(&nested("(", 199, ")")).unwrap().to_string(), "1");
    assert!(start.elapsed().as_millis() < 100, "{:?}", start.elapsed());
    for template in [
        nested("(", 200, ")"),
        nested("(", 30_000, ")"),
        nested("[", 30_000, "]"),
        nested("-", 30_000, ""),
        nested("!", 200, ""),
    ] {
        expect_limit(&template, "more than 200 levels of nesting in an expression");
    }
    expect_limit(&nested("2 ** ", 500, ""), "more than 200 levels of nesting in an expression");
    expect_limit(&nested("{a: ", 500, "}"), "more than 200 levels of nesting in an expression");
    expect_limit(&nested("len(", 500, ")"), "more than 200 levels of nesting in an expression");
}

#[test]
fn a_long_sum_is_not_a_deep_one() {
    let sum = vec!["1"; 5_000].join(" + ");
    assert_eq!(render(&eval(sum)).unwrap().to_string(), "5000");
    let accesses = format!("[0]{}", "[0:]".repeat(5_000));
    assert_eq!(render(&eval(accesses)).unwrap().to_string(), "[0]");
}

#[test]
fn templates_have_a_limit_of_depth() {
    assert!(render(&nested_list(200)).is_ok());
    expect_limit(&nested_list(201), "more than 200 levels of nesting");
    expect_limit(&nested_list(1_000), "more than 256 levels of nesting");
}

/// On the stack of 2 MB that threads have, also without optimisation.
#[test]
fn the_deepest_expressions_in_the_deepest_templates_fit_the_stack() {
    let forms =
        [("-(", ")"), ("[", "]"), ("{a: ", "}"), ("str(", ")"), ("1 + 2 * (", ")"), ("l[0:", "]"), ("1 ** ", "")];
    for (open, close) in forms {
        for levels in [60, 99, 199] {
            let expression = nested(open, levels, close);
            let each = |inner, _| json!({"$map": [0], "each(x)": {"a": inner}});
            let condition = |inner, _| json!([{"$if": "true", "then": inner}]);
            for template in [(0..66).fold(expression.clone(), each), (0..99).fold(expression, condition)] {
                let _ = render(&template);
            }
        }
    }
    let deepest = (0..66).fold(nested("-(", 99, ")"), |inner, _| json!({"$map": [0], "each(x)": {"a": inner}}));
    assert!(render(&deepest).is_ok());
}

#[test]
fn values_have_a_limit_of_depth() {
    let template = json!({"$reduce": eval("range(0, 500)"), "initial": 0, "each(acc, x)": [eval("acc")]});
    expect_limit(&template, "more than 200 levels of nesting");
}

#[test]
fn doubling_ends_at_the_limit_of_output() {
    for each in [
        eval("acc + acc"),
        eval("[acc, acc]"),
        json!(["${acc}${acc}", "x"][0]),
        json!({"a": eval("acc"), "b": eval("acc")}),
    ] {
        let template = json!({"$reduce": eval("range(0, 60)"), "initial": "0123456789", "each(acc, x)": each});
        expect_limit(&template, "more than 10485760 bytes of output");
    }
}

#[test]
fn loops_in_loops_end_at_the_limit_of_steps() {
    let map = |each| json!({"$map": eval("range(0, 1000)"), "each(x)": each});
    expect_limit(&map(map(map(json!(1)))), "more than 1000000 steps");
}

#[test]
fn ranges_have_a_limit() {
    assert!(render(&eval("range(0, 100000)")).is_ok());
    for range in ["range(0, 100001)", "range(-1000000000000000, 1000000000000000)", "range(1000001, 0, -1)"] {
        expect_limit(&eval(range), "more than 100000 elements in a range");
    }
}

#[test]
fn expressions_have_a_limit_of_bytes() {
    let long = format!("'{}'", "x".repeat(65_534));
    assert!(render(&eval(&long)).is_ok());
    expect_limit(&eval(long + "+ 'y'"), "more than 65536 bytes in an expression");
}

#[test]
fn comparing_values_that_share_their_parts_ends_at_the_limit_of_steps() {
    let shared = json!({"$reduce": eval("range(0, 18)"), "initial": 0, "each(acc, x)": eval("[acc, acc]")});
    let other = shared.clone();
    let comparison = json!({"$map": eval("range(0, 1000)"), "each(x)": eval("a == b")});
    expect_limit(&json!({"$let": {"a": shared, "b": other}, "in": comparison}), "more than 1000000 steps");
}

#[test]
fn every_limit_can_be_set() {
    let render = |limits: &Limits, template| {
        let template = Value::try_from(&template).unwrap();
        jsone::render(&template, &context(), limits).unwrap_err().to_string()
    };
    let limits = Limits { depth: 2, steps: 50, output_bytes: 20, expression_bytes: 16, range_items: 3 };
    assert_eq!(render(&limits, json!([[[1]]])), "LimitError: more than 2 levels of nesting");
    assert_eq!(render(&limits, json!("${((1))}")), "LimitError: more than 2 levels of nesting in an expression");
    assert_eq!(render(&limits, json!([vec![1; 30]])), "LimitError at template[0]: more than 50 steps");
    assert_eq!(render(&limits, json!({"a": "x".repeat(20)})), "LimitError: more than 20 bytes of output");
    assert_eq!(render(&limits, eval("1 + 2 + 3 + 4 + 5")), "LimitError: more than 16 bytes in an expression");
    assert_eq!(render(&limits, eval("range(0, 4)")), "LimitError: more than 3 elements in a range");
}

#[test]
fn the_result_of_a_function_has_the_same_limits() {
    let mut context = context();
    context.set("large", jsone::Function::new("large", |_| Ok(Value::from("x".repeat(20_000_000))))).unwrap();
    let template = Value::from(Map::from_iter([("$eval".into(), "large()".into())]));
    let error = jsone::render(&template, &context, &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "LimitError: more than 10485760 bytes of output");
}

#[test]
fn a_value_of_the_context_has_the_same_limits() {
    let mut context = context();
    context.set("large", "x".repeat(20_000_000)).unwrap();
    let template = Value::try_from(&eval("large")).unwrap();
    let error = jsone::render(&template, &context, &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "LimitError: more than 10485760 bytes of output");
}

/// A thousand times over a text or list of half a megabyte, none of them longer than the limit.
#[test]
fn work_on_large_values_costs_steps() {
    let limits = Limits { steps: 100_000, ..Limits::default() };
    let large = json!({
        "text": {"$reduce": eval("range(0, 15)"), "initial": "0123456789abcdef", "each(acc, x)": eval("acc + acc")},
        "list": eval("range(0, 50000)"),
    });
    let sources = [
        "'x' in text",
        "text in {a: 1}",
        "text == text + ''",
        "text < text",
        "text[1]",
        "text[1:]",
        "len(text)",
        "number(text)",
        "uppercase(text)",
        "strip(text)",
        "split(text, '1')",
        "defined(text)",
        "join(list, '')",
        "join([1, 2], text)",
        "list == list",
        "-1 in list",
        "list[1:]",
        "{a: 1}[text]",
    ];
    let operators = [
        json!({"$json": eval("list")}),
        json!({"$sort": eval("list")}),
        json!({"$reverse": eval("list")}),
        json!({"$flattenDeep": [eval("list")]}),
        json!({"$merge": [{"${text}": 1}, {}]}),
        json!("${text}."),
    ];
    for work in sources.into_iter().map(eval).chain(operators) {
        let each = json!({"$let": {"y": work}, "in": 1});
        let repeated = json!({"$let": large, "in": {"$map": eval("range(0, 1000)"), "each(x)": each}});
        let rendered = jsone::render(&Value::try_from(&repeated).unwrap(), &context(), &limits);
        let message = rendered.map_or_else(|error| error.message().to_owned(), |_| work.to_string());
        assert_eq!(message, "more than 100000 steps", "{work}");
    }
}
