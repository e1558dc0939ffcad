//! Processes in place of pods.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use base::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::{servers::SigningKey, signal};

/// What a pod runs, given its manifest and the file with its token.
pub type BootPod = Box<dyn Fn(&Value, &Path) -> Command + Send + Sync>;

pub(super) struct Processes {
    /// Signs tokens of service accounts.
    pub(super) key: SigningKey,
    folder: PathBuf,
    boot: BootPod,
    running: BTreeMap<String, Child>,
}

impl Processes {
    pub(super) fn new(folder: &Path, key: SigningKey, boot: BootPod) -> Self {
        Self { key, folder: folder.to_owned(), boot, running: BTreeMap::new() }
    }

    /// With the token that the manifest asks for.
    pub(super) fn start(&mut self, pod: &Value) {
        let (metadata, spec) = (&pod["metadata"], &pod["spec"]);
        let name = metadata["name"].as_str().unwrap().to_owned();
        let audience = &spec.pointer("/volumes/0/projected/sources/0/serviceAccountToken").unwrap()["audience"];
        let now = SystemClock.now().timestamp();
        let account = spec["serviceAccountName"].as_str().unwrap();
        let token = self.key.token(&json!({
            "iss": "https://kubernetes.default.svc.cluster.local", "aud": [audience], "iat": now, "exp": now + 600,
            "sub": format!("system:serviceaccount:ci:{account}"),
            "kubernetes.io": { "namespace": "ci", "pod": { "name": name, "uid": metadata["uid"] } },
        }));
        let file = self.folder.join(format!("{name}.token"));
        fs::write(&file, token).unwrap();
        let process = (self.boot)(pod, &file).stdin(Stdio::null()).spawn().unwrap();
        self.running.insert(name, process);
    }

    /// As a kubelet ends a pod.
    pub(super) fn terminate(&self, name: &str) {
        if let Some(process) = self.running.get(name) {
            signal("TERM", &[process.id()]);
        }
    }

    /// Those that have ended since, with their phases.
    pub(super) fn ended(&mut self) -> Vec<(String, &'static str)> {
        let mut ended = Vec::new();
        for (name, process) in &mut self.running {
            if let Some(status) = process.try_wait().unwrap() {
                ended.push((name.clone(), if status.success() { "Succeeded" } else { "Failed" }));
            }
        }
        for (name, _) in &ended {
            self.running.remove(name);
        }
        ended
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for process in self.running.values_mut() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl fmt::Debug for Processes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Processes").field("running", &self.running).finish_non_exhaustive()
    }
}
