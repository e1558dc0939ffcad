//! Creates a request for a build, once for each key.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::{
    BuildbotMaster, cancel,
    http::CallError,
    invalid, read,
    scheduler::{self, Form, Scheduler, segment},
    wire::WireRequest,
};
use crate::driver::{BuildsetId, Created, DriverError, DriverResult, NewRequest, Request, RequestId, SourceStamp};

/// How long a call without a response may still be carried out by the master. A stock scheduler, which would
/// create a second build, is not called again before.
const UNCONFIRMED: TimeDelta = TimeDelta::seconds(60);

pub(super) async fn run(master: &BuildbotMaster, order: &NewRequest) -> DriverResult<Created> {
    let scheduler = scheduler::get(master).await?.ok_or_else(|| no_scheduler(master))?;
    let params = params(&scheduler.form, order)?;
    if scheduler.creates_idempotently {
        post(master, &params).await
    } else {
        create_after_lookup(master, &order.key, &params).await
    }
}

/// For a scheduler without idempotency: looks up the key in the reasons of requests first. May create twice; `lookup` cancels the
/// second request.
async fn create_after_lookup(master: &BuildbotMaster, key: &str, params: &Value) -> DriverResult<Created> {
    if let Some(found) = lookup(master, key).await? {
        return Ok(found);
    }
    let now = master.clock.now();
    let mut cache = master.cache.lock().await;
    cache.unconfirmed.retain(|_, since| now - *since < UNCONFIRMED);
    if cache.unconfirmed.contains_key(key) {
        return Err(DriverError::Unavailable("a call without a response may still be in flight".to_owned()));
    }
    cache.unconfirmed.insert(key.to_owned(), now);
    drop(cache);
    let answer = post(master, params).await;
    if !matches!(answer, Err(DriverError::Unavailable(_) | DriverError::InvalidResponse(_))) {
        master.cache.lock().await.unconfirmed.remove(key);
    }
    answer
}

async fn post(master: &BuildbotMaster, params: &Value) -> DriverResult<Created> {
    match master.http.call(&scheduler::path(master), "force", params).await {
        Ok(answer) => read_ids(&answer),
        Err(CallError::Response(_, message)) if message.contains("builderNames not specified") => {
            Err(DriverError::Refused(format!(
                "its scheduler `{}` does not serve the builder {}",
                master.scheduler, params["builderNames"][0]
            )))
        }
        Err(CallError::Response(_, message)) if message.contains("has no attribute 'force'") => {
            Err(no_scheduler(master))
        }
        Err(error) => Err(error.into()),
    }
}

/// An error of the master's configuration, so no task is malformed because of it.
fn no_scheduler(master: &BuildbotMaster) -> DriverError {
    DriverError::Auth(format!(
        "it has no force scheduler `{}`; `drover bridge init` tells how to add it",
        master.scheduler
    ))
}

/// `[bsid, {builderid: brid}]`
fn read_ids(answer: &Value) -> DriverResult<Created> {
    let buildset = answer[0].as_i64().map(BuildsetId);
    let request = answer[1].as_object().and_then(|requests| requests.values().next()).and_then(Value::as_i64);
    let created = buildset.zip(request).map(|(buildset, request)| Created { buildset, request: RequestId(request) });
    created.ok_or_else(|| invalid(format_args!("`force` gave no ids but {answer}")))
}

fn params(form: &Form, order: &NewRequest) -> DriverResult<Value> {
    let mut params = Map::new();
    params.insert("builderNames".to_owned(), json!([order.builder]));
    params.insert("reason".to_owned(), format!("{} {}", order.reason, mark(&order.key)).trim_start().into());
    params.insert("priority".to_owned(), order.priority.into());
    if form.fields.contains("drover_task") {
        params.insert("drover_task".to_owned(), order.key.clone().into());
    }
    source_stamp(form, &order.source_stamp, &mut params)?;
    if form.fields.contains("drover_properties") {
        params.insert("drover_properties".to_owned(), Value::Object(order.properties.clone()).to_string().into());
    } else {
        declared_properties(form, &order.properties, &mut params)?;
    }
    Ok(params.into())
}

/// Identifies a request in its reason, where the scheduler stores no key. The brackets tell run 1 from run 10.
fn mark(key: &str) -> String {
    format!("[{key}]")
}

/// The master ignores unknown fields, and would build something else than the task asks for.
fn source_stamp(form: &Form, stamp: &SourceStamp, params: &mut Map<String, Value>) -> DriverResult<()> {
    let SourceStamp { branch, revision, repository, project, codebase } = stamp;
    for (name, value) in [("branch", branch), ("revision", revision), ("repository", repository), ("project", project)]
    {
        let field = if codebase.is_empty() { name.to_owned() } else { format!("{codebase}_{name}") };
        if value.is_empty() {
            continue;
        }
        if !form.fields.contains(&field) {
            return Err(DriverError::Refused(format!("its scheduler has no field `{field}` for `sourcestamp.{name}`")));
        }
        params.insert(field, value.clone().into());
    }
    Ok(())
}

