//! Flags of workers that Taskcluster's worker-runner starts.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Taskcluster's worker-runner")]
pub(super) struct RunnerArgs {
    /// Speak the protocol of worker-runner (`start-worker`) on standard input and output.
    #[arg(long, conflicts_with = "provider")]
    pub(super) runner_protocol: bool,
    /// The file that worker-runner wrote for this worker, in the words of generic-worker: server, credentials, who it is, and its
    /// `workerConfig`. Only its owner may be able to read it (mode 0600).
    #[arg(long, value_name = "FILE", requires = "runner_protocol")]
    pub(super) runner_config: Option<PathBuf>,
}
