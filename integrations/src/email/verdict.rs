//! What an error of a mail server means for the notification.

use super::server::{SendError, Stage};
use crate::channel::Delivery;

/// Codes of a server that does not serve us at all, whatever we send: not now, and authentication.
const OF_THE_SERVER: [u16; 8] = [421, 454, 500, 502, 530, 534, 535, 538];

pub(super) fn of(error: SendError) -> Delivery {
    let SendError { stage, code, text } = error;
    match (stage, code) {
        (Stage::Connect | Stage::Sender, _) | (Stage::Recipient, None) => Delivery::unavailable(text),
        (_, Some(code)) if OF_THE_SERVER.contains(&code) => Delivery::unavailable(text),
        (_, Some(400..500)) => Delivery::retry(text),
        (Stage::Unsendable, _) => Delivery::failed(text),
        (Stage::Recipient | Stage::Content, Some(_)) => Delivery::Failed { reason: text, is_hard: true },
        (Stage::Content, None) => Delivery::unavailable(text).ambiguous(),
    }
}
