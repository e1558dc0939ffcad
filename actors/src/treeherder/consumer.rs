//! Consumes events of tasks with Treeherder routes, and publishes job messages.

use bus::{Bus, BusError, Exchange, Message, Subscription};
use db::DbError;
use protocol::{
    event::{Event, EventPayload},
    status::TaskStatus,
    treeherder::{JobTrigger, ReplayPush},
};

use super::{
    REPLAY_EXCHANGE, Reporter,
    job_messages::{JobMessages, TaskTrigger},
    pushes,
};
use crate::kit::{Child, Consumer, ConsumerContext, DeadLetters};

impl Reporter {
    /// The consumer, to be supervised.
    pub fn consumer(self) -> Child {
        let dead_letters = DeadLetters::new(self.db.clone(), self.clock.clone(), &self.queue());
        let context =
            ConsumerContext { bus: self.bus.clone(), rng: self.rng.clone(), dead_letters: Some(dead_letters) };
        let make = move || ReporterConsumer { job_messages: JobMessages::new(&self), reporter: self.clone() };
        context.child("treeherder/reporter", make)
    }

    fn queue(&self) -> String {
        format!("drover/treeherder/{}", self.settings.name)
    }

    /// Also declares what it consumes: it may be there before the relay.
    async fn declare(&self) -> Result<(), BusError> {
        let published = self.settings.exchanges(&self.names).into_iter().map(|(_, exchange)| exchange);
        for exchange in published.chain([self.events.clone(), REPLAY_EXCHANGE.to_owned()]) {
            self.bus.declare(Exchange::topic(&exchange)).await?;
        }
        Ok(())
    }
}

struct ReporterConsumer {
    reporter: Reporter,
    job_messages: JobMessages,
}

/// What a message asks for.
#[derive(Debug, Clone, PartialEq)]
enum Input {
    Trigger(Box<TaskStatus>, JobTrigger),
    Replay(ReplayPush),
}

/// Why nothing is acknowledged.
#[derive(Debug, thiserror::Error)]
enum ReportError {
    #[error("the database cannot be asked")]
    Db(#[from] DbError),
    #[error("the messages were not confirmed")]
    Bus(#[from] BusError),
}

impl Consumer for ReporterConsumer {
    type Item = Input;
    type Error = ReportError;

    fn subscription(&self) -> Subscription {
        let Reporter { settings, events, .. } = &self.reporter;
        let mut subscription =
            Subscription::durable(&self.reporter.queue()).single_active_consumer().confirm_after_ack().signed();
        for prefix in &settings.route_prefixes {
            subscription = subscription.bind(events, &format!("route.{prefix}.#"));
        }
        subscription.bind(REPLAY_EXCHANGE, "#").prefetch(settings.prefetch)
    }

    async fn declare(&self, _: &dyn Bus) -> Result<(), BusError> {
        self.reporter.declare().await
    }

    fn decode(&self, message: &Message) -> Result<Option<Input>, String> {
        if &*message.exchange == REPLAY_EXCHANGE {
            let push = ReplayPush::from_proto(&message.body);
            return push.map(|push| Some(Input::Replay(push))).map_err(|error| error.to_string());
        }
        let event = Event::from_proto(&message.body).map_err(|error| error.to_string())?;
        let kind = event.kind();
        let EventPayload::Task(task) = event.payload else { return Ok(None) };
        let trigger = JobTrigger::of(kind, task.change.run_id());
        Ok(trigger.map(|trigger| Input::Trigger(Box::new(task.status), trigger)))
    }

    async fn consume(&mut self, inputs: &[Input]) -> Result<(), ReportError> {
        let reported = self.report_all(inputs).await;
        // A broker that lost an exchange refuses everything until it has it again.
        if let Err(ReportError::Bus(BusError::Refused(_))) = &reported {
            self.reporter.declare().await?;
        }
        reported
    }

    fn is_permanent(error: &ReportError) -> bool {
        match error {
            ReportError::Db(error) => error.is_permanent(),
            ReportError::Bus(error) => matches!(error, BusError::Unsendable(_)),
        }
    }
}

impl ReporterConsumer {
    /// Reports these, in order, and returns once all messages are confirmed.
    async fn report_all(&mut self, inputs: &[Input]) -> Result<(), ReportError> {
        let mut triggers: Vec<TaskTrigger> = Vec::with_capacity(inputs.len());
        for input in inputs {
            match input {
                Input::Trigger(status, trigger) => triggers.push((TaskStatus::clone(status), *trigger)),
                Input::Replay(push) => {
                    self.report(&std::mem::take(&mut triggers)).await?;
                    self.replay(push).await?;
                }
            }
        }
        self.report(&triggers).await
    }

    async fn replay(&mut self, push: &ReplayPush) -> Result<(), ReportError> {
        let (db, mut after, mut tasks) = (self.reporter.db.clone(), None, 0);
        loop {
            let ids = pushes::page(&db, &push.project, &push.revision, after).await?;
            let Some(last) = ids.last() else { break };
            after = Some(*last);
            tasks += ids.len();
            let rows = db.tasks(&ids, false).await?;
            let triggers: Vec<TaskTrigger> = rows
                .into_iter()
                .flat_map(|row| {
                    let triggers = JobTrigger::all_of(&row.status);
                    triggers.into_iter().map(move |trigger| (row.status.clone(), trigger))
                })
                .collect();
            self.report(&triggers).await?;
        }
        tracing::info!(project = push.project, revision = push.revision, tasks, "push replayed to Treeherder");
        Ok(())
    }

    async fn report(&mut self, triggers: &[TaskTrigger]) -> Result<(), ReportError> {
        if triggers.is_empty() {
            return Ok(());
        }
        let Reporter { bus, settings, .. } = &self.reporter;
        let mut messages: Vec<Message> = self.job_messages.build(&self.reporter, triggers).await?;
        messages.retain(|message| bus.may_have_subscribers(&message.exchange, first_word(&message.routing_key)));
        if !messages.is_empty() {
            bus.publish(&messages, settings.confirm_within.duration()).await?;
        }
        tracing::debug!(triggers = triggers.len(), messages = messages.len(), "job messages published");
        Ok(())
    }
}

fn first_word(key: &str) -> &str {
    key.split('.').next().unwrap_or(key)
}
