//! Control groups of a run: what it starts stays in them, is limited by them and is ended as a whole.

mod group;
mod limits;
mod v1;
mod v2;

use std::{io, os::fd::OwnedFd, path::Path};

use sha2::{Digest, Sha256};

pub use self::limits::{ResourceLimits, memory_of_machine};
use self::{group::Group, v1::Controllers, v2::CgroupParent};

/// The groups of a worker, below those it was started in.
#[derive(Debug, Default)]
pub(super) struct Groups {
    unified: Option<CgroupParent>,
    controllers: Controllers,
}

/// The groups of one run; removed when dropped.
#[derive(Debug, Default)]
pub(crate) struct RunGroups {
    unified: Option<v2::Cgroup>,
    controllers: Vec<v1::Controller>,
}

impl Groups {
    /// As many as this process may make; what cannot be made is not used.
    pub(super) fn open(work_dir: &Path) -> Self {
        // The same directory gives the same name, so that the next worker in it finds what the last one left.
        let mark = hex::encode(&Sha256::digest(work_dir.as_os_str().as_encoded_bytes())[..8]);
        let name = format!("drover-worker-{mark}");
        Self { unified: CgroupParent::open(&name), controllers: Controllers::open(&name) }
    }

    /// Limits are set before the first process enters. Answers which of them hold.
    pub(super) fn create(&self, name: &str, limits: &ResourceLimits) -> io::Result<(RunGroups, Vec<&'static str>)> {
        let unified = self.unified.as_ref().map(|parent| parent.create(name)).transpose()?;
        let groups = RunGroups { unified, controllers: self.controllers.create(name)? };
        let held = groups.each().map(|group| group.limit(limits)).collect::<io::Result<Vec<_>>>()?;
        Ok((groups, held.concat()))
    }

    /// Ends what is in groups of runs that an earlier worker left.
    pub(super) async fn clear(&self) {
        if let Some(unified) = &self.unified {
            unified.clear().await;
        }
        self.controllers.clear();
    }

    pub(super) fn can_end(&self) -> bool {
        self.unified.is_some()
    }
}

impl RunGroups {
    pub(super) fn entrances(&self) -> io::Result<Vec<OwnedFd>> {
        self.each().map(Group::entrance).collect()
    }

    /// Ends all processes at once, where the kernel can; how many there were.
    pub(super) async fn end_all(&self) -> io::Result<usize> {
        match &self.unified {
            Some(unified) => unified.end_all().await,
            None => Ok(0),
        }
    }

    pub(super) fn can_end(&self) -> bool {
        self.unified.is_some()
    }

    pub(super) fn memory_kills(&self) -> u64 {
        self.each().map(Group::memory_kills).sum()
    }

    fn each(&self) -> impl Iterator<Item = &dyn Group> {
        let unified = self.unified.iter().map(|group| group as &dyn Group);
        unified.chain(self.controllers.iter().map(|group| group as &dyn Group))
    }
}
