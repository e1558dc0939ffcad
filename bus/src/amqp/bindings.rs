//! Bindings of durable queues, each accepted or refused by itself.

use lapin::{Channel, options::QueueBindOptions, types::FieldTable};

use super::connection::Connection;
use crate::{Binding, BusError, RefusedBinding};

/// A refusal closes its channel, so the next one goes over another.
pub(super) async fn rebind(
    connection: &Connection,
    queue: &str,
    bindings: &[Binding],
    obsolete: &[Binding],
) -> Result<Vec<RefusedBinding>, BusError> {
    let mut channel = connection.channel().await?;
    for binding in obsolete {
        match unbind(connection, &channel, queue, binding).await {
            Ok(()) => {}
            // Without its exchange it is gone.
            Err(BusError::Refused(_)) => channel = connection.channel().await?,
            Err(error) => return Err(error),
        }
    }
    let mut refused = Vec::new();
    for binding in bindings {
        match bind(connection, &channel, queue, binding).await {
            Ok(()) => {}
            Err(BusError::Refused(reason)) => {
                refused.push(RefusedBinding { binding: binding.clone(), reason });
                channel = connection.channel().await?;
            }
            Err(error) => return Err(error),
        }
    }
    connection.close_channel(&channel).await;
    Ok(refused)
}

pub(super) async fn bind(
    connection: &Connection,
    channel: &Channel,
    queue: &str,
    binding: &Binding,
) -> Result<(), BusError> {
    let (exchange, pattern) = (binding.exchange.as_str().into(), binding.pattern.as_str().into());
    let options = QueueBindOptions::default();
    let bound = channel.queue_bind(queue.into(), exchange, pattern, options, FieldTable::default());
    connection.response("queue.bind", queue, bound).await
}

async fn unbind(connection: &Connection, channel: &Channel, queue: &str, binding: &Binding) -> Result<(), BusError> {
    let (exchange, pattern) = (binding.exchange.as_str().into(), binding.pattern.as_str().into());
    let unbound = channel.queue_unbind(queue.into(), exchange, pattern, FieldTable::default());
    connection.response("queue.unbind", queue, unbound).await
}
