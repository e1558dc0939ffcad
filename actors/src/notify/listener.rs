//! Consumes events of tasks with a route of notify. Each event and route gives one notification, however often the event is
//! delivered: an event is acknowledged after its notifications are stored, and they are stored by their source.

use std::{collections::HashMap, sync::Arc};

use base::Rng;
use bus::{Bus, BusError, Exchange, Message, Subscription};
use protocol::{
    event::{Event, EventPayload, TaskEvent},
    id::TaskId,
    notify::{NotifyRoute, transition},
};
use serde_json::Value;

use super::{Accepted, Notify, NotifyError, Result, task_text::TaskText};
use crate::kit::{Child, Consumer, ConsumerContext, DeadLetters};

pub const QUEUE: &str = "drover/notify/tasks";
const ROUTES: &str = "route.notify.#";

/// What listens to events of tasks.
#[derive(Clone)]
pub struct RouteListener {
    pub notify: Notify,
    pub bus: Arc<dyn Bus>,
    pub rng: Rng,
    /// The internal exchange of events.
    pub events: String,
    /// Where clients reach this installation, without a slash at the end.
    pub root_url: String,
}

impl RouteListener {
    /// The consumer, to be supervised. Several processes may run one.
    pub fn consumer(self) -> Child {
        let dead_letters = Some(DeadLetters::new(self.notify.db.clone(), self.notify.clock.clone(), QUEUE));
        let context = ConsumerContext { bus: self.bus.clone(), rng: self.rng.clone(), dead_letters };
        context.child("notify/tasks", move || RouteConsumer(self.clone()))
    }
}

struct RouteConsumer(RouteListener);

impl Consumer for RouteConsumer {
    type Item = TaskEvent;
    type Error = NotifyError;

    fn subscription(&self) -> Subscription {
        Subscription::durable(QUEUE).bind(&self.0.events, ROUTES).confirm_after_ack().signed()
    }

    async fn declare(&self, bus: &dyn Bus) -> Result<(), BusError> {
        bus.declare(Exchange::topic(&self.0.events)).await
    }

    fn decode(&self, message: &Message) -> Result<Option<TaskEvent>, String> {
        let event = Event::from_proto(&message.body).map_err(|error| error.to_string())?;
        let EventPayload::Task(task) = event.payload else { return Ok(None) };
        Ok(transition(&task).map(|_| *task))
    }

    async fn consume(&mut self, events: &[TaskEvent]) -> Result<()> {
        let mut ids: Vec<TaskId> = events.iter().map(|event| event.status.task_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let rows = self.0.notify.db.tasks(&ids, true).await?;
        // A task that has expired meanwhile is only known by its event.
        let definition = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        let tasks: HashMap<TaskId, Value> =
            rows.iter().map(|row| (row.status.task_id, definition(&row.definition))).collect();
        for event in events {
            let task = tasks.get(&event.status.task_id).unwrap_or(&Value::Null);
            self.0.notify_about(event, task).await?;
        }
        Ok(())
    }

    fn is_permanent(error: &NotifyError) -> bool {
        error.is_permanent()
    }
}

impl RouteListener {
    pub(super) async fn notify_about(&self, event: &TaskEvent, task: &Value) -> Result<()> {
        let id = event.status.task_id;
        for route in &event.routes {
            let Some(wanted) = NotifyRoute::read(route).filter(|wanted| wanted.is_about(event)) else { continue };
            let text = TaskText::new(event, task, &self.root_url, self.notify.clock.now());
            let notification = text.notification(wanted.kind, wanted.address).await;
            match self.notify.send_once(&notification, &source(event, route)).await {
                Ok(Accepted::Stored(_)) => {}
                Ok(Accepted::Suppressed(why)) => tracing::debug!(task.id = %id, route, ?why, "notification suppressed"),
                // A route that names no address hides no other.
                Err(NotifyError::Field(error)) => {
                    tracing::warn!(task.id = %id, route, error = %error, "route cannot be notified");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// What distinguishes one event and route from another.
fn source(event: &TaskEvent, route: &str) -> String {
    let (status, state) = (&event.status, transition(event).unwrap_or_default());
    let run = event.change.run_id().map_or_else(|| "-".to_owned(), |run_id| run_id.to_string());
    format!("{}/{run}/{state}/{route}", status.task_id)
}
