//! Whether a caller has any chance to hold the scopes of an endpoint, before all values are known that they speak of.

use super::scopes::{ParamValue, Piece, ScopeParams, ScopeTemplate, pieces};
use crate::scope::ScopeSet;

impl ScopeTemplate {
    /// Whether the holder of these scopes may satisfy the template, for some values of the parameters that `params`
    /// lacks. A list that is not known is taken to be empty only where the template asks for something else too: a
    /// request that would ask for nothing is never worth a large body.
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

/// Whether some scope that the text may come to is held. `item` is the name of the surrounding list's entry.
fn may_hold(text: &str, params: &ScopeParams, item: Option<&String>, held: &ScopeSet) -> bool {
    let mut beginning = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => beginning.push_str(text),
            Piece::Hole(name) => match params.get(name) {
                Some(ParamValue::Text(value)) if item.is_none_or(|item| item != name) => beginning.push_str(value),
                _ => return held.may_satisfy_beginning(&beginning),
            },
        }
    }
    held.satisfies(&beginning)
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
    fn who_holds_nothing_that_fits_has_no_chance() {
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
    fn a_list_alone_needs_something_that_fits_an_entry() {
        assert!(!possible("queue", "statuses", &["assume:anonymous"], &[]));
        assert!(possible("queue", "statuses", &["queue:status:*"], &[]));
        assert!(possible("queue", "statuses", &["queue:status:abc"], &[]));
        assert!(possible("index", "findTasksAtIndex", &["index:find-task:a.*"], &[]));
    }
}
