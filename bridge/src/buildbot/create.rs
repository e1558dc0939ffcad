//! Making a request for a build, once for each key.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::{
    BuildbotMaster, bad, cancel,
    http::CallError,
    read,
    scheduler::{self, Form, Scheduler, segment},
    wire::WireRequest,
};
use crate::driver::{Answer, BuildsetId, Created, DriverError, NewRequest, Request, RequestId, SourceStamp};

/// How long a call without an answer may still be under way in the master. Only then a stock scheduler, which would
/// make a second build, is asked again.
const UNCLEAR: TimeDelta = TimeDelta::seconds(60);

pub(super) async fn run(master: &BuildbotMaster, order: &NewRequest) -> Answer<Created> {
    let scheduler = scheduler::get(master).await?.ok_or_else(|| no_scheduler(master))?;
    let params = params(&scheduler.form, order)?;
    if scheduler.creates_once { post(master, &params).await } else { cautiously(master, &order.key, &params).await }
}

/// What was made is looked up first, under a key that stands in the reason: at least once, and tidied afterwards.
async fn cautiously(master: &BuildbotMaster, key: &str, params: &Value) -> Answer<Created> {
    if let Some(found) = lookup(master, key).await? {
        return Ok(found);
    }
    let now = master.clock.now();
    let mut known = master.known.lock().await;
    known.unclear.retain(|_, since| now - *since < UNCLEAR);
    if known.unclear.contains_key(key) {
        return Err(DriverError::Away("a call without an answer may still be under way".to_owned()));
    }
    known.unclear.insert(key.to_owned(), now);
    drop(known);
    let answer = post(master, params).await;
    if !matches!(answer, Err(DriverError::Away(_) | DriverError::BadAnswer(_))) {
        master.known.lock().await.unclear.remove(key);
    }
    answer
}

async fn post(master: &BuildbotMaster, params: &Value) -> Answer<Created> {
    match master.http.call(&scheduler::path(master), "force", params).await {
        Ok(answer) => read_ids(&answer),
        Err(CallError::Said(_, words)) if words.contains("builderNames not specified") => Err(DriverError::Refused(
            format!("its scheduler `{}` does not serve the builder {}", master.scheduler, params["builderNames"][0]),
        )),
        Err(CallError::Said(_, words)) if words.contains("has no attribute 'force'") => Err(no_scheduler(master)),
        Err(error) => Err(error.into()),
    }
}

/// Of the administrator's making, so no task is to blame: the same call may work once it is mended.
fn no_scheduler(master: &BuildbotMaster) -> DriverError {
    DriverError::Auth(format!(
        "it has no force scheduler `{}`; `drover bridge init` tells how to add it",
        master.scheduler
    ))
}

/// `[bsid, {builderid: brid}]`
fn read_ids(answer: &Value) -> Answer<Created> {
    let buildset = answer[0].as_i64().map(BuildsetId);
    let request = answer[1].as_object().and_then(|requests| requests.values().next()).and_then(Value::as_i64);
    let created = buildset.zip(request).map(|(buildset, request)| Created { buildset, request: RequestId(request) });
    created.ok_or_else(|| bad(format_args!("`force` gave no ids but {answer}")))
}

fn params(form: &Form, order: &NewRequest) -> Answer<Value> {
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

/// What a request is found by whose scheduler keeps no key. The brackets keep run 1 from run 10.
fn mark(key: &str) -> String {
    format!("[{key}]")
}

/// The master ignores fields that it does not know, and would build something else than was asked for.
fn source_stamp(form: &Form, stamp: &SourceStamp, params: &mut Map<String, Value>) -> Answer<()> {
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

/// A stock scheduler takes only what its administrator declared, and as text.
fn declared_properties(form: &Form, properties: &Map<String, Value>, params: &mut Map<String, Value>) -> Answer<()> {
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

pub(super) async fn lookup(master: &BuildbotMaster, key: &str) -> Answer<Option<Created>> {
    let scheduler = scheduler::get(master).await?;
    let found = requests_of(master, &format!("external_idstring={}", segment(key))).await?;
    if let Some(first) = found.first() {
        return Ok(Some(created(first)));
    }
    if scheduler.is_some_and(|Scheduler { creates_once, .. }| creates_once) {
        return Ok(None);
    }
    let found = requests_of(master, &format!("reason__contains={}", segment(&mark(key)))).await?;
    let Some((first, doubles)) = found.split_first() else { return Ok(None) };
    for double in doubles {
        tidy(master, double).await?;
    }
    Ok(Some(created(first)))
}

/// The requests of the buildsets that match, the oldest first.
async fn requests_of(master: &BuildbotMaster, filter: &str) -> Answer<Vec<Request>> {
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

/// A second request of the same key. One that a builder has taken runs to its end unheeded: cancelling it in that
/// moment may block the builder.
async fn tidy(master: &BuildbotMaster, double: &Request) -> Answer<()> {
    if double.claimed || double.result.is_some() {
        return Ok(());
    }
    tracing::warn!(buildbot.request = double.id.0, "a task was scheduled twice; the second request is cancelled");
    cancel::request(&master.http, double.id, "scheduled twice by Drover").await
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
            Err(DriverError::Refused(words)) => words,
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
        assert!(matches!(read_ids(&json!(null)), Err(DriverError::BadAnswer(_))));
        assert!(matches!(read_ids(&json!([7, {}])), Err(DriverError::BadAnswer(_))));
    }
}
