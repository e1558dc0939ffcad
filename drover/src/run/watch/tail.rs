//! The end of a failed task's log.

use std::collections::VecDeque;

use worker::client::{ClientError, next_piece};

use super::Change;
use crate::client::Server;

const LOG: &str = "public/logs/live_backing.log";
/// How much of the end of a log is kept while it is read.
const MAX_BYTES: usize = 256 * 1024;

/// The last lines below a headline; for a task without a log only the headline.
pub(super) async fn of(server: &Server, change: &Change, lines: usize) -> String {
    let mut text = format!("── {} ({}) ", change.name, change.task_id);
    match read(server, change, lines).await {
        Ok(tail) => {
            text.push_str("ends with:\n");
            for line in tail {
                text.extend(["   ", &line, "\n"]);
            }
        }
        Err(error) if error.is_not_found() => text.push_str("has no log\n"),
        Err(error) => text.extend(["has a log that cannot be read: ", &error.in_full(), "\n"]),
    }
    text.extend(["   whole log: drover task log ", &change.task_id.to_string(), "\n"]);
    text
}

async fn read(server: &Server, change: &Change, lines: usize) -> Result<Vec<String>, ClientError> {
    let mut response = server.0.open_artifact(change.task_id, LOG).await?;
    let mut end: VecDeque<u8> = VecDeque::new();
    while let Some(piece) = next_piece(&mut response).await? {
        end.extend(&piece);
        let surplus = end.len().saturating_sub(MAX_BYTES);
        end.drain(..surplus);
    }
    let text = String::from_utf8_lossy(end.make_contiguous()).into_owned();
    let all: Vec<&str> = text.lines().collect();
    Ok(all[all.len().saturating_sub(lines)..].iter().map(|line| (*line).to_owned()).collect())
}