/// A stock scheduler takes only declared properties, as text.
fn declared_properties(
    form: &Form,
    properties: &Map<String, Value>,
    params: &mut Map<String, Value>,
) -> DriverResult<()> {
    for (name, value) in properties {
        if !form.fields.contains(name) || params.contains_key(name) {
            return Err(DriverError::Refused(format!(
                "its scheduler takes no property `{name}`; a DroverScheduler takes any"
            )));
        }
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        params.insert(name.clone(), text.into());
    }
    Ok(())
}

pub(super) async fn lookup(master: &BuildbotMaster, key: &str) -> DriverResult<Option<Created>> {
    let scheduler = scheduler::get(master).await?;
    let found = requests_of(master, &format!("external_idstring={}", segment(key))).await?;
    if let Some(first) = found.first() {
        return Ok(Some(created(first)));
    }
    if scheduler.is_some_and(|Scheduler { creates_idempotently, .. }| creates_idempotently) {
        return Ok(None);
    }
    let found = requests_of(master, &format!("reason__contains={}", segment(&mark(key)))).await?;
    let Some((first, duplicates)) = found.split_first() else { return Ok(None) };
    for duplicate in duplicates {
        cancel_duplicate(master, duplicate).await?;
    }
    Ok(Some(created(first)))
}

/// The requests of the buildsets that match, the oldest first.
async fn requests_of(master: &BuildbotMaster, filter: &str) -> DriverResult<Vec<Request>> {
    #[derive(serde::Deserialize)]
    struct Row {
        bsid: i64,
    }
    let fields = "field=bsid&field=external_idstring&field=reason";
    let sets: Vec<Row> = read::list(&master.http, &format!("api/v2/buildsets?{filter}&{fields}"), "buildsets").await?;
    let mut found: Vec<Request> = Vec::new();
    for Row { bsid } in sets {
        let path = format!("api/v2/buildrequests?buildsetid={bsid}");
        let rows: Vec<WireRequest> = read::list(&master.http, &path, "buildrequests").await?;
        found.extend(rows.into_iter().map(Request::from));
    }
    found.sort_by_key(|request| request.id);
    Ok(found)
}

/// A second request of the same key. One that a builder has claimed is left to run: cancelling it at that
/// moment may block the builder.
async fn cancel_duplicate(master: &BuildbotMaster, duplicate: &Request) -> DriverResult<()> {
    if duplicate.claimed || duplicate.result.is_some() {
        return Ok(());
    }
    tracing::warn!(buildbot.request = duplicate.id.0, "duplicate request of a task cancelled");
    cancel::request(&master.http, duplicate.id, "scheduled twice by Drover").await
}

const fn created(request: &Request) -> Created {
    Created { buildset: request.buildset, request: request.id }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> NewRequest {
        let properties = json!({ "product": "fennec", "deep": { "list": [1] } });
        NewRequest {
            key: "AAAAAAAAAAAAAAAAAAAAAA/0".to_owned(),
            builder: "fast".to_owned(),
            source_stamp: SourceStamp { branch: "main".to_owned(), ..SourceStamp::default() },
            properties: properties.as_object().unwrap().clone(),
            priority: 3,
            reason: "a task".to_owned(),
        }
    }

    fn form(fields: &[&str]) -> Form {
        Form { fields: fields.iter().map(|&field| field.to_owned()).collect(), ..Form::default() }
    }

    #[test]
    fn our_scheduler_gets_key_and_properties_as_they_are() {
        let params = params(&form(&["drover_task", "drover_properties", "branch"]), &order()).unwrap();
        let expected = json!({
            "builderNames": ["fast"],
            "reason": "a task [AAAAAAAAAAAAAAAAAAAAAA/0]",
            "priority": 3,
            "drover_task": "AAAAAAAAAAAAAAAAAAAAAA/0",
            "branch": "main",
            "drover_properties": r#"{"deep":{"list":[1]},"product":"fennec"}"#,
        });
        assert_eq!(params, expected);
    }

    #[test]
    fn a_stock_scheduler_gets_declared_properties_as_text() {
        let params = params(&form(&["branch", "product", "deep"]), &order()).unwrap();
        assert_eq!((&params["product"], &params["deep"]), (&json!("fennec"), &json!(r#"{"list":[1]}"#)));
        assert_eq!(params.get("drover_task"), None);
    }

    #[test]
    fn what_the_master_would_ignore_is_refused() {
        let refused = |form: &Form, order: &NewRequest| match params(form, order) {
            Err(DriverError::Refused(message)) => message,
            other => panic!("{other:?}"),
        };
        assert!(refused(&form(&["branch", "product"]), &order()).contains("`deep`"));
        assert!(refused(&form(&["drover_properties"]), &order()).contains("`branch`"));
        let mut order = order();
        order.source_stamp.codebase = "lib".to_owned();
        assert!(refused(&form(&["drover_properties", "branch"]), &order).contains("`lib_branch`"));
    }

    #[test]
    fn ids_are_read_from_the_answer_of_force() {
        let ids = read_ids(&json!([7, { "4": 12 }])).unwrap();
        assert_eq!((ids.buildset, ids.request), (BuildsetId(7), RequestId(12)));
        assert!(matches!(read_ids(&json!(null)), Err(DriverError::InvalidResponse(_))));
        assert!(matches!(read_ids(&json!([7, {}])), Err(DriverError::InvalidResponse(_))));
    }
}
