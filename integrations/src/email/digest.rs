//! What stands for the mails beyond the limit.

use db::notify::StoredNotification;
use protocol::notify::{Email, Template};

/// The text of a digest: how many, and what the first were about.
pub(super) fn content(notification: &StoredNotification, root_url: &str) -> Email {
    let (further, listed) = (notification.further, &notification.further_summaries);
    let lines = listed.iter().fold(String::new(), |lines, summary| lines + "* " + &plain(summary) + "\n");
    let unlisted = usize::try_from(further).unwrap_or_default().saturating_sub(listed.len());
    let rest = if unlisted > 0 { format!("\nand {unlisted} others.\n") } else { String::new() };
    Email {
        address: notification.address.clone(),
        subject: format!("{further} more notifications"),
        content: format!(
            "{further} more notifications came for this address within ten minutes than are sent one by one:\n\n{lines}{rest}\n\
             Sent by {root_url}\n"
        ),
        link: None,
        reply_to: None,
        template: Template::Simple,
    }
}

/// Without what markdown would make something else of.
fn plain(summary: &str) -> String {
    let is_mark = |c: char| matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!');
    summary.chars().fold(String::new(), |mut text, c| {
        if is_mark(c) {
            text.push('\\');
        }
        text.push(c);
        text
    })
}
