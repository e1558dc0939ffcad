//! The force scheduler that creates builds, and its capabilities, as its form lists them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{BuildbotMaster, Scheduled, http::CallError, invalid};
use crate::driver::{DriverError, DriverResult, Holds};

/// How long a form is cached; an administrator may change it at any time.
const MAX_AGE: TimeDelta = TimeDelta::minutes(1);
/// The field in which `DroverScheduler` describes itself and the builders.
const FACTS: &str = "drover_facts";
/// Since this version of the field the scheduler ends builds that a cancel left hanging.
const ENDS_HANGING: u32 = 2;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scheduler {
    /// A repeat with the same key returns the ids of the first call.
    pub(super) creates_idempotently: bool,
    pub(super) form: Form,
}

/// The fields of the scheduler, and what `DroverScheduler` reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) builders: BTreeSet<String>,
    pub(super) fields: BTreeSet<String>,
    /// Builders that collapse requests. `None`: unknown.
    pub(super) collapsing: Option<BTreeSet<String>>,
    /// What the master's other schedulers start. Empty: unknown.
    pub(super) others: Vec<Scheduled>,
    /// It ends builds that a cancel left hanging.
    pub(super) ends_hanging: bool,
    /// Builders whose workers would start nothing now, and why.
    pub(super) holds: BTreeMap<String, Holds>,
}

/// The scheduler, as the master had it within the last minute. `None`: the master has no such scheduler.
pub(super) async fn get(master: &BuildbotMaster) -> DriverResult<Option<Scheduler>> {
    let now = master.clock.now();
    if let Some((at, scheduler)) = &master.cache.lock().await.scheduler
        && now - *at < MAX_AGE
    {
        return Ok(Some(scheduler.clone()));
    }
    read(master).await
}

/// The scheduler, as the master has it now.
pub(super) async fn read(master: &BuildbotMaster) -> DriverResult<Option<Scheduler>> {
    let form = match master.http.get::<Value>(&path(master)).await {
        Ok(mut answer) => read_form(answer["forceschedulers"][0].take())?,
        Err(DriverError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let before = master.cache.lock().await.scheduler.clone().map(|(_, scheduler)| scheduler);
    let creates_idempotently = match before {
        Some(before) if before.form.fields == form.fields => before.creates_idempotently,
        _ => form.collapsing.is_some() || is_idempotent(master).await?,
    };
    let scheduler = Scheduler { creates_idempotently, form };
    master.cache.lock().await.scheduler = Some((master.clock.now(), scheduler.clone()));
    Ok(Some(scheduler))
}

/// Its path in the API.
pub(super) fn path(master: &BuildbotMaster) -> String {
    format!("api/v2/forceschedulers/{}", segment(&master.scheduler))
}

/// Tells a `DroverScheduler` from a stock one with the same fields: both refuse a call without key and builder, but the former
/// reports the missing key. Nothing is created either way.
async fn is_idempotent(master: &BuildbotMaster) -> DriverResult<bool> {
    Ok(refusal(master).await?.contains("drover_task is required"))
}

/// An error unless the user may create builds.
pub(super) async fn may_force(master: &BuildbotMaster) -> DriverResult<()> {
    refusal(master).await.map(drop)
}

/// The scheduler's error for a call without any field.
async fn refusal(master: &BuildbotMaster) -> DriverResult<String> {
    match master.http.call(&path(master), "force", &json!({ "builderNames": ["-"] })).await {
        Err(CallError::Response(_, message)) => Ok(message),
        Err(CallError::Driver(error)) => Err(error),
        Ok(_) => Ok(String::new()),
    }
}

fn read_form(scheduler: Value) -> DriverResult<Form> {
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
    let wire: Wire =
        serde_json::from_value(scheduler).map_err(|error| invalid(format_args!("a scheduler: {error}")))?;
    let mut form = Form { builders: wire.builder_names, ..Form::default() };
    let mut pending: Vec<&Value> = wire.all_fields.iter().collect();
    while let Some(field) = pending.pop() {
        pending.extend(field["fields"].as_array().into_iter().flatten());
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
    utf8_percent_encode(text, protocol::form::COMPONENT).to_string()
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
    fn a_drover_scheduler_reports_which_builders_collapse() {
        let form = read_form(json!({
            "builder_names": ["fast", "slow"],
            "all_fields": [{ "fullName": "drover_facts", "default": r#"{"version":1,"collapsing":["slow"]}"# }],
        }));
        let form = form.unwrap();
        assert_eq!(form.collapsing, Some(BTreeSet::from(["slow".to_owned()])));
        assert!(!form.ends_hanging && form.holds.is_empty());
    }

    #[test]
    fn version_2_of_a_drover_scheduler_ends_hanging_builds_and_reports_what_blocks_workers() {
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
    fn a_response_without_a_scheduler_is_invalid() {
        assert!(matches!(read_form(json!(null)), Err(DriverError::InvalidResponse(_))));
    }

    #[test]
    fn a_segment_holds_no_slash_and_no_ampersand() {
        assert_eq!(segment("a/b&c=ü"), "a%2Fb%26c%3D%C3%BC");
    }
}
