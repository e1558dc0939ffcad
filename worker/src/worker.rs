//! The worker itself: claims tasks while it has free slots, until it is stopped.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::Path,
    sync::Arc,
    time::Duration,
};

use base::{Backoff, Clock, Rng, Shutdown};
use rustix::process::geteuid;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
};

use crate::{
    activity::Activity,
    client::{Claim, Client, ClientError},
    container::Images,
    egress::Outbound,
    isolation::{Isolation, IsolationError, IsolationLevel, clean_variables, end_marked},
    job::{self, WorkerContext},
    log::LiveLogs,
    mount::Caches,
    settings::WorkerSettings,
    shell::Shells,
};

/// A running worker. Stop it with `stop`; when dropped it ends at once, and the claims of its tasks expire.
pub struct Worker {
    stop: Shutdown,
    /// Triggered when it is to claim no more.
    finish: Shutdown,
    refused: watch::Receiver<Option<String>>,
    activity: Activity,
    /// Owns the tokio task that claims, and in it all running jobs.
    working: JoinSet<()>,
    /// Locks the directory.
    _lock: File,
}

/// Why a worker did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the worker's directory {0} cannot be used")]
    Directory(String, #[source] io::Error),
    #[error("no port for live logs and shells could be opened on {0}")]
    LiveLog(String, #[source] io::Error),
    #[error("isolation level `container` needs podman (4 or later) and the kernel's overlay file system: {0}")]
    Engine(String),
    #[error(transparent)]
    Isolation(#[from] IsolationError),
    #[error(transparent)]
    Client(#[from] ClientError),
}

const INITIAL_BACKOFF: Duration = Duration::from_millis(200);
const MAX_BACKOFF: Duration = Duration::from_secs(20);
/// A response that the server has sent arrives within this time.
const IN_FLIGHT: Duration = Duration::from_millis(300);
/// The only refusal that is permanent: a missing scope may be granted later.
const BAD_REQUEST: u16 = 400;

impl Worker {
    /// Prepares the directory, isolation and clients, and starts to claim.
    pub async fn start(mut settings: WorkerSettings, clock: Arc<dyn Clock>, rng: &Rng) -> Result<Self, StartError> {
        let given = settings.work_dir.display().to_string();
        let directory = |error| StartError::Directory(given.clone(), error);
        let lock = lock_directory(&settings.work_dir).map_err(directory)?;
        // Tasks run in other directories, where a relative path would be another one.
        settings.work_dir = settings.work_dir.canonicalize().map_err(directory)?;
        let tasks = job::make_parent(&settings.work_dir).map_err(directory)?;
        settings.isolation.hidden_paths.push(settings.work_dir.clone());
        let isolation = Isolation::open(&settings.isolation, &settings.task_env, &tasks, rng.branch("uid")).await?;
        if isolation.level() != IsolationLevel::None {
            clean_variables(&mut settings.task_env);
        }
        clear(&settings, &isolation, &tasks).await;
        let caches = Caches::open(settings.work_dir.join("caches"), clock.clone()).map_err(directory)?;
        let container_caches = settings.work_dir.join("container-caches");
        let container_caches = Caches::open(container_caches, clock.clone()).map_err(directory)?;
        let images = open_images(&settings, isolation.level(), clock.clone()).await?;
        let host = settings.live_log_host.clone();
        let live_logs = LiveLogs::start(&host, rng.branch("live-log")).await;
        let failed = |error| StartError::LiveLog(host.clone(), error);
        let live_logs = live_logs.map_err(failed)?;
        let shells = Shells::start(&host, &settings.root_url, rng.branch("shell")).await.map_err(failed)?;
        let credentials = Some(settings.credentials.clone());
        let mut client = Client::new(&settings.root_url, credentials, clock, rng.branch("client"))?;
        if let Some(renewed) = &settings.renewed_credentials {
            client = client.renewing(renewed.clone());
        }
        if let Some(reach) = isolation.reach(settings.isolation.network) {
            client = client.restricted_to(Outbound::new(reach).map_err(ClientError::Setup)?);
        }
        let (stop, finish) = (Shutdown::new(), Shutdown::new());
        let workshop = Arc::new(WorkerContext {
            settings,
            client,
            caches,
            container_caches,
            images,
            live_logs,
            shells,
            isolation,
            rng: rng.branch("proxy"),
            stop: stop.clone(),
            finish: finish.clone(),
        });
        let pauses = Backoff::new(INITIAL_BACKOFF, MAX_BACKOFF, rng.branch("pause"));
        let mut working = JoinSet::new();
        let (refusal, refused) = watch::channel(None);
        let activity = Activity::new();
        working.spawn(work(workshop, pauses, refusal, activity.clone()));
        Ok(Self { stop, finish, refused, activity, working, _lock: lock })
    }

    /// Returns, with the reason, once claimWork is refused as a bad request: retrying would never help.
    pub async fn until_refused(&self) -> String {
        let mut refused = self.refused.clone();
        match refused.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            // It was asked to stop.
            Err(_) => std::future::pending().await,
        }
    }

    /// Returns once no task has run for so long; how long it is so far.
    pub async fn until_idle(&self, idle: Duration) -> Duration {
        self.activity.until_idle(idle).await
    }

    /// Claims no more tasks, and returns once the running ones have ended by themselves. A claim request that is under way is waited
    /// for, and what it brings is run: dropping it could lose a task that the server has just given to this worker. May be dropped, to
    /// stop at once after all.
    pub async fn finish(&mut self) {
        self.finish.trigger();
        self.until_ended().await;
    }

    /// Claims no more tasks, ends the running ones and reports them, so that the queue gives them to others. Takes a few
    /// seconds at most.
    pub async fn stop(mut self) {
        self.stop.trigger();
        self.until_ended().await;
    }

    async fn until_ended(&mut self) {
        while let Some(ended) = self.working.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "the claim loop panicked");
            }
        }
    }
}

