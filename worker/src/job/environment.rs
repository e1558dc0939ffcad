//! The variables that a task's commands see.

use std::{collections::BTreeMap, path::PathBuf};

use rustix::process::geteuid;
use serde_json::json;

use super::Job;
use crate::{
    isolation::{VARIABLES_OF_THE_MACHINE, account_name},
    payload::Payload,
    proxy::Proxy,
};

/// Says of every process to which worker it belongs: the next life of that worker ends those that outlived the last.
pub(crate) const WORKER_MARK: &str = "DROVER_WORKER";

/// Marks every process of a run, so that those that wandered off can be found at its end.
pub(super) const MARK: &str = "DROVER_RUN";

/// Of images that name none.
const PATH_OF_CONTAINERS: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where the worker is, as JSON.
const LOCATION: &str = "TASKCLUSTER_WORKER_LOCATION";

impl Job {
    /// The worker's few, then the task's own, then what says where the task is: that cannot be overruled.
    pub(super) fn environment(&self, payload: &Payload, proxy: Option<&Proxy>) -> BTreeMap<String, String> {
        let settings = &self.context.settings;
        let mut env = self.base_environment();
        if let Some(egress) = self.egress.get() {
            env.extend(egress.variables());
        }
        env.extend(payload.env.clone());
        let status = &self.claim.status;
        // Whoever started the worker may know more of its place.
        let location = settings.task_env.get(LOCATION).cloned();
        let location = location.unwrap_or_else(|| json!({ "region": settings.machine.region }).to_string());
        let place = [
            ("TASK_ID", status.task_id.to_string()),
            ("RUN_ID", self.claim.run_id.to_string()),
            ("TASK_WORKDIR", self.task_path().to_string_lossy().into_owned()),
            (LOCATION, location),
            ("TASK_GROUP_ID", status.task_group_id.clone()),
            ("TASKCLUSTER_ROOT_URL", self.context.client.root_url().to_owned()),
            ("TASK_QUEUE_ID", settings.task_queue_id.to_string()),
            ("TASK_WORKER_GROUP", settings.name.worker_group.clone()),
            ("TASK_WORKER_ID", settings.name.worker_id.clone()),
            (MARK, self.mark()),
        ];
        env.extend(place.map(|(name, value)| (name.to_owned(), value)));
        if payload.features.interactive {
            env.insert("TASKCLUSTER_INTERACTIVE".to_owned(), "true".to_owned());
        }
        if let Some(instance_type) = &settings.machine.instance_type {
            env.insert("TASKCLUSTER_INSTANCE_TYPE".to_owned(), instance_type.clone());
        }
        if let Some(proxy) = proxy {
            env.insert("TASKCLUSTER_PROXY_URL".to_owned(), proxy.url());
        }
        env
    }

    /// What the worker gives to every task, or the image of its container.
    fn base_environment(&self) -> BTreeMap<String, String> {
        let settings = &self.context.settings;
        let mut env = settings.task_env.clone();
        if let Some(container) = self.container.get() {
            env.retain(|name, _| !VARIABLES_OF_THE_MACHINE.contains(&name.as_str()));
            let mut all = BTreeMap::from([("PATH".to_owned(), PATH_OF_CONTAINERS.to_owned())]);
            all.extend(container.image.config.env());
            all.extend(env);
            return all;
        }
        env.insert("HOME".to_owned(), self.task_path().to_string_lossy().into_owned());
        if self.confinement.sandbox().is_some() {
            let uid = self.confinement.uid().unwrap_or_else(|| geteuid().as_raw());
            let tmp = self.confinement.tmp_path(self.directory.tmp());
            env.insert("TMPDIR".to_owned(), tmp.to_string_lossy().into_owned());
            for name in ["USER", "LOGNAME"] {
                env.insert(name.to_owned(), account_name(uid));
            }
        } else {
            env.insert(WORKER_MARK.to_owned(), settings.work_dir.to_string_lossy().into_owned());
        }
        env
    }

    /// Its directory, as its processes see it; of a container, where its command runs.
    pub(super) fn task_path(&self) -> PathBuf {
        match self.container.get() {
            Some(container) => container.image.config.directory(),
            None => self.confinement.task_path(self.directory.task()),
        }
    }

    /// Unique among all workers of this machine.
    pub(super) fn mark(&self) -> String {
        let name = &self.context.settings.name;
        let status = &self.claim.status;
        format!("{}/{}/{}/{}", status.task_id, self.claim.run_id, name.worker_group, name.worker_id)
    }
}
