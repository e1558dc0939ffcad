//! Flags of workers of worker pools.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use worker::provider::kubernetes;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ProviderKind {
    /// An EC2 instance of a worker pool.
    Aws,
    /// A virtual machine of Azure.
    Azure,
    /// An instance of Compute Engine.
    Google,
    /// A pod of a Kubernetes cluster.
    Kubernetes,
    /// Started by a provisioner of this machine.
    Local,
    /// Made by hand in worker-manager, with a secret.
    Static,
}

/// Flags of workers of worker pools.
#[derive(Debug, Args)]
#[command(next_help_heading = "Worker pools")]
pub(super) struct ProviderArgs {
    /// Register with worker-manager as a worker of this type of provider, for credentials.
    #[arg(long, value_enum)]
    pub(super) provider: Option<ProviderKind>,
    /// The directory that the provisioner made for this machine (local).
    #[arg(long, value_name = "DIR")]
    pub(super) machine_dir: Option<PathBuf>,
    /// The provider of the worker pool (static).
    #[arg(long, value_name = "ID", default_value = "static")]
    pub(super) provider_id: String,
    /// A file with the worker's secret (static).
    #[arg(long, value_name = "FILE")]
    pub(super) static_secret_file: Option<PathBuf>,
    /// The metadata server of the machine (aws, azure, google) [default: the cloud's own].
    #[arg(long, value_name = "URL")]
    pub(super) metadata_endpoint: Option<String>,
    /// Where to look for custom data besides the places of cloud-init and Azure's agent (azure).
    #[arg(long, value_name = "FILE")]
    pub(super) custom_data_file: Option<PathBuf>,
    /// The file with the pod's token (kubernetes).
    #[arg(long, value_name = "FILE", default_value = kubernetes::TOKEN_FILE)]
    pub(super) token_file: PathBuf,
}
