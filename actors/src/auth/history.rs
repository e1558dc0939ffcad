use db::auth::{AuditQuery, AuditRow};

use super::{Inner, Page, PageAfter, Result, one_more};

pub(super) async fn of_entity(auth: &Inner, kind: &str, id: &str, page: PageAfter<i64>) -> Result<Page<AuditRow, i64>> {
    read(auth, AuditQuery::Entity { kind, id }, page).await
}

pub(super) async fn of_client(auth: &Inner, client_id: &str, page: PageAfter<i64>) -> Result<Page<AuditRow, i64>> {
    read(auth, AuditQuery::By(client_id), page).await
}

async fn read(auth: &Inner, of: AuditQuery<'_>, page: PageAfter<i64>) -> Result<Page<AuditRow, i64>> {
    let rows = auth.db.audit(of, page.after, one_more(page.limit)).await?;
    Ok(Page::cut(rows, page.limit, |row| row.seq))
}
