//! The container of a run: its image, and the sandbox that has it as file system.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use protocol::state::ReasonResolved;
use sandbox::{Access, Image, View};

use super::{Job, Outcome};
use crate::{
    artifact::Hashed,
    container::{ImageError, Images, LoadedImage, RunContainer},
    files::Directory,
    isolation::is_refusal,
    mount::{MountError, decompress},
    payload::{Container, Content, ImageSource, Payload},
};

/// Why a run has no container.
enum ContainerError {
    Image(ImageError),
    Mount(MountError),
    /// The image and this worker's kernel do not fit.
    SetUp(io::Error),
}

impl From<ImageError> for ContainerError {
    fn from(error: ImageError) -> Self {
        Self::Image(error)
    }
}

impl From<MountError> for ContainerError {
    fn from(error: MountError) -> Self {
        Self::Mount(error)
    }
}

impl From<io::Error> for ContainerError {
    fn from(error: io::Error) -> Self {
        Self::Image(error.into())
    }
}

impl ContainerError {
    fn blames_payload(&self) -> bool {
        match self {
            Self::Image(error) => error.blames_payload(),
            Self::Mount(error) => error.blames_payload(),
            Self::SetUp(error) => is_refusal(error),
        }
    }

    fn in_full(&self) -> String {
        match self {
            Self::Image(error) => error.in_full(),
            Self::Mount(error) => error.in_full(),
            Self::SetUp(error) => error.to_string(),
        }
    }
}

impl Job {
    /// Makes the container, where the payload asks for one, whose caches are in the task directory already; and the way out.
    pub(super) async fn enter_container(&self, payload: &Payload) -> Result<(), Outcome> {
        let entered = match &payload.container {
            Some(container) => self.make_container(payload, container).await,
            None => Ok(()),
        };
        let open = entered.and_then(|()| Ok(self.open_way_out()?));
        open.map_err(|error| {
            self.log.write_error(format!("the commands cannot be run: {}", error.in_full()));
            let malformed = error.blames_payload();
            let reason = if malformed { ReasonResolved::MalformedPayload } else { ReasonResolved::IntermittentTask };
            Outcome::Exception(reason)
        })
    }

    async fn make_container(&self, payload: &Payload, container: &Container) -> Result<(), ContainerError> {
        let images = self.context.images.as_ref().ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))?;
        let image = match &container.image {
            ImageSource::Name(name) => {
                let image = images.named(name).await?;
                self.log.write_line(format!("image {name} is {}", image.digest));
                image
            }
            ImageSource::Content(content) => self.archived_image(images, content).await?,
        };
        self.log.write_line(format!("image id {}", image.id));
        if payload.command.iter().any(|given| image.config.command(given).is_empty()) {
            let words = "payload.command: the image has no command of its own, so the payload needs one";
            return Err(ImageError::Payload(words.to_owned()).into());
        }
        self.set_up(payload, container, &image).await.map_err(ContainerError::SetUp)?;
        let tree = self.confinement.sandbox().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?.take_tree()?;
        let files = Directory::root(tree, self.confinement.owner(), self.confinement.uid_count());
        let _ = self.container.set(RunContainer { image, files });
        Ok(())
    }

    async fn archived_image(&self, images: &Images, content: &Content) -> Result<LoadedImage, ContainerError> {
        let mounter = self.mounter(true, images.max_bytes());
        if let Some(sha256) = mounter.known_sha256(content).await?
            && let Some(image) = images.unpacked(&sha256).await
        {
            self.log.write_line(format!("image of the archive with the sha256 {sha256}, which is here already"));
            return Ok(image);
        }
        let archive = self.directory.downloads().join("image");
        let fetched = mounter.fetch(content, &archive).await?;
        let Hashed { sha256, .. } = Hashed::read(File::open(&archive)?).await?;
        self.log.write_line(format!("image from {fetched}, with the sha256 {sha256}"));
        if let Some(image) = images.unpacked(&sha256).await {
            return Ok(image);
        }
        let tar = self.plain(images, &archive).await?;
        let image = images.archived(&sha256, tar.as_ref()).await;
        let _ = std::fs::remove_file(&archive);
        Ok(image?)
    }

    /// Unpacked within limits, before anything else looks at it. The file goes with the result.
    async fn plain(&self, images: &Images, archive: &Path) -> Result<tempfile::TempPath, ContainerError> {
        let (plain, path) = tempfile::NamedTempFile::new_in(images.scratch())?.into_parts();
        let unpacked = decompress(File::open(archive)?, plain, images.max_bytes(), &self.confinement).await;
        unpacked.map_err(|why| ImageError::Payload(format!("payload.image: the archive cannot be unpacked: {why}")))?;
        Ok(path)
    }

    async fn set_up(&self, payload: &Payload, container: &Container, image: &LoadedImage) -> io::Result<()> {
        let (upper, work) = self.directory.changes()?;
        let first_id = self.confinement.uid().ok_or(io::ErrorKind::Unsupported)?;
        let plan = Image {
            layers: image.layers.clone(),
            upper,
            work,
            first_id,
            user: image.config.user.clone(),
            directory: image.config.directory(),
        };
        let task = self.directory.task();
        let views = payload.mounts.iter().zip(&container.targets).map(|(mount, target)| View {
            source: task.join(&mount.path),
            target: PathBuf::from(target),
            access: Access::ReadWrite,
        });
        let staging = self.directory.staging()?;
        self.context.isolation.set_up_container(&self.confinement, &staging, plan, views.collect()).await
    }

    /// The files of the task: those of its container where it has one.
    pub(super) fn files(&self) -> &Directory {
        self.container.get().map_or_else(|| self.directory.files(), |container| &container.files)
    }

    /// The commands in the order in which they run.
    pub(super) fn commands(&self, payload: &Payload) -> Vec<Vec<String>> {
        match self.container.get() {
            Some(container) => payload.command.iter().map(|given| container.image.config.command(given)).collect(),
            None => payload.command.clone(),
        }
    }
}
