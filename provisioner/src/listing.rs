//! All machines of a region.

use std::time::Instant;

use crate::{
    metrics::Metrics,
    provider::{ProviderError, ProviderResult, Seen},
    shared::{ProviderHandle, in_time},
};

/// A provider that always has another page is broken.
const MAX_PAGES: usize = 1000;

pub(crate) async fn list_all(metrics: &Metrics, provider: &ProviderHandle, region: &str) -> ProviderResult<Vec<Seen>> {
    let (mut machines, mut page) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let begun = Instant::now();
        let listed = in_time(provider.driver.list(region, page.as_ref())).await;
        metrics.record_call(&provider.id, "list", begun.elapsed(), listed.as_ref().err());
        let listed = listed?;
        machines.extend(listed.items);
        page = listed.next;
        if page.is_none() {
            return Ok(machines);
        }
    }
    Err(ProviderError::unanswered(format!("the list of {region} has more than {MAX_PAGES} pages")))
}
