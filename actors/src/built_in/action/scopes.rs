//! What the scopes of an action's task allow.

use std::sync::Arc;

use protocol::{
    reference::{self, ScopeParams, ScopeTemplate},
    scope::{ScopeExpression, ScopeSet},
};

use super::{ActionError, Caller, Result, caller::required_scopes};
use crate::queue::types::NewTask;

impl Caller<'_> {
    /// Whether an endpoint of the queue could be called so over HTTP.
    pub(super) async fn may(&self, endpoint: &'static str, params: ScopeParams) -> Result<()> {
        self.may_at("queue", endpoint, params).await
    }

    /// The same of another service.
    pub(super) async fn may_at(&self, service: &str, endpoint: &'static str, params: ScopeParams) -> Result<()> {
        self.require(endpoint, rendered(template(service, endpoint), &params)).await
    }

    /// Whether it could be called for some values of the parameters that are not known yet. `shown` has names in their place.
    pub(super) async fn might(&self, endpoint: &'static str, known: &ScopeParams, shown: &ScopeParams) -> Result<()> {
        let template = template("queue", endpoint);
        if template.may_be_satisfied(known, &*self.held()?) {
            return Ok(());
        }
        self.refresh().await?;
        if template.may_be_satisfied(known, &*self.held()?) {
            return Ok(());
        }
        self.require(endpoint, rendered(template, shown)).await
    }

    pub(super) async fn require(&self, endpoint: &'static str, required: Option<ScopeExpression>) -> Result<()> {
        let Some(required) = required else { return Ok(()) };
        if required.is_satisfied_by(&*self.held()?) {
            return Ok(());
        }
        self.refresh().await?;
        match required.missing_from(&*self.held()?) {
            Some(missing) => Err(ActionError::Scopes { endpoint, missing: Box::new(missing) }),
            None => Ok(()),
        }
    }

    /// What the holder of these scopes lacks to create the tasks.
    pub(super) fn beyond(&self, scopes: &[String], tasks: &[NewTask]) -> Result<Option<ScopeExpression>> {
        let held = self.actions.clients.now().powers_with(scopes);
        let held = held.map_err(|error| ActionError::TooManyScopes(error.to_string()))?;
        Ok(required_scopes(tasks)?.iter().find_map(|required| required.missing_from(&held)))
    }

    /// The copy of roles is up to a second old: another process may have granted what is missing.
    async fn refresh(&self) -> Result<()> {
        if let Some(auth) = &self.actions.auth {
            auth.load().await?;
        }
        Ok(())
    }

    pub(super) fn held(&self) -> Result<Arc<ScopeSet>> {
        let held = self.actions.clients.now().powers_with(self.scopes);
        held.map_err(|error| ActionError::TooManyScopes(error.to_string()))
    }
}

fn template(service: &str, endpoint: &str) -> &'static ScopeTemplate {
    let declared = reference::service(service).and_then(|service| service.endpoint(endpoint));
    declared.and_then(|endpoint| endpoint.scopes.as_ref()).expect("the endpoint declares its scopes")
}

fn rendered(template: &ScopeTemplate, params: &ScopeParams) -> Option<ScopeExpression> {
    template.render(params).expect("the parameters are those of the endpoint")
}
