//! The worker itself: asks for work as long as it has room, and stops when told.

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
    client::{Claim, Client, ClientError},
    isolation::{Isolation, IsolationError, end_marked},
    job::{self, Workshop},
    log::LiveLogs,
    mount::Caches,
    reach,
    settings::WorkerSettings,
};

/// A running worker. Stop it with `stop`; dropped, it ends at once and its tasks are left to their claims.
pub struct Worker {
    stop: Shutdown,
    refused: watch::Receiver<Option<String>>,
    /// Owns the one task that claims, and in it all that run.
    working: JoinSet<()>,
    /// Holds the directory for us.
    _lock: File,
}

/// Why a worker did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the worker's directory {0} cannot be used")]
    Directory(String, #[source] io::Error),
    #[error("no port for live logs could be opened on {0}")]
    LiveLog(String, #[source] io::Error),
    #[error(transparent)]
    Isolation(#[from] IsolationError),
    #[error(transparent)]
    Client(#[from] ClientError),
}

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// Of all refusals the one that nobody can take back: a missing scope may be granted later.
const BAD_REQUEST: u16 = 400;

impl Worker {
    /// Opens what a worker needs and begins to ask for work.
    pub async fn start(mut settings: WorkerSettings, clock: Arc<dyn Clock>, rng: &Rng) -> Result<Self, StartError> {
        let given = settings.work_dir.display().to_string();
        let directory = |error| StartError::Directory(given.clone(), error);
        let lock = occupy(&settings.work_dir).map_err(directory)?;
        // Processes of tasks run elsewhere: a relative path would mean another place to them.
        settings.work_dir = settings.work_dir.canonicalize().map_err(directory)?;
        let tasks = job::make_parent(&settings.work_dir).map_err(directory)?;
        let isolation = Isolation::open(&settings.isolation, &tasks, rng.branch("uid")).await?;
        if isolation.has_users() {
            reach::prepare(&mut settings.task_env, &settings.work_dir).map_err(directory)?;
        }
        clear(&settings, &isolation, &tasks).await;
        let caches = Caches::open(settings.work_dir.join("caches"), clock.clone()).map_err(directory)?;
        let host = settings.live_log_host.clone();
        let live_logs = LiveLogs::start(&host, rng.branch("live-log")).await;
        let live_logs = live_logs.map_err(|error| StartError::LiveLog(host, error))?;
        let credentials = Some(settings.credentials.clone());
        let client = Client::new(&settings.root_url, credentials, clock, rng.branch("client"))?;
        let stop = Shutdown::new();
        let workshop = Arc::new(Workshop {
            settings,
            client,
            caches,
            live_logs,
            isolation,
            rng: rng.branch("proxy"),
            stop: stop.clone(),
        });
        let pauses = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, rng.branch("pause"));
        let mut working = JoinSet::new();
        let (refusal, refused) = watch::channel(None);
        working.spawn(work(workshop, pauses, refusal));
        Ok(Self { stop, refused, working, _lock: lock })
    }

    /// Returns, with the reason, once the server calls the request for work itself wrong: asking again would never help.
    pub async fn until_refused(&self) -> String {
        let mut refused = self.refused.clone();
        match refused.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            // It was told to stop.
            Err(_) => std::future::pending().await,
        }
    }

    /// Takes no more work, ends what runs and reports it, so that the queue gives it to others. Takes a few seconds
    /// at the most.
    pub async fn stop(mut self) {
        self.stop.trigger();
        while let Some(ended) = self.working.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "the worker's loop ended badly");
            }
        }
    }
}

/// Makes sure that nobody else works in this directory, for as long as the file is open.
fn occupy(work_dir: &Path) -> io::Result<File> {
    // Tasks pass through it to their own directories, and see nothing else in it.
    let is_new = !work_dir.exists();
    DirBuilder::new().mode(0o711).recursive(true).create(work_dir)?;
    if is_new {
        fs::set_permissions(work_dir, fs::Permissions::from_mode(0o711))?;
    }
    let metadata = fs::metadata(work_dir)?;
    if metadata.uid() != geteuid().as_raw() || metadata.mode() & 0o022 != 0 {
        let words = "it must belong to the worker's user, and nobody else may write to it (chmod go-w)";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, words));
    }
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(work_dir.join("lock"))?;
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => io::Error::new(io::ErrorKind::ResourceBusy, "another worker uses it"),
        TryLockError::Error(error) => error,
    })?;
    Ok(file)
}

/// Ends and removes what an earlier life, that was killed, left of its tasks.
async fn clear(settings: &WorkerSettings, isolation: &Isolation, tasks: &Path) {
    isolation.end_left_behind(tasks).await;
    let left = end_marked(job::WORKER_MARK, &settings.work_dir.to_string_lossy()).await;
    if left > 0 {
        tracing::info!(count = left, "ended processes that an earlier worker left behind");
    }
    if !settings.keep_task_dirs {
        // What cannot be removed now is met again, and told, by the task that wants the same place.
        for entry in fs::read_dir(tasks).into_iter().flatten().flatten() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The running tasks live in this future: they end with it. A request for work is never given up while it waits,
/// save at the very end: the answer might be on its way, and what it brings is ours.
async fn work(shop: Arc<Workshop>, mut pauses: Backoff, refusal: watch::Sender<Option<String>>) {
    let mut jobs = JoinSet::new();
    let places = Arc::new(Semaphore::new(shop.settings.places()));
    tokio::select! {
        () = shop.stop.wait() => {}
        why = take_work(&shop, &places, &mut pauses, &mut jobs) => {
            refusal.send_replace(Some(why));
        }
    }
    while jobs.join_next().await.is_some() {}
}

/// Fills free places until a request for work is refused for good; the answer is why. Nobody else takes places, so those that
/// are free stay free meanwhile.
async fn take_work(
    shop: &Arc<Workshop>,
    places: &Arc<Semaphore>,
    pauses: &mut Backoff,
    jobs: &mut JoinSet<()>,
) -> String {
    loop {
        // Nobody closes the semaphore.
        let Ok(first) = places.clone().acquire_owned().await else { continue };
        let rest = places.available_permits();
        let claims = match ask(shop, rest + 1, pauses).await {
            Ok(claims) => claims,
            Err(why) => return why,
        };
        let free = std::iter::once(first).chain((0..rest).map_while(|_| places.clone().try_acquire_owned().ok()));
        for (claim, place) in claims.into_iter().zip(free) {
            let shop = shop.clone();
            jobs.spawn(async move {
                job::run(shop, claim).await;
                drop(place);
            });
        }
        while jobs.try_join_next().is_some() {}
    }
}

/// No claims: there is no work, or the server cannot be asked just now. An error: it says that the request can never be
/// right.
async fn ask(shop: &Workshop, room: usize, pauses: &mut Backoff) -> Result<Vec<Claim>, String> {
    let settings = &shop.settings;
    match shop.client.claim_work(&settings.task_queue_id, &settings.name, room).await {
        Ok(claims) => {
            pauses.reset();
            Ok(claims.tasks)
        }
        Err(error) if error.status() == Some(BAD_REQUEST) => Err(error.in_full()),
        Err(error) => {
            tracing::warn!(error = error.in_full(), "no work could be claimed; trying again");
            pauses.pause().await;
            Ok(Vec::new())
        }
    }
}
