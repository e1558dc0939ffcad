use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the embedded PostgreSQL lives and how it is tuned.
#[derive(Debug, Clone)]
pub struct EmbeddedSettings {
    /// Holds the data (`data/`), the socket (`socket/`), the server's log and a lock file. One server each.
    pub directory: PathBuf,
    /// Where `postgres` and `initdb` are. Unset: looked for in the usual places.
    pub bin_dir: Option<PathBuf>,
    /// Where a downloaded PostgreSQL was unpacked, used when the machine has none installed.
    pub unpacked_dir: Option<PathBuf>,
    /// Off: a crash of the machine may lose the last moments, and never corrupts. About twice as fast for a
    /// single client. For development only.
    pub synchronous_commit: bool,
    pub tuning: Tuning,
    /// Where a private directory for the socket is made when the path below `directory` is too long for one.
    pub short_directory: PathBuf,
    /// Long enough for the replay of a full log after a crash.
    pub start_timeout: Duration,
    /// How long the server may take to end before a harder signal.
    pub stop_timeout: Duration,
}

/// What the server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tuning {
    /// Real work on one machine: everything acknowledged is on disk.
    Standard,
    /// Databases that nobody misses: small, and nothing is ever synced to disk.
    Test,
}

impl EmbeddedSettings {
    /// The defaults, with everything below `directory`.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            bin_dir: None,
            unpacked_dir: None,
            synchronous_commit: true,
            tuning: Tuning::Standard,
            short_directory: PathBuf::from("/tmp"),
            start_timeout: Duration::from_mins(2),
            stop_timeout: Duration::from_secs(5),
        }
    }
}

/// Where Drover keeps its state by default: `/var/lib/drover` for root, whose home no other user may
/// enter, else `$XDG_STATE_HOME/drover`, else `~/.local/state/drover`. The variables are handed in.
pub fn default_directory(state_home: Option<&Path>, home: Option<&Path>) -> Option<PathBuf> {
    if super::spawn::effective_uid() == 0 {
        return Some(PathBuf::from("/var/lib/drover"));
    }
    let state_home = state_home.filter(|path| path.is_absolute()).map(Path::to_owned);
    Some(state_home.or_else(|| Some(home?.join(".local/state")))?.join("drover"))
}
