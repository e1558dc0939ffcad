//! The first and the last lines of a log.

use protocol::time::Timestamp;
use serde_json::json;

use super::{Job, Outcome};
use crate::payload::Payload;

impl Job {
    /// Where and how the task runs.
    pub(super) fn write_header(&self) {
        let settings = &self.context.settings;
        let (name, machine) = (&settings.name, &settings.machine);
        let shown = json!({
            "workerGroup": name.worker_group, "workerId": name.worker_id, "instanceType": machine.instance_type,
            "region": machine.region, "drover": env!("CARGO_PKG_VERSION"),
        });
        self.log.write_line(format!("Worker Type ({}) settings:\n{shown:#}", settings.task_queue_id));
        self.log.write_line(format!("Task ID: {}", self.claim.status.task_id));
        self.log.write_line(format!("run {} of {}", self.claim.run_id, self.claim.task.metadata.name));
        let level = self.context.isolation.level();
        let user = self.confinement.uid().map_or_else(String::new, |uid| format!(", runs as user {uid}"));
        self.log.write_line(format!("isolation level {level}{user}"));
        self.write_limits();
        for gap in level.gaps() {
            self.log.write_line(format!("not protected: {gap}"));
        }
    }

    fn write_limits(&self) {
        let limits = self.context.isolation.limits();
        let memory = limits.memory.filter(|_| self.confinement.limits().contains(&"memory"));
        let memory = memory.map_or_else(|| "not limited".to_owned(), |bytes| format!("{bytes} bytes"));
        self.log.write_line(format!(
            "limits: memory {memory}, disk {} bytes, log {} bytes, {} processes",
            limits.disk, limits.log, limits.processes
        ));
    }

    /// Fields of the payload that have no effect here.
    pub(super) fn write_notes(&self, payload: &Payload) {
        if payload.superseder_url.is_some() {
            self.log.write_warning("payload.supersederUrl has no effect");
        }
        if payload.features.resource_monitor == Some(true) {
            self.log.write_warning("payload.features.resourceMonitor has no effect: this worker measures no resources");
        }
    }

    pub(super) fn write_footer(&self, outcome: &Outcome, started: Timestamp) {
        let took = (self.context.client.clock.now() - started).num_milliseconds();
        self.log.write_line("=== Task Finished ===");
        self.log.write_line(format!("result {outcome} after {}.{:03} s", took / 1000, took % 1000));
    }
}
