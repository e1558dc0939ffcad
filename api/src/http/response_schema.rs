//! Responses checked against their schemas, in debug builds: one that does not match is a bug of ours, and an error.

use base::telemetry::{Counter, Label};
use protocol::{error::FieldError, reference::Output, schema};
use serde_json::Value;

use super::{ApiError, ApiResponse, ApiResult, Object, route_table::Route};

/// The response if it matches. Of a list, items that do not match are left out, as everywhere: one row that was stored
/// before a limit was known must not hide the others.
pub(super) async fn checked(route: &Route, response: ApiResponse) -> ApiResult {
    if !cfg!(debug_assertions) {
        return Ok(response);
    }
    let Output::Schema(output) = &route.endpoint.output else { return Ok(response) };
    let (response, text) = response.read().await?;
    let Ok(mut value) = serde_json::from_slice::<Value>(&text) else { return Ok(response) };
    let service = &route.service.service_name;
    let Err(errors) = schema::check(service, output, &value) else { return Ok(response) };
    if !response.is_ok() {
        return Ok(response);
    }
    let described = joined(&errors);
    if remove_invalid_items(&mut value, errors, |value| schema::check(service, output, value)) {
        tracing::error!(
            api.method = route.endpoint.name,
            errors = described,
            "items that break their schema are left out of a list"
        );
        count_unreadable("item");
        return Ok(ApiResponse::json(&value));
    }
    Err(ApiError::internal(format!("the response breaks its schema: {described}")))
}

/// One item of a list, before it is added to a response. The error says why it does not match.
pub(crate) fn checked_item(service: &str, schema: &str, item: Object) -> Result<Object, String> {
    if !cfg!(debug_assertions) {
        return Ok(item);
    }
    let value: Value = serde_json::from_str(&item.to_text()).map_err(|error| error.to_string())?;
    schema::check(service, schema, &value).map_err(|errors| joined(&errors))?;
    Ok(item)
}

/// Counts what is left out of a response.
pub(crate) fn count_unreadable(kind: &'static str) {
    let about = "Rows that could not be read or sent, and were left out of a list, a claim or a batch.";
    Counter::new("api", "drover.rows.unreadable", "{row}", about).add(1, &[Label::new("row.kind", kind)]);
}

fn joined(errors: &[FieldError]) -> String {
    errors.iter().map(|error| format!("data{error}")).collect::<Vec<_>>().join("; ")
}

/// Removes items until the value passes the check, which does not report all errors at once. `false`: it cannot.
fn remove_invalid_items(
    value: &mut Value,
    mut errors: Vec<FieldError>,
    check: impl Fn(&Value) -> Result<(), Vec<FieldError>>,
) -> bool {
    while remove_items(value, &errors) {
        match check(value) {
            Ok(()) => return true,
            Err(more) => errors = more,
        }
    }
    false
}

/// Removes from the list, or from the lists of an object, the items with errors. `false`: one is elsewhere.
fn remove_items(value: &mut Value, errors: &[FieldError]) -> bool {
    let mut items_with_errors = Vec::new();
    for error in errors {
        let mut parts = error.pointer.split('/').skip(1);
        let list = if value.is_array() { None } else { parts.next() };
        let Some(index) = parts.next().and_then(|index| index.parse::<usize>().ok()) else { return false };
        items_with_errors.push((list.map(str::to_owned), index));
    }
    if items_with_errors.is_empty() {
        return false;
    }
    items_with_errors.sort();
    items_with_errors.dedup();
    // From the back, so that the other indexes stay valid.
    items_with_errors.into_iter().rev().all(|(list, index)| {
        let holder = match list {
            Some(name) => value.get_mut(name),
            None => Some(&mut *value),
        };
        let items = holder.and_then(Value::as_array_mut);
        items.filter(|items| index < items.len()).map(|items| items.remove(index)).is_some()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn error(pointer: &str) -> FieldError {
        FieldError { pointer: pointer.to_owned(), expected: String::new(), got: String::new() }
    }

    #[test]
    fn only_the_items_with_errors_are_removed() {
        let mut response = json!({ "tasks": [0, 1, 2, 3], "next": "x" });
        assert!(remove_items(&mut response, &[error("/tasks/1/a"), error("/tasks/3"), error("/tasks/1/b")]));
        assert_eq!(response, json!({ "tasks": [0, 2], "next": "x" }));
        let mut list = json!([0, 1]);
        assert!(remove_items(&mut list, &[error("/0/name")]) && list == json!([1]));
        assert!(!remove_items(&mut response, &[error("/next")]) && !remove_items(&mut response, &[error("")]));
    }
}