/// Tries the engine, where tasks may run in containers.
async fn open_images(
    settings: &WorkerSettings,
    level: IsolationLevel,
    clock: Arc<dyn Clock>,
) -> Result<Option<Images>, StartError> {
    if level < IsolationLevel::Container {
        return Ok(None);
    }
    let directory = settings.work_dir.join("images");
    Images::open(settings.containers.clone(), &directory, clock).await.map(Some).map_err(StartError::Engine)
}

/// Locks the directory against other workers, for as long as the file is open.
fn lock_directory(work_dir: &Path) -> io::Result<File> {
    // 0711: tasks may pass through it to their own directories, but not list it.
    let is_new = !work_dir.exists();
    DirBuilder::new().mode(0o711).recursive(true).create(work_dir)?;
    if is_new {
        fs::set_permissions(work_dir, fs::Permissions::from_mode(0o711))?;
    }
    let metadata = fs::metadata(work_dir)?;
    if metadata.uid() != geteuid().as_raw() || metadata.mode() & 0o022 != 0 {
        let message = "it must belong to the worker's user, and nobody else may write to it (chmod go-w)";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(work_dir.join("lock"))?;
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => io::Error::new(io::ErrorKind::ResourceBusy, "another worker uses it"),
        TryLockError::Error(error) => error,
    })?;
    Ok(file)
}

/// Ends processes and removes directories of tasks of an earlier worker in this directory that was killed.
async fn clear(settings: &WorkerSettings, isolation: &Isolation, tasks: &Path) {
    isolation.end_leftovers(tasks).await;
    let left = end_marked(job::WORKER_MARK, &settings.work_dir.to_string_lossy()).await;
    if left > 0 {
        tracing::info!(count = left, "ended processes that an earlier worker left behind");
    }
    if !settings.keep_task_dirs {
        // Errors are ignored here: a task that needs the same directory reports them.
        for entry in fs::read_dir(tasks).into_iter().flatten().flatten() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Owns the running jobs: they end with this future. A claimWork request is not dropped while it waits: the response may be in
/// flight, and its tasks are claimed by this worker. At the very end it is, after a moment; tasks that come in it are given back.
async fn work(
    context: Arc<WorkerContext>,
    mut pauses: Backoff,
    refusal: watch::Sender<Option<String>>,
    activity: Activity,
) {
    let mut jobs = JoinSet::new();
    let slots = Arc::new(Semaphore::new(context.settings.slots()));
    {
        let claiming = claim_loop(&context, &slots, &mut pauses, &mut jobs, &activity);
        tokio::pin!(claiming);
        tokio::select! {
            () = context.stop.wait() => {
                context.finish.trigger();
                let _ = tokio::time::timeout(IN_FLIGHT, &mut claiming).await;
            }
            refused = &mut claiming => {
                if let Some(why) = refused {
                    refusal.send_replace(Some(why));
                }
            }
        }
    }
    while jobs.join_next().await.is_some() {}
}

/// Fills free slots until the worker is to finish, or claimWork is refused permanently: then it returns the reason. Only this loop
/// acquires slots, so free ones stay free during the request.
async fn claim_loop(
    context: &Arc<WorkerContext>,
    slots: &Arc<Semaphore>,
    pauses: &mut Backoff,
    jobs: &mut JoinSet<()>,
    activity: &Activity,
) -> Option<String> {
    loop {
        let first = tokio::select! {
            biased;
            () = context.finish.wait() => return None,
            first = slots.clone().acquire_owned() => first.ok()?,
        };
        let rest = slots.available_permits();
        let claims = match ask(context, rest + 1, pauses).await {
            Ok(claims) => claims,
            Err(why) => return Some(why),
        };
        let free = std::iter::once(first).chain((0..rest).map_while(|_| slots.clone().try_acquire_owned().ok()));
        for (claim, place) in claims.into_iter().zip(free) {
            let (context, running) = (context.clone(), activity.begin());
            jobs.spawn(async move {
                job::run(context, claim).await;
                drop((place, running));
            });
        }
        while jobs.try_join_next().is_some() {}
    }
}

/// Empty: there is no work, or the server cannot be reached now. An error is permanent.
async fn ask(context: &WorkerContext, slots: usize, pauses: &mut Backoff) -> Result<Vec<Claim>, String> {
    let settings = &context.settings;
    match context.client.claim_work(&settings.task_queue_id, &settings.name, slots).await {
        Ok(claims) => {
            pauses.reset();
            Ok(claims.tasks)
        }
        Err(error) if error.status() == Some(BAD_REQUEST) => Err(error.in_full()),
        Err(error) => {
            tracing::warn!(error = error.in_full(), "cannot claim tasks; retrying");
            tokio::select! {
                () = pauses.pause() => {}
                () = context.finish.wait() => {}
            }
            Ok(Vec::new())
        }
    }
}
