//! The machine that a worker runs on, whoever provides it.

use super::{
    IdentityError, Interruption, MachineIdentity, aws::Aws, azure::Azure, google::Google, kubernetes::Pod,
    local::LocalMachine,
};

/// A machine of one type of provider.
#[derive(Debug)]
pub enum MachineProvider {
    Aws(Aws),
    Azure(Azure),
    Google(Google),
    Kubernetes(Pod),
    Local(LocalMachine),
    /// Whoever started the worker said who it is.
    Static(MachineIdentity),
}

impl MachineProvider {
    pub async fn identity(&self) -> Result<MachineIdentity, IdentityError> {
        match self {
            Self::Aws(aws) => aws.identity().await,
            Self::Azure(azure) => azure.identity().await,
            Self::Google(google) => google.identity().await,
            Self::Kubernetes(pod) => pod.identity(),
            Self::Local(machine) => Ok(machine.identity()?),
            Self::Static(identity) => Ok(identity.clone()),
        }
    }

    /// Waits until the provider announces that it takes the machine back; for ever where it announces nothing. Pods and processes
    /// get a signal instead.
    pub async fn interrupted(&self) -> Interruption {
        match self {
            Self::Aws(aws) => aws.interrupted().await,
            Self::Azure(azure) => azure.interrupted().await,
            Self::Google(google) => google.interrupted().await,
            Self::Kubernetes(_) | Self::Local(_) | Self::Static(_) => std::future::pending().await,
        }
    }
}
