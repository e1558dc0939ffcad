//! The providers of this deployment.

use std::fs;

use db::worker_manager::NULL_PROVIDER;

use super::{
    ProviderSettings, ProviderSettingsError, ProviderType, Result, WorkerManager, WorkerManagerError,
    WorkerManagerSettings, identity::KeySet,
};
use crate::kit::{Page, PageAfter};

/// The providers of the settings, and the null provider, with the keys of the settings.
pub struct Providers {
    all: Vec<Provider>,
}

/// One provider.
pub struct Provider {
    pub settings: ProviderSettings,
    /// Keys of the settings; others are in the database.
    pub(super) keys: KeySet,
}

impl Providers {
    /// Reads the files of the settings.
    pub fn new(settings: &WorkerManagerSettings) -> std::result::Result<Self, ProviderSettingsError> {
        settings.check()?;
        let null = ProviderSettings {
            id: NULL_PROVIDER.to_owned(),
            provider_type: ProviderType::Null,
            ..ProviderSettings::default()
        };
        let all: std::result::Result<Vec<_>, _> = settings.providers.iter().chain([&null]).map(Provider::new).collect();
        let mut all = all?;
        all.sort_by(|one, other| one.settings.id.cmp(&other.settings.id));
        Ok(Self { all })
    }

    /// The provider of this id, the null provider among them.
    pub fn find(&self, id: &str) -> Option<&Provider> {
        self.all.iter().find(|provider| provider.settings.id == id)
    }
}

impl Provider {
    fn new(settings: &ProviderSettings) -> std::result::Result<Self, ProviderSettingsError> {
        let mut keys = KeySet::default();
        for text in &settings.identity_keys {
            let key = |reason: String| ProviderSettingsError::Key { id: settings.id.clone(), reason };
            let text = text_of(text).map_err(key)?;
            keys.add(settings.provider_type, &text).map_err(|error| key(error.to_string()))?;
        }
        Ok(Self { settings: settings.clone(), keys })
    }

    pub fn provider_type(&self) -> ProviderType {
        self.settings.provider_type
    }
}

/// The text itself, or that of the file it names.
fn text_of(text: &str) -> std::result::Result<String, String> {
    if text.trim_start().starts_with(['{', '-']) {
        return Ok(text.to_owned());
    }
    fs::read_to_string(text).map_err(|error| format!("the file {text} cannot be read: {error}"))
}

impl WorkerManager {
    /// Ids and types of the providers of the settings, in order.
    pub fn list_providers(&self, page: &PageAfter<String>) -> Page<(String, ProviderType), String> {
        let after = |id: &str| page.after.as_deref().is_none_or(|after| id > after);
        let named = self.providers.all.iter().filter(|provider| provider.provider_type() != ProviderType::Null);
        let rows = named.map(|provider| (provider.settings.id.clone(), provider.provider_type()));
        let rows: Vec<_> =
            rows.filter(|(id, _)| after(id)).take(usize::try_from(page.rows()).unwrap_or(usize::MAX)).collect();
        Page::cut(rows, page.limit, |(id, _)| id.clone())
    }

    /// The provider of this id, which a worker or a path names.
    pub(super) fn provider(&self, id: &str) -> Result<&Provider> {
        self.providers.find(id).ok_or_else(|| WorkerManagerError::NoSuchProvider(id.to_owned()))
    }
}
