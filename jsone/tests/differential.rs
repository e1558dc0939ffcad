//! Random templates, rendered here, by `json-e` of npm and by that of Python: the same value, or an error from all.
//!
//! Skipped where the packages are not named: `DROVER_TEST_JSONE_NODE_PATH` is a folder of Node.js packages,
//! `DROVER_TEST_JSONE_PYTHON` a Python that has the other. `./dev test client` names both; `DROVER_TEST_SEED` is the first seed.

#![allow(clippy::unwrap_used, reason = "tests")]

mod random;

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use jsone::{Limits, Map, Value};
use random::Random;
use serde_json::json;

/// Of each kind of case, with each counterpart.
const CASES: u64 = 5_000;

#[expect(clippy::disallowed_methods, reason = "where the counterparts are depends on the machine")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn npm() -> Option<Command> {
    let mut command = Command::new("node");
    command.arg("tests/counterparts/render.cjs").env("NODE_PATH", setting("DROVER_TEST_JSONE_NODE_PATH")?);
    Some(command)
}

fn pypi() -> Option<Command> {
    let mut command = Command::new(setting("DROVER_TEST_JSONE_PYTHON")?);
    command.arg("tests/counterparts/render.py");
    Some(command)
}

/// What the counterpart makes of the templates, in their order. `None` stands for an error.
fn theirs(mut command: Command, templates: &[Value]) -> Vec<Option<serde_json::Value>> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the counterpart starts");
    let (mut input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let context = random::variables().to_string();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for template in templates {
                writeln!(input, r#"{{"template": {template}, "context": {context}}}"#).unwrap();
            }
        });
        let answers: Vec<_> = output.lines().map(|line| outcome(&line.unwrap())).collect();
        assert!(child.wait().unwrap().success());
        answers
    })
}

fn outcome(line: &str) -> Option<serde_json::Value> {
    let answer: serde_json::Value = serde_json::from_str(line).unwrap();
    answer.get("ok").cloned()
}

/// 1.0 is 1, and numbers may differ by what `serde_json` rounds when it reads them.
fn same(ours: &serde_json::Value, theirs: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Number, Object};
    match (ours, theirs) {
        (Number(ours), Number(theirs)) => {
            let (ours, theirs) = (ours.as_f64().unwrap(), theirs.as_f64().unwrap());
            (ours - theirs).abs() <= theirs.abs() * 1e-15
        }
        (Array(ours), Array(theirs)) => ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(o, t)| same(o, t)),
        (Object(ours), Object(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().all(|(key, ours)| theirs.get(key).is_some_and(|it| same(ours, it)))
        }
        _ => ours == theirs,
    }
}

fn compare(command: Option<Command>, cases: impl Fn(u64) -> Value, may_differ: impl Fn(&jsone::Error) -> bool) {
    let Some(command) = command else {
        eprintln!("skipped: the counterpart is not named");
        return;
    };
    let first: u64 = setting("DROVER_TEST_SEED").map_or(0, |seed| seed.parse().unwrap());
    let count = setting("DROVER_TEST_JSONE_CASES").map_or(CASES, |count| count.parse().unwrap());
    let templates: Vec<Value> = (first..first + count).map(cases).collect();
    let (context, limits) = (random::context(), Limits::default());
    let mut differences = Vec::new();
    let mut rendered = 0;
    let answers = theirs(command, &templates);
    assert_eq!(answers.len(), templates.len());
    for ((seed, template), theirs) in (first..).zip(&templates).zip(answers) {
        rendered += u64::from(theirs.is_some());
        let ours = jsone::render(template, &context, &limits);
        let agree = match (&ours, &theirs) {
            (Ok(ours), Some(theirs)) => same(&ours.into(), theirs),
            (Err(error), Some(_)) => may_differ(error),
            (ours, theirs) => ours.is_err() == theirs.is_none(),
        };
        if !agree {
            let ours = ours.map_or_else(|error| error.to_string(), |value| value.to_string());
            differences.push(format!("seed {seed}: {template}\n  ours   {ours}\n  theirs {}", json!(theirs)));
        }
    }
    println!("{rendered} of {count} rendered");
    differences.sort_by_key(String::len);
    let shown = differences.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} of {count} differ:\n{shown}", differences.len());
}

#[test]
fn npm_renders_random_templates_the_same() {
    // JavaScript compares the ends of a slice before it looks whether they are numbers, and `true > 0`.
    let slice_of_bools = |error: &jsone::Error| error.message().starts_with("cannot perform interval access");
    compare(npm(), |seed| Random::new(seed, false).template(4), slice_of_bools);
}

#[test]
fn pypi_renders_portable_templates_the_same() {
    compare(pypi(), |seed| Random::new(seed, true).template(4), |_| false);
}

/// npm `json-e` accepts some broken expressions, as long as it need not evaluate the missing operand.
#[test]
fn npm_evaluates_random_tokens_the_same() {
    let case = |seed| Value::from(Map::from_iter([("$eval".into(), Random::new(seed, false).tokens().into())]));
    compare(npm(), case, |error| error.kind() == jsone::ErrorKind::Syntax);
}
