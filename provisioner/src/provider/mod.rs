//! The interface to what makes machines: a cloud, or this machine.
//!
//! A driver knows nothing of pools, capacity, retries or back-off. It holds no state that matters: every call may be repeated,
//! by another process too, and the caller puts a deadline of its own around each.

pub mod aws;
pub mod azure;
mod error;
pub mod google;
mod http;
pub mod kubernetes;
mod launch;
mod launch_name;
pub mod local;
mod machine;
mod notice;
mod offering;
mod public_keys;

use async_trait::async_trait;
use serde_json::Value;

pub use error::ProviderError;
pub use launch::{Launch, LaunchId, Launched, UserData};
pub use machine::{Machine, MachineId, MachineState, Page, PageToken, Seen, Terminated};
pub use notice::{Notice, NoticeKind, Price};
pub use offering::OfferingKey;
pub use public_keys::PublicKeys;

pub type ProviderResult<T> = Result<T, ProviderError>;

#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// Makes the machines of one launch, all of them or none. The launch's id is the idempotency token: a repeat, by any
    /// process, makes no further machines and returns the first ones.
    async fn launch(&self, launch: &Launch) -> ProviderResult<Launched>;

    /// The machines that a launch made whose answer was lost, with the same provider data as [`Launched`] has. None: the
    /// launch may be repeated with the same id. Terminated machines may be left out.
    async fn find_launch(&self, region: &str, launch: LaunchId) -> ProviderResult<Vec<Machine>>;

    /// One page of the machines of this deployment in a region, those that ended lately among them. A machine may be missing
    /// while it is new, unless [`Self::lists_are_complete`].
    async fn list(&self, region: &str, page: Option<&PageToken>) -> ProviderResult<Page<Seen>>;

    /// Ends machines: one outcome for each, in the order of the ids. A machine that does not exist any more counts as ended. `Err`: no
    /// outcome is known, each may have been ended.
    async fn terminate(&self, region: &str, machines: &[MachineId]) -> ProviderResult<Vec<Terminated>>;

    /// What a launch config asks for.
    fn offering(&self, configuration: &Value) -> OfferingKey {
        OfferingKey::of_launch_config(configuration)
    }

    /// Whether machines that ended still exist, and cost something, until they are terminated.
    fn keeps_ended(&self) -> bool {
        false
    }

    /// Whether a list has every machine that was made before it was asked for and still exists. Where it has not, a young machine
    /// that is missing may exist.
    fn lists_are_complete(&self) -> bool {
        false
    }

    /// The prices of what is sold in a region. `None`: this provider has no prices.
    async fn prices(&self, _region: &str) -> ProviderResult<Option<Vec<Price>>> {
        Ok(None)
    }

    /// Waits for notices about machines, for a time that the driver chooses (long polling). `None`: this provider sends
    /// none. A notice may be lost, repeated or late: what is read by [`Provider::list`] decides.
    async fn notices(&self) -> ProviderResult<Option<Vec<Notice>>> {
        Ok(None)
    }

    /// Public keys by which machines of this provider prove their identity. `None`: it publishes none.
    async fn identity_keys(&self) -> ProviderResult<Option<PublicKeys>> {
        Ok(None)
    }

    /// These notices were handled and need not come again.
    async fn notices_handled(&self, _receipts: &[String]) -> ProviderResult<()> {
        Ok(())
    }
}
