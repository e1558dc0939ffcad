//! Random templates, rendered here, by `json-e` of npm and by that of Python: the same value, or an error from all.
//!
//! Skipped where the packages are not named: `DROVER_TEST_JSONE_NODE_PATH` is a folder of Node.js packages,
//! `DROVER_TEST_JSONE_PYTHON` a Python that has the other. `./dev test client` names both; `DROVER_TEST_SEED` is the first seed.

#![allow(clippy::unwrap_used, reason = "tests")]

mod cases;
mod random;

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use jsone::{Error, ErrorKind, Limits, Map, Value};
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

struct Case {
    template: Value,
    variables: Value,
}

/// With what random templates name, and `now`, which the counterparts take from their clock.
fn random_case(template: Value) -> Case {
    Case { template, variables: random::variables() }
}

/// What the counterpart makes of the cases, in their order. `None` stands for an error.
fn theirs(mut command: Command, cases: &[Case]) -> Vec<Option<serde_json::Value>> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the counterpart starts");
    let (mut input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for Case { template, variables } in cases {
                writeln!(input, r#"{{"template": {template}, "context": {variables}}}"#).unwrap();
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

fn agree(ours: &Result<Value, Error>, theirs: Option<&serde_json::Value>, may_differ: impl Fn(&Error) -> bool) -> bool {
    match (ours, theirs) {
        (Ok(ours), Some(theirs)) => same(&ours.into(), theirs),
        (Err(error), Some(_)) => may_differ(error),
        (ours, None) => ours.is_err(),
    }
}

/// The case of each seed, here and there. `may_differ` says with which errors here the counterpart may have a value.
fn compare(command: Option<Command>, case: impl Fn(u64) -> Case, may_differ: impl Fn(&Error) -> bool) {
    let Some(command) = command else {
        eprintln!("skipped: the counterpart is not named");
        return;
    };
    let first: u64 = setting("DROVER_TEST_SEED").map_or(0, |seed| seed.parse().unwrap());
    let count = setting("DROVER_TEST_JSONE_CASES").map_or(CASES, |count| count.parse().unwrap());
    let cases: Vec<Case> = (first..first + count).map(case).collect();
    let answers = theirs(command, &cases);
    assert_eq!(answers.len(), cases.len());
    println!("{} of {count} rendered", answers.iter().flatten().count());
    let mut differences = Vec::new();
    for ((seed, case), theirs) in (first..).zip(&cases).zip(answers) {
        let context = random::context(&case.variables);
        let ours = context.and_then(|context| jsone::render(&case.template, &context, &Limits::default()));
        if !agree(&ours, theirs.as_ref(), &may_differ) {
            let ours = ours.map_or_else(|error| error.to_string(), |value| value.to_string());
            let Case { template, variables } = case;
            differences
                .push(format!("seed {seed}: {template} with {variables}\n  ours   {ours}\n  theirs {}", json!(theirs)));
        }
    }
    differences.sort_by_key(String::len);
    let shown = differences.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} of {count} differ:\n{shown}", differences.len());
}

#[test]
fn npm_renders_random_templates_the_same() {
    compare(npm(), |seed| random_case(Random::new(seed, false).template(4)), is_slice_of_other_kinds);
}

#[test]
fn pypi_renders_portable_templates_the_same() {
    compare(pypi(), |seed| random_case(Random::new(seed, true).template(4)), |_| false);
}

/// JavaScript compares the ends of a slice before it looks whether they are numbers, and `true > 0`.
fn is_slice_of_other_kinds(error: &Error) -> bool {
    error.message().starts_with("cannot perform interval access")
}

/// npm `json-e` accepts some broken expressions, as long as it need not evaluate the missing operand.
#[test]
fn npm_evaluates_random_tokens_the_same() {
    let template = |seed| Value::from(Map::from_iter([("$eval".into(), Random::new(seed, false).tokens().into())]));
    compare(npm(), |seed| random_case(template(seed)), |error| error.kind() == ErrorKind::Syntax);
}

/// Left out is where npm `json-e` changes a variable that `$reverse` or `$mergeDeep` is given.
#[test]
fn npm_renders_mutations_of_the_specification_the_same() {
    let cases = cases::all();
    let mutation = |seed| {
        let (template, variables) = Random::new(seed, false).mutated_case(&cases);
        let text = template.to_string();
        let changes_variable = text.contains(r#""$reverse":{"$eval""#) || text.contains(r#""$mergeDeep":{"$eval""#);
        Case { template: if changes_variable { Value::Null } else { template }, variables }
    };
    let may_differ = |error: &Error| {
        let differing =
            ["cannot perform interval access", "undefined properties", "$then", "a date", "uncalled functions"];
        error.kind() == ErrorKind::Syntax || differing.iter().any(|words| error.message().contains(words))
    };
    compare(npm(), mutation, may_differ);
}
