//! E-mails, over one mail server. A repeat has the same `Message-ID`, which distinguishes a double from another mail.

mod digest;
mod html;
mod message;
mod server;
mod verdict;

use async_trait::async_trait;
use db::notify::StoredNotification;
pub use html::to_html;
use lettre::{Address, address::Envelope, message::Mailbox};
use protocol::notify::{Email as Content, NotificationKind, email_address};
use server::{Server, Stage};

use crate::{
    channel::{Channel, Delivery},
    settings::EmailSettings,
};

/// A mail server, and the address that mails come from.
#[derive(Debug)]
pub struct Email {
    server: Server,
    from: Address,
    /// Where an operator explains the limit in digests.
    root_url: String,
}

impl Email {
    pub fn new(settings: &EmailSettings, root_url: &str) -> Result<Self, String> {
        email_address("`notify.email.from`", &settings.from).map_err(|error| error.to_string())?;
        let from = settings.from.parse().map_err(|error| format!("`notify.email.from`: {error}"))?;
        Ok(Self { server: Server::new(settings)?, from, root_url: root_url.to_owned() })
    }

    fn message(&self, notification: &StoredNotification) -> Result<(Envelope, Vec<u8>), String> {
        let content: Content = if notification.is_digest {
            digest::content(notification, &self.root_url)
        } else {
            serde_json::from_str(&notification.content)
                .map_err(|error| format!("the stored e-mail cannot be read: {error}"))?
        };
        let from = Mailbox::new(None, self.from.clone());
        let message = message::build(&content, notification, from).map_err(|error| error.to_string())?;
        Ok((message.envelope().clone(), message.formatted()))
    }
}

#[async_trait]
impl Channel for Email {
    fn kind(&self) -> NotificationKind {
        NotificationKind::Email
    }

    async fn deliver(&self, notification: &StoredNotification) -> Delivery {
        let (envelope, message) = match self.message(notification) {
            Ok(message) => message,
            Err(reason) => return Delivery::failed(reason),
        };
        match self.server.send(&envelope, &message).await {
            Ok(answer) => Delivery::Sent(answer),
            // Once more, and then a double is likelier than a loss.
            Err(error) if error.stage == Stage::Content && error.code.is_none() && notification.is_ambiguous => {
                Delivery::failed(format!("twice without an answer after the content: {}", error.text))
            }
            Err(error) => verdict::of(error),
        }
    }
}
