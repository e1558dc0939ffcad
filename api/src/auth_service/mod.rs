//! The auth service's endpoints.

mod clients;
mod clouds;
mod hawk;
mod history;
mod roles;
mod scopes;
mod test;
mod websocktunnel;

use std::sync::Arc;

use actors::auth::{Auth, AuthError};
use base::{Clock, Secret};
use protocol::{
    error::ErrorCode,
    scope::{ScopeSet, roles::TooManyScopes},
};

use crate::http::{ApiError, Call, Routes};

/// What the handlers share.
pub(crate) struct AuthState {
    pub auth: Auth,
    pub clock: Arc<dyn Clock>,
    pub websocktunnel_secret: Secret,
}

pub fn routes(clock: Arc<dyn Clock>, auth: Auth, websocktunnel_secret: Secret) -> Routes {
    let state = AuthState { auth, clock, websocktunnel_secret };
    Routes::of("auth", state)
        .on("listClients", clients::list_clients)
        .on("client", clients::client)
        .on("createClient", clients::create_client)
        .on("updateClient", clients::update_client)
        .on("resetAccessToken", clients::reset_access_token)
        .on("enableClient", clients::enable_client)
        .on("disableClient", clients::disable_client)
        .on("deleteClient", clients::delete_client)
        .on("listRoles", roles::list_roles)
        .on("listRoles2", roles::list_roles2)
        .on("listRoleIds", roles::list_role_ids)
        .on("role", roles::role)
        .on("createRole", roles::create_role)
        .on("updateRole", roles::update_role)
        .on("deleteRole", roles::delete_role)
        .on("getEntityHistory", history::get_entity_history)
        .on("listAuditHistory", history::list_audit_history)
        .on("expandScopes", scopes::expand_scopes)
        .on("currentScopes", scopes::current_scopes)
        .on("authenticateHawk", hawk::authenticate_hawk)
        .on("testAuthenticate", test::test_authenticate)
        .on("testAuthenticateGet", test::test_authenticate_get)
        .on("websocktunnelToken", websocktunnel::websocktunnel_token)
        .on("awsS3Credentials", clouds::aws_s3_credentials)
        .on("azureAccounts", clouds::azure_accounts)
        .on("azureTables", clouds::azure_account)
        .on("azureTableSAS", clouds::azure_signature)
        .on("azureContainers", clouds::azure_account)
        .on("azureContainerSAS", clouds::azure_signature)
        .on("sentryDSN", clouds::sentry_dsn)
        .on("gcpCredentials", clouds::gcp_credentials)
        .on("githubRepoToken", clouds::github_repo_token)
        .build()
}

/// The client for the audit history. A caller without a valid signature is refused before this is stored.
fn by(call: &Call) -> String {
    let caller = call.caller().ok();
    caller.and_then(|caller| caller.client_id.clone()).unwrap_or_else(|| "anonymous".to_owned())
}

/// In place of an expansion that is too large, so that a list still has its other entries.
fn unexpanded(kind: &str, id: &str, scopes: &[String], error: TooManyScopes) -> Arc<ScopeSet> {
    tracing::error!(auth.kind = kind, auth.id = id, %error, "scopes cannot be expanded, listed unexpanded");
    Arc::new(ScopeSet::new(scopes))
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error.code() {
            ErrorCode::InternalServerError => {
                let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                Self::internal(format!("{error}: {cause}"))
            }
            code => Self::new(code, error.to_string()).with_field_errors(error.field_error().as_ref()),
        }
    }
}
