//! Replies against their schemas, in debug builds: what breaks its schema is a fault of ours, and clients never see it.

use base::telemetry::{Counter, Label};
use protocol::{
    reference::Output,
    schema::{self, Fault as SchemaFault},
};
use serde_json::Value;

use super::{Answer, Fault, Object, Reply, table::Route};

/// The reply if it is as declared. Of a list, single items that are not are left out, as everywhere: one row that was stored
/// before a limit was known must not hide its neighbours.
pub(super) async fn checked(route: &Route, reply: Reply) -> Answer {
    if !cfg!(debug_assertions) {
        return Ok(reply);
    }
    let Output::Schema(output) = &route.endpoint.output else { return Ok(reply) };
    let (reply, text) = reply.read().await?;
    let Ok(mut value) = serde_json::from_slice::<Value>(&text) else { return Ok(reply) };
    let service = &route.service.service_name;
    let Err(faults) = schema::check(service, output, &value) else { return Ok(reply) };
    if !reply.is_ok() {
        return Ok(reply);
    }
    let told = words(&faults);
    if only_fitting(&mut value, faults, |value| schema::check(service, output, value)) {
        tracing::error!(
            api.method = route.endpoint.name,
            faults = told,
            "items that break their schema are left out of a list"
        );
        unreadable("item");
        return Ok(Reply::json(&value));
    }
    Err(Fault::internal(format!("the reply breaks its schema: {told}")))
}

/// One item of a reply, before it is put into a list with others. The error says what is wrong with it.
pub(crate) fn checked_item(service: &str, schema: &str, item: Object) -> Result<Object, String> {
    if !cfg!(debug_assertions) {
        return Ok(item);
    }
    let value: Value = serde_json::from_str(&item.to_text()).map_err(|error| error.to_string())?;
    schema::check(service, schema, &value).map_err(|faults| words(&faults))?;
    Ok(item)
}

/// Counts what is left out of a reply.
pub(crate) fn unreadable(kind: &'static str) {
    let about = "Rows that could not be read or told, and were left out of a list, a claim or a batch.";
    Counter::new("api", "drover.rows.unreadable", "{row}", about).add(1, &[Label::new("row.kind", kind)]);
}

fn words(faults: &[SchemaFault]) -> String {
    faults.iter().map(SchemaFault::to_string).collect::<Vec<_>>().join("; ")
}

/// Leaves out items until the check has nothing to say; it does not tell all faults at once. `false`: that does not help.
fn only_fitting(
    value: &mut Value,
    mut faults: Vec<SchemaFault>,
    check: impl Fn(&Value) -> Result<(), Vec<SchemaFault>>,
) -> bool {
    while leave_out(value, &faults) {
        match check(value) {
            Ok(()) => return true,
            Err(more) => faults = more,
        }
    }
    false
}

/// Takes out of the list, or of the lists of an object, the items in which the faults are. `false`: one is elsewhere.
fn leave_out(value: &mut Value, faults: &[SchemaFault]) -> bool {
    let mut places = Vec::new();
    for fault in faults {
        let mut words = fault.pointer.split('/').skip(1);
        let list = if value.is_array() { None } else { words.next() };
        let Some(index) = words.next().and_then(|index| index.parse::<usize>().ok()) else { return false };
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

    fn fault(pointer: &str) -> SchemaFault {
        SchemaFault { pointer: pointer.to_owned(), expected: String::new(), came: String::new() }
    }

    #[test]
    fn only_the_items_at_fault_are_left_out() {
        let mut reply = json!({ "tasks": [0, 1, 2, 3], "next": "x" });
        assert!(leave_out(&mut reply, &[fault("/tasks/1/a"), fault("/tasks/3"), fault("/tasks/1/b")]));
        assert_eq!(reply, json!({ "tasks": [0, 2], "next": "x" }));
        let mut list = json!([0, 1]);
        assert!(leave_out(&mut list, &[fault("/0/name")]) && list == json!([1]));
        assert!(!leave_out(&mut reply, &[fault("/next")]) && !leave_out(&mut reply, &[fault("")]));
    }
}
