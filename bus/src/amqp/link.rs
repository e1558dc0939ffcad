//! One connection, kept open by whoever needs it.

use std::{
    sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Backoff, Entropy};
use lapin::{
    Channel, Connection, ConnectionProperties, options::ExchangeDeclareOptions, runtime::default_runtime,
    tcp::OwnedTLSConfig, types::FieldTable, uri::AMQPUri,
};
use tokio::{
    sync::{Mutex, watch},
    time::timeout,
};

use super::wire::{exchange_kind, refused_or_away};
use crate::{BusError, Exchange, ExchangeKind};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// Seconds after which a silent peer is taken for dead.
const HEARTBEAT: u16 = 30;

/// A way to the broker. Cloned channels are fine, a broken one is given back by asking for another.
pub(super) struct Link {
    uri: AMQPUri,
    /// Certificates of authorities to be trusted besides those of the system, as PEM.
    authorities: Option<String>,
    name: String,
    entropy: Entropy,
    connection: Mutex<Option<Connection>>,
    exchanges: StdMutex<Vec<Exchange>>,
    /// Why the last try to connect failed, until one does not.
    unreached: StdMutex<Option<String>>,
    closed: watch::Sender<bool>,
}

impl Link {
    pub(super) fn new(url: &str, authorities: Option<&str>, name: &str, entropy: Entropy) -> Result<Self, BusError> {
        let mut uri: AMQPUri = url.parse().map_err(BusError::Url)?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        Ok(Self {
            uri,
            authorities: authorities.map(str::to_owned),
            name: name.to_owned(),
            entropy,
            connection: Mutex::default(),
            exchanges: StdMutex::default(),
            unreached: StdMutex::default(),
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
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, self.entropy.clone());
        let mut closed = self.closed.subscribe();
        loop {
            if *closed.borrow() {
                return Err(BusError::Closed);
            }
            match self.try_channel().await {
                Ok(channel) => {
                    *self.unreached() = None;
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

    /// The error of whoever gave up waiting: why there is no connection, if there is none.
    pub(super) fn late(&self) -> BusError {
        self.unreached().clone().map_or(BusError::Late, |words| BusError::Away(words.into()))
    }

    fn unreached(&self) -> MutexGuard<'_, Option<String>> {
        self.unreached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, error: &lapin::Error) {
        let words = error.to_string();
        let connection = &self.name;
        if words.contains("certificate") {
            // It will not become better by waiting.
            tracing::error!(
                connection,
                error = words,
                "the certificate of the message broker is not accepted; see the settings bus.amqp_url and bus.ca_file"
            );
        } else {
            tracing::warn!(connection, error = words, "the message broker cannot be reached");
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
            && let Err(error) = connection.close(200, "OK".into()).await
        {
            tracing::debug!(connection = %self.name, %error, "the connection was not closed in good order");
        }
    }

    async fn try_channel(&self) -> Result<Channel, lapin::Error> {
        let mut connection = self.connection.lock().await;
        if let Some(open) = connection.as_ref().filter(|open| open.status().connected()) {
            return open.create_channel().await;
        }
        *connection = None;
        let opened = timeout(CONNECT_WITHIN, self.connect()).await;
        let opened = opened.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
        let channel = opened.create_channel().await?;
        *connection = Some(opened);
        Ok(channel)
    }

    async fn connect(&self) -> Result<Connection, lapin::Error> {
        let properties = ConnectionProperties::default().with_connection_name(self.name.as_str().into());
        let tls = OwnedTLSConfig { identity: None, cert_chain: self.authorities.clone() };
        let connection =
            Connection::connect_uri_with_config(self.uri.clone(), properties, tls, default_runtime()?).await?;
        let exchanges = self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let channel = connection.create_channel().await?;
        for exchange in &exchanges {
            declare(&channel, exchange).await?;
        }
        channel.close(200, "OK".into()).await?;
        tracing::info!(connection = %self.name, "connected to the message broker");
        Ok(connection)
    }
}

pub(super) async fn declare(channel: &Channel, exchange: &Exchange) -> Result<(), lapin::Error> {
    let durable = exchange.kind == ExchangeKind::Topic;
    let options = ExchangeDeclareOptions { durable, ..ExchangeDeclareOptions::default() };
    channel
        .exchange_declare((*exchange.name).into(), exchange_kind(exchange.kind), options, FieldTable::default())
        .await
}

/// Declares on a channel of its own, which a refusal closes.
pub(super) async fn declare_now(link: &Arc<Link>, exchange: Exchange) -> Result<(), BusError> {
    link.remember(exchange.clone());
    loop {
        let channel = link.channel().await?;
        match declare(&channel, &exchange).await.map_err(refused_or_away) {
            Ok(()) => return channel.close(200, "OK".into()).await.map_err(refused_or_away),
            Err(BusError::Away(error)) => tracing::debug!(%error, "an exchange is declared again"),
            Err(error) => {
                link.forget(&exchange);
                return Err(error);
            }
        }
    }
}
