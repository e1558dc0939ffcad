//! `drover artifact`: uploads, downloads and lists artifacts. A file that does not arrive whole and unaltered is refused.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use protocol::{
    id::{RunId, TaskId},
    time::{self, Timestamp},
};
use worker::{
    artifact::{Store, StoreError, content_type_of},
    transfer::{Download, Origin, Progress, Received, TransferError},
};

use crate::{
    artifact_list::{self, ListArgs},
    client::{Server, ServerArgs},
    exit::{CliError, Exit},
    ids::{self, Given},
    output::Output,
    progress,
    system_context::SystemContext,
};

#[derive(Debug, Subcommand)]
pub(crate) enum ArtifactCommand {
    /// Store a file as an artifact of a running run.
    Upload(UploadArgs),
    /// Fetch an artifact into a file.
    Download(DownloadArgs),
    /// Show what a run left behind.
    List(ListArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  drover artifact upload $TASK_ID public/build.tar.gz build.tar.gz --run $RUN_ID
  drover artifact upload $TASK_ID public/report.txt report.txt --gzip

An upload that breaks off begins anew, a few times; what arrives altered is refused by its hash. Called again after it was
killed, it goes on with what it had begun, as long as file, type and --expires are the same. It needs the scope
queue:create-artifact:TASK_ID/RUN_ID; inside a task the proxy has it.")]
pub(crate) struct UploadArgs {
    /// The task, by its id, the first 6 or more letters of it, or the address of its page.
    #[arg(value_name = "TASK_ID", value_parser = ids::task_id)]
    task_id: Given<TaskId>,
    /// What the artifact is called, like `public/build.log`.
    name: String,
    /// The file to store.
    file: PathBuf,
    /// The run [default: the latest].
    #[arg(long, value_name = "NUMBER")]
    run: Option<RunId>,
    /// What the file is [default: by the end of the artifact's name].
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Until when it is kept, like 2030-01-31T00:00:00Z [default: as long as the task].
    #[arg(long, value_name = "TIME", value_parser = a_time)]
    expires: Option<Timestamp>,
    /// Send and keep it packed; readers get it unpacked.
    #[arg(long)]
    gzip: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  drover artifact download $TASK_ID public/build.tar.gz
  drover artifact download $TASK_ID public/logs/live_backing.log log.txt --run 0
  drover artifact download $TASK_ID public/build.tar.gz - | tar -tz

It grows in FILE.part and gets its name when it is whole and its hashes are right. Called again after it was interrupted, it
goes on where it was. With `-` it is written to standard output, once it is whole and its hashes are right.")]
pub(crate) struct DownloadArgs {
    /// The task, by its id, the first 6 or more letters of it, or the address of its page.
    #[arg(value_name = "TASK_ID", value_parser = ids::task_id)]
    task_id: Given<TaskId>,
    /// What the artifact is called, like `public/build.log`.
    name: String,
    /// Where to put it, `-` for standard output [default: the last part of the name, in the working directory].
    file: Option<PathBuf>,
    /// The run [default: the latest].
    #[arg(long, value_name = "NUMBER")]
    run: Option<RunId>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) async fn run(command: ArtifactCommand, system: &SystemContext, output: &Output) -> Result<Exit, CliError> {
    match command {
        ArtifactCommand::Upload(args) => upload(args, system, *output).await,
        ArtifactCommand::Download(args) => download(args, system, *output).await,
        ArtifactCommand::List(args) => artifact_list::run(args, system, *output).await,
    }
}

async fn upload(args: UploadArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    if !args.file.is_file() {
        return Err(CliError::new(Exit::Usage, format!("`{}` is no file that can be read", args.file.display())));
    }
    let (server, direct) = (args.server.connect(system)?, args.server.connect_direct(system)?);
    let task_id = args.task_id.task(&server).await?;
    let run_id = match args.run {
        Some(run_id) => run_id,
        None => latest_run(&server, task_id).await?,
    };
    let expires = match args.expires {
        Some(expires) => expires,
        None => expiry_of(&server, task_id).await?,
    };
    let bar = progress::bytes(&args.name, output);
    let (client, direct) = (server.0, direct.0);
    let store = Store { client, direct, task_id, run_id, progress: shown_on(&bar) };
    let content_type = args.content_type.as_deref().unwrap_or_else(|| content_type_of(&args.name));
    let unreadable = |error| CliError::new(Exit::Usage, format!("`{}` cannot be read: {error}", args.file.display()));
    let file = std::fs::File::open(&args.file).map_err(unreadable)?;
    let stored = if args.gzip {
        store.packed(&std::env::temp_dir(), &args.name, file, content_type, expires).await
    } else {
        store.object(&args.name, file, content_type, expires).await
    };
    bar.finish_and_clear();
    let stored = stored?;
    let (size, sha256) = (stored.size, stored.sha256);
    let object = serde_json::json!({
        "taskId": task_id, "runId": run_id, "name": args.name, "contentType": content_type, "size": size, "sha256": sha256,
    });
    output.either(&object, &format!("stored {} ({size} bytes, sha256 {sha256})", args.name));
    Ok(Exit::Ok)
}

async fn download(args: DownloadArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    if args.file.as_deref() == Some(Path::new("-")) {
        return download_to_stdout(args, system, output).await;
    }
    let target = match &args.file {
        Some(file) => file.clone(),
        None => file_name(&args.name)?,
    };
    let received = receive(args, system, output, &target).await?;
    let (size, sha256, file) = (received.size, received.sha256, target.display().to_string());
    let object = serde_json::json!({
        "file": file, "size": size, "sha256": sha256, "verified": received.verified, "tries": received.tries,
    });
    let checked = if received.verified { "" } else { "; not verified, as the server named no hash" };
    output.either(&object, &format!("{file}: {size} bytes, sha256 {sha256}{checked}"));
    Ok(Exit::Ok)
}

async fn receive(
    args: DownloadArgs,
    system: &SystemContext,
    output: Output,
    target: &Path,
) -> Result<Received, CliError> {
    let (server, direct) = (args.server.connect(system)?, args.server.connect_direct(system)?.0);
    let task_id = args.task_id.task(&server).await?;
    let bar = progress::bytes(&args.name, output);
    let origin = Origin::Artifact { task_id, run_id: args.run, name: args.name };
    let received =
        Download { client: server.0, direct, origin, progress: shown_on(&bar), max_bytes: None }.to_file(target).await;
    bar.finish_and_clear();
    Ok(received?)
}

/// Through a temporary file: the reader gets nothing whose hash is wrong, and nothing twice.
async fn download_to_stdout(args: DownloadArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let failed = |error| CliError::new(Exit::Failed, format!("the artifact cannot be passed on: {error}"));
    let directory = tempfile::tempdir().map_err(failed)?;
    let received = receive(args, system, output, &directory.path().join("artifact")).await?;
    let mut file = std::fs::File::open(received.path).map_err(failed)?;
    let mut stdout = io::stdout().lock();
    io::copy(&mut file, &mut stdout).and_then(|_| stdout.flush()).map_err(failed)?;
    Ok(Exit::Ok)
}

/// The last part of the name. Names come from other people's tasks, so anything but a plain file name is refused.
fn file_name(name: &str) -> Result<PathBuf, CliError> {
    let last = name.rsplit('/').next().unwrap_or_default();
    if last.is_empty() || last == "." || last == ".." || last.contains(['\\', '\0']) {
        return Err(CliError::new(Exit::Usage, format!("`{name}` does not end in a file name: say where to put it")));
    }
    Ok(Path::new(last).to_owned())
}

async fn latest_run(server: &Server, task_id: TaskId) -> Result<RunId, CliError> {
    let status = server.status(task_id).await?;
    let last = status.runs.last().map(|run| run.run_id);
    last.ok_or_else(|| CliError::new(Exit::Refused, format!("task {task_id} has no run yet")))
}

async fn expiry_of(server: &Server, task_id: TaskId) -> Result<Timestamp, CliError> {
    let definition = server.definition(task_id).await?;
    let expires = definition["expires"].as_str().and_then(time::parse);
    expires.ok_or_else(|| CliError::new(Exit::Failed, "the task does not say when it expires: give --expires"))
}

fn a_time(text: &str) -> Result<Timestamp, String> {
    time::parse(text).ok_or_else(|| "write it like 2030-01-31T00:00:00Z, of the years 0001 to 9999 in UTC".to_owned())
}

/// Downloads learn their length with the answer, so it is set each time.
fn shown_on(bar: &ProgressBar) -> Progress {
    let bar = bar.clone();
    Arc::new(move |done, total| {
        if let Some(total) = total {
            bar.set_length(total);
        }
        bar.set_position(done);
    })
}

impl From<TransferError> for CliError {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Client(error) => error.into(),
            error => Self::new(Exit::Failed, error.in_full()),
        }
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Client(error) => error.into(),
            error @ StoreError::File(_) => Self::new(Exit::Failed, error.in_full()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_an_artifact_leads_out_of_the_working_directory() {
        assert_eq!(file_name("public/a/build.log").unwrap(), Path::new("build.log"));
        assert_eq!(file_name("../../etc/passwd").unwrap(), Path::new("passwd"));
        for name in ["public/..", "..", "", "public/", "a\\b", "."] {
            assert!(file_name(name).is_err(), "{name}");
        }
    }
}
