//! Notifies the owners of worker pools of errors.
//!
//! Owns: nothing.
//! Woken by: errors of this process (a notification), a timer.
//! Emits: e-mails, through the notify service: one for each text, however often it is reported.

use std::{sync::Arc, time::Duration};

use actors::{
    kit::{Child, Next, Notifier, Periodic, Schedule},
    notify::{Notify, NotifyError},
};
use db::{DbError, worker_manager::ErrorEmail};
use protocol::{
    notify::{Email, Link, Notification, Template},
    time,
};
use sha2::{Digest, Sha256};

use crate::shared::Shared;

const ERRORS_A_RUN: i32 = 100;
const INTERVAL: Duration = Duration::from_secs(30);

pub(crate) struct Emails {
    shared: Arc<Shared>,
    notify: Notify,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum EmailsError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Notify(#[from] NotifyError),
}

pub(crate) fn child(shared: &Arc<Shared>, notify: &Notify) -> (Child, Notifier) {
    let (shared, notify) = (shared.clone(), notify.clone());
    let schedule = Schedule::every(INTERVAL, shared.rng.branch("emails"));
    schedule.child("provisioner/emails", move |_| Emails { shared: shared.clone(), notify: notify.clone() })
}

impl Periodic for Emails {
    type Error = EmailsError;

    async fn run(&mut self) -> Result<Next, EmailsError> {
        let due = self.shared.db.pool_error_emails(ERRORS_A_RUN).await?;
        let mut notified = Vec::with_capacity(due.len());
        for error in &due {
            match self.notify.send_once(&email(error, &self.shared.root_url), &source(error)).await {
                Ok(_) => {}
                // No later try would be better.
                Err(why) if why.is_permanent() => {
                    tracing::warn!(pool = error.worker_pool_id, owner = error.owner, error = %why, "the owner of a worker pool cannot be notified");
                }
                Err(why) => {
                    self.shared.db.pool_errors_emailed(&notified).await?;
                    return Err(why.into());
                }
            }
            notified.push(error.error_id);
        }
        self.shared.db.pool_errors_emailed(&notified).await?;
        let is_full = due.len() >= usize::try_from(ERRORS_A_RUN).unwrap_or(usize::MAX);
        Ok(if is_full { Next::AGAIN } else { Next::IDLE })
    }
}

fn email(error: &ErrorEmail, root_url: &str) -> Notification {
    let config = error.launch_config_id.as_ref().map(|id| format!("* launch config: `{id}`\n")).unwrap_or_default();
    let content = format!(
        "An error was reported for the worker pool `{}`, of which you are the owner.\n\n\
         * when: {}\n* kind: {}\n{config}\n{}\n\n```\n{}\n```\n",
        error.worker_pool_id,
        time::format(error.reported),
        error.kind,
        error.title,
        // What would end the block.
        error.description.replace("```", "'''"),
    );
    Notification::Email(Email {
        address: error.owner.clone(),
        subject: subject(error),
        content,
        link: Some(Link { text: "The server".to_owned(), href: root_url.to_owned() }),
        reply_to: None,
        template: Template::Simple,
    })
}

fn subject(error: &ErrorEmail) -> String {
    let title: String = error.title.chars().filter(|letter| !letter.is_control()).take(80).collect();
    format!("Worker pool {}: {title}", error.worker_pool_id)
}

/// The same for errors of a pool with the same text.
fn source(error: &ErrorEmail) -> String {
    let mut hash = Sha256::new();
    for part in [&error.kind, &error.title, &error.description] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    format!("worker-pool-error/{}/{}", error.worker_pool_id, hex::encode(&hash.finalize()[..16]))
}
