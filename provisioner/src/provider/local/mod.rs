//! Machines that are processes of this machine: each a `drover worker`.
//!
//! A launch is a directory named after its id, with a directory for each of its machines (`machine`). All that the driver knows is there, so a
//! provisioner that is restarted finds what it started, and a repeat of a launch starts nothing twice. Provisioners that share such a
//! provider must share the directory, so they run on one machine.

mod machine;
mod process;
mod record;
mod watch;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use base::{Clock, Rng};
use serde_json::Value;
use tokio::{
    sync::Mutex,
    task::spawn_blocking,
    time::{Instant, sleep},
};

use self::{machine::MachineDir, record::LaunchRecord, watch::Watch};
use super::{
    Launch, LaunchId, Launched, Machine, MachineId, Notice, NoticeKind, OfferingKey, Page, PageToken, Provider,
    ProviderError, ProviderResult, Seen, Terminated,
};
use crate::decision::{FailureClass, Market};

pub use process::WorkerProgram;
pub use record::REGION;

/// Between two looks at machines that are ending.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The driver. Cheap to clone.
#[derive(Clone)]
pub struct LocalProvider {
    /// Holds the directories of launches.
    directory: Arc<Path>,
    program: Arc<WorkerProgram>,
    clock: Arc<dyn Clock>,
    rng: Rng,
    /// Nothing is launched any more.
    is_stopping: Arc<AtomicBool>,
    watch: Arc<Mutex<Watch>>,
}

impl LocalProvider {
    /// The directory is made where it is missing. Tasks pass through it to their own directories, and cannot list it.
    pub fn open(directory: PathBuf, program: WorkerProgram, clock: Arc<dyn Clock>, rng: Rng) -> io::Result<Self> {
        machine::make_directory(&directory, 0o711)?;
        let is_stopping = Arc::new(AtomicBool::new(false));
        let (program, watch) = (Arc::new(program), Arc::default());
        Ok(Self { directory: directory.into(), program, clock, rng, is_stopping, watch })
    }

    /// The machines there are have been asked to end, by whomever: those that do not are killed.
    pub fn expect_end(&self) -> io::Result<()> {
        for machine in self.machines()? {
            machine.expect_end(self.clock.now())?;
        }
        Ok(())
    }

    /// Launches nothing any more, and ends all machines; those that have not ended after `limit` are killed.
    pub async fn stop(&self, limit: Duration) -> io::Result<()> {
        self.is_stopping.store(true, Ordering::Release);
        let deadline = Instant::now() + limit;
        // A machine that was being started meanwhile is found by the next look.
        while self.end_some(Instant::now() >= deadline)? > 0 {
            sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// How many machines have not ended yet.
    fn end_some(&self, kill: bool) -> io::Result<usize> {
        let now = self.clock.now();
        Ok(self.machines()?.into_iter().filter(|machine| machine.end_or_kill(now, kill)).count())
    }

    fn machines(&self) -> io::Result<Vec<MachineDir>> {
        let launches = record::launches(&self.directory)?;
        Ok(launches.iter().flat_map(|launch| launch.machines(&self.directory)).collect())
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> ProviderResult<T> {
        let own = self.clone();
        let done = spawn_blocking(move || work(&own)).await;
        let done = done.unwrap_or_else(|error| Err(io::Error::other(error)));
        done.map_err(|error| ProviderError::unanswered(error.to_string()))
    }
}

#[async_trait]
impl Provider for LocalProvider {
    async fn launch(&self, launch: &Launch) -> ProviderResult<Launched> {
        let launch = launch.clone();
        let record = self
            .blocking(move |own| {
                let record = LaunchRecord::create(&own.directory, &launch, own.clock.now(), &own.rng)?;
                Ok(record)
            })
            .await?;
        for machine in record.machines(&self.directory) {
            if self.is_stopping.load(Ordering::Acquire) {
                return Err(ProviderError::unanswered("this process stops".to_owned()));
            }
            // Not blocking: tokio is to reap the process when it ends.
            machine.start_once(&self.program).map_err(|error| {
                let message = format!("the worker's process cannot be started: {error}");
                ProviderError::refused(FailureClass::Config, "CannotStart", message)
            })?;
        }
        Ok(Launched { machines: record.found() })
    }

    async fn find_launch(&self, _region: &str, launch: LaunchId) -> ProviderResult<Vec<Machine>> {
        // What was prepared and not started is not a launch yet: a repeat starts it.
        let found = self.blocking(move |own| LaunchRecord::read(&own.directory, &launch.to_string())).await?;
        let Some(record) = found else { return Ok(Vec::new()) };
        let is_complete = record.machines(&self.directory).iter().all(MachineDir::was_started);
        Ok(if is_complete { record.found() } else { Vec::new() })
    }

    async fn list(&self, _region: &str, _page: Option<&PageToken>) -> ProviderResult<Page<Seen>> {
        self.blocking(|own| {
            let mut items = Vec::new();
            for launch in record::launches(&own.directory)? {
                launch.kill_overdue(&own.directory, own.clock.now());
                items.extend(launch.seen(&own.directory));
                launch.remove_when_old(&own.directory, own.clock.now())?;
            }
            Ok(Page { items, next: None })
        })
        .await
    }

    async fn terminate(&self, _region: &str, machines: &[MachineId]) -> ProviderResult<Vec<Terminated>> {
        let machines = machines.to_vec();
        self.blocking(move |own| {
            let end = |id: &MachineId| {
                let Some(machine) = record::machine(&own.directory, id) else { return Ok(()) };
                machine.terminate(own.clock.now()).map_err(|error| ProviderError::unanswered(error.to_string()))
            };
            Ok(machines.iter().map(end).collect())
        })
        .await
    }

    fn lists_are_complete(&self) -> bool {
        true
    }

    async fn notices(&self) -> ProviderResult<Option<Vec<Notice>>> {
        let ended = self.watch.lock().await.ended(&self.directory).await;
        let ended = ended.map_err(|error| ProviderError::unanswered(error.to_string()))?;
        let at = self.clock.now();
        let notice = |machine: MachineId| Notice {
            region: REGION.to_owned(),
            receipt: machine.clone(),
            machine,
            kind: NoticeKind::StateChanged,
            at,
        };
        Ok(Some(ended.into_iter().map(notice).collect()))
    }

    async fn notices_handled(&self, receipts: &[String]) -> ProviderResult<()> {
        self.watch.lock().await.handled(receipts);
        Ok(())
    }

    fn offering(&self, _configuration: &Value) -> OfferingKey {
        OfferingKey { region: REGION.to_owned(), instance_type: "process".to_owned(), market: Market::OnDemand }
    }
}
