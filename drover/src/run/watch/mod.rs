//! Watching a group until it is over.

mod group;
mod show;
mod tail;

use std::{io::BufRead, time::Duration};

use base::Shutdown;
use clap::Args;
use protocol::{
    id::TaskGroupId,
    state::{ReasonResolved, TaskState},
};
use tokio::time::Instant;
use worker::client::ClientError;

pub(crate) use self::group::Verdict;
use self::{
    group::{Change, Group},
    show::Show,
};
use crate::{
    client::{Listed, Server},
    exit::{CliError, Exit},
    output::Output,
    system_context::SystemContext,
};

/// The shortest pause between two listings of the group.
const PAUSE: Duration = Duration::from_millis(300);
/// How long a server that does not answer is waited for.
const TIMEOUT: Duration = Duration::from_mins(2);
/// The pause after a listing takes this many times as long as the listing, which takes long for a large group.
const PAUSE_FACTOR: u32 = 3;

#[derive(Debug, Clone, Args)]
pub(crate) struct WatchArgs {
    /// How many of the last lines of a failed task's log are shown.
    #[arg(long, value_name = "LINES", default_value_t = 30)]
    tail: usize,
}

/// Shows what happens in a group, until nothing more will happen by itself. Green is `Exit::Ok`.
pub(crate) async fn watch(
    server: &Server,
    group_id: TaskGroupId,
    args: &WatchArgs,
    shutdown: &Shutdown,
    system: &SystemContext,
    output: Output,
) -> Result<Exit, CliError> {
    let mut group = Group::default();
    let show = Show::new(output, system.clock.clone());
    loop {
        let began = Instant::now();
        let listing = tokio::select! {
            listing = list(server, group_id) => listing?,
            () = shutdown.wait() => return leave(server, group_id, &show, output).await,
        };
        let changes = group.update(listing);
        show.changes(&group, &changes);
        for change in changes.iter().filter(|change| is_bad(change)) {
            show.aside(&tail::of(server, change, args.tail).await);
        }
        show.redraw(&group);
        if let Some(verdict) = group.verdict() {
            show.verdict(group_id, &verdict);
            return Ok(if verdict.is_green { Exit::Ok } else { Exit::Failed });
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE.max(began.elapsed() * PAUSE_FACTOR)) => {}
            () = shutdown.wait() => return leave(server, group_id, &show, output).await,
        }
    }
}

/// Retries while the server does not answer, as when it is restarted.
async fn list(server: &Server, group_id: TaskGroupId) -> Result<Vec<Listed>, ClientError> {
    let began = Instant::now();
    loop {
        match server.group(group_id).await {
            Err(error) if error.is_transient() && began.elapsed() < TIMEOUT => {
                eprintln!("drover: the server does not answer just now; trying again");
            }
            settled => return settled,
        }
    }
}

/// Whether the log may explain what went wrong: of a task that somebody cancelled it does not.
fn is_bad(change: &Change) -> bool {
    let by_hand = change.reason == Some(ReasonResolved::Canceled);
    matches!(change.state, TaskState::Failed | TaskState::Exception) && !by_hand
}

/// The group keeps running, unless the user at the terminal cancels it.
async fn leave(server: &Server, group: TaskGroupId, show: &Show, output: Output) -> Result<Exit, CliError> {
    show.keep();
    if output.is_terminal() {
        eprint!("\nCancel all tasks of the group? [y/N] (Ctrl-C again leaves it running) ");
        let answer = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line).map(|_| line)
        });
        let answer = answer.await.ok().and_then(Result::ok).unwrap_or_default();
        if matches!(answer.trim(), "y" | "Y" | "yes") {
            server.cancel_group(group).await?;
            output.line("the group is sealed, and its tasks are cancelled");
            return Ok(Exit::Interrupted);
        }
    }
    eprintln!("drover: the group keeps running; watch it again with: drover group watch {group}");
    Ok(Exit::Interrupted)
}
