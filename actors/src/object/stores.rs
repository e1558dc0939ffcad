//! The stores of a deployment: the one that new content goes to, and the folder that content went to before.

use std::path::Path;

use super::{
    ObjectSettings,
    backend::{Backend, BackendError},
    s3::Bucket,
};

/// The id of the folder, which all content had that was written before ids were.
pub(super) const LOCAL: &str = "local";

#[derive(Debug)]
pub(super) struct Stores {
    chosen: Backend,
    earlier: Option<Backend>,
}

impl Stores {
    /// Makes the folder if content is to go there.
    pub(super) async fn open(folder: &Path, settings: &ObjectSettings) -> Result<Self, BackendError> {
        if settings.s3.bucket.is_empty() {
            return Ok(Self { chosen: Backend::local(folder).await?, earlier: None });
        }
        let there = tokio::fs::try_exists(folder).await.unwrap_or(false);
        let earlier = if there { Some(Backend::local(folder).await?) } else { None };
        Ok(Self { chosen: Backend::Bucket(Bucket::open(&settings.s3)?), earlier })
    }

    /// Where new content goes.
    pub(super) const fn chosen(&self) -> &Backend {
        &self.chosen
    }

    /// Where content lies.
    pub(super) fn of(&self, store_id: &str) -> Result<&Backend, BackendError> {
        let found = self.all().find(|backend| backend.id() == store_id);
        found.ok_or_else(|| BackendError::OtherStore(store_id.to_owned()))
    }

    pub(super) fn ids(&self) -> Vec<&str> {
        self.all().map(Backend::id).collect()
    }

    fn all(&self) -> impl Iterator<Item = &Backend> {
        std::iter::once(&self.chosen).chain(&self.earlier)
    }
}
