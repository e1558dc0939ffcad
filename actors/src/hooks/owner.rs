//! The owner of a hook gets a mail when it fails and nobody waits for the answer: once a day for the same error.

use db::hooks::FiredBy;
use protocol::notify::{Email, Notification, Template};
use sha2::{Digest, Sha256};

use super::{Hook, Inner, fire::Fire};

/// Longest name in a subject, in characters.
const MAX_NAME: usize = 80;

impl Inner {
    pub(super) async fn notify_owner(&self, fire: &Fire<'_>, error: &str) {
        if !matches!(fire.context.fired_by, FiredBy::Schedule | FiredBy::PulseMessage) {
            return;
        }
        let Ok(hook) = Hook::try_from(fire.row) else { return };
        let metadata = &hook.definition.metadata;
        if metadata["emailOnError"].as_bool() == Some(false) {
            return;
        }
        let Some(owner) = metadata["owner"].as_str() else { return };
        let email = Notification::Email(email(&hook, owner, fire.context.fired_by, error));
        if let Err(error) = self.notify.send_once(&email, &self.source(fire, error)).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(hook = %hook.name, error, "the owner of a hook could not be notified of its failure");
        }
    }

    /// The same for the same error of the same definition on one day.
    fn source(&self, fire: &Fire<'_>, error: &str) -> String {
        let hash = hex::encode(Sha256::digest(error));
        format!("hook/{}/{}/{}/{}", fire.name, fire.row.generation, &hash[..16], self.clock.now().date_naive())
    }
}

fn email(hook: &Hook, owner: &str, fired_by: FiredBy, error: &str) -> Email {
    let name: String = hook.name.to_string().chars().take(MAX_NAME).collect();
    let cause = if fired_by == FiredBy::Schedule { "its schedule" } else { "a message" };
    let quoted: String = error.lines().flat_map(|line| ["    ", line, "\n"]).collect();
    let content = format!(
        "The hook `{name}` was to fire because of {cause}, and failed:\n\n{quoted}\n\
         It is tried again with its next date or message. `drover hook show {name}` lists its latest fires."
    );
    Email {
        address: owner.to_owned(),
        subject: format!("Hook {name} failed"),
        content,
        link: None,
        reply_to: None,
        template: Template::default(),
    }
}
