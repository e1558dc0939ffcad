//! Requests to purge caches of workers.

use ::api::Routes;
use actors::purge_cache::PurgeCache as Handle;

use crate::service::{Context, Service, StartError};

pub(super) struct PurgeCache;

impl Service for PurgeCache {
    fn name(&self) -> &'static str {
        "purge-cache"
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        Ok(vec![::api::purge_cache::routes(Handle::new(context.db.clone(), context.clock.clone()))])
    }
}
