//! Caches that somebody asked workers not to use again.

use super::{MountError, Mounter};
use crate::{
    client::{ClientError, Purge},
    payload::{Mount, MountKind},
};

impl Mounter<'_> {
    /// Throws away caches that this task names and that were purged. It asks anew before every task with caches.
    pub(super) async fn apply_purges(&self, mounts: &[Mount]) -> Result<(), MountError> {
        let names: Vec<&str> = mounts.iter().filter_map(cache_name).collect();
        if names.is_empty() {
            return Ok(());
        }
        for Purge { cache_name, before } in self.purges(&names).await? {
            if names.contains(&cache_name.as_str()) && self.caches.purge(&cache_name, before) > 0 {
                self.log.write_line(format!("cache {cache_name} was purged"));
            }
        }
        Ok(())
    }

    /// A worker that may not ask cannot know which caches are good, so it takes none of them for good.
    async fn purges(&self, names: &[&str]) -> Result<Vec<Purge>, MountError> {
        match self.worker.purges(self.pool).await {
            Ok(purges) => Ok(purges),
            // Other servers may have no such service, and then nobody can purge.
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error @ ClientError::Refused { .. }) => {
                self.log.write_warning(format!("caches are begun anew, since purges could not be asked for: {error}"));
                let before = self.worker.clock.now();
                Ok(names.iter().map(|name| Purge { cache_name: (*name).to_owned(), before }).collect())
            }
            Err(error) => Err(MountError::Fetch("the list of purged caches".to_owned(), error.into())),
        }
    }
}

fn cache_name(mount: &Mount) -> Option<&str> {
    match &mount.kind {
        MountKind::Cache { name, .. } => Some(name),
        MountKind::File(_) | MountKind::Directory(_) => None,
    }
}
