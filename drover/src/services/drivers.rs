//! The drivers of providers.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use ::provisioner::{
    deployment,
    provider::{Provider, aws::Aws, azure::Azure, google::Google, kubernetes::Kubernetes},
};
use actors::worker_manager::{ProviderSettings, ProviderType};
use base::{Clock, Rng};

/// The driver of a cloud or cluster. `None`: nobody launches its workers, or they are processes of this machine.
pub(crate) fn open(
    provider: &ProviderSettings,
    root_url: &str,
    clock: Arc<dyn Clock>,
    rng: &Rng,
) -> Result<Option<Arc<dyn Provider>>, String> {
    let (id, deployment) = (&provider.id, deployment(root_url));
    let rng = rng.branch(id);
    let failed = |error| format!("the provider `{id}`: {error}");
    let driver: Arc<dyn Provider> = match provider.provider_type {
        ProviderType::Aws => Arc::new(Aws::new(provider.aws.clone(), &deployment, clock, rng).map_err(failed)?),
        ProviderType::Kubernetes => {
            Arc::new(Kubernetes::new(provider.kubernetes.clone(), &deployment, rng).map_err(failed)?)
        }
        ProviderType::Google => {
            Arc::new(Google::new(provider.google.clone(), &deployment, clock, rng).map_err(failed)?)
        }
        ProviderType::Azure => Arc::new(Azure::new(provider.azure.clone(), &deployment, clock, rng).map_err(failed)?),
        ProviderType::Local | ProviderType::Static | ProviderType::Null => return Ok(None),
    };
    Ok(Some(driver))
}

/// Where a provider of local machines keeps them.
pub(crate) fn machines_directory(data_dir: &Path, provider: &str) -> PathBuf {
    data_dir.join("machines").join(provider)
}
