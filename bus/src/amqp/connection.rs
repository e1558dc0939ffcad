//! One connection to the broker, opened on first use and reopened after it broke.

use std::{
    sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Backoff, Rng};
use lapin::{
    Channel, ConnectionProperties, options::ExchangeDeclareOptions, runtime::default_runtime, tcp::OwnedTLSConfig,
    types::FieldTable, uri::AMQPUri,
};
use tokio::{
    sync::{Mutex, watch},
    time::{Instant, timeout},
};

use super::wire::exchange_kind;
use crate::{BusError, Exchange, ExchangeKind};

const INITIAL_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(15);
/// To connect, authenticate and declare the known exchanges.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Interval of heartbeats, in seconds.
const HEARTBEAT: u16 = 30;

pub(super) struct Connection {
    uri: AMQPUri,
    /// Host, port and vhost, for messages.
    broker: String,
    /// Certificate authorities to trust besides those of the system, as PEM.
    authorities: Option<String>,
    name: String,
    rng: Rng,
    open: Mutex<Option<lapin::Connection>>,
    exchanges: StdMutex<Vec<Exchange>>,
    /// The error of the latest attempt to connect; `None` after a success.
    connect_error: StdMutex<Option<String>>,
    /// An operation that the broker has not responded to in time.
    unanswered: StdMutex<Option<&'static str>>,
    /// When that was last logged, because a thousand may wait at the same time.
    logged: StdMutex<Option<Instant>>,
    closed: watch::Sender<bool>,
}

impl Connection {
    pub(super) fn new(url: &str, authorities: Option<&str>, name: &str, rng: Rng) -> Result<Self, BusError> {
        let mut uri: AMQPUri = url.parse().map_err(BusError::Url)?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        let broker = format!("{}:{}/{}", uri.authority.host, uri.authority.port, uri.vhost.trim_start_matches('/'));
        Ok(Self {
            uri,
            broker,
            authorities: authorities.map(str::to_owned),
            name: name.to_owned(),
            rng,
            open: Mutex::default(),
            exchanges: StdMutex::default(),
            connect_error: StdMutex::default(),
            unanswered: StdMutex::default(),
            logged: StdMutex::default(),
            closed: watch::Sender::new(false),
        })
    }

    /// To be declared on every new connection.
    pub(super) fn remember(&self, exchange: Exchange) {
        let mut exchanges = self.exchanges.lock().unwrap_or_else(PoisonError::into_inner);
        if !exchanges.contains(&exchange) {
            exchanges.push(exchange);
        }
    }

