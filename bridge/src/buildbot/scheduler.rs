//! The scheduler at the master that makes our builds: what it can do, as its own form tells.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{BuildbotMaster, Scheduled, bad, http::CallError};
use crate::driver::{Answer, DriverError, Holds};

/// How long a form is trusted; an administrator may change it at any time.
const FRESH: TimeDelta = TimeDelta::minutes(1);
/// The field through which `DroverScheduler` tells about itself and the builders.
const FACTS: &str = "drover_facts";
/// Since this version of the facts the scheduler ends builds that a cancel left hanging.
const ENDS_HANGING: u32 = 2;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scheduler {
    /// A repeat with the same key gives the ids of the first call.
    pub(super) creates_once: bool,
    pub(super) form: Form,
}

/// What the scheduler asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) builders: BTreeSet<String>,
    pub(super) fields: BTreeSet<String>,
    /// Builders that collapse requests. `None`: it does not tell.
    pub(super) collapsing: Option<BTreeSet<String>>,
    /// What the master's other schedulers start. Empty: it does not tell.
    pub(super) others: Vec<Scheduled>,
    /// It ends builds that a cancel left hanging.
    pub(super) ends_hanging: bool,
    /// Builders whose workers would take nothing now, and why.
    pub(super) holds: BTreeMap<String, Holds>,
}

/// The scheduler, as the master had it within the last minute. `None`: the master has no such scheduler.
pub(super) async fn get(master: &BuildbotMaster) -> Answer<Option<Scheduler>> {
    let now = master.clock.now();
    if let Some((at, scheduler)) = &master.known.lock().await.scheduler
        && now - *at < FRESH
    {
        return Ok(Some(scheduler.clone()));
    }
    look(master).await
}

/// The scheduler, as the master has it now.
pub(super) async fn look(master: &BuildbotMaster) -> Answer<Option<Scheduler>> {
    let form = match master.http.get::<Value>(&path(master)).await {
        Ok(mut answer) => read_form(answer["forceschedulers"][0].take())?,
        Err(DriverError::Gone(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let before = master.known.lock().await.scheduler.clone().map(|(_, scheduler)| scheduler);
    let creates_once = match before {
        Some(before) if before.form.fields == form.fields => before.creates_once,
        _ => form.collapsing.is_some() || knows_repeats(master).await?,
    };
    let scheduler = Scheduler { creates_once, form };
    master.known.lock().await.scheduler = Some((master.clock.now(), scheduler.clone()));
    Ok(Some(scheduler))
}

/// Its address, as a path of the API.
pub(super) fn path(master: &BuildbotMaster) -> String {
    format!("api/v2/forceschedulers/{}", segment(&master.scheduler))
}

/// Tells our scheduler from a stock one with the same fields: both refuse a call without key and builder, but ours
/// misses the key. Nothing is created either way.
async fn knows_repeats(master: &BuildbotMaster) -> Answer<bool> {
    Ok(refusal(master).await?.contains("drover_task is required"))
}

/// An error unless we are allowed to have builds made.
pub(super) async fn may_force(master: &BuildbotMaster) -> Answer<()> {
    refusal(master).await.map(drop)
}

/// What a scheduler says to a call that lacks everything.
async fn refusal(master: &BuildbotMaster) -> Answer<String> {
    match master.http.call(&path(master), "force", &json!({ "builderNames": ["-"] })).await {
        Err(CallError::Said(_, words)) => Ok(words),
        Err(CallError::Driver(error)) => Err(error),
        Ok(_) => Ok(String::new()),
    }
}

fn read_form(scheduler: Value) -> Answer<Form> {
    #[derive(Deserialize)]
    struct Wire {
        builder_names: BTreeSet<String>,
        all_fields: Vec<Value>,
    }
    #[derive(Deserialize)]
    struct Facts {
        #[serde(default)]
        version: u32,
        #[serde(default)]
        holds: BTreeMap<String, Holds>,
        collapsing: BTreeSet<String>,
        #[serde(default)]
        schedulers: Vec<Scheduled>,
    }
    let wire: Wire = serde_json::from_value(scheduler).map_err(|error| bad(format_args!("a scheduler: {error}")))?;
    let mut form = Form { builders: wire.builder_names, ..Form::default() };
    let mut waiting: Vec<&Value> = wire.all_fields.iter().collect();
    while let Some(field) = waiting.pop() {
        waiting.extend(field["fields"].as_array().into_iter().flatten());
        let Some(name) = field["fullName"].as_str().filter(|name| !name.is_empty()) else { continue };
        if name == FACTS {
            let facts = field["default"].as_str().and_then(|text| serde_json::from_str::<Facts>(text).ok());
            if let Some(facts) = facts {
                (form.collapsing, form.others) = (Some(facts.collapsing), facts.schedulers);
                (form.ends_hanging, form.holds) = (facts.version >= ENDS_HANGING, facts.holds);
            }
        }
        form.fields.insert(name.to_owned());
    }
    Ok(form)
}

/// One segment of a path or one value of a query.
pub(super) fn segment(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let each = text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_nested_forms_are_found() {
        let form = read_form(json!({
            "builder_names": ["fast"],
            "all_fields": [
                { "fullName": null, "fields": [{ "fullName": "reason" }, { "fullName": "priority" }] },
                { "fullName": "lib", "fields": [{ "fullName": "lib_branch" }] },
            ],
        }));
        let form = form.unwrap();
        assert_eq!(
            form.fields.iter().map(String::as_str).collect::<Vec<_>>(),
            ["lib", "lib_branch", "priority", "reason"]
        );
        assert_eq!(form.collapsing, None);
    }

    #[test]
    fn our_scheduler_tells_which_builders_collapse() {
        let form = read_form(json!({
            "builder_names": ["fast", "slow"],
            "all_fields": [{ "fullName": "drover_facts", "default": r#"{"version":1,"collapsing":["slow"]}"# }],
        }));
        let form = form.unwrap();
        assert_eq!(form.collapsing, Some(BTreeSet::from(["slow".to_owned()])));
        assert!(!form.ends_hanging && form.holds.is_empty());
    }

    #[test]
    fn a_later_version_of_our_scheduler_ends_hanging_builds_and_tells_what_holds_workers() {
        let facts = r#"{"version":2,"collapsing":[],"holds":{"slow":"lock"},"released":3}"#;
        let form = read_form(json!({
            "builder_names": ["fast", "slow"],
            "all_fields": [{ "fullName": "drover_facts", "default": facts }],
        }));
        let form = form.unwrap();
        assert!(form.ends_hanging);
        assert_eq!(form.holds, BTreeMap::from([("slow".to_owned(), Holds::Lock)]));
    }

    #[test]
    fn what_is_no_scheduler_is_a_bad_answer() {
        assert!(matches!(read_form(json!(null)), Err(DriverError::BadAnswer(_))));
    }

    #[test]
    fn a_segment_holds_no_slash_and_no_ampersand() {
        assert_eq!(segment("a/b&c=ü"), "a%2Fb%26c%3D%C3%BC");
    }
}
