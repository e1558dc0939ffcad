//! Flags about images of containers.

use std::time::Duration;

use clap::Args;
use worker::{ContainerSettings, MAX_IMAGE_BYTES};

const HOURS_OF_A_DAY: u64 = 24;

/// Images that tasks name in their payload, at isolation level `container`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Containers")]
pub(crate) struct ContainerArgs {
    /// A registry from which images may be fetched, as HOST or HOST:PORT; http:// before it allows one without TLS. May be given
    /// several times [default: docker.io, ghcr.io, mcr.microsoft.com, public.ecr.aws and quay.io].
    #[arg(long = "image-registry", value_name = "HOST", value_delimiter = ',', env = "DROVER_IMAGE_REGISTRIES")]
    registries: Vec<String>,
    /// Bytes of images that are kept for later tasks, and the most that one archive may unpack to.
    #[arg(long = "image-cache", value_name = "BYTES", default_value_t = MAX_IMAGE_BYTES)]
    max_bytes: u64,
    /// Images that no task has used for so many days are removed.
    #[arg(long = "image-cache-days", value_name = "DAYS", default_value_t = 14, value_parser = clap::value_parser!(u64).range(..36_500))]
    max_days: u64,
}

impl ContainerArgs {
    pub(super) fn settings(&self) -> ContainerSettings {
        let usual = ContainerSettings::default();
        let registries = if self.registries.is_empty() { usual.registries } else { self.registries.clone() };
        let max_age = Duration::from_hours(self.max_days * HOURS_OF_A_DAY);
        ContainerSettings { registries, max_bytes: self.max_bytes, max_age }
    }
}
