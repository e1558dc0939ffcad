//! What a connection wants to hear.

use actors::live::{Binding, Live};
use serde::Deserialize;

use crate::http::{ApiError, Call};

/// More than anybody has kinds of interest.
const MOST: usize = 100;
/// The longest pattern that AMQP carries, in bytes.
const LONGEST: usize = 255;

#[derive(Deserialize)]
#[serde(untagged)]
enum Wanted {
    Wrapped { bindings: Vec<One> },
    Bare(Vec<One>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct One {
    exchange: String,
    #[serde(default = "everything")]
    routing_key_pattern: String,
}

fn everything() -> String {
    "#".to_owned()
}

/// The bindings of the query; all there are, where none are given.
pub(super) fn of(call: &Call, live: &Live) -> Result<Vec<Binding>, ApiError> {
    let Some(text) = call.query("bindings") else { return Ok(live.everything()) };
    let form = r#"be JSON like {"bindings": [{"exchange": "task-pending", "routingKeyPattern": "primary.#"}]}"#;
    let wanted = serde_json::from_str(text);
    let wanted = wanted.map_err(|_| ApiError::invalid_field("/query/bindings", form, &format!("`{text}`")))?;
    let (Wanted::Wrapped { bindings } | Wanted::Bare(bindings)) = wanted;
    if bindings.is_empty() || bindings.len() > MOST {
        let expected = format!("hold 1 to {MOST} bindings");
        return Err(ApiError::invalid_field("/query/bindings", &expected, &bindings.len().to_string()));
    }
    bindings.iter().zip(0..).map(|(one, at)| binding(live, one, at)).collect()
}

fn binding(live: &Live, one: &One, at: usize) -> Result<Binding, ApiError> {
    let length = one.routing_key_pattern.len();
    if length > LONGEST {
        let pointer = format!("/query/bindings/{at}/routingKeyPattern");
        return Err(ApiError::invalid_field(&pointer, &format!("have at most {LONGEST} bytes"), &length.to_string()));
    }
    live.binding(&one.exchange, &one.routing_key_pattern).map_err(|error| {
        let pointer = format!("/query/bindings/{at}/exchange");
        ApiError::from(error).at(pointer, "be an exchange of this env", format!("`{}`", one.exchange))
    })
}
