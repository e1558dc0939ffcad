//! Renders the templates of `extra.notify`, away from the reactor and within limits.

use jsone::{Context, Limits};
use protocol::{notify::NotificationKind, time::Timestamp};
use serde_json::{Map, Value};

/// About 20 ms.
const MAX_STEPS: usize = 200_000;
const MAX_OUTPUT: usize = 256 * 1024;

/// Field of the notification and its place in `extra.notify`.
type Field = (&'static str, &'static [&'static str]);

const EMAIL: &[Field] = &[
    ("subject", &["email", "subject"]),
    ("content", &["email", "content"]),
    ("link", &["email", "link"]),
    ("template", &["email", "template"]),
];
const MATRIX: &[Field] = &[
    ("body", &["matrixBody"]),
    ("formattedBody", &["matrixFormattedBody"]),
    ("format", &["matrixFormat"]),
    ("msgtype", &["matrixMsgtype"]),
];
const SLACK: &[Field] =
    &[("text", &["slackText"]), ("blocks", &["slackBlocks"]), ("attachments", &["slackAttachments"])];

pub(super) struct Templates {
    pub texts: Value,
    /// What templates can name.
    pub context: Value,
    pub now: Timestamp,
}

impl Templates {
    /// The fields of a notification for which the task has a text; or why one cannot be rendered.
    pub(super) async fn render(self, kind: NotificationKind) -> Result<Map<String, Value>, String> {
        let fields = match kind {
            NotificationKind::Email => EMAIL,
            NotificationKind::MatrixRoom => MATRIX,
            NotificationKind::SlackChannel => SLACK,
            NotificationKind::Pulse => return Ok(Map::new()),
        };
        let rendered = tokio::task::spawn_blocking(move || self.render_all(fields)).await;
        rendered.unwrap_or_else(|_| Err("its rendering failed".to_owned()))
    }

    fn render_all(&self, fields: &[Field]) -> Result<Map<String, Value>, String> {
        let mut rendered = Map::new();
        for (field, place) in fields {
            let template = place.iter().try_fold(&self.texts, |value, key| value.get(key));
            let Some(template) = template.filter(|template| !template.is_null()) else { continue };
            let text = self.render_one(template).map_err(|error| format!("{}: {error}", place.join(".")))?;
            rendered.insert((*field).to_owned(), text);
        }
        Ok(rendered)
    }

    fn render_one(&self, template: &Value) -> Result<Value, String> {
        let limits = Limits { steps: MAX_STEPS, output_bytes: MAX_OUTPUT, ..Limits::default() };
        let words = |error: jsone::Error| error.to_string();
        let mut context = Context::new(self.now);
        context.extend(&jsone::Value::try_from(&self.context).map_err(words)?).map_err(words)?;
        let template = jsone::Value::try_from(template).map_err(words)?;
        let rendered = jsone::render(&template, &context, &limits).map_err(words)?;
        Ok(Value::from(&rendered))
    }
}
