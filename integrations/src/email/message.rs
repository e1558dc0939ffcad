//! The mail as it is sent.

use std::time::SystemTime;

use db::notify::StoredNotification;
use lettre::{
    Message,
    address::AddressError,
    error::Error,
    message::{
        Mailbox, MultiPart, MultiPartKind, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};
use protocol::notify::{Email, Link};

use super::html::to_html;

/// Why there is no mail of this content.
#[derive(Debug, thiserror::Error)]
pub(super) enum MessageError {
    #[error("`{0}` cannot be an address of a mail: {1}")]
    Address(String, AddressError),
    #[error("the mail cannot be written: {0}")]
    Message(#[from] Error),
}

/// Text and HTML. The same notification always becomes the same mail.
pub(super) fn build(email: &Email, notification: &StoredNotification, from: Mailbox) -> Result<Message, MessageError> {
    let (id, domain) = (notification.id, from.email.domain().to_owned());
    let mailbox = |address: &str| match address.parse() {
        Ok(address) => Ok(Mailbox::new(None, address)),
        Err(error) => Err(MessageError::Address(address.to_owned(), error)),
    };
    let mut message = Message::builder()
        .from(from)
        .to(mailbox(&email.address)?)
        .subject(email.subject.clone())
        .message_id(Some(format!("<{id}@{domain}>")))
        .date(SystemTime::from(notification.created))
        // Nobody's absence is answered to a machine.
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
    if let Some(reply_to) = &email.reply_to {
        message = message.reply_to(mailbox(reply_to)?);
    }
    let parts = MultiPart::builder().kind(MultiPartKind::Alternative).boundary(id.simple().to_string());
    let parts = parts.singlepart(SinglePart::plain(text(email)));
    let html = to_html(&email.content, email.link.as_ref(), email.template);
    Ok(message.multipart(parts.singlepart(SinglePart::html(html)))?)
}

/// The markdown as it is, and the link below it.
fn text(email: &Email) -> String {
    match &email.link {
        Some(Link { text, href }) => format!("{}\n\n{text}: {href}\n", email.content.trim_end()),
        None => format!("{}\n", email.content.trim_end()),
    }
}
