//! Definitions of hooks, and what they must be.

use db::hooks::HookRow;
use protocol::{cron::Schedule, schema::ForeignSchema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{HookError, HookName, HooksSettings, Result};

/// The body of createHook and updateHook, checked by its schema and with its defaults filled in.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HookBody {
    pub hook_group_id: Option<String>,
    pub hook_id: Option<String>,
    pub metadata: Value,
    pub task: Value,
    pub schedule: Vec<String>,
    pub trigger_schema: Value,
    pub bindings: Option<Vec<Binding>>,
}

/// Which messages fire a hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Binding {
    pub exchange: String,
    pub routing_key_pattern: String,
}

/// A hook with its definition.
#[derive(Debug, Clone)]
pub struct Hook {
    pub name: HookName,
    pub definition: Definition,
    pub bindings: Vec<Binding>,
}

/// What is stored as one text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    pub metadata: Value,
    pub schedule: Vec<String>,
    pub task: Value,
    pub trigger_schema: Value,
}

/// A hook has no more bindings.
const MAX_BINDINGS: usize = 100;
/// Of names and patterns in AMQP, in bytes.
const MAX_NAME: usize = 255;
/// How internal exchanges begin.
const INTERNAL: &str = "drover/";
/// What stands before the ids in the name of a hook's queue, at most.
const QUEUE_PREFIX: usize = 80;

impl HookBody {
    /// Its definition, if it can be that of this hook. Compiles the schema, so it does not belong on an async thread.
    pub(super) fn checked(
        self,
        name: &HookName,
        settings: &HooksSettings,
    ) -> Result<(Definition, Option<Vec<Binding>>)> {
        for (field, given, id) in
            [("hookGroupId", &self.hook_group_id, &name.hook_group_id), ("hookId", &self.hook_id, &name.hook_id)]
        {
            if given.as_ref().is_some_and(|given| given != id) {
                return Err(field_error(
                    field,
                    &format!("be `{id}`, as in the path, or be left out"),
                    given.as_deref(),
                ));
            }
        }
        let Self { metadata, task, schedule, trigger_schema, bindings, .. } = self;
        let definition = Definition { metadata, schedule, task, trigger_schema };
        definition.schedule_of(name)?;
        definition.schema()?;
        for binding in bindings.iter().flatten() {
            binding.check(settings)?;
        }
        if bindings.as_ref().is_some_and(|bindings| bindings.len() > MAX_BINDINGS) {
            return Err(field_error("bindings", &format!("be at most {MAX_BINDINGS}"), None));
        }
        if bindings.as_ref().is_some_and(|bindings| !bindings.is_empty())
            && name.to_string().len() + QUEUE_PREFIX > MAX_NAME
        {
            let expected = format!("be shorter: of a hook with bindings, at most {} letters", MAX_NAME - QUEUE_PREFIX);
            return Err(field_error("hookId", &expected, None));
        }
        Ok((definition, bindings))
    }
}

impl Binding {
    fn check(&self, settings: &HooksSettings) -> Result<()> {
        let Self { exchange, routing_key_pattern } = self;
        for (field, text) in [("exchange", exchange), ("routingKeyPattern", routing_key_pattern)] {
            if text.len() > MAX_NAME {
                let got = format!("{} bytes", text.len());
                return Err(field_error(
                    &format!("bindings/{field}"),
                    &format!("have at most {MAX_NAME} bytes"),
                    Some(&got),
                ));
            }
        }
        if exchange.starts_with(INTERNAL) {
            let expected = "not be an exchange of Drover's own processes; the same events are on `exchange/...`";
            return Err(field_error("bindings/exchange", expected, Some(exchange)));
        }
        let denied = |pattern: &&String| match pattern.strip_suffix('*') {
            Some(beginning) => exchange.starts_with(beginning),
            None => *pattern == exchange,
        };
        if let Some(pattern) = settings.denied_exchanges.iter().find(denied) {
            let expected = format!("not be an exchange that a fire could publish to (`{pattern}`)");
            return Err(field_error("bindings/exchange", &expected, Some(exchange)));
        }
        Ok(())
    }
}

impl Definition {
    pub(super) fn schedule_of(&self, name: &HookName) -> Result<Schedule> {
        let parsed = Schedule::parse(self.schedule.iter().map(String::as_str), &name.to_string());
        parsed.map_err(|error| HookError::Field {
            field: "schedule".to_owned(),
            expected: "be cron expressions".to_owned(),
            got: format!("one that is none: {error}"),
        })
    }

    pub(super) fn schema(&self) -> Result<ForeignSchema> {
        ForeignSchema::compile(&self.trigger_schema).map_err(|error| HookError::Field {
            field: "triggerSchema".to_owned(),
            expected: "be a JSON schema that can be used".to_owned(),
            got: format!("one that {error}"),
        })
    }
}

impl TryFrom<&HookRow> for Hook {
    type Error = HookError;

    fn try_from(row: &HookRow) -> Result<Self> {
        let name = HookName::new(&row.hook_group_id, &row.hook_id);
        let read = || Ok((serde_json::from_str(&row.definition)?, serde_json::from_str(&row.bindings)?));
        match read() {
            Ok((definition, bindings)) => Ok(Self { name, definition, bindings }),
            Err(cause) => Err(HookError::Stored { name, cause }),
        }
    }
}

fn field_error(field: &str, expected: &str, got: Option<&str>) -> HookError {
    let got = got.map_or_else(|| "more".to_owned(), |got| format!("`{got}`"));
    HookError::Field { field: field.to_owned(), expected: expected.to_owned(), got }
}
