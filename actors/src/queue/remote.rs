//! The queue in another process, called over the bus.

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng};
use bus::Bus;
use db::Db;
use prost::Message;

use super::{
    error::QueueError,
    rpc_error,
    settings::{GRAPH_TIMEOUT, QueueSettings},
    worker_records::WorkerRecords,
};
use crate::kit::{
    Child, Notifications,
    rpc::{self, Client, Proto},
};

/// Calls that are answered as soon as can be.
pub(super) const CALLS: &str = "drover/v1/queue";
/// Workers that wait for tasks: however many there are, no other call waits behind them.
pub(super) const WAITING_CALLS: &str = "drover/v1/queue/waiting";
/// Workers that wait at one process.
pub(super) const MAX_WAITING_CALLS: u16 = 20_000;

/// Of one task each, and frequent. Others may have long responses, and many of those in one message would be too long for the broker.
const TOGETHER: [&str; 6] = ["CreateTask", "AssignPendingWork", "ClaimTask", "ReclaimTask", "Report", "ScheduleTask"];

/// Besides the long poll itself.
const TRANSFER_TIME: Duration = Duration::from_secs(3);

pub struct RemoteQueue {
    calls: Client,
    calls_together: Client,
    waiting_calls: Client,
    request_timeout: Duration,
    long_poll: Duration,
    pub(super) notifications: Notifications,
    /// What is handed to workers here is recorded here.
    pub(super) records: WorkerRecords,
    pub(super) clock: Arc<dyn Clock>,
}

impl RemoteQueue {
    /// The queue, and its only actor: it writes the records of workers that this process hands claims to.
    pub(super) fn new(
        db: Db,
        bus: &Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
        rng: &Rng,
        settings: &QueueSettings,
        notifications: Notifications,
    ) -> (Child, Self) {
        let client = |queue: &str, max_calls| Client::new(bus.clone(), clock.clone(), rng, queue, max_calls);
        let records = WorkerRecords::default();
        let writer = records.writer(db, settings.sweep_interval.duration(), rng);
        let queue = Self {
            calls: client(CALLS, settings.max_queued).one_by_one(),
            calls_together: client(CALLS, settings.max_queued),
            waiting_calls: client(WAITING_CALLS, MAX_WAITING_CALLS.into()).one_by_one(),
            request_timeout: settings.request_timeout.duration(),
            long_poll: settings.long_poll.duration() + TRANSFER_TIME,
            notifications,
            records,
            clock,
        };
        (writer, queue)
    }

    pub(super) async fn call<P, Q, T, U>(&self, method: &str, request: T) -> Result<U, QueueError>
    where
        P: Message,
        Q: Message + Default,
        T: Proto<P>,
        U: Proto<Q>,
    {
        let (client, timeout) = match method {
            "AssignWork" => (&self.waiting_calls, self.long_poll),
            "CreateGraph" => (&self.calls, GRAPH_TIMEOUT),
            _ if TOGETHER.contains(&method) => (&self.calls_together, self.request_timeout),
            _ => (&self.calls, self.request_timeout),
        };
        match client.call::<Q>(method, rpc::encode(request), timeout).await? {
            Ok(response) => U::from_proto(response).map_err(|error| {
                tracing::error!(method, %error, "cannot decode RPC response");
                QueueError::Remote
            }),
            Err(error) => Err(rpc_error::from_proto(error)),
        }
    }
}
