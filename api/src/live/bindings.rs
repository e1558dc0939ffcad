//! The bindings that a connection subscribes to.

use actors::live::{Binding, Live};
use serde::Deserialize;

use crate::http::{ApiError, Call};

/// Bindings of one connection.
const MAX_BINDINGS: usize = 100;
/// The longest pattern that AMQP carries, in bytes.
const MAX_PATTERN: usize = 255;

#[derive(Deserialize)]
#[serde(untagged)]
enum Bindings {
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

/// The bindings of the query; without any, all events.
pub(super) fn of(call: &Call, live: &Live) -> Result<Vec<Binding>, ApiError> {
    let Some(text) = call.query("bindings") else { return Ok(live.everything()) };
    let form = r#"be JSON like {"bindings": [{"exchange": "task-pending", "routingKeyPattern": "primary.#"}]}"#;
    let parsed = serde_json::from_str(text);
    let parsed = parsed.map_err(|_| ApiError::invalid_field("/query/bindings", form, &format!("`{text}`")))?;
    let (Bindings::Wrapped { bindings } | Bindings::Bare(bindings)) = parsed;
    if bindings.is_empty() || bindings.len() > MAX_BINDINGS {
        let expected = format!("hold 1 to {MAX_BINDINGS} bindings");
        return Err(ApiError::invalid_field("/query/bindings", &expected, &bindings.len().to_string()));
    }
    bindings.iter().zip(0..).map(|(one, at)| binding(live, one, at)).collect()
}

fn binding(live: &Live, one: &One, at: usize) -> Result<Binding, ApiError> {
    let length = one.routing_key_pattern.len();
    if length > MAX_PATTERN {
        let pointer = format!("/query/bindings/{at}/routingKeyPattern");
        return Err(ApiError::invalid_field(
            &pointer,
            &format!("have at most {MAX_PATTERN} bytes"),
            &length.to_string(),
        ));
    }
    live.binding(&one.exchange, &one.routing_key_pattern).map_err(|error| {
        let pointer = format!("/query/bindings/{at}/exchange");
        ApiError::from(error).at(pointer, "be an exchange of this deployment", format!("`{}`", one.exchange))
    })
}
