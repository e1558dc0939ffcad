//! `drover pool show`: a pool as the provisioner sees it.

use std::fmt::Write;

use serde_json::Value;

use super::{
    one::One,
    why::{self, labelled, limits, number, short_time},
};
use crate::{
    exit::{CliError, Exit},
    output::Output,
    system_context::SystemContext,
};

pub(super) async fn run(one: &One, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let status: Value = one.connect(system)?.provisioning().await?;
    output.either(&status, &describe(&status));
    Ok(Exit::Ok)
}

/// What is not there is left out.
fn describe(it: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut out = format!("{} of provider {}", text(&it["workerPoolId"]), text(&it["providerId"]));
    let mut line = |label: &str, value: String| _ = write!(out, "\n {label:<13} {value}");
    if let Some(until) = it["pausedUntil"].as_str() {
        line("paused", format!("until {}: {}", short_time(until), text(&it["pauseReason"])));
    }
    let (demand, supply) = (&it["demand"], &it["supply"]);
    let oldest = demand["oldestPending"].as_str().map(|at| format!(", the oldest since {}", short_time(at)));
    line(
        "demand",
        format!("{} pending{}, {} claimed", demand["pending"], oldest.unwrap_or_default(), demand["claimed"]),
    );
    line("supply", labelled(supply, &["running", "requested", "launching", "stopping", "quarantined"]));
    if it.get("maxCapacity").is_some() {
        line("capacity", format!("{} to {}", it["minCapacity"], it["maxCapacity"]));
    }
    if let Some(seconds) = it["bootSeconds"].as_f64() {
        line("boot", format!("{seconds:.0} s from the launch to the registration"));
    }
    for config in it["launchConfigs"].as_array().into_iter().flatten() {
        line("launch config", launch_config(config));
    }
    for breaker in it["breakers"].as_array().into_iter().flatten().filter(|breaker| breaker["state"] != "closed") {
        line("breaker", describe_breaker(breaker));
    }
    if let Some(last) = it.get("lastDecision") {
        let decision = &last["decision"];
        line("decided", format!("{} at {}", why::headline(decision), short_time(&text(&last["decided"]))));
        if let Some(limits) = limits(decision) {
            line("limited by", limits);
        }
    }
    out
}

fn launch_config(config: &Value) -> String {
    let max = config.get("maxCapacity").map(|max| format!(", at most {max}")).unwrap_or_default();
    let paused = config["pausedUntil"].as_str();
    let paused = paused.map(|until| {
        format!(", paused until {}: {}", short_time(until), config["pauseReason"].as_str().unwrap_or_default())
    });
    let id = config["launchConfigId"].as_str().unwrap_or_default();
    let (capacity, weight) = (number(&config["capacityPerInstance"]), number(&config["initialWeight"]));
    format!("{id}: capacity {capacity} a machine{max}, weight {weight}{}", paused.unwrap_or_default())
}

fn describe_breaker(breaker: &Value) -> String {
    let text = |name: &str| breaker[name].as_str().unwrap_or_default();
    let state = match text("state") {
        "open" => format!("open until {} ({})", short_time(text("until")), text("failureClass")),
        _ => format!("lets {} machines boot at a time", breaker["allowance"]),
    };
    let reason = breaker["reason"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{} {} {state}{reason}", text("scope"), text("key"))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pool_is_shown_with_what_limits_it() {
        let status = json!({
            "workerPoolId": "gecko-t/linux", "providerId": "aws", "minCapacity": 0, "maxCapacity": 120,
            "pausedUntil": "2026-11-27T14:00:00.000Z", "pauseReason": "bad image",
            "demand": { "pending": 31, "claimed": 88, "oldestPending": "2026-11-27T11:59:18.000Z" },
            "supply": { "running": 90, "requested": 14, "launching": 0, "stopping": 3, "quarantined": 2 },
            "bootSeconds": 84.2,
            "launchConfigs": [{ "launchConfigId": "lc-9a", "capacityPerInstance": 1, "initialWeight": 1, "maxCapacity": 50 }],
            "breakers": [{
                "scope": "offering", "key": "aws us-east-1 m5.large spot", "state": "open", "until": "2026-11-27T12:03:00.000Z",
                "failureClass": "capacity", "reason": "InsufficientInstanceCapacity: none left", "lastModified": "2026-11-27T12:00:00.000Z",
            }],
            "lastDecision": {
                "decided": "2026-11-27T12:00:03.000Z",
                "decision": { "launches": [{ "launch_config": "lc-9a", "instances": 12 }], "limited_by": ["max-capacity"] },
            },
        });
        expect![[r"
            gecko-t/linux of provider aws
             paused        until 2026-11-27 14:00:00: bad image
             demand        31 pending, the oldest since 2026-11-27 11:59:18, 88 claimed
             supply        90 running, 14 requested, 0 launching, 3 stopping, 2 quarantined
             capacity      0 to 120
             boot          84 s from the launch to the registration
             launch config lc-9a: capacity 1 a machine, at most 50, weight 1
             breaker       offering aws us-east-1 m5.large spot open until 2026-11-27 12:03:00 (capacity): InsufficientInstanceCapacity: none left
             decided       12 machines at 2026-11-27 12:00:03
             limited by    maxCapacity"]]
        .assert_eq(&describe(&status));
    }
}
