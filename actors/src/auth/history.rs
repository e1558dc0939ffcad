use db::auth::{AuditQuery, AuditRow};

use super::{Answer, Page, PageAfter, Parts, one_more};

pub(super) async fn of_entity(
    parts: &Parts,
    kind: &str,
    id: &str,
    page: PageAfter<i64>,
) -> Answer<Page<AuditRow, i64>> {
    read(parts, AuditQuery::Entity { kind, id }, page).await
}

pub(super) async fn of_client(parts: &Parts, client_id: &str, page: PageAfter<i64>) -> Answer<Page<AuditRow, i64>> {
    read(parts, AuditQuery::By(client_id), page).await
}

async fn read(parts: &Parts, of: AuditQuery<'_>, page: PageAfter<i64>) -> Answer<Page<AuditRow, i64>> {
    let rows = parts.db.audit(of, page.after, one_more(page.limit)).await?;
    Ok(Page::cut(rows, page.limit, |row| row.seq))
}
