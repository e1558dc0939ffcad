use actors::queue::types::PageAfter;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use super::{Call, Fault};

/// The most rows of a page, and what is given when nobody asks for less.
const LARGEST: i64 = 1000;

impl Call {
    /// The page asked for. A token that this endpoint did not make is refused.
    pub(crate) fn page<K: DeserializeOwned>(&self) -> Result<PageAfter<K>, Fault> {
        let limit = self.query("limit").map_or(0, |limit| limit.parse().unwrap_or(LARGEST));
        self.page_at(self.query("continuationToken"), limit)
    }

    /// The same for endpoints that are asked for a page in their body. No limit at all is told as 0.
    pub(crate) fn page_at<K: DeserializeOwned>(&self, token: Option<&str>, limit: i64) -> Result<PageAfter<K>, Fault> {
        let after = token.map(|token| self.open_token(token)).transpose()?;
        let limit = if limit == 0 { LARGEST } else { limit.min(LARGEST) };
        Ok(PageAfter { after, limit })
    }

    /// The token with which the page after `key` is asked for.
    pub(crate) fn token(&self, key: &impl Serialize) -> String {
        let named = serde_json::to_vec(&(&self.asked().endpoint.name, key)).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(named)
    }

    fn open_token<K: DeserializeOwned>(&self, token: &str) -> Result<K, Fault> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok();
        let named: Option<(String, K)> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        match named {
            Some((name, key)) if name == self.asked().endpoint.name => Ok(key),
            _ => {
                let fault = Fault::input("Invalid continuation token: take it, whole, from the page before");
                Err(fault.at("/query/continuationToken", "be one that the page before gave", "another"))
            }
        }
    }
}
