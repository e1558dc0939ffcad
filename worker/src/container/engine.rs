//! The engine: the program `podman`, with a store of its own that no other user of the machine knows.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use sha2::{Digest, Sha256};

use super::name::Registry;
use crate::isolation::Confinement;

const PROGRAM: &str = "podman";
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// It takes no path there that is longer than 50 characters.
const RUNTIME: &str = "/run/drover/images";
/// For everything but fetching and unpacking.
pub(super) const SHORT: Duration = Duration::from_mins(1);
/// How often the room on the disk is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// Words of the program that are repeated.
const MAX_WORDS: usize = 1000;
/// Signatures of images are not asked for: what counts is the hash of an artifact, and the registry that was allowed.
const POLICY: &str = r#"{"default":[{"type":"insecureAcceptAnything"}]}"#;
/// Nothing of this worker runs in the engine's own containers.
const CONFIGURATION: &str = "[engine]\nevents_logger = \"none\"\ncgroup_manager = \"cgroupfs\"\nimage_copy_tmp_dir = ";

/// How to call it.
#[derive(Debug)]
pub(super) struct Engine {
    directory: PathBuf,
    /// What it needs until the next start of the machine.
    runtime: PathBuf,
}

/// What it said.
#[derive(Debug)]
pub(super) enum EngineError {
    /// It ended with an error, in its words.
    Failed(String),
    TimedOut(Duration),
    /// It was about to store more bytes than this.
    TooLarge(u64),
    Start(io::Error),
}

impl std::fmt::Display for EngineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed(words) => f.write_str(words),
            Self::TimedOut(limit) => write!(f, "{PROGRAM} did not end within {} s", limit.as_secs()),
            Self::TooLarge(bytes) => write!(f, "the image takes more than {bytes} bytes"),
            Self::Start(error) => write!(f, "{PROGRAM} cannot be started: {error}"),
        }
    }
}

impl Engine {
    /// Its store and its configuration are in this directory, which is made.
    pub(super) fn open(directory: &Path, registries: &[Registry]) -> io::Result<Self> {
        let name = hex::encode(Sha256::digest(directory.as_os_str().as_encoded_bytes()));
        let runtime = Path::new(RUNTIME).join(&name[..16]);
        let engine = Self { directory: directory.to_owned(), runtime };
        // What an earlier call had not finished when it was killed.
        let _ = fs::remove_dir_all(engine.place("tmp"));
        for name in ["", "store", "run", "tmp", "home"] {
            DirBuilder::new().recursive(true).mode(0o700).create(engine.place(name))?;
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&engine.runtime)?;
        fs::write(engine.place("policy.json"), POLICY)?;
        fs::write(engine.place("containers.conf"), format!("{CONFIGURATION}{}\n", engine.quoted("tmp")))?;
        let (run, store) = (engine.runtime.display(), engine.quoted("store"));
        let storage = format!("[storage]\ndriver = \"overlay\"\nrunroot = \"{run}\"\ngraphroot = {store}\n");
        fs::write(engine.place("storage.conf"), storage)?;
        let registries = registries.iter().map(|registry| {
            let Registry { host, is_secure } = registry;
            format!("[[registry]]\nlocation = {host:?}\ninsecure = {}\n", !is_secure)
        });
        let registries = registries.collect::<Vec<_>>().concat();
        fs::write(engine.place("registries.conf"), format!("unqualified-search-registries = []\n{registries}"))?;
        Ok(engine)
    }

    fn place(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// As a text of TOML.
    fn quoted(&self, name: &str) -> String {
        format!("{:?}", self.place(name).to_string_lossy())
    }

    /// Where its images are.
    pub(super) fn store(&self) -> PathBuf {
        self.place("store")
    }

    /// For files that are handed to it.
    pub(super) fn scratch(&self) -> PathBuf {
        self.place("tmp")
    }

    pub(super) fn policy(&self) -> String {
        self.place("policy.json").to_string_lossy().into_owned()
    }

    /// What it writes to its output. It ends when this is dropped, and with this worker.
    pub(super) async fn call(&self, arguments: &[&str], limit: Duration) -> Result<String, EngineError> {
        // It mounts its store over itself, and leaves that to the next start of the machine.
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "slave", "--", PROGRAM]);
        command.arg("--root").arg(self.store()).arg("--runroot").arg(&self.runtime);
        command.arg("--tmpdir").arg(self.place("run"));
        command.args(["--storage-driver", "overlay", "--log-level", "error"]).args(arguments);
        command.env_clear().envs(self.variables()).current_dir(&self.directory);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Confinement::default().apply(&mut command).map_err(EngineError::Start)?;
        let output = tokio::process::Command::from(command).kill_on_drop(true).output();
        match tokio::time::timeout(limit, output).await {
            Err(_) => Err(EngineError::TimedOut(limit)),
            Ok(Err(error)) => Err(EngineError::Start(error)),
            Ok(Ok(Output { status, stdout, .. })) if status.success() => {
                Ok(String::from_utf8_lossy(&stdout).into_owned())
            }
            Ok(Ok(Output { stderr, .. })) => Err(EngineError::Failed(last_words(&stderr))),
        }
    }

    /// The same for what stores an image. What it unpacks is limited by the room that it takes on the disk, since only it knows more.
    pub(super) async fn call_to_store(
        &self,
        arguments: &[&str],
        limit: Duration,
        max_bytes: u64,
    ) -> Result<String, EngineError> {
        let free = self.free().map_err(EngineError::Start)?;
        // The image once as it comes, and once unpacked.
        let least = free.saturating_sub(max_bytes.saturating_mul(2));
        tokio::select! {
            called = self.call(arguments, limit) => called,
            () = self.until_less_is_free(least) => Err(EngineError::TooLarge(max_bytes)),
        }
    }

    async fn until_less_is_free(&self, least: u64) {
        while self.free().is_ok_and(|free| free >= least) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Bytes on the disk of the store.
    fn free(&self) -> io::Result<u64> {
        let system = rustix::fs::statvfs(&self.directory)?;
        Ok(system.f_bavail * system.f_frsize)
    }

    fn variables(&self) -> BTreeMap<&'static str, PathBuf> {
        BTreeMap::from([
            ("PATH", PathBuf::from(PATH)),
            ("HOME", self.place("home")),
            ("TMPDIR", self.scratch()),
            ("XDG_RUNTIME_DIR", self.place("run")),
            ("CONTAINERS_CONF", self.place("containers.conf")),
            ("CONTAINERS_STORAGE_CONF", self.place("storage.conf")),
            ("CONTAINERS_REGISTRIES_CONF", self.place("registries.conf")),
        ])
    }
}

fn last_words(bytes: &[u8]) -> String {
    let words = String::from_utf8_lossy(bytes);
    let words = words.trim();
    let start = words.char_indices().rev().nth(MAX_WORDS).map_or(0, |(start, _)| start);
    words[start..].to_owned()
}