    /// A refused declaration would be refused again on every new connection.
    pub(super) fn forget(&self, exchange: &Exchange) {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| known != exchange);
    }

    /// A new channel. Retries with back-off until the caller drops the future or the connection is closed.
    pub(super) async fn channel(&self) -> Result<Channel, BusError> {
        let mut backoff = Backoff::new(INITIAL_BACKOFF, MAX_BACKOFF, self.rng.clone());
        let mut closed = self.closed.subscribe();
        loop {
            if *closed.borrow() {
                return Err(BusError::Closed);
            }
            match self.try_channel().await {
                Ok(channel) => {
                    *self.connect_error() = None;
                    self.clear_unanswered();
                    return Ok(channel);
                }
                Err(error) => self.log(&error),
            }
            tokio::select! {
                () = backoff.pause() => {}
                _ = closed.wait_for(|closed| *closed) => {}
            }
        }
    }

    /// Host, port and vhost.
    pub(super) fn broker(&self) -> &str {
        &self.broker
    }

    /// The error of a caller that timed out: why there is no connection, or else which operation got no response.
    pub(super) fn timeout_error(&self, operation: &'static str, waited: Duration) -> BusError {
        if let Some(words) = self.connect_error().clone() {
            return BusError::Unavailable(words.into());
        }
        let operation_without_response = *self.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        self.unanswered(operation_without_response.unwrap_or(operation), waited)
    }

    pub(super) fn unanswered(&self, operation: &'static str, waited: Duration) -> BusError {
        BusError::Unanswered { broker: self.broker.clone(), operation, waited }
    }

    pub(super) fn set_unanswered(&self, operation: &'static str) {
        *self.unanswered.lock().unwrap_or_else(PoisonError::into_inner) = Some(operation);
    }

    /// True at most once in this interval.
    pub(super) fn may_log(&self, every: Duration) -> bool {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let may = logged.is_none_or(|last| last.elapsed() >= every);
        if may {
            *logged = Some(Instant::now());
        }
        may
    }

    pub(super) fn clear_unanswered(&self) {
        *self.unanswered.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn connect_error(&self) -> MutexGuard<'_, Option<String>> {
        self.connect_error.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, error: &BusError) {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        let words = cause.unwrap_or_else(|| error.to_string());
        let (connection, broker) = (&self.name, &self.broker);
        if words.contains("certificate") {
            // Retrying will not help.
            tracing::error!(
                connection,
                broker,
                error = words,
                "the certificate of the message broker is not accepted; see the settings bus.amqp_url and bus.ca_file"
            );
        } else {
            tracing::warn!(connection, broker, error = words, "the message broker cannot be reached");
        }
        *self.connect_error() = Some(words);
    }

    /// Returns once the connection is being closed.
    pub(super) async fn closed(&self) {
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    pub(super) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// No more channels; tasks that use one end.
    pub(super) fn end(&self) {
        self.closed.send_replace(true);
    }

    pub(super) async fn close(&self) {
        if let Some(connection) = self.open.lock().await.take()
            && let Err(error) = self.response("connection.close", &self.name, connection.close(200, "OK".into())).await
        {
            tracing::debug!(connection = %self.name, %error, "connection not closed cleanly");
        }
    }

    /// A connection that does not open a channel in time is replaced. Those who use it keep it until its heartbeats fail.
    ///
    /// `open` stays locked meanwhile, so that concurrent callers connect once.
    async fn try_channel(&self) -> Result<Channel, BusError> {
        let mut connection = self.open.lock().await;
        if let Some(open) = connection.as_ref().filter(|open| open.status().connected()) {
            let opened = self.response("channel.open", &self.name, open.create_channel()).await;
            if opened.is_err() {
                *connection = None;
            }
            return opened;
        }
        *connection = None;
        let opened = timeout(CONNECT_TIMEOUT, self.connect()).await;
        let opened = opened.map_err(|_| self.unanswered("connection.open", CONNECT_TIMEOUT))??;
        let channel = self.response("channel.open", &self.name, opened.create_channel()).await?;
        *connection = Some(opened);
        Ok(channel)
    }

    async fn connect(&self) -> Result<lapin::Connection, BusError> {
        let properties = ConnectionProperties::default().with_connection_name(self.name.as_str().into());
        let tls = OwnedTLSConfig { identity: None, cert_chain: self.authorities.clone() };
        let runtime = default_runtime().map_err(|error| BusError::Unavailable(Box::new(error)))?;
        let connection = lapin::Connection::connect_uri_with_config(self.uri.clone(), properties, tls, runtime);
        let connection = self.response("connection.open", &self.name, connection).await?;
        let exchanges = self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let channel = self.response("channel.open", &self.name, connection.create_channel()).await?;
        for exchange in &exchanges {
            declare(self, &channel, exchange).await?;
        }
        self.close_channel(&channel).await;
        tracing::info!(connection = %self.name, broker = self.broker, "connected to the message broker");
        Ok(connection)
    }
}

pub(super) async fn declare(connection: &Connection, channel: &Channel, exchange: &Exchange) -> Result<(), BusError> {
    let durable = exchange.kind == ExchangeKind::Topic;
    let options = ExchangeDeclareOptions { durable, ..ExchangeDeclareOptions::default() };
    let (name, kind) = ((*exchange.name).into(), exchange_kind(exchange.kind));
    let declared = channel.exchange_declare(name, kind, options, FieldTable::default());
    connection.response("exchange.declare", &exchange.name, declared).await
}

/// On a separate channel, because a refusal closes it.
pub(super) async fn declare_now(connection: &Arc<Connection>, exchange: Exchange) -> Result<(), BusError> {
    connection.remember(exchange.clone());
    loop {
        let channel = connection.channel().await?;
        match declare(connection, &channel, &exchange).await {
            Ok(()) => {
                connection.close_channel(&channel).await;
                return Ok(());
            }
            Err(error) if error.is_retryable() => tracing::debug!(%error, "retrying the declaration of an exchange"),
            Err(error) => {
                connection.forget(&exchange);
                return Err(error);
            }
        }
    }
}
