//! One connection, kept open by whoever needs it.

use std::{
    sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Backoff, Rng};
use lapin::{
    Channel, Connection, ConnectionProperties, options::ExchangeDeclareOptions, runtime::default_runtime,
    tcp::OwnedTLSConfig, types::FieldTable, uri::AMQPUri,
};
use tokio::{
    sync::{Mutex, watch},
    time::{Instant, timeout},
};

use super::wire::exchange_kind;
use crate::{BusError, Exchange, ExchangeKind};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// To connect, shake hands and declare what is known.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// Seconds after which a silent peer is taken for dead.
const HEARTBEAT: u16 = 30;

/// A way to the broker. Cloned channels are fine, a broken one is given back by asking for another.
pub(super) struct Link {
    uri: AMQPUri,
    /// Host, port and vhost, for words.
    broker: String,
    /// Certificates of authorities to be trusted besides those of the system, as PEM.
    authorities: Option<String>,
    name: String,
    rng: Rng,
    connection: Mutex<Option<Connection>>,
    exchanges: StdMutex<Vec<Exchange>>,
    /// Why the last try to connect failed, until one does not.
    unreached: StdMutex<Option<String>>,
    /// What the broker owes an answer to, until it gives one.
    unanswered: StdMutex<Option<&'static str>>,
    /// When that was logged last: a thousand may wait at the same time.
    told: StdMutex<Option<Instant>>,
    closed: watch::Sender<bool>,
}

impl Link {
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
            connection: Mutex::default(),
            exchanges: StdMutex::default(),
            unreached: StdMutex::default(),
            unanswered: StdMutex::default(),
            told: StdMutex::default(),
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

    /// What was refused once would be refused again on every new connection.
    pub(super) fn forget(&self, exchange: &Exchange) {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| known != exchange);
    }

    /// A fresh channel. Keeps trying, with pauses that grow, until the caller gives up or the link is closed.
    pub(super) async fn channel(&self) -> Result<Channel, BusError> {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, self.rng.clone());
        let mut closed = self.closed.subscribe();
        loop {
            if *closed.borrow() {
                return Err(BusError::Closed);
            }
            match self.try_channel().await {
                Ok(channel) => {
                    *self.unreached() = None;
                    self.answered_at_last();
                    return Ok(channel);
                }
                Err(error) => self.note(&error),
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

    /// The error of whoever gave up waiting: why there is no connection, if there is none, else what was not answered.
    pub(super) fn late(&self, operation: &'static str, waited: Duration) -> BusError {
        if let Some(words) = self.unreached().clone() {
            return BusError::Away(words.into());
        }
        let owed = *self.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        self.unanswered(owed.unwrap_or(operation), waited)
    }

    pub(super) fn unanswered(&self, operation: &'static str, waited: Duration) -> BusError {
        BusError::Unanswered { broker: self.broker.clone(), operation, waited }
    }

    pub(super) fn note_unanswered(&self, operation: &'static str) {
        *self.unanswered.lock().unwrap_or_else(PoisonError::into_inner) = Some(operation);
    }

    /// At most once in this time.
    pub(super) fn may_tell(&self, every: Duration) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let may = told.is_none_or(|last| last.elapsed() >= every);
        if may {
            *told = Some(Instant::now());
        }
        may
    }

    pub(super) fn answered_at_last(&self) {
        *self.unanswered.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn unreached(&self) -> MutexGuard<'_, Option<String>> {
        self.unreached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, error: &BusError) {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        let words = cause.unwrap_or_else(|| error.to_string());
        let (connection, broker) = (&self.name, &self.broker);
        if words.contains("certificate") {
            // It will not become better by waiting.
            tracing::error!(
                connection,
                broker,
                error = words,
                "the certificate of the message broker is not accepted; see the settings bus.amqp_url and bus.ca_file"
            );
        } else {
            tracing::warn!(connection, broker, error = words, "the message broker cannot be reached");
        }
        *self.unreached() = Some(words);
    }

    /// Returns once the link is being closed.
    pub(super) async fn closed(&self) {
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    pub(super) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// No more channels; whoever uses one is to come to an end.
    pub(super) fn end(&self) {
        self.closed.send_replace(true);
    }

    pub(super) async fn close(&self) {
        if let Some(connection) = self.connection.lock().await.take()
            && let Err(error) = self.answer("connection.close", &self.name, connection.close(200, "OK".into())).await
        {
            tracing::debug!(connection = %self.name, %error, "the connection was not closed in good order");
        }
    }

    /// A connection that does not answer is left to those who use it, until its heartbeats end it: this is another one.
    async fn try_channel(&self) -> Result<Channel, BusError> {
        let mut connection = self.connection.lock().await;
        if let Some(open) = connection.as_ref().filter(|open| open.status().connected()) {
            let opened = self.answer("channel.open", &self.name, open.create_channel()).await;
            if opened.is_err() {
                *connection = None;
            }
            return opened;
        }
        *connection = None;
        let opened = timeout(CONNECT_WITHIN, self.connect()).await;
        let opened = opened.map_err(|_| self.unanswered("connection.open", CONNECT_WITHIN))??;
        let channel = self.answer("channel.open", &self.name, opened.create_channel()).await?;
        *connection = Some(opened);
        Ok(channel)
    }

    async fn connect(&self) -> Result<Connection, BusError> {
        let properties = ConnectionProperties::default().with_connection_name(self.name.as_str().into());
        let tls = OwnedTLSConfig { identity: None, cert_chain: self.authorities.clone() };
        let runtime = default_runtime().map_err(|error| BusError::Away(Box::new(error)))?;
        let connection = Connection::connect_uri_with_config(self.uri.clone(), properties, tls, runtime);
        let connection = self.answer("connection.open", &self.name, connection).await?;
        let exchanges = self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let channel = self.answer("channel.open", &self.name, connection.create_channel()).await?;
        for exchange in &exchanges {
            declare(self, &channel, exchange).await?;
        }
        self.close_channel(&channel).await;
        tracing::info!(connection = %self.name, broker = self.broker, "connected to the message broker");
        Ok(connection)
    }
}

pub(super) async fn declare(link: &Link, channel: &Channel, exchange: &Exchange) -> Result<(), BusError> {
    let durable = exchange.kind == ExchangeKind::Topic;
    let options = ExchangeDeclareOptions { durable, ..ExchangeDeclareOptions::default() };
    let (name, kind) = ((*exchange.name).into(), exchange_kind(exchange.kind));
    let declared = channel.exchange_declare(name, kind, options, FieldTable::default());
    link.answer("exchange.declare", &exchange.name, declared).await
}

/// Declares on a channel of its own, which a refusal closes.
pub(super) async fn declare_now(link: &Arc<Link>, exchange: Exchange) -> Result<(), BusError> {
    link.remember(exchange.clone());
    loop {
        let channel = link.channel().await?;
        match declare(link, &channel, &exchange).await {
            Ok(()) => {
                link.close_channel(&channel).await;
                return Ok(());
            }
            Err(error) if error.is_retryable() => tracing::debug!(%error, "an exchange is declared again"),
            Err(error) => {
                link.forget(&exchange);
                return Err(error);
            }
        }
    }
}
