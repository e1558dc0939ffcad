//! `drover pool why`: a decision in words, each step with its numbers.

use std::fmt::Write;

use clap::Args;
use serde_json::Value;

use super::one::One;
use crate::{
    exit::{CliError, Exit},
    output::Output,
    system_context::SystemContext,
};

#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    #[command(flatten)]
    one: One,
    /// The last decision before this time, as 2026-11-27T12:00:00Z [default: the last one].
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<String>,
}

pub(super) async fn run(args: &WhyArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let decided = args.one.connect(system)?.decision(args.at.as_deref()).await?;
    let Some(decided) = decided else {
        let words = format!("nothing was decided about {} that was kept: no machines were missing", args.one.pool);
        return Err(CliError::new(Exit::Failed, words));
    };
    output.either(&decided, &describe("why", &args.one.pool, &decided));
    Ok(Exit::Ok)
}

/// `what`: the first word.
pub(super) fn describe(what: &str, pool: &str, decided: &Value) -> String {
    let (at, it) = (decided["decided"].as_str().unwrap_or_default(), &decided["decision"]);
    let mut out = format!("{what} {pool} at {}: {}", short_time(at), headline(it));
    let mut line = |label: &str, value: String| _ = write!(out, "\n {label:<11} {value}");
    if it.get("demand").is_some() {
        let oldest = it["demand"]["oldest_pending"].as_str();
        let oldest = oldest.map(|since| format!(", the oldest since {}", short_time(since))).unwrap_or_default();
        line("demand", format!("{}{oldest}", labelled(&it["demand"], &["pending", "claimed"])));
        let states = ["running", "requested", "open_launches", "stopping", "quarantined"];
        line("supply", labelled(&it["supply"], &states).replace('_', " "));
    }
    for step in it["steps"].as_array().into_iter().flatten() {
        let operands = step["operands"].as_array().into_iter().flatten();
        let operands = operands.map(|operand| format!("{} {}", word(&operand["name"]), number(&operand["value"])));
        let operands: Vec<String> = operands.collect();
        line(
            "step",
            format!(
                "{} {} = {}: {}",
                word(&step["name"]),
                number(&step["value"]),
                word(&step["formula"]),
                operands.join(", ")
            ),
        );
    }
    if let Some(limits) = limits(it) {
        line("limited by", limits);
    }
    for excluded in it["excluded"].as_array().into_iter().flatten() {
        line("not chosen", exclusion(excluded));
    }
    for launch in it["launches"].as_array().into_iter().flatten() {
        line("chosen", chosen(launch));
    }
    out
}

/// How many machines.
pub(super) fn headline(decision: &Value) -> String {
    let launches = decision["launches"].as_array().into_iter().flatten();
    match launches.filter_map(|launch| launch["instances"].as_u64()).sum() {
        0 => "no machines".to_owned(),
        1 => "1 machine".to_owned(),
        machines => format!("{machines} machines"),
    }
}

/// Why there were not more. `None`: there was no need.
pub(super) fn limits(decision: &Value) -> Option<String> {
    let words = |limit: &Value| match (limit.as_str(), limit.get("region-tokens")) {
        (Some("pool-paused"), _) => "a pause of the pool".to_owned(),
        (Some("max-capacity"), _) => "maxCapacity".to_owned(),
        (Some("pool-boot-rate"), _) => "the boot rate of the pool (provision.pool_boot_rate)".to_owned(),
        (Some("boot-rate"), _) => "the boot rate of all pools (provision.boot_rate)".to_owned(),
        (Some("call-size"), _) => "the size of one call; the others follow".to_owned(),
        (Some("launch-configs"), _) => "its launch configs, none of which has room".to_owned(),
        (Some("provider-unavailable"), _) => "its provider, which is not in the settings of the provisioner".to_owned(),
        (_, Some(region)) => format!("the boot rate of {} {}", word(&region["provider"]), word(&region["region"])),
        (other, _) => other.unwrap_or_default().to_owned(),
    };
    let limits: Vec<String> = decision["limited_by"].as_array()?.iter().map(words).collect();
    (!limits.is_empty()).then(|| limits.join("; "))
}

