//! The images of a worker: fetched or unpacked once, shared by all tasks, and removed when others need the room.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use base::Clock;
use serde::Deserialize;
use tokio::sync::{Mutex, RwLock};

use super::{
    ContainerSettings, ImageError, LoadedImage,
    archive::Archives,
    engine::{Engine, EngineError, SHORT},
    image::Inspected,
    in_use::InUse,
    name::{ImageName, Registry},
};

/// For fetching or unpacking one image; the time that a task may take is another limit.
const LONG: Duration = Duration::from_hours(1);
/// What was fetched before a connection broke is not fetched again, as far as whole layers go.
const MAX_TRIES: usize = 4;
const PAUSE: Duration = Duration::from_secs(1);
/// What the engine says of names that lead to no image, whoever asks and whenever.
const NO_SUCH_IMAGE: [&str; 7] = [
    "manifest unknown",
    "name unknown",
    "repository name not known",
    "unauthorized",
    "denied",
    "invalid reference format",
    "no image found in manifest list",
];

pub(crate) struct Images {
    engine: Engine,
    settings: ContainerSettings,
    registries: Vec<Registry>,
    archives: Archives,
    in_use: InUse,
    /// Held while an image comes into being, and alone while some are removed: none goes between being found and being used.
    changes: RwLock<()>,
    /// Held while an archive is unpacked: another task that needs the same one finds it afterwards.
    unpacking: Mutex<()>,
    clock: Arc<dyn Clock>,
}

impl Images {
    /// Tries the engine. The error says what is missing.
    pub(crate) async fn open(
        settings: ContainerSettings,
        directory: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let registries: Vec<Registry> = settings.registries.iter().map(|text| Registry::read(text)).collect();
        let failed = |error: std::io::Error| format!("{}: {error}", directory.display());
        let engine = Engine::open(directory, &registries).map_err(failed)?;
        let archives = Archives::open(&directory.join("archives")).map_err(failed)?;
        let in_use = InUse::open(&directory.join("used")).map_err(failed)?;
        let (changes, unpacking) = (RwLock::default(), Mutex::default());
        let images = Self { engine, settings, registries, archives, in_use, changes, unpacking, clock };
        let version = images.engine.call(&["version", "--format", "{{.Client.Version}}"], SHORT).await;
        let version = version.map_err(|error| error.to_string())?;
        let driver = images.engine.call(&["info", "--format", "{{.Store.GraphDriverName}}"], SHORT).await;
        let driver = driver.map_err(|error| error.to_string())?;
        tracing::info!(engine.version = version.trim(), engine.storage = driver.trim(), "images of containers");
        Ok(images)
    }

