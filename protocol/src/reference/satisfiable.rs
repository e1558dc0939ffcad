//! Whether a caller may hold the scopes of an endpoint, before all values that they refer to are known.

use super::scopes::{ParamValue, Piece, ScopeParams, ScopeTemplate, pieces};
use crate::scope::ScopeSet;

impl ScopeTemplate {
    /// Whether these scopes satisfy the template for some values of the parameters that `params` lacks. An unknown list
    /// counts as empty only where the template requires other scopes besides, as a request that requires none does not
    /// need a large body.
    pub fn may_be_satisfied(&self, params: &ScopeParams, held: &ScopeSet) -> bool {
        if held.holds_everything() {
            return true;
        }
        match self {
            Self::Scope(text) => may_hold(text, params, None, held),
            Self::For { item, each, .. } => may_hold(each, params, Some(item), held),
            Self::AllOf { all_of } => {
                let (lists, others): (Vec<_>, Vec<_>) =
                    all_of.iter().partition(|part| matches!(part, Self::For { .. }));
                let possible = |part: &&Self| part.may_be_satisfied(params, held);
                if others.is_empty() && !lists.is_empty() {
                    lists.iter().any(possible)
                } else {
                    others.iter().all(possible)
                }
            }
            Self::AnyOf { any_of } => any_of.iter().any(|part| part.may_be_satisfied(params, held)),
            Self::If { flag, then, otherwise } => {
                let otherwise = || otherwise.as_ref().is_none_or(|it| it.may_be_satisfied(params, held));
                match params.get(flag) {
                    Some(ParamValue::Flag(true)) => then.may_be_satisfied(params, held),
                    Some(ParamValue::Flag(false)) => otherwise(),
                    _ => then.may_be_satisfied(params, held) || otherwise(),
                }
            }
        }
    }
}

/// Whether some scope that the text may expand to is held. `item` is the loop variable of the surrounding list.
fn may_hold(text: &str, params: &ScopeParams, item: Option<&String>, held: &ScopeSet) -> bool {
    let mut prefix = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => prefix.push_str(text),
            Piece::Placeholder(name) => match params.get(name) {
                Some(ParamValue::Text(value)) if item.is_none_or(|item| item != name) => prefix.push_str(value),
                _ => return held.may_satisfy_beginning(&prefix),
            },
        }
    }
    held.satisfies(&prefix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::service;

    fn possible(of: &str, endpoint: &str, held: &[&str], params: &[(&str, &str)]) -> bool {
        let template = service(of).unwrap().endpoint(endpoint).unwrap().scopes.as_ref().unwrap();
        let params = params.iter().fold(ScopeParams::new(), |params, (name, value)| params.text(name, *value));
        template.may_be_satisfied(&params, &ScopeSet::new(held.iter().copied()))
    }

    #[test]
    fn without_a_matching_scope_the_template_cannot_be_satisfied() {
        let create = ["queue:create-task:lowest:p/w", "queue:scheduler-id:-", "queue:create-task:project:none"];
        let task = [("taskId", "x")];
        assert!(possible("queue", "createTask", &create, &task));
        assert!(!possible("queue", "createTask", &create[..2], &task));
        assert!(!possible("queue", "createTask", &[], &task));
        assert!(possible("queue", "createTask", &["*"], &task));
        assert!(possible("queue", "createTask", &["queue:*"], &task));
        assert!(!possible("queue", "createTask", &["secrets:*", "assume:anonymous"], &task));

        let queue = [("taskQueueId", "p/w")];
        assert!(possible("queue", "claimWork", &["queue:claim-work:p/*", "queue:worker-id:g/w"], &queue));
        assert!(!possible("queue", "claimWork", &["queue:claim-work:q/*", "queue:worker-id:g/w"], &queue));
        assert!(!possible("queue", "claimWork", &["queue:claim-work:p/w"], &queue));
    }

    #[test]
    fn a_list_alone_needs_a_scope_that_matches_an_item() {
        assert!(!possible("queue", "statuses", &["assume:anonymous"], &[]));
        assert!(possible("queue", "statuses", &["queue:status:*"], &[]));
        assert!(possible("queue", "statuses", &["queue:status:abc"], &[]));
        assert!(possible("index", "findTasksAtIndex", &["index:find-task:a.*"], &[]));
    }
}
