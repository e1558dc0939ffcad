//! `drover explain delivery`: what became of a delivery of GitHub, by the database.

use db::{
    Db, DbError,
    github::{BuildRow, DeliveryRow, ReportRow},
};
use protocol::{
    github::DeliveryState,
    time::{self, Timestamp},
};
use serde_json::json;

use crate::{
    database::Database,
    exit::{CliError, Exit, with_causes},
    output::Output,
    settings::DroverSettings,
    system_context::SystemContext,
};

/// Reports that are looked at, and those that are listed.
const REPORTS: i32 = 1000;
const LISTED: usize = 10;

pub(crate) async fn run(
    id: &str,
    settings: &DroverSettings,
    system: &SystemContext,
    output: &Output,
) -> Result<Exit, CliError> {
    let database = Database::of_command(settings).await?;
    let shown = match database.connect(&settings.database).await {
        Ok(db) => explain(id, &db, system.clock.now(), output).await,
        Err(error) => Err(error),
    };
    database.stop().await;
    shown
}

async fn explain(id: &str, db: &Db, now: Timestamp, output: &Output) -> Result<Exit, CliError> {
    let failed = |error: DbError| CliError::new(Exit::Unreachable, with_causes(&error));
    let found = db.github_delivery(&id.to_ascii_lowercase()).await.map_err(failed)?;
    let row = found.ok_or_else(|| {
        CliError::new(Exit::Refused, format!("there is no delivery {id}; they are kept for thirty days"))
    })?;
    let build = db.github_build_of_delivery(&row.delivery_id).await.map_err(failed)?;
    let reports = match &build {
        Some(build) => db.github_reports_of_group(build.task_group_id, REPORTS).await.map_err(failed)?.readable,
        None => Vec::new(),
    };
    let words = explained(&row, build.as_ref(), &reports, now).join("\n");
    output.either(&object(&row, build.as_ref(), &reports), &words);
    Ok(Exit::Ok)
}

fn object(row: &DeliveryRow, build: Option<&BuildRow>, reports: &[ReportRow]) -> serde_json::Value {
    json!({
        "deliveryId": row.delivery_id,
        "event": row.event,
        "repository": row.repository,
        "subject": row.subject,
        "state": row.state,
        "reason": row.reason,
        "received": time::format(row.received),
        "finished": row.finished.map(time::format),
        "nextAttempt": row.next_attempt.map(time::format),
        "attempts": row.attempts,
        "taskGroupId": build.map(|build| build.task_group_id),
        "buildState": build.map(|build| build.state),
        "unsentReports": reports.iter().filter(|report| report.sent < report.version).count(),
    })
}

fn explained(row: &DeliveryRow, build: Option<&BuildRow>, reports: &[ReportRow], now: Timestamp) -> Vec<String> {
    let about =
        if row.repository.is_empty() { String::new() } else { format!(" of {} {}", row.repository, row.subject) };
    let mut lines = vec![format!("{}{about}, received {}", row.event, time::format(row.received)), verdict(row, now)];
    if let Some(build) = build {
        lines.push(format!("its task group {} is {}", build.task_group_id, build.state));
    }
    let unsent: Vec<&ReportRow> = reports.iter().filter(|report| report.sent < report.version).collect();
    if !reports.is_empty() {
        lines.push(format!("GitHub has {} of {} reports about it", reports.len() - unsent.len(), reports.len()));
    }
    lines.extend(unsent.iter().take(LISTED).map(|report| {
        let what = if report.failed { "is refused for good" } else { "is not there yet" };
        format!(
            "the {} of {} {what}: {}",
            report.kind,
            report.subject,
            report.reason.as_deref().unwrap_or("no answer yet")
        )
    }));
    lines
}

fn verdict(row: &DeliveryRow, now: Timestamp) -> String {
    let reason = row.reason.as_deref().unwrap_or("no answer yet");
    let finished = row.finished.map(time::format).unwrap_or_default();
    match row.state {
        DeliveryState::Done => format!("done {finished}, with attempt {}", row.attempts),
        DeliveryState::Ignored => format!("nothing was to be done: {reason}"),
        DeliveryState::Failed => format!("failed {finished}, with attempt {}: {reason}", row.attempts),
        DeliveryState::Waiting if row.leased_until.is_some_and(|until| until > now) => {
            format!("attempt {} is under way", row.attempts)
        }
        DeliveryState::Waiting if row.next_attempt.is_some_and(|next| next > now) => {
            let next = row.next_attempt.map(time::format).unwrap_or_default();
            format!("waits until {next}, after {} attempts; the last answer: {reason}", row.attempts)
        }
        DeliveryState::Waiting => {
            "waits for an earlier delivery of the same branch or pull request, or for a process with the \
                                   role `github` and an app (`github.app_id`)"
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use expect_test::expect;

    use super::*;

    #[test]
    fn each_state_is_explained_by_what_is_next() {
        let at = |seconds| DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap();
        let row = |state, next: Option<i64>, leased: Option<i64>, reason: Option<&str>| DeliveryRow {
            delivery_id: "1".to_owned(),
            event: "push".to_owned(),
            body: String::new(),
            repository: "mozilla/balrog".to_owned(),
            subject: "branch/main".to_owned(),
            state,
            reason: reason.map(str::to_owned),
            received: at(0),
            next_attempt: next.map(at),
            leased_until: leased.map(at),
            attempts: 2,
            finished: next.is_none().then(|| at(10)),
        };
        let rows = [
            row(DeliveryState::Waiting, Some(0), None, None),
            row(DeliveryState::Waiting, Some(60), None, Some("502")),
            row(DeliveryState::Waiting, Some(0), Some(60), None),
            row(DeliveryState::Done, None, None, None),
            row(DeliveryState::Ignored, None, None, Some("the commit has no `.taskcluster.yml`")),
            row(DeliveryState::Failed, None, None, Some("no scopes")),
        ];
        let lines = rows.iter().map(|row| explained(row, None, &[], at(10)).join("\n") + "\n").collect::<String>();
        expect![[r#"
            push of mozilla/balrog branch/main, received 2023-11-14T22:13:20.000Z
            waits for an earlier delivery of the same branch or pull request, or for a process with the role `github` and an app (`github.app_id`)
            push of mozilla/balrog branch/main, received 2023-11-14T22:13:20.000Z
            waits until 2023-11-14T22:14:20.000Z, after 2 attempts; the last answer: 502
            push of mozilla/balrog branch/main, received 2023-11-14T22:13:20.000Z
            attempt 2 is under way
            push of mozilla/balrog branch/main, received 2023-11-14T22:13:20.000Z
            done 2023-11-14T22:13:30.000Z, with attempt 2
            push of mozilla/balrog branch/main, received 2023-11-14T22:13:20.000Z
            nothing was to be done: the commit has no `.taskcluster.yml`
            push of mozilla/balrog branch/main, received 2023-11-14T22:13:20.000Z
            failed 2023-11-14T22:13:30.000Z, with attempt 2: no scopes
        "#]].assert_eq(&lines);
    }
}
