//! The machines of a local provider, as the operating system has them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tests::parent_of;

pub(crate) struct Machines(PathBuf);

impl Machines {
    /// Those whose directories are below this one.
    pub(crate) fn below(directory: &Path) -> Self {
        Self(directory.to_owned())
    }

    pub(crate) fn running(&self) -> usize {
        self.processes().len()
    }

    /// Processes that were started for a machine, and not what those have started, which looks like them until it has its own program.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let ids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let machines: Vec<u32> = ids.filter(|id| self.is_machine(*id)).collect();
        let is_first = |id: &u32| parent_of(*id).is_none_or(|parent| !machines.contains(&parent));
        machines.iter().copied().filter(is_first).collect()
    }

    fn is_machine(&self, id: u32) -> bool {
        let words = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = words.split(|byte| *byte == 0).collect();
        let directory = words.iter().position(|word| *word == b"--machine-dir").and_then(|at| words.get(at + 1));
        directory.is_some_and(|directory| directory.starts_with(self.0.to_str().unwrap().as_bytes()))
    }

    /// How many were ever started.
    pub(crate) fn started(&self) -> u64 {
        let directories = |path: &Path| -> Vec<PathBuf> {
            let entries = fs::read_dir(path).into_iter().flatten();
            entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
        };
        let launches = directories(&self.0);
        let machines = launches.iter().flat_map(|launch| directories(launch));
        machines.filter(|machine| machine.join("started").exists()).count().try_into().unwrap()
    }
}
