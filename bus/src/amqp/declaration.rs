//! The queues of subscriptions, as they are declared at the broker.

use lapin::{
    options::QueueDeclareOptions,
    types::{AMQPValue, FieldTable, ShortString},
};

use crate::{Queue, Subscription};

/// Durable queues are quorum queues: they survive the loss of a node, and cost no more on a single one.
pub(super) fn declaration(subscription: &Subscription) -> (ShortString, QueueDeclareOptions, FieldTable) {
    let mut arguments = FieldTable::default();
    let mut options = QueueDeclareOptions::default();
    match &subscription.queue {
        Queue::Durable { name, max_length } => {
            options.durable = true;
            arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
            if subscription.single_active_consumer {
                arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
            }
            if let Some(max) = max_length {
                arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(i64::from(*max)));
            }
            (name.as_str().into(), options, arguments)
        }
        Queue::Inbox { name } => {
            options.durable = true;
            options.auto_delete = true;
            for (name, value) in inbox_arguments() {
                arguments.insert(name.into(), value);
            }
            (name.as_str().into(), options, arguments)
        }
        Queue::Ephemeral => {
            options.exclusive = true;
            options.auto_delete = true;
            (ShortString::default(), options, arguments)
        }
    }
}

/// Durable because RabbitMQ deprecates queues that are neither durable nor exclusive; the calls in it are not persistent.
/// A full queue rejects further calls, which fail at once.
fn inbox_arguments() -> [(&'static str, AMQPValue); 4] {
    [
        ("x-queue-type", AMQPValue::LongString("classic".into())),
        ("x-expires", AMQPValue::LongInt(60_000)),
        ("x-max-length", AMQPValue::LongInt(50_000)),
        ("x-overflow", AMQPValue::LongString("reject-publish".into())),
    ]
}
