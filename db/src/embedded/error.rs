use std::io;
use std::path::{Path, PathBuf};

/// Why the embedded PostgreSQL does not run. The message says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error(
        "no PostgreSQL server was found: install PostgreSQL 15 or newer (on Debian: apt-get install postgresql), \
         set the directory of its binaries, or set a database URL"
    )]
    NoBinaries,
    #[error("{directory} does not hold the PostgreSQL programs `postgres` and `initdb`")]
    NotBinaries { directory: PathBuf },
    #[error("the PostgreSQL in {directory} is version {major}; 15 or newer is needed")]
    TooOld { directory: PathBuf, major: u32 },
    #[error(
        "the data in {data} belong to PostgreSQL {needed}, which is not installed (found: {found}); \
         install PostgreSQL {needed} or use another data directory"
    )]
    OtherMajor { data: PathBuf, needed: u32, found: String },
    #[error("{directory} is in use by another Drover{}", process(.pid.as_deref()))]
    InUse { directory: PathBuf, pid: Option<String> },
    #[error("a PostgreSQL server (process {pid}) still runs on {data}; stop it first")]
    StillRunning { data: PathBuf, pid: String },
    #[error("the user {user}, who must run PostgreSQL, cannot enter {directory}; choose another data directory")]
    Unreachable { user: String, directory: PathBuf },
    #[error("{directory} belongs to somebody else and cannot hold the socket; choose a shorter data directory")]
    NotPrivate { directory: PathBuf },
    #[error("PostgreSQL refuses to run as root and none of the users drover, postgres, nobody exists; create one")]
    NoUser,
    #[error(
        "the user with id {uid} has no name on this machine, and PostgreSQL lets nobody in whose name it cannot find; \
         add it to /etc/passwd, or set a database URL"
    )]
    NoUserName { uid: u32 },
    #[error("the data directory could not be created: {output}")]
    InitDb { output: String },
    #[error("PostgreSQL ended while starting ({status}); its last words:\n{log}")]
    Ended { status: String, log: String },
    #[error("PostgreSQL was not ready within {seconds} s; its last words:\n{log}")]
    NotReady { seconds: u64, log: String },
    #[error("{what} failed")]
    Io {
        what: String,
        #[source]
        source: io::Error,
    },
    #[error("the embedded PostgreSQL has stopped")]
    Stopped,
}

impl EmbeddedError {
    pub(super) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self::Io { what: what.into(), source }
    }

    /// For `map_err`: an operation on a path.
    pub(super) fn at<'a>(what: &'a str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::io(format!("{what} {}", path.display()), source)
    }
}

fn process(pid: Option<&str>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}
