//! What a notification says about a task: a text of ours, or the one that the task has for it in `extra.notify`, a template
//! of JSON-e. A template that fails is replaced by our text, with a line that says so: the notification is not lost.

use protocol::{
    event::TaskEvent,
    notify::{Email, Link, MatrixMessage, Notification, NotificationKind, PulseMessage, SlackMessage, transition},
    time::Timestamp,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::template::Templates;

const MAX_NAME: usize = 120;

/// A task's event, and what is said about it.
pub(super) struct TaskText {
    state: &'static str,
    name: String,
    task_id: String,
    url: String,
    run: String,
    status: Value,
    templates: Option<Templates>,
}

impl TaskText {
    /// `task` is its definition, null if it is not known any more.
    pub(super) fn new(event: &TaskEvent, task: &Value, root_url: &str, now: Timestamp) -> Self {
        let task_id = event.status.task_id.to_string();
        let name = task["metadata"]["name"].as_str().unwrap_or_default();
        let name: String = name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
        let status = serde_json::to_value(&event.status).unwrap_or(Value::Null);
        let context = json!({ "task": task, "status": status, "taskId": task_id, "rootUrl": root_url });
        let templates = task["extra"]["notify"].as_object();
        let templates = templates.map(|texts| Templates { texts: Value::Object(texts.clone()), context, now });
        Self {
            state: transition(event).unwrap_or_default(),
            name: if name.is_empty() { "a task".to_owned() } else { name },
            url: format!("{root_url}/tasks/{task_id}"),
            run: event.change.run_id().map(|run_id| format!(" (run {run_id})")).unwrap_or_default(),
            task_id,
            status,
            templates,
        }
    }

    pub(super) async fn notification(self, kind: NotificationKind, address: &str) -> Notification {
        let ours = self.ours(kind, address);
        let Some(templates) = self.templates else { return ours };
        match templates.render(kind).await {
            Ok(texts) if texts.is_empty() => ours,
            Ok(texts) => replaced(&ours, texts).unwrap_or_else(|why| with_note(ours, &why)),
            Err(why) => with_note(ours, &why),
        }
    }

    fn ours(&self, kind: NotificationKind, address: &str) -> Notification {
        let Self { state, name, task_id, url, run, status, .. } = self;
        let (address, line) = (address.to_owned(), format!("Task {name} is {state}{run}: {url}"));
        match kind {
            NotificationKind::Email => Notification::Email(Email {
                address,
                subject: format!("Task {state}: {name} - {task_id}"),
                content: format!("Task [{task_id}]({url}), {}, is now **{state}**{run}.\n", plain(name)),
                link: Some(Link { text: "See the task".to_owned(), href: url.clone() }),
                reply_to: None,
                template: protocol::notify::Template::Simple,
            }),
            NotificationKind::Pulse => Notification::Pulse(PulseMessage {
                routing_key: address,
                message: status.as_object().cloned().unwrap_or_default(),
            }),
            NotificationKind::MatrixRoom => Notification::Matrix(MatrixMessage {
                room_id: address,
                body: line,
                format: None,
                formatted_body: None,
                msgtype: "m.notice".to_owned(),
            }),
            NotificationKind::SlackChannel => Notification::Slack(SlackMessage {
                channel_id: address,
                text: line,
                blocks: None,
                attachments: None,
                unfurl_links: false,
                unfurl_media: false,
            }),
        }
    }
}

/// Our notification with the task's texts in place of ours.
fn replaced(ours: &Notification, texts: serde_json::Map<String, Value>) -> Result<Notification, String> {
    let mut value = serde_json::to_value(ours).map_err(|error| error.to_string())?;
    for (field, text) in texts {
        value[field] = text;
    }
    let read = match ours {
        Notification::Email(_) => read(value).map(Notification::Email),
        Notification::Matrix(_) => read(value).map(Notification::Matrix),
        Notification::Slack(_) => read(value).map(Notification::Slack),
        Notification::Pulse(_) => Ok(ours.clone()),
    };
    let notification = read?;
    notification.check().map_err(|error| error.to_string())?;
    Ok(notification)
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn with_note(ours: Notification, why: &str) -> Notification {
    let why: String = why.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    let note = format!("The text of the task for this (extra.notify) cannot be used: {why}");
    match ours {
        Notification::Email(email) => {
            let content = format!("{}\n{}\n", email.content, plain(&note));
            Notification::Email(Email { content, ..email })
        }
        Notification::Matrix(message) => {
            let body = format!("{}\n{note}", message.body);
            Notification::Matrix(MatrixMessage { body, ..message })
        }
        Notification::Slack(message) => {
            let text = format!("{}\n{note}", message.text);
            Notification::Slack(SlackMessage { text, ..message })
        }
        Notification::Pulse(message) => Notification::Pulse(message),
    }
}

/// Without what markdown would make something else of.
fn plain(text: &str) -> String {
    let is_mark = |c: char| matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!');
    text.chars().flat_map(|c| is_mark(c).then_some('\\').into_iter().chain([c])).collect()
}
