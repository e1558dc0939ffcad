//! Compared with npm `cron-parser` 5.6.2, whose answers are in `golden.json`.

use chrono::TimeDelta;
use serde::Deserialize;

use super::*;
use crate::time;

#[derive(Deserialize)]
struct Golden {
    starts: Vec<String>,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    expression: String,
    /// For each start the next dates.
    dates: Option<Vec<Vec<String>>>,
}

/// What the peer accepts by accident: fields filled in, texts that its replacements make valid, days that never come.
const REFUSED_HERE: &[&str] = &[
    "",
    "* * * *",
    "0 0",
    "5",
    "1-2-3 * * * *",
    "5* * * * *",
    "*-5 * * * *",
    "0 0 0 31 2,4,6 *",
    "0 0 5L * *",
    "0 0 1 mon *",
    "0 0 * * jan",
];

/// What has one meaning, and the peer refuses: days that come twice in a list, and a week that ends on Sunday.
const ACCEPTED_HERE: &[&str] =
    &["0 0 * * SAT-SUN", "0 0 * * fri-sun", "1,1 * * * *", "5,5-7 * * * *", "0 0 * * 0,7", "0 0 31 2 1"];

/// After 10,000 steps the peer stops its search wherever it is.
const TOO_FAR_FOR_THE_PEER: &[&str] = &["0 0 * 2 1#5"];

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden.json")).unwrap()
}

fn at(text: &str) -> Timestamp {
    time::parse(text).unwrap()
}

fn next_dates(cron: &Cron, start: &str, count: usize) -> Vec<String> {
    let dates = std::iter::successors(cron.next_after(at(start)), |date| cron.next_after(*date));
    dates.take(count).map(|date| time::format(date).replace(".000Z", "Z")).collect()
}

#[test]
fn dates_are_those_of_the_peer() {
    let Golden { starts, entries } = golden();
    let mut compared = 0;
    for Entry { expression, dates } in entries {
        let parsed = Cron::parse(&expression, "seed");
        let Some(dates) = dates else { continue };
        if REFUSED_HERE.contains(&expression.as_str()) {
            assert!(parsed.is_err(), "{expression}");
            continue;
        }
        if TOO_FAR_FOR_THE_PEER.contains(&expression.as_str()) {
            continue;
        }
        let cron = parsed.unwrap_or_else(|error| panic!("{error}"));
        for (start, dates) in starts.iter().zip(dates) {
            assert_eq!(next_dates(&cron, start, dates.len()), dates, "`{expression}` from {start}");
            compared += 1;
        }
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn what_the_peer_refuses_is_refused_with_reasons() {
    let refused = golden().entries.into_iter().filter(|entry| entry.dates.is_none());
    let mut compared = 0;
    for Entry { expression, .. } in refused {
        match Cron::parse(&expression, "seed") {
            Ok(_) => assert!(ACCEPTED_HERE.contains(&expression.as_str()), "{expression}"),
            Err(error) => assert!(error.to_string().len() > expression.len() + 10, "{error}"),
        }
        compared += 1;
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn a_hashed_field_is_stable_and_spread() {
    let minute = |expression: &str, seed: &str| {
        let cron = Cron::parse(expression, seed).unwrap();
        next_dates(&cron, "2026-01-01T00:00:00Z", 1)[0][14..16].parse::<u32>().unwrap()
    };
    assert_eq!(minute("H 5 * * *", "g/h"), minute("H 5 * * *", "g/h"));
    let seeds: Vec<String> = (0..200).map(|number| format!("g/h{number}")).collect();
    let minutes: std::collections::BTreeSet<u32> = seeds.iter().map(|seed| minute("H 5 * * *", seed)).collect();
    assert!(minutes.len() > 40, "{}", minutes.len());
    assert!(seeds.iter().all(|seed| minute("H(3-7) 5 * * *", seed).clamp(3, 7) == minute("H(3-7) 5 * * *", seed)));
    let every = Cron::parse("H/15 * * * *", "g/h").unwrap();
    let dates: Vec<Timestamp> = next_dates(&every, "2026-01-01T00:00:00Z", 4).iter().map(|date| at(date)).collect();
    assert!(dates.windows(2).all(|two| two[1] - two[0] == TimeDelta::minutes(15)), "{dates:?}");
    for bad in ["H(7-3) * * * *", "H(0-99) * * * *", "H/0 * * * *", "Hx * * * *", "H(1) * * * *", "H( * * * *"] {
        assert!(Cron::parse(bad, "g/h").is_err(), "{bad}");
    }
}

#[test]
fn a_schedule_is_the_union_of_its_expressions_and_has_few() {
    let schedule = Schedule::parse(["0 0 0 1 1 *", "0 * * * * *"], "").unwrap();
    assert_eq!(schedule.next_after(at("2026-12-31T23:58:30Z")), Some(at("2026-12-31T23:59:00Z")));
    assert_eq!(Schedule::default().next_after(at("2026-12-31T23:58:30Z")), None);
    assert!(Schedule::parse(vec!["0 0 30 2 *"; 1000], "").is_err());
    let many = Schedule::parse(vec!["* * * * *"; 1000], "").unwrap_err().to_string();
    assert!(many.contains("1000") && many.contains("at most 100"), "{many}");
}

#[test]
fn a_date_is_later_than_the_one_given_and_ends_with_the_calendar() {
    let cron = Cron::parse("* * * * * *", "").unwrap();
    assert_eq!(cron.next_after(at("2026-01-01T00:00:00.999Z")), Some(at("2026-01-01T00:00:01Z")));
    assert_eq!(cron.next_after(at("2026-01-01T00:00:01Z")), Some(at("2026-01-01T00:00:02Z")));
    let leap = Cron::parse("0 0 29 2 *", "").unwrap();
    assert_eq!(leap.next_after(at("2096-03-01T00:00:00Z")), Some(at("2104-02-29T00:00:00Z")));
    assert_eq!(leap.next_after(at("9996-03-01T00:00:00Z")), None);
}

#[test]
fn an_error_repeats_only_the_beginning_of_a_long_expression() {
    let error = Cron::parse(&"9".repeat(100_000), "").unwrap_err().to_string();
    assert!(error.len() < 500, "{}", error.len());
}
