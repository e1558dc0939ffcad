//! Roles that other services than their own name.

pub(super) const API: &str = "api";
pub(super) const BRIDGE: &str = "bridge";
pub(super) const GITHUB: &str = "github";
pub(super) const HOOKS: &str = "hooks";
pub(super) const INDEX: &str = "index";
pub(super) const OBJECT: &str = "object";
pub(super) const PROVISIONER: &str = "provisioner";
pub(super) const QUEUE: &str = "queue";
pub(super) const RELAY: &str = "relay";
pub(super) const SCHEDULER: &str = "scheduler";
