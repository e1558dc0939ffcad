//! What decides where images come from, and how many are kept.

use std::time::Duration;

/// Images of containers.
#[derive(Debug, Clone)]
pub struct ContainerSettings {
    /// Hosts, with a port where it is not the usual one, from which the worker fetches images. `http://` before it allows a
    /// registry without TLS.
    pub registries: Vec<String>,
    /// Bytes of images that are kept for later tasks.
    pub max_bytes: u64,
    /// Images that no task has used for so long are removed.
    pub max_age: Duration,
}

/// 20 GiB.
pub const MAX_IMAGE_BYTES: u64 = 20 << 30;

impl Default for ContainerSettings {
    fn default() -> Self {
        let registries = ["docker.io", "ghcr.io", "mcr.microsoft.com", "public.ecr.aws", "quay.io"];
        Self {
            registries: registries.map(str::to_owned).to_vec(),
            max_bytes: MAX_IMAGE_BYTES,
            max_age: Duration::from_hours(14 * 24),
        }
    }
}