fn exclusion(excluded: &Value) -> String {
    let value = |name: &str| number(&excluded[name]);
    let why = match word(&excluded["reason"]) {
        "paused" => "is paused".to_owned(),
        "archived" => "is archived".to_owned(),
        "no-weight" => format!("has the weight {}, by errors and what there is of it", value("weight")),
        "at-max-capacity" => format!("has {} of its maxCapacity {}", value("capacity"), value("max")),
        "breaker-open" => {
            format!(
                "its circuit breaker is open until {} ({})",
                short_time(word(&excluded["until"])),
                word(&excluded["class"])
            )
        }
        "slow-start" => {
            format!("has {} machines booting, and may have {} until one works", value("booting"), value("allowance"))
        }
        "above-price-limit" => format!("costs {}, and the limit is {}", value("price"), value("limit")),
        "waits-for-spot" => match excluded["until"].as_str() {
            Some(until) => format!("is on-demand, and waits for spot machines until {}", short_time(until)),
            None => "is on-demand, and spot machines are enough".to_owned(),
        },
        "no-tokens" => "has a rate limit in its way".to_owned(),
        other => other.to_owned(),
    };
    format!("{} {why}", word(&excluded["launch_config"]))
}

fn chosen(launch: &Value) -> String {
    let score = &launch["score"];
    let score = match (score.get("cost"), score.get("weight")) {
        (Some(cost), _) => format!(", {} $ for a useful hour", number(cost)),
        (_, Some(weight)) => format!(", weight {}", number(weight)),
        _ => String::new(),
    };
    format!("{} ×{}{score}", word(&launch["launch_config"]), number(&launch["instances"]))
}

/// `90 running, 14 requested`.
pub(super) fn labelled(object: &Value, names: &[&str]) -> String {
    names.iter().map(|name| format!("{} {name}", number(&object[name]))).collect::<Vec<_>>().join(", ")
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Without a fraction that says nothing.
pub(super) fn number(value: &Value) -> String {
    let text = value.as_f64().map(|number| format!("{number:.3}")).unwrap_or_default();
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// For people: without `T`, fraction and zone.
pub(super) fn short_time(text: &str) -> String {
    text.chars().take(19).collect::<String>().replace('T', " ")
}

fn time(text: &str) -> Result<String, String> {
    let parsed = protocol::time::parse(text).ok_or("write it as 2026-11-27T12:00:00Z")?;
    Ok(protocol::time::format(parsed))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_decision_is_shown_step_by_step() {
        let decided = json!({
            "decided": "2026-11-27T12:00:03.000Z",
            "decision": {
                "demand": { "pending": 31, "claimed": 88, "oldest_pending": "2026-11-27T11:59:21Z" },
                "supply": { "running": 90, "requested": 14, "open_launches": 0, "stopping": 3, "quarantined": 2 },
                "steps": [{
                    "name": "adjusted", "value": 15.0, "formula": "max(0, pending − idle)",
                    "operands": [{ "name": "pending", "value": 31.0 }, { "name": "idle", "value": 16.0 }],
                }],
                "limited_by": ["max-capacity", { "region-tokens": { "provider": "aws", "region": "us-west-2" } }],
                "excluded": [{ "launch_config": "lc-3f", "reason": "breaker-open", "until": "2026-11-27T12:03:00Z", "class": "capacity" }],
                "launches": [
                    { "launch_config": "lc-9a", "instances": 8, "score": { "cost": 0.031 } },
                    { "launch_config": "lc-77", "instances": 4, "score": { "weight": 1.0 } },
                ],
            },
        });
        expect![[r"
            why gecko-t/linux at 2026-11-27 12:00:03: 12 machines
             demand      31 pending, 88 claimed, the oldest since 2026-11-27 11:59:21
             supply      90 running, 14 requested, 0 open launches, 3 stopping, 2 quarantined
             step        adjusted 15 = max(0, pending − idle): pending 31, idle 16
             limited by  maxCapacity; the boot rate of aws us-west-2
             not chosen  lc-3f its circuit breaker is open until 2026-11-27 12:03:00 (capacity)
             chosen      lc-9a ×8, 0.031 $ for a useful hour
             chosen      lc-77 ×4, weight 1"]]
        .assert_eq(&describe("why", "gecko-t/linux", &decided));
    }
}
