use actors::kit::PageAfter;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{ApiError, Call, admit::nul};

/// The maximum and the default number of rows of a page.
const MAX_ROWS: i64 = 1000;

impl Call {
    /// The page that the query asks for. A token that this endpoint did not make is refused.
    pub(crate) fn page<K: DeserializeOwned>(&self) -> Result<PageAfter<K>, ApiError> {
        let limit = self.query("limit").map_or(0, |limit| limit.parse().unwrap_or(MAX_ROWS));
        self.page_at(self.query("continuationToken"), limit)
    }

    /// The same for endpoints with token and limit in their body. A limit of 0 means none.
    pub(crate) fn page_at<K: DeserializeOwned>(
        &self,
        token: Option<&str>,
        limit: i64,
    ) -> Result<PageAfter<K>, ApiError> {
        let after = token.map(|token| self.open_token(token)).transpose()?;
        let limit = if limit == 0 { MAX_ROWS } else { limit.min(MAX_ROWS) };
        Ok(PageAfter { after, limit })
    }

    /// The continuation token of the page after `key`.
    pub(crate) fn token(&self, key: &impl Serialize) -> String {
        write(&self.context().endpoint.name, key)
    }

    fn open_token<K: DeserializeOwned>(&self, token: &str) -> Result<K, ApiError> {
        read(&self.context().endpoint.name, token).ok_or_else(|| {
            let error = ApiError::input("Invalid continuation token: take it, whole, from the page before");
            error.at("/query/continuationToken", "be one that the page before gave", "another")
        })
    }
}

fn write(endpoint: &str, key: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&(endpoint, key)).unwrap_or_default())
}

/// `None` for a token that `endpoint` never wrote. PostgreSQL refuses texts with U+0000, and no row has one as its key.
fn read<K: DeserializeOwned>(endpoint: &str, token: &str) -> Option<K> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (name, key): (String, Value) = serde_json::from_slice(&bytes).ok()?;
    (name == endpoint && nul(&key, "").is_none()).then(|| serde_json::from_value(key).ok())?
}
