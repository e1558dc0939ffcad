//! How tasks are kept apart from the worker, from one another and from what comes after them.

mod confinement;
mod end;
mod error;
mod groups;
mod level;
mod marked;
mod os_group;
mod probe;
mod sandboxed;
mod settings;
mod uid_pool;
mod view;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use ::sandbox::{Group, Image, View};
use base::Rng;
use rustix::process::geteuid;

#[cfg(test)]
pub(crate) use self::marked::marked;
pub(crate) use self::{
    confinement::{Confinement, Owner},
    marked::end_marked,
    os_group::find as find_groups,
    sandboxed::{Places, Sandboxed, account_name, is_refusal},
    uid_pool::TaskUser,
    view::{OF_THE_MACHINE as VARIABLES_OF_THE_MACHINE, clean as clean_variables},
};
pub use self::{
    error::IsolationError,
    groups::{ResourceLimits, memory_of_machine},
    level::{IsolationLevel, IsolationMode},
    settings::{IsolationSettings, NetworkPolicy},
};
use self::{groups::Groups, uid_pool::UidPool};
use crate::egress::Reach;

/// What this worker can do to keep tasks apart.
pub(crate) struct Isolation {
    level: IsolationLevel,
    uids: Option<UidPool>,
    container_uids: Option<UidPool>,
    groups: Groups,
    limits: ResourceLimits,
    read_only: Vec<PathBuf>,
    hidden: Vec<PathBuf>,
}

impl Isolation {
    /// Tries what the settings ask for with a real process in `directory`, of which tasks see nothing.
    pub(crate) async fn open(
        settings: &IsolationSettings,
        variables: &BTreeMap<String, String>,
        directory: &Path,
        rng: Rng,
    ) -> Result<Self, IsolationError> {
        let level = level(settings.mode, geteuid().is_root())?;
        let (branch, has_users) = (rng.branch("containers"), level >= IsolationLevel::User);
        let uids = has_users.then(|| UidPool::open(settings, rng)).transpose()?;
        let has_containers = level == IsolationLevel::Container;
        let container_uids = has_containers.then(|| UidPool::open_for_containers(settings, branch)).transpose()?;
        let mut hidden = settings.hidden_paths.clone();
        hidden.push(directory.to_owned());
        let mut isolation = Self {
            level,
            uids,
            container_uids,
            groups: Groups::open(directory),
            limits: settings.limits,
            read_only: view::read_only(&settings.read_only_paths, variables),
            hidden,
        };
        let held = isolation.probe(directory).await?;
        isolation.tell(&held);
        if has_users {
            view::closed(&isolation.read_only).for_each(|path| {
                tracing::warn!(path = %path.display(), "tasks cannot read this folder, which --read-only-path or a variable \
                    such as PATH names: allow others to (chmod o+rx)");
            });
        }
        Ok(isolation)
    }

    /// What a run of this name gets for itself; a sandbox it gets with `set_up`.
    pub(crate) async fn for_run(&self, name: &str) -> io::Result<Confinement> {
        self.confine(name, self.uids.as_ref()).await
    }

    /// The same for a run in a container, which it gets with `set_up_container`.
    pub(crate) async fn for_container(&self, name: &str) -> io::Result<Confinement> {
        self.confine(name, self.container_uids.as_ref()).await
    }

    async fn confine(&self, name: &str, uids: Option<&UidPool>) -> io::Result<Confinement> {
        let user = match uids {
            Some(uids) => Some(uids.take().await?),
            None => None,
        };
        let (groups, held) = self.groups.create(name, &self.limits)?;
        Ok(Confinement::new(user, groups, held))
    }

    /// Sets up the sandbox, where this worker has them. Its user is in these groups too.
    pub(crate) async fn set_up(&self, confinement: &Confinement, places: &Places, groups: &[Group]) -> io::Result<()> {
        if self.level == IsolationLevel::None {
            return Ok(());
        }
        let mut plan = sandboxed::plan(confinement.uid(), places, &self.read_only, &self.hidden, &self.limits);
        plan.account.groups = groups.to_vec();
        let mut helper = sandboxed::helper();
        confinement.apply_to_helper(&mut helper)?;
        confinement.enter(Sandboxed::start(helper, &plan).await?);
        Ok(())
    }

    /// Makes the container of a run; `staging` is an empty directory of the worker alone.
    pub(crate) async fn set_up_container(
        &self,
        confinement: &Confinement,
        staging: &Path,
        image: Image,
        views: Vec<View>,
    ) -> io::Result<()> {
        let plan = sandboxed::container_plan(image.first_id, staging, image, views, &self.limits);
        let mut helper = sandboxed::helper();
        confinement.apply_to_helper(&mut helper)?;
        confinement.enter(Sandboxed::start(helper, &plan).await?);
        Ok(())
    }

    /// Ends what the tasks of an earlier worker in this directory left running.
    pub(crate) async fn end_leftovers(&self, task_directories: &Path) {
        self.groups.clear().await;
        for uids in self.uids.iter().chain(&self.container_uids) {
            uids.end_owners_of(task_directories).await;
        }
    }

    /// How far tasks reach, and so what the worker fetches for them; `None`: everything, since they share its network.
    pub(crate) fn reach(&self, network: NetworkPolicy) -> Option<Reach> {
        match (self.level, network) {
            (IsolationLevel::None, _) => None,
            (_, NetworkPolicy::Proxy) => Some(Reach::OtherMachines),
            // They reach nothing, but may have what anybody may have.
            (_, NetworkPolicy::None) => Some(Reach::Public),
        }
    }

    pub(crate) fn level(&self) -> IsolationLevel {
        self.level
    }

    pub(crate) fn limits(&self) -> &ResourceLimits {
        &self.limits
    }

    /// Also what holds of the limits, as the probe found it.
    fn tell(&self, held: &[&str]) {
        let (level, can_end) = (self.level, self.groups.can_end());
        tracing::info!(
            isolation.level = %level, isolation.cgroup_kill = can_end, isolation.limits = held.join(","), "isolation of tasks"
        );
        if self.limits.memory.is_some() && !held.contains(&"memory") {
            tracing::warn!("the memory of tasks is not limited: this worker may not make control groups for it");
        }
        if level == IsolationLevel::None {
            tracing::warn!(gaps = level.gaps().join("; "), "tasks are not isolated: --isolation none");
        }
    }
}

fn level(mode: IsolationMode, is_root: bool) -> Result<IsolationLevel, IsolationError> {
    match (mode, is_root) {
        (IsolationMode::Exactly(IsolationLevel::None), _) => Ok(IsolationLevel::None),
        (IsolationMode::Auto | IsolationMode::Exactly(IsolationLevel::User), true) => Ok(IsolationLevel::User),
        (IsolationMode::Auto | IsolationMode::Exactly(IsolationLevel::Sandbox), false) => Ok(IsolationLevel::Sandbox),
        (IsolationMode::Exactly(IsolationLevel::Container), true) => Ok(IsolationLevel::Container),
        (IsolationMode::Exactly(level @ (IsolationLevel::User | IsolationLevel::Container)), false) => {
            Err(IsolationError::NotRoot(level))
        }
        (IsolationMode::Exactly(IsolationLevel::Sandbox), true) => Err(IsolationError::IsRoot),
    }
}
