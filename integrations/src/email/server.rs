//! The connection to the mail server. Each step is taken by itself, so that it is known at which one a mail failed: only
//! after the content is it open whether the mail arrived.

use std::{fs, time::Duration};

use base::Secret;
use lettre::{
    address::{Address, Envelope},
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use tokio::{sync::Mutex, time::timeout};

use crate::settings::{EmailSettings, EmailTls};

const CONNECT: Duration = Duration::from_secs(20);
/// Of one command. With all of them an attempt stays below the lease.
const COMMAND: Duration = Duration::from_secs(20);
/// Servers check the content before they answer it.
const CONTENT: Duration = Duration::from_mins(1);
/// Connections that are kept for the next mails.
const KEPT: usize = 4;

/// How far a mail came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Connect,
    /// The server cannot take a mail like this one, whatever it answers.
    Unsendable,
    Sender,
    Recipient,
    Content,
}

/// Where and how a mail failed.
#[derive(Debug)]
pub(super) struct SendError {
    pub stage: Stage,
    /// Of the server's answer, if there was one.
    pub code: Option<u16>,
    pub text: String,
}

pub(super) struct Server {
    host: String,
    port: u16,
    tls: EmailTls,
    parameters: Option<TlsParameters>,
    user: String,
    password: Secret,
    hello: ClientId,
    kept: Mutex<Vec<AsyncSmtpConnection>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Server {
    pub(super) fn new(settings: &EmailSettings) -> Result<Self, String> {
        let EmailSettings { host, port, tls, user, password, from, .. } = settings.clone();
        let parameters = match tls {
            EmailTls::None => None,
            EmailTls::Starttls | EmailTls::Tls => Some(parameters(settings)?),
        };
        let domain = from.rsplit_once('@').map_or("localhost", |(_, domain)| domain).to_owned();
        let (hello, kept) = (ClientId::Domain(domain), Mutex::default());
        Ok(Self { host, port, tls, parameters, user, password, hello, kept })
    }

    /// The server's answer once it has taken the mail.
    pub(super) async fn send(&self, envelope: &Envelope, message: &[u8]) -> Result<String, SendError> {
        let kept = self.kept.lock().await.pop();
        let is_kept = kept.is_some();
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let mut sent = send(&mut connection, envelope, message).await;
        if let Err(SendError { stage: Stage::Sender, code: None, .. }) = sent
            && is_kept
        {
            // Servers close connections that were idle for a while.
            connection = self.connect().await?;
            sent = send(&mut connection, envelope, message).await;
        }
        if sent.is_ok() {
            let mut kept = self.kept.lock().await;
            if kept.len() < KEPT {
                kept.push(connection);
            }
        } else {
            let _ = timeout(COMMAND, connection.abort()).await;
        }
        sent
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let opened = timeout(CONNECT, self.open()).await;
        opened.unwrap_or_else(|_| Err(late(Stage::Connect)))
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, SendError> {
        let at = |error: Error| failed(Stage::Connect, &error);
        let address = (self.host.as_str(), self.port);
        let from_start = self.parameters.clone().filter(|_| self.tls == EmailTls::Tls);
        let connected = AsyncSmtpConnection::connect_tokio1(address, None, &self.hello, from_start, None).await;
        let mut connection = connected.map_err(at)?;
        if let Some(parameters) = self.parameters.clone().filter(|_| self.tls == EmailTls::Starttls) {
            connection.starttls(parameters, &self.hello).await.map_err(at)?;
        }
        if !self.user.is_empty() {
            let credentials = Credentials::new(self.user.clone(), self.password.reveal().to_owned());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(at)?;
        }
        Ok(connection)
    }
}

async fn send(connection: &mut AsyncSmtpConnection, envelope: &Envelope, message: &[u8]) -> Result<String, SendError> {
    let mut options = Vec::new();
    let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
    if !envelope.to().iter().chain(envelope.from()).all(is_ascii) {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            let text = "the mail server does not take addresses outside of ASCII (SMTPUTF8)".to_owned();
            return Err(SendError { stage: Stage::Unsendable, code: None, text });
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    if !message.is_ascii() {
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    command(connection, Stage::Sender, Mail::new(envelope.from().cloned(), options)).await?;
    for address in envelope.to() {
        command(connection, Stage::Recipient, Rcpt::new(address.clone(), Vec::new())).await?;
    }
    command(connection, Stage::Recipient, Data).await?;
    let answered = timeout(CONTENT, connection.message(message)).await.map_err(|_| late(Stage::Content))?;
    let answer = answered.map_err(|error| failed(Stage::Content, &error))?;
    let words: Vec<&str> = answer.message().collect();
    Ok(format!("{} {}", answer.code(), words.join(" ")))
}

async fn command(
    connection: &mut AsyncSmtpConnection,
    stage: Stage,
    command: impl std::fmt::Display,
) -> Result<(), SendError> {
    let answered = timeout(COMMAND, connection.command(command)).await.map_err(|_| late(stage))?;
    answered.map(drop).map_err(|error| failed(stage, &error))
}

fn failed(stage: Stage, error: &Error) -> SendError {
    let code = error.status().map(u16::from);
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    SendError { stage, code, text: format!("{error}{cause}") }
}

fn late(stage: Stage) -> SendError {
    SendError { stage, code: None, text: "the mail server did not answer in time".to_owned() }
}

fn parameters(settings: &EmailSettings) -> Result<TlsParameters, String> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = TlsParameters::builder(settings.host.clone());
    if !settings.ca_file.is_empty() {
        let unreadable = |error: &dyn std::error::Error| format!("`notify.email.ca_file`: {error}");
        let pem = fs::read(&settings.ca_file).map_err(|error| unreadable(&error))?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| unreadable(&error))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| format!("`notify.email`: {error}"))
}
