//! Replies against their schemas, in debug builds: what breaks its schema is a fault of ours, and clients never see it.

use base::telemetry::{Counter, Label};
use protocol::{error::FieldError, reference::Output, schema};
use serde_json::Value;

use super::{ApiError, ApiResponse, ApiResult, Object, route_table::Route};

/// The reply if it is as declared. Of a list, single items that are not are left out, as everywhere: one row that was stored
/// before a limit was known must not hide its neighbours.
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
    if only_fitting(&mut value, errors, |value| schema::check(service, output, value)) {
        tracing::error!(
            api.method = route.endpoint.name,
            errors = described,
            "items that break their schema are left out of a list"
        );
        unreadable("item");
        return Ok(ApiResponse::json(&value));
    }
    Err(ApiError::internal(format!("the response breaks its schema: {described}")))
}

/// One item of a reply, before it is put into a list with others. The error says what is wrong with it.
pub(crate) fn checked_item(service: &str, schema: &str, item: Object) -> Result<Object, String> {
    if !cfg!(debug_assertions) {
        return Ok(item);
    }
    let value: Value = serde_json::from_str(&item.to_text()).map_err(|error| error.to_string())?;
    schema::check(service, schema, &value).map_err(|errors| joined(&errors))?;
    Ok(item)
}

/// Counts what is left out of a reply.
pub(crate) fn unreadable(kind: &'static str) {
    let about = "Rows that could not be read or told, and were left out of a list, a claim or a batch.";
    Counter::new("api", "drover.rows.unreadable", "{row}", about).add(1, &[Label::new("row.kind", kind)]);
}

fn joined(errors: &[FieldError]) -> String {
    errors.iter().map(|error| format!("data{error}")).collect::<Vec<_>>().join("; ")
}

/// Leaves out items until the check has nothing to say; it does not tell all faults at once. `false`: that does not help.
fn only_fitting(
    value: &mut Value,
    mut errors: Vec<FieldError>,
    check: impl Fn(&Value) -> Result<(), Vec<FieldError>>,
) -> bool {
    while leave_out(value, &errors) {
        match check(value) {
            Ok(()) => return true,
            Err(more) => errors = more,
        }
    }
    false
}

/// Takes out of the list, or of the lists of an object, the items in which the faults are. `false`: one is elsewhere.
fn leave_out(value: &mut Value, errors: &[FieldError]) -> bool {
    let mut places = Vec::new();
    for error in errors {
        let mut parts = error.pointer.split('/').skip(1);
        let list = if value.is_array() { None } else { parts.next() };
        let Some(index) = parts.next().and_then(|index| index.parse::<usize>().ok()) else { return false };
        places.push((list.map(str::to_owned), index));
    }
    if places.is_empty() {
        return false;
    }
    places.sort();
    places.dedup();
    // From the back, so that indexes stay what they are.
    places.into_iter().rev().all(|(list, index)| {
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
    fn only_the_items_at_fault_are_left_out() {
        let mut response = json!({ "tasks": [0, 1, 2, 3], "next": "x" });
        assert!(leave_out(&mut response, &[error("/tasks/1/a"), error("/tasks/3"), error("/tasks/1/b")]));
        assert_eq!(response, json!({ "tasks": [0, 2], "next": "x" }));
        let mut list = json!([0, 1]);
        assert!(leave_out(&mut list, &[error("/0/name")]) && list == json!([1]));
        assert!(!leave_out(&mut response, &[error("/next")]) && !leave_out(&mut response, &[error("")]));
    }
}
