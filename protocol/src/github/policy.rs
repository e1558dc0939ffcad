//! Whose pull requests run.

use serde::{Deserialize, Serialize};

/// `policy.pullRequests` of the file on the default branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullRequestPolicy {
    Public,
    PublicRestricted,
    #[default]
    Collaborators,
    /// Also where the default branch has no file.
    CollaboratorsQuiet,
}

/// What happens for a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Run,
    /// With `github-pull-request-untrusted` and the scopes of its own role.
    RunUntrusted,
    /// Nothing runs; a comment says why.
    RefuseWithComment,
    Refuse,
}

impl PullRequestPolicy {
    /// `trusted`: who opened it is a collaborator, and the owner of the head repository is one too or owns the base.
    /// A comment comes once, when the pull request is opened.
    pub fn decide(self, trusted: bool, action: &str) -> Decision {
        match self {
            _ if trusted => Decision::Run,
            Self::Public => Decision::Run,
            Self::PublicRestricted => Decision::RunUntrusted,
            Self::Collaborators if action == "opened" => Decision::RefuseWithComment,
            Self::Collaborators | Self::CollaboratorsQuiet => Decision::Refuse,
        }
    }

    /// Whether the answer depends on who asks.
    pub fn asks_for_trust(self) -> bool {
        self != Self::Public
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_decides_as_documented() {
        use Decision::*;
        for (policy, untrusted, on_opened) in [
            ("public", Run, Run),
            ("public_restricted", RunUntrusted, RunUntrusted),
            ("collaborators", Refuse, RefuseWithComment),
            ("collaborators_quiet", Refuse, Refuse),
        ] {
            let policy: PullRequestPolicy = serde_json::from_value(policy.into()).unwrap();
            assert_eq!(policy.decide(false, "synchronize"), untrusted, "{policy:?}");
            assert_eq!(policy.decide(false, "opened"), on_opened, "{policy:?}");
            assert_eq!(policy.decide(true, "opened"), Run, "{policy:?}");
        }
    }

    #[test]
    fn an_unknown_policy_is_not_read() {
        assert!(serde_json::from_value::<PullRequestPolicy>("everybody".into()).is_err());
        assert_eq!(PullRequestPolicy::default(), PullRequestPolicy::Collaborators);
    }
}
