//! The deny list: addresses to which nothing is sent.

use db::notify::DeniedAddress;
use protocol::notify::NotificationKind;

use super::{Notify, Result};
use crate::kit::{Page, PageAfter};

/// Kind and address of an entry, by which they are ordered.
pub type DenylistKey = (NotificationKind, String);

impl Notify {
    /// From now on nothing is sent to the address.
    pub async fn deny(&self, kind: NotificationKind, address: &str) -> Result<()> {
        Ok(self.db.notify_deny(kind, address, self.clock.now()).await?)
    }

    /// The address is not on the list afterwards.
    pub async fn allow(&self, kind: NotificationKind, address: &str) -> Result<()> {
        Ok(self.db.notify_allow(kind, address).await?)
    }

    pub async fn denylist(&self, page: PageAfter<DenylistKey>) -> Result<Page<DeniedAddress, DenylistKey>> {
        let after = page.after.as_ref().map(|(kind, address)| (*kind, address.as_str()));
        let rows = self.db.notify_denials(after, page.rows(), self.clock.now()).await?;
        Ok(Page::cut(rows, page.limit, |entry| (entry.kind, entry.address.clone())))
    }
}
