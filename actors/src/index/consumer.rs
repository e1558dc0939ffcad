//! Inserts completed tasks into the index.
//!
//! It consumes the external (Pulse) exchange, since there a broker routes by the routes of tasks: tasks without an index
//! route never come here. A message is acknowledged after its entries are written, and writing them again changes nothing.

use std::sync::Arc;

use base::Rng;
use bus::{Bus, BusError, Exchange, Message, Subscription};
use protocol::{
    exchanges::{self, ExchangeNames},
    id::TaskId,
    state::TaskState,
};
use serde::Deserialize;

use super::{Index, IndexError, NewEntry, Result, task::entries_of};
use crate::kit::{Child, Consumer, ConsumerContext, DeadLetters};

pub const QUEUE: &str = "drover/index/task-completed";
const ROUTES: &str = "route.index.#";

impl Index {
    /// The consumer of completed tasks, to be supervised. Several processes may run one.
    pub fn consumer(&self, bus: Arc<dyn Bus>, names: &ExchangeNames, rng: Rng) -> Child {
        let exchange = names.name(exchanges::queue::TASK_COMPLETED);
        let dead_letters = Some(DeadLetters::new(self.db.clone(), self.clock.clone(), QUEUE));
        let index = self.clone();
        let make = move || CompletedTasks { index: index.clone(), exchange: exchange.clone() };
        ConsumerContext { bus, rng, dead_letters }.child("index/task-completed", make)
    }
}

struct CompletedTasks {
    index: Index,
    exchange: String,
}

impl Consumer for CompletedTasks {
    type Item = TaskId;
    type Error = IndexError;

    fn subscription(&self) -> Subscription {
        Subscription::durable(QUEUE).bind(&self.exchange, ROUTES).confirm_after_ack()
    }

    async fn declare(&self, bus: &dyn Bus) -> Result<(), BusError> {
        bus.declare(Exchange::topic(&self.exchange)).await
    }

    fn decode(&self, message: &Message) -> Result<Option<TaskId>, String> {
        #[derive(Deserialize)]
        struct Body {
            status: Status,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Status {
            task_id: TaskId,
        }
        let body = serde_json::from_slice(&message.body);
        body.map(|Body { status }| Some(status.task_id)).map_err(|error| error.to_string())
    }

    /// What is stored of a task decides, whatever the message says: others than the relay may publish too.
    async fn consume(&mut self, tasks: &[TaskId]) -> Result<()> {
        // A task that has expired meanwhile needs no entry any more.
        let rows = self.index.db.tasks(tasks, true).await?;
        let completed = rows.iter().filter(|row| row.status.state == TaskState::Completed);
        let entries: Vec<NewEntry> =
            completed.flat_map(|row| entries_of(row.status.task_id, row.status.expires, &row.definition)).collect();
        if entries.is_empty() {
            return Ok(());
        }
        tracing::debug!(tasks = tasks.len(), entries = entries.len(), "completed tasks inserted into the index");
        self.index.insert_all(entries).await.map(drop)
    }

    fn is_permanent(error: &IndexError) -> bool {
        error.is_lasting()
    }
}
