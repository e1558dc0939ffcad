//! What is wrong with a cron expression.

/// A cron expression that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{expression}` {reason}")]
pub struct CronError {
    pub expression: String,
    /// To follow the expression.
    pub reason: String,
}

/// Expressions are the sender's, and may be as long as the body.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 100;
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}
