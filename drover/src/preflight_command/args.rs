//! The flags of `drover preflight`.

use clap::Args;

#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  drover preflight
  drover preflight --before-upgrade --several-processes
  drover preflight --config /etc/drover.toml -o json

It reads the settings that `drover serve` would read, connects to the database and the broker, and writes, reads and
deletes a small object in the bucket, where there is one. Each problem names its setting and what to do.

Exit codes: 0 ready, 1 the database is not as it has to be, 2 a setting is missing or wrong, 3 database, broker or bucket
not reachable, 4 refused by one of them.")]
pub(crate) struct PreflightArgs {
    /// `drover db upgrade` follows: a database that is behind is right if it can be upgraded.
    #[arg(long)]
    pub(super) before_upgrade: bool,
    /// Roles run in several processes, so there has to be a broker.
    #[arg(long)]
    pub(super) several_processes: bool,
    /// The root URL of the settings is to take the place of the one that the database was used with.
    #[arg(long)]
    pub(super) new_root_url: bool,
}