    /// Where archives of images are put for `archived`.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.engine.scratch()
    }

    pub(crate) fn max_bytes(&self) -> u64 {
        self.settings.max_bytes
    }

    /// The image that a registry has under this name now.
    pub(crate) async fn named(&self, name: &str) -> Result<LoadedImage, ImageError> {
        let ImageName(name) = ImageName::read(name, &self.registries)?;
        let image = {
            let _guard = self.changes.read().await;
            let id = self.fetch(&name).await?;
            self.found(&id, None).await?
        };
        self.make_room().await;
        Ok(image)
    }

    async fn fetch(&self, name: &str) -> Result<String, ImageError> {
        let policy = self.engine.policy();
        let mut tries = 1;
        loop {
            // The registry is asked each time, also for what is here already.
            let call = ["pull", "--quiet", "--signature-policy", &policy, name];
            let words = match self.engine.call_to_store(&call, LONG, self.settings.max_bytes).await {
                Ok(output) => return id_in(output.lines().last().unwrap_or_default()),
                Err(EngineError::Failed(words)) => words,
                Err(large @ EngineError::TooLarge(_)) => return Err(too_large(&large)),
                Err(other) => return Err(ImageError::Transient(other.to_string())),
            };
            let lower = words.to_lowercase();
            if NO_SUCH_IMAGE.iter().any(|said| lower.contains(said)) {
                return Err(ImageError::Payload(format!("payload.image: there is no image `{name}`: {words}")));
            }
            if tries == MAX_TRIES {
                return Err(ImageError::Transient(format!("the image `{name}` cannot be fetched: {words}")));
            }
            tracing::debug!(image = name, words, "an image could not be fetched; trying again");
            tokio::time::sleep(PAUSE * 2_u32.pow(u32::try_from(tries).unwrap_or(0))).await;
            tries += 1;
        }
    }

    /// The image of an archive that was unpacked before.
    pub(crate) async fn unpacked(&self, sha256: &str) -> Option<LoadedImage> {
        let _guard = self.changes.read().await;
        let id = self.archives.image(sha256)?;
        self.found(&id, Some(sha256)).await.ok()
    }

    /// The image of an archive with this hash; `tar` holds it, uncompressed.
    pub(crate) async fn archived(&self, sha256: &str, tar: &Path) -> Result<LoadedImage, ImageError> {
        let image = {
            let _one = self.unpacking.lock().await;
            match self.unpacked(sha256).await {
                Some(image) => image,
                None => self.unpack(sha256, tar).await?,
            }
        };
        self.make_room().await;
        Ok(image)
    }

    async fn unpack(&self, sha256: &str, tar: &Path) -> Result<LoadedImage, ImageError> {
        let _guard = self.changes.read().await;
        let (policy, tar) = (self.engine.policy(), tar.to_string_lossy());
        let call = ["load", "--quiet", "--signature-policy", &policy, "--input", &tar];
        let output = self.engine.call_to_store(&call, LONG, self.settings.max_bytes).await;
        let output = output.map_err(|error| match error {
            large @ EngineError::TooLarge(_) => too_large(&large),
            EngineError::Failed(words) if !words.contains("no space left") => {
                ImageError::Payload(format!("payload.image: the archive holds no image that can be used: {words}"))
            }
            other => ImageError::Transient(other.to_string()),
        })?;
        // An archive may hold several names. None of them is used later: another archive could have the same one.
        let name = output.lines().find_map(|line| line.strip_prefix("Loaded image: ")).map(str::trim);
        let name = name.ok_or_else(|| ImageError::Payload("payload.image: the archive holds no image".to_owned()))?;
        let image = self.found(name, Some(sha256)).await?;
        self.archives.note(sha256, &image.id)?;
        Ok(image)
    }

    /// One that is in the store. It is not removed while the result lives.
    async fn found(&self, name: &str, archive: Option<&str>) -> Result<LoadedImage, ImageError> {
        let output = self.engine.call(&["image", "inspect", "--", name], SHORT).await;
        let output = output.map_err(|error| ImageError::Transient(error.to_string()))?;
        let images: Vec<Inspected> = serde_json::from_str(&output).map_err(|error| {
            ImageError::Transient(format!("what the engine says of an image is not understood: {error}"))
        })?;
        let Some(image) = images.into_iter().next() else {
            return Err(ImageError::Transient("the engine says nothing of an image".to_owned()));
        };
        image.suits()?;
        let held = self.in_use.begin(&id_in(&image.id)?, self.clock.now().into())?;
        Ok(LoadedImage {
            layers: image.layers(&self.engine.store())?,
            id: image.id,
            digest: image.digest,
            archive: archive.map(str::to_owned),
            config: image.config,
            _use: held,
        })
    }

    /// Removes images that were not used for long, and then those that were used least recently until the rest has room.
    /// While others make one, that is left to them.
    async fn make_room(&self) {
        let Ok(_guard) = self.changes.try_write() else { return };
        if let Err(error) = self.remove_unused().await {
            tracing::warn!(%error, "images of containers are not removed");
        }
    }

    async fn remove_unused(&self) -> Result<(), EngineError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Listed {
            id: String,
            size: u64,
        }
        let output = self.engine.call(&["images", "--all", "--no-trunc", "--format", "json"], SHORT).await?;
        let listed: Vec<Listed> =
            serde_json::from_str(&output).map_err(|error| EngineError::Failed(error.to_string()))?;
        let mut images: Vec<(std::time::SystemTime, String, u64)> = listed
            .into_iter()
            .map(|Listed { id, size }| {
                let id = id.trim_start_matches("sha256:").to_owned();
                (self.in_use.last_used(&id), id, size)
            })
            .collect();
        images.sort();
        images.dedup_by(|one, other| one.1 == other.1);
        let mut total: u64 = images.iter().map(|(_, _, size)| size).sum();
        let oldest = std::time::SystemTime::from(self.clock.now()) - self.settings.max_age;
        for (last_used, id, size) in images {
            let is_wanted = total <= self.settings.max_bytes && last_used >= oldest;
            if is_wanted || self.in_use.is_used(&id) {
                continue;
            }
            self.engine.call(&["image", "rm", "--force", "--", &id], SHORT).await?;
            self.in_use.forget(&id);
            total -= size;
            tracing::info!(image.id = id, image.bytes = size, "an image was removed");
        }
        self.archives.forget(|id| fs::metadata(self.in_use.path(id)).is_err_and(|it| it.kind() == ErrorKind::NotFound));
        Ok(())
    }
}

fn too_large(error: &EngineError) -> ImageError {
    ImageError::Payload(format!("payload.image: {error}"))
}

/// The engine's words are only taken for what they should be.
fn id_in(text: &str) -> Result<String, ImageError> {
    let id = text.trim().trim_start_matches("sha256:");
    let is_hash = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { Ok(id.to_owned()) } else { Err(ImageError::Transient(format!("the engine names no image: {text}"))) }
}
