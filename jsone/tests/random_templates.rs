//! Random templates and expressions: whatever they are, rendering ends with a value or an error, and does not panic.

#![allow(clippy::unwrap_used, reason = "tests")]

mod cases;
mod random;

use jsone::{Limits, Map, Value};
use random::Random;

/// As many as a test may take; `JSONE_RANDOM_TEMPLATES` asks for more.
const TEMPLATES: u64 = 10_000;

#[expect(clippy::disallowed_methods, reason = "a long run is asked for by hand")]
fn count() -> u64 {
    std::env::var("JSONE_RANDOM_TEMPLATES").map_or(TEMPLATES, |count| count.parse().unwrap())
}

/// `{"$eval": …}` and `${…}` of a text.
fn around(source: &str) -> [Value; 2] {
    let eval = Map::from_iter([("$eval".into(), Value::from(source))]);
    [Value::from(eval), Value::from(format!("${{{source}}}"))]
}

#[test]
fn random_templates_render_or_fail_within_their_limits() {
    let (context, limits) =
        (random::context(&random::variables()).unwrap(), Limits { steps: 20_000, ..Limits::default() });
    let mut rendered = 0;
    for seed in 0..count() {
        let template = Random::new(seed, false).template(4);
        rendered += u64::from(jsone::render(&template, &context, &limits).is_ok());
    }
    println!("{rendered} of {} rendered", count());
    assert!(rendered > count() / 5, "the grammar makes too many errors: {rendered} rendered");
}

#[test]
fn mutations_of_the_specification_render_or_fail() {
    let (cases, limits) = (cases::all(), Limits::default());
    for seed in 0..count() {
        let (template, variables) = Random::new(seed, false).mutated_case(&cases);
        let _ = random::context(&variables).and_then(|context| jsone::render(&template, &context, &limits));
    }
}

#[test]
fn random_tokens_render_or_fail() {
    let (context, limits) = (random::context(&random::variables()).unwrap(), Limits::default());
    for seed in 0..count() {
        for template in around(&Random::new(seed, false).tokens()) {
            let _ = jsone::render(&template, &context, &limits);
        }
    }
}

#[test]
fn random_bytes_render_or_fail() {
    let (context, limits) = (random::context(&random::variables()).unwrap(), Limits::default());
    for seed in 0..count() {
        let mut random = Random::new(seed, false);
        let bytes: Vec<u8> = (0..random.below(24)).map(|_| random.next().to_be_bytes()[0]).collect();
        for template in around(&String::from_utf8_lossy(&bytes)) {
            let _ = jsone::render(&template, &context, &limits);
        }
    }
}
