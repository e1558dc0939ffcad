//! What everybody may read without credentials where the deployment is open, as public Taskcluster deployments grant it.

/// Granted beside what a stored role `anonymous` says. Nothing here changes anything, and nothing here reads a secret, a
/// client or an artifact outside of `public/`.
pub const PUBLIC_READ: &[&str] = &[
    "index:find-task:*",
    "index:list-namespaces:*",
    "index:list-tasks:*",
    "queue:claimed-count:*",
    "queue:claimed-list:*",
    "queue:get-artifact:public/*",
    "queue:get-provisioner:*",
    "queue:get-task-queue:*",
    "queue:get-task:*",
    "queue:get-worker-type:*",
    "queue:get-worker:*",
    "queue:list-artifacts:*",
    "queue:list-dependent-tasks:*",
    "queue:list-provisioners",
    "queue:list-task-group:*",
    "queue:list-task-queues",
    "queue:list-worker-types:*",
    "queue:list-workers:*",
    "queue:pending-count:*",
    "queue:pending-list:*",
    "queue:status:*",
    // Follows live events.
    "web:read-pulse",
];

#[cfg(test)]
mod tests {
    use protocol::{
        reference::{Method, ScopeTemplate, services},
        scope::ScopeSet,
    };

    use super::*;

    fn scopes(template: &ScopeTemplate) -> Vec<String> {
        match template {
            ScopeTemplate::Scope(scope) => vec![scope.clone()],
            ScopeTemplate::AllOf { all_of: inner } | ScopeTemplate::AnyOf { any_of: inner } => {
                inner.iter().flat_map(scopes).collect()
            }
            ScopeTemplate::For { each, .. } => vec![each.clone()],
            ScopeTemplate::If { then, otherwise, .. } => {
                scopes(then).into_iter().chain(otherwise.iter().flat_map(|it| scopes(it))).collect()
            }
        }
    }

    /// Some requests that read are posted, for the length of what they ask for or say.
    const READ_BY_POST: [&str; 4] = ["statuses", "tasks", "findTasksAtIndex", "prepareAction"];

    #[test]
    fn nothing_that_changes_or_is_secret_is_open_to_everybody() {
        let open = ScopeSet::new(PUBLIC_READ.iter().copied());
        for service in services() {
            for endpoint in &service.entries {
                let wanted = endpoint.scopes.iter().flat_map(scopes).collect::<Vec<_>>();
                let is_open = wanted.iter().any(|scope| open.satisfies(scope));
                let reads = endpoint.method == Method::Get
                    || READ_BY_POST.contains(&endpoint.name.as_str())
                    || endpoint.name.ends_with("ByPost");
                // `drover` explains a task to whoever may read its status and definition.
                let readable = ["queue", "index", "events", "drover"];
                let may_be_open = reads && readable.contains(&service.service_name.as_str());
                assert!(!is_open || may_be_open, "{} {} is open to everybody", service.service_name, endpoint.name);
            }
        }
    }

    #[test]
    fn each_of_them_opens_an_endpoint() {
        let wanted: Vec<String> =
            services().iter().flat_map(|it| &it.entries).flat_map(|it| it.scopes.iter().flat_map(scopes)).collect();
        for scope in
            PUBLIC_READ.iter().filter(|scope| !["queue:get-artifact:public/*", "web:read-pulse"].contains(scope))
        {
            let set = ScopeSet::new([*scope]);
            assert!(wanted.iter().any(|it| set.satisfies(it)), "{scope} opens nothing");
        }
    }
}
