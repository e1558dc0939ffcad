//! What an operator can set about providers of workers. The provisioner reads the same settings.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    cloud_settings::{AwsSettings, AzureSettings, GoogleSettings, KubernetesSettings},
    offering_settings::OfferingSettings,
};

base::settings! {
    /// Worker pools, and who provides their workers.
    pub struct WorkerManagerSettings {
        /// The providers of workers: in TOML one `[[worker_manager.providers]]` for each. By default there is one, `static`,
        /// whose workers are made by hand.
        pub providers: Vec<ProviderSettings> = vec![ProviderSettings::of_static_workers()] => ProviderSettings,
    }
}

base::settings! {
    /// One provider.
    pub struct ProviderSettings {
        /// The name of this provider in worker pools and scopes: at most 38 letters, digits, `-` and `_`.
        pub id: String = String::new(),
        /// What its workers are: `static`, `local`, `aws`, `google`, `azure` or `kubernetes`.
        pub provider_type: ProviderType = ProviderType::Static,
        /// Public keys by which the identity of workers is verified, each as text or as the path of a file: PEM (certificates or
        /// public keys) for `aws` and `azure`, a JWKS for `google` and `kubernetes`. Keys that the provisioner fetches are
        /// used besides.
        pub identity_keys: Vec<String> = Vec::new(),
        /// What machines of this provider cost, and which are preferred: in TOML one `[[worker_manager.providers.offerings]]` for
        /// each. Several may concern the same machines; the later ones win.
        pub offerings: Vec<OfferingSettings> = Vec::new() => OfferingSettings,
        /// Settings for the type `aws`.
        pub aws: AwsSettings,
        /// Settings for the type `azure`.
        pub azure: AzureSettings,
        /// Settings for the type `google`.
        pub google: GoogleSettings,
        /// Settings for the type `kubernetes`.
        pub kubernetes: KubernetesSettings,
    }
}

/// The type of a provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderType {
    /// Workers are made by hand.
    #[default]
    Static,
    /// Workers are processes of the provisioner's machine.
    Local,
    Aws,
    Google,
    Azure,
    /// Workers are pods.
    Kubernetes,
    /// Of pools that are to be deleted. There is one such provider, and settings cannot have another.
    #[serde(skip)]
    Null,
}

/// Why providers of the settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderSettingsError {
    #[error("`{0}` is no id of a provider: 1 to 38 letters, digits, `-` and `_`, and not `null-provider`")]
    Id(String),
    #[error("the id `{0}` is used twice")]
    Twice(String),
    #[error("the provider `{id}` has a key that cannot be read: {reason}")]
    Key { id: String, reason: String },
}

impl ProviderType {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Local => "local",
            Self::Aws => "aws",
            Self::Google => "google",
            Self::Azure => "azure",
            Self::Kubernetes => "kubernetes",
            Self::Null => "null",
        }
    }

    /// Whether its workers are launched and stopped by the provisioner.
    pub const fn is_dynamic(self) -> bool {
        !matches!(self, Self::Static | Self::Null)
    }

    /// Whether Taskcluster has none of this type.
    pub const fn is_extension(self) -> bool {
        matches!(self, Self::Local | Self::Kubernetes)
    }

    /// Whether proofs of identity are verified with public keys.
    pub const fn uses_keys(self) -> bool {
        matches!(self, Self::Aws | Self::Google | Self::Azure | Self::Kubernetes)
    }

    /// The schema of the configuration of its pools.
    pub(super) const fn schema(self) -> &'static str {
        match self {
            Self::Static => "config-static",
            Self::Local => "config-local",
            Self::Aws => "config-aws",
            Self::Google => "config-google",
            Self::Azure => "config-azure",
            Self::Kubernetes => "config-kubernetes",
            Self::Null => "config-null",
        }
    }
}

impl ProviderSettings {
    fn of_static_workers() -> Self {
        Self { id: "static".to_owned(), ..Self::default() }
    }
}

impl WorkerManagerSettings {
    /// Whether the ids can be used.
    pub fn check(&self) -> Result<(), ProviderSettingsError> {
        let mut seen = BTreeSet::new();
        for ProviderSettings { id, .. } in &self.providers {
            let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            if id == db::worker_manager::NULL_PROVIDER || !(1..=38).contains(&id.len()) || !id.bytes().all(is_word) {
                return Err(ProviderSettingsError::Id(id.clone()));
            }
            if !seen.insert(id) {
                return Err(ProviderSettingsError::Twice(id.clone()));
            }
        }
        Ok(())
    }
}
