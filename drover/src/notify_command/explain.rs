//! `drover notify explain`.

use db::{Db, notify::StoredNotification};
use protocol::{
    notify::NotificationState,
    time::{self, Timestamp},
};
use uuid::Uuid;

use super::{db_failed, object};
use crate::{
    exit::{CliError, Exit},
    output::Output,
    system_context::SystemContext,
};

pub(super) async fn run(id: Uuid, db: &Db, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let found = db.notification(id).await.map_err(|error| db_failed(&error))?;
    let row = found.ok_or_else(|| {
        CliError::new(Exit::Refused, format!("there is no notification {id}; they are kept for thirty days"))
    })?;
    output.either(&object(&row), &explained(&row, system.clock.now()).join("\n"));
    Ok(Exit::Ok)
}

fn explained(row: &StoredNotification, now: Timestamp) -> Vec<String> {
    let mut lines = vec![
        format!("{} to {}: {}", row.kind, row.address, row.summary),
        format!("accepted {}{}", time::format(row.created), source(row)),
        verdict(row, now),
    ];
    if row.duplicates > 0 {
        lines.push(format!("the same came {} more times within ten minutes, and was not sent again", row.duplicates));
    }
    if row.is_digest {
        lines.push(format!("a digest of {} notifications beyond the limit of the address", row.further));
    }
    lines
}

fn source(row: &StoredNotification) -> String {
    row.source.as_ref().map_or_else(String::new, |source| format!(" for {source}"))
}

fn verdict(row: &StoredNotification, now: Timestamp) -> String {
    let reason = row.reason.as_deref().unwrap_or("no answer yet");
    let finished = row.finished.map(time::format).unwrap_or_default();
    match row.state {
        NotificationState::Sent => format!("sent {finished}, after {} attempts; the answer: {reason}", row.attempts),
        NotificationState::Failed => format!("failed {finished}, after {} attempts: {reason}", row.attempts),
        NotificationState::Suppressed => format!("suppressed: {reason}"),
        NotificationState::Pending if row.leased_until.is_some_and(|until| until > now) => {
            format!("attempt {} is under way", row.attempts)
        }
        NotificationState::Pending if row.next_attempt.is_some_and(|next| next > now) => {
            let next = row.next_attempt.map(time::format).unwrap_or_default();
            format!("waits until {next}, after {} attempts; the last answer: {reason}", row.attempts)
        }
        NotificationState::Pending => format!(
            "waits for a process with the role `notify` whose settings have a server for {}, or for an earlier one to {}",
            row.kind, row.address
        ),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use expect_test::expect;
    use protocol::notify::NotificationKind;

    use super::*;

    #[test]
    fn each_state_is_explained_by_what_is_next() {
        let at = |seconds| DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap();
        let row = |state, next: Option<i64>, leased: Option<i64>, reason: Option<&str>| StoredNotification {
            id: Uuid::from_u128(1),
            kind: NotificationKind::Email,
            address: "a@example.com".to_owned(),
            state,
            is_digest: false,
            summary: "Task failed".to_owned(),
            content: String::new(),
            source: None,
            reason: reason.map(str::to_owned),
            created: at(0),
            next_attempt: next.map(at),
            leased_until: leased.map(at),
            attempts: 2,
            is_ambiguous: false,
            finished: next.is_none().then(|| at(10)),
            duplicates: 0,
            further: 0,
            further_summaries: Vec::new(),
        };
        let pending = NotificationState::Pending;
        let rows = [
            row(pending, Some(0), None, None),
            row(pending, Some(60), None, Some("451 later")),
            row(pending, Some(0), Some(60), None),
            row(NotificationState::Failed, None, None, Some("550 no such user")),
            row(NotificationState::Suppressed, None, None, Some("denied")),
        ];
        let verdicts = rows.iter().map(|row| verdict(row, at(10)) + "\n").collect::<String>();
        expect![[r#"
            waits for a process with the role `notify` whose settings have a server for email, or for an earlier one to a@example.com
            waits until 2023-11-14T22:14:20.000Z, after 2 attempts; the last answer: 451 later
            attempt 2 is under way
            failed 2023-11-14T22:13:30.000Z, after 2 attempts: 550 no such user
            suppressed: denied
        "#]].assert_eq(&verdicts);
    }
}
