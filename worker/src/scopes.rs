//! Whether credentials are worth more than a worker needs. Whoever takes over the worker has all that they are worth.

use reqwest::Method;
use serde::Deserialize;

use crate::client::{Client, ClientError};

/// What scopes of a worker begin with: claiming and naming itself, what worker-manager gives to workers that it starts,
/// and what their roles commonly add.
const FOR_WORKERS: [&str; 13] = [
    "auth:current-scopes",
    "queue:claim-work:",
    "queue:worker-id:",
    "queue:get-artifact:public/",
    "purge-cache:purge-requests:",
    "assume:worker-pool:",
    "assume:worker-id:",
    "assume:worker-type:",
    "secrets:get:worker-pool:",
    "worker-manager:remove-worker:",
    "worker-manager:reregister-worker:",
    "auth:websocktunnel-token:",
    "auth:sentry:",
];

/// What public installations let everybody read. It comes to every client, and not all of them tell what that is.
const PUBLIC_READ: [&str; 11] = [
    "assume:anonymous",
    "index:find-task:",
    "index:list-",
    "queue:claimed-",
    "queue:get-provisioner:",
    "queue:get-task",
    "queue:get-worker",
    "queue:list-",
    "queue:pending-",
    "queue:status:",
    "web:read-pulse",
];

/// A scope that ends in `*` covers all that begin alike.
pub(crate) fn covers(scope: &str, needed: &str) -> bool {
    scope == needed || scope.strip_suffix('*').is_some_and(|start| needed.starts_with(start))
}

impl Client {
    /// The scopes of these credentials that no worker needs, except those that anybody has. `None`: the server does not
    /// tell, as to clients without `auth:current-scopes`, and there is no certificate that names them.
    pub async fn excess_scopes(&self) -> Result<Option<Vec<String>>, ClientError> {
        let own = match self.current_scopes().await {
            Err(error) if matches!(error.status(), Some(403 | 404)) => match self.certified_scopes() {
                Some(certified) => certified,
                None => return Ok(None),
            },
            own => own?,
        };
        let anybody = match self.anonymous().current_scopes().await {
            Err(error) if matches!(error.status(), Some(401 | 403 | 404)) => Vec::new(),
            anybody => anybody?,
        };
        Ok(Some(excess(own, &anybody)))
    }

    /// What the certificate of temporary credentials says.
    fn certified_scopes(&self) -> Option<Vec<String>> {
        #[derive(Deserialize)]
        struct Certificate {
            scopes: Vec<String>,
        }
        let text = self.credentials.as_ref()?.certificate.as_ref()?;
        serde_json::from_str(text).ok().map(|certificate: Certificate| certificate.scopes)
    }

    async fn current_scopes(&self) -> Result<Vec<String>, ClientError> {
        #[derive(Deserialize)]
        struct Reply {
            scopes: Vec<String>,
        }
        let reply: Reply = self.call(Method::GET, "auth/v1/scopes/current", None).await?;
        Ok(reply.scopes)
    }
}

fn excess(own: Vec<String>, anybody: &[String]) -> Vec<String> {
    let is_for_workers = |scope: &str| FOR_WORKERS.iter().chain(&PUBLIC_READ).any(|start| scope.starts_with(start));
    let has_anybody = |scope: &str| {
        let covers =
            |held: &String| *held == scope || held.strip_suffix('*').is_some_and(|start| scope.starts_with(start));
        anybody.iter().any(covers)
    };
    own.into_iter().filter(|scope| !is_for_workers(scope) && !has_anybody(scope)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_covers_what_begins_alike() {
        assert!(covers("generic-worker:cache:*", "generic-worker:cache:cargo"));
        assert!(covers("generic-worker:cache:cargo", "generic-worker:cache:cargo"));
        assert!(!covers("generic-worker:cache:car", "generic-worker:cache:cargo"));
    }

    fn excess_of(own: &[&str]) -> Vec<String> {
        let texts = |scopes: &[&str]| scopes.iter().map(|scope| (*scope).to_owned()).collect::<Vec<_>>();
        excess(texts(own), &texts(&["hooks:list-hooks:*"]))
    }

    #[test]
    fn what_a_worker_needs_and_what_anybody_has_is_no_excess() {
        let own = [
            "auth:current-scopes",
            "queue:claim-work:*",
            "queue:worker-id:a/*",
            "purge-cache:purge-requests::*",
            "queue:status:x",
            "assume:anonymous",
            "hooks:list-hooks:a",
        ];
        assert!(excess_of(&own).is_empty());
    }

    #[test]
    fn whatever_is_worth_more_is_named() {
        for scope in [
            "*",
            "queue:*",
            "queue:claim-work*",
            "queue:create-task:x",
            "auth:create-client:*",
            "assume:*",
            "secrets:get:a",
        ] {
            assert_eq!(excess_of(&["queue:worker-id:*", scope]), [scope]);
        }
    }
}
