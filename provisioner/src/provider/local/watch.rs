//! Waits for processes of machines to end, whoever started them: by a descriptor of the process (`pidfd`), and where there is none by
//! a look at the machine's lock each second.
//!
//! Each process of a provisioner watches all machines, so those of one that was killed are watched by the others, and what ended while
//! none ran is found by the first look of the next.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    os::fd::OwnedFd,
    path::Path,
    time::Duration,
};

use rustix::process::{PidfdFlags, pidfd_open};
use tokio::{
    io::{Interest, unix::AsyncFd},
    task::JoinSet,
    time::{Instant, timeout_at},
};

use super::{machine::MachineDir, record::LaunchRecord};
use crate::provider::{LaunchId, MachineId, MachineState};

/// Between two looks for machines that others have started.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How long one wait takes; less than a call to a provider may.
const WAIT: Duration = Duration::from_secs(20);
/// Machines in one answer.
const MAX_ENDED: usize = 500;

#[derive(Default)]
pub(super) struct Watch {
    launches: BTreeMap<String, WatchedLaunch>,
    /// Each ends with its process.
    processes: JoinSet<()>,
}

#[derive(Default)]
struct WatchedLaunch {
    /// Those that have not ended, as far as is known.
    living: BTreeMap<MachineId, LivingMachine>,
    /// Those whose end nobody has handled yet.
    ended: BTreeSet<MachineId>,
}

struct LivingMachine {
    place: MachineDir,
    /// Something waits for the end of its process.
    is_watched: bool,
}

impl Watch {
    /// Machines that have ended, again and again until [`Self::handled`]; none where none does for some time.
    pub(super) async fn ended(&mut self, directory: &Path) -> io::Result<Vec<MachineId>> {
        let deadline = Instant::now() + WAIT;
        loop {
            // A few small files, and only of launches that are not known yet.
            self.look(directory)?;
            let ended = self.launches.values().flat_map(|launch| &launch.ended);
            let ended: Vec<MachineId> = ended.take(MAX_ENDED).cloned().collect();
            if !ended.is_empty() || Instant::now() >= deadline {
                return Ok(ended);
            }
            let next = deadline.min(Instant::now() + LOOK_INTERVAL);
            if timeout_at(next, self.processes.join_next()).await.is_ok_and(|ended| ended.is_none()) {
                tokio::time::sleep_until(next).await;
            }
        }
    }

    pub(super) fn handled(&mut self, machines: &[String]) {
        for launch in self.launches.values_mut() {
            launch.ended.retain(|machine| !machines.contains(machine));
        }
    }

    fn look(&mut self, directory: &Path) -> io::Result<()> {
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(directory)? {
            let name = entry?.file_name();
            names.extend(name.to_str().filter(|name| LaunchId::parse_str(name).is_ok()).map(ToOwned::to_owned));
        }
        self.launches.retain(|name, _| names.contains(name));
        for name in names {
            if !self.launches.contains_key(&name) {
                // One that cannot be read is in the log of the list of machines.
                let Ok(Some(record)) = LaunchRecord::read(directory, &name) else { continue };
                self.launches.insert(name.clone(), WatchedLaunch::of(&record, directory));
            }
            if let Some(launch) = self.launches.get_mut(&name) {
                launch.look(&mut self.processes);
            }
        }
        Ok(())
    }
}

impl WatchedLaunch {
    fn of(record: &LaunchRecord, directory: &Path) -> Self {
        let ids = record.found().into_iter().map(|machine| machine.id);
        let machines = ids.zip(record.machines(directory));
        let living = machines.map(|(id, place)| (id, LivingMachine { place, is_watched: false })).collect();
        Self { living, ended: BTreeSet::new() }
    }

    fn look(&mut self, processes: &mut JoinSet<()>) {
        for machine in self.living.values_mut().filter(|machine| !machine.is_watched && machine.place.was_started()) {
            // A process that ends in between, and whose id another one gets, is seen by its lock.
            let process = machine.place.process_id().and_then(|pid| Ok(pidfd_open(pid, PidfdFlags::empty())?));
            if let Ok(process) = process.and_then(watched) {
                machine.is_watched = true;
                processes.spawn(end_of(process));
            }
        }
        let has_ended =
            |machine: &LivingMachine| machine.place.was_started() && machine.place.state() == MachineState::Ended;
        let ended: Vec<MachineId> =
            self.living.iter().filter(|(_, machine)| has_ended(machine)).map(|(id, _)| id.clone()).collect();
        for id in ended {
            self.living.remove(&id);
            self.ended.insert(id);
        }
    }
}

#[expect(
    deprecated,
    reason = "it is unsound for types that change their descriptor; an `OwnedFd` never does, and no unsafe code is allowed here"
)]
fn watched(process: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(process, Interest::READABLE)
}

async fn end_of(process: AsyncFd<OwnedFd>) {
    if let Err(error) = process.readable().await {
        tracing::debug!(%error, "the end of a machine's process cannot be waited for");
    }
}
