use std::sync::Arc;

use actors::{auth::AuditRow, kit::Page};
use protocol::time;

use super::AuthState;
use crate::http::{ApiResult, Call, Object};

pub(super) async fn get_entity_history(state: Arc<AuthState>, call: Call) -> ApiResult {
    let (kind, id) = (call.param("entityType"), call.param("entityId"));
    let page = state.auth.history_of(kind, id, call.page()?).await?;
    Ok(listed(&call, &page).into())
}

pub(super) async fn list_audit_history(state: Arc<AuthState>, call: Call) -> ApiResult {
    let page = state.auth.history_by(call.param("clientId"), call.page()?).await?;
    Ok(listed(&call, &page).into())
}

fn listed(call: &Call, page: &Page<AuditRow, i64>) -> Object {
    let token = page.next.map(|next| call.token(&next));
    let lines = page.rows.iter().map(|line| {
        Object::new()
            .field("entityId", &line.entity_id)
            .field("entityType", &line.entity_type)
            .field("clientId", &line.client_id)
            .field("actionType", &line.action_type)
            .field("created", &time::format(line.created))
    });
    Object::new().list("auditHistory", lines).optional("continuationToken", token.as_ref())
}
